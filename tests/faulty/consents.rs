//! The ports of consents, in a store that fails.

use jiff::Timestamp;
use jiff::civil::Date;

use model::ports::{
    AccessRow, Accesses, Change, Changed, Choices, Consent, Consents, Decided, DueConsent,
    EndedConsent, Keep, Lodge, LogIndex, Spend, StandingConsent, Withdrawal,
};
use model::{BankId, ConsentId, Evidence, GrantEvent, RequestId};

use super::{Answer, Call, Faulty};

impl<S: Consents + ?Sized> Consents for Faulty<S> {
    fn lodge<'a>(
        &'a self,
        bank: &'a BankId,
        consent: Consent,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Lodge> {
        self.through(Call::Lodge, move || {
            self.inner.lodge(bank, consent, now, event)
        })
    }

    fn change<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        change: Change,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Changed> {
        self.through(Call::Change, move || {
            self.inner.change(bank, id, change, now, event)
        })
    }

    fn keep<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        choices: Choices,
        now: Timestamp,
    ) -> Answer<'a, Keep> {
        self.through(Call::Keep, move || self.inner.keep(bank, id, choices, now))
    }

    fn withdraw<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        withdrawal: Withdrawal,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Changed> {
        self.through(Call::Withdraw, move || {
            self.inner.withdraw(bank, id, withdrawal, now, event)
        })
    }

    fn find<'a>(&'a self, bank: &'a BankId, id: &'a ConsentId) -> Answer<'a, Option<Consent>> {
        self.through(Call::Consents, move || self.inner.find(bank, id))
    }

    fn of_request<'a>(
        &'a self,
        bank: &'a BankId,
        request: [u8; 32],
    ) -> Answer<'a, Option<Consent>> {
        self.through(Call::Consents, move || self.inner.of_request(bank, request))
    }

    fn of_customer<'a>(
        &'a self,
        bank: &'a BankId,
        subject: &'a str,
        after: Option<(Timestamp, ConsentId)>,
        limit: u16,
    ) -> Answer<'a, Vec<Consent>> {
        self.through(Call::Consents, move || {
            self.inner.of_customer(bank, subject, after, limit)
        })
    }

    fn terms<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Answer<'a, Option<StandingConsent>> {
        self.through(Call::Terms, move || self.inner.terms(bank, digest, now))
    }

    fn evidence<'a>(&'a self, bank: &'a BankId, id: &'a ConsentId) -> Answer<'a, Vec<Evidence>> {
        self.through(Call::Consents, move || self.inner.evidence(bank, id))
    }

    fn decided<'a>(&'a self, bank: &'a BankId, id: &'a ConsentId) -> Answer<'a, Vec<Decided>> {
        self.through(Call::Consents, move || self.inner.decided(bank, id))
    }

    fn confirm<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        subject: &'a str,
        now: Timestamp,
    ) -> Answer<'a, bool> {
        self.through(Call::Confirm, move || {
            self.inner.confirm(bank, id, subject, now)
        })
    }

    fn due<'a>(
        &'a self,
        bank: &'a BankId,
        now: Timestamp,
        limit: u16,
    ) -> Answer<'a, Vec<DueConsent>> {
        self.through(Call::Consents, move || self.inner.due(bank, now, limit))
    }

    fn spend<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        day: Date,
        max: u32,
    ) -> Answer<'a, Spend> {
        self.through(Call::Spend, move || {
            self.inner.spend(bank, digest, day, max)
        })
    }

    fn give_back<'a>(&'a self, bank: &'a BankId, digest: [u8; 32], day: Date) -> Answer<'a, ()> {
        self.through(Call::Spend, move || self.inner.give_back(bank, digest, day))
    }

    fn ended<'a>(&'a self, bank: &'a BankId, now: Timestamp) -> Answer<'a, Vec<EndedConsent>> {
        self.through(Call::Consents, move || self.inner.ended(bank, now))
    }
}

impl<S: Accesses + ?Sized> Accesses for Faulty<S> {
    fn noted<'a>(&'a self, bank: &'a BankId) -> Answer<'a, Option<LogIndex>> {
        self.through(Call::Accesses, move || self.inner.noted(bank))
    }

    fn note<'a>(
        &'a self,
        bank: &'a BankId,
        upto: LogIndex,
        rows: Vec<AccessRow>,
    ) -> Answer<'a, ()> {
        self.through(Call::Accesses, move || self.inner.note(bank, upto, rows))
    }

    fn of<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        after: Option<(Timestamp, RequestId)>,
        limit: u16,
    ) -> Answer<'a, Vec<AccessRow>> {
        self.through(Call::Accesses, move || {
            self.inner.of(bank, digest, after, limit)
        })
    }

    fn given_since<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        since: Timestamp,
    ) -> Answer<'a, u64> {
        self.through(Call::Accesses, move || {
            self.inner.given_since(bank, digest, since)
        })
    }

    fn last_given<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
    ) -> Answer<'a, Option<Timestamp>> {
        self.through(Call::Accesses, move || self.inner.last_given(bank, digest))
    }
}
