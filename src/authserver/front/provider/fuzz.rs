//! For fuzzers: whatever a bank's provider answers, nothing panics, and only an ID token that its
//! keys made says who a customer is.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use crypto::{Algorithm, SeededRandom, SigningKey, Verified};
use model::ports::{Fetch, FetchFailed, FetchRequest, Fetched};
use model::{ClientId, Clock};

use super::id_token::{self, Expected};
use super::{Bound, Means, OpenIdProvider, Outcome, ProviderSettings, Returned, ShownClaim};

const ISSUER: &str = "https://login.bank.example";
const METADATA: &[u8] = br#"{"issuer":"https://login.bank.example",
"authorization_endpoint":"https://login.bank.example/auth",
"token_endpoint":"https://login.bank.example/token",
"jwks_uri":"https://login.bank.example/jwks"}"#;
/// RFC 7515 §A.3: a key that made nothing here.
const KEYS: &[u8] = br#"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","kid":"a",
"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
/// What is given for a code, with an ID token that none of those keys made.
const TOKENS: &[u8] = br#"{"access_token":"opaque","token_type":"Bearer",
"id_token":"eyJhbGciOiJFUzI1NiJ9.e30.AA"}"#;
const NOW: i64 = 1_800_000_000;

/// A provider that answers at one place with these bytes, and elsewhere as it should.
struct Says<'b> {
    at: &'static str,
    bytes: &'b [u8],
}

impl Fetch for Says<'_> {
    fn fetch(
        &self,
        request: FetchRequest,
        _: Duration,
    ) -> BoxFuture<'_, Result<Fetched, FetchFailed>> {
        let body = match request.url.path() {
            path if path == self.at => Bytes::copy_from_slice(self.bytes),
            "/token" => Bytes::from_static(TOKENS),
            "/jwks" => Bytes::from_static(KEYS),
            _ => Bytes::from_static(METADATA),
        };
        let fetched = Fetched {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body,
        };
        std::future::ready(Ok(fetched)).boxed()
    }
}

/// Time that stands still.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(NOW).unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Reads bytes wherever those of a provider are read: as its metadata, its keys, what it gives for
/// a code, and as the claims of an ID token whose signature holds.
pub fn fuzz_provider(bytes: &[u8]) {
    static OURS: OnceLock<Option<Arc<SigningKey>>> = OnceLock::new();
    let ours = OURS.get_or_init(|| SigningKey::generate(Algorithm::Es256).ok().map(Arc::new));
    if let (Some(key), Ok(client_id)) = (ours, ClientId::parse("mortise")) {
        for at in ["/.well-known/openid-configuration", "/jwks", "/token"] {
            let settings = ProviderSettings {
                issuer: ISSUER.to_owned(),
                client_id: client_id.clone(),
                key: Arc::clone(key),
                shown: ShownClaim::PreferredUsername,
                redirect_uri: "https://auth.bank.example/logged-in".to_owned(),
            };
            let known = logs_in(&OpenIdProvider::new(settings), &Says { at, bytes });
            assert!(!known, "nobody holds a key of this provider's");
        }
    }
    let claimed = Verified {
        kid: None,
        algorithm: Algorithm::Es256,
        claims: bytes.to_vec(),
    };
    let _ = id_token::believe(&claimed, &expected());
}

/// Whether a customer who comes back with a code is known by what the provider says.
fn logs_in(provider: &OpenIdProvider, fetch: &Says<'_>) -> bool {
    let returned = Returned {
        code: Some("code"),
        error: None,
        iss: Some(ISSUER),
        bound: Bound {
            nonce: "n",
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        },
        since: NOW,
    };
    let random = SeededRandom::new(7);
    let means = Means {
        fetch,
        clock: &Still,
        random: &random,
        deadline: Duration::from_secs(1),
    };
    // All of it answers at once.
    let outcome = provider.who(returned, means).now_or_never();
    matches!(outcome, Some(Ok(Outcome::Known(..))))
}

fn expected() -> Expected<'static> {
    Expected {
        issuer: ISSUER,
        client_id: "mortise",
        nonce: "n",
        access_token: "opaque",
        now: NOW,
        since: NOW,
        shown: ShownClaim::PreferredUsername,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    /// Every file of the corpus, whole, cut anywhere, and with any byte changed.
    #[test]
    fn the_corpus_of_the_fuzzer_makes_nothing_panic() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/provider");
        let mut count = 0;
        for entry in std::fs::read_dir(corpus).expect("the corpus") {
            let bytes = std::fs::read(entry.expect("a file").path()).expect("a readable file");
            for at in 0..bytes.len() {
                fuzz_provider(&bytes[..at]);
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                fuzz_provider(&changed);
            }
            fuzz_provider(&bytes);
            count += 1;
        }
        assert!(count >= 4, "{count} files");
    }

    #[test]
    fn what_is_fuzzed_is_read_to_its_end() {
        let read = |name: &str| {
            let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/provider");
            std::fs::read(corpus.join(name)).expect("a file")
        };
        let claims = Verified {
            kid: None,
            algorithm: Algorithm::Es256,
            claims: read("claims.json"),
        };
        assert!(id_token::believe(&claims, &expected()).is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_make_them_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            fuzz_provider(&bytes);
        }
    }
}
