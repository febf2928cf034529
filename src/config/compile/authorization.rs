//! Where customers log in and approve: which service knows them, and which listener has the pages.

use std::time::Duration;

use edge::ClientCertificates;

use super::{Compiler, upstreams};
use crate::file::{Bank, File, Issuer, Listener, LogIn, Tokens};
use crate::house::{AuthorizationPlan, LogInPlan, Service};
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
    let named = log_in.upstream.as_ref();
    let upstream = named.and_then(|name| upstreams::named(c, bank, name));
    Some(AuthorizationPlan {
        log_in: LogInPlan {
            upstream: upstream?,
            path: log_in.path.clone()?,
        },
        grant_lifetime: grant_lifetime?,
    })
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
