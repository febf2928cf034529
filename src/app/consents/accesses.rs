//! Which data went out under which consent, as the audit log tells it: what is not noted yet is
//! read from the log at start, so that a crash leaves no gap in what a customer is shown.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use audit::StoredRecord;
use model::ports::{AccessRow, LogIndex};
use model::{BankId, ClusterId, LogName, OperationId, PartnerId, ProductId, RequestId};

use super::ROWS_MAX;
use super::noting::{Seen, noting};
use crate::standing::Standing;

/// How many groups of rows wait for the store while the log is read on.
const GROUPS_WAITING: usize = 4;

/// What is to be noted of a bank.
struct Group {
    bank: BankId,
    upto: u64,
    rows: Vec<AccessRow>,
}

/// The accesses under consents of a house that is about to stand.
pub(crate) struct Accesses {
    /// The directory of its log.
    log: PathBuf,
    /// The banks whose customers consent to data.
    banks: Vec<BankId>,
    seen: Seen,
}

impl Accesses {
    /// From now on what the log has is handed on.
    pub(crate) fn of(house: &config::House, standing: &mut Standing) -> Self {
        let (log, seen) = noting(Arc::clone(&standing.log));
        standing.log = log;
        let banks = house.banks.iter().filter(|bank| bank.consent.is_some());
        Self {
            log: house.audit.dir.clone(),
            banks: banks.map(|bank| bank.id.clone()).collect(),
            seen,
        }
    }

    /// Notes what a former run left in the log alone, and what comes, until the house stops.
    pub(crate) fn keep(
        self,
        standing: &Arc<Standing>,
        tasks: &TaskTracker,
        stopping: CancellationToken,
    ) {
        let standing = Arc::clone(standing);
        let Self { log, banks, seen } = self;
        let noting = async move {
            let former = async {
                if let Err(cause) = note_all(&standing, log, banks).await {
                    tracing::warn!(
                        error = format!("{cause:#}"),
                        "accesses could not be read from the audit log; the next start tries again"
                    );
                }
            };
            tokio::join!(former, seen.note(&standing));
        };
        tasks.spawn(async move {
            stopping.run_until_cancelled(noting).await;
        });
    }
}

async fn note_all(standing: &Standing, dir: PathBuf, banks: Vec<BankId>) -> anyhow::Result<()> {
    let accesses = &standing.state.accesses;
    let mut books = HashMap::with_capacity(banks.len());
    for bank in banks {
        let noted = accesses.noted(&bank).await?;
        let label = LogName::Bank(bank.clone()).label();
        books.insert(label, Book::new(bank, noted.map(|noted| noted.index)));
    }
    let (groups, mut come) = mpsc::channel(GROUPS_WAITING);
    // Who waits no more for what it reads has it end.
    let reading = tokio::task::spawn_blocking(move || read(&dir, books, &groups));
    while let Some(Group { bank, upto, rows }) = come.recv().await {
        let upto = LogIndex {
            index: upto,
            segment: String::new(),
            offset: 0,
        };
        accesses.note(&bank, upto, rows).await?;
    }
    reading.await.context("reading the audit log")?
}

/// What was read of a bank's log and is not noted.
struct Book {
    bank: BankId,
    /// The last record that was noted; `None`: none.
    noted: Option<u64>,
    /// The last record that was read after it.
    read: Option<u64>,
    rows: Vec<AccessRow>,
}

impl Book {
    fn new(bank: BankId, noted: Option<u64>) -> Self {
        Self {
            bank,
            noted,
            read: None,
            rows: Vec::new(),
        }
    }

    /// What is to be noted now, if anything was read.
    fn group(&mut self) -> Option<Group> {
        let upto = self.read.take()?;
        self.noted = Some(upto);
        Some(Group {
            bank: self.bank.clone(),
            upto,
            rows: std::mem::take(&mut self.rows),
        })
    }

    fn take_in(&mut self, record: &StoredRecord) {
        if self.noted.is_some_and(|noted| record.index <= noted) {
            return;
        }
        self.read = Some(record.index);
        self.rows.extend(row(&record.json));
    }
}

/// Reads the log, and gives what is to be noted in groups; ends early when nobody takes them.
fn read(
    dir: &Path,
    mut books: HashMap<String, Book>,
    groups: &mpsc::Sender<Group>,
) -> anyhow::Result<()> {
    for record in audit::read(dir).context("opening the audit log")? {
        let record = record.context("reading a record")?;
        let Some(book) = books.get_mut(&record.log) else {
            continue;
        };
        book.take_in(&record);
        if book.rows.len() < ROWS_MAX {
            continue;
        }
        if let Some(group) = book.group()
            && groups.blocking_send(group).is_err()
        {
            return Ok(());
        }
    }
    for group in books.values_mut().filter_map(Book::group) {
        if groups.blocking_send(group).is_err() {
            break;
        }
    }
    Ok(())
}

/// The members of `api.access` that a customer is told of.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    ts: Timestamp,
    req: &'a str,
    #[serde(borrow)]
    partner: Option<Partner<'a>>,
    #[serde(borrow)]
    object: Option<Object<'a>>,
    #[serde(borrow)]
    consent: Option<Consent<'a>>,
    outcome: Outcome,
}

#[derive(Deserialize)]
struct Partner<'a> {
    id: Option<&'a str>,
}

#[derive(Deserialize)]
struct Object<'a> {
    product: &'a str,
    op: &'a str,
}

#[derive(Deserialize)]
struct Consent<'a> {
    gid: &'a str,
    clusters: Vec<String>,
    attended: bool,
}

#[derive(Deserialize)]
struct Outcome {
    status: u16,
    code: Option<String>,
}

/// The access that a record tells of; `None` of a record of another kind, or under no consent.
fn row(json: &[u8]) -> Option<AccessRow> {
    // Records of other kinds have other members: what does not read tells of no access.
    let told: Told<'_> = serde_json::from_slice(json).ok()?;
    if told.kind != "api.access" {
        return None;
    }
    let consent = told.consent?;
    let object = told.object?;
    let clusters = consent.clusters.iter().map(|id| ClusterId::parse(id));
    Some(AccessRow {
        digest: crypto::from_base64url(consent.gid)?.try_into().ok()?,
        at: told.ts,
        request: RequestId::parse(told.req)?,
        partner: PartnerId::parse(told.partner?.id?).ok()?,
        product: ProductId::parse(object.product).ok()?,
        operation: OperationId::parse(object.op).ok()?,
        clusters: clusters.collect::<Result<_, _>>().ok()?,
        status: told.outcome.status,
        code: told.outcome.code,
        attended: consent.attended,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "019abcde-0000-7000-8000-000000000001";

    /// A record as the log writes it.
    fn record() -> String {
        format!(
            "{{\"v\":1,\"node\":\"n\",\"boot\":\"b\",\"seq\":7,\"pseq\":3,\
             \"ts\":\"2026-11-22T10:00:00.500000000Z\",\"type\":\"api.access\",\
             \"req\":\"{REQUEST}\",\"iid\":\"i\",\"net\":\"203.0.113.0/24\",\
             \"partner\":{{\"id\":\"swiftride\",\"client\":\"swiftride-app\"}},\
             \"object\":{{\"bank\":\"harbour\",\"product\":\"accounts\",\"op\":\"listAccounts\",\
             \"class\":\"customer\",\"method\":\"GET\",\"path\":\"/accounts\"}},\
             \"consent\":{{\"gid\":\"{}\",\"clusters\":[\"balances\",\"names\"],\"kept\":1,\
             \"dropped\":2,\"attended\":true}},\
             \"outcome\":{{\"decision\":\"allowed\",\"status\":200}},\"cfg\":1}}",
            crypto::base64url(&[5; 32])
        )
    }

    fn stored(index: u64, json: &str) -> StoredRecord {
        StoredRecord {
            log: "bank/harbour".to_owned(),
            index,
            json: json.as_bytes().to_vec(),
        }
    }

    #[test]
    fn an_access_under_a_consent_is_read_and_nothing_else_is() {
        let read = row(record().as_bytes()).expect("an access");
        let clusters = ["balances", "names"].map(|id| ClusterId::parse(id).expect("an id"));
        let expected = AccessRow {
            digest: [5; 32],
            at: "2026-11-22T10:00:00.5Z".parse().expect("an instant"),
            request: RequestId::parse(REQUEST).expect("an id"),
            partner: PartnerId::parse("swiftride").expect("an id"),
            product: ProductId::parse("accounts").expect("an id"),
            operation: OperationId::parse("listAccounts").expect("an id"),
            clusters: clusters.to_vec(),
            status: 200,
            code: None,
            attended: true,
        };
        assert_eq!(read, expected);
        let refused = record().replace(
            "\"status\":200",
            "\"status\":403,\"code\":\"not_covered\",\"rule\":\"a \\\"rule\\\"\"",
        );
        let refused = row(refused.as_bytes()).expect("an access");
        assert_eq!(refused.code.as_deref(), Some("not_covered"));
        for (whole, other) in [
            ("\"consent\":", "\"former\":"),
            ("api.access", "api.end"),
            ("\"op\":\"listAccounts\",", ""),
            ("BQUFBQ", "BQ"),
        ] {
            let text = record();
            assert!(text.contains(whole), "{whole}");
            assert_eq!(
                row(text.replacen(whole, other, 1).as_bytes()),
                None,
                "{other}"
            );
        }
    }

    #[test]
    fn what_was_noted_is_not_read_again_and_what_was_read_is_given_once() {
        let bank = BankId::parse("harbour").expect("an id");
        let mut book = Book::new(bank, Some(4));
        for index in 3..=4 {
            book.take_in(&stored(index, &record()));
        }
        assert!(book.group().is_none());
        for (index, json) in [(5, record()), (6, "{}".to_owned())] {
            book.take_in(&stored(index, &json));
        }
        let group = book.group().expect("a group");
        assert_eq!((group.upto, group.rows.len()), (6, 1));
        assert!(book.group().is_none());
    }
}
