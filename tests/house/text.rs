//! Rust text without what only looks like code: string literals and comments.

/// The text in the same lines and columns, each character of a string or character literal as `"`,
/// each of a comment as a space.
pub(crate) fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let (length, mark) = literal_or_comment(&chars, at);
        for c in chars.iter().skip(at).take(length) {
            out.push(match mark {
                Some(_) if *c == '\n' => '\n',
                Some(mark) => mark,
                None => *c,
            });
        }
        at += length;
    }
    out
}

/// How many characters belong together here, and what stands for each; nothing for code.
fn literal_or_comment(chars: &[char], at: usize) -> (usize, Option<char>) {
    let here = |offset: usize| chars.get(at + offset).copied().unwrap_or('\0');
    match here(0) {
        '/' if here(1) == '/' => (until(chars, at, |c| c == '\n'), Some(' ')),
        '"' => (quoted(chars, at, '"'), Some('"')),
        'r' | 'b' if at > 0 && is_word(chars.get(at - 1).copied()) => (1, None),
        'r' if matches!(here(1), '"' | '#') => raw(chars, at, 1),
        'b' if here(1) == 'r' && matches!(here(2), '"' | '#') => raw(chars, at, 2),
        '\'' if here(1) == '\\' => (quoted(chars, at, '\''), Some('"')),
        '\'' if here(2) == '\'' => (3, Some('"')),
        _ => (1, None),
    }
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

fn until(chars: &[char], at: usize, ends: impl Fn(char) -> bool) -> usize {
    let rest = chars.iter().skip(at);
    rest.take_while(|c| !ends(**c)).count()
}

/// The length of a literal with escapes, its quotes with it.
fn quoted(chars: &[char], at: usize, quote: char) -> usize {
    let mut length = 1;
    while let Some(c) = chars.get(at + length) {
        length += match *c {
            '\\' => 2,
            c if c == quote => return length + 1,
            _ => 1,
        };
    }
    length
}

fn raw(chars: &[char], at: usize, prefix: usize) -> (usize, Option<char>) {
    let hashes = until(chars, at + prefix, |c| c != '#');
    let open = at + prefix + hashes;
    if chars.get(open) != Some(&'"') {
        // A raw identifier.
        return (1, None);
    }
    let mut end = open + 1;
    while end < chars.len() {
        if chars[end] == '"' && until(chars, end + 1, |c| c != '#') >= hashes {
            return (end + 1 + hashes - at, Some('"'));
        }
        end += 1;
    }
    (chars.len() - at, Some('"'))
}

/// The position just after the bracket that closes the one at `open`, in text from [`code`].
pub(crate) fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in code.get(open..)?.char_indices() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(open + at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The parts between commas that stand in no bracket, trimmed, without empty ones.
pub(crate) fn parts(list: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    list.split(|c| {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
    .collect()
}

#[test]
fn literals_and_comments_are_told_from_code() {
    let text = "a(\"x \\\" // y\", 'z', '\\'', b\"q\", r#\"\"r\"#); // no 'code'\nfn f<'a>() {}";
    let code = code(text);
    assert_eq!(code.chars().count(), text.chars().count());
    let plain: String = code.chars().filter(|c| *c != '"').collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words, "a(, , , b, ); fn f<'a>() {}");
    assert_eq!(parts("a, f(b, c), { d, e },"), ["a", "f(b, c)", "{ d, e }"]);
    assert_eq!(closing("f(a[0], (b)) c", 1), Some(12));
}
