//! Where issuers answer: no two at one place, and no product where one does. The pages at which
//! customers keep what they gave take all that is below them as well.

use std::collections::BTreeMap;

use model::ListenerId;

use crate::compile::Compiler;
use crate::compile::products::Paths;
use crate::file::Bank;
use crate::house::{EndpointPlan, IssuerEndpoint};
use crate::mistake::Code;
use crate::source::Span;

const OWN_PATH: &str = "give each issuer's URL a path of its own, such as `/harbour`";
const PATH_ELSEWHERE: &str = "all below an issuer's pages is its own: give the other's URL a path \
                              elsewhere, such as `/harbour`";

/// A listener and a path.
type Place = (ListenerId, String);

/// The places taken so far, with the issuer's URL that took them.
#[derive(Default)]
pub(in crate::compile) struct Places {
    taken: BTreeMap<Place, Span>,
    /// Those of which all that is below them is taken too.
    whole: BTreeMap<Place, Span>,
}

/// What another issuer has already: its URL, what of it is in the way, and what would be right.
struct Clash {
    first: Span,
    what: String,
    help: &'static str,
}

impl Places {
    /// Takes an issuer's places; a place has one issuer.
    pub(super) fn claim(
        &mut self,
        c: &mut Compiler<'_>,
        bank: &Bank,
        at: Span,
        endpoints: &[EndpointPlan],
    ) {
        let clashes = endpoints
            .iter()
            .filter_map(|endpoint| self.take(endpoint, at));
        let clashes: Vec<Clash> = clashes.collect();
        // One collision of a pair says enough.
        let Some(Clash { first, what, help }) = clashes.into_iter().next() else {
            return;
        };
        c.reader
            .collector
            .mistake(
                Code::Clash,
                at,
                format!(
                    "the issuer of `{}` would answer where another does: {what}",
                    bank.id.value
                ),
            )
            .see(first, "the other issuer")
            .help(help);
    }

    /// Takes one; what was in its way.
    fn take(&mut self, endpoint: &EndpointPlan, at: Span) -> Option<Clash> {
        let EndpointPlan { listener, path, .. } = endpoint;
        let place = (listener.clone(), path.clone());
        let is_whole = endpoint.endpoint == IssuerEndpoint::Permissions;
        let around = self.whole.iter().find(|(whole, _)| is_below(&place, whole));
        let inside = self.taken.iter();
        let inside = inside
            .filter(|_| is_whole)
            .find(|(taken, _)| is_below(taken, &place));
        let below = match (around, inside) {
            (Some(((_, whole), first)), _) => Some((*first, format!("{path}, below {whole},"))),
            (None, Some(((_, taken), first))) => Some((*first, format!("{taken}, below {path},"))),
            (None, None) => None,
        };
        if is_whole {
            self.whole.insert(place.clone(), at);
        }
        let ((first, what), help) = match (self.taken.insert(place, at), below) {
            (Some(first), _) => ((first, path.clone()), OWN_PATH),
            (None, below) => (below?, PATH_ELSEWHERE),
        };
        Some(Clash {
            first,
            what: format!("{what} on the listener `{listener}`"),
            help,
        })
    }
}

/// Whether a place is below another one.
fn is_below((listener, path): &Place, (other, above): &Place) -> bool {
    let rest = path.strip_prefix(above.as_str());
    listener == other && rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Notes products whose operations would answer where an issuer does. Comes after all banks.
pub(in crate::compile) fn refuse_hidden(c: &mut Compiler<'_>, places: &Places, paths: &Paths) {
    let exact = places.taken.iter().filter_map(|((listener, path), at)| {
        let found = paths.answering(listener, path)?;
        Some((found, *at, format!("{path} on the listener `{listener}`")))
    });
    let below = places.whole.iter().filter_map(|((listener, path), at)| {
        let found = paths.below(listener, path)?;
        let what = format!("all below {path}/ on the listener `{listener}`");
        Some((found, *at, what))
    });
    for ((product, operation), at, what) in exact.chain(below) {
        c.reader
            .collector
            .mistake(
                Code::Shadowed,
                at,
                format!("`{product}` has an operation where this issuer answers: {what}"),
            )
            .see(operation, "the operation")
            .help("give the issuer's URL a path, or the API another base path");
    }
}
