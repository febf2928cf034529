//! Each algorithm that tokens may be signed with, and from each to the next.

use super::*;

/// By algorithm: `kty`, and `crv` where it has one.
const ALGORITHMS: [(&str, &str, Option<&str>); 3] = [
    ("PS256", "RSA", None),
    ("ES256", "EC", Some("P-256")),
    ("EdDSA", "OKP", Some("Ed25519")),
];

#[tokio::test]
async fn with_each_algorithm_tokens_are_taken_and_a_change_keeps_them_good_to_their_end() {
    for (place, (algorithm, kty, crv)) in ALGORITHMS.into_iter().enumerate() {
        let (next, ..) = ALGORITHMS[(place + 1) % ALGORITHMS.len()];
        let written = |algorithm| format!("{LIFETIME}\n      algorithm: {algorithm}");
        let clock = Arc::new(MovedClock::stopped());
        let builder = HouseBuilder::with_clock(Arc::clone(&clock));
        let house = builder.edit(LIFETIME, &written(algorithm)).start().await;
        let partner = Partner::of(&house, "swiftride-app");

        let first = partner.bearer(&house, "branches").await;
        let keys = key_set(&house, "/jwks").await;
        let [key] = keys.as_slice() else {
            panic!("{keys:?}")
        };
        assert_eq!(
            (&key["alg"], &key["kty"], key["crv"].as_str()),
            (&algorithm.into(), &kty.into(), crv)
        );
        let kid = key["kid"].as_str().expect("a kid").to_owned();
        assert_eq!(made_by(&first), (kid, algorithm.to_owned()));
        assert!(is_let_in(&house, &partner, &first).await, "{algorithm}");

        house.edit("gateway.yaml", &written(algorithm), &written(next));
        house.reload().await;
        clock.advance(Duration::from_mins(2));
        let of_next = partner.bearer(&house, "branches").await;
        assert_eq!(made_by(&of_next).1, next);
        for bearer in [&first, &of_next] {
            assert!(is_let_in(&house, &partner, bearer).await, "{next}");
        }
        clock.advance(Duration::from_secs(300 - 120 + 9));
        assert!(is_let_in(&house, &partner, &first).await, "{algorithm}");
        clock.advance(Duration::from_secs(2));
        assert!(!is_let_in(&house, &partner, &first).await, "{algorithm}");
    }
}
