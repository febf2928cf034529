//! 6: consents, what is kept as evidence of them, what was spent, and what went out under them.
//! 7: what customers are told besides.
//!
//! Instants are microseconds since 1970-01-01T00:00:00Z, digests SHA-256. No key leads from a
//! consent to its grant: grants are forgotten when nothing comes of them, consents are not.

/// Step 6.
pub(super) const CONSENT: &str = "CREATE TABLE consent (
        place        INTEGER PRIMARY KEY,
        bank         TEXT NOT NULL,
        id           TEXT NOT NULL,
        digest       BLOB NOT NULL, -- of the id
        client       TEXT NOT NULL,
        subject      TEXT,
        request      BLOB, -- digest of the request_uri
        state        TEXT NOT NULL,
        version      INTEGER NOT NULL,
        lodged       BLOB NOT NULL,
        draft        BLOB NOT NULL,
        terms        BLOB, -- JSON
        made_at      INTEGER NOT NULL,
        decide_until INTEGER NOT NULL,
        extended     INTEGER NOT NULL,
        changed_at   INTEGER NOT NULL,
        expires      INTEGER,
        ended_until  INTEGER, -- until then its tokens may be shown
        replaces     TEXT,
        replaced_by  TEXT,
        is_lodged    INTEGER NOT NULL,
        ended_by     TEXT,
        reason       TEXT,
        UNIQUE (bank, id),
        UNIQUE (bank, digest)
    ) STRICT;
    CREATE INDEX consent_by_subject ON consent (bank, subject, changed_at DESC, id)
        WHERE subject IS NOT NULL;
    CREATE UNIQUE INDEX consent_by_request ON consent (bank, request) WHERE request IS NOT NULL;
    CREATE INDEX consent_undecided ON consent (bank, client)
        WHERE state IN ('requested', 'reviewing', 'confirming');
    CREATE INDEX consent_due ON consent (bank, decide_until, id)
        WHERE state IN ('requested', 'reviewing', 'confirming');
    CREATE INDEX consent_expiring ON consent (bank, expires, id) WHERE state = 'authorised';
    CREATE INDEX consent_ended ON consent (bank, ended_until) WHERE ended_until IS NOT NULL;
    CREATE INDEX consent_lapsed ON consent (changed_at)
        WHERE state = 'lapsed' AND subject IS NULL;

    CREATE TABLE consent_evidence (
        bank         TEXT NOT NULL,
        id           TEXT NOT NULL,
        seq          INTEGER NOT NULL,
        edge         TEXT NOT NULL,
        at           INTEGER NOT NULL,
        actor        TEXT NOT NULL,
        text_version BLOB NOT NULL,
        sealed       BLOB NOT NULL,
        PRIMARY KEY (bank, id, seq),
        FOREIGN KEY (bank, id) REFERENCES consent (bank, id) ON DELETE CASCADE
    ) STRICT;

    CREATE TABLE consent_day (
        bank   TEXT NOT NULL,
        digest BLOB NOT NULL,
        day    TEXT NOT NULL, -- YYYY-MM-DD
        used   INTEGER NOT NULL,
        PRIMARY KEY (bank, digest, day)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX consent_day_by_day ON consent_day (day);

    CREATE TABLE access (
        place     INTEGER PRIMARY KEY,
        bank      TEXT NOT NULL,
        digest    BLOB NOT NULL,
        at        INTEGER NOT NULL,
        request   TEXT NOT NULL UNIQUE,
        partner   TEXT NOT NULL,
        product   TEXT NOT NULL,
        operation TEXT NOT NULL,
        clusters  TEXT NOT NULL, -- space-delimited
        status    INTEGER NOT NULL,
        code      TEXT,
        attended  INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX access_by_consent ON access (bank, digest, at DESC, request DESC);
    CREATE INDEX access_by_time ON access (at);

    -- How far each bank's log was read.
    CREATE TABLE access_cursor (
        bank       TEXT PRIMARY KEY,
        log_index  INTEGER NOT NULL,
        at_segment TEXT NOT NULL,
        at_offset  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;";

/// Step 7: by which way a consent ended, of those that end from now on; when its customer last said
/// that they still need it; and what of the accesses was given, by its time.
pub(super) const TOLD: &str = "ALTER TABLE consent ADD COLUMN ended_on TEXT;
    ALTER TABLE consent ADD COLUMN confirmed_at INTEGER;
    CREATE INDEX access_given ON access (bank, digest, at DESC) WHERE status BETWEEN 200 AND 299;";
