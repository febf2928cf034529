//! Time: the slowest way through an operation ends before its deadline.

use std::time::Duration;

use super::Making;
use crate::plan::{Operation, Step};

impl Making<'_> {
    pub(super) fn is_in_time(&mut self, made: &Operation) {
        let mut ends: Vec<(Duration, Vec<&str>)> = Vec::with_capacity(made.steps.len());
        for step in &made.steps {
            let before = step.needs.iter().filter_map(|place| ends.get(*place));
            let (start, mut way) = before.max().cloned().unwrap_or_default();
            way.push(&step.name);
            ends.push((start.saturating_add(longest(step)), way));
        }
        for step in &made.steps {
            if step.timeout > made.deadline {
                let pointer = self.at(&format!("/reads/{}/timeout", step.name));
                let (wait, deadline) = (millis(step.timeout), millis(made.deadline));
                let what = format!("the read may take {wait} but the deadline is {deadline}");
                self.mistakes
                    .tell("E160", &pointer, what, "let it end before");
                return;
            }
        }
        let Some((slowest, way)) = ends.into_iter().max() else {
            return;
        };
        if slowest > made.deadline {
            let pointer = self.at("/deadline");
            let (needs, deadline) = (millis(slowest), millis(made.deadline));
            let what = format!("slowest path needs {needs} but the deadline is {deadline}");
            let help = format!("allow more, or less for {}", way.join(" → "));
            self.mistakes.tell("E161", &pointer, what, help);
        }
    }
}

/// How long a read may take: each try in full, and what comes one after another.
fn longest(step: &Step) -> Duration {
    let tries = step.timeout.saturating_mul(step.retries.saturating_add(1));
    let rounds = step.each.as_ref().map_or(1, |each| {
        each.items_max.div_ceil(each.at_once.max(1)).max(1)
    });
    tries.saturating_mul(rounds)
}

fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
