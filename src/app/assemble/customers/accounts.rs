//! Which accounts a customer has, asked of one of the bank's services.
//!
//! `POST` to the service's path, with `{"customer"}`. It answers 200 with `{"accounts": […]}`, each
//! with `"id"`, `"masked"`, `"name_zh"`, `"name_en"`, `"kind"`, `"currency"` and, where no app can
//! be let see it, `"unavailable"`, which is `joint`, `frozen`, `closed` or `kind`: at most 200, no
//! id twice, in at most 512 KiB. How it is asked, and what is no answer, says `asking.rs`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::StatusCode;
use http::uri::PathAndQuery;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use model::ports::{AccountUnavailable, CustomerAccounts, CustomersUnavailable, OwnAccount};
use model::{Clock, InteractionId, RequestId, ResourceId};
use upstream::Upstream;

use super::asking::{Expects, In, Service, Unfit, line, object, visible};

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 512 * 1024;
const ACCOUNTS_MAX: usize = 200;
const NAME_CHARS_MAX: usize = 200;
/// Of a masked number, and of the word for a kind.
const WORD_CHARS_MAX: usize = 40;

/// The accounts of a bank's customers, as one of its services tells them.
pub struct BankAccounts {
    service: Service,
    path: PathAndQuery,
}

/// What the bank is asked.
#[derive(Serialize)]
struct Question<'a> {
    customer: &'a str,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    accounts: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Account {
    id: String,
    masked: String,
    name_zh: String,
    name_en: String,
    kind: String,
    currency: String,
    unavailable: Option<Reason>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    Joint,
    Frozen,
    Closed,
    Kind,
}

impl BankAccounts {
    /// Asks `upstream` at `path`. Its clock is the one that `upstream` was made with.
    pub fn new(upstream: Arc<Upstream>, path: PathAndQuery, clock: Arc<dyn Clock>) -> Self {
        let service = Service::new(upstream, clock);
        Self { service, path }
    }
}

impl CustomerAccounts for BankAccounts {
    fn list<'a>(
        &'a self,
        subject: &'a str,
        request: RequestId,
        interaction: &'a InteractionId,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Vec<OwnAccount>, CustomersUnavailable>> {
        async move {
            let question = Question { customer: subject };
            let within = In {
                request,
                interaction,
                deadline,
            };
            let expects = Expects {
                statuses: &[StatusCode::OK],
                bytes_max: ANSWER_BYTES_MAX,
                understand,
            };
            let asked = self.service.ask(&self.path, &question, within, expects);
            asked.await
        }
        .boxed()
    }
}

/// What an answer says.
fn understand(status: StatusCode, body: &[u8]) -> Result<Vec<OwnAccount>, Unfit> {
    let Told { accounts } = object(status, body)?;
    if accounts.len() > ACCOUNTS_MAX {
        return Err(Unfit::Bounds("accounts"));
    }
    let account = |one: &RawValue| own(object(status, one.get().as_bytes())?);
    let accounts = accounts.into_iter().map(account);
    let accounts = accounts.collect::<Result<Vec<_>, _>>()?;
    // Of two under one id nobody could say which was chosen.
    let mut ids = HashSet::with_capacity(accounts.len());
    if !accounts.iter().all(|account| ids.insert(&account.id)) {
        return Err(Unfit::Bounds("id"));
    }
    Ok(accounts)
}

fn own(said: Account) -> Result<OwnAccount, Unfit> {
    let currency: [u8; 3] = said
        .currency
        .as_bytes()
        .try_into()
        .map_err(|_| Unfit::Bounds("currency"))?;
    if !currency.iter().all(u8::is_ascii_uppercase) {
        return Err(Unfit::Bounds("currency"));
    }
    Ok(OwnAccount {
        id: ResourceId::parse(&said.id).map_err(|_| Unfit::Bounds("id"))?,
        masked: line("masked", shown(&said.masked), WORD_CHARS_MAX)?,
        name_zh: line("name_zh", said.name_zh, NAME_CHARS_MAX)?,
        name_en: line("name_en", said.name_en, NAME_CHARS_MAX)?,
        kind: visible("kind", said.kind, WORD_CHARS_MAX)?,
        currency,
        unavailable: said.unavailable.map(AccountUnavailable::from),
    })
}

/// What a masked number shows, without the signs that stand for the rest: pages have their own.
fn shown(masked: &str) -> String {
    let signs = ['*', '•', '·', 'x', 'X', '-', ' '];
    masked.trim_start_matches(signs).to_owned()
}

impl From<Reason> for AccountUnavailable {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Joint => Self::Joint,
            Reason::Frozen => Self::Frozen,
            Reason::Closed => Self::Closed,
            Reason::Kind => Self::Kind,
        }
    }
}

#[cfg(test)]
mod tests;
