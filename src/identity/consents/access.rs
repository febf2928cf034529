//! What an access is of which a customer's consent allows so many a day while they are away: one
//! call of one operation on one resource. Each of its resources and operations has a day's accesses
//! of its own. Regulation (EU) 2018/389 Art. 36(5)(b), "no more than four times in a 24-hour
//! period", names no smaller unit; this one lets an app bring all that was consented to up to date
//! four times a day, however many accounts that is. A further page is a further call: what tells a
//! page from another question is the bank's alone to know.

use jiff::civil::Date;

/// What somebody is about to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessTo {
    /// Digest of consent, operation and resource.
    pub(super) what: [u8; 32],
}

impl AccessTo {
    /// Under the consent of this digest: an operation, by its words, on what its path names.
    pub fn new<'a>(consent: &[u8; 32], names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut what = crypto::Sha256::new();
        what.update(consent);
        for name in names {
            what.update(&name.len().to_be_bytes());
            what.update(name.as_bytes());
        }
        Self {
            what: what.finish(),
        }
    }
}

/// What an access costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// One of the day's.
    Spent(Spent),
    /// None of the day's is left.
    NoneLeft,
}

/// An access that was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    pub(super) what: [u8; 32],
    pub(super) day: Date,
}
