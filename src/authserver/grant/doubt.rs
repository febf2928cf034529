//! A grant of which it is not known whether it stands: the store was asked to end it, and has not
//! said yet whether it did.

use jiff::Timestamp;

use model::GrantId;

use crate::issuer::Issuer;

/// Dropped unsettled, as by whoever hung up or by a store that failed, it has the road refuse the
/// grant's tokens.
pub(crate) struct Doubt<'a> {
    issuer: &'a Issuer,
    grant: &'a GrantId,
    /// Until when tokens of the grant may be shown.
    until: Timestamp,
    now: Timestamp,
    is_settled: bool,
}

impl<'a> Doubt<'a> {
    /// Nothing is known from here on.
    pub(crate) fn open(
        issuer: &'a Issuer,
        grant: &'a GrantId,
        until: Timestamp,
        now: Timestamp,
    ) -> Self {
        Self {
            issuer,
            grant,
            until,
            now,
            is_settled: false,
        }
    }

    /// The store has said.
    pub(crate) fn settled(mut self) {
        self.is_settled = true;
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.issuer.doubt_grant(self.grant, self.until, self.now);
        }
    }
}
