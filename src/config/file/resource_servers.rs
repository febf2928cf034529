//! `banks.*.issuer.resource_servers`: the bank's own services that ask about tokens (RFC 7662).

use model::ClientId;
use url::Url;

use super::clients::{self, AUTH, CERTIFICATE, Proof};
use super::id;
use crate::reader::{Reader, Section, Value, Wrong};
use crate::shape::{Id, Key, Kind, Shape};
use crate::source::At;

/// What the section of them is.
pub(super) const KIND: Kind = Kind::Named(&RESOURCE_SERVER, Id::Visible);

static RESOURCE_SERVER: Shape = Shape::new(
    "a resource server",
    &[
        AUTH,
        Key::absent(
            "jwks",
            Kind::File,
            "with `tls_client_auth` its certificate proves it; otherwise it must be written",
            "Its public keys (RFC 7517): PS256, ES256 or EdDSA; with `self_signed_tls_client_auth` \
             those of its certificates.",
        ),
        CERTIFICATE,
        Key::required(
            "audience",
            Kind::Own {
                expected: "a URL such as `https://files.bank.example`",
                pattern: "^https://[^?#@ ]+$",
            },
            "https://files.bank.example",
            "It may ask about tokens with this in `aud`: a listener's URL, or one of its own, which \
             tokens hold when they are asked for with this as `resource` (RFC 8707).",
        ),
        Key::absent(
            "products",
            Kind::List {
                of: "products",
                item: &Kind::Name,
            },
            "`audience` is the URL of a listener, whose products say it; otherwise it must be \
             written",
            "Behind which products it is: clients of partners with an agreement on one of them may \
             ask for tokens for it, and of what a token grants it is told the scopes and details \
             that these products are asked for.",
        ),
    ],
);

/// A service that asks about tokens.
pub(crate) struct ResourceServer {
    pub(crate) id: At<ClientId>,
    pub(crate) proof: Proof,
    pub(crate) audience: Option<At<String>>,
    /// The products that it is behind, where they are written.
    pub(crate) products: Option<Vec<At<String>>>,
}

pub(super) fn read(reader: &mut Reader, value: Value<'_>) -> Vec<ResourceServer> {
    let members = reader.named(value);
    members
        .into_iter()
        .filter_map(|member| {
            let id = id(reader, member.name, member.at, ClientId::parse)?;
            Some(one(reader, id, member.section?))
        })
        .collect()
}

fn one(reader: &mut Reader, id: At<ClientId>, mut section: Section<'_>) -> ResourceServer {
    let proof = clients::written(reader, &mut section, None).with_keys_for_proof_alone(reader);
    let audience = section.value(reader, "audience");
    let products = section.value(reader, "products");
    section.finish(reader);
    ResourceServer {
        id,
        proof: clients::proof(reader, &proof),
        audience: audience.and_then(|value| reader.parsed(value, audience_of)),
        products: products.map(|value| reader.name_list(value)),
    }
}

/// A URL as it will be compared, byte by byte: `https`, neither query nor fragment (RFC 8707 §2).
fn audience_of(text: &str) -> Result<String, Wrong> {
    let wrong = |help: String| Wrong::new(format!("`{text}` cannot be an audience"), help);
    let url = Url::parse(text)
        .ok()
        .filter(|url| url.scheme() == "https" && url.has_host())
        .ok_or_else(|| wrong("write a URL that begins with `https://`".to_owned()))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("write it without query and fragment".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("write it without user name and password".to_owned()));
    }
    let canonical = url.as_str().trim_end_matches('/');
    if canonical == text {
        Ok(text.to_owned())
    } else {
        Err(wrong(format!("write `{canonical}`")))
    }
}
