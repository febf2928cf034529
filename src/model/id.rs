//! Typed ids. Parsed once at the rim; cheap to clone.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct BadId {
    /// The kind of id, as a person would name it.
    pub what: &'static str,
    /// The rule the text breaks.
    pub rule: &'static str,
}

const NAME_RULE: &str =
    "1 to 64 characters of a-z, 0-9, '-' and '_', beginning with a letter or digit";
const TEXT_RULE: &str = "1 to 128 visible ASCII characters other than '\"' and '\\'";
const TOKEN_RULE: &str = "1 to 64 characters of A-Z, a-z, 0-9, '-' and '_'";
const VISIBLE_RULE: &str = "1 to 64 visible ASCII characters";

fn is_name(text: &str) -> bool {
    let first_fits = text
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric());
    first_fits
        && text.len() <= 64
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

fn is_text(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

fn is_visible(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// The alphabet of base64url (RFC 4648 §5).
fn is_token(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $test:ident, $rule:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses the id; an error names the rule that the text breaks.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                if $test(text) {
                    Ok(Self(Arc::from(text)))
                } else {
                    Err(BadId { what: $what, rule: $rule })
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}

ids! {
    /// The onboarded organisation.
    PartnerId, "a partner's id", is_name, NAME_RULE;
    /// A tenant of the gateway.
    BankId, "a bank's id", is_name, NAME_RULE;
    /// What a bank offers.
    ProductId, "a product's id", is_name, NAME_RULE;
    /// A bank service.
    UpstreamId, "an upstream's id", is_name, NAME_RULE;
    /// A listener of the gateway.
    ListenerId, "a listener's id", is_name, NAME_RULE;
    /// A named set of limits.
    PlanId, "a plan's id", is_name, NAME_RULE;
    /// An OAuth client (RFC 6749 §2.2): visible ASCII.
    ClientId, "a client_id", is_text, TEXT_RULE;
    /// An operation: the `operationId` of its OpenAPI file.
    OperationId, "an operationId", is_text, TEXT_RULE;
    /// What a customer granted a client (`grant_id`): made of random bytes, written as base64url.
    GrantId, "a grant's id", is_token, TOKEN_RULE;
    /// A kind of data that a customer consents to: balances, transactions.
    ClusterId, "a cluster's id", is_name, NAME_RULE;
    /// A kind of thing that a customer chooses from: accounts.
    ResourceKind, "a kind of resource", is_name, NAME_RULE;
    /// What data is asked for: a purpose of the consent catalogue.
    PurposeId, "a purpose's id", is_name, NAME_RULE;
    /// One thing of a customer's, as the bank names it.
    ResourceId, "a resource's id", is_visible, VISIBLE_RULE;
}

/// A UUIDv7 from the instant and ten random bytes (RFC 9562 §5.7).
fn uuid_v7(now: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// The id of one event, made where it happens: of two records with one id, the second is a copy
/// that was written again after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventId(Uuid);

impl EventId {
    /// Makes an id from the instant and ten random bytes (UUIDv7).
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        Self(uuid_v7(now, random))
    }

    /// Reads an id as it is printed; `None` when the text is no UUID.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0.as_hyphenated(), f)
    }
}

/// Our id of one request: UUIDv7, unique, in every record, log line and problem document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    /// Makes an id from the instant and ten random bytes (RFC 9562 §5.7).
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        Self(uuid_v7(now, random))
    }

    /// Reads an id as it is printed; `None` when the text is no UUID.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl RequestId {
    /// The id as text, without an allocation.
    pub fn text(&self) -> RequestIdText {
        let mut bytes = [0; Hyphenated::LENGTH];
        self.0.as_hyphenated().encode_lower(&mut bytes);
        RequestIdText(bytes)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

/// A request's id as text.
#[derive(Debug, Clone, Copy)]
pub struct RequestIdText([u8; Hyphenated::LENGTH]);

impl RequestIdText {
    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hexadecimal digits and hyphens must be ASCII")
    }
}

/// The FAPI interaction id: chosen by the partner, only echoed and logged
/// (FAPI 1.0 Baseline §6.2.1; checklist AT-06).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractionId(Arc<str>);

impl InteractionId {
    /// Reads the partner's header; `None` when it is not a UUID as FAPI demands.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 36).then(|| Uuid::try_parse(text).ok())??;
        Some(Self(Arc::from(text)))
    }

    /// Makes one (UUIDv4) from sixteen random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        let id = uuid::Builder::from_random_bytes(random).into_uuid();
        Self(Arc::from(id.as_hyphenated().to_string()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_bounded() {
        assert!(PartnerId::parse("swiftride").is_ok());
        for bad in ["", "-a", "Swift", "a b", "a/b", &"a".repeat(65)] {
            assert!(PartnerId::parse(bad).is_err(), "{bad}");
        }
        assert!(ClientId::parse("https://app.example/1").is_ok());
        assert!(ClientId::parse("a\"b").is_err());
    }

    #[test]
    fn a_grants_id_is_base64url_and_bounded() {
        for good in ["a", "-_Az09", &"a".repeat(64)] {
            assert!(GrantId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a+b", "a/b", "a=", "é", &"a".repeat(65)] {
            assert!(GrantId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_resources_id_is_visible_ascii_and_bounded() {
        for good in ["acc-1", "\"\\", &"a".repeat(64)] {
            assert!(ResourceId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a\n", "é", "\u{7f}", &"a".repeat(65)] {
            assert!(ResourceId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_events_id_reads_back_as_it_is_printed() {
        let id = EventId::new(Timestamp::from_second(1_000).expect("in range"), [7; 10]);
        assert_eq!(EventId::parse(&id.to_string()), Some(id));
        let other = EventId::new(Timestamp::from_second(1_000).expect("in range"), [8; 10]);
        assert_ne!(id, other);
        assert_eq!(EventId::parse("no"), None);
    }

    #[test]
    fn request_ids_sort_by_time_and_read_back() {
        let early = RequestId::new(Timestamp::from_second(1_000).expect("in range"), [255; 10]);
        let late = RequestId::new(Timestamp::from_second(2_000).expect("in range"), [0; 10]);
        assert!(early.to_string() < late.to_string());
        assert_eq!(RequestId::parse(&early.to_string()), Some(early));
        assert_eq!(RequestId::parse("no"), None);
    }

    #[test]
    fn interaction_ids_are_uuids_and_kept_to_the_letter() {
        let sent = "93bac548-d2de-4546-b106-880a5018460D";
        assert_eq!(
            InteractionId::parse(sent)
                .map(|i| i.as_str().to_owned())
                .as_deref(),
            Some(sent)
        );
        assert_eq!(
            InteractionId::parse("93bac548d2de4546b106880a5018460d"),
            None
        );
    }
}
