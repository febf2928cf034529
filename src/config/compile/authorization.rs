//! Where customers log in and approve: which service or provider knows them, and which listener has
//! the pages.

use std::sync::Arc;
use std::time::Duration;

use crypto::SigningKey;
use edge::ClientCertificates;

use super::{Compiler, fetch, upstreams};
use crate::file::{Bank, File, Issuer, Judge, Listener, LogIn, Provider, Tokens};
use crate::house::{AuthorizationPlan, IssuerEndpoint, LogInPlan, ProviderPlan, Service};
use crate::mistake::Code;

/// The authorization endpoint of an issuer, at the listener with its URL where there is one.
pub(super) fn compile(
    c: &mut Compiler<'_>,
    bank: &Bank,
    log_in: &LogIn,
    grant_lifetime: Option<Duration>,
    own: Option<&Listener>,
) -> Option<AuthorizationPlan> {
    if let Some(own) = own
        && own.serves(Service::Authorize) == Some(false)
    {
        c.reader
            .collector
            .mistake(
                Code::Contradiction,
                log_in.at,
                format!(
                    "the listener `{}` of this issuer does not serve `authorize`",
                    own.id.value
                ),
            )
            .see(own.id.at, "the listener")
            .help(
                "write `authorize` into its `serves`; or remove `log_in`, when customers grant \
                 nothing here",
            );
    }
    let judge = match log_in.judge.as_ref()? {
        Judge::Service { upstream, path } => {
            let named = upstream.as_ref();
            let upstream = named.and_then(|name| upstreams::named(c, bank, name));
            LogInPlan::Service {
                upstream: upstream?,
                path: path.clone()?,
            }
        }
        Judge::Provider(provider) => LogInPlan::Provider(provider_of(c, bank, provider)?),
    };
    Some(AuthorizationPlan {
        log_in: judge,
        acr_values: log_in.acr_values.clone(),
        grant_lifetime: grant_lifetime?,
    })
}

fn provider_of(c: &mut Compiler<'_>, bank: &Bank, provider: &Provider) -> Option<ProviderPlan> {
    if let Some(url) = &provider.url {
        // A provider that may not be asked logs nobody in.
        fetch::refuse_unlisted(c, bank, &url.value, url.at);
    }
    let key = provider.key.as_ref().and_then(|reference| {
        let text = c.files.secret(&mut c.reader, reference)?;
        match SigningKey::from_pem(None, text.as_bytes()) {
            Ok(key) => Some(Arc::new(key)),
            Err(bad) => {
                c.reader
                    .collector
                    .mistake(Code::Secret, reference.at, bad.to_string())
                    .help("one private key in PEM: `openssl genpkey -algorithm ed25519`");
                None
            }
        }
    });
    Some(ProviderPlan {
        issuer: provider.url.as_ref()?.value.clone(),
        client_id: provider.client_id.clone()?,
        key: key?,
        shown: provider.shown?,
    })
}

/// Where customers come to log in, or come back from where they did.
pub(super) fn page(log_in: &LogIn) -> (&'static str, IssuerEndpoint) {
    match log_in.judge {
        Some(Judge::Provider(_)) => ("logged-in", IssuerEndpoint::LoggedIn),
        Some(Judge::Service { .. }) | None => ("log-in", IssuerEndpoint::LogIn),
    }
}

/// A listener that says it has the pages, but is of no issuer at which customers grant, is a slip.
pub(super) fn refuse_idle(c: &mut Compiler<'_>, file: &File) {
    let mut origins = Vec::new();
    for bank in &file.banks {
        let Some((issuer, place)) = bank
            .issuer
            .as_ref()
            .and_then(|issuer| Some((issuer, issuer.place.as_ref()?)))
        else {
            return;
        };
        if has_log_in(issuer) {
            origins.push(place.value.origin());
        }
    }
    for listener in &file.listeners {
        let (Some(url), Some(at)) = (&listener.url, pages(listener)) else {
            continue;
        };
        if origins.contains(&url.value.origin()) {
            continue;
        }
        c.reader
            .collector
            .mistake(
                Code::Unused,
                at,
                "no issuer with `log_in` has its URL at this listener",
            )
            .see(url.at, "its URL")
            .help("remove `authorize`, or write `log_in` at an issuer with this URL");
    }
}

/// A customer's browser shows no certificate.
pub(super) fn refuse_demanding(c: &mut Compiler<'_>, file: &File) {
    for listener in &file.listeners {
        let (Some(asked), Some(at)) = (&listener.client_certificates, pages(listener)) else {
            continue;
        };
        if asked.value != ClientCertificates::Required {
            continue;
        }
        c.reader
            .collector
            .mistake(
                Code::Contradiction,
                asked.at,
                "customers log in with browsers, which have no certificate to show",
            )
            .see(at, "their pages")
            .help("write `none`, or `optional` where clients come too");
    }
}

fn has_log_in(issuer: &Issuer) -> bool {
    matches!(
        issuer.tokens,
        Tokens::Ours {
            log_in: Some(_),
            ..
        }
    )
}

/// Where a listener says that it has the pages.
fn pages(listener: &Listener) -> Option<crate::source::Span> {
    listener.serves.as_ref()?.get(&Service::Authorize).copied()
}
