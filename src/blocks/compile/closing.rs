//! Nothing is left over: what is read, named, asked for or declared is used, and every part of the
//! path is asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Making, all_reads};
use crate::check_line::Outcome;
use crate::plan::Operation;

impl Making<'_> {
    pub(super) fn is_closed(&mut self, made: &Operation) {
        let reads = all_reads(made);
        let used: BTreeSet<&str> = reads
            .iter()
            .filter_map(|read| read.path.first())
            .map(AsRef::as_ref)
            .collect();
        for step in &made.steps {
            if !used.contains(step.name.as_ref()) {
                let at = self.at(&format!("/reads/{}", step.name));
                let what = format!("the answer of `{}` is never used", step.name);
                self.mistakes.tell("E180", &at, what, "leave it out");
            }
        }
        for its in &made.lets {
            if !used.contains(its.name.as_ref()) {
                let at = self.at(&format!("/let/{}", its.name));
                let what = format!("`{}` is never used", its.name);
                self.mistakes.tell("E181", &at, what, "leave it out");
            }
        }
        let ways: BTreeSet<Vec<&str>> = reads
            .iter()
            .map(|read| read.path.iter().map(AsRef::as_ref).collect())
            .collect();
        let is_read = |way: &[&str]| {
            ways.iter()
                .any(|its| its.starts_with(way) || way.starts_with(its))
        };
        for (name, _) in &self.file.input {
            if !is_read(&["input", name]) {
                let at = self.at(&format!("/input/{name}"));
                let what = format!("`{name}` is asked for and never used");
                self.mistakes.tell("E182", &at, what, "leave it out");
            }
        }
        let bound = self.file.consent.iter().flat_map(|its| &its.bound);
        for (name, _) in bound {
            if !is_read(&["consent", "bound", name]) {
                let at = self.at(&format!("/consent/bound/{name}"));
                let what = format!("the consent is bound to `{name}`, and nothing is held to it");
                let help = "compare with it, or pass it on";
                self.mistakes.tell("E183", &at, what, help);
            }
        }
        self.answers_are_given(made);
        self.path_is_asked_for(made);
    }

    fn answers_are_given(&mut self, made: &Operation) {
        let given: BTreeSet<&str> = made
            .checks
            .iter()
            .filter_map(|check| match &check.outcome {
                Outcome::Answer { name } => Some(name.as_str()),
                Outcome::Problem { .. } => None,
            })
            .collect();
        for (name, _) in &made.answers {
            if !given.contains(name.as_ref()) {
                let at = self.at(&format!("/answers/{name}"));
                let what = format!("no check ends with the answer `{name}`");
                self.mistakes.tell("E184", &at, what, "leave it out");
            }
        }
    }

    fn path_is_asked_for(&mut self, made: &Operation) {
        let path = Arc::clone(&made.path);
        let named = path.split('/').filter(|segment| segment.starts_with('{'));
        for name in named.map(|segment| segment.trim_matches(['{', '}'])) {
            let asked = self.file.input.iter().find(|(its, _)| its == name);
            let is_always = asked
                .is_some_and(|(_, kind)| !matches!(kind, crate::expression::Type::Optional(_)));
            if !is_always {
                let at = self.at("/expose");
                let what = format!("the path has `{{{name}}}`, which `input` does not ask for");
                let help = format!("write `{name}` under `input`, without `?`");
                self.mistakes.tell("E185", &at, what, help);
            }
        }
    }
}
