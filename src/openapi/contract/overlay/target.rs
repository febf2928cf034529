//! The targets of actions: JSONPath (RFC 9535) that names one place, by names and numbers alone.

use crate::reference::escaped;

/// The longest target, in bytes.
const TEXT_BYTES_MAX: usize = 1_024;

/// The JSON Pointer of a target such as `$.paths['/rates/{pair}'].get.parameters[0]`.
pub(super) fn pointer(text: &str) -> Option<String> {
    let mut rest = text.strip_prefix('$')?;
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let mut pointer = String::new();
    while !rest.is_empty() {
        let (step, after) = step(rest)?;
        pointer.push('/');
        pointer.push_str(&escaped(step));
        rest = after;
    }
    Some(pointer)
}

/// The first step of a path, and what stands behind it.
fn step(rest: &str) -> Option<(&str, &str)> {
    if let Some(name) = rest.strip_prefix('.') {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (name, after) = name.split_at_checked(end)?;
        let is_letter = |c: char| c.is_alphanumeric() || c == '_';
        let is_name = name.chars().all(is_letter) && !name.starts_with(|c: char| c.is_numeric());
        return (is_name && !name.is_empty()).then_some((name, after));
    }
    let inner = rest.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(text) = inner.strip_prefix(quote) {
            let (name, after) = text.split_once(quote)?;
            let after = after.strip_prefix(']')?;
            // No name of a description has a backslash; what it escapes is not read.
            return (!name.contains('\\')).then_some((name, after));
        }
    }
    let (number, after) = inner.split_once(']')?;
    let is_plain = number == "0" || !number.starts_with('0');
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    (is_plain && is_number).then_some((number, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_one_place() {
        for (text, expected) in [
            ("$", Some("")),
            ("$.info", Some("/info")),
            (
                "$.paths['/rates/{pair}'].get.parameters[0]",
                Some("/paths/~1rates~1{pair}/get/parameters/0"),
            ),
            ("$[\"a~b\"].c", Some("/a~0b/c")),
            ("", None),
            ("paths", None),
            ("$.", None),
            ("$..paths", None),
            ("$.paths.*", None),
            ("$.paths[*]", None),
            ("$.paths[?@.a]", None),
            ("$.a[01]", None),
            ("$.a[-1]", None),
            ("$.a[]", None),
            ("$.a['b'", None),
            ("$.a['b\\'']", None),
            ("$.0a", None),
            ("$ .a", None),
        ] {
            assert_eq!(pointer(text).as_deref(), expected, "{text}");
        }
    }
}
