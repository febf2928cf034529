//! `listeners`: where callers come in.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use edge::ClientCertificates;
use model::ListenerId;
use url::Url;

use super::members;
use super::partner_ca::{REVOCATION_KIND, Revocation, read_revocation};
use crate::file::limits::{LISTENER_LIMITS, listener_limits};
use crate::files::FileRef;
use crate::house::Service;
use crate::mistake::Code;
use crate::reader::{Reader, Section, Value, Wrong};
use crate::shape::{Key, Kind, Shape};
use crate::source::{At, Span};

pub(super) static LISTENER: Shape = Shape::new(
    "a listener",
    &[
        Key::required(
            "address",
            Kind::Own {
                expected: "an address and a port such as `0.0.0.0:8443`",
                pattern: "^([0-9.]+|\\[[0-9a-fA-F:.%]+\\]):[0-9]{1,5}$",
            },
            "0.0.0.0:8443",
            "IP address and port to listen on.",
        ),
        Key::absent(
            "url",
            Kind::Own {
                expected: "a URL such as `https://api.bank.example`",
                pattern: "^https://[^/?#@]+$",
            },
            "no TLS, which only a listener that serves `health` may go without",
            "How callers reach it: scheme, host and port; also what access tokens are good for.",
        ),
        Key::required(
            "serves",
            Kind::List {
                of: "`api`, `token`, `discovery`, `authorize`, `metrics`, `health`",
                item: &Kind::Word(&[
                    "api",
                    "token",
                    "discovery",
                    "authorize",
                    "metrics",
                    "health",
                ]),
            },
            "[api, token]",
            "What is served: the products, the token endpoints of the issuers, their metadata and \
             public keys, the pages at which customers log in and approve; what is measured, for \
             operators; whether the process lives and is ready.",
        ),
        Key::absent(
            "client_certificates",
            Kind::Word(&["none", "optional", "required"]),
            "no TLS to ask in; with a `url` it must be written",
            "Whether clients are asked for a certificate.",
        ),
        Key::absent(
            "authorities",
            Kind::List {
                of: "references `file:PATH`",
                item: &Kind::File,
            },
            "no operators; with `metrics` it must be written",
            "The CAs that issue the operators' certificates, none of which issues to partners.",
        ),
        Key::absent(
            "revocation",
            REVOCATION_KIND,
            "no operators; with `metrics` it must be written",
            "Which operators' certificates are revoked; `none` lets revoked certificates in.",
        ),
        Key::demanded(
            "limits",
            Kind::Standard(&LISTENER_LIMITS),
            "write `limits: standard`, or a mapping of all limits",
            "What a connection and a request may take.",
        ),
    ],
);

/// A listener.
pub(crate) struct Listener {
    pub(crate) id: At<ListenerId>,
    pub(crate) address: Option<At<SocketAddr>>,
    pub(crate) url: Option<At<Url>>,
    /// What it serves, and where that is written; absent when not all of it could be read.
    pub(crate) serves: Option<BTreeMap<Service, Span>>,
    pub(crate) client_certificates: Option<At<ClientCertificates>>,
    /// Whose certificates it takes, where it serves operators.
    pub(crate) authorities: Option<At<Option<Vec<At<FileRef>>>>>,
    /// What of theirs is revoked, likewise.
    pub(crate) revocation: Option<At<Option<Revocation>>>,
    /// Whether it listens without TLS: it serves health and has no URL.
    pub(crate) is_plain: bool,
    pub(crate) limits: edge::Limits,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Listener> {
    members(
        reader,
        section,
        "listeners",
        ListenerId::parse,
        |reader, id, mut section| {
            let address = section.value(reader, "address");
            let serves = section.value(reader, "serves");
            let serves = serves.and_then(|value| read_serves(reader, value));
            let url = section.value(reader, "url");
            let is_plain = url.is_none() && is_among(serves.as_ref(), Service::Health);
            if url.is_none() && !is_plain {
                section.lacks("url", "write `url: https://api.bank.example`");
            }
            let client_certificates = client_certificates(reader, &mut section, is_plain);
            let authorities = section.value(reader, "authorities").map(|value| At {
                at: value.key_span,
                value: reader.files(value),
            });
            let revocation = section.value(reader, "revocation").map(|value| At {
                at: value.key_span,
                value: read_revocation(reader, value),
            });
            let limits = listener_limits(reader, &mut section);
            section.finish(reader);
            Some(Listener {
                id,
                address: address.and_then(|value| read_address(reader, value)),
                url: url.and_then(|value| read_url(reader, value)),
                serves,
                client_certificates,
                authorities,
                revocation,
                is_plain,
                limits,
            })
        },
    )
}

/// Whether clients are asked for certificates. Without TLS there is nothing to ask: a listener that
/// says it all the same has lost its URL.
fn client_certificates(
    reader: &mut Reader,
    section: &mut Section<'_>,
    is_plain: bool,
) -> Option<At<ClientCertificates>> {
    let value = section.value(reader, "client_certificates");
    match &value {
        Some(value) if is_plain => {
            reader
                .collector
                .mistake(
                    Code::Contradiction,
                    value.key_span,
                    "without a `url` the listener has no TLS, and asks for no certificate",
                )
                .help("give it a `url: https://…`, or remove this line for plain health probes");
        }
        None if !is_plain => section.lacks(
            "client_certificates",
            "write `optional`, `required`, or `none` where no partner's certificate is needed",
        ),
        _ => {}
    }
    let words = [
        ("none", ClientCertificates::None),
        ("optional", ClientCertificates::Optional),
        ("required", ClientCertificates::Required),
    ];
    reader.word(value?, &words)
}

fn is_among(serves: Option<&BTreeMap<Service, Span>>, service: Service) -> bool {
    serves.is_some_and(|serves| serves.contains_key(&service))
}

fn read_address(reader: &mut Reader, value: Value<'_>) -> Option<At<SocketAddr>> {
    reader.parsed(value, |text| {
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
    reader.parsed(value, |text| {
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
    let items = reader.items(value)?;
    let words = Service::ALL.map(|service| (service.as_str(), service));
    let mut serves = BTreeMap::new();
    let mut all = true;
    for item in items {
        let Some(service) = reader.word(item, &words) else {
            all = false;
            continue;
        };
        if let Some(first) = serves.insert(service.value, service.at) {
            reader
                .collector
                .mistake(
                    Code::DuplicateKey,
                    service.at,
                    format!("`{}` is listed twice", service.value.as_str()),
                )
                .see(first, "first here");
        }
    }
    all.then_some(serves)
}

impl Listener {
    /// Scheme, host and port of its URL: what tokens for it name.
    pub(crate) fn origin(&self) -> Option<String> {
        let url = &self.url.as_ref()?.value;
        Some(url.origin().ascii_serialization())
    }

    /// Whether it serves this; `None` when that could not be read.
    pub(crate) fn serves(&self, service: Service) -> Option<bool> {
        Some(self.serves.as_ref()?.contains_key(&service))
    }
}
