//! `ports::Accesses` in SQLite.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use model::ports::{AccessRow, Accesses, LogIndex, StoreUnavailable};
use model::{BankId, ClusterId, OperationId, PartnerId, ProductId, RequestId};

use super::Sqlite;
use super::forget::{Expired, forget};
use super::room::counted;
use super::row::{id, instant, unreadable};
use super::writer::Undone;
use crate::rim::{self, PAGE_MAX};

/// A question about accesses under a consent that were given: those of the statuses of
/// [`model::ports::Outcome::Given`], as the index `access_given` names them.
macro_rules! given {
    ($what:literal, $which:literal) => {
        concat!(
            $what,
            " FROM access
              WHERE bank = ?1 AND digest = ?2 AND status BETWEEN 200 AND 299 ",
            $which
        )
    };
}

/// A column holds no request's id.
#[derive(Debug, thiserror::Error)]
#[error("the text is no request's id")]
struct NoRequest;

impl Accesses for Sqlite {
    fn noted<'a>(
        &'a self,
        bank: &'a BankId,
    ) -> BoxFuture<'a, Result<Option<LogIndex>, StoreUnavailable>> {
        let bank = bank.clone();
        let question = move |c: &Connection| noted(c, &bank);
        Box::pin(self.reader.ask("finding how far was noted", question))
    }

    fn note<'a>(
        &'a self,
        bank: &'a BankId,
        upto: LogIndex,
        rows: Vec<AccessRow>,
    ) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        let bank = bank.clone();
        let work = move |connection: &Connection| {
            let (upto, rows) = rim::noted(upto, rows)?;
            for row in &rows {
                add(connection, &bank, row)?;
            }
            if let Some(since) = rim::accesses_since(&rows) {
                forget(connection, Expired::Accesses, since)?;
            }
            move_on(connection, &bank, &upto)?;
            Ok::<_, Undone>(())
        };
        Box::pin(self.writer.carry_out("noting accesses", work))
    }

    fn of<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        after: Option<(Timestamp, RequestId)>,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<AccessRow>, StoreUnavailable>> {
        let bank = bank.clone();
        let question = move |c: &Connection| page(c, &bank, digest, after, limit);
        Box::pin(self.reader.ask("listing accesses", question))
    }

    fn given_since<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        since: Timestamp,
    ) -> BoxFuture<'a, Result<u64, StoreUnavailable>> {
        let (bank, since) = (bank.clone(), rim::instant(since).as_microsecond());
        Box::pin(self.reader.ask("counting accesses", move |connection| {
            let count = connection
                .prepare_cached(given!("SELECT count(*)", "AND at >= ?3"))?
                .query_row(params![bank.as_str(), digest, since], |row| row.get(0))?;
            Ok(u64::try_from(counted(count)).unwrap_or(u64::MAX))
        }))
    }

    fn last_given<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
    ) -> BoxFuture<'a, Result<Option<Timestamp>, StoreUnavailable>> {
        let bank = bank.clone();
        let question = move |connection: &Connection| {
            connection
                .prepare_cached(given!("SELECT at", "ORDER BY at DESC LIMIT 1"))?
                .query_row(params![bank.as_str(), digest], |row| instant(row, 0))
                .optional()
        };
        Box::pin(self.reader.ask("finding the last access", question))
    }
}

fn noted(connection: &Connection, bank: &BankId) -> rusqlite::Result<Option<LogIndex>> {
    connection
        .prepare_cached(
            "SELECT log_index, at_segment, at_offset FROM access_cursor WHERE bank = ?1",
        )?
        .query_row([bank.as_str()], |row| {
            Ok(LogIndex {
                index: number(row, 0)?,
                segment: row.get(1)?,
                offset: number(row, 2)?,
            })
        })
        .optional()
}

/// A number that is never negative.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(unreadable(column, Type::Integer))
}

/// Says how far a bank's log was read, if that is farther than before.
fn move_on(connection: &Connection, bank: &BankId, upto: &LogIndex) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO access_cursor (bank, log_index, at_segment, at_offset)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (bank) DO UPDATE SET log_index = excluded.log_index,
                 at_segment = excluded.at_segment, at_offset = excluded.at_offset
             WHERE (excluded.at_segment, excluded.at_offset, excluded.log_index)
                 > (at_segment, at_offset, log_index)",
        )?
        .execute(params![
            bank.as_str(),
            upto.index.cast_signed(),
            upto.segment,
            upto.offset.cast_signed()
        ])
}

fn add(connection: &Connection, bank: &BankId, row: &AccessRow) -> rusqlite::Result<usize> {
    let clusters: Vec<_> = row.clusters.iter().map(ClusterId::as_str).collect();
    connection
        .prepare_cached(
            "INSERT INTO access (bank, digest, at, request, partner, product, operation, clusters,
                 status, code, attended)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (request) DO NOTHING",
        )?
        .execute(params![
            bank.as_str(),
            row.digest,
            row.at.as_microsecond(),
            row.request.text().as_str(),
            row.partner.as_str(),
            row.product.as_str(),
            row.operation.as_str(),
            clusters.join(" "),
            row.status,
            row.code,
            row.attended
        ])
}

/// See [`Accesses::of`].
fn page(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
    after: Option<(Timestamp, RequestId)>,
    limit: u16,
) -> rusqlite::Result<Vec<AccessRow>> {
    let (at, request) = match after {
        // Every instant is before this one.
        None => (i64::MAX, String::new()),
        Some((at, request)) => (rim::instant(at).as_microsecond(), request.to_string()),
    };
    connection
        .prepare_cached(
            "SELECT digest, at, request, partner, product, operation, clusters, status, code,
                 attended
             FROM access
             WHERE bank = ?1 AND digest = ?2 AND at <= ?3 AND (at < ?3 OR request < ?4)
             ORDER BY at DESC, request DESC LIMIT ?5",
        )?
        .query_map(
            params![bank.as_str(), digest, at, request, limit.min(PAGE_MAX)],
            access,
        )?
        .collect()
}

fn access(row: &Row<'_>) -> rusqlite::Result<AccessRow> {
    let request: String = row.get(2)?;
    let clusters: String = row.get(6)?;
    let clusters = clusters.split_whitespace().map(ClusterId::parse);
    Ok(AccessRow {
        digest: row.get(0)?,
        at: instant(row, 1)?,
        request: RequestId::parse(&request)
            .ok_or(NoRequest)
            .map_err(unreadable(2, Type::Text))?,
        partner: id(row, 3, PartnerId::parse)?,
        product: id(row, 4, ProductId::parse)?,
        operation: id(row, 5, OperationId::parse)?,
        clusters: clusters
            .collect::<Result<_, _>>()
            .map_err(unreadable(6, Type::Text))?,
        status: row.get(7)?,
        code: row.get(8)?,
        attended: row.get(9)?,
    })
}
