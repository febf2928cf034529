//! What happens to a customer's grant, as evidence. These events go to the log through the outbox
//! of the store (DESIGN §9), so they keep nothing that a store may not: no code, no token, no
//! address.

use jiff::Timestamp;

use crate::{
    AuditEntry, AuditEvent, BankId, By, Channel, ClusterId, ConsentState, Decision, EventId,
    InteractionId, LogName, Network, RequestId, Who,
};

/// How far a grant goes, as records tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// The scopes, space-delimited.
    pub scope: String,
    /// What it says in detail (RFC 9396).
    pub details: Option<SealedDetails>,
    /// The one resource that it is for, where the request named one (RFC 8707).
    pub resource: Option<String>,
    /// When it ends, as the customer read it; `None` only of one that was kept before that was.
    pub until: Option<Timestamp>,
}

/// Authorization details as records tell of them: of what types, and what shows whoever has the
/// grant which they were. Never what they say: it may be an account, or an amount, which are
/// guessed from a plain digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedDetails {
    /// Their types in order, each once, space-delimited.
    pub types: String,
    /// HMAC-SHA-256 of the JSON array of them, as the token has it, under the grant's id.
    pub hmac: [u8; 32],
}

/// What happened to the consent of a grant, as records tell of it. Never an account, a name or an
/// amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentPart {
    /// The state before; `None` of one that was just made.
    pub from: Option<ConsentState>,
    /// The state since.
    pub to: ConsentState,
    /// Who did it.
    pub by: By,
    /// By which way.
    pub channel: Channel,
    /// SHA-256 of the texts that were shown; `None` where nothing was.
    pub text_version: Option<[u8; 32]>,
    /// The customer's pseudonym, which only the bank's key tells; `None` while nobody logged in.
    pub customer: Option<[u8; 32]>,
    /// The kinds of data.
    pub clusters: Vec<ClusterId>,
    /// How many accounts, or other resources, were chosen.
    pub resources: u32,
    /// SHA-256 of the evidence that is kept of it, sealed as it is; `None` where none is kept. The
    /// store says it: it has both at hand.
    pub evidence_digest: Option<[u8; 32]>,
}

/// One step in the life of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantEvent {
    /// Its id: the same in a second copy of the record that a crash may leave.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// Our id of the request that did it.
    pub request: RequestId,
    /// The partner's.
    pub interaction: InteractionId,
    /// Where the caller was.
    pub network: Network,
    /// The bank whose grant it is.
    pub bank: BankId,
    /// Whose grant it is; `token_jti` is that of the token revoked.
    pub who: Who,
    /// SHA-256 of the grant's id; `None` while there is no grant.
    pub grant: Option<[u8; 32]>,
    /// How far it goes, of what was approved.
    pub extent: Option<Extent>,
    /// What it did to a consent, if it did.
    pub consent: Option<ConsentPart>,
    /// What was done.
    pub action: GrantAction,
    /// The OAuth error sent, of what was refused.
    pub code: Option<String>,
    /// The rule relied on for a refusal, in words.
    pub rule: Option<String>,
}

impl From<Box<GrantEvent>> for AuditEntry {
    /// The entry for the bank's log.
    fn from(event: Box<GrantEvent>) -> Self {
        Self {
            log: LogName::Bank(event.bank.clone()),
            at: event.at,
            event: AuditEvent::Grant(event),
        }
    }
}

/// What was done to a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantAction {
    /// The customer approved: a grant and its code were made.
    Approve,
    /// The customer, or the bank, declined; or nobody decided in time.
    Refuse,
    /// The code was exchanged for tokens.
    Redeem,
    /// A code was used again, and the grant revoked for it (RFC 6749 §4.1.2).
    Reuse,
    /// The grant was revoked.
    Revoke,
    /// One access token was revoked (RFC 7009 §2.1).
    RevokeToken,
    /// The customer logged in.
    LogIn,
    /// A consent was made that a partner asked for, before its customer came.
    ConsentLodge,
    /// A customer came to decide about a consent.
    ConsentOpen,
    /// The customer allowed what they read; the second factor is to come.
    ConsentAllow,
    /// The customer took more time to decide.
    ConsentExtend,
    /// Nobody decided in time.
    ConsentLapse,
    /// The customer consented again to what they had consented to.
    ConsentRenew,
    /// A consent came to the end that its customer read.
    ConsentExpire,
    /// A consent was withdrawn, and its grant revoked with it.
    ConsentWithdraw,
    /// Another consent took the place of this one.
    ConsentSupersede,
    /// A person read what was kept as evidence of a consent.
    ConsentLook,
}

impl GrantAction {
    /// Every action.
    pub const ALL: [Self; 17] = [
        Self::Approve,
        Self::Refuse,
        Self::Redeem,
        Self::Reuse,
        Self::Revoke,
        Self::RevokeToken,
        Self::LogIn,
        Self::ConsentLodge,
        Self::ConsentOpen,
        Self::ConsentAllow,
        Self::ConsentExtend,
        Self::ConsentLapse,
        Self::ConsentRenew,
        Self::ConsentExpire,
        Self::ConsentWithdraw,
        Self::ConsentSupersede,
        Self::ConsentLook,
    ];

    /// The word in records and stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "grant.approve",
            Self::Refuse => "grant.refuse",
            Self::Redeem => "code.redeem",
            Self::Reuse => "code.reuse",
            Self::Revoke => "grant.revoke",
            Self::RevokeToken => "token.revoke",
            Self::LogIn => "session.begin",
            Self::ConsentLodge => "consent.lodge",
            Self::ConsentOpen => "consent.open",
            Self::ConsentAllow => "consent.allow",
            Self::ConsentExtend => "consent.extend",
            Self::ConsentLapse => "consent.lapse",
            Self::ConsentRenew => "consent.renew",
            Self::ConsentExpire => "consent.expire",
            Self::ConsentWithdraw => "consent.withdraw",
            Self::ConsentSupersede => "consent.supersede",
            Self::ConsentLook => "consent.look",
        }
    }

    /// The action of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }

    /// How it was decided, in the words of the record.
    pub fn decision(self) -> Decision {
        match self {
            Self::Refuse | Self::Reuse | Self::ConsentLapse => Decision::Refused,
            Self::Approve
            | Self::Redeem
            | Self::Revoke
            | Self::RevokeToken
            | Self::LogIn
            | Self::ConsentLodge
            | Self::ConsentOpen
            | Self::ConsentAllow
            | Self::ConsentExtend
            | Self::ConsentRenew
            | Self::ConsentExpire
            | Self::ConsentWithdraw
            | Self::ConsentSupersede
            | Self::ConsentLook => Decision::Allowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_word_of_its_own() {
        for action in GrantAction::ALL {
            assert_eq!(GrantAction::parse(action.as_str()), Some(action));
        }
        assert_eq!(GrantAction::parse("grant.forget"), None);
    }
}
