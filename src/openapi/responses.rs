//! The bodies that an operation's successful answers may carry.

use crate::problem::{Problem, Problems, quoted};
use crate::reference::{Document, Site};

/// The successful answers of one operation.
#[derive(Debug, Default)]
pub(crate) struct Successes<'a> {
    /// Whether any is described.
    pub(crate) is_described: bool,
    /// The schemas of their bodies, of every media type.
    pub(crate) schemas: Vec<Site<'a>>,
    /// Pointers to the media types that have no schema.
    pub(crate) without_schema: Vec<String>,
}

/// Reads the 2xx responses; where none is described, `default` stands for them (OpenAPI,
/// Responses Object).
pub(crate) fn successes<'a>(
    document: &Document<'a>,
    operation: &Site<'a>,
    problems: &mut Problems,
) -> Successes<'a> {
    let mut found = Successes::default();
    let Some(responses) = operation.child("responses") else {
        return found;
    };
    let mut default = None;
    for (code, response) in responses.members() {
        if code == "default" {
            default = Some(response);
        } else if is_success(code) {
            found
                .add(document, response)
                .unwrap_or_else(|p| problems.push(p));
        } else if !is_status(code) && !code.starts_with("x-") {
            problems.add(
                response.pointer,
                format!("not a status code: {}", quoted(code)),
                "write a status as `200`, a range as `2XX`, or `default`",
            );
        }
    }
    if let (false, Some(response)) = (found.is_described, default) {
        found
            .add(document, response)
            .unwrap_or_else(|p| problems.push(p));
    }
    found
}

impl<'a> Successes<'a> {
    fn add(&mut self, document: &Document<'a>, response: Site<'a>) -> Result<(), Problem> {
        self.is_described = true;
        let response = document.resolve(response)?;
        let Some(content) = response.child("content") else {
            return Ok(());
        };
        for (_, media) in content.members() {
            match media.child("schema") {
                Some(schema) => self.schemas.push(schema),
                None => self.without_schema.push(media.pointer),
            }
        }
        Ok(())
    }
}

fn is_success(code: &str) -> bool {
    is_status(code) && code.starts_with('2')
}

fn is_status(code: &str) -> bool {
    let mut bytes = code.bytes();
    let is_class = matches!(bytes.next(), Some(b'1'..=b'5'));
    let rest: Vec<u8> = bytes.collect();
    is_class
        && (rest.eq_ignore_ascii_case(b"XX")
            || (rest.len() == 2 && rest.iter().all(u8::is_ascii_digit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_three_digits_or_a_range() {
        for code in ["200", "204", "2XX", "2xx"] {
            assert!(is_success(code), "{code}");
        }
        for code in ["404", "5XX", "101"] {
            assert!(is_status(code) && !is_success(code), "{code}");
        }
        for code in ["2O0", "20", "2000", "600", "2X0", "", "é00"] {
            assert!(!is_status(code), "{code}");
        }
    }
}
