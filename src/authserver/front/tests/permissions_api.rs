//! "My permissions" for the bank's own app: each act is answered as its form is, with the same code
//! when it is refused; and where a log-in leads.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE, ORIGIN};
use http::{HeaderName, Method, StatusCode};
use jiff::Timestamp;
use model::ports::{
    Customer, CustomerAuth, CustomersUnavailable, DeskFault, LogIn, Look, Looked, Looker,
    Permissions, WithdrawalSaid, Withdrawn,
};
use model::{InteractionId, RequestId};
use serde_json::{Value, json};

use super::visitor::{self, Page, Visitor};
use crate::test_house::{House, ISSUER, locked};
use crate::{Customers, Endpoint};

const JSON: (HeaderName, &str) = (CONTENT_TYPE, "application/json");
const WITHDRAW: &str = "/permissions/one/withdraw";

/// Says what was looked at, with the form of a withdrawal; has all but `nothing`.
#[derive(Default)]
struct Keeper {
    withdrawn: Mutex<Vec<String>>,
}

impl Permissions for Keeper {
    fn show<'a>(
        &'a self,
        looker: Looker<'a>,
        look: Look<'a>,
    ) -> BoxFuture<'a, Result<Looked, DeskFault>> {
        let form = match look {
            Look::Withdrawal(id) => (looker.form)(&format!("{id}/withdraw")),
            _ => (looker.form)("log-out"),
        };
        let answer = if looker.as_json {
            let form = json!({ "action": form.action, "csrf": form.csrf });
            let looked = json!({ "look": format!("{look:?}"), "form": form });
            web::json(StatusCode::OK, &looked)
        } else {
            let (csrf, switch) = (form.csrf, looker.switch);
            http::Response::new(model::full(format!(
                "{look:?} <a href=\"{switch}\"><input type=\"hidden\" name=\"csrf\" \
                 value=\"{csrf}\"><input type=\"hidden\" name=\"request\" value=\"\">"
            )))
        };
        async { Ok(Looked::Answer(answer)) }.boxed()
    }

    fn withdraw<'a>(
        &'a self,
        _: Looker<'a>,
        id: &'a str,
        members: &'a [(String, String)],
    ) -> BoxFuture<'a, WithdrawalSaid> {
        let said = if id == "nothing" {
            Withdrawn::Unknown
        } else {
            let said = |act: &str| [("act".to_owned(), act.to_owned())];
            if members == said("keep") {
                Withdrawn::Kept
            } else {
                assert_eq!(members, said("withdraw"));
                locked(&self.withdrawn).push(id.to_owned());
                Withdrawn::Ended
            }
        };
        async move { (Ok(said), Vec::new()) }.boxed()
    }
}

/// A bank that says of a password what it is called.
struct Bank;

fn locked_until() -> Timestamp {
    Timestamp::from_second(1_900_000_000).expect("in range")
}

impl CustomerAuth for Bank {
    fn log_in<'a>(
        &'a self,
        user_name: &'a str,
        password: &'a str,
        _: RequestId,
        _: &'a InteractionId,
        _: Duration,
    ) -> BoxFuture<'a, Result<LogIn, CustomersUnavailable>> {
        let said = match password {
            "right" => LogIn::Known(Customer {
                subject: user_name.to_owned(),
                shown: user_name.to_owned(),
                acr: None,
            }),
            "locked" => LogIn::LockedUntil(locked_until()),
            _ => LogIn::Wrong { tries_left: 3 },
        };
        async { Ok(said) }.boxed()
    }
}

async fn house(keeper: &Arc<Keeper>) -> House {
    House::open_with(|settings| {
        visitor::grants(settings, Customers::Password(Arc::new(Bank)));
        if let Some(authorization) = settings.authorization.as_mut() {
            authorization.permissions = Some(Arc::clone(keeper) as _);
        }
    })
    .await
}

async fn get(visitor: &mut Visitor, house: &House, target: &str) -> Page {
    visitor.get(house, Endpoint::Permissions, target).await
}

/// The app asks with these headers; what it is told, which is JSON.
async fn told(
    (visitor, house): (&mut Visitor, &House),
    asked: (Method, &str),
    headers: &[(HeaderName, &str)],
    body: String,
) -> (u16, Value) {
    let sent = (headers, body);
    let page = visitor
        .send(house, Endpoint::Permissions, asked, sent)
        .await;
    let told = serde_json::from_str(&page.html);
    (page.status, told.unwrap_or_else(|_| panic!("{page:?}")))
}

async fn look(visitor: &mut Visitor, house: &House, target: &str) -> (u16, Value) {
    let accept = [(ACCEPT, "application/json")];
    told(
        (visitor, house),
        (Method::GET, target),
        &accept,
        String::new(),
    )
    .await
}

async fn act(visitor: &mut Visitor, house: &House, target: &str, body: Value) -> (u16, Value) {
    told(
        (visitor, house),
        (Method::POST, target),
        &[JSON],
        body.to_string(),
    )
    .await
}

/// Logs in with this password.
async fn enters(visitor: &mut Visitor, house: &House, password: &str) -> (u16, Value) {
    let (status, told) = look(visitor, house, "/permissions/one?format=json").await;
    assert_eq!((status, &told["error"]), (401, &json!("login_required")));
    let form = &told["form"];
    assert_eq!(told["log_in"], form["action"], "{told}");
    let body = json!({
        "csrf": form["csrf"], "request": form["request"],
        "username": "li-lei", "password": password,
    });
    let action = form["action"].as_str().expect("a path");
    act(visitor, house, action, body).await
}

async fn logged_in(house: &House) -> Visitor {
    let mut visitor = Visitor::default();
    let (status, told) = enters(&mut visitor, house, "right").await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["customer"], "li-lei");
    assert_eq!(told["next"], "/permissions/one", "{told}");
    visitor
}

/// The proof of the form of a withdrawal.
async fn csrf(visitor: &mut Visitor, house: &House, target: &str) -> String {
    let (status, told) = look(visitor, house, target).await;
    assert_eq!(status, 200, "{told}");
    told["form"]["csrf"].as_str().expect("a proof").to_owned()
}

fn code(page: &Page) -> String {
    let error = page.html.split_once("id=\"error\">");
    error.map_or_else(String::new, |(_, rest)| {
        rest.split('<').next().unwrap_or_default().to_owned()
    })
}

#[tokio::test]
async fn each_act_is_refused_to_the_app_as_it_is_on_the_page_and_done_where_it_is_done() {
    let keeper = Arc::new(Keeper::default());
    let house = house(&keeper).await;
    let mut visitor = logged_in(&house).await;
    let one = csrf(&mut visitor, &house, WITHDRAW).await;
    let none = csrf(&mut visitor, &house, "/permissions/nothing/withdraw").await;
    let stranger = Visitor::default();
    let (none_of, two) = ("/permissions/nothing/withdraw", "/permissions/two/withdraw");
    for (target, act_said, proof, is_in, page_status, status, error) in [
        (WITHDRAW, "keep", &one, true, 303, 200, ""),
        (WITHDRAW, "withdraw", &one, true, 303, 200, ""),
        (WITHDRAW, "else", &one, true, 400, 400, "invalid_request"),
        (
            WITHDRAW,
            "withdraw",
            &String::new(),
            true,
            403,
            403,
            "access_denied",
        ),
        (WITHDRAW, "withdraw", &none, true, 403, 403, "access_denied"),
        (two, "withdraw", &one, true, 403, 403, "access_denied"),
        (none_of, "withdraw", &none, true, 404, 404, "not_found"),
        (
            "/permissions/log-out",
            "log-out",
            &one,
            true,
            403,
            403,
            "access_denied",
        ),
        (
            WITHDRAW,
            "withdraw",
            &one,
            false,
            303,
            401,
            "login_required",
        ),
    ] {
        let mut who = if is_in {
            visitor.clone()
        } else {
            stranger.clone()
        };
        let form = format!("csrf={proof}&act={act_said}");
        let asked = (Method::POST, target);
        let page = who.ask(&house, Endpoint::Permissions, asked, form).await;
        let row = format!("{target} {act_said} {proof} {is_in}");
        assert_eq!(page.status, page_status, "{row}: {page:?}");
        let body = json!({ "act": act_said, "csrf": proof });
        let (json_status, told) = act(&mut who, &house, target, body).await;
        assert_eq!(json_status, status, "{row}: {told}");
        if page_status == 303 {
            // A withdrawal leads to what was withdrawn; who is logged in no more comes back to it.
            let leads = if is_in { "/permissions/one" } else { WITHDRAW };
            assert_eq!(page.location.as_deref(), Some(leads), "{row}");
        } else {
            assert_eq!(code(&page), error, "{row}");
        }
        if status == 200 {
            assert_eq!(told["look"], "One { id: \"one\", after: \"\" }", "{row}");
        } else {
            assert_eq!(told["error"], error, "{row}: {told}");
            assert!(told["request_id"].is_string(), "{row}: {told}");
        }
    }
    assert_eq!(*locked(&keeper.withdrawn), ["one", "one"]);
}

#[tokio::test]
async fn what_is_not_the_apps_to_send_is_refused_and_withdraws_nothing() {
    let keeper = Arc::new(Keeper::default());
    let house = house(&keeper).await;
    let mut visitor = logged_in(&house).await;
    let proof = csrf(&mut visitor, &house, WITHDRAW).await;
    let good = json!({ "act": "withdraw", "csrf": proof }).to_string();
    let html = (ACCEPT, "text/html");
    for body in [
        String::new(),
        "[]".to_owned(),
        format!("{good}{good}"),
        good.replace("\"act\"", "\"reason\":\"x\",\"act\""),
        good.replace("\"withdraw\"", "true"),
        good.replace("\"act\"", "\"act\":\"withdraw\",\"act\""),
        format!("{good}{}", " ".repeat(64 * 1024)),
    ] {
        let asked = (Method::POST, WITHDRAW);
        let (status, told) = told((&mut visitor, &house), asked, &[JSON, html.clone()], body).await;
        let error = (status, told["error"].as_str());
        assert_eq!(error, (400, Some("invalid_request")), "{told}");
    }
    for origin in [
        "https://evil.example",
        "null",
        "http://auth.harbour.example",
        "",
    ] {
        let headers = [JSON, (ORIGIN, origin)];
        let asked = (Method::POST, WITHDRAW);
        let (status, told) = told((&mut visitor, &house), asked, &headers, good.clone()).await;
        let error = (status, told["error"].as_str());
        assert_eq!(error, (403, Some("access_denied")), "{origin}: {told}");
    }
    assert!(locked(&keeper.withdrawn).is_empty());
    let headers = [JSON, (ORIGIN, ISSUER)];
    let (status, told) = told(
        (&mut visitor, &house),
        (Method::POST, WITHDRAW),
        &headers,
        good,
    )
    .await;
    assert_eq!(status, 200, "{told}");
    for query in ["search=a&search=b", "format=json&format=", "page=1&page=2"] {
        let (status, told) = look(&mut visitor, &house, &format!("/permissions?{query}")).await;
        let error = (status, told["error"].as_str());
        assert_eq!(error, (400, Some("invalid_request")), "{query}: {told}");
    }
}

#[tokio::test]
async fn an_app_is_told_how_to_log_in_and_what_the_bank_says_of_it() {
    let house = house(&Arc::default()).await;
    let mut visitor = Visitor::default();
    let (status, told) = enters(&mut visitor, &house, "wrong").await;
    let error = (status, told["error"].as_str(), told["tries_left"].as_u64());
    assert_eq!(error, (401, Some("access_denied"), Some(3)), "{told}");
    let (status, told) = enters(&mut visitor, &house, "locked").await;
    let until = locked_until().to_string();
    let error = (status, told["locked_until"].as_str());
    assert_eq!(error, (401, Some(until.as_str())), "{told}");
    assert!(told["tries_left"].is_null(), "{told}");

    let mut visitor = logged_in(&house).await;
    let (_, told) = look(&mut visitor, &house, "/permissions/one").await;
    let out = json!({ "csrf": told["form"]["csrf"] });
    let before = visitor.clone();
    let (status, told) = act(&mut visitor, &house, "/permissions/log-out", out).await;
    assert_eq!((status, &told["logged_in"]), (200, &json!(false)));
    let mut kept = before;
    let (status, _) = look(&mut kept, &house, "/permissions/one").await;
    assert_eq!(status, 401, "a cookie that is kept opens nothing");
}

#[tokio::test]
async fn a_log_in_keeps_its_place_after_a_wrong_password_and_in_the_other_language() {
    let house = house(&Arc::default()).await;
    let mut visitor = Visitor::default();
    let page = get(&mut visitor, &house, "/permissions/history?page=2").await;
    let switch = "history?page=2&amp;ui_locales=";
    assert!(
        page.html.replace("&#x2f;", "/").contains(switch),
        "{}",
        page.html
    );
    let wrong = page.log_in("li-lei", "wrong");
    let asked = (Method::POST, "/permissions/log-in?to=history%3Fpage%3D2");
    let again = visitor
        .ask(&house, Endpoint::Permissions, asked.clone(), wrong)
        .await;
    assert_eq!(again.status, 403, "{again:?}");
    let html = again.html.replace("&#x2f;", "/");
    assert!(html.contains(switch), "{html}");
    assert!(html.contains("/log-in?to=history?page%3D2\""), "{html}");
    let reloaded = get(&mut visitor, &house, asked.1).await;
    let place = Some("/permissions/history?page=2".to_owned());
    assert_eq!((reloaded.status, reloaded.location), (303, place.clone()));
    let right = again.log_in("li-lei", "right");
    let entered = visitor
        .ask(&house, Endpoint::Permissions, asked, right)
        .await;
    assert_eq!((entered.status, entered.location), (303, place));
    let away = get(
        &mut visitor,
        &house,
        "/permissions/log-in?to=//evil.example",
    )
    .await;
    assert_eq!(away.location.as_deref(), Some("/permissions"));

    let list = get(&mut visitor, &house, "/permissions?search=a%20b&page=3&x=y").await;
    assert!(
        list.html
            .contains("/permissions?search=a%20b&page=3&ui_locales="),
        "{}",
        list.html
    );
}
