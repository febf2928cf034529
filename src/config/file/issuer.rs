//! `banks.*.issuer`: the bank's authorization server.

use std::ops::RangeInclusive;
use std::time::Duration;

use crypto::Algorithm;
use url::Url;

use crate::files::SecretRef;
use crate::reader::{Reader, Section, Value, Wrong};
use crate::source::{At, Span};

/// How long an access token may live: it cannot be called back before it expires.
const LIFETIME: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_mins(15);

/// An issuer of access tokens.
pub(crate) struct Issuer {
    pub(crate) at: Span,
    pub(crate) url: Option<At<Url>>,
    pub(crate) access_token_lifetime: Option<Duration>,
    pub(crate) algorithm: Algorithm,
    pub(crate) kek: Option<At<SecretRef>>,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Option<Issuer> {
    let value = section.required(
        reader,
        "issuer",
        "{ url: https://auth.bank.example, access_token_lifetime: 300s, keys: { kek: file:PATH } }",
    )?;
    let mut section = reader.section(value.node, value.key_span, "an issuer", "banks.*.issuer")?;
    let url = section
        .required(reader, "url", "https://auth.bank.example")
        .and_then(|value| issuer_url(reader, value));
    let access_token_lifetime = section
        .required(reader, "access_token_lifetime", "300s")
        .and_then(|value| reader.duration(value, LIFETIME))
        .map(|at| at.value);
    let algorithm = section
        .optional(reader, "algorithm")
        .and_then(|value| {
            let words = [("PS256", Algorithm::Ps256), ("ES256", Algorithm::Es256)];
            reader.word(value, &words)
        })
        .map_or(Algorithm::Ps256, |at| at.value);
    let keys = section.demanded(
        reader,
        "keys",
        "write `keys: { kek: file:PATH }`: the key that wraps the signing keys in the store",
    );
    let kek = keys.and_then(|keys| kek(reader, keys));
    section.finish(reader);
    Some(Issuer {
        at: value.key_span,
        url,
        access_token_lifetime,
        algorithm,
        kek,
    })
}

fn kek(reader: &mut Reader, keys: Value<'_>) -> Option<At<SecretRef>> {
    let path = "banks.*.issuer.keys";
    let mut section = reader.section(keys.node, keys.key_span, "`keys`", path)?;
    let kek = section.required(reader, "kek", "file:PATH");
    section.finish(reader);
    kek.and_then(|value| reader.secret(value))
}

/// An issuer's identifier: `https`, neither query nor fragment (RFC 8414 §2), and written as it
/// will be compared, byte by byte (checklist MD-02).
fn issuer_url(reader: &mut Reader, value: Value<'_>) -> Option<At<Url>> {
    reader.parsed(value, "a URL such as `https://auth.bank.example`", |text| {
        let wrong = |help: String| Wrong::new(format!("`{text}` cannot be an issuer's URL"), help);
        let url = Url::parse(text)
            .ok()
            .filter(|url| url.scheme() == "https" && url.has_host())
            .ok_or_else(|| wrong("write one that begins with `https://`".to_owned()))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("write it without query and fragment".to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("write it without user name and password".to_owned()));
        }
        let canonical = url.as_str().trim_end_matches('/');
        if canonical != text {
            return Err(wrong(format!("write `{canonical}`")));
        }
        Ok(url)
    })
}
