//! Media types: what a body is, as far as it can be read.

/// A media type without its parameters, in lower case.
pub(crate) fn essence(content_type: &str) -> String {
    let end = content_type.find(';').unwrap_or(content_type.len());
    let (essence, _) = content_type.split_at(end);
    essence.trim().to_ascii_lowercase()
}

/// Whether this is JSON by its name (RFC 8259 §11, RFC 6839 §3.1).
pub(crate) fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence.ends_with("+json")
}

/// Whether no parameter says that the text is in another charset than UTF-8.
pub(crate) fn is_utf_8(content_type: &str) -> bool {
    let charset = |parameter: &str| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8"))
    };
    content_type
        .split(';')
        .skip(1)
        .filter_map(charset)
        .all(|is_utf_8| is_utf_8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charset_is_utf_8_or_none() {
        for right in [
            "",
            "text/csv",
            "text/csv; header=present",
            "text/csv;charset=UTF-8",
            "application/json ; Charset = \"utf-8\" ; x=y",
        ] {
            assert!(is_utf_8(right), "{right}");
        }
        for wrong in [
            "text/csv; charset=gb18030",
            "text/csv; charset=",
            "text/csv; charset=utf-16",
            "application/json; charset=utf-8; charset=gbk",
            "text/csv; charset=utf-8x",
        ] {
            assert!(!is_utf_8(wrong), "{wrong}");
        }
    }

    #[test]
    fn json_is_known_by_its_name() {
        assert_eq!(
            essence("Application/JSON ; charset=utf-8"),
            "application/json"
        );
        assert!(is_json("application/json") && is_json("application/problem+json"));
        assert!(!is_json("text/json") && !is_json("application/jsonl"));
    }
}
