use crypto::{SeededRandom, certificate_facts, certificates, crl_facts};

use super::*;

fn now() -> Timestamp {
    "2026-11-22T08:00:00Z".parse().expect("an instant")
}

fn leaf() -> Leaf {
    Leaf {
        common_name: "app".to_owned(),
        organization: Some("App Co. Ltd.".to_owned()),
        organization_id: Some("PSDCN-APP-001".to_owned()),
        names: vec!["app.example".to_owned(), "127.0.0.1".to_owned()],
        purposes: vec![Purpose::Client],
        validity: Validity::days(now(), 30),
        marker: Marker::Sandbox,
    }
}

fn root(marker: Marker) -> TestCa {
    let random = SeededRandom::new(7);
    TestCa::root("Test root", Validity::days(now(), 365), marker, &random).expect("a root")
}

fn facts(pem: &str) -> Vec<crypto::CertificateFacts> {
    let chain = certificates(pem.as_bytes()).expect("certificates");
    let facts = chain.iter().map(|der| certificate_facts(der));
    facts.map(|facts| facts.expect("facts")).collect()
}

#[test]
fn authorities_and_leaves_carry_the_marker_only_when_asked() {
    let random = SeededRandom::new(1);
    for marker in [Marker::Sandbox, Marker::Absent] {
        let root = root(marker);
        let issued = root.issue(&Leaf { marker, ..leaf() }, KeyKind::Ecdsa, &random);
        let issued = issued.expect("issued");
        let marked = marker == Marker::Sandbox;
        assert_eq!(facts(root.certificate())[0].is_sandbox, marked);
        assert_eq!(facts(&issued.chain)[0].is_sandbox, marked);
    }
}

#[test]
fn a_leaf_says_what_it_was_told() {
    let random = SeededRandom::new(1);
    let issued = root(Marker::Sandbox).issue(&leaf(), KeyKind::Rsa, &random);
    let issued = issued.expect("issued");
    let facts = &facts(&issued.chain)[0];
    assert_eq!(facts.organization_id.as_deref(), Some("PSDCN-APP-001"));
    assert_eq!(facts.dns_names, ["app.example"]);
    assert_eq!(facts.not_before, now().as_second() - 3600);
    assert_eq!(facts.not_after, now().as_second() + 30 * 86_400);
    assert!(!facts.is_ca);
    let der = certificates(issued.chain.as_bytes()).expect("a chain");
    let key = crypto::private_key(issued.key.as_bytes()).expect("a key");
    assert!(crypto::key_matches(&der[0], &key).expect("comparable"));
}

#[test]
fn a_chain_goes_up_to_but_not_with_the_root() {
    let random = SeededRandom::new(1);
    let root = root(Marker::Sandbox);
    let validity = Validity::days(now(), 90);
    let middle = root.intermediate("Middle", validity, Marker::Sandbox, &random);
    let middle = middle.expect("an intermediate");
    let issued = middle
        .issue(&leaf(), KeyKind::Ecdsa, &random)
        .expect("issued");
    let chain = facts(&issued.chain);
    assert_eq!(chain.len(), 2);
    assert!(!chain[0].is_ca && chain[1].is_ca);
    assert_eq!(chain[1].subject, "CN=Middle");
}

#[test]
fn a_list_names_the_revoked_serials_and_its_times() {
    let random = SeededRandom::new(1);
    let root = root(Marker::Sandbox);
    let issued = root
        .issue(&leaf(), KeyKind::Ecdsa, &random)
        .expect("issued");
    let later = Validity::days(now(), 3).not_after;
    let revoked = Revoked {
        serial: issued.serial.clone(),
        at: now(),
    };
    let list = root.crl(&[revoked], now(), later).expect("a list");
    let der = crypto::revocation_list(list.as_bytes()).expect("a list");
    let facts = crl_facts(&der).expect("facts");
    assert_eq!(facts.this_update, now().as_second());
    assert_eq!(facts.next_update, Some(later.as_second()));
    let holds_serial = |der: &[u8]| der.windows(16).any(|bytes| bytes == issued.serial);
    assert!(holds_serial(&der));
    let empty = root.crl(&[], now(), later).expect("a list");
    assert!(!holds_serial(
        &crypto::revocation_list(empty.as_bytes()).expect("a list")
    ));
}

#[test]
fn a_reloaded_root_is_the_same_issuer() {
    let random = SeededRandom::new(1);
    let root = root(Marker::Sandbox);
    let again = TestCa::reload("Test root", root.certificate(), &root.key()).expect("reloaded");
    assert_eq!(again.certificate(), root.certificate());
    assert_eq!(again.key(), root.key());
    let first = root
        .issue(&leaf(), KeyKind::Ecdsa, &random)
        .expect("issued");
    let renewed = again
        .issue_for(&leaf(), &first.key, &random)
        .expect("issued");
    assert_ne!(renewed.serial, first.serial);
    assert_eq!(facts(&renewed.chain)[0].spki, facts(&first.chain)[0].spki);
}

#[test]
fn a_name_that_no_certificate_can_carry_is_refused() {
    let names = vec!["bücher.example".to_owned()];
    let bad = Leaf { names, ..leaf() };
    let made = root(Marker::Sandbox).issue(&bad, KeyKind::Ecdsa, &SeededRandom::new(1));
    assert!(matches!(made, Err(CannotMake::Name { name }) if name == "bücher.example"));
}
