//! `tls`: the server certificates, each for the names that it is shown for.

use crate::files::FileRef;
use crate::reader::{Reader, Section, Value, Wrong};
use crate::shape::{Key, Kind, Shape};
use crate::source::{At, Span};

pub(super) static ENTRY: Shape = Shape::new(
    "a certificate",
    &[
        Key::required(
            "names",
            Kind::List {
                of: "host names",
                item: &Kind::Own {
                    expected: "a host name",
                    pattern: "^(\\*\\.)?[^/*A-Z ]+$",
                },
            },
            "[api.bank.example]",
            "The host names that it is shown for; the first label may be `*`.",
        ),
        Key::required(
            "certificate",
            Kind::File,
            "file:PATH",
            "PEM: the certificate, then those between it and its CA.",
        ),
        Key::required(
            "key",
            Kind::File,
            "file:PATH",
            "PEM: PKCS #8, SEC 1 or PKCS #1, not encrypted.",
        ),
    ],
);

/// One certificate with its names.
pub(crate) struct TlsEntry {
    pub(crate) at: Span,
    /// Host names, lower case; the first label may be `*`.
    pub(crate) names: Vec<At<String>>,
    pub(crate) certificate: Option<At<FileRef>>,
    pub(crate) key: Option<At<FileRef>>,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<TlsEntry> {
    let Some(value) = section.value(reader, "tls") else {
        return Vec::new();
    };
    let items = reader.sections(value);
    items
        .into_iter()
        .map(|mut section| {
            let names = section.value(reader, "names");
            let certificate = section.value(reader, "certificate");
            let key = section.value(reader, "key");
            let at = section.at;
            section.finish(reader);
            TlsEntry {
                at,
                names: names
                    .map(|value| host_names(reader, value))
                    .unwrap_or_default(),
                certificate: certificate.and_then(|value| reader.file(value)),
                key: key.and_then(|value| reader.file(value)),
            }
        })
        .collect()
}

fn host_names(reader: &mut Reader, value: Value<'_>) -> Vec<At<String>> {
    let items = reader.items(value).unwrap_or_default();
    items
        .into_iter()
        .filter_map(|item| {
            reader.parsed(item, |text| {
                let host = text.strip_prefix("*.").unwrap_or(text);
                match url::Host::parse(host) {
                    Ok(parsed) if parsed.to_string() == host => Ok(text.to_owned()),
                    _ => Err(Wrong::new(
                        format!("`{text}` is not a host name"),
                        "write a name in lower case such as `api.bank.example`, or \
                         `*.bank.example`, without a port",
                    )),
                }
            })
        })
        .collect()
}
