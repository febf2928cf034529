use proptest::prelude::*;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, SanType};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use model::Standing;

use super::*;
use crate::test_house::{
    Authority, DAY, HOUR, INTERMEDIATE, LEAF, NOW, at, chain, lasting, partner_known,
    partners_certificate, trust,
};
use crate::{BankTrust, Revocation};

/// Any age that no list of these tests reaches.
const ANY_AGE: Duration = Duration::from_hours(24 * 10_000);

/// A root, and an intermediate that issues the partners' certificates.
struct Pki {
    root: Authority,
    intermediate: Authority,
}

impl Pki {
    fn new() -> Self {
        let root = Authority::root("Partner Root");
        let intermediate = root.intermediate_until("Partner Issuing CA", NOW + 100 * DAY);
        Self { root, intermediate }
    }

    /// Trusts the root and asks no list.
    fn trust(&self) -> Trust {
        trust(&[&self.root], None)
    }

    fn trust_with(
        &self,
        crls: Vec<CertificateRevocationListDer<'static>>,
        refuse_when_older_than: Duration,
    ) -> Trust {
        let revocation = Revocation {
            crls,
            refuse_when_older_than,
        };
        trust(&[&self.root], Some(revocation))
    }

    /// Trusts the root and has the list of each authority, with these serial numbers.
    fn trust_that_revokes(&self, by_root: &[u64], by_intermediate: &[u64]) -> Trust {
        let crls = vec![
            self.root.list(by_root),
            self.intermediate.list(by_intermediate),
        ];
        self.trust_with(crls, ANY_AGE)
    }

    /// A leaf with its intermediate.
    fn chain(&self, leaf: &CertificateParams) -> PresentedChain {
        chain(vec![
            self.intermediate.issue(leaf),
            self.intermediate.certificate(),
        ])
    }

    fn swiftride(&self) -> PresentedChain {
        self.chain(&swiftride())
    }
}

fn swiftride() -> CertificateParams {
    partners_certificate("PSDCN-SWIFTRIDE")
}

/// Why swiftride's chain is refused, if it is, by a judge that remembers nothing.
fn problem_at(trust: &Trust, chain: &PresentedChain, second: i64) -> Option<CertificateProblem> {
    match Certificates::new(10).verdict(trust, chain, at(second)) {
        Ok(verdict) => {
            assert_eq!(verdict.partner.id.as_str(), "swiftride");
            None
        }
        Err(Refusal::CertificateRefused(problem)) => Some(problem),
        Err(other) => panic!("not of a certificate: {other:?}"),
    }
}

#[test]
fn a_chain_to_a_trusted_root_names_its_partner() {
    let pki = Pki::new();
    assert_eq!(problem_at(&pki.trust(), &pki.swiftride(), NOW), None);
    let without_intermediate = chain(vec![pki.root.issue(&swiftride())]);
    assert_eq!(problem_at(&pki.trust(), &without_intermediate, NOW), None);
}

#[test]
fn a_suspended_partner_is_named_too_and_judged_elsewhere() {
    let pki = Pki::new();
    let frozen = pki.chain(&partners_certificate("PSDCN-FROZEN"));
    let verdict = Certificates::new(10).verdict(&pki.trust(), &frozen, at(NOW));
    assert_eq!(
        verdict.expect("a verdict").partner.standing,
        Standing::Suspended
    );
}

#[test]
fn a_chain_of_another_authority_is_refused() {
    let (ours, theirs) = (Pki::new(), Pki::new());
    let trust = ours.trust();
    // Same names, other keys: a name proves nothing.
    assert_eq!(
        problem_at(&trust, &theirs.swiftride(), NOW),
        Some(CertificateProblem::UnknownIssuer)
    );
    let direct = chain(vec![theirs.root.issue(&swiftride())]);
    assert_eq!(
        problem_at(&trust, &direct, NOW),
        Some(CertificateProblem::UnknownIssuer)
    );
    let brings_its_root = chain(vec![
        theirs.root.issue(&swiftride()),
        theirs.root.certificate(),
    ]);
    assert_eq!(
        problem_at(&trust, &brings_its_root, NOW),
        Some(CertificateProblem::UnknownIssuer)
    );
    let stranger = Authority::root("Stranger CA");
    let other_name = chain(vec![stranger.issue(&swiftride())]);
    assert_eq!(
        problem_at(&trust, &other_name, NOW),
        Some(CertificateProblem::UnknownIssuer)
    );
}

#[test]
fn a_leaf_without_its_intermediate_is_refused() {
    let pki = Pki::new();
    let alone = chain(vec![pki.intermediate.issue(&swiftride())]);
    assert_eq!(
        problem_at(&pki.trust(), &alone, NOW),
        Some(CertificateProblem::UnknownIssuer)
    );
}

#[test]
fn a_partners_certificate_issues_no_certificates() {
    let pki = Pki::new();
    let mut mallory = swiftride();
    mallory.is_ca = rcgen::IsCa::NoCa;
    let key = rcgen::KeyPair::generate().expect("generates");
    let issued_by_leaf = {
        let issuer = rcgen::Issuer::from_params(&mallory, &key);
        let leaf_key = rcgen::KeyPair::generate().expect("generates");
        swiftride().signed_by(&leaf_key, &issuer).expect("signs")
    };
    let shown = chain(vec![
        issued_by_leaf.into(),
        pki.root.issue_for(&mallory, &key),
    ]);
    assert_eq!(
        problem_at(&pki.trust(), &shown, NOW),
        Some(CertificateProblem::UnknownIssuer)
    );
}

#[test]
fn an_authoritys_own_certificate_is_no_partners() {
    let pki = Pki::new();
    let shown = chain(vec![pki.intermediate.certificate()]);
    assert_eq!(
        problem_at(&pki.trust(), &shown, NOW),
        Some(CertificateProblem::UnknownIssuer)
    );
}

#[test]
fn what_is_no_certificate_is_malformed() {
    let pki = Pki::new();
    let trust = pki.trust();
    let garbage = || CertificateDer::from(b"no certificate".to_vec());
    for unreadable in [
        chain(Vec::new()),
        chain(vec![garbage()]),
        chain(vec![garbage(), pki.intermediate.certificate()]),
        chain(vec![pki.root.issue(&swiftride()), garbage()]),
    ] {
        assert_eq!(
            problem_at(&trust, &unreadable, NOW),
            Some(CertificateProblem::Malformed),
            "{unreadable:?}"
        );
    }
}

#[test]
fn a_leaf_is_good_from_its_first_second_to_its_last() {
    let pki = Pki::new();
    let (trust, chain) = (pki.trust(), pki.swiftride());
    let outside = Some(CertificateProblem::OutsideValidity);
    assert_eq!(problem_at(&trust, &chain, NOW - DAY - 1), outside);
    assert_eq!(problem_at(&trust, &chain, NOW - DAY), None);
    assert_eq!(problem_at(&trust, &chain, NOW + DAY), None);
    assert_eq!(problem_at(&trust, &chain, NOW + DAY + 1), outside);
}

#[test]
fn an_expired_intermediate_ends_the_chain() {
    let root = Authority::root("Partner Root");
    let intermediate = root.intermediate_until("Partner Issuing CA", NOW + HOUR);
    let pki = Pki { root, intermediate };
    let (trust, chain) = (pki.trust(), pki.swiftride());
    assert_eq!(problem_at(&trust, &chain, NOW + HOUR), None);
    assert_eq!(
        problem_at(&trust, &chain, NOW + HOUR + 1),
        Some(CertificateProblem::OutsideValidity)
    );
}

#[test]
fn an_expired_root_that_is_sent_along_ends_the_chain() {
    let root = Authority::root_until("Partner Root", NOW + HOUR);
    let shown = chain(vec![root.issue(&swiftride()), root.certificate()]);
    let trust = trust(&[&root], None);
    assert_eq!(problem_at(&trust, &shown, NOW + HOUR), None);
    assert_eq!(
        problem_at(&trust, &shown, NOW + HOUR + 1),
        Some(CertificateProblem::OutsideValidity)
    );
}

#[test]
fn a_certificate_for_servers_only_is_not_for_clients() {
    let pki = Pki::new();
    let trust = pki.trust();
    let with = |purposes: Vec<ExtendedKeyUsagePurpose>| {
        let mut leaf = swiftride();
        leaf.extended_key_usages = purposes;
        problem_at(&trust, &pki.chain(&leaf), NOW)
    };
    let (client, server) = (
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    );
    let refused = Some(CertificateProblem::NotForClients);
    assert_eq!(with(vec![server.clone()]), refused);
    assert_eq!(
        with(vec![ExtendedKeyUsagePurpose::EmailProtection]),
        refused
    );
    assert_eq!(with(vec![server, client]), None);
    // RFC 5280 lets a certificate without the extension serve any purpose; MT-01 does not.
    assert_eq!(with(Vec::new()), refused);
}

#[test]
fn a_certificate_without_a_known_organization_is_no_partners() {
    let pki = Pki::new();
    let trust = pki.trust();
    let no_partner = Some(CertificateProblem::NoPartner);
    let mut nameless = swiftride();
    nameless.distinguished_name = DistinguishedName::new();
    nameless
        .distinguished_name
        .push(DnType::OrganizationName, "PSDCN-SWIFTRIDE");
    assert_eq!(problem_at(&trust, &pki.chain(&nameless), NOW), no_partner);
    for unknown in ["PSDCN-MALL", "psdcn-swiftride", "PSDCN-SWIFTRIDE "] {
        let chain = pki.chain(&partners_certificate(unknown));
        assert_eq!(problem_at(&trust, &chain, NOW), no_partner, "{unknown:?}");
    }
}

#[test]
fn an_organization_identifier_that_is_no_text_is_malformed() {
    let pki = Pki::new();
    let chain = pki.chain(&partners_certificate("PSDCN\u{0}SWIFTRIDE"));
    assert_eq!(
        problem_at(&pki.trust(), &chain, NOW),
        Some(CertificateProblem::Malformed)
    );
}

#[test]
fn a_revoked_leaf_and_a_leaf_of_a_revoked_authority_are_refused() {
    let pki = Pki::new();
    let chain = pki.swiftride();
    let revoked = Some(CertificateProblem::Revoked);
    assert_eq!(
        problem_at(&pki.trust_that_revokes(&[], &[]), &chain, NOW),
        None
    );
    let leaf = pki.trust_that_revokes(&[], &[1, LEAF, 99]);
    assert_eq!(problem_at(&leaf, &chain, NOW), revoked);
    let intermediate = pki.trust_that_revokes(&[INTERMEDIATE], &[]);
    assert_eq!(problem_at(&intermediate, &chain, NOW), revoked);
}

#[test]
fn an_authority_revokes_only_what_it_issued() {
    let pki = Pki::new();
    let crossed = pki.trust_that_revokes(&[LEAF], &[INTERMEDIATE]);
    assert_eq!(problem_at(&crossed, &pki.swiftride(), NOW), None);
}

#[test]
fn without_the_list_of_each_authority_the_status_is_unknown() {
    let pki = Pki::new();
    let unknown = Some(CertificateProblem::RevocationUnknown);
    let only = |list| pki.trust_with(vec![list], ANY_AGE);
    let only_roots = only(pki.root.list(&[]));
    assert_eq!(problem_at(&only_roots, &pki.swiftride(), NOW), unknown);
    let only_intermediates = only(pki.intermediate.list(&[]));
    assert_eq!(
        problem_at(&only_intermediates, &pki.swiftride(), NOW),
        unknown
    );
    // The root's list is all that a leaf of the root needs.
    let direct = chain(vec![pki.root.issue(&swiftride())]);
    assert_eq!(problem_at(&only_roots, &direct, NOW), None);
}

#[test]
fn a_list_that_the_authority_did_not_sign_says_nothing() {
    let (pki, forger) = (Pki::new(), Pki::new());
    let crls = vec![pki.root.list(&[]), forger.intermediate.list(&[])];
    assert_eq!(
        problem_at(&pki.trust_with(crls, ANY_AGE), &pki.swiftride(), NOW),
        Some(CertificateProblem::RevocationUnknown)
    );
}

#[test]
fn a_list_is_believed_until_its_next_update() {
    let pki = Pki::new();
    let chain = pki.swiftride();
    for (roots, intermediates) in [(HOUR, 2 * HOUR), (2 * HOUR, HOUR)] {
        let crls = vec![
            pki.root.list_made(NOW - HOUR, NOW + roots, &[]),
            pki.intermediate
                .list_made(NOW - HOUR, NOW + intermediates, &[]),
        ];
        let trust = pki.trust_with(crls, ANY_AGE);
        assert_eq!(problem_at(&trust, &chain, NOW + HOUR - 1), None);
        assert_eq!(
            problem_at(&trust, &chain, NOW + HOUR),
            Some(CertificateProblem::RevocationUnknown)
        );
    }
}

#[test]
fn a_list_that_is_too_old_is_not_believed_even_when_it_is_not_due() {
    let pki = Pki::new();
    let chain = pki.swiftride();
    for (roots, intermediates) in [(NOW - HOUR, NOW), (NOW, NOW - HOUR)] {
        let crls = vec![
            pki.root.list_made(roots, NOW + DAY, &[]),
            pki.intermediate.list_made(intermediates, NOW + DAY, &[]),
        ];
        let trust = pki.trust_with(crls, Duration::from_hours(2));
        assert_eq!(problem_at(&trust, &chain, NOW + HOUR - 1), None);
        assert_eq!(
            problem_at(&trust, &chain, NOW + HOUR),
            Some(CertificateProblem::RevocationUnknown)
        );
    }
}

#[test]
fn a_good_verdict_is_remembered_and_not_made_again() {
    let pki = Pki::new();
    let (trust, chain) = (pki.trust(), pki.swiftride());
    let certificates = Certificates::new(10);
    assert!(certificates.remembered(&trust, &chain, at(NOW)).is_none());
    let first = certificates.verdict(&trust, &chain, at(NOW));
    let first = first.expect("a verdict");
    let second = certificates.verdict(&trust, &chain, at(NOW + 1));
    assert!(Arc::ptr_eq(&first, &second.expect("a verdict")));
    let known = certificates.remembered(&trust, &chain, at(NOW + 2));
    assert!(Arc::ptr_eq(&first, &known.expect("remembered")));
    let other = pki.swiftride();
    assert!(certificates.remembered(&trust, &other, at(NOW)).is_none());
}

/// A leaf under layers of authorities, each of whose certificates could stand above each of the
/// layer below: the ways through them are the product of all.
fn layered(layers: usize, per_layer: usize) -> PresentedChain {
    let key = rcgen::KeyPair::generate().expect("generates");
    let named = |layer: usize| {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let name = format!("Layer {layer}");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        lasting(&mut params, NOW - DAY, NOW + DAY);
        params
    };
    let under = |params: &CertificateParams, own: &rcgen::KeyPair, layer: usize| {
        let above = named(layer);
        let signed = params.signed_by(own, &rcgen::Issuer::from_params(&above, &key));
        CertificateDer::from(signed.expect("signs"))
    };
    let mut shown = vec![under(&swiftride(), &key, 0)];
    for layer in 0..layers {
        for _ in 0..per_layer {
            let own = rcgen::KeyPair::generate().expect("generates");
            shown.push(under(&named(layer), &own, layer + 1));
        }
    }
    chain(shown)
}

#[test]
fn tls_18_a_chain_with_more_ways_than_time_is_refused_unjudged() {
    let pki = Pki::new();
    let too_long = Some(CertificateProblem::ChainTooLong);
    assert_eq!(problem_at(&pki.trust(), &layered(6, 7), NOW), too_long);
    // Four authorities are looked at, five are not.
    assert_eq!(
        problem_at(&pki.trust(), &layered(2, 2), NOW),
        Some(CertificateProblem::UnknownIssuer)
    );
    assert_eq!(problem_at(&pki.trust(), &layered(5, 1), NOW), too_long);
    // Nor is one that is few and long.
    let mut wordy = swiftride();
    let names = (0..1_000).map(|name| format!("name-{name}.swiftride.example"));
    let names = names.map(|name| SanType::DnsName(name.try_into().expect("a name")));
    wordy.subject_alt_names = names.collect();
    assert_eq!(problem_at(&pki.trust(), &pki.chain(&wordy), NOW), too_long);
}

#[test]
fn a_chain_of_four_authorities_is_believed() {
    let root = Authority::root("Partner Root");
    let mut authorities = vec![root.intermediate_until("Partner CA 1", NOW + 100 * DAY)];
    for number in 2..=4 {
        let above = authorities.last().expect("one above");
        let below = above.intermediate_until(&format!("Partner CA {number}"), NOW + 100 * DAY);
        authorities.push(below);
    }
    let issuing = authorities.last().expect("the lowest");
    let mut shown = vec![issuing.issue(&swiftride())];
    shown.extend(authorities.iter().rev().map(Authority::certificate));
    assert_eq!(problem_at(&trust(&[&root], None), &chain(shown), NOW), None);
}

#[test]
fn one_who_shows_a_bad_chain_again_has_it_judged_once() {
    let (ours, theirs) = (Pki::new(), Pki::new());
    let (trust, certificates) = (ours.trust(), Certificates::new(10));
    let unknown = Err(Refusal::CertificateRefused(
        CertificateProblem::UnknownIssuer,
    ));
    let mut shown = theirs.swiftride();
    let refused = |shown: &_, now| certificates.verdict(&trust, shown, at(now)).map(drop);
    assert_eq!(refused(&shown, NOW), unknown);
    // Its certificates are looked at no more: were they, these would be believed.
    shown.certificates = ours.swiftride().certificates;
    assert_eq!(refused(&shown, NOW + 9), unknown);
    assert_eq!(refused(&shown, NOW + 10), Ok(()));
}

#[test]
fn a_refusal_is_no_verdict_to_be_remembered() {
    let pki = Pki::new();
    let certificates = Certificates::new(10);
    let revoking = pki.trust_that_revokes(&[], &[LEAF]);
    let chain = pki.swiftride();
    for (trust, second) in [(&revoking, NOW), (&pki.trust(), NOW + DAY + 1)] {
        assert!(certificates.verdict(trust, &chain, at(second)).is_err());
        assert!(certificates.remembered(trust, &chain, at(second)).is_none());
    }
    assert_eq!(certificates.verdicts.len(), 0);
}

#[test]
fn a_remembered_verdict_ends_with_the_first_certificate_or_list_that_ends() {
    // Each of the four ends first once; certificates are good in their last second (RFC 5280
    // §4.1.2.5), lists are not in the second they are due.
    for first_to_end in 0..4 {
        let mut ends = [NOW + 2 * HOUR; 4];
        ends[first_to_end] = NOW + HOUR;
        let [leaf, intermediate, root, list] = ends;
        let root = Authority::root_until("Partner Root", root);
        let intermediate = root.intermediate_until("Partner Issuing CA", intermediate);
        let pki = Pki { root, intermediate };
        let crls = vec![
            pki.root.list_made(NOW - HOUR, list, &[]),
            pki.intermediate.list_made(NOW - HOUR, list, &[]),
        ];
        let trust = pki.trust_with(crls, ANY_AGE);
        let mut params = swiftride();
        lasting(&mut params, NOW - DAY, leaf);
        let chain = chain(vec![
            pki.intermediate.issue(&params),
            pki.intermediate.certificate(),
            pki.root.certificate(),
        ]);
        let (last, problem) = match first_to_end {
            3 => (NOW + HOUR - 1, CertificateProblem::RevocationUnknown),
            _ => (NOW + HOUR, CertificateProblem::OutsideValidity),
        };

        let certificates = Certificates::new(10);
        let verdict = certificates.verdict(&trust, &chain, at(NOW));
        let verdict = verdict.expect("a verdict");
        let known = certificates.remembered(&trust, &chain, at(last));
        assert!(Arc::ptr_eq(&verdict, &known.expect("still remembered")));
        let gone = certificates.remembered(&trust, &chain, at(last + 1));
        assert!(gone.is_none(), "{first_to_end}");
        let refused = certificates.verdict(&trust, &chain, at(last + 1));
        assert_eq!(
            refused.err(),
            Some(Refusal::CertificateRefused(problem)),
            "{first_to_end}"
        );
    }
}

#[test]
fn a_remembered_verdict_is_not_believed_before_the_chain_begins() {
    let pki = Pki::new();
    let (trust, chain) = (pki.trust(), pki.swiftride());
    let certificates = Certificates::new(10);
    certificates
        .verdict(&trust, &chain, at(NOW))
        .expect("a verdict");
    let first = at(NOW - DAY);
    assert!(certificates.remembered(&trust, &chain, first).is_some());
    let before = at(NOW - DAY - 1);
    assert!(certificates.remembered(&trust, &chain, before).is_none());
    assert_eq!(
        certificates.verdict(&trust, &chain, before).err(),
        Some(Refusal::CertificateRefused(
            CertificateProblem::OutsideValidity
        ))
    );
}

#[test]
fn a_new_trust_store_judges_anew_what_an_older_one_believed() {
    let pki = Pki::new();
    let (old, chain) = (pki.trust_that_revokes(&[], &[]), pki.swiftride());
    let certificates = Certificates::new(10);
    certificates
        .verdict(&old, &chain, at(NOW))
        .expect("a verdict");
    let new = pki.trust_that_revokes(&[], &[LEAF]);
    assert!(certificates.remembered(&new, &chain, at(NOW)).is_none());
    assert_eq!(
        certificates.verdict(&new, &chain, at(NOW)).err(),
        Some(Refusal::CertificateRefused(CertificateProblem::Revoked))
    );
    let other_bank = Pki::new().trust();
    assert_eq!(
        certificates.verdict(&other_bank, &chain, at(NOW)).err(),
        Some(Refusal::CertificateRefused(
            CertificateProblem::UnknownIssuer
        ))
    );
}

#[test]
fn no_more_verdicts_are_remembered_than_the_capacity() {
    let pki = Pki::new();
    let trust = pki.trust();
    let certificates = Certificates::new(8);
    let mut shown = pki.swiftride();
    for number in 0..100 {
        shown.fingerprint = [number; 32];
        certificates
            .verdict(&trust, &shown, at(NOW))
            .expect("a verdict");
        assert!(certificates.verdicts.len() <= 8, "{number}");
    }
    assert!(!certificates.verdicts.is_empty());
}

#[test]
fn what_is_remembered_never_differs_from_what_is_judged_now() {
    let root = Authority::root("Partner Root");
    let intermediate = root.intermediate_until("Partner Issuing CA", NOW + 3 * HOUR);
    let pki = Pki { root, intermediate };
    let crls = vec![
        pki.root.list_made(NOW - HOUR, NOW + 4 * HOUR, &[]),
        pki.intermediate.list_made(NOW - HOUR, NOW + DAY, &[]),
    ];
    let trust = pki.trust_with(crls, Duration::from_hours(6));
    let chain = pki.swiftride();
    let borders = vec![
        NOW - DAY,
        NOW,
        NOW + 3 * HOUR,
        NOW + 4 * HOUR,
        NOW + 5 * HOUR,
    ];
    let second = (prop::sample::select(borders), -2_i64..=2);
    let seconds = prop::collection::vec(second, 1..20);
    proptest!(ProptestConfig::with_cases(64), |(seconds in seconds)| {
        let certificates = Certificates::new(10);
        for second in seconds.into_iter().map(|(border, off)| border + off) {
            // A list is believed from its thisUpdate on, less what clocks may differ by.
            let is_good = (NOW - HOUR - 10..=NOW + 3 * HOUR).contains(&second);
            let verdict = certificates.verdict(&trust, &chain, at(second));
            prop_assert_eq!(verdict.is_ok(), is_good, "at {}", second);
            prop_assert_eq!(problem_at(&trust, &chain, second).is_none(), is_good);
        }
    });
}

#[test]
fn an_authority_past_its_own_life_vouches_for_nobody_though_it_is_not_sent_along() {
    let root = Authority::root_until("Partner Root", NOW + HOUR);
    let trust = trust(&[&root], None);
    let chain = chain(vec![root.issue(&partners_certificate("PSDCN-SWIFTRIDE"))]);
    assert_eq!(problem_at(&trust, &chain, NOW + HOUR), None);
    let late = problem_at(&trust, &chain, NOW + HOUR + 1);
    assert_eq!(late, Some(CertificateProblem::OutsideValidity));
}

#[test]
fn of_two_lists_of_one_authority_the_newer_decides() {
    let root = Authority::root("Partner Root");
    let leaf = swiftride();
    let old = root.list_made(NOW - 2 * HOUR, NOW + DAY, &[]);
    let new = root.list_made(NOW - HOUR, NOW + DAY, &[LEAF]);
    for lists in [vec![old.clone(), new.clone()], vec![new, old]] {
        let revocation = Revocation {
            crls: lists,
            refuse_when_older_than: ANY_AGE,
        };
        let trust = trust(&[&root], Some(revocation));
        let shown = chain(vec![root.issue(&leaf)]);
        assert_eq!(
            problem_at(&trust, &shown, NOW),
            Some(CertificateProblem::Revoked)
        );
    }
}

#[test]
fn a_leaf_with_one_bit_changed_is_refused_and_nothing_panics() {
    let pki = Pki::new();
    let trust = pki.trust();
    let good = pki.root.issue(&swiftride());
    let bits = 0..good.len() * 8;
    proptest!(|(bit in bits)| {
        let mut changed = good.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        let problem = problem_at(&trust, &chain(vec![changed.into()]), NOW);
        prop_assert!(problem.is_some(), "bit {} of {}", bit, good.len());
    });
}

/// A bank with these partners, each known by one thing.
fn trust_in(authority: &Authority, partners: &[(&str, KnownBy)]) -> Trust {
    let partners = partners.iter().map(|(id, known_by)| {
        let partner = partner_known(id, Standing::Active);
        (partner, known_by.clone())
    });
    let settings = BankTrust {
        authorities: vec![authority.certificate()],
        revocation: None,
        partners: partners.collect(),
        registered: Vec::new(),
    };
    Trust::new(settings).expect("a trust store")
}

/// Whom a certificate with these alternative names stands for, and its refusal otherwise.
fn stands_for(
    pki: &Pki,
    partners: &[(&str, KnownBy)],
    names: &[SanType],
) -> Result<String, Refusal> {
    let mut leaf = partners_certificate("PSDCN-OF-NOBODY");
    leaf.subject_alt_names = names.to_vec();
    let verdict =
        Certificates::new(1).verdict(&trust_in(&pki.root, partners), &pki.chain(&leaf), at(NOW));
    verdict.map(|verdict| verdict.partner.id.as_str().to_owned())
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().expect("ASCII"))
}

fn uri(uri: &str) -> SanType {
    SanType::URI(uri.try_into().expect("ASCII"))
}

fn mail(address: &str) -> SanType {
    SanType::Rfc822Name(address.try_into().expect("ASCII"))
}

fn ip(address: &str) -> SanType {
    SanType::IpAddress(address.parse().expect("an address"))
}

#[test]
fn an_alternative_name_of_each_kind_names_its_partner_and_no_other_kind_does() {
    let pki = Pki::new();
    let partners = [
        ("dns", KnownBy::san_dns("api.partner.example")),
        ("uri", KnownBy::san_uri("https://partner.example/App")),
        (
            "ip",
            KnownBy::SanIp("192.0.2.7".parse().expect("an address")),
        ),
        ("mail", KnownBy::san_email("api@partner.example")),
    ];
    let other = dns("other.example");
    for (name, partner) in [
        (dns("API.partner.example"), "dns"),
        (uri("HTTPS://Partner.example/App"), "uri"),
        (ip("192.0.2.7"), "ip"),
        (mail("api@PARTNER.example"), "mail"),
    ] {
        let found = stands_for(&pki, &partners, &[other.clone(), name]);
        assert_eq!(found.as_deref(), Ok(partner));
    }
    let no_partner = Err(Refusal::CertificateRefused(CertificateProblem::NoPartner));
    assert_eq!(
        stands_for(&pki, &partners, &[]),
        no_partner,
        "no name at all"
    );
    for name in [
        dns("*.partner.example"),
        dns("partner.example"),
        dns("a.api.partner.example"),
        dns("192.0.2.7"),
        dns("https://partner.example/App"),
        uri("https://partner.example/app"),
        uri("https://partner.example/App/"),
        uri("api.partner.example"),
        ip("192.0.2.8"),
        ip("::ffff:192.0.2.7"),
        mail("API@partner.example"),
        mail("api@api.partner.example"),
    ] {
        let found = stands_for(&pki, &partners, std::slice::from_ref(&name));
        assert_eq!(found, no_partner, "{name:?}");
    }
}

#[test]
fn a_certificate_that_bears_the_names_of_two_partners_is_refused() {
    let pki = Pki::new();
    let partners = [
        ("dns", KnownBy::san_dns("api.partner.example")),
        ("uri", KnownBy::san_uri("https://partner.example")),
        ("id", KnownBy::OrganizationId("PSDCN-OF-NOBODY".to_owned())),
    ];
    let (one, other) = (dns("api.partner.example"), uri("https://partner.example"));
    let several = CertificateProblem::SeveralPartners;
    let several = Err(Refusal::CertificateRefused(several));
    let apart = &partners[..2];
    assert_eq!(
        stands_for(&pki, apart, &[one.clone(), other.clone()]),
        several
    );
    assert_eq!(
        stands_for(&pki, &partners, std::slice::from_ref(&other)),
        several
    );
    let found = stands_for(&pki, apart, &[one.clone(), one]);
    assert_eq!(found.as_deref(), Ok("dns"), "twice the same is one partner");
}

#[test]
fn a_subject_is_compared_by_attribute() {
    let pki = Pki::new();
    let mut leaf = partners_certificate("PSDCN-1");
    leaf.distinguished_name = DistinguishedName::new();
    for (kind, value) in [
        (DnType::CountryName, "CN"),
        (DnType::OrganizationName, "SwiftRide, Ltd."),
        (DnType::CommonName, "api"),
    ] {
        leaf.distinguished_name.push(kind, value);
    }
    let chain = pki.chain(&leaf);
    for (text, is_known) in [
        (r"CN=api,O=SwiftRide\, Ltd.,C=CN", true),
        (r"cn=API,o=swiftride\2C  ltd.,c=cn", true),
        (r"C=CN,O=SwiftRide\, Ltd.,CN=api", false),
        (r"CN=api,O=SwiftRide\, Ltd.", false),
        (r"O=SwiftRide\, Ltd.,C=CN", false),
        (r"CN=api+O=SwiftRide\, Ltd.,C=CN", false),
        (r"CN=api,O=SwiftRide Ltd.,C=CN", false),
    ] {
        let name = crypto::DistinguishedName::parse(text).expect("a name");
        let trust = trust_in(&pki.root, &[("swiftride", KnownBy::SubjectDn(name))]);
        let expected = (!is_known).then_some(CertificateProblem::NoPartner);
        assert_eq!(problem_at(&trust, &chain, NOW), expected, "{text}");
    }
}
