//! What a listener measures.

use model::{Counter, Gauge, Histogram, Kind, ListenerId, Measure, Meter, SECONDS, Words};

static CONNECTIONS: Measure = Measure {
    name: "mortise_connections_total",
    kind: Kind::Counter,
    help: "Connections that came: taken, or refused because all places were taken.",
    labels: &["listener", "outcome"],
};
static OPEN: Measure = Measure {
    name: "mortise_connections_open",
    kind: Kind::Gauge,
    help: "Connections that are open, handshakes included.",
    labels: &["listener"],
};
static HANDSHAKES: Measure = Measure {
    name: "mortise_handshakes_total",
    kind: Kind::Counter,
    help: "TLS handshakes: full, resumed, failed or too_slow.",
    labels: &["listener", "outcome"],
};
static HANDSHAKE_DURATIONS: Measure = Measure {
    name: "mortise_handshake_duration_seconds",
    kind: SECONDS,
    help: "From the connection to the end of a TLS handshake that succeeded.",
    labels: &["listener"],
};
static RECEIVED: Measure = Measure {
    name: "mortise_received_bytes_total",
    kind: Kind::Counter,
    help: "Bytes of HTTP that came in, without those of TLS.",
    labels: &["listener"],
};
static SENT: Measure = Measure {
    name: "mortise_sent_bytes_total",
    kind: Kind::Counter,
    help: "Bytes of HTTP that went out, without those of TLS.",
    labels: &["listener"],
};

/// What is measured of one listener.
#[derive(Debug)]
pub(crate) struct ListenerMeters {
    pub(crate) taken: Counter,
    pub(crate) refused: Counter,
    pub(crate) open: Gauge,
    pub(crate) handshakes: Words<1>,
    pub(crate) handshake_durations: Histogram,
    pub(crate) received: Counter,
    pub(crate) sent: Counter,
}

impl ListenerMeters {
    pub(crate) fn new(meter: &Meter, listener: &ListenerId) -> Self {
        let listener = listener.as_str();
        Self {
            taken: meter.counter(&CONNECTIONS, &[listener, "taken"]),
            refused: meter.counter(&CONNECTIONS, &[listener, "refused"]),
            open: meter.gauge(&OPEN, &[listener]),
            handshakes: meter.words(&HANDSHAKES, &[listener]),
            handshake_durations: meter.histogram(&HANDSHAKE_DURATIONS, &[listener]),
            received: meter.counter(&RECEIVED, &[listener]),
            sent: meter.counter(&SENT, &[listener]),
        }
    }
}
