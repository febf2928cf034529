//! `certificate` of a partner and of a client: the one thing that a certificate is known by.

use crypto::DistinguishedName;
use identity::KnownBy;

use crate::mistake::{Code, listed};
use crate::reader::{Reader, Section, Value, Wrong};
use crate::shape::{Key, Kind, Shape};
use crate::source::At;

pub(super) static PARTNERS: Shape = Shape::new(
    "`certificate`",
    &[
        Key::choice(
            "organization_id",
            Kind::Text,
            "The organizationIdentifier (OID 2.5.4.97) in its certificates.",
        ),
        SUBJECT_DN,
        SAN_DNS,
        SAN_URI,
        SAN_IP,
        SAN_EMAIL,
    ],
);

/// What RFC 8705 §2.1.2 knows a client by.
pub(super) static CLIENTS: Shape = Shape::new(
    "`certificate`",
    &[SUBJECT_DN, SAN_DNS, SAN_URI, SAN_IP, SAN_EMAIL],
);

const SUBJECT_DN: Key = Key::choice(
    "subject_dn",
    Kind::Text,
    "The whole subject of its certificates (RFC 4514), compared by attribute.",
);
const SAN_DNS: Key = Key::choice(
    "san_dns",
    Kind::Text,
    "A DNS name in the subjectAltName of its certificates.",
);
const SAN_URI: Key = Key::choice(
    "san_uri",
    Kind::Text,
    "A URI in the subjectAltName of its certificates.",
);
const SAN_IP: Key = Key::choice(
    "san_ip",
    Kind::Text,
    "An IP address in the subjectAltName of its certificates.",
);
const SAN_EMAIL: Key = Key::choice(
    "san_email",
    Kind::Text,
    "A mail address in the subjectAltName of its certificates.",
);

/// What certificates are known by.
pub(crate) struct Certificate {
    pub(crate) known_by: KnownBy,
    pub(crate) written: At<String>,
}

/// Reads what a certificate's text says, or what is wrong with it.
type Known = fn(&str) -> Result<KnownBy, Wrong>;

/// What one can be known by: its key, what the key must be, and how it is read. A partner's come
/// first and are all of these, a client's all but the first.
const KNOWN_BY: [(&str, &str, Known); 6] = [
    (
        "organization_id",
        "an organizationIdentifier",
        organization_id,
    ),
    ("subject_dn", "a distinguished name", subject_dn),
    ("san_dns", "a DNS name", san_dns),
    ("san_uri", "a URI", san_uri),
    ("san_ip", "an IP address", san_ip),
    ("san_email", "a mail address", san_email),
];

/// What a partner's certificates are known by.
pub(super) fn of_partner(reader: &mut Reader, section: Section<'_>) -> Option<Certificate> {
    let help = "`organization_id: ID`, the organizationIdentifier (OID 2.5.4.97) of the partner's \
                certificates";
    one_of(
        reader,
        section,
        &KNOWN_BY,
        "a partner's certificates are",
        help,
    )
}

/// What a client's certificate is known by.
pub(super) fn of_client(reader: &mut Reader, section: Section<'_>) -> Option<Certificate> {
    let [_, its @ ..] = &KNOWN_BY;
    let help = "`subject_dn: NAME`, the subject of the client's certificate";
    one_of(reader, section, its, "a client's certificate is", help)
}

/// Exactly one of the keys: a certificate that had to bear two things would be known by neither.
fn one_of(
    reader: &mut Reader,
    mut section: Section<'_>,
    kinds: &[(&'static str, &'static str, Known)],
    whose: &str,
    first_help: &str,
) -> Option<Certificate> {
    let mut first: Option<(Value<'_>, &str, Known)> = None;
    let mut several = false;
    for &(key, expected, known) in kinds {
        let Some(value) = section.value(reader, key) else {
            continue;
        };
        let Some((before, ..)) = first else {
            first = Some((value, expected, known));
            continue;
        };
        several = true;
        let what = format!("{whose} known by one thing");
        reader
            .collector
            .mistake(Code::Contradiction, value.key_span, what)
            .see(before.key_span, "the first")
            .help(format!("remove `{}` or `{key}`", before.key.name));
    }
    let at = section.at;
    section.finish(reader);
    let Some((value, expected, known)) = first else {
        let others = kinds.iter().skip(1).map(|(key, ..)| *key);
        let what = "`certificate` does not say what it is known by";
        reader
            .collector
            .mistake(Code::MissingKey, at, what)
            .help(format!("write {first_help}; or one of {}", listed(others)));
        return None;
    };
    let written = reader.text(value)?;
    match known(&written.value) {
        Ok(known_by) if !several => Some(Certificate { known_by, written }),
        Ok(_) => None,
        Err(wrong) => {
            let what = format!("`{}` is not {expected}{}", value.key.name, wrong.what);
            let noted = reader.collector.mistake(Code::BadValue, written.at, what);
            noted.maybe_help(wrong.help);
            None
        }
    }
}

fn organization_id(text: &str) -> Result<KnownBy, Wrong> {
    let is_id = text.trim() == text && !text.is_empty() && !text.contains(char::is_control);
    if is_id {
        return Ok(KnownBy::OrganizationId(text.to_owned()));
    }
    let help = "write it as it stands in the certificate, such as `PSDCN-SWIFTRIDE-001`";
    Err(Wrong::new("", help))
}

fn subject_dn(text: &str) -> Result<KnownBy, Wrong> {
    DistinguishedName::parse(text).map(KnownBy::SubjectDn).map_err(|bad| {
        Wrong::new(
            format!(": {bad}"),
            "write the subject as RFC 4514 does, such as `CN=api,O=SwiftRide,C=CN`; `openssl x509 \
             -noout -subject -nameopt RFC2253` prints it",
        )
    })
}

fn san_dns(text: &str) -> Result<KnownBy, Wrong> {
    let wrong = |help: &str| Err(Wrong::new("", help));
    if text.starts_with("*.") {
        return wrong("write one name: no wildcard stands for a partner");
    }
    match url::Host::parse(text) {
        Ok(url::Host::Domain(name)) if name.eq_ignore_ascii_case(text) => {
            Ok(KnownBy::san_dns(text))
        }
        Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) => wrong("write `san_ip` for an address"),
        _ => wrong("write a name such as `api.partner.example`"),
    }
}

fn san_uri(text: &str) -> Result<KnownBy, Wrong> {
    let is_uri = url::Url::parse(text).is_ok() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_uri {
        return Ok(KnownBy::san_uri(text));
    }
    let help = "write it whole, as it stands in the certificate: `https://partner.example/app`";
    Err(Wrong::new("", help))
}

fn san_ip(text: &str) -> Result<KnownBy, Wrong> {
    text.parse().map(KnownBy::SanIp).map_err(|_| {
        let help = "write one address, such as `192.0.2.7` or `2001:db8::7`";
        Wrong::new("", help)
    })
}

fn san_email(text: &str) -> Result<KnownBy, Wrong> {
    let is_address = text.split_once('@').is_some_and(|(name, host)| {
        let is_part = |part: &str| !part.is_empty() && !part.contains('@');
        is_part(name) && is_part(host) && text.bytes().all(|byte| byte.is_ascii_graphic())
    });
    if is_address {
        return Ok(KnownBy::san_email(text));
    }
    Err(Wrong::new(
        "",
        "write it as it stands in the certificate: `api@partner.example`",
    ))
}
