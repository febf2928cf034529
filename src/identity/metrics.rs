//! What judging certificates and tokens is measured by.

use model::{Counter, Kind, Measure, Meter};

static TOKENS: Measure = Measure {
    name: "mortise_token_checks_total",
    kind: Kind::Counter,
    help: "Access tokens shown: remembered, verified anew (judged), or refused.",
    labels: &["outcome"],
};
static CERTIFICATES: Measure = Measure {
    name: "mortise_certificate_checks_total",
    kind: Kind::Counter,
    help: "Partners' certificates shown: remembered, judged anew, or refused.",
    labels: &["outcome"],
};

/// Checks by outcome.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    /// The cache knew it.
    pub(crate) remembered: Counter,
    /// It was judged and is good.
    pub(crate) judged: Counter,
    /// It was judged and is not.
    pub(crate) refused: Counter,
}

impl Checks {
    pub(crate) fn of_tokens(meter: &Meter) -> Self {
        Self::of(meter, &TOKENS)
    }

    pub(crate) fn of_certificates(meter: &Meter) -> Self {
        Self::of(meter, &CERTIFICATES)
    }

    fn of(meter: &Meter, measure: &'static Measure) -> Self {
        Self {
            remembered: meter.counter(measure, &["remembered"]),
            judged: meter.counter(measure, &["judged"]),
            refused: meter.counter(measure, &["refused"]),
        }
    }
}
