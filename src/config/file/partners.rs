//! `partners`: the onboarded organisations.

use model::{ClientId, Name, PartnerId, Standing};

use super::{id, members};
use crate::files::FileRef;
use crate::mistake::Code;
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
    &[Key::demanded(
        "organization_id",
        Kind::Text,
        "write the organizationIdentifier (OID 2.5.4.97) of the partner's certificates",
        "The organizationIdentifier (OID 2.5.4.97) in its certificates.",
    )],
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
    pub(crate) organization_id: Option<At<String>>,
    pub(crate) clients: Vec<Client>,
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
                organization_id: certificate.and_then(|section| read_certificate(reader, section)),
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

fn read_certificate(reader: &mut Reader, mut section: Section<'_>) -> Option<At<String>> {
    let organization_id = section.value(reader, "organization_id");
    section.finish(reader);
    reader.text(organization_id?)
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
