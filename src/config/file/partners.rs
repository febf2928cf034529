//! `partners`: the onboarded organisations.

use model::{Name, PartnerId, Standing};

use super::clients::{self, Client};
use super::known_by::{self, Certificate};
use super::members;
use crate::mistake::Code;
use crate::reader::{Reader, Section, Value};
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
            Kind::Section(&known_by::PARTNERS),
            "{ organization_id: ID }",
            "By what its certificates are known.",
        ),
        Key::absent(
            "clients",
            Kind::Named(&clients::CLIENT, Id::Visible),
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

/// A partner.
pub(crate) struct Partner {
    pub(crate) id: At<PartnerId>,
    pub(crate) name: Option<Name>,
    pub(crate) privacy_contact: Option<String>,
    pub(crate) standing: Option<Standing>,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) clients: Vec<Client>,
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
            let clients = clients::read(reader, &mut section);
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
                certificate: certificate.and_then(|section| known_by::of_partner(reader, section)),
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
