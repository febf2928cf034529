//! `tls`: the server certificates, each for the names that it is shown for.

use crate::files::FileRef;
use crate::reader::{Reader, Section, Value, Wrong};
use crate::source::{At, Span};

/// One certificate with its names.
pub(crate) struct TlsEntry {
    pub(crate) at: Span,
    /// Host names, lower case; the first label may be `*`.
    pub(crate) names: Vec<At<String>>,
    pub(crate) certificate: Option<At<FileRef>>,
    pub(crate) key: Option<At<FileRef>>,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<TlsEntry> {
    let Some(value) = section.required(
        reader,
        "tls",
        "[{ names: [api.bank.example], certificate: file:PATH, key: file:PATH }]",
    ) else {
        return Vec::new();
    };
    let of = "mappings `{ names, certificate, key }`";
    let Some(items) = reader.items(value, of) else {
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|node| {
            let mut section = reader.section(node, node.span, "a certificate", "tls.*")?;
            let names = section.required(reader, "names", "[api.bank.example]");
            let certificate = section.required(reader, "certificate", "file:PATH");
            let key = section.required(reader, "key", "file:PATH");
            section.finish(reader);
            Some(TlsEntry {
                at: node.span,
                names: names
                    .map(|value| host_names(reader, value))
                    .unwrap_or_default(),
                certificate: certificate.and_then(|value| reader.file(value)),
                key: key.and_then(|value| reader.file(value)),
            })
        })
        .collect()
}

fn host_names(reader: &mut Reader, value: Value<'_>) -> Vec<At<String>> {
    let Some(items) = reader.items(value, "host names") else {
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|node| {
            reader.parsed(Value { node, ..value }, "a host name", |text| {
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
