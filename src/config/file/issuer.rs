//! `banks.*.issuer`: the bank's authorization server.

use std::ops::RangeInclusive;
use std::time::Duration;

use crypto::Algorithm;
use url::Url;

use crate::files::{FileRef, SecretRef};
use crate::reader::{Reader, Section, Value, Wrong};
use crate::source::{At, Span};

/// How long an access token may live: it cannot be called back before it expires.
const LIFETIME: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_mins(15);

/// An issuer of access tokens.
pub(crate) struct Issuer {
    pub(crate) at: Span,
    /// Its identifier, as written.
    pub(crate) url: Option<At<String>>,
    /// Where this gateway answers for the bank.
    pub(crate) place: Option<At<Url>>,
    pub(crate) tokens: Tokens,
    pub(crate) kek: Option<At<SecretRef>>,
}

/// What `keys` says.
#[derive(Default)]
struct Keys {
    kek: Option<At<SecretRef>>,
    /// Where our public keys are, for a bank with an issuer of its own.
    place: Option<At<Url>>,
}

/// Who issues the tokens.
pub(crate) enum Tokens {
    /// This gateway.
    Ours {
        access_token_lifetime: Option<Duration>,
        algorithm: Algorithm,
    },
    /// The bank's own authorization server, with the keys in this file.
    Elsewhere { jwks: Option<At<FileRef>> },
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Option<Issuer> {
    let value = section.required(
        reader,
        "issuer",
        "{ url: https://auth.bank.example, access_token_lifetime: 300s, keys: { kek: file:PATH } }",
    )?;
    let mut section = reader.section(value.node, value.key_span, "an issuer", "banks.*.issuer")?;
    let url = section.required(reader, "url", "https://auth.bank.example");
    let jwks = section.optional(reader, "jwks");
    let (url, own_place, tokens) = if let Some(jwks) = jwks {
        let url = url.and_then(|value| their_url(reader, value));
        let tokens = elsewhere(reader, &mut section, jwks);
        // Of an issuer that contradicts itself nothing more is asked.
        (url.filter(|_| tokens.is_some()), None, tokens)
    } else {
        let (url, place) = url.and_then(|value| our_url(reader, value)).unzip();
        (url, place, Some(ours(reader, &mut section)))
    };
    let keys = section.demanded(
        reader,
        "keys",
        "write `keys: { kek: file:PATH }`: the key that wraps the signing keys in the store",
    );
    let Keys { kek, place } = keys
        .and_then(|value| keys_of(reader, value, tokens.as_ref()))
        .unwrap_or_default();
    section.finish(reader);
    Some(Issuer {
        at: value.key_span,
        url,
        place: own_place.or(place),
        tokens: tokens.unwrap_or(Tokens::Elsewhere { jwks: None }),
        kek,
    })
}

fn ours(reader: &mut Reader, section: &mut Section<'_>) -> Tokens {
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
    Tokens::Ours {
        access_token_lifetime,
        algorithm,
    }
}

/// With `jwks` the tokens are another's: how they are made is not ours to say.
fn elsewhere(reader: &mut Reader, section: &mut Section<'_>, jwks: Value<'_>) -> Option<Tokens> {
    let mut contradicts = false;
    for key in ["access_token_lifetime", "algorithm"] {
        let Some(value) = section.optional(reader, key) else {
            continue;
        };
        contradicts = true;
        reader
            .collector
            .mistake(
                value.key_span,
                format!("`{key}` stands beside `jwks`: who issues the tokens?"),
            )
            .see(jwks.key_span, "the keys of the bank's own issuer")
            .help(format!(
                "remove `{key}` when the bank's own authorization server issues them, `jwks` when \
                 this gateway does"
            ));
    }
    let jwks = reader.file(jwks);
    (!contradicts).then_some(Tokens::Elsewhere { jwks })
}

fn keys_of(reader: &mut Reader, keys: Value<'_>, tokens: Option<&Tokens>) -> Option<Keys> {
    let path = "banks.*.issuer.keys";
    let mut section = reader.section(keys.node, keys.key_span, "`keys`", path)?;
    let kek = section.required(reader, "kek", "file:PATH");
    let place = match tokens {
        Some(Tokens::Elsewhere { .. }) => section
            .demanded(
                reader,
                "url",
                "write `url: https://auth.example/bank`, at a listener that serves `discovery`: \
                 the bank's services read there who calls them",
            )
            .and_then(|value| our_url(reader, value))
            .map(|(_, url)| url),
        Some(Tokens::Ours { .. }) => {
            if let Some(url) = section.optional(reader, "url") {
                reader
                    .collector
                    .mistake(
                        url.key_span,
                        "`keys` of an issuer of ours has no URL of its own",
                    )
                    .help("remove it: the keys are at the issuer's URL");
            }
            None
        }
        None => {
            let _ = section.optional(reader, "url");
            None
        }
    };
    section.finish(reader);
    Some(Keys {
        kek: kek.and_then(|value| reader.secret(value)),
        place,
    })
}

/// The identifier of an issuer of ours: written as it will be compared, byte by byte (checklist
/// MD-02).
fn our_url(reader: &mut Reader, value: Value<'_>) -> Option<(At<String>, At<Url>)> {
    let url = reader.parsed(value, A_URL, |text| {
        let url = identifier(text)?;
        let canonical = url.as_str().trim_end_matches('/');
        if canonical == text {
            Ok(url)
        } else {
            Err(wrong_url(text, format!("write `{canonical}`")))
        }
    })?;
    let text = url.value.as_str().trim_end_matches('/').to_owned();
    let identifier = At {
        value: text,
        at: url.at,
    };
    Some((identifier, url))
}

/// The identifier of a bank's own issuer: whatever stands in its tokens, to the byte.
fn their_url(reader: &mut Reader, value: Value<'_>) -> Option<At<String>> {
    reader.parsed(value, A_URL, |text| {
        identifier(text)?;
        Ok(text.to_owned())
    })
}

const A_URL: &str = "a URL such as `https://auth.bank.example`";

/// `https`, neither query nor fragment (RFC 8414 §2).
fn identifier(text: &str) -> Result<Url, Wrong> {
    let wrong = |help: &str| wrong_url(text, help);
    let url = Url::parse(text)
        .ok()
        .filter(|url| url.scheme() == "https" && url.has_host())
        .ok_or_else(|| wrong("write one that begins with `https://`"))?;
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("write it without spaces, in ASCII"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("write it without query and fragment"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("write it without user name and password"));
    }
    Ok(url)
}

fn wrong_url(text: &str, help: impl Into<String>) -> Wrong {
    Wrong::new(format!("`{text}` cannot be an issuer's URL"), help)
}
