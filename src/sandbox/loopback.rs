//! What the sandbox's own pages share: plain HTTP on this machine, and who may speak to it.

use http::header::HOST;
use http::{HeaderMap, Uri};

use web::{Form, Language};

/// The most bytes of a query that are read.
const QUERY_BYTES_MAX: usize = 4 * 1024;

/// Whether a request names this host and port and no other, once. A site elsewhere whose name leads
/// to this machine (DNS rebinding) is another host to the browser, and says so here.
pub(crate) fn is_for(host: &str, headers: &HeaderMap) -> bool {
    let mut named = headers.get_all(HOST).iter();
    named.next().is_some_and(|name| name == host) && named.next().is_none()
}

/// The query's parameters; none of them when it is too long, or is no text.
pub(crate) fn query(uri: &Uri) -> Form {
    let query = uri.query().unwrap_or_default();
    let bytes = query.as_bytes();
    let read = bytes.get(..bytes.len().min(QUERY_BYTES_MAX + 1));
    let whole = read.filter(|read| read.len() == bytes.len());
    let parsed = whole.and_then(|whole| Form::parse(whole).ok());
    parsed.unwrap_or_else(|| Form::of(Vec::new()))
}

/// The language that the query asks for, by its tag.
pub(crate) fn asked_language(query: &Form) -> Option<Language> {
    let asked = query.only("lang").ok().flatten()?;
    Language::ALL.into_iter().find(|one| one.tag() == asked)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_page_s_own_host_is_answered() {
        let mut headers = HeaderMap::new();
        assert!(!is_for("127.0.0.1:8446", &headers));
        for (named, fits) in [
            ("127.0.0.1:8446", true),
            ("127.0.0.1", false),
            ("127.0.0.1:8447", false),
            ("localhost:8446", false),
            ("rebound.example:8446", false),
        ] {
            headers.insert(HOST, HeaderValue::from_static(named));
            assert_eq!(is_for("127.0.0.1:8446", &headers), fits, "{named}");
        }
        headers.insert(HOST, HeaderValue::from_static("127.0.0.1:8446"));
        headers.append(HOST, HeaderValue::from_static("rebound.example"));
        assert!(!is_for("127.0.0.1:8446", &headers));
    }

    #[test]
    fn the_query_names_the_language() {
        let asked = |uri: &'static str| asked_language(&query(&Uri::from_static(uri)));
        assert_eq!(asked("/?lang=en"), Some(Language::En));
        assert_eq!(asked("/?x=1&lang=zh-CN"), Some(Language::ZhCn));
        for none in ["/", "/?lang=fr", "/?lang=en&lang=en", "/?lang=%ff"] {
            assert_eq!(asked(none), None, "{none}");
        }
        let long = format!("/?lang=en&x={}", "x".repeat(QUERY_BYTES_MAX));
        let long: Uri = long.parse().expect("a target");
        assert_eq!(asked_language(&query(&long)), None);
    }
}
