//! `partners.*.clients.*.redirect_uris`: where customers come back to.
//!
//! A code goes to one of these and nowhere else (RFC 9700 §2.1, RFC 6749 §10.6): what is compared
//! byte by byte later must be what a browser follows, so that each is written in its normal form.

use url::{Host, Url};

use crate::mistake::Code;
use crate::reader::{Reader, Value, Wrong};
use crate::shape::Kind;
use crate::source::At;

pub(super) const KIND: Kind = Kind::List {
    of: "redirect URIs",
    item: &Kind::Own {
        expected: "a redirect URI such as `https://app.partner.example/callback`",
        pattern: "^(https://[!-~]+|http://(127\\.0\\.0\\.1|\\[::1\\]):[0-9]{1,5}(/[!-~]*)?)$",
    },
};

/// How many a client may have.
const URIS_MAX: usize = 20;

/// The longest, in bytes (checklist L-11).
const URI_BYTES_MAX: usize = 2048;

/// A client's redirect URIs, none of them twice.
pub(super) fn read(reader: &mut Reader, value: Value<'_>) -> Vec<String> {
    let items = reader.items(value).unwrap_or_default();
    if items.len() > URIS_MAX {
        let what = format!("`redirect_uris` cannot hold {}", items.len());
        reader
            .collector
            .mistake(Code::OutOfRange, value.key_span, what)
            .help(format!("it may hold up to {URIS_MAX}"));
        return Vec::new();
    }
    let mut uris: Vec<At<String>> = Vec::new();
    for item in items {
        let Some(uri) = reader.parsed(item, redirect_uri) else {
            continue;
        };
        match uris.iter().find(|known| known.value == uri.value) {
            Some(first) => {
                reader
                    .collector
                    .mistake(
                        Code::DuplicateKey,
                        uri.at,
                        format!("`{}` is listed twice", uri.value),
                    )
                    .see(first.at, "first here");
            }
            None => uris.push(uri),
        }
    }
    uris.into_iter().map(|uri| uri.value).collect()
}

/// `https`, or `http` to an app on the customer's own machine (checklist AZ-02, RFC 8252 §7.3).
fn redirect_uri(text: &str) -> Result<String, Wrong> {
    let wrong = |help: &str| Wrong::new(format!("`{text}` cannot be a redirect URI"), help);
    if text.len() > URI_BYTES_MAX {
        return Err(Wrong::of(
            Code::OutOfRange,
            format!("a redirect URI cannot have {} bytes", text.len()),
            format!("it may have up to {URI_BYTES_MAX}"),
        ));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("write it without spaces, in ASCII"));
    }
    let example = "write one such as `https://app.partner.example/callback`";
    let url = Url::parse(text).map_err(|_| wrong(example))?;
    match url.scheme() {
        "https" => {}
        "http" => refuse_plain(text, &url)?,
        // A browser would run `javascript:` and `data:` in our name; any app on a device may claim
        // a scheme of its own (RFC 8252 §8.4).
        _ => {
            return Err(wrong(
                "write one with `https://`: a browser would run `javascript:` and `data:`, and any app \
                 may claim a scheme of its own",
            ));
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("write it without user name and password"));
    }
    if url.fragment().is_some() {
        return Err(wrong("write it without fragment (RFC 6749 §3.1.2)"));
    }
    if text.contains('*') {
        return Err(wrong(
            "URIs are compared byte by byte, and `*` stands for nothing: list each of them",
        ));
    }
    // Without a path it is the same with a slash at the end.
    let normal = url.as_str();
    if normal == text || normal.strip_suffix('/') == Some(text) {
        Ok(text.to_owned())
    } else {
        Err(wrong(&format!(
            "a browser makes `{normal}` of it: write that"
        )))
    }
}

/// Plain `http` leaves the machine nowhere: it leads to a loopback address, and the name
/// `localhost` may lead elsewhere (RFC 8252 §8.3, checklist OA-22).
fn refuse_plain(text: &str, url: &Url) -> Result<(), Wrong> {
    let wrong = |help: &str| Wrong::new(format!("`{text}` cannot be a redirect URI"), help);
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        Some(Host::Domain(_)) | None => false,
    };
    if !is_loopback {
        return Err(wrong(
            "write `https://`; plain `http://` is for an app on the customer's own machine, at \
             `127.0.0.1` or `[::1]`",
        ));
    }
    if url.port().is_none() {
        return Err(wrong(
            "write the port at which the app listens, not 80: `http://127.0.0.1:8000/callback`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_is_kept_to_the_byte() {
        for uri in [
            "https://app.partner.example",
            "https://app.partner.example/",
            "https://app.partner.example/callback",
            "https://app.partner.example:8443/a/alias/callback?dummy1=lorem&dummy2=ipsum",
            "https://app.partner.example/@me/%2e%2F;x",
            "http://127.0.0.1:8000/callback",
            "http://[::1]:8000",
        ] {
            let read = redirect_uri(uri).map_err(|wrong| wrong.help);
            assert_eq!(read.as_deref(), Ok(uri));
        }
    }

    #[test]
    fn what_a_browser_would_follow_elsewhere_is_no_redirect_uri() {
        for uri in [
            "",
            "/callback",
            "https://",
            "https:app.partner.example/callback",
            "https:\\\\app.partner.example/callback",
            "https://app.partner.example\\@evil.example/",
            "https://me@app.partner.example/",
            "https://:pass@app.partner.example/",
            "https://APP.partner.example/",
            "https://app.partner.example:443/",
            "https://app.partner.example/a/../b",
            "https://app.partner.example/%2e%2e/b",
            "https://app.partner.example?x=1",
            "https://app.partner.example/#",
            "https://app.partner.example/ callback",
            "https://app.partner.example/é",
            "https://*.partner.example/",
            "https://app.partner.example/*",
            "https://127.1/",
            "http://app.partner.example/",
            "http://localhost:8000/",
            "http://localhost.:8000/",
            "http://127.0.0.1/",
            "http://127.0.0.1:80/",
            "http://127.1:8000/",
            "http://127.0.0.2:8000/",
            "http://0.0.0.0:8000/",
            "http://[::ffff:127.0.0.1]:8000/",
            "javascript:alert(1)",
            "JavaScript://app.partner.example/%0aalert(1)",
            "data:text/html,x",
            "swiftride://callback",
            "urn:ietf:wg:oauth:2.0:oob",
            "file:///etc/hosts",
            "ftp://127.0.0.1:21/",
        ] {
            assert!(redirect_uri(uri).is_err(), "{uri}");
        }
        let long = |length| format!("https://app.partner.example/{}", "a".repeat(length));
        assert!(redirect_uri(&long(URI_BYTES_MAX - 28)).is_ok());
        assert!(redirect_uri(&long(URI_BYTES_MAX - 27)).is_err());
    }
}
