//! `limits` of listeners and of upstreams: `standard`, or every one of them.
//!
//! There is no middle: were a limit left out to fall back, a lost line would loosen whatever was
//! tighter than its default (promise P1).

use std::ops::RangeInclusive;
use std::time::Duration;

use upstream::UpstreamLimits;

use crate::reader::{Reader, Section, Wrong};
use crate::yaml::Kind;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// A wait on which a caller may be kept.
const WAIT: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_mins(10);
/// A time that a connection may live or rest.
const REST: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24);
/// A flow-control window (RFC 9113 §6.9): 64 KiB less one byte is where HTTP/2 begins.
const WINDOW: RangeInclusive<u64> = 64 * KIB..=1024 * MIB;
/// The fields of a head.
const HEADERS: RangeInclusive<u32> = 10..=1_000;

/// `listeners.*.limits`.
pub(super) fn listener_limits(reader: &mut Reader, section: &mut Section<'_>) -> edge::Limits {
    let mut limits = edge::Limits::default();
    let Some(mut s) = whole(reader, section, "listeners.*.limits") else {
        return limits;
    };
    let l = &mut limits;
    reader.bytes(&mut s, "head_max", 4 * KIB..=256 * KIB, &mut l.head_bytes);
    reader.bytes(&mut s, "target_max", KIB..=64 * KIB, &mut l.target_bytes);
    reader.number(&mut s, "headers_max", "headers", HEADERS, &mut l.headers);
    reader.time(&mut s, "head_timeout", WAIT, &mut l.head_timeout);
    reader.time(&mut s, "handshake_timeout", WAIT, &mut l.handshake_timeout);
    reader.time(&mut s, "idle_timeout", REST, &mut l.idle_timeout);
    reader.bytes(&mut s, "body_max", 0..=64 * 1024 * MIB, &mut l.body_bytes);
    reader.time(&mut s, "body_idle_timeout", WAIT, &mut l.body_idle_timeout);
    reader.bytes_per_second(&mut s, "body_rate_min", 1..=MIB, &mut l.body_rate_min);
    reader.time(&mut s, "write_timeout", WAIT, &mut l.write_timeout);
    let linger = Duration::from_millis(100)..=Duration::from_secs(30);
    reader.time(&mut s, "linger", linger, &mut l.linger);
    let connections = 1..=1_000_000;
    reader.number(
        &mut s,
        "connections",
        "connections",
        connections.clone(),
        &mut l.connections_max,
    );
    reader.number(
        &mut s,
        "connections_per_address",
        "connections",
        connections.clone(),
        &mut l.connections_per_address,
    );
    reader.number(
        &mut s,
        "requests_per_connection",
        "requests",
        connections,
        &mut l.requests_per_connection,
    );
    if let Some(h2) = h2(reader, &mut s, "listeners.*.limits.h2") {
        listener_h2(reader, h2, l);
    }
    s.finish(reader);
    limits
}

fn listener_h2(reader: &mut Reader, mut s: Section<'_>, l: &mut edge::Limits) {
    reader.number(&mut s, "streams", "streams", 1..=10_000, &mut l.h2_streams);
    let resets = 1..=10_000;
    reader.number(
        &mut s,
        "pending_resets",
        "resets",
        resets.clone(),
        &mut l.h2_pending_resets,
    );
    reader.number(
        &mut s,
        "local_resets",
        "resets",
        resets,
        &mut l.h2_local_resets,
    );
    reader.bytes(&mut s, "stream_window", WINDOW, &mut l.h2_stream_window);
    reader.bytes(
        &mut s,
        "connection_window",
        WINDOW,
        &mut l.h2_connection_window,
    );
    reader.bytes(
        &mut s,
        "send_buffer",
        16 * KIB..=16 * MIB,
        &mut l.h2_send_buffer,
    );
    reader.time(&mut s, "ping_interval", REST, &mut l.h2_ping_interval);
    reader.time(&mut s, "ping_timeout", WAIT, &mut l.h2_ping_timeout);
    s.finish(reader);
}

/// `banks.*.upstreams.*.limits`.
pub(super) fn upstream_limits(reader: &mut Reader, section: &mut Section<'_>) -> UpstreamLimits {
    let mut limits = UpstreamLimits::default();
    let Some(mut s) = whole(reader, section, "banks.*.upstreams.*.limits") else {
        return limits;
    };
    let l = &mut limits;
    reader.time(&mut s, "connect_timeout", WAIT, &mut l.connect_timeout);
    reader.time(&mut s, "head_timeout", WAIT, &mut l.head_timeout);
    reader.time(&mut s, "body_idle_timeout", WAIT, &mut l.body_idle_timeout);
    reader.time(&mut s, "idle_timeout", REST, &mut l.idle_timeout);
    reader.time(&mut s, "age_max", REST, &mut l.max_age);
    reader.number(
        &mut s,
        "connections",
        "connections",
        1..=65_535,
        &mut l.connections_max,
    );
    reader.number(
        &mut s,
        "waiting",
        "requests",
        0..=1_000_000,
        &mut l.waiters_max,
    );
    reader.time(&mut s, "wait_timeout", WAIT, &mut l.wait_timeout);
    reader.time(&mut s, "back_off", WAIT, &mut l.back_off);
    reader.bytes(&mut s, "head_max", 8 * KIB..=MIB, &mut l.head_bytes);
    reader.number(
        &mut s,
        "headers_max",
        "headers",
        HEADERS,
        &mut l.headers_max,
    );
    let head = u64::from(l.head_bytes);
    let buffer = head..=16 * MIB;
    reader.bytes(&mut s, "http1_buffer", buffer, &mut l.http1_buffer_bytes);
    if let Some(h2) = h2(reader, &mut s, "banks.*.upstreams.*.limits.h2") {
        upstream_h2(reader, h2, l);
    }
    s.finish(reader);
    limits
}

fn upstream_h2(reader: &mut Reader, mut s: Section<'_>, l: &mut UpstreamLimits) {
    reader.number(&mut s, "streams", "streams", 1..=10_000, &mut l.h2_streams);
    reader.bytes(
        &mut s,
        "stream_window",
        WINDOW,
        &mut l.h2_stream_window_bytes,
    );
    reader.bytes(
        &mut s,
        "connection_window",
        WINDOW,
        &mut l.h2_connection_window_bytes,
    );
    reader.bytes(
        &mut s,
        "send_buffer",
        16 * KIB..=16 * MIB,
        &mut l.h2_send_buffer_bytes,
    );
    reader.bytes(
        &mut s,
        "frame_max",
        16 * KIB..=16 * MIB - KIB,
        &mut l.h2_frame_bytes,
    );
    reader.time(&mut s, "ping_interval", REST, &mut l.h2_ping_interval);
    reader.time(&mut s, "ping_timeout", WAIT, &mut l.h2_ping_timeout);
    s.finish(reader);
}

/// The limits as written; `None` when they are the standard ones.
fn whole<'n>(
    reader: &mut Reader,
    section: &mut Section<'n>,
    path: &'static str,
) -> Option<Section<'n>> {
    let help = "write `limits: standard`, or a mapping of all limits";
    let value = section.demanded(reader, "limits", help)?;
    if let Kind::Scalar { .. } = &value.node.kind {
        reader.parsed(value, "`standard` or a mapping of all limits", |text| {
            (text == "standard")
                .then_some(())
                .ok_or_else(|| Wrong::new(format!("`limits` cannot be `{text}`"), help))
        });
        return None;
    }
    let section = reader.section(value.node, value.key_span, "`limits`", path)?;
    Some(section.whole())
}

/// The limits of HTTP/2; where they are not written, all of them are missing.
fn h2<'n>(
    reader: &mut Reader,
    limits: &mut Section<'n>,
    path: &'static str,
) -> Option<Section<'n>> {
    let section = match limits.optional(reader, "h2") {
        Some(value) => reader.section(value.node, value.key_span, "`h2`", path)?,
        None => Section::empty(limits.at, "`h2`", path),
    };
    Some(section.whole())
}
