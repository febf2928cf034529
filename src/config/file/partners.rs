//! `partners`: the onboarded organisations.

use model::{ClientId, Name, PartnerId, Standing};

use super::{id, members};
use crate::files::FileRef;
use crate::reader::{Reader, Section, Value, Wrong};
use crate::source::At;

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
        |reader, id, member| {
            let mut section = reader.section(member.node, member.at, "a partner", "partners.*")?;
            let name = section.required(reader, "name", "{ legal: NAME }");
            let contact = section.required(reader, "privacy_contact", "privacy@partner.example");
            let standing = section.demanded(
                reader,
                "standing",
                "write `standing: active` or `standing: suspended`",
            );
            let certificate = section.required(reader, "certificate", "{ organization_id: ID }");
            let clients = clients(reader, &mut section);
            section.finish(reader);
            let words = [
                ("active", Standing::Active),
                ("suspended", Standing::Suspended),
            ];
            Some(Partner {
                id,
                name: name.and_then(|value| read_name(reader, value)),
                privacy_contact: contact.and_then(|value| read_contact(reader, value)),
                standing: standing
                    .and_then(|value| reader.word(value, &words))
                    .map(|at| at.value),
                organization_id: certificate.and_then(|value| read_certificate(reader, value)),
                clients,
            })
        },
    )
}

fn read_name(reader: &mut Reader, value: Value<'_>) -> Option<Name> {
    let mut section = reader.section(value.node, value.key_span, "a name", "partners.*.name")?;
    let legal = section.required(reader, "legal", "NAME");
    let en = section.optional(reader, "en");
    let zh_cn = section.optional(reader, "zh-CN");
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
                text.at,
                format!("`{}` cannot be a privacy contact", text.value),
            )
            .help("write a mail address, or a page that begins with `https://`");
        return None;
    }
    Some(text.value)
}

fn read_certificate(reader: &mut Reader, value: Value<'_>) -> Option<At<String>> {
    let path = "partners.*.certificate";
    let mut section = reader.section(value.node, value.key_span, "`certificate`", path)?;
    let organization_id = section.demanded(
        reader,
        "organization_id",
        "write the organizationIdentifier (OID 2.5.4.97) of the partner's certificates",
    );
    section.finish(reader);
    reader.text(organization_id?)
}

fn clients(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Client> {
    let Some(value) = section.optional(reader, "clients") else {
        return Vec::new();
    };
    let members = reader.named(value);
    members
        .into_iter()
        .filter_map(|member| {
            let id = id(reader, member.name, member.at, ClientId::parse)?;
            let path = "partners.*.clients.*";
            let mut section = reader.section(member.node, member.at, "a client", path)?;
            let auth = section.required(reader, "auth", "private_key_jwt");
            let jwks = section.required(reader, "jwks", "file:PATH");
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
    reader.parsed(value, "`private_key_jwt`", |text| match text {
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
