use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;

use proptest::prelude::*;
use serde_json::{Value, json};

use crypto::{SeededRandom, random_array};

use super::*;
use crate::test_house::{NOW, ProofKey, at};

const URL: &str = "https://api.harbour.example:8443/branches/v1/branches";
const TOKEN: &str = "a.good.token";
const HOUR: i64 = 3_600;

/// A clock whose two readings are set apart: somebody may set the wall's back.
#[derive(Debug)]
struct TwoClocks(Mutex<(i64, u64)>);

impl TwoClocks {
    /// So long after the start, the wall showing this.
    fn set(&self, wall: i64, since_start: u64) {
        *self.0.lock().expect("sound") = (wall, since_start);
    }

    fn wall(&self) -> i64 {
        self.0.lock().expect("sound").0
    }
}

impl Clock for TwoClocks {
    fn now(&self) -> Timestamp {
        at(self.wall())
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.lock().expect("sound").1)
    }
}

/// Proofs, their clock, and a key to make them with.
struct House {
    clock: Arc<TwoClocks>,
    proofs: Proofs,
    key: ProofKey,
}

impl House {
    /// One whose start is a proof's window ago.
    fn new() -> Self {
        let house = Self::started(Nonces::AtStart);
        house.clock.set(NOW, 1_000);
        house
    }

    fn started(nonces: Nonces) -> Self {
        let clock = Arc::new(TwoClocks(Mutex::new((NOW, 900))));
        let random = SeededRandom::new(7);
        Self {
            proofs: Proofs::new(Arc::clone(&clock) as _, &random, nonces),
            clock,
            key: ProofKey::es256(),
        }
    }

    /// The claims of a good proof, with a `jti` of its own.
    fn claims(&self) -> Value {
        let jti: [u8; 16] = random_array(&crypto::SystemRandom);
        json!({
            "jti": crypto::base64url(&jti),
            "htm": "GET",
            "htu": URL,
            "iat": self.clock.wall(),
            "ath": crypto::base64url(&crypto::sha256(TOKEN.as_bytes())),
        })
    }

    fn with(&self, claim: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[claim] = value;
        claims
    }

    fn check(&self, proofs: &[&str]) -> Result<Proved, ProofProblem> {
        let expected = ProofFor {
            method: "GET",
            url: URL,
            whose: "app",
            access_token: Some(TOKEN),
        };
        let proofs = proofs.iter().map(|proof| proof.as_bytes());
        self.proofs.check(proofs, &expected, self.clock.now())
    }

    /// What is wrong with a proof of these claims; nothing when it is good.
    fn problem(&self, claims: &Value) -> Option<ProofProblem> {
        self.check(&[&self.key.proof(claims)]).err()
    }

    /// What is wrong with a good proof once this claim is another.
    fn problem_with(&self, claim: &str, value: Value) -> Option<ProofProblem> {
        self.problem(&self.with(claim, value))
    }

    /// What is wrong with a good proof once this member of its header is another.
    fn problem_of_header(&self, member: &str, value: Value) -> Option<ProofProblem> {
        let mut header = self.key.header();
        header[member] = value;
        self.check(&[&self.key.sign(&header, &self.claims())]).err()
    }
}

#[test]
fn the_proof_of_rfc_9449_7_1_is_good_in_its_time_for_its_request_and_its_token() {
    let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaH\
        gtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFq\
        SG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRt\
        IjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhd\
        CI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2\
        oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
    let house = House::new();
    let expected = ProofFor {
        method: "GET",
        url: "https://resource.example.org/protectedresource",
        whose: "app",
        access_token: Some("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"),
    };
    let check = |at| house.proofs.check([proof.as_bytes()], &expected, at);
    let made = at(1_562_262_618);
    let proved = check(made).expect("a good proof");
    assert_eq!(
        crypto::base64url(proved.thumbprint()),
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    );
    assert_eq!(proved.next_nonce(), None);
    assert_eq!(check(made).err(), Some(ProofProblem::Replayed));
}

#[test]
fn a_good_proof_gives_the_key_that_made_it() {
    let house = House::new();
    let proof = house.key.proof(&house.claims());
    let proved = house.check(&[&proof]).expect("a good proof");
    assert_eq!(*proved.thumbprint(), house.key.thumbprint);
}

#[test]
fn oa_70_a_request_has_one_proof_that_is_a_jws_of_the_type_and_an_algorithm_of_proofs() {
    let house = House::new();
    let good = || house.key.proof(&house.claims());
    assert_eq!(house.check(&[]).err(), Some(ProofProblem::Missing));
    let two = house.check(&[&good(), &good()]);
    assert_eq!(two.err(), Some(ProofProblem::Several));
    let list = format!("{}, {}", good(), good());
    for no_jws in [
        "",
        "x",
        "a.b.c",
        "{}",
        &list,
        &format!("{}x", "y".repeat(9_000)),
    ] {
        let refused = house.check(&[no_jws]).err();
        assert_eq!(refused, Some(ProofProblem::Malformed), "{no_jws}");
    }
    let odd = [0xff_u8, 0xfe];
    let expected = ProofFor {
        method: "GET",
        url: URL,
        whose: "app",
        access_token: None,
    };
    let refused = house.proofs.check([&odd[..]], &expected, at(NOW)).err();
    assert_eq!(refused, Some(ProofProblem::Malformed));
    for typ in ["JWT", "at+jwt", ""] {
        let refused = house.problem_of_header("typ", json!(typ));
        assert_eq!(refused, Some(ProofProblem::Typ), "{typ}");
    }
    for alg in ["none", "RS256", "HS256", "PS256", "EdDSA"] {
        let refused = house.problem_of_header("alg", json!(alg));
        assert_eq!(refused, Some(ProofProblem::Algorithm), "{alg}");
    }
    for member in ["typ", "alg", "jwk"] {
        let mut header = house.key.header();
        header.as_object_mut().expect("members").remove(member);
        let refused = house.check(&[&house.key.sign(&header, &house.claims())]);
        let expected = match member {
            "typ" => ProofProblem::Typ,
            "alg" => ProofProblem::Malformed,
            _ => ProofProblem::Key,
        };
        assert_eq!(refused.err(), Some(expected), "{member}");
    }
    assert!(house.check(&[&good()]).is_ok());
}

#[test]
fn dp_02_the_key_is_public_and_made_the_signature() {
    let house = House::new();
    let mut private = house.key.jwk.clone();
    private["d"] = json!("AA");
    let refused = house.problem_of_header("jwk", private);
    assert_eq!(refused, Some(ProofProblem::Key));
    let other = ProofKey::es256();
    let refused = house.problem_of_header("jwk", other.jwk);
    assert_eq!(refused, Some(ProofProblem::Signature));
    let refused = house.problem_of_header("crit", json!(["exp"]));
    assert_eq!(refused, Some(ProofProblem::Malformed));
}

#[test]
fn dp_03_the_claims_that_matter_must_be_there_and_others_do_no_harm() {
    let house = House::new();
    for claim in ["jti", "htm", "htu", "iat"] {
        let mut claims = house.claims();
        claims.as_object_mut().expect("members").remove(claim);
        assert_eq!(
            house.problem(&claims),
            Some(ProofProblem::Claims),
            "{claim}"
        );
        for value in [json!(null), json!(["x"]), json!({})] {
            let refused = house.problem_with(claim, value);
            assert_eq!(refused, Some(ProofProblem::Claims), "{claim}");
        }
    }
    let refused = house.problem_with("iat", json!(NOW.to_string()));
    assert_eq!(refused, Some(ProofProblem::Claims));
    for jti in [String::new(), "é".repeat(129)] {
        let refused = house.problem_with("jti", json!(jti));
        assert_eq!(refused, Some(ProofProblem::Claims), "{jti}");
    }
    assert_eq!(house.problem_with("jti", json!("é".repeat(128))), None);
    for (claim, value) in [
        ("exp", json!(1)),
        ("nbf", json!(NOW + HOUR)),
        ("x", json!({})),
    ] {
        assert_eq!(house.problem_with(claim, value), None, "{claim}");
    }
    assert_eq!(house.problem_with("iat", json!(NOW as f64 + 0.5)), None);
}

#[test]
fn oa_72_a_proof_for_another_method_or_url_is_refused() {
    let house = House::new();
    for method in ["POST", "get", "Get", ""] {
        let refused = house.problem_with("htm", json!(method));
        assert_eq!(refused, Some(ProofProblem::Method), "{method}");
    }
    for url in [
        "https://api.harbour.example/branches/v1/branches",
        "https://evil.example:8443/branches/v1/branches",
        "https://api.harbour.example:8443/branches/v1/branches/1",
        "/branches/v1/branches",
    ] {
        let refused = house.problem_with("htu", json!(url));
        assert_eq!(refused, Some(ProofProblem::Url), "{url}");
    }
}

#[test]
fn oa_73_the_url_may_be_spelt_in_another_way() {
    let house = House::new();
    let upper = URL.replace("https://api", "HTTPS://API");
    let beyond = format!("{URL}?city=shanghai#top");
    for url in [upper, beyond, URL.replace("branches/v1", "%62ranches/v1")] {
        assert_eq!(house.problem_with("htu", json!(url)), None, "{url}");
    }
}

#[test]
fn oa_75_without_a_nonce_the_clients_clock_may_be_so_far_off_and_no_further() {
    let house = House::new();
    for off in [-60, -10, 0, 8, 10] {
        assert_eq!(house.problem_with("iat", json!(NOW + off)), None, "{off}");
    }
    for off in [-HOUR, -61, 11, 62, HOUR, i64::from(i32::MIN)] {
        let refused = house.problem_with("iat", json!(NOW + off));
        assert_eq!(refused, Some(ProofProblem::Time), "{off}");
    }
}

#[test]
fn oa_76_a_proof_is_good_once_and_one_that_was_refused_is_not_used_up() {
    let house = House::new();
    let claims = house.claims();
    let proof = house.key.proof(&claims);
    for (claim, value) in [("htm", "POST"), ("htu", "https://a.example/"), ("ath", "x")] {
        let mut other = claims.clone();
        other[claim] = json!(value);
        assert!(house.problem(&other).is_some(), "{claim}");
    }
    assert!(house.check(&[&proof]).is_ok());
    let replayed = Some(ProofProblem::Replayed);
    assert_eq!(house.check(&[&proof]).err(), replayed);
    // The same `jti` in another proof of the same key is used up too, and another's is not.
    let mut later = claims.clone();
    later["iat"] = json!(NOW - 5);
    assert_eq!(house.problem(&later), replayed);
    let other = ProofKey::es256();
    assert!(house.check(&[&other.proof(&claims)]).is_ok());
    for later in 1..=60 {
        house.clock.set(NOW + later, 1_000 + later.cast_unsigned());
        assert_eq!(house.check(&[&proof]).err(), replayed, "{later}");
    }
    house.clock.set(NOW + 61, 1_061);
    assert!(house.check(&[&proof]).is_err());
}

#[test]
fn oa_78_a_proof_for_another_token_or_for_none_is_refused() {
    let house = House::new();
    let other = crypto::base64url(&crypto::sha256(b"another.token"));
    for ath in [json!(other), json!(""), json!(null), json!(TOKEN)] {
        let refused = house.problem_with("ath", ath.clone());
        assert_eq!(refused, Some(ProofProblem::AccessToken), "{ath}");
    }
    // Where no token is sent, as at a token endpoint, it does not matter.
    let expected = ProofFor {
        method: "GET",
        url: URL,
        whose: "app",
        access_token: None,
    };
    let proof = house.key.proof(&house.with("ath", json!(null)));
    let checked = house.proofs.check([proof.as_bytes()], &expected, at(NOW));
    assert!(checked.is_ok());
}

#[test]
fn dp_08_with_a_nonce_of_ours_the_clients_clock_does_not_matter() {
    for nonces in [Nonces::Always, Nonces::AtStart] {
        let house = House::started(nonces);
        let needed = Some(ProofProblem::NonceNeeded);
        assert_eq!(house.problem(&house.claims()), needed);
        for off in [0, -HOUR, HOUR] {
            let mut claims = house.with("nonce", json!(house.proofs.nonce()));
            claims["iat"] = json!(NOW + off);
            assert_eq!(house.problem(&claims), None, "{off}");
            assert_eq!(house.problem(&claims), Some(ProofProblem::Replayed));
        }
    }
}

#[test]
fn dp_08_a_nonce_ends_and_the_next_one_comes_before() {
    let house = House::started(Nonces::Always);
    let nonce = house.proofs.nonce();
    let check = |since_start| {
        house.clock.set(NOW, since_start);
        let claims = house.with("nonce", json!(nonce));
        let checked = house.check(&[&house.key.proof(&claims)]);
        checked.map(|proved| proved.next_nonce().map(str::to_owned))
    };
    assert_eq!(check(959), Ok(None));
    let next = check(960).expect("good").expect("the next one");
    assert_eq!(next, house.proofs.nonce());
    assert!(check(1_019).is_ok());
    assert_eq!(check(1_020), Err(ProofProblem::NonceBad));
}

#[test]
fn a_nonce_that_is_not_ours_is_refused_wherever_one_is_not_needed() {
    let house = House::new();
    let foreign = House::started(Nonces::Always);
    let other = Proofs::new(
        Arc::clone(&foreign.clock) as _,
        &SeededRandom::new(8),
        Nonces::Always,
    );
    for nonce in [json!(other.nonce()), json!(""), json!("n")] {
        let refused = house.problem_with("nonce", nonce.clone());
        assert_eq!(refused, Some(ProofProblem::NonceBad), "{nonce}");
    }
    let refused = house.problem_with("nonce", json!(1));
    assert_eq!(refused, Some(ProofProblem::Claims));
    assert_eq!(house.problem_with("nonce", json!(null)), None);
}

#[test]
fn after_a_start_a_nonce_is_demanded_until_no_older_proof_can_be_good() {
    let house = House::started(Nonces::AtStart);
    // Used before the start, made ten seconds ahead of it: good until 70 s after it.
    let before = house.key.proof(&house.with("iat", json!(NOW + AHEAD_S)));
    for since in 0..200_u64 {
        house.clock.set(NOW + since.cast_signed(), 900 + since);
        let refused = house.check(&[&before]).err();
        let fresh = house.problem(&house.claims());
        let needed = Some(ProofProblem::NonceNeeded);
        if since < 72 {
            assert_eq!((refused, fresh), (needed, needed), "{since}");
        } else {
            let over = Some(ProofProblem::Time);
            assert_eq!((refused, fresh), (over, None), "{since}");
        }
    }
}

#[test]
fn a_clock_that_is_set_back_makes_no_used_proof_good_and_refuses_nobody_with_a_nonce() {
    let house = House::new();
    let proof = house.key.proof(&house.claims());
    assert!(house.check(&[&proof]).is_ok());
    // Forgotten by now, and by the wall as young as it was.
    house.clock.set(NOW, 1_200);
    let needed = Some(ProofProblem::NonceNeeded);
    assert_eq!(house.check(&[&proof]).err(), needed);
    assert_eq!(house.problem(&house.claims()), needed);
    let nonce = json!(house.proofs.nonce());
    assert_eq!(house.problem_with("nonce", nonce), None);
    // A second or two are no matter.
    house.clock.set(NOW + 198, 1_200);
    assert_eq!(house.problem(&house.claims()), None);
}

#[test]
fn a_proof_that_was_looked_at_is_good_for_whoever_uses_it_up_first_and_not_once_forgotten() {
    let house = House::new();
    let looked = |proof: &str| {
        let expected = ProofFor {
            method: "GET",
            url: URL,
            whose: "app",
            access_token: None,
        };
        let looked = house
            .proofs
            .look([proof.as_bytes()], &expected, house.clock.now());
        looked.expect("a good proof")
    };
    let proof = house.key.proof(&house.claims());
    let (one, other, late) = (looked(&proof), looked(&proof), looked(&proof));
    assert_eq!(one.thumbprint(), &house.key.thumbprint);
    let proved = house.proofs.use_up(one, "app").expect("the first");
    assert_eq!(proved.thumbprint(), &house.key.thumbprint);
    let again = house.proofs.use_up(other, "app");
    assert_eq!(again.err(), Some(ProofProblem::Replayed));
    house.clock.set(NOW + 200, 1_200);
    let forgotten = house.proofs.use_up(late, "app");
    assert_eq!(forgotten.err(), Some(ProofProblem::NonceNeeded));
}

#[test]
fn of_racing_requests_with_one_proof_one_gets_in() {
    let house = House::new();
    for _ in 0..50 {
        let proof = house.key.proof(&house.claims());
        let good: usize = std::thread::scope(|scope| {
            let all: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| usize::from(house.check(&[&proof]).is_ok())))
                .collect();
            all.into_iter().map(|one| one.join().expect("ends")).sum()
        });
        assert_eq!(good, 1);
    }
}

/// Seeded: time goes on, the wall's clock is set forward and back, honest callers come with a nonce
/// and without, and a thief tries every proof that he saw again and again.
#[test]
fn whatever_the_clocks_do_no_proof_is_good_twice_and_a_nonce_always_helps() {
    for seed in 0..12 {
        println!("seed {seed}");
        let random = SeededRandom::new(seed);
        let draw = |below: u64| u64::from_le_bytes(random_array(&random)) % below;
        let house = House::started(Nonces::AtStart);
        let (mut wall, mut since) = (NOW, 900_u64);
        let mut seen: Vec<(String, bool)> = Vec::new();
        let mut without_nonce = 0;
        for _ in 0..250 {
            let step = draw(25);
            since += step;
            wall += step.cast_signed();
            if draw(12) == 0 {
                wall += draw(400).cast_signed() - 200;
            }
            house.clock.set(wall, since);
            let mut claims = house.claims();
            if draw(2) == 0 {
                claims["nonce"] = json!(house.proofs.nonce());
                claims["iat"] = json!(wall - draw(10_000).cast_signed());
            }
            let proof = house.key.proof(&claims);
            let is_good = match house.check(&[&proof]) {
                Ok(_) => {
                    without_nonce += usize::from(claims.get("nonce").is_none());
                    true
                }
                Err(problem) => {
                    assert_eq!(problem, ProofProblem::NonceNeeded);
                    assert!(claims.get("nonce").is_none());
                    false
                }
            };
            seen.push((proof, is_good));
            for _ in 0..4 {
                let at = usize::try_from(draw(seen.len() as u64)).expect("small");
                let (proof, was_good) = &mut seen[at];
                // One that was refused for want of a nonce may be good later, once.
                if house.check(&[proof]).is_ok() {
                    assert!(!*was_good, "good twice");
                    *was_good = true;
                }
            }
        }
        assert!(without_nonce > 0);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_check_panic_or_pass(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        claims in r#"\{("(jti|htm|htu|iat|ath|nonce)":("GET"|1|-1\.5e9|null|\[\]|"é"|"https://a%"),?){0,6}\}"#,
    ) {
        let house = House::new();
        let (url, whose) = (URL, "app");
        let expected = ProofFor { method: "GET", url, whose, access_token: None };
        prop_assert!(house.proofs.check([bytes.as_slice()], &expected, at(NOW)).is_err());
        fuzz_proof(&bytes);
        fuzz_proof(claims.as_bytes());
    }
}

/// Every file of the corpus, whole, cut anywhere, and with any byte changed.
#[test]
fn the_corpus_of_the_fuzzer_makes_nothing_panic() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/dpop_proof");
    let mut names = HashSet::new();
    for entry in std::fs::read_dir(corpus).expect("the corpus") {
        let path = entry.expect("a file").path();
        let bytes = std::fs::read(&path).expect("a readable file");
        for at in 0..bytes.len() {
            fuzz_proof(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fuzz_proof(&changed);
        }
        fuzz_proof(&bytes);
        names.insert(path);
    }
    assert!(names.len() >= 10, "{names:?}");
}
