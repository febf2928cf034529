//! `banks.*.issuer.log_in`: who says who a customer is.

use authserver::ShownClaim;
use model::ClientId;

use super::{URL, their_url};
use crate::file::asked::{PATH_PATTERN, asked_at};
use crate::files::SecretRef;
use crate::mistake::Code;
use crate::reader::{Reader, Value, Wrong};
use crate::shape::{Key, Kind, Need, Shape};
use crate::source::{At, Span};

pub(super) static LOG_IN: Shape = Shape::new(
    "`log_in`",
    &[
        Key {
            name: "upstream",
            kind: Kind::Name,
            need: Need::RequiredUnless(&["provider"], "NAME"),
            doc: "Which of the bank's upstreams it is.",
        },
        Key {
            name: "path",
            kind: Kind::Own {
                expected: "a path such as `/customers/v1/log-in`",
                pattern: PATH_PATTERN,
            },
            need: Need::RequiredUnless(&["provider"], "/customers/v1/log-in"),
            doc: "Where it is asked there.",
        },
        Key::absent(
            "provider",
            Kind::Section(&PROVIDER),
            "customers log in on our page, and `upstream` says who they are",
            "The bank's own OpenID provider, at which customers log in.",
        ),
        Key::absent(
            "acr_values",
            Kind::List {
                of: "strengths",
                item: &Kind::Own {
                    expected: "a strength such as `urn:bank:password`",
                    pattern: "^[!#-\\[\\]-~]{1,128}$",
                },
            },
            "clients are told of no strength, and no operation may demand one",
            "Which strengths (`acr`) its log-ins can have, up to 8, as its metadata say.",
        ),
    ],
);

static PROVIDER: Shape = Shape::new(
    "`provider`",
    &[
        Key::required(
            "url",
            URL,
            "https://login.bank.example",
            "Its issuer identifier, to the byte; its metadata are below it.",
        ),
        Key::required(
            "client_id",
            Kind::Own {
                expected: "a client_id such as `mortise`",
                pattern: "^[!#-\\[\\]-~]{1,128}$",
            },
            "mortise",
            "Who this gateway is there.",
        ),
        Key::required(
            "key",
            Kind::Secret,
            "file:PATH",
            "Proves it there by private_key_jwt: a private key in PEM, EC P-256, RSA or Ed25519.",
        ),
        Key::default(
            "shown",
            Kind::Word(&[
                "preferred_username",
                "name",
                "nickname",
                "email",
                "phone_number",
            ]),
            "preferred_username",
            "The claim of the ID token by which customers are shown that it is they.",
        ),
    ],
);

/// The most strengths, and the bytes of each.
const ACR_VALUES_MAX: usize = 8;
const ACR_BYTES_MAX: usize = 128;

/// How customers log in.
pub(crate) struct LogIn {
    pub(crate) at: Span,
    /// Absent when the section contradicts itself or is none.
    pub(crate) judge: Option<Judge>,
    /// Which strengths its log-ins can have, each once.
    pub(crate) acr_values: Vec<String>,
}

/// Who says who a customer is.
pub(crate) enum Judge {
    /// A service of the bank's.
    Service {
        /// One of the bank's upstreams.
        upstream: Option<At<String>>,
        /// Where it is asked there.
        path: Option<String>,
    },
    /// The bank's own OpenID provider.
    Provider(Provider),
}

/// An OpenID provider.
pub(crate) struct Provider {
    /// Its issuer identifier, as written.
    pub(crate) url: Option<At<String>>,
    pub(crate) client_id: Option<ClientId>,
    pub(crate) key: Option<At<SecretRef>>,
    pub(crate) shown: Option<ShownClaim>,
}

pub(super) fn read(reader: &mut Reader, value: Value<'_>) -> LogIn {
    let at = value.key_span;
    let Some(mut section) = reader.section(value) else {
        return LogIn {
            at,
            judge: None,
            acr_values: Vec::new(),
        };
    };
    let upstream = section.value(reader, "upstream");
    let path = section.value(reader, "path");
    let provider = section.value(reader, "provider");
    let acr_values = section.value(reader, "acr_values");
    section.finish(reader);
    let acr_values = acr_values
        .map(|value| read_acr_values(reader, value))
        .unwrap_or_default();
    let Some(provider) = provider else {
        let judge = Judge::Service {
            upstream: upstream.and_then(|value| reader.name(value)),
            path: path
                .and_then(|value| {
                    reader.parsed(value, |text| asked_at(text, "where customers log in"))
                })
                .map(|at| at.value),
        };
        return LogIn {
            at,
            judge: Some(judge),
            acr_values,
        };
    };
    let beside = upstream.or(path);
    if let Some(beside) = beside {
        reader
            .collector
            .mistake(
                Code::Contradiction,
                beside.key_span,
                format!(
                    "`{}` stands beside `provider`: who says who a customer is?",
                    beside.key.name
                ),
            )
            .see(provider.key_span, "the bank's own OpenID provider")
            .help(
                "remove `provider` when a service of the bank's does, `upstream` and `path` when \
                 its provider does",
            );
    }
    let provider = read_provider(reader, provider).filter(|_| beside.is_none());
    LogIn {
        at,
        judge: provider.map(Judge::Provider),
        acr_values,
    }
}

/// Strengths (OIDC Core §2), as a challenge can say them (RFC 9470 §3).
fn read_acr_values(reader: &mut Reader, value: Value<'_>) -> Vec<String> {
    let items = reader.items(value).unwrap_or_default();
    if items.len() > ACR_VALUES_MAX {
        let what = format!("`acr_values` cannot hold {}", items.len());
        reader
            .collector
            .mistake(Code::OutOfRange, value.key_span, what)
            .help(format!("it may hold up to {ACR_VALUES_MAX}"));
        return Vec::new();
    }
    let mut values = Vec::new();
    for item in items {
        let acr = reader.parsed(item, |text| {
            let is_legal = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
            if (1..=ACR_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_legal) {
                return Ok(text.to_owned());
            }
            Err(Wrong::new(
                format!("`{text}` cannot be a strength of log-ins"),
                format!(
                    "write 1 to {ACR_BYTES_MAX} visible ASCII characters other than `\"` and `\\`"
                ),
            ))
        });
        values.extend(acr.map(|at| at.value).filter(|acr| !values.contains(acr)));
    }
    values
}

fn read_provider(reader: &mut Reader, value: Value<'_>) -> Option<Provider> {
    let mut section = reader.section(value)?;
    let url = section.value(reader, "url");
    let client_id = section.value(reader, "client_id");
    let key = section.value(reader, "key");
    let shown = section.value(reader, "shown");
    section.finish(reader);
    let words = ShownClaim::ALL.map(|claim| (claim.as_str(), claim));
    let client_id = client_id.and_then(|value| {
        reader.parsed(value, |text| {
            ClientId::parse(text).map_err(|bad| {
                let what = format!("`{text}` cannot be a client_id");
                Wrong::new(what, bad.to_string())
            })
        })
    });
    Some(Provider {
        url: url.and_then(|value| their_url(reader, value)),
        client_id: client_id.map(|at| at.value),
        key: key.and_then(|value| reader.secret(value)),
        shown: shown
            .and_then(|value| reader.word(value, &words))
            .map(|at| at.value),
    })
}
