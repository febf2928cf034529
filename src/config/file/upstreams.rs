//! `banks.*.upstreams`: the bank's services.

use model::UpstreamId;
use upstream::{EndpointSettings, UpstreamLimits};

use super::limits::upstream_limits;
use super::members;
use crate::files::FileRef;
use crate::reader::{Reader, Section, Value, Wrong};
use crate::source::At;
use crate::yaml::Kind;

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
        |reader, id, member| {
            let path = "banks.*.upstreams.*";
            let mut section = reader.section(member.node, member.at, "an upstream", path)?;
            let endpoints = section.required(reader, "endpoints", "[\"10.0.0.11:8443\"]");
            let tls = section.demanded(
                reader,
                "tls",
                "write `tls: { authorities, certificate, key }`, or `tls: none` where all \
                 endpoints are on this machine",
            );
            let limits = upstream_limits(reader, &mut section);
            section.finish(reader);
            let endpoints = endpoints
                .map(|value| read_endpoints(reader, value))
                .unwrap_or_default();
            let tls = tls.and_then(|value| match &value.node.kind {
                Kind::Scalar { .. } => {
                    if reader.word(value, &[("none", ())]).is_some() {
                        refuse_plain(reader, &endpoints);
                    }
                    None
                }
                _ => read_tls(reader, value),
            });
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
    let items = reader.items(value, "hosts with ports").unwrap_or_default();
    if items.len() > ENDPOINTS_MAX {
        reader
            .collector
            .mistake(
                value.key_span,
                format!("{} endpoints are too many", items.len()),
            )
            .help(format!("an upstream may have {ENDPOINTS_MAX}"));
    }
    let mut endpoints: Vec<At<EndpointSettings>> = Vec::new();
    for node in items {
        let expected = "a host and a port such as `10.0.0.11:8443`";
        let Some(endpoint) = reader.parsed(Value { node, ..value }, expected, endpoint) else {
            continue;
        };
        match endpoints.iter().find(|known| known.value == endpoint.value) {
            Some(first) => {
                reader
                    .collector
                    .mistake(endpoint.at, "this endpoint is listed twice")
                    .see(first.at, "first here");
            }
            None => endpoints.push(endpoint),
        }
    }
    endpoints
}

fn endpoint(text: &str) -> Result<EndpointSettings, Wrong> {
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
    let at = value.key_span;
    let mut section = reader.section(value.node, at, "`tls`", "banks.*.upstreams.*.tls")?;
    let authorities = section.required(reader, "authorities", "[file:PATH]");
    let certificate = section.required(reader, "certificate", "file:PATH");
    let key = section.required(reader, "key", "file:PATH");
    let name = section.optional(reader, "name");
    section.finish(reader);
    Some(UpstreamTls {
        authorities: authorities.and_then(|value| reader.files(value)),
        certificate: certificate.and_then(|value| reader.file(value)),
        key: key.and_then(|value| reader.file(value)),
        name: name.and_then(|value| server_name(reader, value)),
    })
}

fn server_name(reader: &mut Reader, value: Value<'_>) -> Option<At<String>> {
    reader.parsed(value, "a host name", |text| match url::Host::parse(text) {
        Ok(host) if host.to_string() == text => Ok(text.to_owned()),
        _ => Err(Wrong::new(
            format!("`{text}` is not a host name"),
            "write the name that the bank's certificate bears, such as `ledger.bank.example`",
        )),
    })
}
