//! Values made up, of all that is told of one permission.

use super::{
    Access, Account, Cluster, Days, Decision, Link, Moment, One, Outcome, Remind, Table, Used,
    Value,
};

fn text(text: &str) -> String {
    text.to_owned()
}

/// An access of which this came.
fn access(outcome: Outcome) -> Access {
    Access {
        at: text("2026-11-24T00:00:00Z"),
        moment: text("Sample moment"),
        product: text("Sample product"),
        product_id: text("sample"),
        what: text("Sample data"),
        outcome: outcome.as_str(),
        answer: text("Sample answer"),
        is_good: outcome == Outcome::Given,
        status: 200,
        attended: false,
        request: text("r-1"),
    }
}

/// Another permission.
fn link(id: &str) -> Link {
    Link {
        id: text(id),
        href: format!("/permissions/{id}"),
    }
}

impl One {
    /// One with all that there can be, in force or withdrawn.
    pub(in crate::keep) fn sample(is_in_force: bool) -> Self {
        Self {
            id: text("c-1"),
            app: text("Sample App"),
            legal: Some(text("Sample Company")),
            partner_number: Some(text("Sample number")),
            contact: Some(text("privacy@app.example")),
            state: "authorised",
            says: text("Sample state"),
            is_in_force,
            paused: is_in_force.then(|| Moment::sample("Sample pause")),
            remind: is_in_force.then(Remind::sample),
            purpose: Some(text("Sample purpose")),
            keep_days: Some(30),
            data: Some(Days {
                from: Some(text("2026-01-01")),
                until: Some(text("2026-11-24")),
                says: text("Sample period"),
            }),
            per_day: Some(4),
            clusters: vec![Cluster::sample()],
            accounts: vec![Account::sample()],
            unnamed: 1,
            values: vec![Value::sample("Sample label", "Sample value")],
            details: vec![Table::sample()],
            given: Some(Moment::sample("Sample day")),
            until: is_in_force.then(|| Moment::sample("Sample end")),
            ended: (!is_in_force).then(|| Moment::sample("Sample moment")),
            ended_by: (!is_in_force).then(|| text("Sample who ended it")),
            reason: (!is_in_force).then(|| text("Sample reason")),
            replaces: Some(link("c-0")),
            replaced_by: (!is_in_force).then(|| link("c-2")),
            decisions: Decision::samples(),
            used: Used::sample(),
            receipt: Some(text("/permissions/c-1/receipt")),
            withdraw: is_in_force.then(|| text("/permissions/c-1/withdraw")),
        }
    }
}

impl Used {
    /// A page between others.
    fn sample() -> Self {
        Self {
            accesses: Outcome::ALL.map(access).into(),
            this_month: 2,
            latest: Some(text("/permissions/c-1")),
            next: Some(text("/permissions/c-1?after=p-2")),
        }
    }
}
