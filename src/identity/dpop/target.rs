//! Which URL a proof was made for: compared after normalisation (RFC 9449 §4.3, RFC 3986 §6.2;
//! DP-04).

use std::fmt::Write as _;

/// Whether a proof's `htu` names our URL: without its query and fragment; scheme and host in
/// either case; the scheme's own port said or not; an escape of what may stand plainly taken for
/// it, and of either case; an empty path for `/`.
pub(super) fn is_same(htu: &str, ours: &str) -> bool {
    let end = htu.find(['?', '#']).unwrap_or(htu.len());
    let htu = htu.get(..end).unwrap_or(htu);
    htu == ours || normal(htu).is_some_and(|htu| normal(ours) == Some(htu))
}

/// The one spelling of a URL; `None` of what is none, or has a user.
fn normal(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at_checked(slash)?,
        None => (rest, "/"),
    };
    let authority = authority.to_ascii_lowercase();
    let without_port = authority.strip_suffix(port);
    let without_port = without_port.or_else(|| authority.strip_suffix(':'));
    let authority = without_port.unwrap_or(&authority);
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let mut normal = format!("{scheme}://{authority}");
    put_path(path, &mut normal)?;
    Some(normal)
}

/// Writes a path with its escapes in their one spelling; `None` where a `%` begins none.
fn put_path(path: &str, out: &mut String) -> Option<()> {
    let mut parts = path.split('%');
    out.push_str(parts.next()?);
    for part in parts {
        let (escape, rest) = part.split_at_checked(2)?;
        if !escape.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let byte = u8::from_str_radix(escape, 16).ok()?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").ok()?;
        }
        out.push_str(rest);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OURS: &str = "https://api.bank.example/a/b-1";

    #[test]
    fn oa_73_one_url_has_many_spellings() {
        for same in [
            OURS,
            "HTTPS://API.Bank.EXAMPLE/a/b-1",
            "https://api.bank.example:443/a/b-1",
            "https://api.bank.example:/a/b-1",
            "https://api.bank.example/%61/b%2D1",
            "https://api.bank.example/%61/b%2d1?x=1&y",
            "https://api.bank.example/a/b-1#top",
            "https://api.bank.example/a/b-1?#",
        ] {
            assert!(is_same(same, OURS), "{same}");
        }
        assert!(is_same("https://api.example", "https://api.example/"));
        assert!(is_same("https://api.example?x", "https://api.example/"));
        assert!(is_same("https://[::1]:443/", "https://[::1]/"));
        assert!(is_same("https://a.example/%e4", "https://a.example/%E4"));
    }

    #[test]
    fn oa_72_another_url_is_another() {
        for other in [
            "",
            "/a/b-1",
            "api.bank.example/a/b-1",
            "http://api.bank.example/a/b-1",
            "ftp://api.bank.example/a/b-1",
            "https://api.bank.example:8443/a/b-1",
            "https://api.bank.example.evil/a/b-1",
            "https://evil.example/a/b-1",
            "https://user@api.bank.example/a/b-1",
            "https://api.bank.example/A/b-1",
            "https://api.bank.example/a/b-1/",
            "https://api.bank.example/a/b-12",
            "https://api.bank.example/a",
            "https://api.bank.example",
            "https://api.bank.example//a/b-1",
            "https://api.bank.example/a%2Fb-1",
            "https://api.bank.example/a/./b-1",
            "https://api.bank.example/a/c/../b-1",
            "https://api.bank.example/a/b-1%",
            "https://api.bank.example/a/b-1%2",
            "https://api.bank.example/a/b-1%+1",
            "https://api.bank.example/a/b%zz1",
            "https:///a/b-1",
            "https://:443/a/b-1",
            " https://api.bank.example/a/b-1",
            "https://api.bank.example\\a/b-1",
        ] {
            assert!(!is_same(other, OURS), "{other}");
        }
    }

    proptest! {
        #[test]
        fn an_escape_of_what_may_stand_plainly_is_the_same_and_of_another_is_not(
            path in "[a-zA-Z0-9._~/-]{1,20}", at in any::<prop::sample::Index>(), other in any::<u8>(),
        ) {
            let ours = format!("https://a.example/{path}");
            let at = "https://a.example/".len() + at.index(path.len());
            let byte = ours.as_bytes()[at];
            let escaped = |byte: u8| format!("{}%{byte:02x}{}", &ours[..at], &ours[at + 1..]);
            prop_assert_eq!(is_same(&escaped(byte), &ours), byte != b'/');
            if other != byte {
                prop_assert!(!is_same(&escaped(other), &ours));
            }
        }

        #[test]
        fn no_text_makes_the_comparison_panic_or_equal_what_it_is_not(text in ".{0,40}") {
            prop_assert!(!is_same(&text, OURS));
            let behind = format!("https://{text}");
            prop_assert!(!is_same(&behind, OURS));
            let beyond = format!("{OURS}{text}");
            let is_query = text.is_empty() || text.starts_with(['?', '#']);
            prop_assert_eq!(is_same(&beyond, OURS), is_query);
        }
    }
}
