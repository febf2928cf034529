//! Whether an amount could be spent: yes or no, and not what is on the account. Scope `funds`.

use http::StatusCode;
use serde::{Deserialize, Serialize};

use model::Response;

use super::super::asked::Asked;
use super::super::body;
use super::super::customers::Person;
use super::super::query::Query;
use super::super::refused::Refused;
use super::account;
use super::list::Standing;
use super::money::{CURRENCY, read};

const RULE: &str = "must be a JSON object with accountId and amount, which has currency and value: \
     texts, and no others";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    account_id: String,
    amount: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    currency: String,
    value: String,
}

#[derive(Serialize)]
struct Confirmed {
    available: bool,
}

/// `POST /accounts/v1/funds-confirmations`.
pub(crate) fn confirm(
    asked: &Asked<'_>,
    person: &'static Person,
    sent: &[u8],
) -> Result<Response, Refused> {
    Query::read(asked.query, &[]).finish()?;
    let wanted: Wanted = body::object(sent, RULE)?;
    let account = account::find(asked, person, &wanted.account_id)?;
    if wanted.amount.currency != CURRENCY {
        return Err(Refused::Body {
            rule: "must ask about CNY: the account has no other currency",
        });
    }
    let value = read(&wanted.amount.value).ok_or(Refused::Body {
        rule: "must ask about a value above zero with two decimals, such as 12.50",
    })?;
    let standing = Standing::of(asked.seed, &account, asked.today);
    let confirmed = Confirmed {
        available: value <= standing.available,
    };
    Ok(web::json(StatusCode::OK, &confirmed))
}
