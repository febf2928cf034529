//! `listeners`: where callers come in.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use edge::ClientCertificates;
use model::ListenerId;
use url::Url;

use super::members;
use crate::file::limits::listener_limits;
use crate::house::Service;
use crate::reader::{Reader, Section, Value, Wrong};
use crate::source::{At, Span};

/// A listener.
pub(crate) struct Listener {
    pub(crate) id: At<ListenerId>,
    pub(crate) address: Option<At<SocketAddr>>,
    pub(crate) url: Option<At<Url>>,
    /// What it serves, and where that is written; absent when not all of it could be read.
    pub(crate) serves: Option<BTreeMap<Service, Span>>,
    pub(crate) client_certificates: Option<At<ClientCertificates>>,
    pub(crate) limits: edge::Limits,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Listener> {
    members(
        reader,
        section,
        "listeners",
        ListenerId::parse,
        |reader, id, member| {
            let mut section =
                reader.section(member.node, member.at, "a listener", "listeners.*")?;
            let address = section.required(reader, "address", "0.0.0.0:8443");
            let url = section.required(reader, "url", "https://api.bank.example");
            let serves = section.required(reader, "serves", "[api, token]");
            let client_certificates = section.demanded(
                reader,
                "client_certificates",
                "write `optional`, `required`, or `none` where no partner's certificate is needed",
            );
            let limits = listener_limits(reader, &mut section);
            section.finish(reader);
            let words = [
                ("none", ClientCertificates::None),
                ("optional", ClientCertificates::Optional),
                ("required", ClientCertificates::Required),
            ];
            Some(Listener {
                id,
                address: address.and_then(|value| read_address(reader, value)),
                url: url.and_then(|value| read_url(reader, value)),
                serves: serves.and_then(|value| read_serves(reader, value)),
                client_certificates: client_certificates
                    .and_then(|value| reader.word(value, &words)),
                limits,
            })
        },
    )
}

fn read_address(reader: &mut Reader, value: Value<'_>) -> Option<At<SocketAddr>> {
    let expected = "an address and a port such as `0.0.0.0:8443`";
    reader.parsed(value, expected, |text| {
        text.parse().map_err(|_| {
            Wrong::new(
                format!("`{text}` is not an address and a port"),
                "write an IP address and a port: `0.0.0.0:8443`, `[::1]:8443`",
            )
        })
    })
}

/// How callers reach the listener from outside: an origin (RFC 6454 §6.2), written as it will be
/// compared: it is the audience of access tokens.
fn read_url(reader: &mut Reader, value: Value<'_>) -> Option<At<Url>> {
    reader.parsed(value, "a URL such as `https://api.bank.example`", |text| {
        let wrong = |help: String| Wrong::new(format!("`{text}` cannot be a listener's URL"), help);
        let url = Url::parse(text)
            .ok()
            .filter(Url::has_host)
            .ok_or_else(|| wrong("write one such as `https://api.bank.example`".to_owned()))?;
        if url.scheme() != "https" {
            return Err(wrong(
                "what it serves needs TLS: write `https://`".to_owned(),
            ));
        }
        let origin = url.origin().ascii_serialization();
        if origin != text {
            return Err(wrong(format!(
                "write scheme, host and port alone: `{origin}`"
            )));
        }
        Ok(url)
    })
}

fn read_serves(reader: &mut Reader, value: Value<'_>) -> Option<BTreeMap<Service, Span>> {
    let items = reader.items(value, "`api`, `token`, `discovery`")?;
    let words = Service::ALL.map(|service| (service.as_str(), service));
    let mut serves = BTreeMap::new();
    let mut all = true;
    for node in items {
        let Some(service) = reader.word(Value { node, ..value }, &words) else {
            all = false;
            continue;
        };
        if let Some(first) = serves.insert(service.value, service.at) {
            reader
                .collector
                .mistake(
                    service.at,
                    format!("`{}` is listed twice", service.value.as_str()),
                )
                .see(first, "first here");
        }
    }
    all.then_some(serves)
}

impl Listener {
    /// Whether it serves this; `None` when that could not be read.
    pub(crate) fn serves(&self, service: Service) -> Option<bool> {
        Some(self.serves.as_ref()?.contains_key(&service))
    }
}
