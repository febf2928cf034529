//! Cookies of our own pages: bound to the host, out of a script's reach, never sent with another
//! site's form (checklist AZ-07; RFC 6265bis §4.1.3.2 for the prefix `__Host-`).

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crypto::{base64url, from_base64url};

/// All cookies of a request, in bytes. Neighbouring hosts may set some; ours are small.
const HEADER_BYTES_MAX: usize = 8 * 1024;
/// Cookies of a request.
const COOKIES_MAX: usize = 100;
/// Our own value, in bytes before it is encoded.
const VALUE_BYTES_MAX: usize = 1024;

/// What a browser keeps the cookie under and sends it by. `__Host-` makes it refuse the cookie from
/// any other host and without `Secure`; `Lax`, because the customer comes from the app by a link.
const ATTRIBUTES: &str = "; Path=/; Secure; HttpOnly; SameSite=Lax";
/// The same on plain HTTP, where no browser keeps what is `Secure` or begins with `__Host-`.
const ATTRIBUTES_PLAIN: &str = "; Path=/; HttpOnly; SameSite=Lax";

/// One of our cookies, by its name, and whose of several on one host it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookie<'a> {
    name: &'static str,
    owner: Option<&'a str>,
    is_plain: bool,
}

/// Why a request's cookie cannot be believed. Told to the customer as one: begin again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CookieProblem {
    /// More bytes or cookies than are read, or than a value may have.
    #[error("the cookies are too large")]
    TooLarge,
    /// The name stands more than once: one of them is planted.
    #[error("a cookie stands more than once")]
    Twice,
    /// The value is not what we write.
    #[error("a cookie cannot be read")]
    Malformed,
}

impl Cookie<'static> {
    /// The cookie that browsers keep as `__Host-NAME`. The name is of our own making: a letter,
    /// then letters, digits and hyphens.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name,
            owner: None,
            is_plain: false,
        }
    }

    /// The cookie that browsers keep as `NAME`, for a page that this machine alone can reach, on
    /// plain HTTP. All ports of an address share their cookies: the name tells whose it is.
    pub const fn plain(name: &'static str) -> Self {
        Self {
            name,
            owner: None,
            is_plain: true,
        }
    }

    /// The cookie that browsers keep as `__Host-NAME-OWNER`: of several who share a host, each has
    /// its own, since `__Host-` allows for no path. The owner is spelled as names are.
    pub const fn of(self, owner: &str) -> Cookie<'_> {
        Cookie {
            name: self.name,
            owner: Some(owner),
            is_plain: self.is_plain,
        }
    }
}

impl Cookie<'_> {
    /// Reads its value. `None` when the request has no such cookie. Cookies of other names are
    /// passed over, whatever they are.
    pub fn read(self, headers: &HeaderMap) -> Result<Option<Vec<u8>>, CookieProblem> {
        let (mut bytes, mut count, mut found) = (0, 0, None);
        // Over HTTP/2 each cookie may stand in a field of its own (RFC 9113 §8.2.3).
        for field in headers.get_all(COOKIE) {
            bytes += field.len();
            if bytes > HEADER_BYTES_MAX {
                return Err(CookieProblem::TooLarge);
            }
            for pair in field.as_bytes().split(|byte| *byte == b';') {
                count += 1;
                if count > COOKIES_MAX {
                    return Err(CookieProblem::TooLarge);
                }
                let Some(value) = self.value_in(pair.trim_ascii()) else {
                    continue;
                };
                if found.replace(value).is_some() {
                    return Err(CookieProblem::Twice);
                }
            }
        }
        found.map(decoded).transpose()
    }

    /// The header `Set-Cookie` that gives the browser this value until it is closed. At most
    /// 1,024 bytes, at least one.
    pub fn set(self, value: &[u8]) -> Result<HeaderValue, CookieProblem> {
        match value.len() {
            0 => Err(CookieProblem::Malformed),
            1..=VALUE_BYTES_MAX => self.header(&base64url(value), ""),
            _ => Err(CookieProblem::TooLarge),
        }
    }

    /// The header `Set-Cookie` that takes the cookie away.
    pub fn remove(self) -> Result<HeaderValue, CookieProblem> {
        self.header("", "; Max-Age=0")
    }

    fn header(self, value: &str, more: &str) -> Result<HeaderValue, CookieProblem> {
        let (name, joint) = (self.name, self.owner.map_or("", |_| "-"));
        let owner = self.owner.unwrap_or_default();
        let attributes = if self.is_plain {
            ATTRIBUTES_PLAIN
        } else {
            ATTRIBUTES
        };
        let prefix = self.prefix();
        HeaderValue::from_str(&format!(
            "{prefix}{name}{joint}{owner}={value}{attributes}{more}"
        ))
        .map_err(|_| CookieProblem::Malformed)
    }

    const fn prefix(self) -> &'static str {
        if self.is_plain { "" } else { "__Host-" }
    }

    /// The value, when the pair is this cookie's. Names have case (RFC 6265bis §5.7).
    fn value_in(self, pair: &[u8]) -> Option<&[u8]> {
        let rest = pair.strip_prefix(self.prefix().as_bytes())?;
        let rest = rest.strip_prefix(self.name.as_bytes())?;
        let rest = match self.owner {
            None => rest,
            Some(owner) => rest.strip_prefix(b"-")?.strip_prefix(owner.as_bytes())?,
        };
        rest.strip_prefix(b"=")
    }
}

fn decoded(value: &[u8]) -> Result<Vec<u8>, CookieProblem> {
    if value.len() > VALUE_BYTES_MAX.div_ceil(3) * 4 {
        return Err(CookieProblem::TooLarge);
    }
    std::str::from_utf8(value)
        .ok()
        .and_then(from_base64url)
        .filter(|value| !value.is_empty())
        .ok_or(CookieProblem::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SESSION: Cookie<'_> = Cookie::named("session");

    fn read(fields: &[&[u8]]) -> Result<Option<Vec<u8>>, CookieProblem> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(COOKIE, HeaderValue::from_bytes(field).expect("a value"));
        }
        SESSION.read(&headers)
    }

    #[test]
    fn az_07_a_cookie_is_written_for_this_host_alone() {
        let written = SESSION.set(b"secret").expect("written");
        assert_eq!(
            written,
            "__Host-session=c2VjcmV0; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            SESSION.remove().expect("written"),
            "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }

    #[test]
    fn a_plain_cookie_is_another_than_that_of_the_host() {
        let plain = Cookie::plain("session");
        let written = plain.set(b"secret").expect("written");
        assert_eq!(written, "session=c2VjcmV0; Path=/; HttpOnly; SameSite=Lax");
        let mut headers = HeaderMap::new();
        let both = HeaderValue::from_static("__Host-session=eA; session=c2VjcmV0");
        headers.insert(COOKIE, both);
        assert_eq!(plain.read(&headers), Ok(Some(b"secret".to_vec())));
        assert_eq!(SESSION.read(&headers), Ok(Some(b"x".to_vec())));
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let ours = Ok(Some(b"secret".to_vec()));
        for fields in [
            &[&b"__Host-session=c2VjcmV0"[..]][..],
            &[b"a=1; __Host-session=c2VjcmV0; b=\"2\""],
            &[b"a=1;__Host-session=c2VjcmV0;"],
            &[b"a=1", b"__Host-session=c2VjcmV0", b"b=2"],
            // What a neighbour planted: no names, the same letters, bytes that are no text.
            &[b"=x; ; y; \xff=\xfe; __Host-session=c2VjcmV0; session=eA; a=1; a=2"],
            &[b"__host-session=eA; __Host-session=c2VjcmV0; __Host-sessions=eA"],
        ] {
            assert_eq!(read(fields), ours, "{fields:?}");
        }
        for none in [&[][..], &[&b""[..]], &[b"a=1"], &[b"session=c2VjcmV0"]] {
            assert_eq!(read(none), Ok(None), "{none:?}");
        }
    }

    #[test]
    fn each_owner_has_a_cookie_of_its_own() {
        let (harbour, quay) = (SESSION.of("harbour"), SESSION.of("quay-2"));
        assert_eq!(
            harbour.set(b"secret").expect("written"),
            "__Host-session-harbour=c2VjcmV0; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        let mut headers = HeaderMap::new();
        for cookie in [
            SESSION.set(b"ours"),
            harbour.set(b"theirs"),
            quay.set(b"others"),
            SESSION.of("quay").remove(),
        ] {
            let cookie = cookie.expect("written");
            let pair = cookie.to_str().expect("text").split(';').next();
            let pair = pair.filter(|pair| !pair.ends_with('='));
            let pair = pair.map(|pair| pair.parse().expect("a header"));
            pair.map(|pair| headers.append(COOKIE, pair));
        }
        for (cookie, value) in [(SESSION, "ours"), (harbour, "theirs"), (quay, "others")] {
            assert_eq!(cookie.read(&headers), Ok(Some(value.into())));
        }
        assert_eq!(SESSION.of("quay").read(&headers), Ok(None));
    }

    #[test]
    fn az_07_a_name_that_stands_twice_is_refused() {
        for twice in [
            &[&b"__Host-session=c2VjcmV0; __Host-session=c2VjcmV0"[..]][..],
            &[b"__Host-session=c2VjcmV0", b"__Host-session=eA"],
            &[b"__Host-session=; __Host-session=eA"],
        ] {
            assert_eq!(read(twice), Err(CookieProblem::Twice), "{twice:?}");
        }
    }

    #[test]
    fn a_value_that_we_do_not_write_is_refused() {
        for bad in [
            &b""[..],
            b"c2VjcmV0=",
            b"c2Vj cmV0",
            b"\"c2VjcmV0\"",
            b"c2VjcmV",
            b"c2VjcmV1=c2Vj",
            b"\xff",
        ] {
            let field = [b"__Host-session=", bad].concat();
            assert_eq!(read(&[&field]), Err(CookieProblem::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn cookies_are_bounded_in_bytes_and_number() {
        let ours = SESSION.set(&[7; VALUE_BYTES_MAX]).expect("written");
        let pair = ours.to_str().expect("text").split(';').next();
        let pair = pair.expect("a pair").as_bytes();
        assert_eq!(read(&[pair]), Ok(Some(vec![7; VALUE_BYTES_MAX])));
        let longer = [7; VALUE_BYTES_MAX + 1];
        assert_eq!(SESSION.set(&longer), Err(CookieProblem::TooLarge));
        assert_eq!(SESSION.set(b""), Err(CookieProblem::Malformed));

        let value = format!("__Host-session={}", base64url(&[7; VALUE_BYTES_MAX + 3]));
        assert_eq!(read(&[value.as_bytes()]), Err(CookieProblem::TooLarge));
        let full = format!("a={}", "x".repeat(HEADER_BYTES_MAX - 2));
        assert_eq!(read(&[full.as_bytes()]), Ok(None));
        assert_eq!(read(&[full.as_bytes(), b"b"]), Err(CookieProblem::TooLarge));
        assert_eq!(read(&["a=1;".repeat(COOKIES_MAX - 1).as_bytes()]), Ok(None));
        let many = "a=1;".repeat(COOKIES_MAX);
        assert_eq!(read(&[many.as_bytes()]), Err(CookieProblem::TooLarge));
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(value in prop::collection::vec(any::<u8>(), 1..200)) {
            let written = SESSION.set(&value).expect("written");
            let pair = written.as_bytes().split(|byte| *byte == b';').next().expect("a pair");
            prop_assert_eq!(read(&[b"a=1", pair]), Ok(Some(value)));
        }

        #[test]
        fn no_header_makes_reading_panic(field in "([ -~\t]|é|; ?|__Host-session=|eA){0,60}") {
            if let Ok(Some(value)) = read(&[field.as_bytes()]) {
                prop_assert!(!value.is_empty());
                let pair = format!("__Host-session={}", base64url(&value));
                prop_assert!(field.contains(&pair));
            }
        }
    }
}
