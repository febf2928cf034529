//! Whether a table has room, asked so that it costs nothing while there is plenty.

use rusqlite::Connection;

/// Whether a table, of which `place` is the key, may hold so many rows: it has no more than lie
/// between its first place and its last. To count them is for when it may.
pub(super) fn may_hold(
    connection: &Connection,
    table: &'static str,
    rows: usize,
) -> rusqlite::Result<bool> {
    let span: Option<i64> = connection
        .prepare_cached(&format!(
            "SELECT 1 + (SELECT max(place) FROM {table}) - (SELECT min(place) FROM {table})"
        ))?
        .query_row([], |row| row.get(0))?;
    let span = usize::try_from(span.unwrap_or(0)).unwrap_or(usize::MAX);
    Ok(span >= rows)
}

/// A count, as SQLite gives it.
pub(super) fn counted(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
