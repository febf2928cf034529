//! What the road measures: answers by operation, refusals by product and by partner, and what the
//! bank's services do. The handles are made with the snapshot, one set for each route and partner.

use std::time::Duration;

use model::{
    BankId, Decision, Histogram, Kind, ListenerId, Measure, Meter, Object, PartnerId, SECONDS,
    UpstreamId, Words,
};
use upstream::{Trouble, UpstreamFailure};

static REQUESTS: Measure = Measure {
    name: "mortise_requests_total",
    kind: Kind::Counter,
    help: "Requests on the road by operation; outcome is allowed, refused, failed or aborted.",
    labels: &[
        "listener",
        "bank",
        "product",
        "operation",
        "class",
        "outcome",
        "status",
    ],
};
static DURATIONS: Measure = Measure {
    name: "mortise_request_duration_seconds",
    kind: SECONDS,
    help: "From a request's head to its answer's, the bank and the evidence included.",
    labels: &["bank", "product", "operation"],
};
static REFUSALS: Measure = Measure {
    name: "mortise_refusals_total",
    kind: Kind::Counter,
    help: "Requests refused or failed, by the code that was told; those of the gate and of the \
           limits among them.",
    labels: &["bank", "product", "code"],
};
static PARTNER_REQUESTS: Measure = Measure {
    name: "mortise_partner_requests_total",
    kind: Kind::Counter,
    help: "Requests by partner, once its certificate is known.",
    labels: &["bank", "partner", "outcome"],
};
static PARTNER_REFUSALS: Measure = Measure {
    name: "mortise_partner_refusals_total",
    kind: Kind::Counter,
    help: "Requests of a partner refused or failed, by the code that was told.",
    labels: &["bank", "partner", "code"],
};
static UPSTREAM_REQUESTS: Measure = Measure {
    name: "mortise_upstream_requests_total",
    kind: Kind::Counter,
    help: "Requests to a bank's service: answered, request_broken, or what was wrong with it.",
    labels: &["bank", "upstream", "outcome"],
};
static UPSTREAM_DURATIONS: Measure = Measure {
    name: "mortise_upstream_duration_seconds",
    kind: SECONDS,
    help: "From sending a request to a bank's service to its answer's head.",
    labels: &["bank", "upstream"],
};

/// What is measured of one route.
#[derive(Debug)]
pub struct RouteMeters {
    answers: Words<2>,
    durations: Histogram,
    refusals: Words<1>,
    /// None where a room answers.
    upstream: Option<(Words<1>, Histogram)>,
}

impl RouteMeters {
    /// Of an operation at a listener, whose calls go to this service of the bank's, or to none.
    pub fn new(
        meter: &Meter,
        listener: &ListenerId,
        object: &Object,
        upstream: Option<&UpstreamId>,
    ) -> Self {
        let (bank, product) = (object.bank.as_str(), object.product.as_str());
        let (operation, class) = (object.operation.as_str(), object.class.as_str());
        let place = [listener.as_str(), bank, product, operation, class];
        Self::of(meter, place, upstream.map(UpstreamId::as_str))
    }

    /// Of what leads to no operation: all labels are empty.
    pub fn unrouted(meter: &Meter) -> Self {
        Self::of(meter, [""; 5], Some(""))
    }

    fn of(meter: &Meter, place: [&str; 5], upstream: Option<&str>) -> Self {
        let [_, bank, product, operation, _] = place;
        Self {
            answers: meter.words(&REQUESTS, &place),
            durations: meter.histogram(&DURATIONS, &[bank, product, operation]),
            refusals: meter.words(&REFUSALS, &[bank, product]),
            upstream: upstream.map(|upstream| {
                let requests = meter.words(&UPSTREAM_REQUESTS, &[bank, upstream]);
                let durations = meter.histogram(&UPSTREAM_DURATIONS, &[bank, upstream]);
                (requests, durations)
            }),
        }
    }

    /// An answer's head is ready, or there will be none: then the status is 0, and nothing took
    /// its time.
    pub(crate) fn answered(&self, outcome: Decision, status: u16, took: Duration) {
        self.answers.count([outcome.as_str(), class_of(status)]);
        if status != 0 {
            self.durations.took(took);
        }
    }

    /// This code is told.
    pub(crate) fn refused(&self, code: &'static str) {
        self.refusals.count([code]);
    }

    /// The bank's service was asked.
    pub(crate) fn asked(&self, failure: Option<&UpstreamFailure>, took: Duration) {
        let Some((requests, durations)) = &self.upstream else {
            return;
        };
        let Some(failure) = failure else {
            requests.count(["answered"]);
            durations.took(took);
            return;
        };
        let word = failure.trouble().map_or("request_broken", Trouble::as_str);
        requests.count([word]);
    }
}

/// What is measured of one partner at one bank.
#[derive(Debug)]
pub(crate) struct PartnerMeters {
    requests: Words<1>,
    refusals: Words<1>,
}

impl PartnerMeters {
    pub(crate) fn new(meter: &Meter, bank: &BankId, partner: &PartnerId) -> Self {
        let values = [bank.as_str(), partner.as_str()];
        Self {
            requests: meter.words(&PARTNER_REQUESTS, &values),
            refusals: meter.words(&PARTNER_REFUSALS, &values),
        }
    }

    /// A request of the partner is answered.
    pub(crate) fn answered(&self, outcome: Decision, code: Option<&'static str>) {
        self.requests.count([outcome.as_str()]);
        if let Some(code) = code {
            self.refusals.count([code]);
        }
    }
}

/// The class of a status.
fn class_of(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "none",
    }
}
