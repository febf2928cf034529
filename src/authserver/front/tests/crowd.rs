//! Many who log in at once, and some who do not wait for the answer (OA-96).

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use http::header::RETRY_AFTER;
use tokio::sync::Barrier;

use model::ports::{Customer, CustomerAuth, CustomersUnavailable, LogIn};
use model::{InteractionId, RequestId};

use super::visitor::{self, Page, Visitor};
use crate::test_house::House;
use crate::{Customers, Endpoint};

/// How many come at once.
const CROWD: usize = 51;
const RIGHT: &str = "right";
/// Whom the bank never says anything of.
const NEVER: &str = "never";

/// A bank whose every customer has the same password. It says nothing of those whose names begin
/// with `waits` before a whole crowd of them asks.
struct Bank(Barrier);

impl CustomerAuth for Bank {
    fn log_in<'a>(
        &'a self,
        user_name: &'a str,
        password: &'a str,
        _: RequestId,
        _: &'a InteractionId,
        _: Duration,
    ) -> BoxFuture<'a, Result<LogIn, CustomersUnavailable>> {
        async move {
            if user_name == NEVER {
                return std::future::pending().await;
            }
            if user_name.starts_with("waits") {
                self.0.wait().await;
            }
            if password != RIGHT {
                return Ok(LogIn::Wrong { tries_left: 3 });
            }
            Ok(LogIn::Known(Customer {
                subject: user_name.to_owned(),
                shown: user_name.to_owned(),
                acr: None,
            }))
        }
        .boxed()
    }
}

async fn house() -> House {
    let bank = Arc::new(Bank(Barrier::new(CROWD)));
    House::open_with(|settings| visitor::grants(settings, Customers::Password(bank))).await
}

/// A browser at the log-in page.
async fn arrived(house: &House) -> (Visitor, Page) {
    let mut visitor = Visitor::default();
    let link = visitor::link(house, &[]).await;
    let page = visitor.get(house, Endpoint::Authorize, &link).await;
    assert_eq!(page.status, 200, "{page:?}");
    (visitor, page)
}

#[tokio::test]
async fn all_of_a_crowd_behind_one_address_get_in() {
    let house = house().await;
    let house = &house;
    let crowd = (0..CROWD).map(|number| async move {
        let (mut visitor, page) = arrived(house).await;
        let form = page.log_in(&format!("waits-{number}"), RIGHT);
        visitor.post(house, Endpoint::LogIn, form).await.status
    });
    let answers = join_all(crowd).await;
    assert_eq!(answers, [303; CROWD]);
}

#[tokio::test]
async fn a_machine_beside_a_customer_is_stopped_and_the_customer_waits_seconds_at_most() {
    let house = house().await;
    let (mut machine, page) = arrived(&house).await;
    let (mut customer, customers) = arrived(&house).await;
    let mut told = Vec::new();
    for number in 0..120 {
        if number == 50 {
            let form = customers.log_in("li-lei", RIGHT);
            let answer = customer.post(&house, Endpoint::LogIn, form).await;
            assert_eq!(answer.status, 303, "{answer:?}");
        }
        let form = page.log_in(&format!("name-{number}"), "guess");
        told.push(machine.post(&house, Endpoint::LogIn, form).await.status);
    }
    assert_eq!(told[..100], [403; 100]);
    assert_eq!(told[100..], [429; 20]);
    let (mut customer, customers) = arrived(&house).await;
    let form = customers.log_in("han-meimei", RIGHT);
    let answer = customer.post(&house, Endpoint::LogIn, form.clone()).await;
    assert_eq!(answer.status, 429, "whoever guesses must not learn it");
    assert_eq!(answer.headers[RETRY_AFTER], "3");
    house.clock.advance(Duration::from_secs(3));
    let answer = customer.post(&house, Endpoint::LogIn, form).await;
    assert_eq!(answer.status, 303, "{answer:?}");
}

#[tokio::test]
async fn whoever_does_not_wait_for_the_answer_is_not_wrong() {
    let house = house().await;
    let (mut visitor, page) = arrived(&house).await;
    for second in 0..200 {
        let form = page.log_in(NEVER, RIGHT);
        let hung_up = visitor
            .clone()
            .post(&house, Endpoint::LogIn, form)
            .now_or_never();
        assert!(hung_up.is_none(), "{second}");
        house.clock.advance(Duration::from_secs(1));
    }
    let form = page.log_in("li-lei", RIGHT);
    let answer = visitor.post(&house, Endpoint::LogIn, form).await;
    assert_eq!(answer.status, 303, "{answer:?}");
}
