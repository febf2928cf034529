//! Consent: what a customer must have allowed is what the block needs, no less and no more; and
//! nothing leaves that is not covered by it.

use std::collections::BTreeSet;
use std::sync::Arc;

use openapi::Class;

use super::{Making, template};
use crate::expression::Read;
use crate::plan::{Operation, Template};
use crate::slip::choices;

impl Making<'_> {
    pub(super) fn is_consented(&mut self, made: &Operation) {
        match (&made.consent, made.class >= Class::Customer) {
            (None, true) => {
                let at = self.at("");
                let what = format!("class `{}` and no consent", made.class.as_str());
                let help = "write `consent`, with its scopes and its purpose";
                self.mistakes.tell("E170", &at, what, help);
            }
            (Some(_), false) => {
                let at = self.at("/class");
                let what = format!("a consent, and class `{}`", made.class.as_str());
                self.mistakes.tell("E171", &at, what, "write `customer`");
            }
            _ => {}
        }
        self.asks_for_what_it_needs(made);
        self.sends_what_is_covered(made);
        self.is_tied(made);
    }

    fn asks_for_what_it_needs(&mut self, made: &Operation) {
        let asked: Vec<Arc<str>> = made
            .consent
            .iter()
            .flat_map(|its| its.scopes.clone())
            .collect();
        let at = self.at("/consent/scopes");
        for (step, called) in made.steps.iter().zip(&self.called.clone()) {
            let Some(scope) = called.scope.as_deref() else {
                continue;
            };
            if !asked.iter().any(|its| **its == *scope) {
                let what = format!(
                    "`{}.{}` needs the scope `{scope}`, which the consent does not ask for",
                    step.source, step.operation
                );
                self.mistakes
                    .tell("E172", &at, what, format!("add `{scope}`"));
            }
        }
        for scope in &asked {
            let Some(says) = self.catalogue.scopes.get(scope.as_ref()) else {
                let known = self.catalogue.scopes.keys().map(String::as_str);
                let help = choices("its scopes", scope, known);
                let what = format!("the consent catalogue has no scope `{scope}`");
                self.mistakes.tell("E173", &at, what, help);
                continue;
            };
            let is_needed = self
                .called
                .iter()
                .any(|its| its.scope.as_deref() == Some(scope));
            if !is_needed {
                let what = format!("consent asks for `{scope}`, which no step uses");
                let help = "leave it out: what is not needed is not asked for";
                self.mistakes.tell("E174", &at, what, help);
            }
            let is_bound = made
                .consent
                .as_ref()
                .is_some_and(|its| !its.bound.is_empty());
            if says.is_bound && !is_bound {
                let what = format!("`{scope}` needs values bound into the consent");
                self.mistakes
                    .tell("E175", &at, what, "name them under `bound`");
            }
        }
        let purpose = made.consent.as_ref().map(|its| its.purpose.as_ref());
        if let Some(purpose) = purpose.filter(|its| !self.catalogue.purposes.contains(*its)) {
            let known = self.catalogue.purposes.iter().map(String::as_str);
            let help = choices("its purposes", purpose, known);
            let what = format!("the consent catalogue has no purpose `{purpose}`");
            let at = self.at("/consent/purpose");
            self.mistakes.tell("E176", &at, what, help);
        }
    }

    /// Notes of each answer whose data leaves with it.
    pub(super) fn note_clusters(&self, made: &mut Operation) {
        let reply = self.sent(made, &made.reply.body);
        let answers = made.answers.iter();
        let answers: Vec<_> = answers
            .map(|(_, reply)| self.sent(made, &reply.body))
            .collect();
        made.reply.clusters = reply;
        for ((_, reply), clusters) in made.answers.iter_mut().zip(answers) {
            reply.clusters = clusters;
        }
    }

    fn sent(&self, made: &Operation, body: &Template) -> Vec<(Arc<str>, BTreeSet<Arc<str>>)> {
        let mut sent = Vec::new();
        self.sent_at(made, "", body, &mut sent);
        sent
    }

    fn sent_at(
        &self,
        made: &Operation,
        pointer: &str,
        body: &Template,
        sent: &mut Vec<(Arc<str>, BTreeSet<Arc<str>>)>,
    ) {
        match body {
            Template::Literal(_) => {}
            Template::Object(members) => {
                for (name, its) in members {
                    let step = name.replace('~', "~0").replace('/', "~1");
                    self.sent_at(made, &format!("{pointer}/{step}"), its, sent);
                }
            }
            Template::List(items) => {
                for its in items {
                    self.sent_at(made, &format!("{pointer}/*"), its, sent);
                }
            }
            Template::Reference(expression) => {
                let clusters = self.clusters(made, expression.reads());
                if !clusters.is_empty() {
                    sent.push((pointer.into(), clusters));
                }
            }
        }
    }

    fn sends_what_is_covered(&mut self, made: &Operation) {
        let scopes = made.consent.iter().flat_map(|its| &its.scopes);
        let says = scopes.filter_map(|scope| self.catalogue.scopes.get(scope.as_ref()));
        let covered: BTreeSet<String> = says.flat_map(|its| its.clusters.clone()).collect();
        let mut sent = vec![(self.at("/reply/body"), &made.reply.body)];
        for (name, reply) in &made.answers {
            sent.push((self.at(&format!("/answers/{name}/body")), &reply.body));
        }
        for (pointer, body) in sent {
            self.is_covered(made, &pointer, body, &covered);
        }
    }

    /// Tells each leaf of a body that holds data which no scope opens.
    fn is_covered(
        &mut self,
        made: &Operation,
        pointer: &str,
        body: &Template,
        covered: &BTreeSet<String>,
    ) {
        match body {
            Template::Literal(_) => {}
            Template::Object(members) => {
                for (name, its) in members {
                    let step = name.replace('~', "~0").replace('/', "~1");
                    self.is_covered(made, &format!("{pointer}/{step}"), its, covered);
                }
            }
            Template::List(items) => {
                for (place, its) in items.iter().enumerate() {
                    self.is_covered(made, &format!("{pointer}/{place}"), its, covered);
                }
            }
            Template::Reference(expression) => {
                for cluster in self.clusters(made, expression.reads()) {
                    if !covered.contains(cluster.as_ref()) {
                        let what = format!(
                            "this sends `{cluster}` data to the partner, which no granted scope \
                             covers"
                        );
                        let help = "leave it out, or ask for a scope that opens it";
                        self.mistakes.tell("E177", pointer, what, help);
                    }
                }
            }
        }
    }

    /// The clusters of what is read: of steps by the way into their answers, of named values by
    /// what they read.
    fn clusters(&self, made: &Operation, reads: &BTreeSet<Read>) -> BTreeSet<Arc<str>> {
        let mut clusters = BTreeSet::new();
        for read in reads {
            let Some((name, way)) = read.path.split_first() else {
                continue;
            };
            if way.is_empty() && !read.is_whole {
                // Whether a read failed is nobody's data.
                continue;
            }
            if let Some(its) = made.lets.iter().find(|its| its.name == *name) {
                clusters.extend(self.clusters(made, its.expression.reads()));
            }
            let Some(place) = made.steps.iter().position(|step| step.name == *name) else {
                continue;
            };
            let (Some(step), Some(called)) = (made.steps.get(place), self.called.get(place)) else {
                continue;
            };
            // Of pages the items are read, of a list the answers: the first step is into the list.
            let way: Vec<Arc<str>> = match &step.pages {
                Some(pages) => [&[Arc::clone(&pages.items)], way].concat(),
                None if step.each.is_some() => way.iter().skip(1).cloned().collect(),
                None => way.to_vec(),
            };
            for (leaf, cluster) in &called.answer.clusters {
                if leaf.starts_with(&way) || way.starts_with(leaf) {
                    clusters.insert(Arc::clone(cluster));
                }
            }
        }
        clusters
    }

    /// What a partner names by its id is held against whose it is.
    fn is_tied(&mut self, made: &Operation) {
        if made.consent.is_none() {
            return;
        }
        let (steps, called) = (&made.steps, self.called.clone());
        for (step, called) in steps.iter().zip(called) {
            let of_partner = step.with.iter().find(|(name, template)| {
                let is_id = called.arguments.get(name).is_some_and(|its| its.is_id);
                let reads = template::reads(template);
                // An account that the consent does not cover comes as far as the road only.
                let is_own = |read: &Read| {
                    let name = read.path.get(1);
                    name.is_some_and(|name| made.accounts.contains(name))
                };
                let mut reads = reads.iter().filter(|read| begins(read, &["input"]));
                is_id && reads.any(|read| !is_own(read))
            });
            let Some((name, _)) = of_partner else {
                continue;
            };
            let own = step.with.iter().any(|(_, template)| {
                let reads = template::reads(template);
                reads.iter().any(is_the_customers)
            });
            let checked = made.checks.iter().any(|check| {
                let reads = check.condition.reads();
                reads
                    .iter()
                    .any(|read| read.path.first() == Some(&step.name))
                    && reads.iter().any(is_the_customers)
            });
            if !own && !checked {
                let at = self.at(&format!("/reads/{}/with/{name}", step.name));
                let what = format!("the partner chooses `{name}`, and nothing says whose it is");
                let help = format!(
                    "write `account` as its type if it is one, pass `$consent.customerId` too, or \
                     check `{}` against it",
                    step.name
                );
                self.mistakes.tell("E178", &at, what, help);
            }
        }
    }
}

fn begins(read: &Read, way: &[&str]) -> bool {
    let names = read.path.iter().map(AsRef::as_ref);
    names
        .zip(way)
        .filter(|(its, wanted)| its == *wanted)
        .count()
        == way.len()
}

fn is_the_customers(read: &Read) -> bool {
    begins(read, &["consent", "customerId"])
        || begins(read, &["consent", "bound"])
        || begins(read, &["consent", "accounts"])
}
