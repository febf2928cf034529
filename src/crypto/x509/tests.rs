use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DnType,
    DnValue, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
    date_time_ymd,
};

use super::*;
use crate::pem::private_key;

const ORGANIZATION_ID: &str = "PSDCN-SWIFTRIDE-001";

fn organization_identifier() -> DnType {
    DnType::CustomDnType(vec![2, 5, 4, 97])
}

fn partner() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["app.swiftride.example".to_owned()]).unwrap();
    params
        .subject_alt_names
        .push(SanType::IpAddress([192, 0, 2, 1].into()));
    params
        .subject_alt_names
        .push(SanType::DnsName("*.swiftride.example".try_into().unwrap()));
    params.distinguished_name = rcgen::DistinguishedName::new();
    let name = &mut params.distinguished_name;
    name.push(DnType::CountryName, "CN");
    name.push(DnType::OrganizationName, "迅行, Ltd.\n");
    name.push(organization_identifier(), ORGANIZATION_ID);
    name.push(DnType::CommonName, "SwiftRide");
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2055, 1, 1);
    params
}

fn der_of(params: &CertificateParams, key: &KeyPair) -> Vec<u8> {
    params.self_signed(key).unwrap().der().to_vec()
}

fn der(params: &CertificateParams) -> Vec<u8> {
    der_of(params, &KeyPair::generate().unwrap())
}

fn facts(params: &CertificateParams) -> CertificateFacts {
    certificate_facts(&der(params)).unwrap()
}

fn marker() -> CustomExtension {
    CustomExtension::from_oid_content(SANDBOX_MARKER, SANDBOX_MARKER_VALUE.to_vec())
}

/// Replaces every occurrence, so that a certificate says what no careful maker would write. Facts
/// are read without the signature.
fn replaced(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut der = der.to_vec();
    let mut found = false;
    for at in 0..=der.len() - from.len() {
        if der[at..].starts_with(from) {
            der[at..at + to.len()].copy_from_slice(to);
            found = true;
        }
    }
    assert!(found);
    der
}

#[test]
fn the_facts_of_a_partners_certificate_are_read() {
    let key = KeyPair::generate().unwrap();
    let der = der_of(&partner(), &key);
    let read = certificate_facts(&der).unwrap();
    assert_eq!(
        read,
        CertificateFacts {
            // 2.5.4.97 has no short name in RFC 4514 §3, so its value stands there as DER.
            subject: "CN=SwiftRide,2.5.4.97=#0c13505344434e2d5357494654524944452d303031,\
                      O=迅行\\, Ltd.\\0a,C=CN"
                .to_owned(),
            issuer: "CN=SwiftRide,2.5.4.97=#0c13505344434e2d5357494654524944452d303031,\
                     O=迅行\\, Ltd.\\0a,C=CN"
                .to_owned(),
            organization_id: Some(ORGANIZATION_ID.to_owned()),
            not_before: 1_767_225_600,
            not_after: 2_682_374_400,
            dns_names: vec![
                "app.swiftride.example".to_owned(),
                "*.swiftride.example".to_owned()
            ],
            subject_name: DistinguishedName::parse(
                "CN=SwiftRide,organizationIdentifier=PSDCN-SWIFTRIDE-001,O=迅行\\, Ltd.,C=CN"
            )
            .unwrap(),
            uris: vec![],
            ip_addresses: vec!["192.0.2.1".parse().unwrap()],
            mail_addresses: vec![],
            spki: rcgen::PublicKeyData::subject_public_key_info(&key),
            is_ca: false,
            is_for_clients: false,
            may_serve: true,
            may_call: true,
            is_sandbox: false,
        }
    );
}

#[test]
fn a_certificate_without_extras_has_none() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let read = facts(&params);
    assert_eq!((read.subject.as_str(), read.organization_id), ("", None));
    assert!(read.dns_names.is_empty());
}

#[test]
fn only_basic_constraints_make_a_ca() {
    let mut params = partner();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    assert!(facts(&params).is_ca);
    params.is_ca = IsCa::ExplicitNoCa;
    assert!(!facts(&params).is_ca);
    params.is_ca = IsCa::NoCa;
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    assert!(!facts(&params).is_ca);
}

#[test]
fn the_sandbox_marker_is_found_whatever_its_value_or_criticality() {
    let mut params = partner();
    params.custom_extensions = vec![marker()];
    assert!(facts(&params).is_sandbox);
    let mut critical = CustomExtension::from_oid_content(SANDBOX_MARKER, vec![5, 0]);
    critical.set_criticality(true);
    params.custom_extensions = vec![critical];
    assert!(facts(&params).is_sandbox);
    let near = [&SANDBOX_MARKER[..8], &[2]].concat();
    params.custom_extensions = vec![CustomExtension::from_oid_content(&near, vec![5, 0])];
    assert!(!facts(&params).is_sandbox);
}

#[test]
fn the_marker_is_the_private_oid_and_a_utf8_string() {
    let arcs: Vec<String> = SANDBOX_MARKER.iter().map(u64::to_string).collect();
    assert_eq!(arcs.join("."), SANDBOX_MARKER_OID.to_string());
    assert_eq!(
        Utf8StringRef::from_der(SANDBOX_MARKER_VALUE)
            .unwrap()
            .as_str(),
        "sandbox"
    );
}

#[test]
fn an_organization_identifier_may_be_printable_or_utf8_and_must_be_readable() {
    let with = |value: DnValue| {
        let mut params = partner();
        params
            .distinguished_name
            .push(organization_identifier(), value);
        certificate_facts(&der(&params)).map(|facts| facts.organization_id)
    };
    let printable = DnValue::PrintableString("PSDCN-1".try_into().unwrap());
    assert_eq!(with(printable).unwrap().as_deref(), Some("PSDCN-1"));
    let longest = "é".repeat(256);
    assert_eq!(
        with(longest.as_str().into()).unwrap(),
        Some(longest.clone())
    );
    for bad in [
        DnValue::BmpString("PSDCN-1".try_into().unwrap()),
        DnValue::Ia5String("PSDCN-1".try_into().unwrap()),
        DnValue::TeletexString("PSDCN-1".try_into().unwrap()),
        "".into(),
        " ".into(),
        "PSDCN\n1".into(),
        "PSDCN\u{0}1".into(),
        format!("{longest}é").into(),
    ] {
        let problem = with(bad).unwrap_err();
        assert!(
            matches!(problem, BadCertificate::OrganizationId),
            "{problem}"
        );
    }
}

#[test]
fn two_organization_identifiers_are_refused() {
    let mut params = partner();
    let second = DnType::CustomDnType(vec![2, 5, 4, 98]);
    params.distinguished_name.push(second, "PSDCN-OTHER");
    let one = der(&params);
    assert!(certificate_facts(&one).is_ok());
    let two = replaced(&one, &[6, 3, 0x55, 4, 98], &[6, 3, 0x55, 4, 97]);
    let problem = certificate_facts(&two).unwrap_err();
    let BadCertificate::Repeated { what } = problem else {
        panic!("{problem}")
    };
    assert_eq!(what, "the organizationIdentifier");
}

#[test]
fn an_extension_that_stands_twice_is_refused() {
    let mut params = partner();
    let near = [&SANDBOX_MARKER[..8], &[2]].concat();
    let other = CustomExtension::from_oid_content(&near, SANDBOX_MARKER_VALUE.to_vec());
    params.custom_extensions = vec![marker(), other];
    let once = der(&params);
    assert!(certificate_facts(&once).is_ok());
    let twice = replaced(&once, &[0xfd, 0x59, 77, 2], &[0xfd, 0x59, 77, 1]);
    let problem = certificate_facts(&twice).unwrap_err();
    assert!(
        matches!(
            problem,
            BadCertificate::Repeated {
                what: "an extension"
            }
        ),
        "{problem}"
    );
}

#[test]
fn a_broken_extension_that_is_read_is_refused() {
    let once = der(&partner());
    // The tag of the first dNSName [2] becomes one that GeneralName does not have.
    let broken = replaced(&once, b"\x82\x15app", b"\x9f\x15app");
    assert!(matches!(
        certificate_facts(&broken),
        Err(BadCertificate::Malformed(_))
    ));
}

#[test]
fn cut_lengthened_and_oversize_certificates_are_refused() {
    let whole = der(&partner());
    for end in 0..whole.len() {
        assert!(certificate_facts(&whole[..end]).is_err(), "cut at {end}");
    }
    let longer = [&whole[..], &[0]].concat();
    assert!(matches!(
        certificate_facts(&longer),
        Err(BadCertificate::Malformed(_))
    ));
    let oversize = vec![0x30; CERTIFICATE_BYTES_MAX + 1];
    assert!(matches!(
        certificate_facts(&oversize),
        Err(BadCertificate::TooLong { .. })
    ));
}

fn crl() -> Vec<u8> {
    let mut params = partner();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(params, KeyPair::generate().unwrap());
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 1, 1),
        next_update: date_time_ymd(2055, 1, 1),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: vec![rcgen::RevokedCertParams {
            serial_number: SerialNumber::from(7_u64),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: Some(rcgen::RevocationReason::KeyCompromise),
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(&issuer).unwrap().der().to_vec()
}

#[test]
fn a_revocation_list_tells_its_age() {
    let der = crl();
    let read = crl_facts(&der).unwrap();
    assert_eq!(read.this_update, 1_767_225_600);
    assert_eq!(read.next_update, Some(2_682_374_400));
    for end in 0..der.len() {
        assert!(crl_facts(&der[..end]).is_err(), "cut at {end}");
    }
    assert!(
        crl_facts(&self::der(&partner())).is_err(),
        "a certificate is no list"
    );
}

#[test]
fn a_list_supersedes_those_made_before_it_for_the_same() {
    let read = crl_facts(&crl()).unwrap();
    assert_eq!(read.number, Some(vec![1]));
    assert!(read.scope[0].is_some() && read.scope[1].is_none());
    assert!(!read.supersedes(&read));
    let numbered = |number: &[u8]| CrlFacts {
        number: Some(number.to_vec()),
        ..read.clone()
    };
    // 0x0100 is above 0xff.
    assert!(numbered(&[1, 0]).supersedes(&numbered(&[255])));
    assert!(!numbered(&[255]).supersedes(&numbered(&[1, 0])));
    let later = CrlFacts {
        this_update: read.this_update + 1,
        ..read.clone()
    };
    assert!(later.supersedes(&read) && !read.supersedes(&later));
    for of_another in [
        CrlFacts {
            issuer: "CN=Another".to_owned(),
            ..read.clone()
        },
        CrlFacts {
            scope: [Some(vec![7]), None],
            ..read.clone()
        },
        CrlFacts {
            scope: [read.scope[0].clone(), Some(vec![7])],
            ..read.clone()
        },
    ] {
        assert!(!later.supersedes(&of_another), "{of_another:?}");
    }
}

#[test]
fn a_key_matches_the_certificate_made_for_it_and_no_other() {
    let kinds = [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
        &rcgen::PKCS_RSA_SHA256,
    ];
    let made: Vec<_> = kinds
        .iter()
        .map(|kind| {
            let key = KeyPair::generate_for(kind).unwrap();
            let der = der_of(&partner(), &key);
            (der, private_key(key.serialize_pem().as_bytes()).unwrap())
        })
        .collect();
    for (i, (certificate, _)) in made.iter().enumerate() {
        for (j, (_, key)) in made.iter().enumerate() {
            assert_eq!(key_matches(certificate, key).unwrap(), i == j);
        }
        let same_kind = KeyPair::generate_for(kinds[i]).unwrap();
        let same_kind = private_key(same_kind.serialize_pem().as_bytes()).unwrap();
        assert!(!key_matches(certificate, &same_kind).unwrap());
    }
    let broken = PrivateKeyDer::Pkcs8(vec![0x30, 0].into());
    let problem = key_matches(&made[0].0, &broken).unwrap_err();
    assert!(matches!(problem, BadCertificate::Key(_)));
    let no_certificate = key_matches(&[], &made[0].1).unwrap_err();
    assert!(matches!(no_certificate, BadCertificate::Malformed(_)));
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = certificate_facts(&bytes);
        let _ = crl_facts(&bytes);
    }

    #[test]
    fn no_change_to_a_certificate_or_list_makes_the_readers_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for mut der in [der(&partner()), crl()] {
            for (at, byte) in &changes {
                let at = at.index(der.len());
                der[at] ^= byte;
            }
            let read = (certificate_facts(&der), crl_facts(&der));
            prop_assert!(read.0.is_err() || read.1.is_err(), "no bytes are both");
        }
    }
}
