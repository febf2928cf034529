//! `banks.*.upstreams`: the bank's services.

use model::UpstreamId;
use upstream::{EndpointSettings, UpstreamLimits};

use super::limits::{UPSTREAM_LIMITS, upstream_limits};
use super::members;
use crate::files::FileRef;
use crate::mistake::Code;
use crate::reader::{Alternative, Reader, Section, Value, Wrong};
use crate::shape::{Key, Kind, Shape};
use crate::source::At;

pub(super) static UPSTREAM: Shape = Shape::new(
    "an upstream",
    &[
        Key::required(
            "endpoints",
            Kind::List {
                of: "hosts with ports",
                item: &Kind::Own {
                    expected: "a host and a port such as `10.0.0.11:8443`",
                    pattern: "^[^ /]+:[0-9]{1,5}$",
                },
            },
            "[\"10.0.0.11:8443\"]",
            "Host and port of each endpoint, equal among each other.",
        ),
        Key::demanded(
            "tls",
            Kind::Or("none", &Kind::Section(&TLS)),
            "write `tls: { authorities, certificate, key }`, or `tls: none` where all endpoints \
             are on this machine",
            "How the bank proves itself, and we to it; `none` only on this machine.",
        ),
        Key::demanded(
            "limits",
            Kind::Standard(&UPSTREAM_LIMITS),
            "write `limits: standard`, or a mapping of all limits",
            "What a connection and an answer may take.",
        ),
    ],
);

static TLS: Shape = Shape::new(
    "`tls`",
    &[
        Key::required(
            "authorities",
            Kind::List {
                of: "references `file:PATH`",
                item: &Kind::File,
            },
            "[file:PATH]",
            "The CAs that vouch for the bank's certificate.",
        ),
        Key::required(
            "certificate",
            Kind::File,
            "file:PATH",
            "Who we are to the bank; PEM, our certificate first.",
        ),
        Key::required("key", Kind::File, "file:PATH", "Its private key, PEM."),
        Key::absent(
            "name",
            Kind::Own {
                expected: "a host name",
                pattern: "^[^/*A-Z ]+$",
            },
            "the host of the endpoint",
            "The name that the bank's certificate must bear.",
        ),
    ],
);

/// Most endpoints of an upstream.
const ENDPOINTS_MAX: usize = 64;

/// A bank service.
pub(crate) struct Upstream {
    pub(crate) id: At<UpstreamId>,
    pub(crate) endpoints: Vec<At<EndpointSettings>>,
    /// Absent when `none` is written.
    pub(crate) tls: Option<UpstreamTls>,
    pub(crate) limits: UpstreamLimits,
}

/// How the bank proves itself to us, and we to the bank.
pub(crate) struct UpstreamTls {
    pub(crate) authorities: Option<Vec<At<FileRef>>>,
    pub(crate) certificate: Option<At<FileRef>>,
    pub(crate) key: Option<At<FileRef>>,
    pub(crate) name: Option<At<String>>,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Upstream> {
    members(
        reader,
        section,
        "upstreams",
        UpstreamId::parse,
        |reader, id, mut section| {
            let endpoints = section.value(reader, "endpoints");
            let tls = section.value(reader, "tls");
            let limits = upstream_limits(reader, &mut section);
            section.finish(reader);
            let endpoints = endpoints
                .map(|value| read_endpoints(reader, value))
                .unwrap_or_default();
            let tls = match tls.and_then(|value| reader.alternative(value)) {
                Some(Alternative::Other(value)) => read_tls(reader, value),
                Some(Alternative::Word) => {
                    refuse_plain(reader, &endpoints);
                    None
                }
                None => None,
            };
            Some(Upstream {
                id,
                endpoints,
                tls,
                limits,
            })
        },
    )
}

fn read_endpoints(reader: &mut Reader, value: Value<'_>) -> Vec<At<EndpointSettings>> {
    let items = reader.items(value).unwrap_or_default();
    if items.len() > ENDPOINTS_MAX {
        reader
            .collector
            .mistake(
                Code::OutOfRange,
                value.key_span,
                format!("{} endpoints are too many", items.len()),
            )
            .help(format!("an upstream may have {ENDPOINTS_MAX}"));
    }
    let mut endpoints: Vec<At<EndpointSettings>> = Vec::new();
    for item in items {
        let Some(endpoint) = reader.parsed(item, endpoint) else {
            continue;
        };
        match endpoints.iter().find(|known| known.value == endpoint.value) {
            Some(first) => {
                reader
                    .collector
                    .mistake(
                        Code::DuplicateKey,
                        endpoint.at,
                        "this endpoint is listed twice",
                    )
                    .see(first.at, "first here");
            }
            None => endpoints.push(endpoint),
        }
    }
    endpoints
}

/// A host and a port.
pub(super) fn endpoint(text: &str) -> Result<EndpointSettings, Wrong> {
    let wrong = || {
        Wrong::new(
            format!("`{text}` is not a host and a port"),
            "write `10.0.0.11:8443`, `[2001:db8::1]:8443` or `ledger.bank.example:443`",
        )
    };
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let port: u16 = port
        .parse()
        .ok()
        .filter(|port| digits && *port != 0)
        .ok_or_else(wrong)?;
    let host = match url::Host::parse(host).map_err(|_| wrong())? {
        url::Host::Domain(name) => name,
        url::Host::Ipv4(address) => address.to_string(),
        url::Host::Ipv6(address) => address.to_string(),
    };
    Ok(EndpointSettings { host, port })
}

/// Without TLS only the machine itself may be reached (DESIGN §4).
fn refuse_plain(reader: &mut Reader, endpoints: &[At<EndpointSettings>]) {
    for endpoint in endpoints {
        if upstream::may_be_plain(&endpoint.value.host) {
            continue;
        }
        reader
            .collector
            .mistake(
                Code::Unguarded,
                endpoint.at,
                format!("`{}` is not reached without TLS", endpoint.value.host),
            )
            .help(
                "write `tls: { authorities, certificate, key }`; only loopback addresses may do \
                 without",
            );
    }
}

fn read_tls(reader: &mut Reader, value: Value<'_>) -> Option<UpstreamTls> {
    let mut section = reader.section(value)?;
    let authorities = section.value(reader, "authorities");
    let certificate = section.value(reader, "certificate");
    let key = section.value(reader, "key");
    let name = section.value(reader, "name");
    section.finish(reader);
    Some(UpstreamTls {
        authorities: authorities.and_then(|value| reader.files(value)),
        certificate: certificate.and_then(|value| reader.file(value)),
        key: key.and_then(|value| reader.file(value)),
        name: name.and_then(|value| server_name(reader, value)),
    })
}

fn server_name(reader: &mut Reader, value: Value<'_>) -> Option<At<String>> {
    reader.parsed(value, |text| match url::Host::parse(text) {
        Ok(host) if host.to_string() == text => Ok(text.to_owned()),
        _ => Err(Wrong::new(
            format!("`{text}` is not a host name"),
            "write the name that the bank's certificate bears, such as `ledger.bank.example`",
        )),
    })
}
