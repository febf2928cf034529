//! Tokens: the words, numbers, texts and signs of an expression.

use model::Decimal;

use super::number::Number;
use crate::slip::{Slip, Span, quoted};

/// The longest expression, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 4_096;
/// The most tokens of an expression.
const TOKENS_MAX: usize = 1_024;

/// A word, number, text or sign, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Name(String),
    Text(String),
    Int(u64),
    Decimal(Number),
    Sign(Sign),
    End,
}

/// A sign of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Or,
    And,
    Not,
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
    Question,
    Colon,
    Dot,
    Comma,
    Open,
    Close,
    OpenList,
    CloseList,
}

/// Signs, longer ones first.
const SIGNS: [(&str, Sign); 22] = [
    ("||", Sign::Or),
    ("&&", Sign::And),
    ("==", Sign::Equal),
    ("!=", Sign::Unequal),
    ("<=", Sign::AtMost),
    (">=", Sign::AtLeast),
    ("!", Sign::Not),
    ("<", Sign::Less),
    (">", Sign::More),
    ("+", Sign::Plus),
    ("-", Sign::Minus),
    ("*", Sign::Times),
    ("/", Sign::Over),
    ("%", Sign::Modulo),
    ("?", Sign::Question),
    (":", Sign::Colon),
    (".", Sign::Dot),
    (",", Sign::Comma),
    ("(", Sign::Open),
    (")", Sign::Close),
    ("[", Sign::OpenList),
    ("]", Sign::CloseList),
];

/// What is no sign of the language but is written for one: what it is, and what would be right.
/// Longer ones stand first.
const NO_SIGNS: [(&str, &str, &str); 24] = [
    (
        "===",
        "`===` is no sign of the language",
        "did you mean `==`?",
    ),
    (
        "!==",
        "`!==` is no sign of the language",
        "did you mean `!=`?",
    ),
    (
        "=>",
        "`=>` is no sign of the language",
        "did you mean `>=`?",
    ),
    (
        "=<",
        "`=<` is no sign of the language",
        "did you mean `<=`?",
    ),
    (
        "<>",
        "`<>` is no sign of the language",
        "did you mean `!=`?",
    ),
    ("**", "there are no powers", "multiply with `*`"),
    (
        "??",
        "`??` is no sign of the language",
        "write `default(x, y)`",
    ),
    (
        "?.",
        "optional members are not asked for by `?.`",
        "write `default(x.y, z)` or test `has(x.y)`",
    ),
    (
        "[?",
        "optional items are not asked for by `[?`",
        "write `default(x[0], z)` or test `has(x[0])`",
    ),
    (
        "//",
        "comments do not stand in expressions",
        "write it as a comment of the file, behind `#`",
    ),
    ("&", "`&` is no sign of the language", "did you mean `&&`?"),
    ("|", "`|` is no sign of the language", "did you mean `||`?"),
    (
        "$",
        "`$` stands before references in bodies only",
        "write the name alone",
    ),
    (
        "{",
        "there are no maps or messages in expressions",
        "build objects in `with` or `body`",
    ),
    (
        "}",
        "there are no maps or messages in expressions",
        "build objects in `with` or `body`",
    ),
    ("`", "names are not quoted", "write the name alone"),
    (
        ";",
        "an expression is one value",
        "give each value a name in `let`",
    ),
    (
        "#",
        "comments do not stand in expressions",
        "put a space before `#` in the file",
    ),
    ("@", "`@` is no sign of the language", "leave it out"),
    ("^", "`^` is no sign of the language", "multiply with `*`"),
    (
        "~",
        "`~` is no sign of the language",
        "write `x.matches(\"…\")`",
    ),
    ("\\", "`\\` stands in strings only", "leave it out"),
    ("=", "`=` is no sign of the language", "did you mean `==`?"),
    (
        "\u{a0}",
        "this is a space that does not break",
        "write an ordinary space",
    ),
];

/// Signs as Chinese keyboards write them, and as word processors do.
const FULL_WIDTH: [(char, &str); 26] = [
    ('（', "("),
    ('）', ")"),
    ('，', ","),
    ('、', ","),
    ('。', "."),
    ('．', "."),
    ('：', ":"),
    ('？', "?"),
    ('！', "!"),
    ('＝', "=="),
    ('＜', "<"),
    ('＞', ">"),
    ('≤', "<="),
    ('≥', ">="),
    ('≠', "!="),
    ('＋', "+"),
    ('－', "-"),
    ('−', "-"),
    ('×', "*"),
    ('＊', "*"),
    ('÷', "/"),
    ('“', "\""),
    ('”', "\""),
    ('‘', "'"),
    ('’', "'"),
    ('＂', "\""),
];

/// How a sign is written.
pub(super) fn text_of(sign: Sign) -> &'static str {
    let found = SIGNS.iter().find(|(_, known)| *known == sign);
    found.map_or("", |(text, _)| text)
}

/// The tokens of a text, the end as the last one; or the first thing that is none.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Slip> {
    let whole = Span::new(0, text.len());
    if text.len() > TEXT_BYTES_MAX {
        let what = format!("the expression has {} bytes", text.len());
        let help = format!("write at most {TEXT_BYTES_MAX}; give its parts names in `let`");
        return Err(Slip::new(whole, what, help));
    }
    let mut reader = Reader { text, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = reader.next()? {
        tokens.push(token);
        if tokens.len() > TOKENS_MAX {
            let what = format!("the expression has more than {TOKENS_MAX} words and signs");
            return Err(Slip::new(whole, what, "give its parts names in `let`"));
        }
    }
    tokens.push(Token {
        kind: Kind::End,
        span: Span::new(text.trim_end().len(), text.trim_end().len()),
    });
    Ok(tokens)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The longest piece from here on of such characters.
    fn piece(&self, is_in: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c: char| !is_in(c)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// Goes over so many bytes.
    fn over(&mut self, bytes: usize) -> Span {
        let span = Span::new(self.at, self.at + bytes);
        self.at = span.end;
        span
    }

    fn next(&mut self) -> Result<Option<Token>, Slip> {
        self.at += self.piece(|c| matches!(c, ' ' | '\t' | '\n' | '\r')).len();
        let Some(first) = self.rest().chars().next() else {
            return Ok(None);
        };
        let token = match first {
            '0'..='9' => self.number()?,
            'a'..='z' | 'A'..='Z' | '_' => self.name()?,
            '"' | '\'' => self.string(first)?,
            _ => self.sign(first)?,
        };
        Ok(Some(token))
    }

    fn name(&mut self) -> Result<Token, Slip> {
        let name = self.piece(|c| c.is_ascii_alphanumeric() || c == '_');
        let span = self.over(name.len());
        let is_prefix = matches!(name.to_ascii_lowercase().as_str(), "r" | "b" | "br" | "rb");
        if is_prefix && self.rest().starts_with(['"', '\'']) {
            return Err(Slip::new(
                span,
                format!("there are no strings that begin with {}", quoted(name)),
                "leave it out; write a backslash as `\\\\`",
            ));
        }
        let kind = Kind::Name(name.to_owned());
        Ok(Token { kind, span })
    }

    fn number(&mut self) -> Result<Token, Slip> {
        let written = self.piece(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_whole = written.bytes().all(|b| b.is_ascii_digit());
        let start = self.at;
        self.over(written.len());
        let mut written = written.to_owned();
        let behind_point = self.rest().strip_prefix('.').unwrap_or_default();
        if is_whole && behind_point.starts_with(|c: char| c.is_ascii_digit()) {
            self.over(1);
            let fraction = self.piece(|c| c.is_ascii_alphanumeric() || c == '_');
            self.over(fraction.len());
            written = format!("{written}.{fraction}");
        }
        let span = Span::new(start, self.at);
        let kind = if written.contains('.') {
            Decimal::parse(&written)
                .ok()
                .map(|d| Kind::Decimal(d.into()))
        } else {
            let is_plain = is_whole && (written == "0" || !written.starts_with('0'));
            let whole = is_plain.then(|| written.parse().ok()).flatten();
            whole.map(Kind::Int)
        };
        kind.map(|kind| Token { kind, span })
            .ok_or_else(|| bad_number(&written, span))
    }

    fn string(&mut self, quote: char) -> Result<Token, Slip> {
        let start = self.at;
        let triple: String = [quote; 3].iter().collect();
        if self.rest().starts_with(&triple) {
            let span = self.over(3);
            let help = "write one quote on each side, all on one line";
            return Err(Slip::new(
                span,
                "there are no strings in three quotes",
                help,
            ));
        }
        self.over(1);
        let mut text = String::new();
        loop {
            match self.rest().chars().next() {
                Some(c) if c == quote => {
                    self.over(1);
                    let span = Span::new(start, self.at);
                    let kind = Kind::Text(text);
                    return Ok(Token { kind, span });
                }
                Some('\\') => text.push(self.escape()?),
                Some(c) if c != '\n' && c != '\r' => {
                    self.over(c.len_utf8());
                    text.push(c);
                }
                _ => {
                    let span = Span::new(start, start + 1);
                    let help = format!("end it with {quote}, on the same line");
                    return Err(Slip::new(span, "this string does not end", help));
                }
            }
        }
    }

    /// One character behind a backslash.
    fn escape(&mut self) -> Result<char, Slip> {
        let mut chars = self.rest().chars().skip(1);
        let (bytes, meant) = match chars.next() {
            Some(c @ ('\\' | '"' | '\'')) => (2, Some(c)),
            Some('n') => (2, Some('\n')),
            Some('r') => (2, Some('\r')),
            Some('t') => (2, Some('\t')),
            Some('u') => {
                let digits: String = chars.take(4).collect();
                let is_hex = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                let code = is_hex
                    .then(|| u32::from_str_radix(&digits, 16).ok())
                    .flatten();
                (6, code.and_then(char::from_u32))
            }
            _ => (1, None),
        };
        let span = Span::new(self.at, self.at + bytes.min(self.rest().len()));
        match meant {
            Some(c) => {
                self.over(bytes);
                Ok(c)
            }
            None => Err(Slip::new(
                Span::new(span.start, span.start + 1),
                "this backslash means nothing here",
                "behind it stands one of \\ \" ' n r t, or u and four digits; a backslash is `\\\\`",
            )),
        }
    }

    fn sign(&mut self, first: char) -> Result<Token, Slip> {
        let rest = self.rest();
        if let Some((sign, what, help)) = no_sign(rest) {
            return Err(Slip::new(self.over(sign.len()), *what, *help));
        }
        if rest.starts_with('.')
            && rest
                .get(1..)
                .is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()))
        {
            let span = self.over(1);
            return Err(Slip::new(
                span,
                "a number does not begin with a point",
                "write 0 before it",
            ));
        }
        if let Some((sign, kind)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            let kind = Kind::Sign(*kind);
            let span = self.over(sign.len());
            return Ok(Token { kind, span });
        }
        let span = self.over(first.len_utf8());
        let what = format!("{} is no sign of the language", quoted(&first.to_string()));
        let wide = FULL_WIDTH.iter().find(|(wide, _)| *wide == first);
        let help = wide.map_or_else(
            || "names are letters, digits and `_`; other text stands in quotes".to_owned(),
            |(_, meant)| format!("did you mean {}?", quoted(meant)),
        );
        Err(Slip::new(span, what, help))
    }
}

/// What begins the rest and is no sign. A sign of the language that is longer goes first.
fn no_sign(rest: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    let found = NO_SIGNS.iter().find(|(sign, ..)| rest.starts_with(sign))?;
    let (sign, ..) = found;
    let is_longer = |(known, _): &(&str, Sign)| known.len() > sign.len() && rest.starts_with(known);
    // `a ?.5` is no optional member, and `x ? [y] : z` no optional item.
    (!SIGNS.iter().any(is_longer)).then_some(found)
}

fn bad_number(written: &str, span: Span) -> Slip {
    let lower = written.to_ascii_lowercase();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (what, help) = if lower.starts_with("0x") {
        ("numbers are not written in base 16", "write it in base 10")
    } else if lower.strip_suffix('u').is_some_and(is_digits) {
        ("there are no unsigned numbers", "leave the `u` out")
    } else if lower
        .split_once('e')
        .is_some_and(|(a, b)| is_digits(&a.replace('.', "")) && (b.is_empty() || is_digits(b)))
    {
        (
            "there are no exponents: numbers are exact",
            "write all its digits",
        )
    } else if ["h", "m", "s", "ms", "d"]
        .iter()
        .any(|unit| lower.strip_suffix(unit).is_some_and(is_digits))
    {
        ("a length of time is no number", "write `duration(\"24h\")`")
    } else if lower
        .replace('_', "")
        .bytes()
        .any(|b| b.is_ascii_alphabetic())
    {
        (
            "a name does not begin with a digit",
            "begin it with a letter",
        )
    } else if lower.contains('_') {
        ("digits are not parted", "write them without `_`")
    } else {
        (
            "this number cannot be held",
            "at most 64 bits without a point; with one 24 digits before it and 12 behind; no 0 first",
        )
    };
    Slip::new(span, what, help)
}
