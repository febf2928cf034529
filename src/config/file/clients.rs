//! `partners.*.clients`: a partner's OAuth clients.

use authserver::{BoundBy, ClientAuthentication, ResponseMode, Userinfo};
use model::ClientId;
use url::Url;

use super::id;
use super::known_by::{self, Certificate};
use super::redirect_uris;
use crate::files::FileRef;
use crate::mistake::Code;
use crate::reader::{Reader, Section, Value, Wrong};
use crate::shape::{Key, Kind, Shape};
use crate::source::At;

pub(super) static CLIENT: Shape = Shape::new(
    "a client",
    &[
        AUTH,
        Key::required(
            "bound_by",
            Kind::Word(&["mtls", "dpop"]),
            "mtls",
            "What its tokens are bound to: the certificate of the token request (RFC 8705 §3), or \
             the key of its DPoP proof (RFC 9449 §5).",
        ),
        Key::absent(
            "jwks",
            Kind::File,
            "`jwks_url` says where they are; with neither, a client with `tls_client_auth` signs \
             no requests, and no other may be written",
            "Its public keys (RFC 7517): PS256, ES256 or EdDSA; with `self_signed_tls_client_auth` \
             those of its certificates. Requests that it signs are verified with them too.",
        ),
        Key::absent(
            "jwks_url",
            Kind::Own {
                expected: "a URL such as `https://keys.partner.example/jwks.json`",
                pattern: "^https://[^#@ ]+$",
            },
            "its keys stand in the file that `jwks` names",
            "Where it publishes its public keys instead (RFC 7591 §2, `jwks_uri`): at a host that \
             each bank lists in `fetch`. Not with `self_signed_tls_client_auth`.",
        ),
        CERTIFICATE,
        Key::absent(
            "redirect_uris",
            redirect_uris::KIND,
            "it cannot ask for a customer's grant",
            "Where customers come back to, up to 20: compared byte by byte.",
        ),
        Key::absent(
            "response_modes",
            Kind::List {
                of: "response modes",
                item: &Kind::Word(&RESPONSE_MODES),
            },
            "no response goes back to it; with `redirect_uris` it must be written",
            "How it may ask for responses: `query` (plain), `jwt` (signed).",
        ),
        Key::default(
            "userinfo",
            Kind::Word(&["json", "jwt"]),
            "json",
            "How it is told who a customer is (OIDC Core §5.3.2): as JSON, or as a JWT, signed as \
             tokens are.",
        ),
    ],
);

/// How whoever has something to ask of an issuer proves itself.
pub(super) const AUTH: Key = Key::required(
    "auth",
    Kind::Word(&METHODS),
    "private_key_jwt",
    "How it proves itself (RFC 7523, RFC 8705 §2.1 and §2.2).",
);

pub(super) const CERTIFICATE: Key = Key::absent(
    "certificate",
    Kind::Section(&known_by::CLIENTS),
    "its keys prove it; with `tls_client_auth` it must be written",
    "By what the certificate is known that proves it, of the bank's partner CA.",
);

/// The longest URL.
const URL_BYTES_MAX: usize = 2_048;

const METHODS: [&str; 3] = [
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
];

const BOUND_BY: [(&str, BoundBy); 2] = [("mtls", BoundBy::Certificate), ("dpop", BoundBy::Key)];
const USERINFO: [(&str, Userinfo); 2] = [("json", Userinfo::Json), ("jwt", Userinfo::Jwt)];

/// The words of [`ResponseMode::ALL`], in its order.
const RESPONSE_MODES: [&str; 2] = ["query", "jwt"];

/// An OAuth client of a partner.
pub(crate) struct Client {
    pub(crate) id: At<ClientId>,
    pub(crate) proof: Proof,
    /// Absent when it cannot be read.
    pub(crate) bound_by: Option<BoundBy>,
    /// Where customers come back to, as written; empty when nothing is.
    pub(crate) redirect_uris: Vec<String>,
    /// What it may ask for, each once; empty where nothing goes back.
    pub(crate) response_modes: Vec<ResponseMode>,
    /// Absent when it cannot be read.
    pub(crate) userinfo: Option<Userinfo>,
}

/// How one proves itself, and with which keys.
pub(crate) struct Proof {
    /// Absent when it contradicts itself or cannot be read.
    pub(crate) authentication: Option<ClientAuthentication>,
    pub(crate) jwks: Option<At<FileRef>>,
    /// Where they are published.
    pub(crate) jwks_url: Option<At<Url>>,
}

/// The same, as written.
pub(super) struct Written<'n> {
    method: Option<&'static str>,
    jwks: Option<Value<'n>>,
    jwks_url: Option<Value<'n>>,
    certificate: Option<Value<'n>>,
    is_whole: bool,
}

impl Written<'_> {
    /// Of one that signs nothing but its proof: keys beside a certificate are a mistake.
    pub(super) fn with_keys_for_proof_alone(mut self, reader: &mut Reader) -> Self {
        if let (Some(method @ "tls_client_auth"), Some(jwks)) = (self.method, &self.jwks) {
            self.is_whole &= beside(reader, jwks, "jwks", method);
        }
        self
    }
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Client> {
    let Some(value) = section.value(reader, "clients") else {
        return Vec::new();
    };
    let members = reader.named(value);
    members
        .into_iter()
        .filter_map(|member| {
            let id = id(reader, member.name, member.at, ClientId::parse)?;
            Some(client(reader, id, member.section?))
        })
        .collect()
}

fn client(reader: &mut Reader, id: At<ClientId>, mut section: Section<'_>) -> Client {
    let jwks_url = section.value(reader, "jwks_url");
    let proof = written(reader, &mut section, jwks_url);
    let bound_by = section.value(reader, "bound_by");
    let redirect_uris = section.value(reader, "redirect_uris");
    let response_modes = section.value(reader, "response_modes");
    match (&redirect_uris, &response_modes) {
        // A client of `jwt` alone must not be answered plainly for want of a line.
        (Some(_), None) => section.lacks(
            "response_modes",
            "write `response_modes: [query, jwt]`, or the one by which it is answered",
        ),
        (None, Some(modes)) => {
            reader
                .collector
                .mistake(
                    Code::Contradiction,
                    modes.key_span,
                    "without `redirect_uris` no response goes back to this client",
                )
                .help("write `redirect_uris: [URL]`, or remove this line");
        }
        _ => {}
    }
    let userinfo = section.value(reader, "userinfo");
    section.finish(reader);
    Client {
        id,
        proof: self::proof(reader, &proof),
        bound_by: bound_by
            .and_then(|value| reader.word(value, &BOUND_BY))
            .map(|at| at.value),
        redirect_uris: redirect_uris
            .map(|value| redirect_uris::read(reader, value))
            .unwrap_or_default(),
        response_modes: response_modes
            .map(|value| read_response_modes(reader, value))
            .unwrap_or_default(),
        userinfo: userinfo
            .and_then(|value| reader.word(value, &USERINFO))
            .map(|at| at.value),
    }
}

/// Takes the three keys from their section, beside where keys are published, and notes what is
/// missing or too much.
pub(super) fn written<'n>(
    reader: &mut Reader,
    section: &mut Section<'n>,
    jwks_url: Option<Value<'n>>,
) -> Written<'n> {
    let auth = section.value(reader, "auth");
    let jwks = section.value(reader, "jwks");
    let certificate = section.value(reader, "certificate");
    let method = auth.and_then(|value| method(reader, value));
    let is_whole = method.is_none_or(|method| {
        let has_keys = has_keys(reader, section, method, jwks, jwks_url);
        let is_proved = match certificate {
            None if method == "tls_client_auth" => {
                section.lacks(
                    "certificate",
                    "write `certificate: { subject_dn: NAME }`: what the certificate bears that \
                     proves it",
                );
                true
            }
            Some(its) if method != "tls_client_auth" => beside(reader, &its, "certificate", method),
            None | Some(_) => true,
        };
        has_keys && is_proved
    });
    Written {
        method,
        jwks,
        jwks_url,
        certificate,
        is_whole,
    }
}

/// Reads what these keys say.
pub(super) fn proof(reader: &mut Reader, written: &Written<'_>) -> Proof {
    let &Written {
        method,
        jwks,
        jwks_url,
        certificate,
        is_whole,
    } = written;
    let known_by = certificate
        .and_then(|value| reader.section(value))
        .and_then(|section| known_by::of_client(reader, section));
    let authentication = match method {
        Some("private_key_jwt") => Some(ClientAuthentication::PrivateKeyJwt),
        Some("self_signed_tls_client_auth") => Some(ClientAuthentication::SelfSignedTlsClientAuth),
        _ => known_by
            .map(|Certificate { known_by, .. }| ClientAuthentication::TlsClientAuth(known_by)),
    };
    Proof {
        authentication: authentication.filter(|_| is_whole && method.is_some()),
        jwks: jwks.and_then(|value| reader.file(value)),
        jwks_url: jwks_url.and_then(|value| reader.parsed(value, url)),
    }
}

/// Whether its keys stand where its method wants them: in a file, or published, or, by
/// `tls_client_auth`, nowhere. Notes what is wrong.
fn has_keys(
    reader: &mut Reader,
    section: &mut Section<'_>,
    method: &str,
    jwks: Option<Value<'_>>,
    jwks_url: Option<Value<'_>>,
) -> bool {
    match (jwks, jwks_url) {
        (_, Some(url)) if method == "self_signed_tls_client_auth" => {
            beside(reader, &url, "jwks_url", method)
        }
        (Some(jwks), Some(url)) => {
            let text = "`jwks` stands beside `jwks_url`: which of them holds?";
            reader
                .collector
                .mistake(Code::Contradiction, jwks.key_span, text)
                .see(url.key_span, "where they are published")
                .help("remove the one or the other (RFC 7591 §2)");
            false
        }
        (None, None) if method != "tls_client_auth" => {
            section.lacks("jwks", "write `jwks: file:PATH`");
            false
        }
        _ => true,
    }
}

/// Notes a key that means nothing to the method written beside it; false, as it is a mistake.
fn beside(reader: &mut Reader, value: &Value<'_>, key: &str, method: &str) -> bool {
    let help = match key {
        "jwks" => "remove it, or write `auth: private_key_jwt` and remove `certificate`",
        // MT-02: what proves it changes with the file alone.
        "jwks_url" => "remove it: the keys of its certificates stand in the file that `jwks` names",
        _ => "remove it, or write `auth: tls_client_auth`",
    };
    reader
        .collector
        .mistake(
            Code::Contradiction,
            value.key_span,
            format!("`{key}` proves nothing with `auth: {method}`"),
        )
        .help(help);
    false
}

/// The modes that are listed.
fn read_response_modes(reader: &mut Reader, value: Value<'_>) -> Vec<ResponseMode> {
    let words = [
        (RESPONSE_MODES[0], ResponseMode::Query),
        (RESPONSE_MODES[1], ResponseMode::Jwt),
    ];
    let mut modes = Vec::new();
    for item in reader.items(value).unwrap_or_default() {
        let mode = reader.word(item, &words).map(|at| at.value);
        modes.extend(mode.filter(|mode| !modes.contains(mode)));
    }
    modes
}

/// Where a client publishes its keys: `https`, without user information and fragment (checklist
/// C-05).
fn url(text: &str) -> Result<Url, Wrong> {
    let wrong = |help: &str| {
        Wrong::new(
            format!("`{text}` cannot be where a client's keys are fetched from"),
            help,
        )
    };
    if text.len() > URL_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong(
            "write it without spaces, in ASCII, with at most 2048 bytes",
        ));
    }
    let parsed = Url::parse(text).ok();
    let parsed = parsed.filter(|url| url.scheme() == "https" && url.has_host());
    let parsed = parsed.ok_or_else(|| wrong("write one that begins with `https://`"))?;
    let has_user = !parsed.username().is_empty() || parsed.password().is_some();
    if has_user || parsed.fragment().is_some() {
        return Err(wrong("write it without user name, password and fragment"));
    }
    if parsed.as_str() != text {
        return Err(wrong(&format!("write `{parsed}`")));
    }
    Ok(parsed)
}

/// The methods of client authentication (checklist CA-01).
fn method(reader: &mut Reader, value: Value<'_>) -> Option<&'static str> {
    let method = reader.parsed(value, |text| {
        if let Some(method) = METHODS.into_iter().find(|method| *method == text) {
            return Ok(method);
        }
        Err(match text {
            "none" | "client_secret_basic" | "client_secret_post" | "client_secret_jwt" => {
                Wrong::new(
                    format!("`{text}` is not a way in which a client may prove itself"),
                    "FAPI 2.0 demands a key: write `private_key_jwt`, `tls_client_auth` or \
                     `self_signed_tls_client_auth`",
                )
            }
            _ => Wrong::new(
                format!("`auth` cannot be `{text}`"),
                "write `private_key_jwt`, `tls_client_auth` or `self_signed_tls_client_auth`",
            ),
        })
    })?;
    Some(method.value)
}
