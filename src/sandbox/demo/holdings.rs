//! What a customer holds at the bank, as far as they permitted an app to see it.

use serde::{Deserialize, Serialize};

use web::{Decimal, Language, date, money};

use super::connection::refresh;
use super::talk::Talk;
use super::trouble::Trouble;
use super::visits::Linked;

/// How many accounts are shown, each with its balance: a call each.
const ACCOUNTS_MAX: usize = 4;
/// How many movements are asked for and shown.
const MOVEMENTS_MAX: usize = 8;
/// What the gateway says to a token whose time is over.
const TOKEN_OVER: &str = "bad_token";
/// The longest id of an account, in bytes.
const ID_BYTES_MAX: usize = 64;

/// What is shown of all of it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Holdings {
    pub(super) accounts: Vec<Account>,
    /// Whether the permission reaches so far.
    pub(super) sees_movements: bool,
    pub(super) movements: Vec<Movement>,
    /// What may be spent from the account that has the most: an amount in yuan.
    #[serde(skip)]
    pub(super) most: Option<String>,
}

/// An account. What the bank leaves out is not there.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Account {
    name: Option<String>,
    masked: Option<String>,
    available: Option<String>,
    booked: Option<String>,
}

/// Money that moved.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Movement {
    day: Option<String>,
    who: Option<String>,
    amount: Option<String>,
    came_in: bool,
}

/// What came of reading, and the permission as it stands after it.
pub(super) struct Read {
    pub(super) outcome: Result<Holdings, Trouble>,
    pub(super) linked: Linked,
}

#[derive(Deserialize)]
struct Listed<T> {
    data: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldAccount {
    account_id: Option<String>,
    masked: Option<String>,
    name: Option<Words>,
}

#[derive(Deserialize)]
struct ToldBalances {
    booked: Option<Amount>,
    available: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldMovement {
    booked_on: Option<jiff::civil::Date>,
    amount: Option<Amount>,
    counterparty: Option<Words>,
}

#[derive(Deserialize)]
struct Amount {
    currency: Option<String>,
    value: Option<String>,
}

/// A text in the bank's two languages.
#[derive(Deserialize)]
struct Words {
    en: Option<String>,
    #[serde(rename = "zh-CN")]
    zh: Option<String>,
}

/// Reads it all, with a new access token where the old one's time is over or the bank takes it no
/// more.
pub(super) async fn read(talk: &mut Talk<'_>, linked: Linked, language: Language) -> Read {
    let mut linked = linked;
    let mut outcome = if linked.tokens.is_over(talk.now()) {
        Err(Trouble::Refused(TOKEN_OVER.to_owned()))
    } else {
        whole(talk, &linked, language).await
    };
    if matches!(&outcome, Err(trouble) if trouble.code() == TOKEN_OVER) {
        outcome = match refresh(talk, &linked.tokens).await {
            Ok(tokens) => {
                linked = linked.renewed(tokens);
                whole(talk, &linked, language).await
            }
            Err(trouble) => Err(trouble),
        };
    }
    Read { outcome, linked }
}

async fn whole(
    talk: &mut Talk<'_>,
    linked: &Linked,
    language: Language,
) -> Result<Holdings, Trouble> {
    let tokens = &linked.tokens;
    let path = "/accounts/v1/accounts";
    let listed: Listed<ToldAccount> = talk.read(path, &tokens.access).await?;
    let mut accounts = Vec::new();
    let mut most: Option<Decimal> = None;
    for told in listed.data.into_iter().take(ACCOUNTS_MAX) {
        let balances = match told.account_id.as_deref().filter(|id| is_id(id)) {
            Some(id) => {
                let path = format!("/accounts/v1/accounts/{id}/balances");
                Some(talk.read::<ToldBalances>(&path, &tokens.access).await?)
            }
            None => None,
        };
        let available = balances.as_ref().and_then(|told| told.available.as_ref());
        let amount = available.and_then(Amount::yuan);
        most = amount.into_iter().chain(most).reduce(larger);
        accounts.push(Account {
            name: told.name.and_then(|words| words.of(language)),
            masked: told.masked,
            available: available.and_then(|amount| amount.shown(language)),
            booked: balances
                .and_then(|told| told.booked)
                .and_then(|amount| amount.shown(language)),
        });
    }
    let sees_movements = tokens.opens("transactions");
    let movements = if sees_movements {
        movements(talk, &tokens.access, language).await?
    } else {
        Vec::new()
    };
    Ok(Holdings {
        accounts,
        sees_movements,
        movements,
        most: most.map(|most| most.to_string()),
    })
}

async fn movements(
    talk: &mut Talk<'_>,
    token: &str,
    language: Language,
) -> Result<Vec<Movement>, Trouble> {
    let path = format!("/accounts/v1/transactions?limit={MOVEMENTS_MAX}");
    let listed: Listed<ToldMovement> = talk.read(&path, token).await?;
    let shown = listed.data.into_iter().take(MOVEMENTS_MAX);
    Ok(shown.map(|told| told.shown(language)).collect())
}

impl ToldMovement {
    fn shown(self, language: Language) -> Movement {
        let amount = self.amount.as_ref();
        let value = amount.and_then(|amount| amount.value.as_deref());
        Movement {
            day: self.booked_on.map(|day| date(day, language)),
            who: self.counterparty.and_then(|words| words.of(language)),
            amount: amount.and_then(|amount| amount.shown(language)),
            came_in: value.is_some_and(|value| !value.starts_with('-')),
        }
    }
}

impl Amount {
    fn shown(&self, language: Language) -> Option<String> {
        let value = Decimal::parse(self.value.as_deref()?).ok()?;
        Some(money(&value, self.currency.as_deref()?, language))
    }

    /// The amount, where it is one of yuan.
    fn yuan(&self) -> Option<Decimal> {
        let is_yuan = self.currency.as_deref() == Some("CNY");
        let value = self.value.as_deref().filter(|_| is_yuan)?;
        Decimal::parse(value).ok()
    }
}

impl Words {
    fn of(self, language: Language) -> Option<String> {
        match language {
            Language::ZhCn => self.zh,
            Language::En => self.en,
        }
    }
}

fn larger(one: Decimal, other: Decimal) -> Decimal {
    if one >= other { one } else { other }
}

/// Whether an id can stand in a path as it is.
fn is_id(id: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=ID_BYTES_MAX).contains(&id.len()) && id.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_would_be_another_path_is_none() {
        assert!(is_id("acc-AAAAAAAAAAAAAAAAAAAAAA"));
        for odd in ["", "..", "a/b", "a?b", "a b", "%2e", &"a".repeat(65)] {
            assert!(!is_id(odd), "{odd}");
        }
    }

    #[test]
    fn what_the_bank_leaves_out_is_not_there() {
        let told: ToldMovement = serde_json::from_str("{}").expect("read");
        assert_eq!(
            told.shown(Language::En),
            Movement {
                day: None,
                who: None,
                amount: None,
                came_in: false
            }
        );
        let told = r#"{"bookedOn":"2026-11-22","amount":{"currency":"CNY","value":"-12.50"},
            "counterparty":{"en":"Tea House","zh-CN":"茶馆"}}"#;
        let told: ToldMovement = serde_json::from_str(told).expect("read");
        let shown = told.shown(Language::En);
        assert_eq!(shown.amount.as_deref(), Some("CNY -12.50"));
        assert_eq!(shown.day.as_deref(), Some("22 November 2026"));
        assert!(!shown.came_in);
    }
}
