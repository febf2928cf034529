//! Path templates: segments that are literals or whole-segment parameters.

use crate::problem::{Flaw, quoted};

/// The longest template, in bytes.
pub(crate) const TEMPLATE_BYTES_MAX: usize = 512;
/// The most segments of a template.
pub(crate) const SEGMENTS_MAX: usize = 64;
/// The longest name of a parameter, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// A path template, as `/accounts/{id}/balance`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
}

impl Template {
    /// Reads a template, or says everything that is wrong with it. The template `/` has no segment.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<Flaw>> {
        let segments = split(text).map_err(|flaw| vec![flaw])?;
        let mut flaws = Vec::new();
        let mut read = Vec::new();
        for segment in segments {
            match Segment::parse(segment) {
                Ok(Segment::Parameter(name)) if has_parameter(&read, &name) => {
                    flaws.push(Flaw::new(
                        format!("the parameter stands twice in the path: `{{{name}}}`"),
                        "give each parameter of a path its own name",
                    ));
                }
                Ok(segment) => read.push(segment),
                Err(flaw) => flaws.push(flaw),
            }
        }
        if flaws.is_empty() {
            Ok(Self {
                text: text.to_owned(),
                segments: read,
            })
        } else {
            Err(flaws)
        }
    }

    /// The template as written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of its parameters, in order.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// The template without its parameters' names: two templates of one shape match the same paths.
    pub(crate) fn shape(&self) -> String {
        let mut shape = String::with_capacity(self.text.len());
        for segment in &self.segments {
            shape.push('/');
            // No literal holds a brace, so this cannot be taken for one.
            shape.push_str(match segment {
                Segment::Literal(text) => text,
                Segment::Parameter(_) => "{}",
            });
        }
        shape
    }
}

/// Whether a segment of a template that was read is a parameter: no other one has a brace.
pub fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

impl Segment {
    fn parse(text: &str) -> Result<Self, Flaw> {
        if !text.contains(['{', '}']) {
            return literal(text).map(|()| Self::Literal(text.to_owned()));
        }
        let name = text
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        match name {
            Some(name) if !name.contains(['{', '}']) => {
                parameter_name(name).map(|()| Self::Parameter(name.to_owned()))
            }
            _ => Err(Flaw::new(
                format!(
                    "the segment mixes a parameter with other text: {}",
                    quoted(text)
                ),
                "a segment is either plain text or one parameter, as `/rates/{pair}`",
            )),
        }
    }
}

/// Checks a path without parameters, and gives it without a slash at its end (`""` for `/`).
pub(crate) fn plain_path(text: &str) -> Result<&str, Flaw> {
    let path = text.strip_suffix('/').unwrap_or(text);
    if path.is_empty() {
        return Ok(path);
    }
    split(path)?;
    for segment in path.split('/').skip(1) {
        literal(segment)?;
    }
    Ok(path)
}

fn split(text: &str) -> Result<Vec<&str>, Flaw> {
    let Some(rest) = text.strip_prefix('/') else {
        return Err(Flaw::new(
            format!("the path does not begin with `/`: {}", quoted(text)),
            "begin it with `/`",
        ));
    };
    if text.len() > TEMPLATE_BYTES_MAX {
        return Err(Flaw::new(
            format!("the path is too long: {} bytes", text.len()),
            format!("a path has at most {TEMPLATE_BYTES_MAX} bytes"),
        ));
    }
    if text.contains(['?', '#']) {
        return Err(Flaw::new(
            format!("the path holds a query or a fragment: {}", quoted(text)),
            "declare query parameters under `parameters`, with `in: query`",
        ));
    }
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let segments: Vec<&str> = rest.split('/').collect();
    if segments.len() > SEGMENTS_MAX {
        return Err(Flaw::new(
            format!("the path has too many segments: {}", segments.len()),
            format!("a path has at most {SEGMENTS_MAX} segments"),
        ));
    }
    Ok(segments)
}

fn has_parameter(segments: &[Segment], name: &str) -> bool {
    segments
        .iter()
        .any(|segment| matches!(segment, Segment::Parameter(known) if known == name))
}

fn parameter_name(name: &str) -> Result<(), Flaw> {
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if fits {
        return Ok(());
    }
    Err(Flaw::new(
        format!("the parameter's name is not usable: {}", quoted(name)),
        format!("use 1 to {NAME_BYTES_MAX} of the characters a-z, A-Z, 0-9, `_`, `-`, `.`"),
    ))
}

/// Checks one literal segment: `segment-nz` of RFC 3986 §3.3, spelled in its one normal way
/// (§6.2.2), so that a request cannot mean the same path in another spelling and miss its check.
fn literal(text: &str) -> Result<(), Flaw> {
    match text {
        "" => Err(Flaw::new(
            "the path has an empty segment",
            "write single slashes, and none at the end",
        )),
        "." | ".." => Err(Flaw::new(
            format!("the path has a dot segment: `{text}`"),
            "write the path it stands for",
        )),
        _ => {
            let mut rest = text.bytes();
            while let Some(byte) = rest.next() {
                if byte == b'%' {
                    escape([rest.next(), rest.next()]).map_err(|(what, help)| {
                        Flaw::new(format!("{what}: {}", quoted(text)), help)
                    })?;
                } else if !is_plain(byte) {
                    return Err(Flaw::new(
                        format!("the segment holds an illegal character: {}", quoted(text)),
                        "percent-encode it (RFC 3986 §3.3)",
                    ));
                }
            }
            Ok(())
        }
    }
}

fn escape(digits: [Option<u8>; 2]) -> Result<(), (&'static str, &'static str)> {
    let value = |digit: Option<u8>| char::from(digit?).to_digit(16);
    let [Some(high), Some(low)] = digits.map(value) else {
        return Err((
            "the segment holds a broken percent-encoding",
            "write `%` and two hexadecimal digits",
        ));
    };
    match u8::try_from(high * 16 + low).unwrap_or(0) {
        b'/' | b'\\' => Err((
            "the segment holds a percent-encoded slash",
            "a slash only ever separates segments; choose another path",
        )),
        0..=0x1f | 0x7f => Err((
            "the segment holds a percent-encoded control character",
            "choose another path",
        )),
        byte if is_unreserved(byte) => Err((
            "the segment percent-encodes a plain character",
            "write the character itself (RFC 3986 §6.2.2.2)",
        )),
        _ if digits.iter().flatten().any(u8::is_ascii_lowercase) => Err((
            "the segment holds a percent-encoding in small letters",
            "write its digits in capitals (RFC 3986 §6.2.2.1)",
        )),
        _ => Ok(()),
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn is_plain(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(text: &str) -> String {
        let flaws = Template::parse(text).expect_err(text);
        assert_eq!(flaws.len(), 1, "{text}: {flaws:?}");
        flaws.into_iter().map(|flaw| flaw.what).collect()
    }

    #[test]
    fn a_template_gives_its_parameters_and_its_shape() {
        let template = Template::parse("/accounts/{accountId}/pots/{pot-id}").expect("legal");
        let names: Vec<&str> = template.parameters().collect();
        assert_eq!(names, ["accountId", "pot-id"]);
        assert_eq!(template.shape(), "/accounts/{}/pots/{}");
        assert_eq!(template.as_str(), "/accounts/{accountId}/pots/{pot-id}");
        let root = Template::parse("/").expect("legal");
        assert_eq!(root.shape(), "");
        assert!(Template::parse("/a:b@c/%C3%A9/x~1").is_ok());
    }

    #[test]
    fn each_illegal_template_is_refused_for_its_own_reason() {
        for (text, what) in [
            ("rates", "the path does not begin with `/`: `rates`"),
            ("", "the path does not begin with `/`: ``"),
            ("/rates/", "the path has an empty segment"),
            ("/a//b", "the path has an empty segment"),
            ("/a/./b", "the path has a dot segment: `.`"),
            ("/a/..", "the path has a dot segment: `..`"),
            ("/a?b=c", "the path holds a query or a fragment: `/a?b=c`"),
            ("/a#b", "the path holds a query or a fragment: `/a#b`"),
            (
                "/a%2fb",
                "the segment holds a percent-encoded slash: `a%2fb`",
            ),
            (
                "/a%5Cb",
                "the segment holds a percent-encoded slash: `a%5Cb`",
            ),
            (
                "/%2e%2e",
                "the segment percent-encodes a plain character: `%2e%2e`",
            ),
            (
                "/a%00",
                "the segment holds a percent-encoded control character: `a%00`",
            ),
            (
                "/%c3%A9",
                "the segment holds a percent-encoding in small letters: `%c3%A9`",
            ),
            ("/a%2", "the segment holds a broken percent-encoding: `a%2`"),
            ("/é", "the segment holds an illegal character: `é`"),
            (
                "/rates-{pair}",
                "the segment mixes a parameter with other text: `rates-{pair}`",
            ),
            (
                "/{a}{b}",
                "the segment mixes a parameter with other text: `{a}{b}`",
            ),
            ("/{a", "the segment mixes a parameter with other text: `{a`"),
            ("/{}", "the parameter's name is not usable: ``"),
            ("/{*rest}", "the parameter's name is not usable: `*rest`"),
            (
                "/{id}/x/{id}",
                "the parameter stands twice in the path: `{id}`",
            ),
        ] {
            assert_eq!(flaw(text), what, "{text}");
        }
    }

    #[test]
    fn long_templates_are_refused() {
        let longest = format!("/{}", "a".repeat(TEMPLATE_BYTES_MAX - 1));
        assert!(Template::parse(&longest).is_ok());
        assert_eq!(
            flaw(&format!("{longest}a")),
            "the path is too long: 513 bytes"
        );
        assert!(Template::parse(&"/a".repeat(SEGMENTS_MAX)).is_ok());
        assert_eq!(
            flaw(&"/a".repeat(SEGMENTS_MAX + 1)),
            "the path has too many segments: 65"
        );
    }

    #[test]
    fn every_bad_segment_of_a_template_is_told() {
        let flaws = Template::parse("/a b/x{y}/..").expect_err("bad");
        assert_eq!(flaws.len(), 3);
    }
}
