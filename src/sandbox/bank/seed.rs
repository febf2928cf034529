//! Where the bank's data come from: pure functions of the seed and of what is asked for, so that
//! neither the order of requests nor a restart changes an answer.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use crypto::Sha256;

/// The seed of all the bank's data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed(u64);

impl Seed {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number for this thing and no other, evenly spread below `below`.
    pub(super) fn below(self, below: u64, thing: &[&str]) -> u64 {
        self.draws(thing).below(0, below)
    }

    /// A name for this thing and no other: 22 characters of base64url.
    pub(super) fn name(self, thing: &[&str]) -> String {
        let Draws(digest) = self.draws(thing);
        crypto::base64url(&digest[..16])
    }

    /// All that is drawn for this thing at once.
    pub(super) fn draws(self, thing: &[&str]) -> Draws {
        let mut hash = Sha256::new();
        hash.update(&self.0.to_be_bytes());
        for part in thing {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Draws(hash.finish())
    }

    /// A number for this thing between `-most` and `most`.
    pub(super) fn around_zero(self, most: u32, thing: &[&str]) -> i64 {
        let spread = self.below(2 * u64::from(most) + 1, thing);
        spread.cast_signed() - i64::from(most)
    }

    /// One of the choices, which must not be empty.
    pub(super) fn one_of<'a, T>(self, choices: &'a [T], thing: &[&str]) -> &'a T {
        self.draws(thing).one_of(0, choices)
    }
}

/// Four draws for one thing, from nothing but the thing and the seed.
pub(super) struct Draws([u8; 32]);

impl Draws {
    /// The draw in this place, 0 to 3: a number evenly spread below `below`.
    pub(super) fn below(&self, place: usize, below: u64) -> u64 {
        let mut eight = [0; 8];
        let start = place % 4 * 8;
        eight.copy_from_slice(&self.0[start..start + 8]);
        u64::from_be_bytes(eight) % below.max(1)
    }

    /// One of the choices, which must not be empty, by the draw in this place.
    pub(super) fn one_of<'a, T>(&self, place: usize, choices: &'a [T]) -> &'a T {
        let index = self.below(place, choices.len() as u64);
        &choices[usize::try_from(index).unwrap_or(0)]
    }
}

/// The bank's calendar day at an instant: UTC+8 the year round, as China keeps it.
pub(super) fn date_at_the_bank(now: Timestamp) -> Date {
    TimeZone::fixed(Offset::constant(8)).to_datetime(now).date()
}

/// Days since 1970-01-01.
pub(super) fn day_number(date: Date) -> i64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    i64::from((date - epoch).get_days())
}
