//! `ports::Outbox` in SQLite.

use futures_util::future::BoxFuture;
use rusqlite::Connection;
use rusqlite::types::Type;

use model::GrantEvent;
use model::ports::{Outbox, OutboxId, Posted, StoreUnavailable};

use super::Sqlite;
use super::room::{counted, may_hold};
use super::row::unreadable;
use super::writer::Undone;
use crate::event;
use crate::rim::{OUTBOX_MAX, Unfit};

/// Writes an event into the outbox, as part of the change that it tells of.
pub(super) fn post(connection: &Connection, event: GrantEvent) -> Result<Posted, Undone> {
    if is_full(connection)? {
        return Err(Unfit::OutboxFull.into());
    }
    connection
        .prepare_cached("INSERT INTO outbox (event) VALUES (?1)")?
        .execute([event::written(&event)])?;
    Ok(Posted {
        id: OutboxId(connection.last_insert_rowid()),
        event: Box::new(event),
    })
}

fn is_full(connection: &Connection) -> rusqlite::Result<bool> {
    if !may_hold(connection, "outbox", OUTBOX_MAX)? {
        return Ok(false);
    }
    let waiting = connection
        .prepare_cached("SELECT count(*) FROM outbox")?
        .query_row([], |row| row.get(0))?;
    Ok(counted(waiting) >= OUTBOX_MAX)
}

impl Outbox for Sqlite {
    fn waiting(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Posted>, StoreUnavailable>> {
        Box::pin(self.reader.ask("reading the outbox", move |connection| {
            connection
                .prepare_cached("SELECT place, event FROM outbox ORDER BY place LIMIT ?1")?
                .query_map([limit], |row| {
                    let text: String = row.get(1)?;
                    let event = event::read(&text).map_err(unreadable(1, Type::Text))?;
                    Ok(Posted {
                        id: OutboxId(row.get(0)?),
                        event: Box::new(event),
                    })
                })?
                .collect()
        }))
    }

    fn logged<'a>(&'a self, ids: &'a [OutboxId]) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        let ids = ids.to_vec();
        let work = move |connection: &Connection| {
            let mut removal = connection.prepare_cached("DELETE FROM outbox WHERE place = ?1")?;
            for OutboxId(place) in ids {
                removal.execute([place])?;
            }
            Ok::<_, Undone>(())
        };
        Box::pin(self.writer.carry_out("emptying the outbox", work))
    }
}
