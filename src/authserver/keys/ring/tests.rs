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

/// Opens the ring and keeps what it planned.
async fn open(keys: &Arc<Keys>, algorithm: Algorithm) -> Result<Ring, Fault> {
    let ring = Ring::open(&bank(), KeyUse::Tokens, algorithm, &ports_over(keys, 1)).await?;
    keep(keys, &ring);
    Ok(ring)
}

fn keep(keys: &Keys, ring: &Ring) {
    let mut rings = keys.0.lock().expect("sound");
    let stored = rings.entry((bank(), KeyUse::Tokens)).or_default();
    for planned in ring.planned() {
        match planned {
            Planned::Begin(key) => stored.push(key.clone()),
            Planned::Publish { kid, times } => publish(stored, kid, *times),
        }
    }
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

/// Adds a key as another hand would.
fn put(keys: &Keys, key: &SealedKey) {
    let mut rings = keys.0.lock().expect("sound");
    let ring = rings.entry((bank(), KeyUse::Tokens)).or_default();
    ring.push(key.clone());
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
async fn a_ring_that_is_only_opened_changes_nothing() {
    let keys = Arc::<Keys>::default();
    let ring = Ring::open(
        &bank(),
        KeyUse::Tokens,
        Algorithm::Es256,
        &ports_over(&keys, 1),
    )
    .await;
    assert_eq!(ring.expect("opens").planned().len(), 1);
    assert!(keys.0.lock().expect("sound").is_empty());
}

#[tokio::test]
async fn a_key_that_got_its_time_unpublished_signs_when_it_has_been_published() {
    let keys = Arc::<Keys>::default();
    let before = open_at(&keys, Algorithm::Es256, 0).await;
    let old = before.signer(at(0)).kid().to_owned();
    let mut ports = ports_over(&keys, 1);
    ports.clock = Arc::new(At(at(100)));
    let next = make(&bank(), KeyUse::Tokens, Algorithm::Es256, &ports).expect("makes");
    let next = SealedKey {
        signs_from: Some(at(220)),
        ..next
    };
    put(&keys, &next);
    // No gateway ran, or its file was not good, for an hour.
    let opened = 3_600;
    let signs = opened + PUBLISHED_BEFORE.as_secs();
    let ring = open_at(&keys, Algorithm::Es256, opened).await;
    assert_eq!(ring.public(at(opened)).keys().len(), 2);
    assert_eq!(ring.signer(at(signs - 1)).kid(), old);
    assert_eq!(ring.signer(at(signs)).kid(), next.kid);
    let verifying = ring.verifying(at(opened));
    assert_eq!(verifying.times[&next.kid].from, at(signs));
    let until = at(signs).checked_add(VERIFIES_AFTER).ok();
    assert_eq!(verifying.times[&old].until, until);
    // Opened again it is as it was.
    let again = open_at(&keys, Algorithm::Es256, opened + 60).await;
    assert!(again.planned().is_empty());
    assert_eq!(again.signer(at(signs)).kid(), next.kid);
}

#[tokio::test]
async fn a_key_that_waits_is_published_and_verifies_nothing() {
    let keys = Arc::<Keys>::default();
    open(&keys, Algorithm::Es256).await.expect("opens");
    let waits = make(
        &bank(),
        KeyUse::Tokens,
        Algorithm::Es256,
        &ports_over(&keys, 1),
    );
    let waits = waits.expect("makes");
    put(&keys, &waits);
    let ring = open(&keys, Algorithm::Es256).await.expect("opens");
    assert!(kids(&ring).contains(&waits.kid));
    let verifying = ring.verifying(now());
    let kids = verifying.keys.keys().iter().filter_map(|key| key.kid());
    assert!(kids.into_iter().all(|kid| kid != waits.kid));
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
    let ring = ring.expect("opens");
    keep(keys, &ring);
    ring
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
        let times = again.verifying(at(second)).times;
        let until = times.get(&old).map(|time| time.until);
        let expected = (second < ends).then_some(Some(at(ends)));
        assert_eq!(until, expected, "{second}");
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
