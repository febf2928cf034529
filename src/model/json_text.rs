//! Texts, numbers and instants as JSON, appended to bytes. For what is written on every request,
//! records and the access log, where building a value first would cost more than writing it.

use std::cell::Cell;
use std::io::Write as _;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::Network;

/// `2026-11-22T10:00:00`.
const SECOND_BYTES: usize = 19;

/// Appends a text with its quotes, escaped where JSON demands it (RFC 8259 §7).
pub fn put_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                // Bytes of one character are all plain.
                byte if byte >= 0x20 => out.push(byte),
                byte => {
                    let _ = write!(out, "\\u{byte:04x}");
                }
            }
        }
    }
    out.push(b'"');
}

/// Whether no byte needs an escape. Sixteen bytes are looked at together, as the machine can.
fn is_plain(bytes: &[u8]) -> bool {
    let needs_escape = |byte: u8| u8::from(matches!(byte, 0..=0x1f | b'"' | b'\\'));
    let (sixteens, rest) = bytes.as_chunks::<16>();
    let among = |sixteen: &[u8; 16]| {
        sixteen
            .iter()
            .fold(0, |any, byte| any | needs_escape(*byte))
    };
    sixteens.iter().all(|sixteen| among(sixteen) == 0)
        && rest.iter().all(|byte| needs_escape(*byte) == 0)
}

/// Appends a number.
pub fn put_number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (number % 10) as u8;
        first = at;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(first..).unwrap_or_default());
}

/// Appends an instant in UTC with its quotes: RFC 3339 with nine digits after the second.
pub fn put_timestamp(at: Timestamp, out: &mut Vec<u8>) {
    let (second, nanosecond) = (at.as_second(), at.subsec_nanosecond());
    let Some(text) = u32::try_from(nanosecond).ok().zip(text_of(second)) else {
        let _ = write!(out, "\"{at:.9}\"");
        return;
    };
    let (mut nanosecond, text) = text;
    let mut digits = [b'0'; 9];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (nanosecond % 10) as u8;
        nanosecond /= 10;
    }
    out.push(b'"');
    out.extend_from_slice(&text);
    out.push(b'.');
    out.extend_from_slice(&digits);
    out.extend_from_slice(b"Z\"");
}

/// Appends the [`Network`] of an address with its quotes.
pub fn put_network(address: IpAddr, out: &mut Vec<u8>) {
    let IpAddr::V4(address) = address.to_canonical() else {
        let _ = write!(out, "\"{}\"", Network::of(address));
        return;
    };
    let [a, b, c, _] = address.octets();
    out.push(b'"');
    for octet in [a, b, c] {
        put_number(u64::from(octet), out);
        out.push(b'.');
    }
    out.extend_from_slice(b"0/24\"");
}

/// A second's text; most instants lie in the same second as the one before.
fn text_of(second: i64) -> Option<[u8; SECOND_BYTES]> {
    thread_local! {
        static LAST: Cell<Option<(i64, [u8; SECOND_BYTES])>> = const { Cell::new(None) };
    }
    if let Some((last, text)) = LAST.get()
        && last == second
    {
        return Some(text);
    }
    let text = format!("{:.0}", Timestamp::from_second(second).ok()?);
    // A year of more than four digits has another length.
    let text = text.strip_suffix('Z')?.as_bytes().try_into().ok()?;
    LAST.set(Some((second, text)));
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(put: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        put(&mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_text_is_escaped_as_json_demands() {
        assert_eq!(put(|out| put_text("a/b 界 {x}", out)), "\"a/b 界 {x}\"");
        assert_eq!(
            put(|out| put_text("\"\\\n\r\t\u{0}\u{1b}é", out)),
            "\"\\\"\\\\\\n\\r\\t\\u0000\\u001bé\""
        );
    }

    #[test]
    fn a_number_has_all_its_digits() {
        for number in [0, 7, 10, 4_294_967_296, u64::MAX] {
            assert_eq!(put(|out| put_number(number, out)), number.to_string());
        }
    }

    #[test]
    fn a_network_is_written_as_it_is_shown() {
        for address in [
            "127.0.0.1",
            "203.0.113.254",
            "2001:db8:1:2::3",
            "::ffff:10.1.2.3",
            "::1",
        ] {
            let address: IpAddr = address.parse().expect("an address");
            let shown = format!("\"{}\"", Network::of(address));
            assert_eq!(put(|out| put_network(address, out)), shown);
        }
    }

    #[test]
    fn an_instant_is_written_as_jiff_writes_it() {
        let instants = [
            Timestamp::UNIX_EPOCH,
            Timestamp::MIN,
            Timestamp::MAX,
            Timestamp::new(1_795_000_000, 1).expect("in range"),
            Timestamp::new(1_795_000_000, 987_654_321).expect("in range"),
            Timestamp::new(1_795_000_001, 500_000_000).expect("in range"),
            Timestamp::new(-5, -250_000_000).expect("in range"),
        ];
        for at in instants {
            assert_eq!(put(|out| put_timestamp(at, out)), format!("\"{at:.9}\""));
        }
    }
}
