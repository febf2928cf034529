use proptest::prelude::*;
use rcgen::{CertificateParams, DnType, DnValue, KeyPair};

use super::*;

fn name(text: &str) -> DistinguishedName {
    DistinguishedName::parse(text)
        .map_err(|bad| format!("{text}: {bad}"))
        .expect("a name")
}

/// The subject of a certificate with these attributes, least specific first.
fn subject(attributes: &[(DnType, DnValue)]) -> DistinguishedName {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, value) in attributes {
        params.distinguished_name.push(kind.clone(), value.clone());
    }
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let facts = crate::certificate_facts(certificate.der()).expect("facts");
    facts.subject_name
}

/// What is printed of a certificate's subject reads back as that subject.
fn reads_back(text: &str) {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let organization = DnType::CustomDnType(vec![2, 5, 4, 97]);
    params.distinguished_name.push(organization, text);
    params.distinguished_name.push(DnType::CommonName, text);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let facts = crate::certificate_facts(certificate.der()).expect("facts");
    assert_eq!(
        name(&facts.subject),
        facts.subject_name,
        "{}",
        facts.subject
    );
}

fn utf8(text: &str) -> DnValue {
    DnValue::Utf8String(text.to_owned())
}

fn printable(text: &str) -> DnValue {
    DnValue::PrintableString(text.try_into().expect("printable"))
}

#[test]
fn a_name_matches_whatever_the_string_type_the_case_and_the_spaces() {
    let shown = subject(&[
        (DnType::CountryName, printable("CN")),
        (
            DnType::OrganizationName,
            utf8("SwiftRide  Technology Co., Ltd."),
        ),
        (DnType::CommonName, utf8("api")),
    ]);
    for same in [
        r"CN=api,O=SwiftRide Technology Co.\, Ltd.,C=CN",
        r"cn=API,o=swiftride technology co.\2c ltd.,c=cn",
        r"CN = api , O = \ SwiftRide   Technology\20Co.\, Ltd. , C = CN",
        r"2.5.4.3=api,organizationName=SwiftRide Technology Co.\, Ltd.,2.5.4.6=#1302434e",
        r"CN=api,O=#0c1f5377696674526964652020546563686e6f6c6f677920436f2e2c204c74642e,C=#0c02636e",
    ] {
        assert_eq!(name(same), shown, "{same}");
    }
    for other in [
        r"O=SwiftRide Technology Co.\, Ltd.,CN=api,C=CN",
        r"CN=api,O=SwiftRide Technology Co.\, Ltd.",
        r"CN=api,O=SwiftRide Technology Co.\, Ltd.,C=CN,DC=net",
        r"CN=api+O=SwiftRide Technology Co.\, Ltd.,C=CN",
        r"CN=api,O=SwiftRideTechnology Co.\, Ltd.,C=CN",
        r"CN=api,OU=SwiftRide Technology Co.\, Ltd.,C=CN",
        r"CN=api\,O=SwiftRide Technology Co.\, Ltd.,C=CN",
        r"CN=apı,O=SwiftRide Technology Co.\, Ltd.,C=CN",
    ] {
        assert_ne!(name(other), shown, "{other}");
    }
}

#[test]
fn within_a_part_of_several_attributes_their_order_does_not_count() {
    let one = name("OU=Sales+CN=J.  Smith,DC=example,DC=net");
    assert_eq!(one, name("cn=j. smith + ou=SALES, dc=Example, dc=NET"));
    assert_ne!(one, name("OU=Sales,CN=J. Smith,DC=example,DC=net"));
    assert_ne!(one, name("OU=Sales+CN=J. Smith,DC=net,DC=example"));
    assert_ne!(one, name("OU=Sales+CN=J. Smith+L=x,DC=example,DC=net"));
    // The same attribute twice is not the same as once.
    assert_ne!(name("OU=a+OU=a"), name("OU=a"));
}

#[test]
fn escaped_characters_are_those_characters() {
    let shown = subject(&[(DnType::CommonName, utf8(r#"#a"b+c,d;e<f>g=h\i é 迅"#))]);
    for same in [
        r#"CN=\#a\"b\+c\,d\;e\<f\>g\=h\\i é 迅"#,
        r"CN=\23a\22b\2Bc\2Cd\3Be\3Cf\3Eg=h\5Ci \C3\A9 \E8\BF\85",
    ] {
        assert_eq!(name(same), shown, "{same}");
    }
}

#[test]
fn a_text_that_nobody_can_read_equals_only_itself() {
    let hidden = subject(&[(DnType::CommonName, utf8("swift\u{200b}ride"))]);
    assert_ne!(hidden, name("CN=swiftride"));
    assert_eq!(
        hidden,
        subject(&[(DnType::CommonName, utf8("swift\u{200b}ride"))])
    );
    let other_type = subject(&[(DnType::CommonName, printable("a"))]);
    assert_eq!(other_type, subject(&[(DnType::CommonName, utf8("A "))]));
    let bmp = DnValue::BmpString("A".try_into().expect("BMP"));
    assert_eq!(subject(&[(DnType::CommonName, bmp)]), other_type);
    let teletex = DnValue::TeletexString("a".try_into().expect("ASCII"));
    assert_ne!(subject(&[(DnType::CommonName, teletex)]), other_type);
}

#[test]
fn what_is_no_name_is_refused_with_the_reason() {
    let unescaped = |character| BadName::Unescaped { character };
    for (text, bad) in [
        ("", BadName::Empty),
        ("CN=a,", BadName::Empty),
        ("CN=", BadName::Empty),
        ("CN=  ,O=b", BadName::Empty),
        ("=a", BadName::Empty),
        (
            "swiftride",
            BadName::NoType {
                part: "swiftride".to_owned(),
            },
        ),
        (
            "CN=a,b",
            BadName::NoType {
                part: "b".to_owned(),
            },
        ),
        (
            "O=a, Ltd.,C=b",
            BadName::NoType {
                part: "Ltd.".to_owned(),
            },
        ),
        ("O=a,,C=b", BadName::Empty),
        (
            "XN=a",
            BadName::UnknownType {
                name: "XN".to_owned(),
            },
        ),
        (
            "1.2.x=a",
            BadName::UnknownType {
                name: "1.2.x".to_owned(),
            },
        ),
        ("CN=a;O=b", unescaped(';')),
        ("CN=\"a\"", unescaped('"')),
        ("CN=<a", unescaped('<')),
        (r"CN=a\", BadName::Escape),
        (r"CN=a\x", BadName::Escape),
        (r"CN=a\2", BadName::Escape),
        (r"CN=\ff", BadName::Text),
        (r"CN=a\00", BadName::Text),
        ("CN=a\u{200b}", BadName::Text),
        ("CN=#", BadName::Hexadecimal),
        ("CN=#0c", BadName::Hexadecimal),
        ("CN=#0c0161ff", BadName::Hexadecimal),
        ("CN=#0c016", BadName::Hexadecimal),
        ("CN=#swift", BadName::Hexadecimal),
    ] {
        assert_eq!(DistinguishedName::parse(text).err(), Some(bad), "{text}");
    }
}

#[test]
fn an_organization_identifier_within_a_name_is_found() {
    let known = name("CN=api,organizationIdentifier=PSDCN-SWIFTRIDE-001,C=CN");
    assert!(known.has_organization_id("PSDCN-SWIFTRIDE-001"));
    assert!(known.has_organization_id("psdcn-swiftride-001 "));
    assert!(!known.has_organization_id("PSDCN-SWIFTRIDE-00"));
    assert!(!name("CN=PSDCN-SWIFTRIDE-001").has_organization_id("PSDCN-SWIFTRIDE-001"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_panics(text in ".{0,40}") {
        let _ = DistinguishedName::parse(&text);
    }

    #[test]
    fn no_text_of_a_names_signs_panics(text in r#"[CNO=,+;\\#0-9a-f " é]{0,40}"#) {
        let _ = DistinguishedName::parse(&text);
    }

    #[test]
    fn a_subject_of_any_readable_text_reads_back(text in "[ -~é迅]{1,30}") {
        prop_assume!(!text.trim().is_empty());
        reads_back(&text);
    }
}
