//! `partners.*.clients`: a partner's OAuth clients.

use authserver::{BoundBy, ClientAuthentication, ResponseMode, Userinfo};
use model::ClientId;

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
        Key::default(
            "bound_by",
            Kind::Word(&["mtls", "dpop"]),
            "mtls",
            "What its tokens are bound to: the certificate of the token request (RFC 8705 §3), or \
             the key of its DPoP proof (RFC 9449 §5).",
        ),
        Key::absent(
            "jwks",
            Kind::File,
            "with `tls_client_auth` it signs no requests; otherwise it must be written",
            "Its public keys (RFC 7517): PS256, ES256 or EdDSA; with `self_signed_tls_client_auth` \
             those of its certificates. Requests that it signs are verified with them too.",
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
            "as each request asks: `query` or `jwt`",
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
    /// What it may ask for, each once.
    pub(crate) response_modes: Vec<ResponseMode>,
    /// Absent when it cannot be read.
    pub(crate) userinfo: Option<Userinfo>,
}

/// How one proves itself, and with which keys.
pub(crate) struct Proof {
    /// Absent when it contradicts itself or cannot be read.
    pub(crate) authentication: Option<ClientAuthentication>,
    pub(crate) jwks: Option<At<FileRef>>,
}

/// The same, as written.
pub(super) struct Written<'n> {
    method: Option<&'static str>,
    jwks: Option<Value<'n>>,
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
    let proof = written(reader, &mut section);
    let bound_by = section.value(reader, "bound_by");
    let redirect_uris = section.value(reader, "redirect_uris");
    let response_modes = section.value(reader, "response_modes");
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
        response_modes: read_response_modes(reader, response_modes),
        userinfo: userinfo
            .and_then(|value| reader.word(value, &USERINFO))
            .map(|at| at.value),
    }
}

/// Takes the three keys from their section, and notes what is missing or too much.
pub(super) fn written<'n>(reader: &mut Reader, section: &mut Section<'n>) -> Written<'n> {
    let auth = section.value(reader, "auth");
    let jwks = section.value(reader, "jwks");
    let certificate = section.value(reader, "certificate");
    let method = auth.and_then(|value| method(reader, value));
    let is_whole = match method {
        Some("tls_client_auth") => {
            if certificate.is_none() {
                section.lacks(
                    "certificate",
                    "write `certificate: { subject_dn: NAME }`: what the certificate bears that \
                     proves it",
                );
            }
            true
        }
        Some(_) if jwks.is_none() => {
            section.lacks("jwks", "write `jwks: file:PATH`");
            false
        }
        Some(other) => certificate.is_none_or(|its| beside(reader, &its, "certificate", other)),
        None => true,
    };
    Written {
        method,
        jwks,
        certificate,
        is_whole,
    }
}

/// Reads what the three keys say.
pub(super) fn proof(reader: &mut Reader, written: &Written<'_>) -> Proof {
    let &Written {
        method,
        jwks,
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
    }
}

/// Notes a key that means nothing to the method written beside it; false, as it is a mistake.
fn beside(reader: &mut Reader, value: &Value<'_>, key: &str, method: &str) -> bool {
    let help = match key {
        "jwks" => "remove it, or write `auth: private_key_jwt` and remove `certificate`",
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

/// The modes that are listed; all, when nothing is.
fn read_response_modes(reader: &mut Reader, value: Option<Value<'_>>) -> Vec<ResponseMode> {
    let Some(value) = value else {
        return ResponseMode::ALL.to_vec();
    };
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
