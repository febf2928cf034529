//! What the pools measure: read off their books when it is asked for. What comes of requests is
//! measured where they are sent, in the rooms above.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Kind, Measure, Meter, Watch};

use crate::{EndpointCounts, Standing, Trouble, Upstream, Upstreams};

static PLACES: Measure = Measure {
    name: "mortise_upstream_places_used",
    kind: Kind::Gauge,
    help: "Requests that hold a place at an endpoint, until their answer's last byte.",
    labels: &["bank", "upstream", "endpoint"],
};
static CONNECTIONS: Measure = Measure {
    name: "mortise_upstream_connections_open",
    kind: Kind::Gauge,
    help: "Connections that are open to an endpoint.",
    labels: &["bank", "upstream", "endpoint"],
};
static STANDING: Measure = Measure {
    name: "mortise_upstream_endpoint_standing",
    kind: Kind::Gauge,
    help: "1 for how an endpoint stands: in_play, resting after failures, or on_trial after a \
           rest; 0 for the others.",
    labels: &["bank", "upstream", "endpoint", "standing"],
};
static IDLE: Measure = Measure {
    name: "mortise_upstream_connections_idle",
    kind: Kind::Gauge,
    help: "Connections that are open to a bank's service and that nobody uses.",
    labels: &["bank", "upstream"],
};
static WAITING: Measure = Measure {
    name: "mortise_upstream_waiting",
    kind: Kind::Gauge,
    help: "Requests that wait for a place at a bank's service.",
    labels: &["bank", "upstream"],
};
static WAITS: Measure = Measure {
    name: "mortise_upstream_waits_total",
    kind: Kind::Counter,
    help: "Requests that had to wait for a place at a bank's service.",
    labels: &["bank", "upstream"],
};
static REPEATS: Measure = Measure {
    name: "mortise_upstream_repeats_total",
    kind: Kind::Counter,
    help: "Requests that were safe to send once more, and were.",
    labels: &["bank", "upstream"],
};
static TROUBLES: Measure = Measure {
    name: "mortise_upstream_troubles_total",
    kind: Kind::Counter,
    help: "What was wrong with a bank's service, tries that were repeated and answers that broke \
           off among them.",
    labels: &["bank", "upstream", "outcome"],
};

/// Takes the values of the labels after the upstream's, and the number.
type Tell<'a> = &'a mut dyn FnMut(&[&str], u64);

impl Upstreams {
    /// Puts the numbers of all pools into a registry, as long as the watches are held.
    pub fn measure(self: &Arc<Self>, meter: &Meter) -> Vec<Watch> {
        let sum = |measure, read| self.watch(meter, measure, u64::saturating_add, read);
        // What is counted under one name is the same in all pools of that name.
        let same = |measure, read| self.watch(meter, measure, u64::max, read);
        vec![
            sum(&PLACES, |upstream, tell| {
                each(upstream, tell, |endpoint| endpoint.in_use as u64);
            }),
            sum(&CONNECTIONS, |upstream, tell| {
                each(upstream, tell, |endpoint| endpoint.open as u64);
            }),
            sum(&IDLE, |upstream, tell| tell(&[], upstream.idle() as u64)),
            sum(&WAITING, |upstream, tell| {
                tell(&[], upstream.waiting() as u64);
            }),
            same(&STANDING, standings),
            same(&WAITS, |upstream, tell| tell(&[], upstream.counts().waits)),
            same(&REPEATS, |upstream, tell| {
                tell(&[], upstream.counts().repeats);
            }),
            same(&TROUBLES, |upstream, tell| {
                let counts = upstream.counts();
                for trouble in Trouble::ALL {
                    tell(&[trouble.as_str()], counts.met(trouble));
                }
            }),
        ]
    }

    /// Reads a measure off each pool. Two have one name while a changed upstream ends beside the
    /// new one: `merge` makes one number of theirs.
    fn watch(
        self: &Arc<Self>,
        meter: &Meter,
        measure: &'static Measure,
        merge: fn(u64, u64) -> u64,
        read: fn(&Upstream, Tell<'_>),
    ) -> Watch {
        let upstreams = Arc::downgrade(self);
        meter.watch(measure, move |tell| {
            let Some(upstreams) = upstreams.upgrade() else {
                return;
            };
            let mut numbers: BTreeMap<Vec<String>, u64> = BTreeMap::new();
            for (bank, upstream) in upstreams.by_bank() {
                read(&upstream, &mut |values, number| {
                    let of = [bank.as_str(), upstream.id().as_str()];
                    let values = of.iter().chain(values).map(|value| (*value).to_owned());
                    let known = numbers.entry(values.collect()).or_default();
                    *known = merge(*known, number);
                });
            }
            for (values, number) in numbers {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                tell(&values, number as f64);
            }
        })
    }
}

fn each(upstream: &Upstream, tell: Tell<'_>, number: fn(&EndpointCounts) -> u64) {
    for (endpoint, counts) in upstream.endpoints() {
        tell(&[endpoint], number(&counts));
    }
}

fn standings(upstream: &Upstream, tell: Tell<'_>) {
    for (endpoint, counts) in upstream.endpoints() {
        for standing in Standing::ALL {
            let is_so = counts.standing == standing;
            tell(&[endpoint, standing.as_str()], u64::from(is_so));
        }
    }
}
