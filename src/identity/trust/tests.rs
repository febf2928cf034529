use std::error::Error;

use model::Standing;

use super::*;
use crate::test_house::{Authority, DAY, HOUR, NOW, key, partner, partner_known};

const DAYS_10: Duration = Duration::from_hours(240);

fn settings(revocation: Option<Revocation>) -> BankTrust {
    BankTrust {
        authorities: vec![Authority::root("Partner CA").certificate()],
        revocation,
        partners: vec![partner("swiftride", "PSDCN-SWIFTRIDE", Standing::Active)],
        registered: Vec::new(),
    }
}

fn with_lists(
    crls: Vec<CertificateRevocationListDer<'static>>,
    refuse_when_older_than: Duration,
) -> BankTrust {
    settings(Some(Revocation {
        crls,
        refuse_when_older_than,
    }))
}

#[test]
fn a_store_needs_an_authority() {
    let mut none = settings(None);
    none.authorities.clear();
    let problem = Trust::new(none).expect_err("refused");
    assert!(matches!(problem, BadTrust::NoAuthority), "{problem}");
}

#[test]
fn an_authority_that_is_no_certificate_is_named_by_its_place() {
    let mut broken = settings(None);
    broken.authorities.push(b"no certificate".to_vec().into());
    let problem = Trust::new(broken).expect_err("refused");
    assert!(
        matches!(problem, BadTrust::UnreadableAuthority { index: 1, .. }),
        "{problem}"
    );
    let cause = problem.source().expect("a cause").to_string();
    assert!(
        !problem.to_string().contains(&cause),
        "the cause is said once"
    );
}

#[test]
fn revocation_without_a_list_is_refused_and_not_taken_for_permission() {
    let problem = Trust::new(with_lists(Vec::new(), DAYS_10)).expect_err("refused");
    assert!(matches!(problem, BadTrust::NoRevocationList), "{problem}");
}

#[test]
fn a_list_that_cannot_be_read_is_named_by_its_place() {
    let good = Authority::root("Partner CA").list(&[]);
    let crls = vec![good, b"no list".to_vec().into()];
    let problem = Trust::new(with_lists(crls, DAYS_10)).expect_err("refused");
    assert!(
        matches!(problem, BadTrust::RevocationList { index: 1, .. }),
        "{problem}"
    );
}

#[test]
fn a_list_that_holds_only_the_changes_since_another_is_refused() {
    let mut list = Authority::root("Partner CA").list(&[]).to_vec();
    // The number of the list becomes a deltaCRLIndicator (RFC 5280 §5.2.4).
    let number = [0x55, 0x1d, 20];
    let place = list.windows(3).position(|oid| oid == number);
    list[place.expect("a number") + 2] = 27;
    let crls = vec![list.into()];
    let problem = Trust::new(with_lists(crls, DAYS_10)).expect_err("refused");
    assert!(matches!(problem, BadTrust::Verifier { .. }), "{problem}");
}

#[test]
fn two_partners_that_no_certificate_tells_apart_are_refused() {
    let name = "CN=app,organizationIdentifier=PSDCN-SWIFTRIDE";
    let name = crypto::DistinguishedName::parse(name).expect("a name");
    for known_by in [
        KnownBy::OrganizationId("PSDCN-SWIFTRIDE".to_owned()),
        KnownBy::SubjectDn(name),
    ] {
        let mut shared = settings(None);
        let second = partner_known("mall", Standing::Active);
        shared.partners.push((second, known_by));
        let problem = Trust::new(shared).expect_err("refused");
        let BadTrust::SharedIdentity { one, other } = problem else {
            panic!("{problem}")
        };
        assert_eq!((one.as_str(), other.as_str()), ("swiftride", "mall"));
    }
}

#[test]
fn a_partner_is_found_by_its_organization_identifier_to_the_letter() {
    let trust = Trust::new(settings(None)).expect("a trust store");
    let known = |id: &str| trust.partner_of(&KnownBy::OrganizationId(id.to_owned()));
    let found = known("PSDCN-SWIFTRIDE").expect("known");
    assert_eq!(found.id.as_str(), "swiftride");
    for other in ["", "psdcn-swiftride", "PSDCN-SWIFTRIDE ", "swiftride"] {
        assert!(known(other).is_none(), "{other:?}");
    }
}

#[test]
fn a_partners_organization_identifier_is_told_where_it_is_known_by_that() {
    let name = crypto::DistinguishedName::parse("CN=mall").expect("a name");
    let mut both = settings(None);
    let mall = partner_known("mall", Standing::Active);
    both.partners.push((mall, KnownBy::SubjectDn(name)));
    let trust = Trust::new(both).expect("a trust store");
    for (id, told) in [
        ("swiftride", Some("PSDCN-SWIFTRIDE")),
        ("mall", None),
        ("stranger", None),
    ] {
        let id = PartnerId::parse(id).expect("valid");
        assert_eq!(trust.organization_of(&id), told, "{id}");
    }
}

#[test]
fn every_store_has_a_generation_of_its_own() {
    let one = Trust::new(settings(None)).expect("a trust store");
    let same = Trust::new(settings(None)).expect("a trust store");
    assert_ne!(one.generation(), same.generation());
}

#[test]
fn lists_are_believed_until_the_first_of_them_is_due_or_too_old() {
    let authority = Authority::root("Partner CA");
    let until = |crls, age: i64| {
        let age = Duration::from_secs(age.unsigned_abs());
        let trust = Trust::new(with_lists(crls, age)).expect("a trust store");
        trust.revocation().map(|believed| believed.end)
    };
    let made = |this_update, next_update| authority.list_made(this_update, next_update, &[]);

    let due_first = vec![made(NOW - HOUR, NOW + HOUR)];
    assert_eq!(until(due_first, DAY), Some(NOW + HOUR));
    let old_first = vec![made(NOW - HOUR, NOW + 2 * DAY)];
    assert_eq!(until(old_first, DAY), Some(NOW + 23 * HOUR));
    let second_first = vec![made(NOW, NOW + 9 * DAY), made(NOW, NOW + 2 * DAY)];
    assert_eq!(until(second_first, 5 * DAY), Some(NOW + 2 * DAY));
    let any_age = vec![made(NOW - HOUR, NOW + HOUR)];
    assert_eq!(until(any_age, i64::MIN), Some(NOW + HOUR), "no overflow");
    let no_lists = Trust::new(settings(None)).expect("a trust store");
    assert_eq!(no_lists.revocation(), None);
}

#[test]
fn a_store_prints_neither_partners_nor_authorities() {
    let trust = Trust::new(settings(None)).expect("a trust store");
    let generation = trust.generation();
    assert_eq!(
        format!("{trust:?}"),
        format!("Trust {{ generation: {generation}, .. }}")
    );
}

#[test]
fn a_list_from_the_future_is_not_believed_before_its_time() {
    let authority = Authority::root("Partner CA");
    let list = authority.list_made(NOW + HOUR, NOW + DAY, &[]);
    let trust =
        Trust::new(with_lists(vec![list], Duration::from_hours(24))).expect("a trust store");
    let believed = trust.revocation().expect("lists");
    assert!(!believed.contains(&NOW), "{believed:?}");
    assert!(believed.contains(&(NOW + HOUR)), "{believed:?}");
}

#[test]
fn settings_that_say_the_same_keep_the_store_and_any_change_makes_a_new_one() {
    let (stores, authority) = (Trusts::default(), Authority::root("Partner CA"));
    let list = authority.list(&[]);
    let made = |standing, id: &str, list: &CertificateRevocationListDer<'static>, age| BankTrust {
        authorities: vec![authority.certificate()],
        revocation: Some(Revocation {
            crls: vec![list.clone()],
            refuse_when_older_than: age,
        }),
        partners: vec![partner("swiftride", id, standing)],
        registered: Vec::new(),
    };
    let active = || made(Standing::Active, "PSDCN-SWIFTRIDE", &list, DAYS_10);
    let first = stores.store(active()).expect("a trust store");
    let same = stores.store(active()).expect("a trust store");
    assert_eq!(first.generation(), same.generation());
    let newer = authority.list(&[7]);
    let mut others = vec![
        made(Standing::Suspended, "PSDCN-SWIFTRIDE", &list, DAYS_10),
        made(Standing::Active, "PSDCN-OTHER", &list, DAYS_10),
        made(Standing::Active, "PSDCN-SWIFTRIDE", &newer, DAYS_10),
        made(Standing::Active, "PSDCN-SWIFTRIDE", &list, DAYS_10 * 2),
    ];
    let mut anchors = active();
    let second = Authority::root("Partner CA 2").certificate();
    anchors.authorities.push(second);
    others.push(anchors);
    let mut unrevoked = active();
    unrevoked.revocation = None;
    others.push(unrevoked);
    for other in others {
        let other = stores.store(other).expect("a trust store");
        assert_ne!(first.generation(), other.generation());
    }
    drop((first, same));
    let _again = stores.store(active()).expect("a trust store");
    assert_eq!(
        stores.0.lock().expect("sound").len(),
        1,
        "others are forgotten"
    );
}

#[test]
fn a_registered_key_is_one_partners_and_changing_it_makes_a_new_store() {
    let (one, other) = (key().verification_key(), key().verification_key());
    let id = |id| PartnerId::parse(id).expect("valid");
    let with = |registered: Vec<(PartnerId, VerificationKey)>| BankTrust {
        partners: vec![
            partner("swiftride", "PSDCN-SWIFTRIDE", Standing::Active),
            partner("mall", "PSDCN-MALL", Standing::Active),
        ],
        registered,
        ..settings(None)
    };
    let twice = vec![
        (id("swiftride"), one.clone()),
        (id("swiftride"), one.clone()),
    ];
    let trust = Trust::new(with(twice)).expect("one partner's key");
    let registrant = |key: &VerificationKey| {
        let partner = trust.registrant_of(&key.to_spki());
        partner.map(|partner| partner.id.clone())
    };
    assert_eq!(registrant(&one), Some(id("swiftride")));
    assert_eq!(registrant(&other), None);
    let stranger = Trust::new(with(vec![(id("nobody"), one.clone())])).expect("a store");
    assert!(stranger.registrant_of(&one.to_spki()).is_none());
    let shared = vec![(id("swiftride"), one.clone()), (id("mall"), one.clone())];
    let problem = Trust::new(with(shared)).expect_err("refused");
    assert!(
        matches!(problem, BadTrust::SharedIdentity { .. }),
        "{problem}"
    );

    let digest = |registered| with(registered).digest();
    let of_one = digest(vec![(id("swiftride"), one)]);
    assert_ne!(of_one, digest(Vec::new()));
    assert_ne!(of_one, digest(vec![(id("swiftride"), other)]));
}
