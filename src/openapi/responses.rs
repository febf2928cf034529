//! The bodies that an operation's successful answers may carry.

use crate::problem::{Problem, Problems, quoted};
use crate::reference::{Document, Site};

/// The successful statuses that a description is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statuses {
    /// This one.
    One(u16),
    /// Every 2xx that is not described by itself.
    Successes,
}

/// The successful answers of one operation.
#[derive(Debug, Default)]
pub(crate) struct Successes<'a> {
    /// Whether any is described, be it badly.
    pub(crate) is_described: bool,
    /// Those that can be read.
    pub(crate) list: Vec<Success<'a>>,
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Success<'a> {
    pub(crate) statuses: Statuses,
    /// The media types of its body, as written, each with its description; none: it has no body.
    pub(crate) bodies: Vec<(&'a str, Site<'a>)>,
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
        } else if let Some(statuses) = success(code) {
            found
                .add(document, statuses, response)
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
            .add(document, Statuses::Successes, response)
            .unwrap_or_else(|p| problems.push(p));
    }
    found
}

impl<'a> Successes<'a> {
    fn add(
        &mut self,
        document: &Document<'a>,
        statuses: Statuses,
        response: Site<'a>,
    ) -> Result<(), Problem> {
        self.is_described = true;
        let response = document.resolve(response)?;
        let content = response.child("content");
        let bodies = content.iter().flat_map(Site::members).collect();
        self.list.push(Success { statuses, bodies });
        Ok(())
    }

    /// The schemas of the bodies, of every media type.
    pub(crate) fn schemas(&self) -> Vec<Site<'a>> {
        let bodies = self.list.iter().flat_map(|success| &success.bodies);
        bodies
            .filter_map(|(_, body)| body.child("schema"))
            .collect()
    }

    /// Pointers to the media types that have no schema.
    pub(crate) fn without_schema(&self) -> impl Iterator<Item = &str> {
        let bodies = self.list.iter().flat_map(|success| &success.bodies);
        bodies
            .filter(|(_, body)| body.child("schema").is_none())
            .map(|(_, body)| body.pointer.as_str())
    }
}

fn success(code: &str) -> Option<Statuses> {
    if !is_status(code) || !code.starts_with('2') {
        return None;
    }
    Some(code.parse().map_or(Statuses::Successes, Statuses::One))
}

pub(crate) fn is_status(code: &str) -> bool {
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
        assert_eq!(success("204"), Some(Statuses::One(204)));
        for code in ["2XX", "2xx"] {
            assert_eq!(success(code), Some(Statuses::Successes), "{code}");
        }
        for code in ["404", "5XX", "101"] {
            assert!(is_status(code) && success(code).is_none(), "{code}");
        }
        for code in ["2O0", "20", "2000", "600", "2X0", "", "é00"] {
            assert!(!is_status(code), "{code}");
        }
    }
}
