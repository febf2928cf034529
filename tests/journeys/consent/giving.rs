//! An app asks for data, a customer gives it over the pages that come, and tokens stand for it.

use std::sync::Arc;

use kit::{Answer, Browser, HouseBuilder, TestHouse, html, query, way_back};
use model::MovedClock;
use serde_json::Value;

use super::code_of;
use crate::grants::{App, Form, log_in};

/// Says that the customer is there, so that no access is counted.
pub(super) const THERE: (&str, &str) = ("x-fapi-customer-ip-address", "203.0.113.7");

/// How many pages one decision has at most.
const PAGES_MAX: usize = 6;

/// A house with a consent desk, on this clock, whose partners may call as often as a test does.
pub(super) fn unhurried(clock: MovedClock) -> HouseBuilder {
    HouseBuilder::consenting_with(Arc::new(clock)).edit(
        "rate: 5/s, burst: 10 requests",
        "rate: 1000/s, burst: 1000 requests",
    )
}

/// What came of a decision.
pub(super) struct Given {
    /// The answer of the token endpoint.
    pub(super) tokens: Value,
    /// The accounts that the customer chose, by the bank's ids.
    pub(super) chosen: Vec<String>,
    /// Those that were offered and not chosen.
    pub(super) others: Vec<String>,
}

impl Given {
    /// The access token, as an Authorization header's value.
    pub(super) fn bearer(&self) -> String {
        bearer(&self.tokens)
    }
}

/// The access token of an answer of the token endpoint, as an Authorization header's value.
pub(super) fn bearer(tokens: &Value) -> String {
    let token = tokens["access_token"].as_str();
    format!("Bearer {}", token.unwrap_or_else(|| panic!("{tokens}")))
}

/// This customer gives what this form asks for, of the accounts at these places, from 1.
pub(super) async fn give(
    house: &TestHouse,
    app: &mut App<'_>,
    asks: Form,
    (customer, places): (&str, &[usize]),
) -> Given {
    let link = app.pushed_link(asks).await;
    let mut browser = Browser::new(house);
    let page = browser.get(&link).await;
    let mut page = log_in(&mut browser, &page, customer).await;
    let mut offered = Vec::new();
    for _ in 0..PAGES_MAX {
        let accounts = accounts(&page);
        if !accounts.is_empty() {
            offered = accounts;
        }
        page = allow(house, &mut browser, &page, (customer, places)).await;
        if html(&page).contains("id=\"return\"") {
            let back = way_back(&page);
            let code = query(&back).remove("code");
            let code = code.unwrap_or_else(|| panic!("no code: {back}"));
            let tokens = app.post("/token", Form::code(&code)).await.ok();
            let is_chosen = |place: &usize| places.contains(place);
            let (chosen, others): (Vec<_>, Vec<_>) =
                (1..).zip(offered).partition(|(place, _)| is_chosen(place));
            let ids = |list: Vec<(usize, String)>| list.into_iter().map(|(_, id)| id).collect();
            return Given {
                tokens,
                chosen: ids(chosen),
                others: ids(others),
            };
        }
    }
    panic!("no end of pages: {}", html(&page));
}

/// The accounts that a page lets choose from, by the bank's ids, in their order.
pub(super) fn accounts(page: &Answer) -> Vec<String> {
    let text = html(page);
    let parts = text.split("name=\"account\" value=\"").skip(1);
    let ids = parts.filter_map(|rest| rest.split('"').next());
    ids.map(str::to_owned).collect()
}

/// Allows what a page says, whichever of the desk's it is; the next one.
pub(super) async fn allow(
    house: &TestHouse,
    browser: &mut Browser,
    page: &Answer,
    (customer, places): (&str, &[usize]),
) -> Answer {
    let text = html(page);
    let chosen: Vec<String> = (1..)
        .zip(accounts(page))
        .filter(|(place, _)| places.contains(place))
        .map(|(_, id)| id)
        .collect();
    let mut fields = vec![("act", "allow")];
    fields.extend(chosen.iter().map(|id| ("account", id.as_str())));
    if text.contains("name=\"separate\"") {
        fields.push(("separate", "yes"));
    }
    let is_confirm = text.contains("id=\"code\"");
    let code = is_confirm.then(|| code_of(house, customer));
    if let Some(code) = &code {
        fields.push(("code", code));
    }
    let answer = browser.send(page, &fields).await;
    assert_eq!(answer.status, 303, "{}", html(&answer));
    let next = browser.get(answer.header("location")).await;
    assert_eq!(next.status, 200, "{}", html(&next));
    next
}
