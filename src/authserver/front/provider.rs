//! A bank's own OpenID provider, at which its customers log in (OpenID Connect Core §3.1): the link
//! there, and what its answer says of who came back.
//!
//! **Stops**: an answer of another provider (`iss`, RFC 9207); a code that another browser or
//! another log-in brought (PKCE, `nonce`); a log-in that was long ago (`auth_time`); an ID token
//! that somebody else made, or that is for somebody else. What is asked of it is asked through the
//! port `fetch`: its metadata and its keys are kept for a while, and used longer when it does not
//! answer, without much waiting. Nothing of a code or a token stands in an error.

mod client;
pub(super) mod discovery;
mod exchange;
mod fuzz;
mod id_token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use jiff::Timestamp;
use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier, Scope};

use crypto::{Jwks, JwsProblem, Random, SigningKey};
use model::ports::{Customer, Fetch, FetchFailed, FetchRequest, Fetched};
use model::{ClientId, Clock};

use crate::issuer::kept::{Kept, Manner, Wish};

use self::discovery::Discovered;
pub use self::fuzz::fuzz_provider;
use self::id_token::{Expected, IdTokenProblem};

/// The longest document of a provider's that is read, in bytes.
const DOCUMENT_BYTES_MAX: usize = 64 * 1024;
/// How long its metadata and its keys are taken as they were read.
const AGE_MAX: Duration = Duration::from_mins(10);
/// How they are dealt with when it does not answer.
const MANNER: Manner = Manner {
    stale_max: Duration::from_hours(1),
    failed_wait: Duration::from_secs(30),
    // Nobody gets in, so it is tried sooner.
    without_wait: Duration::from_secs(5),
    stale_wait: Duration::from_secs(2),
};
/// How old its keys are at least before they are read again for a key that is not among them.
const KEYS_AGE_MIN: Duration = Duration::from_secs(30);
/// The longest code that is brought back to it, in bytes.
const CODE_BYTES_MAX: usize = 4 * 1024;

/// How a bank's provider is reached, and what it says of its customers; already valid.
pub struct ProviderSettings {
    /// Its issuer identifier, to the letter: `https`, no query, no fragment (OpenID Connect
    /// Discovery §3).
    pub issuer: String,
    /// Who we are there.
    pub client_id: ClientId,
    /// Signs who we are there (`private_key_jwt`, OpenID Connect Core §9).
    pub key: Arc<SigningKey>,
    /// The claim that says how customers know themselves.
    pub shown: ShownClaim,
    /// Where customers come back to: our issuer's URL, and `/logged-in`.
    pub redirect_uri: String,
}

/// A claim that says how a customer knows themself (OpenID Connect Core §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownClaim {
    /// `preferred_username`.
    PreferredUsername,
    /// `name`.
    Name,
    /// `nickname`.
    Nickname,
    /// `email`.
    Email,
    /// `phone_number`.
    PhoneNumber,
}

impl ShownClaim {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::PreferredUsername,
        Self::Name,
        Self::Nickname,
        Self::Email,
        Self::PhoneNumber,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PreferredUsername => "preferred_username",
            Self::Name => "name",
            Self::Nickname => "nickname",
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
        }
    }

    /// The scope that it belongs to (OpenID Connect Core §5.4).
    const fn scope(self) -> &'static str {
        match self {
            Self::PreferredUsername | Self::Name | Self::Nickname => "profile",
            Self::Email => "email",
            Self::PhoneNumber => "phone",
        }
    }
}

/// A bank's provider, with what is known of it by now.
pub struct OpenIdProvider {
    settings: ProviderSettings,
    discovered: Kept<Discovered>,
    keys: Kept<Jwks>,
}

/// Why a provider's log-in came to nothing. Nobody is logged in.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderFailed {
    /// There is no answer.
    #[error("{doing}: there is no answer")]
    Unreached {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: FetchFailed,
    },
    /// What it answers is not what was asked for.
    #[error("{doing}: {rule}")]
    Unfit {
        /// What was being done.
        doing: &'static str,
        /// What should be.
        rule: &'static str,
    },
    /// It says no.
    #[error("{doing}: the provider says {code}")]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// Its code, as it may stand in a log.
        code: String,
    },
    /// It could not be done a moment ago, and is not tried again yet.
    #[error("{doing}: it failed a moment ago")]
    Lately {
        /// What would be done.
        doing: &'static str,
    },
    /// The ID token is not one to believe.
    #[error("the provider's ID token is not believed")]
    IdToken(#[source] IdTokenProblem),
}

/// What binds a log-in to the browser that began it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound<'a> {
    /// What the ID token must repeat.
    pub(super) nonce: &'a str,
    /// The PKCE verifier: 43 characters of base64url.
    pub(super) verifier: &'a str,
}

/// What the customer's browser is to ask.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// What comes back.
    pub(super) state: &'a str,
    pub(super) bound: Bound<'a>,
    /// The language of the pages, as BCP 47 writes it.
    pub(super) language: &'a str,
    /// How old the log-in may be, in seconds.
    pub(super) max_age_s: i64,
    /// Whether the customer logs in anew, however young another log-in is.
    pub(super) again: bool,
    /// Space-delimited: one of these must be the log-in's `acr`; empty where any does.
    pub(super) acr_values: &'a str,
    /// What the app says the customer is called.
    pub(super) login_hint: Option<&'a str>,
}

/// What the customer's browser brought back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Returned<'a> {
    pub(super) code: Option<&'a str>,
    pub(super) error: Option<&'a str>,
    pub(super) iss: Option<&'a str>,
    pub(super) bound: Bound<'a>,
    /// The earliest that the customer may have logged in, in Unix seconds.
    pub(super) since: i64,
}

/// How a log-in at the provider ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The provider says who it is, and when they proved it.
    Known(Customer, Timestamp),
    /// The customer does not want to.
    Cancelled,
    /// Nobody is logged in, and nothing is broken.
    Refused {
        /// What the app is told (OpenID Connect Core §3.1.2.6).
        error: &'static str,
        /// What was said, as it may stand in a log.
        said: String,
    },
}

/// What a log-in is judged with.
#[derive(Clone, Copy)]
pub(super) struct Means<'a> {
    /// The way out to the provider.
    pub(super) fetch: &'a dyn Fetch,
    pub(super) clock: &'a dyn Clock,
    pub(super) random: &'a dyn Random,
    /// For each thing that is asked of the provider.
    pub(super) deadline: Duration,
}

impl OpenIdProvider {
    /// A provider of which nothing is known yet: nothing is asked before somebody logs in.
    pub fn new(settings: ProviderSettings) -> Self {
        Self {
            settings,
            discovered: Kept::new(MANNER),
            keys: Kept::new(MANNER),
        }
    }

    /// Who we are there.
    pub(super) fn client_id(&self) -> &ClientId {
        &self.settings.client_id
    }

    /// The address that a browser is sent to (OpenID Connect Core §3.1.2.1).
    pub(super) async fn link(
        &self,
        wanted: Wanted<'_>,
        means: Means<'_>,
    ) -> Result<String, ProviderFailed> {
        let discovered = self.discovered(means).await?;
        let settings = &self.settings;
        let verifier = PkceCodeVerifier::new(wanted.bound.verifier.to_owned());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        let max_age = wanted.max_age_s.to_string();
        let shown = settings.shown;
        let mut request = discovered
            .client
            .authorize_url(|| CsrfToken::new(wanted.state.to_owned()))
            .set_pkce_challenge(challenge)
            .add_scope(Scope::new("openid".to_owned()))
            .add_scope(Scope::new(shown.scope().to_owned()))
            .add_extra_param("nonce", wanted.bound.nonce)
            .add_extra_param("ui_locales", wanted.language)
            // With it the ID token must say when the customer logged in (§2, `auth_time`).
            .add_extra_param("max_age", max_age);
        if discovered.takes_claims {
            // How strongly the customer proved it is told where it is asked for; not both ways
            // (§5.5.1.1).
            let acr = match wanted.acr_values {
                "" => r#","acr":null"#,
                _ => "",
            };
            let claims = format!(r#"{{"id_token":{{"{}":null{acr}}}}}"#, shown.as_str());
            request = request.add_extra_param("claims", claims);
        }
        if wanted.again {
            request = request.add_extra_param("prompt", "login");
        }
        if !wanted.acr_values.is_empty() {
            request = request.add_extra_param("acr_values", wanted.acr_values);
        }
        if let Some(hint) = wanted.login_hint {
            request = request.add_extra_param("login_hint", hint);
        }
        let (url, _) = request.url();
        Ok(url.into())
    }

    /// Who came back. Asks the provider for the ID token, once: a code is good once.
    pub(super) async fn who(
        &self,
        returned: Returned<'_>,
        means: Means<'_>,
    ) -> Result<Outcome, ProviderFailed> {
        const DOING: &str = "hearing how the log-in ended";
        let unfit = |rule| ProviderFailed::Unfit { doing: DOING, rule };
        let discovered = self.discovered(means).await?;
        match returned.iss {
            Some(iss) if iss != self.settings.issuer => {
                return Err(unfit("iss must be the provider's"));
            }
            None if discovered.says_iss => return Err(unfit("iss is missing")),
            _ => {}
        }
        match (returned.error, returned.code) {
            (Some("access_denied"), _) => Ok(Outcome::Cancelled),
            (Some(error @ ("server_error" | "temporarily_unavailable")), _) => {
                let code = error.to_owned();
                Err(ProviderFailed::Refused { doing: DOING, code })
            }
            (Some(error), _) => Ok(refused(error)),
            (None, Some(code)) if code.len() <= CODE_BYTES_MAX => {
                let tokens = self.exchange(&discovered, code, returned.bound, means);
                match tokens.await {
                    Ok(tokens) => self.believe(&discovered, &tokens, returned, means).await,
                    // Whoever holds the address wrote this code, or brought it too late.
                    Err(ProviderFailed::Refused { code, .. }) if code == "invalid_grant" => {
                        Ok(refused(&code))
                    }
                    Err(failed) => Err(failed),
                }
            }
            (None, _) => Ok(refused("neither_code_nor_error")),
        }
    }

    async fn believe(
        &self,
        discovered: &Discovered,
        tokens: &exchange::Tokens,
        returned: Returned<'_>,
        means: Means<'_>,
    ) -> Result<Outcome, ProviderFailed> {
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: self.settings.client_id.as_str(),
            nonce: returned.bound.nonce,
            access_token: &tokens.access_token,
            now: means.clock.now().as_second(),
            since: returned.since,
            shown: self.settings.shown,
        };
        let keys = self.keys(discovered, AGE_MAX, means).await?;
        let mut believed = id_token::check(&tokens.id_token, &keys, &expected);
        if let Err(IdTokenProblem::Jws(
            JwsProblem::UnknownKey | JwsProblem::Signature | JwsProblem::Algorithm,
        )) = believed
        {
            // The provider may have a new key since (C-05), with a `kid` or without.
            let keys = self.keys(discovered, KEYS_AGE_MIN, means).await?;
            believed = id_token::check(&tokens.id_token, &keys, &expected);
        }
        let (customer, auth_time) = believed.map_err(ProviderFailed::IdToken)?;
        Ok(Outcome::Known(customer, auth_time))
    }

    async fn discovered(&self, means: Means<'_>) -> Result<Arc<Discovered>, ProviderFailed> {
        let doing = discovery::DOING;
        let issuer = &self.settings.issuer;
        let at = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let lately = || ProviderFailed::Lately { doing };
        let read = async |deadline| {
            let document = document(&at, doing, Means { deadline, ..means }).await?;
            discovery::read(&document, &self.settings)
        };
        let wish = means.wish(AGE_MAX);
        self.discovered.read(wish, read).await.or_stale(lately)
    }

    /// The provider's keys, read at most so long ago. Where that is not long, it is for a key that
    /// is not among those of before.
    async fn keys(
        &self,
        discovered: &Discovered,
        age_max: Duration,
        means: Means<'_>,
    ) -> Result<Arc<Jwks>, ProviderFailed> {
        let doing = discovery::DOING_KEYS;
        let lately = || ProviderFailed::Lately { doing };
        let read = async |deadline| {
            let means = Means { deadline, ..means };
            discovery::keys(&document(&discovered.jwks_uri, doing, means).await?)
        };
        let read = self.keys.read(means.wish(age_max), read);
        read.await.or_stale(lately)
    }
}

impl<'a> Means<'a> {
    fn wish(self, age_max: Duration) -> Wish<'a> {
        Wish {
            clock: self.clock,
            age_max,
            deadline: self.deadline,
            is_stale_good: age_max == AGE_MAX,
        }
    }
}

/// What an error is for the app that waits: closed, and none of it our fault. What it says of our
/// question (RFC 6749 §4.1.2.1) anybody can write into the address who was sent there.
fn refused(error: &str) -> Outcome {
    Outcome::Refused {
        error: match error {
            "login_required"
            | "interaction_required"
            | "account_selection_required"
            | "consent_required" => "login_required",
            "unmet_authentication_requirements" => "unmet_authentication_requirements",
            _ => "access_denied",
        },
        said: exchange::plain(error),
    }
}

/// A document of the provider's.
async fn document(
    at: &str,
    doing: &'static str,
    means: Means<'_>,
) -> Result<Bytes, ProviderFailed> {
    let unfit = |rule| ProviderFailed::Unfit { doing, rule };
    let url: Uri = at.parse().map_err(|_| unfit("its address must be a URL"))?;
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let request = FetchRequest {
        method: Method::GET,
        url,
        headers,
        body: Bytes::new(),
        answer_bytes_max: DOCUMENT_BYTES_MAX,
    };
    let fetched = means.fetch.fetch(request, means.deadline).await;
    let Fetched { status, body, .. } =
        fetched.map_err(|source| ProviderFailed::Unreached { doing, source })?;
    match status {
        StatusCode::OK => Ok(body),
        _ => Err(unfit("the status must be 200")),
    }
}

/// Says which provider, and nothing of what is known of it.
impl fmt::Debug for OpenIdProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenIdProvider")
            .field("issuer", &self.settings.issuer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
