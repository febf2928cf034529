//! Patterns of `matches`: regular expressions that are known when the file loads, small, and read
//! alike by every engine. Matching takes time in proportion to the text (crate `regex`).

use regex::Regex;

/// The longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 256;
/// The largest compiled pattern, in bytes.
const COMPILED_BYTES_MAX: usize = 64 * 1_024;

/// A pattern that a text may match, anywhere in it unless `^` and `$` say otherwise.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Reads a pattern; otherwise says what is wrong with it and what would be right.
    pub(super) fn read(text: &str) -> Result<Self, (String, String)> {
        if text.len() > PATTERN_BYTES_MAX {
            let what = format!("the pattern has {} bytes", text.len());
            return Err((what, format!("write at most {PATTERN_BYTES_MAX}")));
        }
        foreign(text)?;
        regex::RegexBuilder::new(text)
            .size_limit(COMPILED_BYTES_MAX)
            .nest_limit(16)
            .build()
            .map(Self)
            .map_err(|error| {
                let what = match error {
                    regex::Error::CompiledTooBig(_) => "the pattern repeats too much",
                    _ => "this is no pattern",
                };
                let help = "write a regular expression such as `^[A-Z]{2}[0-9]{6}$`";
                (what.to_owned(), help.to_owned())
            })
    }

    /// Whether it is found in the text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Refuses what engines read differently: `\d` is ten digits to some and hundreds to others.
fn foreign(text: &str) -> Result<(), (String, String)> {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let next = chars.clone().next();
        if c == '\\' && next.is_some_and(|c| c.is_ascii_alphanumeric()) {
            let what = format!("`\\{}` in the pattern", next.unwrap_or_default());
            let help = "write what it stands for: `[0-9]`, `[A-Za-z0-9_]`, `[ \\t]`";
            return Err((what, help.to_owned()));
        }
        if c == '\\' {
            chars.next();
        }
        if c == '(' && next == Some('?') && !chars.as_str().starts_with("?:") {
            let what = "`(?` in the pattern".to_owned();
            return Err((what, "write `(?:` or `(`".to_owned()));
        }
    }
    Ok(())
}
