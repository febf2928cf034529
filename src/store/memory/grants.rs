//! `ports::Grants` in memory.

use std::collections::HashMap;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use model::ports::{
    Approval, Change, Code, CodeState, Finish, FoundCode, Grant, Grants, Posted, Push,
    PushedRequest, Redeem, Redemption, RefreshToken, Revoked, StoreUnavailable,
};
use model::{BankId, By, ConsentId, GrantEvent, GrantId};

use super::{Books, Memory, lock};
use crate::expiring::Expiring;
use crate::life::GrantLife;
use crate::rim::{self, PUSHED_PER_CLIENT_MAX, Unfit, instant};

mod finish;

/// A bank, and a digest that is unique in it.
type Place = (BankId, [u8; 32]);

/// Everything that [`Grants`] keeps. A grant is kept as long as it is remembered; what stands for
/// it goes with it.
#[derive(Debug, Default)]
pub(super) struct Book {
    pushed: Expiring<Place, Pushed>,
    grants: Expiring<(BankId, GrantId), KeptGrant>,
    codes: HashMap<Place, KeptCode>,
    refresh_tokens: HashMap<Place, RefreshToken>,
    revoked_tokens: Expiring<Place, ()>,
}

#[derive(Debug)]
struct Pushed {
    request: PushedRequest,
    is_open: bool,
}

#[derive(Debug)]
struct KeptGrant {
    grant: Grant,
    life: GrantLife,
    /// What stands for it: more than one each, once it was granted anew.
    codes: Vec<Place>,
    refresh_tokens: Vec<Place>,
}

#[derive(Debug)]
struct KeptCode {
    code: Code,
    is_used: bool,
}

impl Book {
    fn live_pushed(&self, place: &Place, now: Timestamp) -> Option<&Pushed> {
        let (until, pushed) = self.pushed.find(place)?;
        (now < until).then_some(pushed)
    }

    fn push(
        &mut self,
        bank: &BankId,
        request: PushedRequest,
        now: Timestamp,
    ) -> Result<Push, Unfit> {
        self.pushed.forget(now);
        let theirs = self.pushed.all().filter(|((of, _), until, pushed)| {
            of == bank && pushed.request.client == request.client && now < *until
        });
        if theirs.count() >= PUSHED_PER_CLIENT_MAX {
            return Ok(Push::Full);
        }
        let place = (bank.clone(), request.digest);
        if self.pushed.has(&place) {
            return Err(Unfit::Taken);
        }
        let pushed = Pushed {
            request,
            is_open: false,
        };
        self.pushed.keep(place, pushed.request.expires, pushed);
        Ok(Push::Kept)
    }

    fn open(&mut self, place: &Place, until: Timestamp, now: Timestamp) -> Option<PushedRequest> {
        let pushed = self.live_pushed(place, now)?;
        let mut request = pushed.request.clone();
        if !pushed.is_open {
            request.expires = request.expires.max(until);
            let opened = Pushed {
                request: request.clone(),
                is_open: true,
            };
            self.pushed.keep(place.clone(), request.expires, opened);
        }
        Some(request)
    }

    fn grant(&self, bank: &BankId, id: &GrantId) -> Option<&KeptGrant> {
        let (_, kept) = self.grants.find(&(bank.clone(), id.clone()))?;
        Some(kept)
    }

    fn code(&self, place: &Place, now: Timestamp) -> Option<(&KeptCode, &KeptGrant, CodeState)> {
        let code = self.codes.get(place)?;
        let kept = self.grant(&place.0, &code.code.grant)?;
        let state = kept.life.code(code.is_used, code.code.expires, now)?;
        Some((code, kept, state))
    }

    fn refresh_token(&self, place: &Place, now: Timestamp) -> Option<(RefreshToken, Grant)> {
        let token = self.refresh_tokens.get(place)?;
        let kept = self.grant(&place.0, &token.grant)?;
        kept.life
            .is_live(token.expires, now)
            .then(|| (token.clone(), kept.grant.clone()))
    }

    fn keep_grant(&mut self, bank: &BankId, kept: KeptGrant) {
        let key = (bank.clone(), kept.grant.id.clone());
        self.grants.keep(key, kept.life.remembered_until, kept);
    }

    /// Gives a grant that is here another life.
    pub(super) fn live_on(
        &mut self,
        bank: &BankId,
        id: &GrantId,
        life: impl FnOnce(GrantLife) -> GrantLife,
    ) {
        if let Some(kept) = self.grants.remove(&(bank.clone(), id.clone())) {
            let life = life(kept.life);
            self.keep_grant(bank, KeptGrant { life, ..kept });
        }
    }

    fn forget_grants(&mut self, now: Timestamp) {
        for kept in self.grants.forget(now) {
            for code in &kept.codes {
                self.codes.remove(code);
            }
            for token in &kept.refresh_tokens {
                self.refresh_tokens.remove(token);
            }
        }
    }
}

impl Books {
    fn redeem(
        &mut self,
        place: &Place,
        redemption: Redemption,
        now: Timestamp,
    ) -> Result<Redeem, Unfit> {
        let (bank, book) = (&place.0, &mut self.grants);
        let Some((code, _, state)) = book.code(place, now) else {
            return Ok(Redeem::Gone);
        };
        let id = code.code.grant.clone();
        let until = redemption.revoked_until;
        if state == CodeState::Used {
            let room = self.outbox.room()?;
            book.live_on(bank, &id, |life| life.revoked(until));
            self.consents
                .end_with_grant(bank, &id, By::House, until, now);
            return Ok(Redeem::Again(room.post(redemption.event_if_again)));
        }
        if let Some(token) = &redemption.refresh {
            let token_place = (bank.clone(), token.digest);
            if token.grant != id {
                return Err(Unfit::OtherGrant);
            }
            if book.refresh_tokens.contains_key(&token_place) {
                return Err(Unfit::Taken);
            }
        }
        let room = self.outbox.room()?;
        if let Some(code) = book.codes.get_mut(place) {
            code.is_used = true;
        }
        if let Some(mut kept) = book.grants.remove(&(bank.clone(), id)) {
            kept.life = kept.life.redeemed(until);
            if let Some(token) = redemption.refresh {
                let token_place = (bank.clone(), token.digest);
                kept.refresh_tokens.push(token_place.clone());
                book.refresh_tokens.insert(token_place, token);
            }
            book.keep_grant(bank, kept);
        }
        Ok(Redeem::First(room.post(redemption.event)))
    }

    fn revoke_grant(
        &mut self,
        bank: &BankId,
        id: &GrantId,
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> Result<Option<Posted>, Unfit> {
        let kept = self.grants.grant(bank, id);
        let Some(life) = kept.map(|kept| kept.life).filter(|l| l.is_remembered(now)) else {
            return Ok(None);
        };
        if life.revoked_until.is_some() {
            self.grants.live_on(bank, id, |life| life.revoked(until));
            return Ok(None);
        }
        let room = self.outbox.room()?;
        self.grants.live_on(bank, id, |life| life.revoked(until));
        self.consents
            .end_with_grant(bank, id, By::Partner, until, now);
        Ok(Some(room.post(event)))
    }

    fn revoke_token(
        &mut self,
        place: Place,
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> Result<Option<Posted>, Unfit> {
        let tokens = &mut self.grants.revoked_tokens;
        tokens.forget(now);
        let former = tokens.find(&place).map(|(former, ())| former);
        let former = former.filter(|former| now < *former);
        let room = match former {
            Some(_) => None,
            None => Some(self.outbox.room()?),
        };
        tokens.keep(place, former.map_or(until, |former| former.max(until)), ());
        Ok(room.map(|room| room.post(event)))
    }
}

impl Memory {
    /// Changes the books; an unfit change changes nothing.
    pub(super) fn change<T>(
        &self,
        doing: &'static str,
        change: impl FnOnce(&mut Books) -> Result<T, Unfit>,
    ) -> Result<T, StoreUnavailable> {
        change(&mut lock(&self.books)).map_err(|unfit| unfit.while_doing(doing))
    }
}

impl Grants for Memory {
    fn push<'a>(
        &'a self,
        bank: &'a BankId,
        request: PushedRequest,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Push, StoreUnavailable>> {
        Box::pin(async move {
            self.change("keeping a pushed request", |books| {
                books.grants.push(bank, rim::pushed(request)?, instant(now))
            })
        })
    }

    fn open<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<PushedRequest>, StoreUnavailable>> {
        Box::pin(async move {
            let place = (bank.clone(), digest);
            let mut books = lock(&self.books);
            Ok(books.grants.open(&place, instant(until), instant(now)))
        })
    }

    fn approve<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        approval: Approval,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Finish, StoreUnavailable>> {
        Box::pin(async move {
            self.change("approving a request", |books| {
                let approval = rim::approval(approval)?;
                books.approve(&(bank.clone(), digest), approval, instant(now))
            })
        })
    }

    fn turn_down<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        declined: Option<(ConsentId, Change)>,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Finish, StoreUnavailable>> {
        Box::pin(async move {
            self.change("turning a request down", |books| {
                let declined = rim::declined(declined)?;
                let kept = declined.as_ref().and_then(|(_, its)| its.evidence.as_ref());
                let event = rim::event_with(event, kept)?;
                books.turn_down(&(bank.clone(), digest), declined, instant(now), event)
            })
        })
    }

    fn code<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<FoundCode>, StoreUnavailable>> {
        Box::pin(async move {
            let books = lock(&self.books);
            let found = books.grants.code(&(bank.clone(), digest), instant(now));
            Ok(found.map(|(code, kept, state)| FoundCode {
                code: code.code.clone(),
                grant: kept.grant.clone(),
                state,
            }))
        })
    }

    fn redeem<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        redemption: Redemption,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Redeem, StoreUnavailable>> {
        Box::pin(async move {
            self.change("redeeming a code", |books| {
                let redemption = rim::redemption(redemption)?;
                books.redeem(&(bank.clone(), digest), redemption, instant(now))
            })
        })
    }

    fn refresh_token<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<(RefreshToken, Grant)>, StoreUnavailable>> {
        Box::pin(async move {
            let books = lock(&self.books);
            let place = (bank.clone(), digest);
            Ok(books.grants.refresh_token(&place, instant(now)))
        })
    }

    fn revoke_grant<'a>(
        &'a self,
        bank: &'a BankId,
        grant: &'a GrantId,
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Option<Posted>, StoreUnavailable>> {
        Box::pin(async move {
            self.change("revoking a grant", |books| {
                let (until, now) = (instant(until), instant(now));
                books.revoke_grant(bank, grant, until, now, rim::event(event)?)
            })
        })
    }

    fn revoke_token<'a>(
        &'a self,
        bank: &'a BankId,
        jti_digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Option<Posted>, StoreUnavailable>> {
        Box::pin(async move {
            self.change("revoking a token", |books| {
                let (until, now) = (instant(until), instant(now));
                books.revoke_token((bank.clone(), jti_digest), until, now, rim::event(event)?)
            })
        })
    }

    fn revoked<'a>(
        &'a self,
        bank: &'a BankId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Revoked, StoreUnavailable>> {
        Box::pin(async move {
            let now = instant(now);
            let books = lock(&self.books);
            let of_grants = books.grants.grants.all().filter_map(|((of, id), _, kept)| {
                let until = kept.life.revoked_until.filter(|until| now < *until)?;
                (of == bank).then(|| (id.clone(), until))
            });
            let mut grants: Vec<_> = of_grants.collect();
            grants.sort_unstable();
            let of_tokens = books.grants.revoked_tokens.all();
            let mut tokens: Vec<_> = of_tokens
                .filter(|((of, _), until, ())| of == bank && now < *until)
                .map(|((_, digest), until, ())| (*digest, until))
                .collect();
            tokens.sort_unstable();
            Ok(Revoked { grants, tokens })
        })
    }
}

#[cfg(test)]
mod tests {
    use model::ClientId;

    use super::*;

    #[test]
    fn what_stands_for_a_grant_is_forgotten_with_it() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let bank = BankId::parse("harbour").expect("valid");
        let place = (bank.clone(), [1; 32]);
        let code = Code {
            digest: [1; 32],
            grant: GrantId::parse("g").expect("valid"),
            bound: Vec::new(),
            expires: at(60),
        };
        let grant = Grant {
            id: code.grant.clone(),
            client: ClientId::parse("app").expect("valid"),
            subject: "li-lei".to_owned(),
            granted: Vec::new(),
            made_at: at(0),
            expires: at(900),
        };
        let token = RefreshToken {
            digest: [1; 32],
            grant: code.grant.clone(),
            bound: Vec::new(),
            expires: at(900),
        };
        let mut book = Book::default();
        book.refresh_tokens.insert(place.clone(), token);
        book.keep_grant(
            &bank,
            KeptGrant {
                life: GrantLife::begin(&grant, &code),
                grant,
                codes: vec![place.clone()],
                refresh_tokens: vec![place.clone()],
            },
        );
        book.codes.insert(
            place,
            KeptCode {
                code,
                is_used: false,
            },
        );
        book.forget_grants(at(60));
        assert_eq!((book.codes.len(), book.refresh_tokens.len()), (1, 1));
        book.forget_grants(at(61));
        assert_eq!((book.codes.len(), book.refresh_tokens.len()), (0, 0));
    }
}
