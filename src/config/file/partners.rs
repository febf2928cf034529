//! `partners`: the onboarded organisations.

use crypto::DistinguishedName;
use identity::KnownBy;
use model::{ClientId, Name, PartnerId, Standing};

use super::{id, members};
use crate::files::FileRef;
use crate::mistake::{Code, listed};
use crate::reader::{Reader, Section, Value, Wrong};
use crate::shape::{Id, Key, Kind, Shape};
use crate::source::At;

pub(super) static PARTNER: Shape = Shape::new(
    "a partner",
    &[
        Key::required(
            "name",
            Kind::Section(&NAME),
            "{ legal: NAME }",
            "What it is called.",
        ),
        Key::required(
            "privacy_contact",
            Kind::Text,
            "privacy@partner.example",
            "Whom a customer asks about their data: a mail address or an https:// page.",
        ),
        Key::demanded(
            "standing",
            Kind::Word(&["active", "suspended"]),
            "write `standing: active` or `standing: suspended`",
            "A suspended partner is refused everywhere.",
        ),
        Key::required(
            "certificate",
            Kind::Section(&CERTIFICATE),
            "{ organization_id: ID }",
            "By what its certificates are known.",
        ),
        Key::absent(
            "clients",
            Kind::Named(&CLIENT, Id::Visible),
            "it has no client, and gets no token",
            "Its OAuth clients, by client_id.",
        ),
    ],
);

static NAME: Shape = Shape::new(
    "a name",
    &[
        Key::required("legal", Kind::Text, "NAME", "The registered name."),
        Key::absent(
            "en",
            Kind::Text,
            "the legal name is shown",
            "The name shown in English.",
        ),
        Key::absent(
            "zh-CN",
            Kind::Text,
            "the legal name is shown",
            "The name shown in Chinese.",
        ),
    ],
);

static CERTIFICATE: Shape = Shape::new(
    "`certificate`",
    &[
        Key::choice(
            "organization_id",
            Kind::Text,
            "The organizationIdentifier (OID 2.5.4.97) in its certificates.",
        ),
        Key::choice(
            "subject_dn",
            Kind::Text,
            "The whole subject of its certificates (RFC 4514), compared by attribute.",
        ),
        Key::choice(
            "san_dns",
            Kind::Text,
            "A DNS name in the subjectAltName of its certificates.",
        ),
        Key::choice(
            "san_uri",
            Kind::Text,
            "A URI in the subjectAltName of its certificates.",
        ),
        Key::choice(
            "san_ip",
            Kind::Text,
            "An IP address in the subjectAltName of its certificates.",
        ),
        Key::choice(
            "san_email",
            Kind::Text,
            "A mail address in the subjectAltName of its certificates.",
        ),
    ],
);

static CLIENT: Shape = Shape::new(
    "a client",
    &[
        Key::required(
            "auth",
            Kind::Word(&["private_key_jwt"]),
            "private_key_jwt",
            "How it proves itself.",
        ),
        Key::required(
            "jwks",
            Kind::File,
            "file:PATH",
            "Its public keys (RFC 7517): PS256, ES256 or EdDSA.",
        ),
    ],
);

/// A partner.
pub(crate) struct Partner {
    pub(crate) id: At<PartnerId>,
    pub(crate) name: Option<Name>,
    pub(crate) privacy_contact: Option<String>,
    pub(crate) standing: Option<Standing>,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) clients: Vec<Client>,
}

/// What a partner's certificates are known by.
pub(crate) struct Certificate {
    pub(crate) known_by: KnownBy,
    pub(crate) written: At<String>,
}

/// An OAuth client of a partner.
pub(crate) struct Client {
    pub(crate) id: At<ClientId>,
    pub(crate) jwks: Option<At<FileRef>>,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Partner> {
    members(
        reader,
        section,
        "partners",
        PartnerId::parse,
        |reader, id, mut section| {
            let name = section.inner(reader, "name");
            let contact = section.value(reader, "privacy_contact");
            let standing = section.value(reader, "standing");
            let certificate = section.inner(reader, "certificate");
            let clients = clients(reader, &mut section);
            section.finish(reader);
            let words = [
                ("active", Standing::Active),
                ("suspended", Standing::Suspended),
            ];
            Some(Partner {
                id,
                name: name.and_then(|section| read_name(reader, section)),
                privacy_contact: contact.and_then(|value| read_contact(reader, value)),
                standing: standing
                    .and_then(|value| reader.word(value, &words))
                    .map(|at| at.value),
                certificate: certificate.and_then(|section| read_certificate(reader, section)),
                clients,
            })
        },
    )
}

fn read_name(reader: &mut Reader, mut section: Section<'_>) -> Option<Name> {
    let legal = section.value(reader, "legal");
    let en = section.value(reader, "en");
    let zh_cn = section.value(reader, "zh-CN");
    section.finish(reader);
    let mut text = |value| reader.text(value).map(|at| at.value);
    let (en, zh_cn) = (en.and_then(&mut text), zh_cn.and_then(&mut text));
    Some(Name {
        legal: legal.and_then(text)?,
        en,
        zh_cn,
    })
}

fn read_contact(reader: &mut Reader, value: Value<'_>) -> Option<String> {
    let text = reader.text(value)?;
    let is_address = text.value.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !text.value.contains(char::is_whitespace)
    });
    let is_page = text.value.starts_with("https://") && url::Url::parse(&text.value).is_ok();
    if !is_address && !is_page {
        reader
            .collector
            .mistake(
                Code::BadValue,
                text.at,
                format!("`{}` cannot be a privacy contact", text.value),
            )
            .help("write a mail address, or a page that begins with `https://`");
        return None;
    }
    Some(text.value)
}

/// Reads what a certificate's text says, or what is wrong with it.
type Known = fn(&str) -> Result<KnownBy, Wrong>;

/// What a partner can be known by: its key, what the key must be, and how it is read.
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

/// Exactly one of the keys: a certificate that had to bear two things would be known by neither.
fn read_certificate(reader: &mut Reader, mut section: Section<'_>) -> Option<Certificate> {
    let mut first: Option<(Value<'_>, &str, Known)> = None;
    let mut several = false;
    for (key, expected, known) in KNOWN_BY {
        let Some(value) = section.value(reader, key) else {
            continue;
        };
        let Some((before, ..)) = first else {
            first = Some((value, expected, known));
            continue;
        };
        several = true;
        let what = "a partner's certificates are known by one thing";
        reader
            .collector
            .mistake(Code::Contradiction, value.key_span, what)
            .see(before.key_span, "the first")
            .help(format!("remove `{}` or `{key}`", before.key.name));
    }
    let at = section.at;
    section.finish(reader);
    let Some((value, expected, known)) = first else {
        let keys = KNOWN_BY.map(|(key, ..)| key);
        let what = "`certificate` does not say what it is known by";
        reader
            .collector
            .mistake(Code::MissingKey, at, what)
            .help(format!(
                "write `organization_id: ID`, the organizationIdentifier (OID 2.5.4.97) of the \
                 partner's certificates; or one of {}",
                listed(keys.into_iter().skip(1))
            ));
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

fn clients(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Client> {
    let Some(value) = section.value(reader, "clients") else {
        return Vec::new();
    };
    let members = reader.named(value);
    members
        .into_iter()
        .filter_map(|member| {
            let id = id(reader, member.name, member.at, ClientId::parse)?;
            let mut section = member.section?;
            let auth = section.value(reader, "auth");
            let jwks = section.value(reader, "jwks");
            section.finish(reader);
            if let Some(auth) = auth {
                client_auth(reader, auth);
            }
            Some(Client {
                id,
                jwks: jwks.and_then(|value| reader.file(value)),
            })
        })
        .collect()
}

/// The one method of client authentication that is built (RFC 7523; checklist CA-01).
fn client_auth(reader: &mut Reader, value: Value<'_>) {
    reader.parsed(value, |text| match text {
        "private_key_jwt" => Ok(()),
        "none" | "client_secret_basic" | "client_secret_post" | "client_secret_jwt" => {
            Err(Wrong::new(
                format!("`{text}` is not a way in which a client may prove itself"),
                "FAPI 2.0 demands a key: write `private_key_jwt`",
            ))
        }
        _ => Err(Wrong::new(
            format!("`auth` cannot be `{text}`"),
            "write `private_key_jwt`",
        )),
    });
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
