//! A service of the bank's that is asked something: which upstream, and where there.

use url::Url;

use crate::mistake::Code;
use crate::reader::{Reader, Value, Wrong};
use crate::source::At;

/// What every good path is like, for editors.
pub(super) const PATH_PATTERN: &str = "^/[!$%&'()*+,./:;=@_~A-Za-z0-9-]{0,255}$";

/// The longest path at which a service is asked, in bytes.
const PATH_BYTES_MAX: usize = 256;

/// Where a service is asked.
#[derive(Default)]
pub(crate) struct Asked {
    /// One of the bank's upstreams.
    pub(crate) upstream: Option<At<String>>,
    /// Where it is asked there.
    pub(crate) path: Option<String>,
}

/// Reads a section with the keys `upstream` and `path`; `what` completes "cannot be …". The path
/// may have others below it, so that no slash ends it.
pub(super) fn read(reader: &mut Reader, value: Value<'_>, what: &str) -> Asked {
    let Some(mut section) = reader.section(value) else {
        return Asked::default();
    };
    let upstream = section.value(reader, "upstream");
    let path = section.value(reader, "path");
    section.finish(reader);
    Asked {
        upstream: upstream.and_then(|value| reader.name(value)),
        path: path
            .and_then(|value| {
                reader.parsed(value, |text| {
                    let path = asked_at(text, what)?;
                    if path.ends_with('/') {
                        let what = format!("`{text}` cannot be {what}");
                        return Err(Wrong::new(what, "write it without the slash at its end"));
                    }
                    Ok(path)
                })
            })
            .map(|at| at.value),
    }
}

/// A path as it goes into a request's first line, and into no other shape on the way: of what
/// RFC 3986 §3.3 allows, without empty and dot segments. `what` completes "cannot be …".
pub(super) fn asked_at(text: &str, what: &str) -> Result<String, Wrong> {
    let wrong = |help: &str| Wrong::new(format!("`{text}` cannot be {what}"), help);
    if !text.starts_with('/') {
        return Err(wrong(
            "write it from the first slash on: `/customers/v1/log-in`",
        ));
    }
    if text.contains(['?', '#']) {
        return Err(wrong("write it without query and fragment"));
    }
    if text.len() > PATH_BYTES_MAX {
        return Err(Wrong::of(
            Code::OutOfRange,
            format!("`path` cannot have {} bytes", text.len()),
            format!("it may have up to {PATH_BYTES_MAX}"),
        ));
    }
    let is_of_paths =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!$%&'()*+,-./:;=@_~".contains(&byte);
    if !text.bytes().all(is_of_paths) {
        return Err(wrong(
            "write it in the characters of a URL's path, others as `%XX`",
        ));
    }
    let resolved = Url::parse(&format!("https://bank.example{text}")).ok();
    let is_plain = resolved.is_some_and(|url| url.path() == text);
    if is_plain && !text.contains("//") {
        Ok(text.to_owned())
    } else {
        Err(wrong("write it without `//`, `.` and `..`"))
    }
}
