//! What a bank has agreed on with a partner, as its issuer knows it: asked anew at each request, so
//! that what an agreement opens begins and ends with its days. **Stops**: tokens for what a partner
//! may no longer use, or not yet.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use model::{DetailType, Scope, ScopeSet};

/// What an agreement opens to the clients of its partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// From when on it holds, inclusive.
    pub from: Timestamp,
    /// Until when it holds, exclusive.
    pub until: Timestamp,
    /// The scopes that may be asked for.
    pub scopes: ScopeSet,
    /// The types of authorization details that may be asked for (RFC 9396).
    pub details: BTreeSet<DetailType>,
    /// What tokens may be for (RFC 8707 `resource`): the URLs of its products' listeners, and of
    /// the bank's own services behind these products.
    pub resources: BTreeSet<String>,
    /// What else these are called: the URL of a product, as its protected resource metadata names
    /// it (RFC 9728 §2), and the resource whose tokens it takes.
    pub products: BTreeMap<String, String>,
}

impl Agreement {
    fn is_in_force(&self, now: Timestamp) -> bool {
        (self.from..self.until).contains(&now)
    }
}

/// What is open to a client at one instant: what one of its partner's agreements in force gives.
#[derive(Clone, Copy)]
pub(crate) struct Open<'a> {
    agreements: &'a [Agreement],
    now: Timestamp,
}

impl<'a> Open<'a> {
    /// What these open now.
    pub(crate) fn at(agreements: &'a [Agreement], now: Timestamp) -> Self {
        Self { agreements, now }
    }

    /// Whether there is an agreement in force at all: without one a partner is a stranger.
    pub(crate) fn is_any(self) -> bool {
        self.in_force().next().is_some()
    }

    /// All scopes.
    pub(crate) fn scopes(self) -> ScopeSet {
        let scopes = self.in_force().flat_map(|its| its.scopes.iter());
        scopes.cloned().collect()
    }

    /// Whether this scope is among them.
    pub(crate) fn has_scope(self, scope: &Scope) -> bool {
        self.in_force().any(|its| its.scopes.contains(scope))
    }

    /// Whether details of this type may be asked for.
    pub(crate) fn has_details(self, its: &DetailType) -> bool {
        self.in_force().any(|one| one.details.contains(its))
    }

    /// Whether tokens may be for this resource.
    pub(crate) fn reaches(self, resource: &str) -> bool {
        self.in_force().any(|its| its.resources.contains(resource))
    }

    /// Whom tokens for this resource are for; `None` where they may be for nothing of that name.
    pub(crate) fn audience(self, resource: &str) -> Option<&'a str> {
        // A service of the bank's own may be called as a product is: it is meant then.
        let own = self.in_force().find_map(|its| its.resources.get(resource));
        let product = |its: &'a Agreement| its.resources.get(its.products.get(resource)?);
        let its = own.or_else(|| self.in_force().find_map(product));
        its.map(String::as_str)
    }

    fn in_force(self) -> impl Iterator<Item = &'a Agreement> {
        let now = self.now;
        self.agreements
            .iter()
            .filter(move |its| its.is_in_force(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("an instant")
    }

    #[test]
    fn an_agreement_opens_what_it_gives_from_its_first_instant_to_its_last() {
        let agreement = |from, until, scope: &str| Agreement {
            from: at(from),
            until: at(until),
            scopes: ScopeSet::parse(scope).expect("valid"),
            details: BTreeSet::from([DetailType::parse(scope).expect("valid")]),
            resources: BTreeSet::from([format!("https://{scope}.example")]),
            products: BTreeMap::from([(
                format!("https://{scope}.example/v1"),
                format!("https://{scope}.example"),
            )]),
        };
        let agreements = [agreement(10, 20, "rates"), agreement(15, 30, "branches")];
        for (now, scopes) in [
            (9, ""),
            (10, "rates"),
            (15, "branches rates"),
            (19, "branches rates"),
            (20, "branches"),
            (29, "branches"),
            (30, ""),
        ] {
            let open = Open::at(&agreements, at(now));
            assert_eq!(open.scopes().to_string(), scopes, "at {now}");
            assert_eq!(open.is_any(), !scopes.is_empty(), "at {now}");
            for name in ["rates", "branches"] {
                let is_open = scopes.contains(name);
                let scope = Scope::parse(name).expect("valid");
                assert_eq!(open.has_scope(&scope), is_open, "{name} at {now}");
                let details = DetailType::parse(name).expect("valid");
                assert_eq!(open.has_details(&details), is_open, "{name} at {now}");
                let resource = format!("https://{name}.example");
                assert_eq!(open.reaches(&resource), is_open, "{name} at {now}");
                let own = is_open.then_some(resource.as_str());
                assert_eq!(open.audience(&resource), own, "{name} at {now}");
                let product = format!("{resource}/v1");
                assert_eq!(open.audience(&product), own, "{name} at {now}");
                assert!(!open.reaches(&product), "{name} at {now}");
                assert_eq!(open.audience(&format!("{resource}/v2")), None);
            }
        }
    }

    #[test]
    fn a_service_that_is_called_as_a_product_is_meant_by_that_name() {
        let agreement = |resources: &[&str]| Agreement {
            from: at(0),
            until: at(10),
            scopes: ScopeSet::default(),
            details: BTreeSet::new(),
            resources: resources.iter().map(|&url| url.to_owned()).collect(),
            products: BTreeMap::from([(
                "https://api.example/fx".to_owned(),
                "https://api.example".to_owned(),
            )]),
        };
        let served = agreement(&["https://api.example"]);
        let behind = agreement(&["https://api.example", "https://api.example/fx"]);
        let fx = "https://api.example/fx";
        let one = [served.clone()];
        assert_eq!(
            Open::at(&one, at(1)).audience(fx),
            Some("https://api.example")
        );
        let both = [served, behind];
        assert_eq!(Open::at(&both, at(1)).audience(fx), Some(fx));
    }
}
