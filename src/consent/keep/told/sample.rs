//! Values made up, of all that lists of permissions tell, and the page before a withdrawal.

use super::{Decision, Group, List, Moment, Remind, Row, Stop};

fn text(text: &str) -> String {
    text.to_owned()
}

impl List {
    /// One of many pages, with two permissions.
    pub(in crate::keep) fn sample() -> Self {
        let row = |number: usize, is_used: bool| Row {
            id: format!("c-{number}"),
            number,
            href: format!("/permissions/c-{number}"),
            app: text("Sample App"),
            state: "authorised",
            says: text("Sample state"),
            purpose: is_used.then(|| text("Sample purpose")),
            changed: Moment::sample("Sample moment"),
            until: is_used.then(|| Moment::sample("Sample end")),
            last_used: is_used.then(|| Moment::sample("Sample day")),
            remind: is_used.then(Remind::sample),
            reason: (!is_used).then(|| text("Sample reason")),
            decisions: if is_used {
                Vec::new()
            } else {
                Decision::samples()
            },
        };
        Self {
            groups: vec![Group {
                group: "active",
                says: text("Sample group"),
                rows: vec![row(1, true), row(2, false)],
            }],
            count: 150,
            page: 2,
            pages: 3,
            search: String::new(),
            previous: Some(text("/permissions?page=1&search=")),
            next: Some(text("/permissions?page=3&search=")),
        }
    }
}

impl Stop {
    /// Before a withdrawal, or after it.
    pub(in crate::keep) fn sample(is_in_force: bool) -> Self {
        let shown = if is_in_force { "r-1.digest" } else { "" };
        Self {
            id: text("c-1"),
            app: text("Sample App"),
            contact: Some(text("privacy@app.example")),
            is_in_force,
            shown: text(shown),
        }
    }
}
