//! Issuers: which listener answers what of them, and that no two answer at one place.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crypto::KeyEncryptionKey;
use edge::ClientCertificates;
use model::ListenerId;
use url::Url;

use super::Compiler;
use super::products::Paths;
use crate::file::{Bank, File, Issuer, Listener};
use crate::house::{EndpointPlan, IssuerEndpoint, IssuerPlan, ProductPlan, Service};
use crate::source::{At, Span};

/// The places taken so far, as listener and path, with the issuer's URL that took them.
pub(super) type Places = BTreeMap<(ListenerId, String), Span>;

/// Compiles a bank's issuer, without its clients.
pub(super) fn compile(
    c: &mut Compiler<'_>,
    file: &File,
    bank: &Bank,
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
                    .mistake(reference.at, problem.to_string())
                    .help(
                        "32 random bytes: `head -c 32 /dev/urandom | basenc --base64url | tr -d =`",
                    );
                None
            }
        }
    });
    let url = issuer.url.as_ref()?;
    let own = own_listener(c, file, issuer, url)?;
    let with_certificates = with_certificates(c, file, issuer)?;
    let path = path_of(&url.value);
    let identifier = url.value.as_str().trim_end_matches('/').to_owned();
    let endpoints = endpoints(own, &with_certificates, &identifier, path);
    claim(c, bank, url.at, &endpoints, places);
    let mtls_token_endpoint = match with_certificates.first() {
        Some(first) if !takes_certificates(own) => {
            let origin = first.url.as_ref()?.value.origin().ascii_serialization();
            Some(format!("{origin}{path}/token"))
        }
        _ => None,
    };
    Some(IssuerPlan {
        token_endpoint: format!("{identifier}/token"),
        jwks_uri: format!("{identifier}/jwks"),
        url: identifier,
        mtls_token_endpoint,
        endpoints,
        audience: audience(file, products),
        access_token_lifetime: issuer.access_token_lifetime?,
        algorithm: issuer.algorithm,
        kek: kek?,
        clients: HashMap::new(),
    })
}

/// Notes products whose operations would answer where an issuer does. Comes after all banks.
pub(super) fn refuse_hidden(c: &mut Compiler<'_>, places: &Places, paths: &Paths) {
    for ((listener, path), at) in places {
        let Some((product, operation)) = paths.answering(listener, path) else {
            continue;
        };
        c.reader
            .collector
            .mistake(
                *at,
                format!(
                    "`{product}` has an operation where this issuer answers: {path} on the \
                     listener `{listener}`"
                ),
            )
            .see(operation, "the operation")
            .help("give the issuer's URL a path, or the API another base path");
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
            .mistake(url.at, format!("no listener has the URL `{origin}`"))
            .help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "give a listener this URL, with `serves: [token, discovery]`".to_owned(),
            });
        return None;
    };
    for service in [Service::Token, Service::Discovery] {
        if own.serves(service) != Some(false) {
            continue;
        }
        let word = service.as_str();
        c.reader
            .collector
            .mistake(
                url.at,
                format!(
                    "the listener `{}` of this issuer does not serve `{word}`",
                    own.id.value
                ),
            )
            .see(own.id.at, "the listener")
            .help(format!("write `{word}` into its `serves`"));
    }
    if let Some(asked) = &own.client_certificates
        && asked.value == ClientCertificates::Required
    {
        c.reader
            .collector
            .mistake(
                asked.at,
                "the metadata of an issuer must be readable without a certificate",
            )
            .see(issuer.at, "the issuer")
            .help("write `optional`, or give the issuer a listener of its own");
    }
    Some(own)
}

/// The listeners at which certificate-bound tokens are given out: one at least.
fn with_certificates<'f>(
    c: &mut Compiler<'_>,
    file: &'f File,
    issuer: &Issuer,
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
        if all_known {
            c.reader
                .collector
                .mistake(
                    issuer.at,
                    "no listener gives out tokens to clients that show a certificate",
                )
                .help(
                    "tokens are bound to certificates: write `token` into `serves` of a listener \
                     with `client_certificates: optional` or `required`",
                );
        }
        return None;
    }
    Some(all)
}

fn endpoints(
    own: &Listener,
    with_certificates: &[&Listener],
    identifier: &str,
    path: &str,
) -> Vec<EndpointPlan> {
    let at = |listener: &Listener, path: String, endpoint| EndpointPlan {
        listener: listener.id.value.clone(),
        path,
        endpoint,
    };
    let metadata = authserver::well_known_path(identifier);
    let token = format!("{path}/token");
    let mut endpoints = vec![
        at(own, metadata, IssuerEndpoint::Metadata),
        at(own, format!("{path}/jwks"), IssuerEndpoint::Jwks),
        at(
            own,
            format!("{path}/jwks/upstream"),
            IssuerEndpoint::UpstreamJwks,
        ),
        at(own, token.clone(), IssuerEndpoint::Token),
    ];
    endpoints.extend(
        with_certificates
            .iter()
            .filter(|listener| listener.id.value != own.id.value)
            .map(|listener| at(listener, token.clone(), IssuerEndpoint::Token)),
    );
    endpoints
}

/// Takes an issuer's places; a place has one issuer.
fn claim(
    c: &mut Compiler<'_>,
    bank: &Bank,
    at: Span,
    endpoints: &[EndpointPlan],
    places: &mut Places,
) {
    let mut collided = false;
    for endpoint in endpoints {
        let place = (endpoint.listener.clone(), endpoint.path.clone());
        let Some(first) = places.insert(place, at) else {
            continue;
        };
        if collided {
            continue;
        }
        collided = true;
        let EndpointPlan { listener, path, .. } = endpoint;
        c.reader
            .collector
            .mistake(
                at,
                format!(
                    "the issuer of `{}` would answer where another does: {path} on the listener \
                     `{listener}`",
                    bank.id.value
                ),
            )
            .see(first, "the other issuer")
            .help("give each issuer's URL a path of its own, such as `/harbour`");
    }
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
        .filter_map(|listener| Some(listener.url.as_ref()?.value.origin().ascii_serialization()))
        .collect()
}
