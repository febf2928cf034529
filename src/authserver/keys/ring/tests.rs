//! The ring over a key store in memory.

use std::sync::Arc;
use std::time::Duration;

use crypto::{KeyEncryptionKey, SeededRandom};
use model::{Clock, VERIFIES_AFTER};

use super::*;
use crate::test_house::{Authority, Keys, bank, client_keys, log, ports, replays, settings};
use crate::{AuthServer, Ports};

fn ports_over(keys: &Arc<Keys>, kek_seed: u64) -> Ports {
    ports(keys.clone(), kek_seed, log(), replays())
}

async fn open(keys: &Arc<Keys>, algorithm: Algorithm) -> Result<Ring, Fault> {
    Ring::open(&bank(), KeyUse::Tokens, algorithm, &ports_over(keys, 1)).await
}

/// When everything happens that has no time of its own.
fn now() -> Timestamp {
    ports_over(&Arc::default(), 1).clock.now()
}

fn kids(ring: &Ring) -> Vec<String> {
    let public = ring.public(now());
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
    let made = SealedKey {
        signs_from: Some(made.made_at),
        ..made
    };
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
        assert_eq!(second.signer(now()).algorithm(), algorithm);
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

/// A clock that stands still.
#[derive(Debug)]
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("an instant")
}

/// The ring as it is opened then.
async fn open_at(keys: &Arc<Keys>, algorithm: Algorithm, second: i64) -> Ring {
    let mut ports = ports_over(keys, 1);
    ports.clock = Arc::new(At(at(second)));
    let ring = Ring::open(&bank(), KeyUse::Tokens, algorithm, &ports).await;
    ring.expect("opens")
}

#[tokio::test]
async fn another_algorithm_comes_in_with_overlap_whenever_the_ring_is_opened() {
    let keys = Arc::<Keys>::default();
    let before = open_at(&keys, Algorithm::Ps256, 0).await;
    let old = before.signer(at(0)).kid().to_owned();
    // The file says another algorithm from second 1000 on; opened again as after a restart, the
    // ring says the same at each moment.
    let changed = 1000;
    let signs = changed + PUBLISHED_BEFORE.as_secs();
    let ends = signs + VERIFIES_AFTER.as_secs();
    open_at(&keys, Algorithm::Es256, changed).await;
    for (second, algorithm, published) in [
        (changed, Algorithm::Ps256, 2),
        (signs - 1, Algorithm::Ps256, 2),
        (signs, Algorithm::Es256, 2),
        (ends - 1, Algorithm::Es256, 2),
        (ends, Algorithm::Es256, 1),
    ] {
        let again = open_at(&keys, Algorithm::Es256, second).await;
        assert_eq!(again.signer(at(second)).algorithm(), algorithm, "{second}");
        assert_eq!(again.public(at(second)).keys().len(), published, "{second}");
        assert_eq!(again.verifying(at(second)).ends.get(&old), Some(&at(ends)));
    }
    // One ring, open all the while, goes through it by itself.
    let open = open_at(&keys, Algorithm::Es256, changed).await;
    assert_eq!(open.signer(at(signs - 1)).kid(), old);
    assert_ne!(open.signer(at(signs)).kid(), old);
    assert_eq!(
        keys.0.lock().expect("sound")[&(bank(), KeyUse::Tokens)].len(),
        2
    );
}

#[tokio::test]
async fn of_two_nodes_that_change_the_algorithm_at_once_one_key_is_kept() {
    let keys = Arc::<Keys>::default();
    let old = add(&keys, Algorithm::Es256);
    let (one, other) = tokio::join!(open(&keys, Algorithm::EdDsa), open(&keys, Algorithm::EdDsa));
    let (one, other) = (one.expect("opens"), other.expect("opens"));
    assert_eq!(kids(&one), kids(&other));
    assert_eq!(kids(&one).len(), 2);
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
    let der = ring.signer(now()).to_pkcs8();
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
