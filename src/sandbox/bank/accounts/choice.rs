//! What a customer can choose from when an app asks for accounts: `POST /customers/v1/accounts`,
//! for the gateway's own pages. Those that cannot be chosen are told with the reason.

use http::StatusCode;
use serde::{Deserialize, Serialize};

use model::Response;

use super::super::body;
use super::super::customers::{self, Holder, Kind, State};
use super::super::refused::Refused;
use super::super::seed::Seed;
use super::account::{self, Account};
use super::money::CURRENCY;

#[derive(Deserialize)]
struct Asking {
    customer: String,
}

#[derive(Serialize)]
struct Choice {
    accounts: Vec<Choosable>,
}

#[derive(Serialize)]
struct Choosable {
    id: String,
    masked: String,
    name_zh: &'static str,
    name_en: &'static str,
    kind: Kind,
    currency: &'static str,
    /// Why it cannot be chosen; absent where it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    unavailable: Option<&'static str>,
}

/// The accounts of the customer whom this body names.
pub(crate) fn choice(seed: Seed, sent: &[u8]) -> Result<Response, Refused> {
    let rule = "must be a JSON object with customer, a text";
    let asking: Asking = body::object(sent, rule)?;
    let person = customers::by_id(&asking.customer).ok_or(Refused::NoCustomer)?;
    let accounts = account::of(seed, person).map(Choosable::from);
    let choice = Choice {
        accounts: accounts.collect(),
    };
    Ok(web::json(StatusCode::OK, &choice))
}

impl From<Account> for Choosable {
    fn from(account: Account) -> Self {
        let holding = account.holding;
        let name = holding.kind.name(holding.holder);
        Self {
            id: account.id,
            masked: account.masked,
            name_zh: name.zh,
            name_en: name.en,
            kind: holding.kind,
            currency: CURRENCY,
            unavailable: match (holding.state, holding.holder) {
                (State::Frozen, _) => Some("frozen"),
                (State::Open, Holder::Joint) => Some("joint"),
                (State::Open, Holder::Sole) => None,
            },
        }
    }
}
