//! "My permissions": whose forms and sessions are believed.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Method;
use model::ports::{DeskFault, Look, Looked, Looker, Permissions, WithdrawalSaid, Withdrawn};

use super::visitor::{self, Page, Visitor};
use crate::test_house::{House, LiLei, locked};
use crate::{Customers, Endpoint};

/// A keeper that has nothing of anybody's, and tells who came to withdraw what.
#[derive(Default)]
struct Nothing {
    heard: Mutex<Vec<(String, String)>>,
}

impl Permissions for Nothing {
    fn show<'a>(
        &'a self,
        looker: Looker<'a>,
        look: Look<'a>,
    ) -> BoxFuture<'a, Result<Looked, DeskFault>> {
        let looked = match look {
            Look::Withdrawal(id) => {
                let form = (looker.form)(&format!("{id}/withdraw"));
                let hidden = |name: &str, value: &str| {
                    format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
                };
                let html = hidden("csrf", &form.csrf) + &hidden("request", &form.request);
                Looked::Answer(http::Response::new(model::full(html)))
            }
            _ => Looked::Unknown,
        };
        async { Ok(looked) }.boxed()
    }

    fn withdraw<'a>(
        &'a self,
        looker: Looker<'a>,
        id: &'a str,
        members: &'a [(String, String)],
    ) -> BoxFuture<'a, WithdrawalSaid> {
        if members.iter().any(|(_, said)| said == "keep") {
            return async { (Ok(Withdrawn::Kept), Vec::new()) }.boxed();
        }
        let heard = (looker.customer.subject.to_owned(), id.to_owned());
        locked(&self.heard).push(heard);
        async { (Ok(Withdrawn::Ended), Vec::new()) }.boxed()
    }
}

async fn house(keeper: &Arc<Nothing>) -> House {
    House::open_with(|settings| {
        visitor::grants(settings, Customers::Password(Arc::new(LiLei)));
        if let Some(authorization) = settings.authorization.as_mut() {
            authorization.permissions = Some(Arc::clone(keeper) as _);
        }
    })
    .await
}

async fn get(browser: &mut Visitor, house: &House, target: &str) -> Page {
    browser.get(house, Endpoint::Permissions, target).await
}

async fn post(browser: &mut Visitor, house: &House, target: &str, form: String) -> Page {
    let asked = (Method::POST, target);
    browser.ask(house, Endpoint::Permissions, asked, form).await
}

#[tokio::test]
async fn a_form_withdraws_what_it_was_made_for_and_nothing_else() {
    let keeper = Arc::new(Nothing::default());
    let house = house(&keeper).await;
    let mut browser = Visitor::default();
    let page = get(&mut browser, &house, "/permissions/one").await;
    assert_eq!(page.status, 200);
    let form = page.log_in("li-lei", "right");
    let entered = post(&mut browser, &house, "/permissions/log-in", form).await;
    let back = Some("/permissions/one".to_owned());
    assert_eq!((entered.status, entered.location), (303, back));

    let page = get(&mut browser, &house, "/permissions/one/withdraw").await;
    let form = page.form(&[("act", "withdraw")]);
    let other = post(
        &mut browser,
        &house,
        "/permissions/two/withdraw",
        form.clone(),
    )
    .await;
    assert_eq!(other.status, 403);
    let neither = page.form(&[("act", "else")]);
    let neither = post(&mut browser, &house, "/permissions/one/withdraw", neither).await;
    assert_eq!(neither.status, 400);
    assert!(locked(&keeper.heard).is_empty());
    let kept = page.form(&[("act", "keep")]);
    let kept = post(&mut browser, &house, "/permissions/one/withdraw", kept).await;
    assert_eq!(kept.status, 303);
    assert!(locked(&keeper.heard).is_empty());
    let done = post(&mut browser, &house, "/permissions/one/withdraw", form).await;
    let back = Some("/permissions/one".to_owned());
    assert_eq!((done.status, done.location), (303, back));
    let heard = locked(&keeper.heard).clone();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].1, "one");

    for query in [
        "search=a&search=b",
        "page=1&page=2",
        "format=json&format=",
        "search=%ff",
    ] {
        let refused = get(&mut browser, &house, &format!("/permissions?{query}")).await;
        assert_eq!(refused.status, 400, "{query}: {}", refused.html);
    }
    for target in ["/permissions/one", "/permissions/one/else", "/permissions"] {
        let unknown = get(&mut browser, &house, target).await;
        assert_eq!(unknown.status, 404, "{target}");
        let json = get(&mut browser, &house, &format!("{target}?format=json")).await;
        let error = (
            json.status,
            json.html.starts_with("{\"error\":\"not_found\","),
        );
        assert_eq!(error, (404, true), "{}", json.html);
    }
}

#[tokio::test]
async fn the_secret_of_a_giving_visit_opens_no_permissions() {
    let keeper = Arc::new(Nothing::default());
    let house = house(&keeper).await;
    let mut browser = Visitor::default();
    let link = visitor::link(&house, &[]).await;
    let page = browser.get(&house, Endpoint::Authorize, &link).await;
    let form = page.log_in("li-lei", "right");
    let misled = post(&mut browser, &house, "/permissions/log-in", form.clone()).await;
    assert_eq!(misled.status, 400, "{}", misled.html);
    let entered = browser.post(&house, Endpoint::LogIn, form).await;
    assert_eq!(entered.status, 303);
    let session = browser
        .cookies
        .iter()
        .find(|(name, _)| name.contains("session"));
    let (name, secret) = session
        .map(|(name, secret)| (name.clone(), secret.clone()))
        .expect("one");
    let keeping = name.replace("session", "keeping");
    browser.cookies.insert(keeping, secret);
    let page = get(&mut browser, &house, "/permissions").await;
    assert!(page.html.contains("id=\"login-form\""), "{}", page.html);
    let json = get(&mut browser, &house, "/permissions?format=json").await;
    assert_eq!(json.status, 401);
}
