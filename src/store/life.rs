//! How long a grant and its code live, and how long they are remembered: decided here, once, for
//! every store.

use jiff::Timestamp;

use model::ports::{Code, CodeState, Grant};

/// What decides over a grant and all that stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrantLife {
    /// When it ends.
    pub(crate) expires: Timestamp,
    /// From this instant on it is forgotten, its code and refresh token with it.
    pub(crate) remembered_until: Timestamp,
    /// Until when its access tokens could be shown, once it is revoked.
    pub(crate) revoked_until: Option<Timestamp>,
}

impl GrantLife {
    /// A grant just made: nothing comes of it unless its code is redeemed, so it is remembered as
    /// long as that can be.
    pub(crate) fn begin(grant: &Grant, code: &Code) -> Self {
        Self {
            expires: grant.expires,
            remembered_until: code.expires,
            revoked_until: None,
        }
    }

    /// Its code was redeemed: from now on it has tokens.
    pub(crate) fn redeemed(self, tokens_until: Timestamp) -> Self {
        Self {
            remembered_until: self.expires.max(tokens_until).max(self.remembered_until),
            ..self
        }
    }

    /// It was granted once more, with another code. What it was remembered for stays.
    pub(crate) fn renewed(self, grant: &Grant, code: &Code) -> Self {
        Self {
            expires: grant.expires,
            remembered_until: self.remembered_until.max(code.expires),
            ..self
        }
    }

    /// It was revoked, perhaps again.
    pub(crate) fn revoked(self, until: Timestamp) -> Self {
        Self {
            revoked_until: self.revoked_until.max(Some(until)),
            remembered_until: self.remembered_until.max(until),
            ..self
        }
    }

    pub(crate) fn is_remembered(&self, now: Timestamp) -> bool {
        now < self.remembered_until
    }

    /// Whether tokens of it, that expire then, are good.
    pub(crate) fn is_live(&self, expires: Timestamp, now: Timestamp) -> bool {
        self.is_remembered(now)
            && self.revoked_until.is_none()
            && now < self.expires
            && now < expires
    }

    /// The state of its code; `None` when the code is as good as unknown.
    pub(crate) fn code(
        &self,
        is_used: bool,
        expires: Timestamp,
        now: Timestamp,
    ) -> Option<CodeState> {
        if is_used {
            self.is_remembered(now).then_some(CodeState::Used)
        } else {
            self.is_live(expires, now).then_some(CodeState::Fresh)
        }
    }
}
