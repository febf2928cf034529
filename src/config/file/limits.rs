//! `limits` of listeners and of upstreams: `standard`, or every one of them.
//!
//! There is no middle: were a limit left out to fall back, a lost line would loosen whatever was
//! tighter than its default (promise P1).

use std::time::Duration;

use upstream::UpstreamLimits;

use crate::mistake::Code;
use crate::quantity::{shown_duration, shown_size};
use crate::reader::{Reader, Section};
use crate::shape::{Key, Kind, Shape};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// A wait on which a caller may be kept.
const WAIT: Kind = Kind::Duration(Duration::from_millis(10), Duration::from_mins(10));
/// A time that a connection may live or rest.
const REST: Kind = Kind::Duration(Duration::from_secs(1), Duration::from_hours(24));
/// A flow-control window (RFC 9113 §6.9): 64 KiB less one byte is where HTTP/2 begins.
const WINDOW: Kind = Kind::Size(64 * KIB, 1024 * MIB);
/// What is held of one message.
const BUFFER: Kind = Kind::Size(16 * KIB, 16 * MIB);
/// The fields of a head.
const HEADERS: Kind = Kind::Count("headers", 10, 1_000);
/// Streams of a connection.
const STREAMS: Kind = Kind::Count("streams", 1, 10_000);
/// Streams that are reset.
const RESETS: Kind = Kind::Count("resets", 1, 10_000);
/// Connections of a listener.
const CONNECTIONS: Kind = Kind::Count("connections", 1, 1_000_000);

pub(super) static LISTENER_LIMITS: Shape = Shape::whole(
    "`limits`",
    &[
        Key::default(
            "head_max",
            Kind::Size(4 * KIB, 256 * KIB),
            "32 KiB",
            "Request line and header lines; more is answered 431.",
        ),
        Key::default(
            "target_max",
            Kind::Size(KIB, 64 * KIB),
            "8 KiB",
            "Path and query; more is answered 414.",
        ),
        Key::default(
            "headers_max",
            HEADERS,
            "100 headers",
            "Header lines; more is answered 431.",
        ),
        Key::default(
            "head_timeout",
            WAIT,
            "10s",
            "From the first byte of a head to its last.",
        ),
        Key::default(
            "handshake_timeout",
            WAIT,
            "10s",
            "From the connection to the end of the TLS handshake.",
        ),
        Key::default(
            "idle_timeout",
            REST,
            "75s",
            "A connection without a request is closed after this.",
        ),
        Key::default(
            "body_max",
            Kind::Size(0, 64 * 1024 * MIB),
            "10 MiB",
            "A request's body; more is answered 413.",
        ),
        Key::default(
            "body_idle_timeout",
            WAIT,
            "30s",
            "The longest wait for the next byte of a request's body.",
        ),
        Key::default(
            "body_rate_min",
            Kind::ByteRate(1, MIB),
            "256 B/s",
            "What such a body must reach on average.",
        ),
        Key::default(
            "write_timeout",
            WAIT,
            "30s",
            "The longest that a client may take nothing of its answer.",
        ),
        Key::default(
            "linger",
            Kind::Duration(Duration::from_millis(100), Duration::from_secs(30)),
            "2s",
            "How long bytes are still taken after an early answer.",
        ),
        Key::default(
            "connections",
            CONNECTIONS,
            "10000 connections",
            "Open at once; more are closed at once.",
        ),
        Key::default(
            "connections_per_address",
            CONNECTIONS,
            "1000 connections",
            "Open at once of one IPv4 address or one IPv6 /64.",
        ),
        Key::default(
            "requests_per_connection",
            Kind::Count("requests", 1, 1_000_000),
            "10000 requests",
            "Then a connection is closed gracefully.",
        ),
        Key::parts("h2", &LISTENER_H2, "Limits of HTTP/2."),
    ],
);

static LISTENER_H2: Shape = Shape::whole(
    "`h2`",
    &[
        Key::default(
            "streams",
            STREAMS,
            "100 streams",
            "Open at once on one connection.",
        ),
        Key::default(
            "pending_resets",
            RESETS,
            "20 resets",
            "Streams that a client may reset before they are taken up.",
        ),
        Key::default(
            "local_resets",
            RESETS,
            "100 resets",
            "Streams that a client may make us reset.",
        ),
        Key::default(
            "stream_window",
            WINDOW,
            "256 KiB",
            "What a client may send ahead on one stream.",
        ),
        Key::default(
            "connection_window",
            WINDOW,
            "1 MiB",
            "What a client may send ahead on all streams of a connection.",
        ),
        Key::default(
            "send_buffer",
            BUFFER,
            "128 KiB",
            "What is held of an answer while the client does not take it.",
        ),
        Key::default(
            "ping_interval",
            REST,
            "30s",
            "Silence after which a sign of life is asked for.",
        ),
        Key::default("ping_timeout", WAIT, "10s", "How long that sign may take."),
    ],
);

pub(super) static UPSTREAM_LIMITS: Shape = Shape::whole(
    "`limits`",
    &[
        Key::default(
            "connect_timeout",
            WAIT,
            "3s",
            "Name, TCP, TLS and HTTP handshakes together.",
        ),
        Key::default(
            "head_timeout",
            WAIT,
            "30s",
            "To the first line of the answer.",
        ),
        Key::default(
            "body_idle_timeout",
            WAIT,
            "30s",
            "The longest pause within an answer.",
        ),
        Key::default(
            "body_rate_min",
            Kind::ByteRate(1, MIB),
            "256 B/s",
            "What an answer must reach on average while the bank is waited for.",
        ),
        Key::default(
            "idle_timeout",
            REST,
            "30s",
            "How long a connection may rest.",
        ),
        Key::default(
            "age_max",
            REST,
            "10min",
            "Older connections take no new request.",
        ),
        Key::default(
            "connections",
            Kind::Count("connections", 1, 65_535),
            "256 connections",
            "Open at once to one endpoint.",
        ),
        Key::default(
            "waiting",
            Kind::Count("requests", 0, 1_000_000),
            "1024 requests",
            "Requests that may wait for a connection; 0 requests: none.",
        ),
        Key::default("wait_timeout", WAIT, "2s", "How long a request may wait."),
        Key::default(
            "failures",
            Kind::Count("failures", 1, 1_000),
            "5 failures",
            "In a row, after which an endpoint rests unless half of them rest already; one at which \
             nobody answers rests at once.",
        ),
        Key::default(
            "back_off",
            WAIT,
            "1s",
            "How long an endpoint rests the first time; twice as long each time in a row.",
        ),
        Key::default(
            "back_off_max",
            Kind::Duration(Duration::from_millis(10), Duration::from_hours(24)),
            "30s",
            "How long an endpoint rests at most; at least `back_off`.",
        ),
        Key::default(
            "probes",
            Kind::Count("requests", 1, 1_000),
            "1 requests",
            "Requests that an endpoint is tried with at once when its rest is over; as many good \
             answers bring it back.",
        ),
        Key::default(
            "head_max",
            Kind::Size(8 * KIB, MIB),
            "64 KiB",
            "The head of an answer.",
        ),
        Key::default("headers_max", HEADERS, "100 headers", "Its header lines."),
        Key::default(
            "http1_buffer",
            Kind::Size(8 * KIB, 16 * MIB),
            "128 KiB",
            "What one HTTP/1.1 connection holds in each direction; at least `head_max`.",
        ),
        Key::parts("h2", &UPSTREAM_H2, "Limits of HTTP/2."),
    ],
);

static UPSTREAM_H2: Shape = Shape::whole(
    "`h2`",
    &[
        Key::default(
            "streams",
            STREAMS,
            "100 streams",
            "On one connection; the bank may allow fewer.",
        ),
        Key::default(
            "stream_window",
            WINDOW,
            "256 KiB",
            "What one answer may send ahead.",
        ),
        Key::default(
            "connection_window",
            WINDOW,
            "1 MiB",
            "What all answers of a connection may send ahead.",
        ),
        Key::default(
            "send_buffer",
            BUFFER,
            "256 KiB",
            "What is held of a request while the bank does not take it.",
        ),
        Key::default(
            "frame_max",
            Kind::Size(16 * KIB, 16 * MIB - KIB),
            "16 KiB",
            "The largest frame taken.",
        ),
        Key::default(
            "ping_interval",
            REST,
            "20s",
            "Silence after which a sign of life is asked for.",
        ),
        Key::default("ping_timeout", WAIT, "10s", "How long that sign may take."),
    ],
);

/// `listeners.*.limits`.
pub(super) fn listener_limits(reader: &mut Reader, section: &mut Section<'_>) -> edge::Limits {
    let mut limits = edge::Limits::default();
    let Some(mut s) = section.inner(reader, "limits") else {
        return limits;
    };
    let l = &mut limits;
    reader.set_size(&mut s, "head_max", &mut l.head_bytes);
    reader.set_size(&mut s, "target_max", &mut l.target_bytes);
    reader.set_count(&mut s, "headers_max", &mut l.headers);
    reader.set_duration(&mut s, "head_timeout", &mut l.head_timeout);
    reader.set_duration(&mut s, "handshake_timeout", &mut l.handshake_timeout);
    reader.set_duration(&mut s, "idle_timeout", &mut l.idle_timeout);
    reader.set_size(&mut s, "body_max", &mut l.body_bytes);
    reader.set_duration(&mut s, "body_idle_timeout", &mut l.body_idle_timeout);
    reader.set_byte_rate(&mut s, "body_rate_min", &mut l.body_rate_min);
    reader.set_duration(&mut s, "write_timeout", &mut l.write_timeout);
    reader.set_duration(&mut s, "linger", &mut l.linger);
    reader.set_count(&mut s, "connections", &mut l.connections_max);
    reader.set_count(
        &mut s,
        "connections_per_address",
        &mut l.connections_per_address,
    );
    reader.set_count(
        &mut s,
        "requests_per_connection",
        &mut l.requests_per_connection,
    );
    if let Some(mut h2) = s.inner(reader, "h2") {
        let s = &mut h2;
        reader.set_count(s, "streams", &mut l.h2_streams);
        reader.set_count(s, "pending_resets", &mut l.h2_pending_resets);
        reader.set_count(s, "local_resets", &mut l.h2_local_resets);
        reader.set_size(s, "stream_window", &mut l.h2_stream_window);
        reader.set_size(s, "connection_window", &mut l.h2_connection_window);
        reader.set_size(s, "send_buffer", &mut l.h2_send_buffer);
        reader.set_duration(s, "ping_interval", &mut l.h2_ping_interval);
        reader.set_duration(s, "ping_timeout", &mut l.h2_ping_timeout);
        h2.finish(reader);
    }
    s.finish(reader);
    limits
}

/// `banks.*.upstreams.*.limits`.
pub(super) fn upstream_limits(reader: &mut Reader, section: &mut Section<'_>) -> UpstreamLimits {
    let mut limits = UpstreamLimits::default();
    let Some(mut s) = section.inner(reader, "limits") else {
        return limits;
    };
    let l = &mut limits;
    reader.set_duration(&mut s, "connect_timeout", &mut l.connect_timeout);
    reader.set_duration(&mut s, "head_timeout", &mut l.head_timeout);
    reader.set_duration(&mut s, "body_idle_timeout", &mut l.body_idle_timeout);
    reader.set_byte_rate(&mut s, "body_rate_min", &mut l.body_rate_min);
    reader.set_duration(&mut s, "idle_timeout", &mut l.idle_timeout);
    reader.set_duration(&mut s, "age_max", &mut l.max_age);
    reader.set_count(&mut s, "connections", &mut l.connections_max);
    reader.set_count(&mut s, "waiting", &mut l.waiters_max);
    reader.set_duration(&mut s, "wait_timeout", &mut l.wait_timeout);
    reader.set_count(&mut s, "failures", &mut l.failures);
    reader.set_duration(&mut s, "back_off", &mut l.back_off);
    back_off_max(reader, &mut s, l);
    reader.set_count(&mut s, "probes", &mut l.probes);
    reader.set_size(&mut s, "head_max", &mut l.head_bytes);
    reader.set_count(&mut s, "headers_max", &mut l.headers_max);
    http1_buffer(reader, &mut s, l);
    if let Some(mut h2) = s.inner(reader, "h2") {
        let s = &mut h2;
        reader.set_count(s, "streams", &mut l.h2_streams);
        reader.set_size(s, "stream_window", &mut l.h2_stream_window_bytes);
        reader.set_size(s, "connection_window", &mut l.h2_connection_window_bytes);
        reader.set_size(s, "send_buffer", &mut l.h2_send_buffer_bytes);
        reader.set_size(s, "frame_max", &mut l.h2_frame_bytes);
        reader.set_duration(s, "ping_interval", &mut l.h2_ping_interval);
        reader.set_duration(s, "ping_timeout", &mut l.h2_ping_timeout);
        h2.finish(reader);
    }
    s.finish(reader);
    limits
}

/// The longest rest cannot be shorter than the first.
fn back_off_max(reader: &mut Reader, s: &mut Section<'_>, l: &mut UpstreamLimits) {
    let Some(value) = s.value(reader, "back_off_max") else {
        return;
    };
    let Some(longest) = reader.duration(value) else {
        return;
    };
    if longest.value < l.back_off {
        reader
            .collector
            .mistake(
                Code::Contradiction,
                longest.at,
                format!(
                    "`back_off_max` of {} is shorter than the first rest, {}",
                    shown_duration(longest.value),
                    shown_duration(l.back_off)
                ),
            )
            .help("write at least what `back_off` says");
        return;
    }
    l.back_off_max = longest.value;
}

/// A head is held whole: what holds it cannot be shorter.
fn http1_buffer(reader: &mut Reader, s: &mut Section<'_>, l: &mut UpstreamLimits) {
    let Some(value) = s.value(reader, "http1_buffer") else {
        return;
    };
    let Some(bytes) = reader.size(value) else {
        return;
    };
    let head = u64::from(l.head_bytes);
    if bytes.value < head {
        reader
            .collector
            .mistake(
                Code::Contradiction,
                bytes.at,
                format!(
                    "`http1_buffer` of {} cannot hold a head of {}",
                    shown_size(bytes.value),
                    shown_size(head)
                ),
            )
            .help("write at least what `head_max` allows");
        return;
    }
    l.http1_buffer_bytes = usize::try_from(bytes.value).unwrap_or(usize::MAX);
}
