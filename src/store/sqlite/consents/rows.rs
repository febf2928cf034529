//! Consents and what is kept of them, as rows.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use model::ports::{Consent, Decided};
use model::{BankId, By, Channel, ClientId, ConsentId, ConsentState, Edge, Evidence, Terms};

use crate::rim::{self, PAGE_MAX, UNDECIDED_PER_CLIENT_MAX};
use crate::sqlite::room::counted;
use crate::sqlite::row::{id, instant, instant_or_none, unreadable, word};
use crate::terms;

/// The columns of a consent, as [`consent`] reads them, from where.
macro_rules! of_consent {
    ($from:literal) => {
        concat!(
            "SELECT id, digest, client, subject, request, state, version, lodged, draft, terms,
               made_at, decide_until, extended, changed_at, expires, ended_until, replaces,
               replaced_by, is_lodged, ended_by, reason, ended_on, confirmed_at
             FROM consent WHERE bank = ?1 ",
            $from
        )
    };
}

fn id_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<ConsentId>> {
    let text: Option<String> = row.get(column)?;
    let id = text.as_deref().map(ConsentId::parse).transpose();
    id.map_err(unreadable(column, Type::Text))
}

fn by_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<By>> {
    let is_none = row.get_ref(column)?.data_type() == Type::Null;
    (!is_none).then(|| word(row, column, By::parse)).transpose()
}

fn channel_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Channel>> {
    let is_none = row.get_ref(column)?.data_type() == Type::Null;
    (!is_none)
        .then(|| word(row, column, Channel::parse))
        .transpose()
}

fn terms_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Terms>> {
    let bytes: Option<Vec<u8>> = row.get(column)?;
    let terms = bytes.as_deref().map(terms::read).transpose();
    terms.map_err(unreadable(column, Type::Blob))
}

fn consent(row: &Row<'_>) -> rusqlite::Result<Consent> {
    Ok(Consent {
        id: id(row, 0, ConsentId::parse)?,
        digest: row.get(1)?,
        client: id(row, 2, ClientId::parse)?,
        subject: row.get(3)?,
        request: row.get(4)?,
        state: word(row, 5, ConsentState::parse)?,
        version: row.get(6)?,
        lodged: row.get(7)?,
        draft: row.get(8)?,
        terms: terms_or_none(row, 9)?,
        made_at: instant(row, 10)?,
        decide_until: instant(row, 11)?,
        extended: row.get(12)?,
        changed_at: instant(row, 13)?,
        expires: instant_or_none(row, 14)?,
        ended_until: instant_or_none(row, 15)?,
        replaces: id_or_none(row, 16)?,
        replaced_by: id_or_none(row, 17)?,
        is_lodged: row.get(18)?,
        ended_by: by_or_none(row, 19)?,
        reason: row.get(20)?,
        ended_on: channel_or_none(row, 21)?,
        confirmed_at: instant_or_none(row, 22)?,
    })
}

fn one(
    connection: &Connection,
    sql: &'static str,
    which: impl Params,
) -> rusqlite::Result<Option<Consent>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row(which, consent).optional()
}

pub(in crate::sqlite) fn of_id(
    connection: &Connection,
    bank: &BankId,
    id: &ConsentId,
) -> rusqlite::Result<Option<Consent>> {
    let sql = of_consent!("AND id = ?2");
    one(connection, sql, [bank.as_str(), id.as_str()])
}

pub(in crate::sqlite) fn of_request(
    connection: &Connection,
    bank: &BankId,
    request: [u8; 32],
) -> rusqlite::Result<Option<Consent>> {
    let sql = of_consent!("AND request = ?2");
    one(connection, sql, params![bank.as_str(), request])
}

/// See [`model::ports::Consents::of_customer`].
pub(in crate::sqlite) fn of_customer(
    connection: &Connection,
    bank: &BankId,
    subject: &str,
    after: Option<(Timestamp, ConsentId)>,
    limit: u16,
) -> rusqlite::Result<Vec<Consent>> {
    const FIRST: &str = of_consent!("AND subject = ?2 ORDER BY changed_at DESC, id LIMIT ?3");
    const LATER: &str = of_consent!(
        "AND subject = ?2 AND changed_at <= ?4 AND (changed_at < ?4 OR id > ?5)
         ORDER BY changed_at DESC, id LIMIT ?3"
    );
    let (bank, limit) = (bank.as_str(), limit.min(PAGE_MAX));
    match after {
        None => connection
            .prepare_cached(FIRST)?
            .query_map(params![bank, subject, limit], consent)?
            .collect(),
        Some((at, id)) => connection
            .prepare_cached(LATER)?
            .query_map(
                params![
                    bank,
                    subject,
                    limit,
                    rim::instant(at).as_microsecond(),
                    id.as_str()
                ],
                consent,
            )?
            .collect(),
    }
}

/// A consent's state, its end, and its terms.
pub(super) type Standing = (ConsentState, Option<Timestamp>, Option<Terms>);

pub(in crate::sqlite) fn terms(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
) -> rusqlite::Result<Option<Standing>> {
    connection
        .prepare_cached(
            "SELECT state, expires, terms FROM consent WHERE bank = ?1 AND digest = ?2",
        )?
        .query_row(params![bank.as_str(), digest], |row| {
            Ok((
                word(row, 0, ConsentState::parse)?,
                instant_or_none(row, 1)?,
                terms_or_none(row, 2)?,
            ))
        })
        .optional()
}

/// Whether a client has as many undecided ones as it may.
pub(in crate::sqlite) fn has_too_many(
    connection: &Connection,
    bank: &BankId,
    client: &ClientId,
) -> rusqlite::Result<bool> {
    let theirs = connection
        .prepare_cached(
            "SELECT count(*) FROM consent
             WHERE bank = ?1 AND client = ?2
               AND state IN ('requested', 'reviewing', 'confirming')",
        )?
        .query_row([bank.as_str(), client.as_str()], |row| row.get(0))?;
    Ok(counted(theirs) >= UNDECIDED_PER_CLIENT_MAX)
}

/// Adds one: that nobody has decided about, or that is in force at once.
pub(in crate::sqlite) fn add(
    connection: &Connection,
    bank: &BankId,
    consent: &Consent,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO consent (bank, id, digest, client, subject, request, state, version,
                 lodged, draft, terms, made_at, decide_until, extended, changed_at, expires,
                 replaces, is_lodged)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                 ?18)",
        )?
        .execute(params![
            bank.as_str(),
            consent.id.as_str(),
            consent.digest,
            consent.client.as_str(),
            consent.subject,
            consent.request,
            consent.state.as_str(),
            consent.version,
            consent.lodged,
            consent.draft,
            consent.terms.as_ref().map(terms::written),
            consent.made_at.as_microsecond(),
            consent.decide_until.as_microsecond(),
            consent.extended,
            consent.changed_at.as_microsecond(),
            consent.expires.map(Timestamp::as_microsecond),
            consent.replaces.as_ref().map(ConsentId::as_str),
            consent.is_lodged
        ])
}

/// Writes what an edge changed of one that is here.
pub(in crate::sqlite) fn change(
    connection: &Connection,
    bank: &BankId,
    consent: &Consent,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE consent SET subject = ?3, request = ?4, state = ?5, version = ?6, draft = ?7,
                 terms = ?8, decide_until = ?9, extended = ?10, changed_at = ?11, expires = ?12,
                 ended_until = ?13, replaces = ?14, replaced_by = ?15, ended_by = ?16, reason = ?17,
                 ended_on = ?18, confirmed_at = ?19
             WHERE bank = ?1 AND id = ?2",
        )?
        .execute(params![
            bank.as_str(),
            consent.id.as_str(),
            consent.subject,
            consent.request,
            consent.state.as_str(),
            consent.version,
            consent.draft,
            consent.terms.as_ref().map(terms::written),
            consent.decide_until.as_microsecond(),
            consent.extended,
            consent.changed_at.as_microsecond(),
            consent.expires.map(Timestamp::as_microsecond),
            consent.ended_until.map(Timestamp::as_microsecond),
            consent.replaces.as_ref().map(ConsentId::as_str),
            consent.replaced_by.as_ref().map(ConsentId::as_str),
            consent.ended_by.map(By::as_str),
            consent.reason,
            consent.ended_on.map(Channel::as_str),
            consent.confirmed_at.map(Timestamp::as_microsecond)
        ])
}

/// Keeps an evidence, by the number that comes next.
pub(in crate::sqlite) fn keep(
    connection: &Connection,
    bank: &BankId,
    id: &ConsentId,
    evidence: &Evidence,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO consent_evidence (bank, id, seq, edge, at, actor, text_version, sealed)
             VALUES (?1, ?2,
                 (SELECT 1 + ifnull(max(seq), 0) FROM consent_evidence WHERE bank = ?1 AND id = ?2),
                 ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            bank.as_str(),
            id.as_str(),
            evidence.edge.as_str(),
            evidence.at.as_microsecond(),
            evidence.by.as_str(),
            evidence.text_version,
            evidence.sealed
        ])
}

/// See [`model::ports::Consents::evidence`].
pub(in crate::sqlite) fn evidence(
    connection: &Connection,
    bank: &BankId,
    id: &ConsentId,
) -> rusqlite::Result<Vec<Evidence>> {
    connection
        .prepare_cached(
            "SELECT edge, at, actor, text_version, sealed FROM consent_evidence
             WHERE bank = ?1 AND id = ?2 ORDER BY seq",
        )?
        .query_map([bank.as_str(), id.as_str()], |row| {
            Ok(Evidence {
                edge: word(row, 0, Edge::parse)?,
                at: instant(row, 1)?,
                by: word(row, 2, By::parse)?,
                text_version: row.get(3)?,
                sealed: row.get(4)?,
            })
        })?
        .collect()
}

/// See [`model::ports::Consents::decided`].
pub(in crate::sqlite) fn decided(
    connection: &Connection,
    bank: &BankId,
    id: &ConsentId,
) -> rusqlite::Result<Vec<Decided>> {
    connection
        .prepare_cached(
            "SELECT edge, actor, at FROM consent_evidence
             WHERE bank = ?1 AND id = ?2 ORDER BY seq",
        )?
        .query_map([bank.as_str(), id.as_str()], |row| {
            Ok((
                word(row, 0, Edge::parse)?,
                word(row, 1, By::parse)?,
                instant(row, 2)?,
            ))
        })?
        .collect()
}
