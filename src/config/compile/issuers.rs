//! Issuers: which listener answers what of them.

mod taken;

use std::collections::HashMap;
use std::sync::Arc;

use authserver::{BoundBy, ClientAuthentication, Profile};
use crypto::{Jwks, KeyEncryptionKey};
use edge::ClientCertificates;
use url::Url;

use super::clients::key_set;
use super::{Compiler, authorization, resource_servers};
use crate::file::{Bank, Client, File, Issuer, Listener, Partner, Proof, Tokens};
use crate::files::FileRef;
use crate::house::{
    EndpointPlan, IssuerEndpoint, IssuerPlan, OurTokensPlan, ProductPlan, Service, TokensPlan,
};
use crate::mistake::Code;
use crate::source::{At, Span};

pub(super) use self::taken::{Places, refuse_hidden};

/// What customers' browsers see.
const PAGES: [(&str, IssuerEndpoint); 4] = [
    ("authorize", IssuerEndpoint::Authorize),
    ("approve", IssuerEndpoint::Approve),
    ("done", IssuerEndpoint::Done),
    ("permissions", IssuerEndpoint::Permissions),
];

/// Compiles a bank's issuer, without its clients.
pub(super) fn compile(
    c: &mut Compiler<'_>,
    file: &File,
    (bank, partners): (&Bank, &[&Partner]),
    products: &[ProductPlan],
    places: &mut Places,
) -> Option<IssuerPlan> {
    let issuer = bank.issuer.as_ref()?;
    let kek = issuer.kek.as_ref().and_then(|reference| {
        let text = c.files.secret(&mut c.reader, reference)?;
        match KeyEncryptionKey::from_text(&text) {
            Ok(kek) => Some(Arc::new(kek)),
            Err(problem) => {
                c.reader
                    .collector
                    .mistake(Code::Secret, reference.at, problem.to_string())
                    .help(
                        "32 random bytes: `head -c 32 /dev/urandom | basenc --base64url | tr -d =`",
                    );
                None
            }
        }
    });
    let resource_servers = resource_servers::compile(c, file, bank, issuer);
    let url = issuer.url.as_ref()?;
    let place = issuer.place.as_ref();
    let (tokens, endpoints) = match &issuer.tokens {
        Tokens::Ours { .. } => {
            let (tokens, places) = ours(c, file, (bank, partners), issuer, url)?;
            (Some(TokensPlan::Ours(tokens)), places)
        }
        Tokens::Elsewhere { jwks } => {
            let keys = their_keys(c, file, url, jwks.as_ref());
            let own = own_listener(c, file, issuer, place?, &[Service::Discovery])?;
            let path = path_of(&place?.value);
            let places = vec![upstream_jwks(own, path)];
            (keys.map(TokensPlan::Elsewhere), places)
        }
    };
    places.claim(c, bank, place?.at, &endpoints);
    Some(IssuerPlan {
        url: url.value.clone(),
        tokens: tokens?,
        assertion_issuer: place?.value.as_str().trim_end_matches('/').to_owned(),
        endpoints,
        audience: audience(file, products),
        kek: kek?,
        clients: HashMap::new(),
        resource_servers: resource_servers?,
    })
}

/// An issuer of ours, and where it answers.
fn ours(
    c: &mut Compiler<'_>,
    file: &File,
    (bank, partners): (&Bank, &[&Partner]),
    issuer: &Issuer,
    identifier: &At<String>,
) -> Option<(OurTokensPlan, Vec<EndpointPlan>)> {
    let Tokens::Ours {
        profile,
        access_token_lifetime,
        algorithm,
        log_in,
        grant_lifetime,
        ..
    } = &issuer.tokens
    else {
        return None;
    };
    let url = issuer.place.as_ref()?;
    let own = own_listener(c, file, issuer, url, &[Service::Token, Service::Discovery]);
    let authorization = log_in
        .as_ref()
        .map(|log_in| authorization::compile(c, bank, log_in, *grant_lifetime, own));
    if let (Some(profile), Some(_)) = (profile, log_in) {
        refuse_unsigning(c, profile, partners);
    }
    let own = own?;
    let with_certificates = with_certificates(c, file, issuer, partners)?;
    let path = path_of(&url.value);
    let mtls_base = match with_certificates.first() {
        Some(first) if !takes_certificates(own) => {
            let origin = first.url.as_ref()?.value.origin().ascii_serialization();
            Some(format!("{origin}{path}"))
        }
        _ => None,
    };
    let identifier = &identifier.value;
    let log_in = log_in.as_deref().map(authorization::page);
    let endpoints = endpoints(own, &with_certificates, identifier, path, log_in);
    let tokens = OurTokensPlan {
        profile: profile.as_ref()?.value,
        token_endpoint: format!("{identifier}/token"),
        jwks_uri: format!("{identifier}/jwks"),
        mtls_base,
        takes_certificates: !with_certificates.is_empty(),
        access_token_lifetime: (*access_token_lifetime)?,
        algorithm: (*algorithm)?,
        authorization: match authorization {
            Some(plan) => Some(plan?),
            None => None,
        },
    };
    Some((tokens, endpoints))
}

/// The keys of a bank's own issuer, which cannot be at a listener of ours.
fn their_keys(
    c: &mut Compiler<'_>,
    file: &File,
    url: &At<String>,
    jwks: Option<&At<FileRef>>,
) -> Option<Jwks> {
    let origin = Url::parse(&url.value).ok()?.origin();
    let ours = |listener: &&Listener| {
        let its = listener.url.as_ref();
        its.is_some_and(|its| its.value.origin() == origin)
    };
    if let Some(listener) = file.listeners.iter().find(ours) {
        c.reader
            .collector
            .mistake(
                Code::Contradiction,
                url.at,
                "this issuer would be this gateway, and its keys are another's",
            )
            .see(listener.id.at, "the listener with this URL")
            .help(
                "write the URL of the bank's own authorization server, as it stands in `iss` of \
                 its tokens; or remove `jwks`, for an issuer of ours",
            );
        return None;
    }
    key_set(c, jwks?)
}

/// Notes banks that name one issuer: who issues for two lets callers of the one in at the other.
pub(super) fn refuse_shared(c: &mut Compiler<'_>, file: &File) {
    let mut known: HashMap<&str, Span> = HashMap::new();
    let issuers = file.banks.iter().filter_map(|bank| bank.issuer.as_ref());
    for issuer in issuers.filter(|issuer| matches!(issuer.tokens, Tokens::Elsewhere { .. })) {
        let Some(url) = &issuer.url else {
            continue;
        };
        if let Some(first) = known.insert(&url.value, url.at) {
            c.reader
                .collector
                .mistake(Code::Clash, url.at, "two banks have this issuer")
                .see(first, "the first")
                .help(
                    "banks see nothing of each other: each needs an issuer of its own, with a URL \
                     of its own",
                );
        }
    }
}

/// The path of an issuer's URL, without a slash at its end.
fn path_of(url: &Url) -> &str {
    url.path().trim_end_matches('/')
}

fn takes_certificates(listener: &Listener) -> bool {
    listener
        .client_certificates
        .as_ref()
        .is_some_and(|asked| asked.value != ClientCertificates::None)
}

/// The listener whose URL is the issuer's origin; it must serve metadata and tokens to clients
/// that show no certificate (checklist T-05).
fn own_listener<'f>(
    c: &mut Compiler<'_>,
    file: &'f File,
    issuer: &Issuer,
    url: &At<Url>,
    services: &[Service],
) -> Option<&'f Listener> {
    let origin = url.value.origin();
    let own = file.listeners.iter().find(|listener| {
        listener
            .url
            .as_ref()
            .is_some_and(|url| url.value.origin() == origin)
    });
    let Some(own) = own else {
        let origins: Vec<String> = file
            .listeners
            .iter()
            .filter_map(|listener| {
                Some(listener.url.as_ref()?.value.origin().ascii_serialization())
            })
            .collect();
        if origins.len() < file.listeners.len() {
            return None;
        }
        let origin = origin.ascii_serialization();
        let near = crate::mistake::nearest(&origin, origins.iter().map(String::as_str));
        c.reader
            .collector
            .mistake(
                Code::DanglingName,
                url.at,
                format!("no listener has the URL `{origin}`"),
            )
            .help(if let Some(near) = near {
                format!("did you mean `{near}`?")
            } else {
                let words: Vec<_> = services.iter().map(|word| word.as_str()).collect();
                let words = words.join(", ");
                format!("give a listener this URL, with `serves: [{words}]`")
            });
        return None;
    };
    for &service in services {
        if own.serves(service) != Some(false) {
            continue;
        }
        let word = service.as_str();
        c.reader
            .collector
            .mistake(
                Code::Contradiction,
                url.at,
                format!(
                    "the listener `{}` of this issuer does not serve `{word}`",
                    own.id.value
                ),
            )
            .see(own.id.at, "the listener")
            .help(format!("write `{word}` into its `serves`"));
    }
    refuse_hidden_metadata(c, issuer, own);
    Some(own)
}

/// Who has no certificate yet must be able to read how to get a token. Of a listener with pages for
/// browsers it is told for their sake.
fn refuse_hidden_metadata(c: &mut Compiler<'_>, issuer: &Issuer, own: &Listener) {
    if let Some(asked) = &own.client_certificates
        && asked.value == ClientCertificates::Required
        && own.serves(Service::Authorize) != Some(true)
    {
        c.reader
            .collector
            .mistake(
                Code::Contradiction,
                asked.at,
                "the metadata of an issuer must be readable without a certificate",
            )
            .see(issuer.at, "the issuer")
            .help("write `optional`, or give the issuer a listener of its own");
    }
}

/// The listeners at which certificate-bound tokens are given out: one at least, unless no client
/// needs one.
fn with_certificates<'f>(
    c: &mut Compiler<'_>,
    file: &'f File,
    issuer: &Issuer,
    partners: &[&Partner],
) -> Option<Vec<&'f Listener>> {
    let serve_tokens = |listener: &&Listener| listener.serves(Service::Token) != Some(false);
    let all: Vec<_> = file
        .listeners
        .iter()
        .filter(serve_tokens)
        .filter(|listener| takes_certificates(listener))
        .collect();
    let all_known = file
        .listeners
        .iter()
        .filter(serve_tokens)
        .all(|listener| listener.client_certificates.is_some());
    if all.is_empty() {
        let mut clients = partners.iter().flat_map(|partner| &partner.clients);
        let needs = |client: &&Client| {
            let by_assertion = matches!(
                client.proof.authentication,
                Some(ClientAuthentication::PrivateKeyJwt) | None
            );
            !by_assertion || client.bound_by == Some(BoundBy::Certificate)
        };
        let Some(client) = clients.find(needs) else {
            return Some(all);
        };
        if all_known {
            c.reader
                .collector
                .mistake(
                    Code::Unguarded,
                    issuer.at,
                    "no listener gives out tokens to clients that show a certificate",
                )
                .see(client.id.at, "this client needs it")
                .help(
                    "write `token` into `serves` of a listener with `client_certificates: \
                     optional` or `required`; or, where tokens are to be bound to DPoP keys, \
                     `auth: private_key_jwt` and `bound_by: dpop` at each client",
                );
        }
        return None;
    }
    Some(all)
}

/// Notes clients that ask customers and hold no key to sign their requests with, where none comes
/// unsigned (FAPI 2.0 Message Signing §5.3.1): of such a one each would be refused.
fn refuse_unsigning(c: &mut Compiler<'_>, profile: &At<&Profile>, partners: &[&Partner]) {
    if !profile.value.require_signed_request_object {
        return;
    }
    let clients = partners.iter().flat_map(|partner| &partner.clients);
    let is_without_keys = |client: &&Client| {
        let Proof { jwks, jwks_url, .. } = &client.proof;
        jwks.is_none() && jwks_url.is_none()
    };
    let asks = |client: &&Client| !client.redirect_uris.is_empty();
    for client in clients.filter(asks).filter(is_without_keys) {
        let name = profile.value.name;
        c.reader
            .collector
            .mistake(
                Code::Contradiction,
                client.id.at,
                format!("this client cannot sign what it asks customers for under `{name}`"),
            )
            .see(profile.at, "the profile of an issuer that knows it")
            .help("write `jwks: file:PATH` or `jwks_url: URL`, the keys that verify its requests");
    }
}

/// Where the bank's services read the keys of identity assertions.
fn upstream_jwks(own: &Listener, path: &str) -> EndpointPlan {
    EndpointPlan {
        listener: own.id.value.clone(),
        path: format!("{path}/jwks/upstream"),
        endpoint: IssuerEndpoint::UpstreamJwks,
    }
}

fn endpoints(
    own: &Listener,
    with_certificates: &[&Listener],
    identifier: &str,
    path: &str,
    log_in: Option<(&str, IssuerEndpoint)>,
) -> Vec<EndpointPlan> {
    let at = |listener: &Listener, path: String, endpoint| EndpointPlan {
        listener: listener.id.value.clone(),
        path,
        endpoint,
    };
    let metadata = authserver::well_known_path(identifier);
    let mut endpoints = vec![
        at(own, metadata, IssuerEndpoint::Metadata),
        at(own, format!("{path}/jwks"), IssuerEndpoint::Jwks),
        upstream_jwks(own, path),
    ];
    let others = with_certificates
        .iter()
        .copied()
        .filter(|listener| listener.id.value != own.id.value);
    for listener in std::iter::once(own).chain(others) {
        let mut answers = |word: &str, endpoint| {
            endpoints.push(at(listener, format!("{path}/{word}"), endpoint));
        };
        answers("token", IssuerEndpoint::Token);
        answers("introspect", IssuerEndpoint::Introspect);
        answers("revoke", IssuerEndpoint::Revoke);
        if log_in.is_some() {
            answers("par", IssuerEndpoint::Par);
            answers("userinfo", IssuerEndpoint::Userinfo);
        }
    }
    if let Some(log_in) = log_in {
        let openid = authserver::openid_path(identifier);
        endpoints.push(at(own, openid, IssuerEndpoint::OpenIdMetadata));
        let pages = PAGES.into_iter().chain([log_in]);
        endpoints.extend(pages.map(|(word, page)| at(own, format!("{path}/{word}"), page)));
    }
    endpoints
}

/// The URLs of the listeners that serve the bank's products, in the file's order.
fn audience(file: &File, products: &[ProductPlan]) -> Vec<String> {
    file.listeners
        .iter()
        .filter(|listener| {
            products
                .iter()
                .any(|product| product.listeners.contains(&listener.id.value))
        })
        .filter_map(Listener::origin)
        .collect()
}
