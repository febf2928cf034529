//! `banks.*.fetch`: the hosts of other houses that may be asked in the bank's name.

use model::UpstreamId;
use upstream::EndpointSettings;

use super::members;
use super::upstreams::endpoint;
use crate::files::FileRef;
use crate::mistake::Code;
use crate::reader::{Reader, Section, Wrong};
use crate::shape::{Key, Kind, Shape};
use crate::source::At;

pub(super) static HOST: Shape = Shape::new(
    "a host to fetch from",
    &[
        Key::required(
            "host",
            Kind::Own {
                expected: "a host such as `keys.partner.example`, or with a port",
                pattern: "^[^/@*A-Z ]+$",
            },
            "keys.partner.example",
            "Its name, exact, and its port where that is not 443.",
        ),
        Key::required(
            "authorities",
            Kind::List {
                of: "references `file:PATH`",
                item: &Kind::File,
            },
            "[file:PATH]",
            "The CAs that vouch for its certificate; those of the operating system are not asked.",
        ),
    ],
);

/// The port of `https` (RFC 9110 §4.2.2).
const HTTPS_PORT: u16 = 443;

/// A host that may be asked.
pub(crate) struct FetchHost {
    pub(crate) id: At<UpstreamId>,
    pub(crate) host: Option<At<EndpointSettings>>,
    pub(crate) authorities: Option<Vec<At<FileRef>>>,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<FetchHost> {
    let hosts = members(
        reader,
        section,
        "fetch",
        UpstreamId::parse,
        |reader, id, mut section| {
            let host = section.value(reader, "host");
            let authorities = section.value(reader, "authorities");
            section.finish(reader);
            Some(FetchHost {
                id,
                host: host.and_then(|value| reader.parsed(value, host_of)),
                authorities: authorities.and_then(|value| reader.files(value)),
            })
        },
    );
    let mut known: Vec<&At<EndpointSettings>> = Vec::new();
    for host in hosts.iter().filter_map(|one| one.host.as_ref()) {
        if let Some(first) = known.iter().find(|first| first.value == host.value) {
            let mistake =
                reader
                    .collector
                    .mistake(Code::DuplicateKey, host.at, "this host is listed twice");
            mistake.see(first.at, "first here");
        }
        known.push(host);
    }
    hosts
}

/// A host, with its port or that of `https`.
fn host_of(text: &str) -> Result<EndpointSettings, Wrong> {
    let wrong = || {
        Wrong::new(
            format!("`{text}` is not a host"),
            "write its name alone, in lower case, such as `keys.partner.example` or \
             `keys.partner.example:8443`: neither scheme nor path, no pattern",
        )
    };
    let is_port = |end: &str| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit());
    let has_port = text.rsplit_once(':').is_some_and(|(_, end)| is_port(end));
    let host = if has_port && !text.ends_with("::") {
        endpoint(text)
    } else {
        endpoint(&format!("{text}:{HTTPS_PORT}"))
    };
    let is_plain = !text
        .bytes()
        .any(|b| b.is_ascii_uppercase() || b"*/@".contains(&b));
    host.ok().filter(|_| is_plain).ok_or_else(wrong)
}
