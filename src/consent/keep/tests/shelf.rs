//! A shelf of consents in force and not, which a store would take many steps to come to.

use std::collections::BTreeSet;
use std::sync::Mutex;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;
use model::ports::{
    Change, Changed, Choices, Consent, Consents, Decided, DueConsent, EndedConsent, Keep, Lodge,
    OutboxId, Posted, Spend, StandingConsent, StoreUnavailable, Withdrawal,
};
use model::{
    BankId, ClientId, ClusterId, ConsentId, ConsentState, Evidence, GrantEvent, GrantId, Resource,
    ResourceId, ResourceKind, Terms,
};

use crate::test_desk::at;

/// The id of this number.
pub(super) fn id(number: u32) -> ConsentId {
    ConsentId::from(GrantId::parse(&format!("consent-{number}")).expect("valid"))
}

/// A consent of li-lei's, of two accounts of which the bank lists one no more.
pub(super) fn consent(number: u32, client: &str, state: ConsentState) -> Consent {
    let id = id(number);
    let has_terms = state == ConsentState::Authorised || state == ConsentState::Withdrawn;
    let resource = |id: &str| Resource {
        kind: ResourceKind::parse("account").expect("valid"),
        id: ResourceId::parse(id).expect("valid"),
    };
    let terms = Terms {
        id: id.clone(),
        customer: "li-lei".into(),
        clusters: BTreeSet::from([ClusterId::parse("balance").expect("valid")]),
        resources: BTreeSet::from([resource("acc-1"), resource("acc-gone")]),
        purpose: None,
        per_day_unattended: 4,
        data_from: None,
        data_until: None,
        bound: Vec::new(),
        authorised_at: at(10),
        reauth_at: None,
        expires: at(100_000),
    };
    Consent {
        digest: crypto::sha256(id.as_str().as_bytes()),
        id,
        client: ClientId::parse(client).expect("valid"),
        subject: Some("li-lei".to_owned()),
        request: None,
        state,
        version: 1,
        lodged: Vec::new(),
        draft: Vec::new(),
        expires: has_terms.then_some(terms.expires),
        terms: has_terms.then_some(terms),
        made_at: at(0),
        decide_until: at(900_000),
        extended: 0,
        changed_at: at(i64::from(number)),
        ended_until: None,
        replaces: None,
        replaced_by: None,
        is_lodged: false,
        ended_by: None,
        ended_on: None,
        confirmed_at: None,
        reason: None,
    }
}

/// The shelf.
pub(super) struct Shelf {
    consents: Mutex<Vec<Consent>>,
    withdrawals: Mutex<Vec<(Withdrawal, GrantEvent)>>,
    /// Of each consent.
    evidence: Mutex<Vec<Evidence>>,
}

impl Shelf {
    /// With these, by when they changed.
    pub(super) fn of(mut consents: Vec<Consent>) -> Self {
        consents.sort_by_key(|one| std::cmp::Reverse(one.changed_at));
        Self {
            consents: Mutex::new(consents),
            withdrawals: Mutex::default(),
            evidence: Mutex::default(),
        }
    }

    /// From now on this is kept of each consent.
    pub(super) fn keeps(&self, evidence: Vec<Evidence>) {
        *self.evidence.lock().expect("no panic within") = evidence;
    }

    /// What was withdrawn so far.
    pub(super) fn withdrawals(&self) -> Vec<(Withdrawal, GrantEvent)> {
        self.withdrawals.lock().expect("no panic within").clone()
    }

    fn page(&self, subject: &str, after: Option<&ConsentId>, limit: u16) -> Vec<Consent> {
        let consents = self.consents.lock().expect("no panic within");
        let own = consents
            .iter()
            .filter(|one| one.subject.as_deref() == Some(subject));
        let mut own: Vec<Consent> = own.cloned().collect();
        if let Some(after) = after {
            let place = own.iter().position(|one| one.id == *after);
            own.drain(..=place.expect("one of them"));
        }
        own.truncate(limit.into());
        own
    }
}

type Said<'a, T> = BoxFuture<'a, Result<T, StoreUnavailable>>;

/// What nobody who keeps permissions asks.
fn unasked<'a, T: Send + 'a>() -> Said<'a, T> {
    async {
        Err(StoreUnavailable {
            doing: "a test",
            source: None,
        })
    }
    .boxed()
}

impl Consents for Shelf {
    fn lodge<'a>(
        &'a self,
        _: &'a BankId,
        _: Consent,
        _: Timestamp,
        _: GrantEvent,
    ) -> Said<'a, Lodge> {
        unasked()
    }

    fn change<'a>(
        &'a self,
        _: &'a BankId,
        _: &'a ConsentId,
        _: Change,
        _: Timestamp,
        _: GrantEvent,
    ) -> Said<'a, Changed> {
        unasked()
    }

    fn keep<'a>(
        &'a self,
        _: &'a BankId,
        _: &'a ConsentId,
        _: Choices,
        _: Timestamp,
    ) -> Said<'a, Keep> {
        unasked()
    }

    fn withdraw<'a>(
        &'a self,
        _: &'a BankId,
        id: &'a ConsentId,
        withdrawal: Withdrawal,
        now: Timestamp,
        event: GrantEvent,
    ) -> Said<'a, Changed> {
        let mut consents = self.consents.lock().expect("no panic within");
        let found = consents.iter_mut().find(|one| one.id == *id);
        let changed = match found {
            Some(one) if one.state == ConsentState::Authorised => {
                one.state = ConsentState::Withdrawn;
                one.changed_at = now;
                let mut withdrawals = self.withdrawals.lock().expect("no panic within");
                withdrawals.push((withdrawal, event.clone()));
                Changed::Done(Posted {
                    id: OutboxId(1),
                    event: Box::new(event),
                })
            }
            Some(one) => Changed::Otherwise(one.state),
            None => Changed::Gone,
        };
        async { Ok(changed) }.boxed()
    }

    fn find<'a>(&'a self, _: &'a BankId, id: &'a ConsentId) -> Said<'a, Option<Consent>> {
        let consents = self.consents.lock().expect("no panic within");
        let found = consents.iter().find(|one| one.id == *id).cloned();
        async { Ok(found) }.boxed()
    }

    fn of_request<'a>(&'a self, _: &'a BankId, _: [u8; 32]) -> Said<'a, Option<Consent>> {
        unasked()
    }

    fn of_customer<'a>(
        &'a self,
        _: &'a BankId,
        subject: &'a str,
        after: Option<(Timestamp, ConsentId)>,
        limit: u16,
    ) -> Said<'a, Vec<Consent>> {
        let page = self.page(subject, after.as_ref().map(|(_, id)| id), limit);
        async { Ok(page) }.boxed()
    }

    fn terms<'a>(
        &'a self,
        _: &'a BankId,
        _: [u8; 32],
        _: Timestamp,
    ) -> Said<'a, Option<StandingConsent>> {
        unasked()
    }

    fn evidence<'a>(&'a self, _: &'a BankId, _: &'a ConsentId) -> Said<'a, Vec<Evidence>> {
        let kept = self.evidence.lock().expect("no panic within").clone();
        async { Ok(kept) }.boxed()
    }

    fn decided<'a>(&'a self, _: &'a BankId, _: &'a ConsentId) -> Said<'a, Vec<Decided>> {
        let kept = self.evidence.lock().expect("no panic within");
        let decided = kept.iter().map(|one| (one.edge, one.by, one.at)).collect();
        async { Ok(decided) }.boxed()
    }

    fn confirm<'a>(
        &'a self,
        _: &'a BankId,
        id: &'a ConsentId,
        subject: &'a str,
        now: Timestamp,
    ) -> Said<'a, bool> {
        let mut consents = self.consents.lock().expect("no panic within");
        let found = consents.iter_mut().find(|one| {
            one.id == *id
                && one.subject.as_deref() == Some(subject)
                && one.state == ConsentState::Authorised
        });
        let is_found = found.is_some();
        if let Some(one) = found {
            one.confirmed_at = Some(now);
        }
        async move { Ok(is_found) }.boxed()
    }

    fn due<'a>(&'a self, _: &'a BankId, _: Timestamp, _: u16) -> Said<'a, Vec<DueConsent>> {
        unasked()
    }

    fn spend<'a>(&'a self, _: &'a BankId, _: [u8; 32], _: Date, _: u32) -> Said<'a, Spend> {
        unasked()
    }

    fn give_back<'a>(&'a self, _: &'a BankId, _: [u8; 32], _: Date) -> Said<'a, ()> {
        unasked()
    }

    fn ended<'a>(&'a self, _: &'a BankId, _: Timestamp) -> Said<'a, Vec<EndedConsent>> {
        unasked()
    }
}
