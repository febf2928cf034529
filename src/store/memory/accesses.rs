//! `ports::Accesses` in memory.

use std::collections::HashMap;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use model::ports::{AccessRow, Accesses, LogIndex, Outcome, StoreUnavailable};
use model::{BankId, RequestId};

use super::{Memory, lock};
use crate::rim::{self, FORGOTTEN_PER_CHANGE, PAGE_MAX, instant};

/// The accesses by request, and how far each bank's log was read.
#[derive(Debug, Default)]
pub(super) struct Book {
    rows: HashMap<RequestId, (BankId, AccessRow)>,
    noted: HashMap<BankId, LogIndex>,
}

impl Book {
    fn under(&self, bank: &BankId, digest: [u8; 32]) -> impl Iterator<Item = &AccessRow> {
        let all = self.rows.values();
        all.filter(move |(of, row)| of == bank && row.digest == digest)
            .map(|(_, row)| row)
    }

    fn given(&self, bank: &BankId, digest: [u8; 32]) -> impl Iterator<Item = &AccessRow> {
        let all = self.under(bank, digest);
        all.filter(|row| row.outcome() == Outcome::Given)
    }

    /// Forgets a few of those before an instant, the oldest first.
    fn forget(&mut self, since: Timestamp) {
        let old = self.rows.iter().filter(|(_, (_, row))| row.at < since);
        let mut old: Vec<_> = old.map(|(request, (_, row))| (row.at, *request)).collect();
        old.sort_unstable_by_key(|(at, request)| (*at, request.to_string()));
        for (_, request) in old.into_iter().take(FORGOTTEN_PER_CHANGE.into()) {
            self.rows.remove(&request);
        }
    }

    fn note(&mut self, bank: &BankId, upto: LogIndex, rows: Vec<AccessRow>) {
        let since = rim::accesses_since(&rows);
        for row in rows {
            let noted = self.rows.entry(row.request);
            noted.or_insert_with(|| (bank.clone(), row));
        }
        if let Some(since) = since {
            self.forget(since);
        }
        let noted = self.noted.get(bank);
        if noted.is_none_or(|noted| rim::place(noted) < rim::place(&upto)) {
            self.noted.insert(bank.clone(), upto);
        }
    }
}

impl Accesses for Memory {
    fn noted<'a>(
        &'a self,
        bank: &'a BankId,
    ) -> BoxFuture<'a, Result<Option<LogIndex>, StoreUnavailable>> {
        Box::pin(async move { Ok(lock(&self.accesses).noted.get(bank).cloned()) })
    }

    fn note<'a>(
        &'a self,
        bank: &'a BankId,
        upto: LogIndex,
        rows: Vec<AccessRow>,
    ) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        Box::pin(async move {
            let noted = rim::noted(upto, rows);
            let (upto, rows) = noted.map_err(|unfit| unfit.while_doing("noting accesses"))?;
            lock(&self.accesses).note(bank, upto, rows);
            Ok(())
        })
    }

    fn of<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        after: Option<(Timestamp, RequestId)>,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<AccessRow>, StoreUnavailable>> {
        Box::pin(async move {
            let place = |at: Timestamp, request: RequestId| (at, request.to_string());
            let after = after.map(|(at, request)| place(instant(at), request));
            let book = lock(&self.accesses);
            let mut rows: Vec<_> = book
                .under(bank, digest)
                .map(|row| (place(row.at, row.request), row))
                .filter(|(its, _)| after.as_ref().is_none_or(|after| its < after))
                .collect();
            rows.sort_by(|(a, _), (b, _)| b.cmp(a));
            let page = rows.into_iter().take(limit.min(PAGE_MAX).into());
            Ok(page.map(|(_, row)| row.clone()).collect())
        })
    }

    fn given_since<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        since: Timestamp,
    ) -> BoxFuture<'a, Result<u64, StoreUnavailable>> {
        Box::pin(async move {
            let (since, book) = (instant(since), lock(&self.accesses));
            let given = book.given(bank, digest).filter(|row| row.at >= since);
            Ok(u64::try_from(given.count()).unwrap_or(u64::MAX))
        })
    }

    fn last_given<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
    ) -> BoxFuture<'a, Result<Option<Timestamp>, StoreUnavailable>> {
        Box::pin(async move {
            let book = lock(&self.accesses);
            Ok(book.given(bank, digest).map(|row| row.at).max())
        })
    }
}
