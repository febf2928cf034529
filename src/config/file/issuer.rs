//! `banks.*.issuer`: the bank's authorization server.

mod log_in;

use std::time::Duration;

use authserver::Profile;
use crypto::Algorithm;
use url::Url;

use super::resource_servers::{self, ResourceServer};
use crate::files::{FileRef, SecretRef};
use crate::mistake::Code;
use crate::reader::{Reader, Section, Value, Wrong};
use crate::shape::{Key, Kind, Need, Shape};
use crate::source::{At, Span};

pub(crate) use self::log_in::{Judge, LogIn, Provider};

/// An issuer's identifier.
const URL: Kind = Kind::Own {
    expected: "a URL such as `https://auth.bank.example`",
    pattern: "^https://[^?#@ ]+$",
};

pub(super) static ISSUER: Shape = Shape::new(
    "an issuer",
    &[
        Key::required(
            "url",
            URL,
            "https://auth.bank.example",
            "Its identifier: the listener with this URL answers; with `jwks`, `iss` of its tokens.",
        ),
        Key::absent(
            "jwks",
            Kind::File,
            "this gateway issues the tokens",
            "The public keys (RFC 7517) of the bank's own authorization server.",
        ),
        Key {
            name: "profile",
            kind: Kind::Word(&PROFILES),
            need: Need::RequiredUnless(&["jwks"], "fapi2"),
            doc: "What it demands: `fapi2`, or `fapi2_message_signing`: each authorization \
                  request is signed, and so is what it says of a token where that is asked for.",
        },
        Key {
            name: "access_token_lifetime",
            // It cannot be called back before it expires.
            kind: Kind::Duration(Duration::from_secs(10), Duration::from_mins(15)),
            need: Need::RequiredUnless(&["jwks"], "300s"),
            doc: "How long an access token lives.",
        },
        Key {
            name: "algorithm",
            kind: Kind::Word(&["PS256", "ES256", "EdDSA"]),
            need: Need::DefaultUnless("jwks", "PS256"),
            doc: "How access tokens are signed.",
        },
        Key::absent(
            "log_in",
            Kind::Section(&log_in::LOG_IN),
            "no authorization endpoint: customers cannot grant, clients act for themselves alone",
            "Who says who a customer is: a service of the bank's, or its own OpenID provider.",
        ),
        Key::absent(
            "grant_lifetime",
            Kind::Duration(Duration::from_mins(1), Duration::from_hours(366 * 24)),
            "customers cannot grant; with `log_in` it must be written",
            "How long what a customer approved holds, its refresh token too.",
        ),
        Key::absent(
            "resource_servers",
            resource_servers::KIND,
            "clients alone ask about tokens, each about its own",
            "The bank's own services that ask about tokens (RFC 7662), by the name they prove \
             themselves under.",
        ),
        Key::demanded(
            "keys",
            Kind::Section(&KEYS),
            "write `keys: { kek: file:PATH }`: the key that wraps the signing keys in the store",
            "What protects our signing keys.",
        ),
    ],
);

/// The words of [`Profile::ALL`], in its order.
const PROFILES: [&str; 2] = [Profile::ALL[0].name, Profile::ALL[1].name];

static KEYS: Shape = Shape::new(
    "`keys`",
    &[
        Key::required(
            "kek",
            Kind::Secret,
            "file:PATH",
            "Seals the signing keys in the store: 32 random bytes in base64url.",
        ),
        Key::absent(
            "url",
            URL,
            "the issuer's URL",
            "With `jwks`: who we are to the bank's services, and where they read our keys.",
        ),
    ],
);

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
        profile: Option<At<&'static Profile>>,
        access_token_lifetime: Option<Duration>,
        algorithm: Option<Algorithm>,
        /// Absent when customers cannot grant.
        log_in: Option<Box<LogIn>>,
        grant_lifetime: Option<Duration>,
        resource_servers: Vec<ResourceServer>,
    },
    /// The bank's own authorization server, with the keys in this file.
    Elsewhere { jwks: Option<At<FileRef>> },
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Option<Issuer> {
    let mut section = section.inner(reader, "issuer")?;
    let url = section.value(reader, "url");
    let jwks = section.value(reader, "jwks");
    let (url, own_place, tokens) = if let Some(jwks) = jwks {
        let url = url.and_then(|value| their_url(reader, value));
        let tokens = elsewhere(reader, &mut section, jwks);
        // Of an issuer that contradicts itself nothing more is asked.
        (url.filter(|_| tokens.is_some()), None, tokens)
    } else {
        let (url, place) = url.and_then(|value| our_url(reader, value)).unzip();
        (url, place, Some(ours(reader, &mut section)))
    };
    let Keys { kek, place } = section
        .inner(reader, "keys")
        .map(|keys| keys_of(reader, keys, tokens.as_ref()))
        .unwrap_or_default();
    let at = section.at;
    section.finish(reader);
    Some(Issuer {
        at,
        url,
        place: own_place.or(place),
        tokens: tokens.unwrap_or(Tokens::Elsewhere { jwks: None }),
        kek,
    })
}

fn ours(reader: &mut Reader, section: &mut Section<'_>) -> Tokens {
    let profile = section.value(reader, "profile");
    let lifetime = section.value(reader, "access_token_lifetime");
    let algorithm = section.value(reader, "algorithm");
    let log_in = section.value(reader, "log_in");
    let grant_lifetime = section.value(reader, "grant_lifetime");
    let resource_servers = section.value(reader, "resource_servers");
    match (&log_in, &grant_lifetime) {
        (Some(_), None) => section.lacks(
            "grant_lifetime",
            "write `grant_lifetime: 90d`: what a customer approved ends then",
        ),
        (None, Some(lifetime)) => {
            reader
                .collector
                .mistake(
                    Code::Contradiction,
                    lifetime.key_span,
                    "without `log_in` no customer grants, and nothing lives so long",
                )
                .help("write `log_in: { upstream: NAME, path: PATH }`, or remove this line");
        }
        _ => {}
    }
    let access_token_lifetime = lifetime
        .and_then(|value| reader.duration(value))
        .map(|at| at.value);
    let words = [
        ("PS256", Algorithm::Ps256),
        ("ES256", Algorithm::Es256),
        ("EdDSA", Algorithm::EdDsa),
    ];
    let algorithm = algorithm
        .and_then(|value| reader.word(value, &words))
        .map(|at| at.value);
    let words = Profile::ALL.map(|profile| (profile.name, profile));
    let profile = profile.and_then(|value| reader.word(value, &words));
    Tokens::Ours {
        profile,
        access_token_lifetime,
        algorithm,
        log_in: log_in.map(|value| Box::new(log_in::read(reader, value))),
        grant_lifetime: grant_lifetime
            .and_then(|value| reader.duration(value))
            .map(|at| at.value),
        resource_servers: resource_servers
            .map(|value| resource_servers::read(reader, value))
            .unwrap_or_default(),
    }
}

/// With `jwks` the tokens are another's: how they are made is not ours to say.
fn elsewhere(reader: &mut Reader, section: &mut Section<'_>, jwks: Value<'_>) -> Option<Tokens> {
    let mut contradicts = false;
    for key in [
        "profile",
        "access_token_lifetime",
        "algorithm",
        "log_in",
        "grant_lifetime",
        "resource_servers",
    ] {
        let Some(value) = section.value(reader, key) else {
            continue;
        };
        contradicts = true;
        reader
            .collector
            .mistake(
                Code::Contradiction,
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

fn keys_of(reader: &mut Reader, mut section: Section<'_>, tokens: Option<&Tokens>) -> Keys {
    let kek = section.value(reader, "kek");
    let url = section.value(reader, "url");
    let place = match (tokens, url) {
        (Some(Tokens::Elsewhere { .. }), Some(url)) => our_url(reader, url).map(|(_, url)| url),
        (Some(Tokens::Elsewhere { .. }), None) => {
            section.lacks(
                "url",
                "write `url: https://auth.example/bank`, at a listener that serves `discovery`: \
                 the bank's services read there who calls them",
            );
            None
        }
        (Some(Tokens::Ours { .. }), Some(url)) => {
            reader
                .collector
                .mistake(
                    Code::Contradiction,
                    url.key_span,
                    "`keys` of an issuer of ours has no URL of its own",
                )
                .help("remove it: the keys are at the issuer's URL");
            None
        }
        (Some(Tokens::Ours { .. }) | None, _) => None,
    };
    section.finish(reader);
    Keys {
        kek: kek.and_then(|value| reader.secret(value)),
        place,
    }
}

/// The identifier of an issuer of ours: written as it will be compared, byte by byte (checklist
/// MD-02).
fn our_url(reader: &mut Reader, value: Value<'_>) -> Option<(At<String>, At<Url>)> {
    let url = reader.parsed(value, |text| {
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
    reader.parsed(value, |text| {
        identifier(text)?;
        Ok(text.to_owned())
    })
}

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
