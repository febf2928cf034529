//! The ring over a key store in memory.

use std::sync::Arc;

use crypto::{KeyEncryptionKey, Rules, SeededRandom, Typ};

use super::*;
use crate::test_house::{Authority, Keys, bank, client_keys, log, ports, replays, settings};
use crate::{AuthServer, Ports};

fn ports_over(keys: &Arc<Keys>, kek_seed: u64) -> Ports {
    ports(keys.clone(), kek_seed, log(), replays())
}

async fn open(keys: &Arc<Keys>, algorithm: Algorithm) -> Result<Ring, Fault> {
    Ring::open(&bank(), KeyUse::Tokens, algorithm, &ports_over(keys, 1)).await
}

fn kids(ring: &Ring) -> Vec<String> {
    let public = ring.public();
    let mut kids: Vec<_> = public
        .keys()
        .iter()
        .map(|key| key.kid().expect("named").to_owned())
        .collect();
    kids.sort();
    kids
}

/// Adds a key as a rotation would.
fn add(keys: &Keys, algorithm: Algorithm) -> String {
    let made = make(
        &bank(),
        KeyUse::Tokens,
        algorithm,
        &ports_over(&Arc::default(), 1),
    )
    .expect("makes");
    let kid = made.kid.clone();
    let mut rings = keys.0.lock().expect("sound");
    rings
        .entry((bank(), KeyUse::Tokens))
        .or_default()
        .push(made);
    kid
}

#[tokio::test]
async fn the_first_start_makes_a_key_and_the_next_finds_it() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
        let keys = Arc::<Keys>::default();
        let first = open(&keys, algorithm).await.expect("opens");
        let second = open(&keys, algorithm).await.expect("opens again");
        assert_eq!(kids(&first), kids(&second));
        assert_eq!(second.signer().algorithm(), algorithm);
        assert_eq!(
            keys.0.lock().expect("sound")[&(bank(), KeyUse::Tokens)].len(),
            1
        );
    }
}

#[tokio::test]
async fn of_two_nodes_that_start_at_once_one_key_is_kept_and_both_load_it() {
    let keys = Arc::<Keys>::default();
    let (one, other) = tokio::join!(open(&keys, Algorithm::Es256), open(&keys, Algorithm::Es256));
    assert_eq!(kids(&one.expect("opens")), kids(&other.expect("opens")));
}

#[tokio::test]
async fn the_newest_key_of_the_algorithm_signs_and_all_are_published() {
    let keys = Arc::<Keys>::default();
    let mut all = vec![
        add(&keys, Algorithm::Es256),
        add(&keys, Algorithm::Es256),
        add(&keys, Algorithm::EdDsa),
    ];
    let ring = open(&keys, Algorithm::Es256).await.expect("opens");
    assert_eq!(ring.signer().kid(), all[1]);
    all.sort();
    assert_eq!(kids(&ring), all);
}

#[tokio::test]
async fn another_algorithm_gets_a_key_and_tokens_signed_before_verify() {
    const RULES: Rules = Rules {
        typ: Typ::Exactly(&["at+jwt"]),
        bytes_max: 4096,
    };
    let keys = Arc::<Keys>::default();
    let claims = serde_json::json!({"jti": "before"});
    let mut signed = Vec::new();
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
        let ring = open(&keys, algorithm).await.expect("opens");
        assert_eq!(ring.signer().algorithm(), algorithm);
        signed.push(ring.signer().sign("at+jwt", &claims).expect("signs"));
        for token in &signed {
            let verified = crypto::verify(token, &ring.public(), &RULES);
            assert!(verified.is_ok(), "{algorithm}: {verified:?}");
        }
    }
    let back = open(&keys, Algorithm::Es256).await.expect("opens");
    assert_eq!(kids(&back).len(), 3, "the first key is found again");
    for token in &signed {
        assert!(crypto::verify(token, &back.public(), &RULES).is_ok());
    }
}

#[tokio::test]
async fn of_two_nodes_that_change_the_algorithm_at_once_one_key_is_kept() {
    let keys = Arc::<Keys>::default();
    let old = add(&keys, Algorithm::Es256);
    let (one, other) = tokio::join!(open(&keys, Algorithm::EdDsa), open(&keys, Algorithm::EdDsa));
    let (one, other) = (one.expect("opens"), other.expect("opens"));
    assert_eq!(kids(&one), kids(&other));
    assert_eq!(one.signer().kid(), other.signer().kid());
    assert!(kids(&one).contains(&old), "still published");
}

#[tokio::test]
async fn sealed_keys_open_only_with_their_kek() {
    let keys = Arc::<Keys>::default();
    open(&keys, Algorithm::Es256).await.expect("opens");
    let fault = Ring::open(
        &bank(),
        KeyUse::Tokens,
        Algorithm::Es256,
        &ports_over(&keys, 2),
    )
    .await;
    let fault = fault.err().expect("fails");
    assert!(
        fault.to_string().starts_with("unsealing the signing key"),
        "{fault}"
    );
}

#[tokio::test]
async fn sealed_keys_open_only_in_their_own_place() {
    let other = BankId::parse("other").expect("valid");
    let keys = Arc::<Keys>::default();
    open(&keys, Algorithm::Es256).await.expect("opens");
    let mine = keys.0.lock().expect("sound")[&(bank(), KeyUse::Tokens)][0].clone();

    keys.0
        .lock()
        .expect("sound")
        .insert((other.clone(), KeyUse::Tokens), vec![mine.clone()]);
    let moved = Ring::open(
        &other,
        KeyUse::Tokens,
        Algorithm::Es256,
        &ports_over(&keys, 1),
    )
    .await;
    assert!(moved.is_err(), "another bank's key");

    let renamed = SealedKey {
        kid: "another".to_owned(),
        ..mine
    };
    keys.0
        .lock()
        .expect("sound")
        .insert((bank(), KeyUse::Tokens), vec![renamed]);
    assert!(
        open(&keys, Algorithm::Es256).await.is_err(),
        "another key's name"
    );
}

#[tokio::test]
async fn the_private_key_does_not_lie_in_the_store() {
    let keys = Arc::<Keys>::default();
    let ring = open(&keys, Algorithm::Es256).await.expect("opens");
    let stored = keys.0.lock().expect("sound")[&(bank(), KeyUse::Tokens)][0].clone();
    let der = ring.signer().to_pkcs8();
    let private = der.expose_secret();
    let shows = |part: &[u8]| {
        stored
            .sealed
            .windows(part.len())
            .any(|window| window == part)
    };
    assert!(!private.windows(16).any(shows));
    let text = KeyEncryptionKey::generate_text(&SeededRandom::new(1));
    let kek = KeyEncryptionKey::from_text(&text).expect("a key");
    let opened = kek
        .open(&stored.sealed, &place(&bank(), KeyUse::Tokens, &stored.kid))
        .expect("opens");
    assert_eq!(&opened[..], private);
}

#[tokio::test]
async fn settings_that_break_a_rule_do_not_open() {
    type Change = fn(&mut crate::IssuerSettings);
    let rows: [(&str, Change); 3] = [
        ("identifier", |settings| {
            settings.issuer = "http://auth.example".to_owned();
        }),
        ("audience", |settings| settings.audience.clear()),
        ("lifetime", |settings| {
            settings.access_token_lifetime = std::time::Duration::ZERO;
        }),
    ];
    for (what, change) in rows {
        let mut settings = settings(&Authority::new(), &client_keys());
        change(&mut settings);
        let opened =
            AuthServer::open(vec![settings], Vec::new(), ports_over(&Arc::default(), 1)).await;
        assert!(opened.is_err(), "{what}");
    }
    let (authority, clients) = (Authority::new(), client_keys());
    let twice = vec![
        settings(&authority, &clients),
        settings(&authority, &clients),
    ];
    let opened = AuthServer::open(twice, Vec::new(), ports_over(&Arc::default(), 1)).await;
    assert!(opened.is_err(), "two issuers for one bank");
}
