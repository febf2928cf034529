//! What the token endpoints measure.

use model::{BankId, Kind, Measure, Meter, Words};

static TOKENS: Measure = Measure {
    name: "mortise_token_requests_total",
    kind: Kind::Counter,
    help: "Requests for an access token by outcome (allowed, refused, failed, aborted), with the \
           OAuth error that is told.",
    labels: &["bank", "outcome", "code"],
};

/// The requests to a bank's token endpoint, by outcome and code.
pub(crate) fn token_requests(meter: &Meter, bank: &BankId) -> Words<2> {
    meter.words(&TOKENS, &[bank.as_str()])
}
