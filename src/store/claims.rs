//! The `jti`s that are taken, as every store remembers them while it runs.

use jiff::Timestamp;

use crypto::sha256;
use model::ports::Claim;
use model::{BankId, ClientId};

use crate::expiring::Expiring;

/// A bank, its client, and the client's `jti`, told apart by the first half of a SHA-256: 128 bits,
/// so that nobody finds a second `jti` that takes the place of another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place([u8; 16]);

impl Place {
    /// Of these three, each of which may hold anything.
    pub(crate) fn of(bank: &str, client: &str, jti: &str) -> Self {
        let mut named = Vec::with_capacity(16 + bank.len() + client.len() + jti.len());
        for part in [bank, client] {
            named.extend((part.len() as u64).to_be_bytes());
            named.extend(part.as_bytes());
        }
        named.extend(jti.as_bytes());
        let digest = sha256(&named);
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        Self(half)
    }

    /// Of a bank's client.
    pub(crate) fn of_client(bank: &BankId, client: &ClientId, jti: &str) -> Self {
        Self::of(bank.as_str(), client.as_str(), jti)
    }
}

/// What is taken.
#[derive(Debug, Default)]
pub(crate) struct Claims(Expiring<Place, ()>);

impl Claims {
    /// Whether it was free; a few of those that have expired are forgotten. It stays free.
    pub(crate) fn look(&mut self, place: &Place, now: Timestamp) -> Claim {
        let now = rounded(now);
        self.0.forget(now);
        match self.0.find(place) {
            Some((held_until, ())) if held_until >= now => Claim::Seen,
            _ => Claim::First,
        }
    }

    /// It is taken until then.
    pub(crate) fn take(&mut self, place: Place, expires: Timestamp) {
        self.0.keep(place, rounded(expires), ());
    }
}

/// To what a file can hold. All instants are rounded down alike, so that no entry is taken for
/// expired too early.
fn rounded(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_its_own_whatever_its_parts_hold() {
        let places = [
            Place::of("a", "b", "c"),
            Place::of("ab", "", "c"),
            Place::of("a", "bc", ""),
            Place::of("a", "", "bc"),
            Place::of("", "ab", "c"),
            Place::of("a", "b", "C"),
        ];
        for (i, one) in places.iter().enumerate() {
            for other in &places[i + 1..] {
                assert_ne!(one, other);
            }
        }
    }
}
