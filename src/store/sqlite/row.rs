//! From a row's columns to our types. What cannot be read is an error, never left out.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::Type;

use model::BadId;

/// A column holds a word that is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("the word is not known: {0}")]
struct UnknownWord(String);

/// An instant, from its microseconds.
pub(super) fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    instant_of(column, row.get(column)?)
}

/// The same of a column that may be NULL.
pub(super) fn instant_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let microseconds: Option<i64> = row.get(column)?;
    microseconds.map(|at| instant_of(column, at)).transpose()
}

fn instant_of(column: usize, microseconds: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(microseconds).map_err(unreadable(column, Type::Integer))
}

/// An id, from its text.
pub(super) fn id<T>(
    row: &Row<'_>,
    column: usize,
    parse: fn(&str) -> Result<T, BadId>,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    parse(&text).map_err(unreadable(column, Type::Text))
}

/// What a word stands for.
pub(super) fn word<T>(
    row: &Row<'_>,
    column: usize,
    parse: fn(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    parse(&text)
        .ok_or(UnknownWord(text))
        .map_err(unreadable(column, Type::Text))
}

/// The error of a column that holds no value of ours.
pub(super) fn unreadable<E: std::error::Error + Send + Sync + 'static>(
    column: usize,
    kind: Type,
) -> impl FnOnce(E) -> rusqlite::Error {
    move |cause| rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(cause))
}
