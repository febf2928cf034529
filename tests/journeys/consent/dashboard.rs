//! "My permissions": what a customer gave is in their sight, and gone from the road when they
//! withdraw it (CO-10, CO-25).

mod api;

use kit::{Answer, Browser, HouseBuilder, TestHouse, attribute, html, query};
use serde_json::{Value, json};

use super::given;
use crate::grants::{App, Form, log_in, with_provider_of};

const LIST: &str = "/permissions";
const BRANCHES: &str = "/branches/v1/branches";

/// The tokens of a customer who lets the app see their first account.
async fn gives(house: &TestHouse, app: &mut App<'_>, customer: &str) -> Value {
    let asked = Form::request().with("scope", Some("accounts branches"));
    let link = app.pushed_link(asked).await;
    let mut browser = Browser::new(house);
    let page = browser.get(&link).await;
    let review = log_in(&mut browser, &page, customer).await;
    let back = given(house, &mut browser, &review, (customer, &[1])).await;
    let back = query(&back);
    let code = back.get("code").unwrap_or_else(|| panic!("{back:?}"));
    app.post("/token", Form::code(code)).await.ok()
}

/// A browser that is logged in to its customer's permissions, and the list.
async fn keeping(house: &TestHouse, customer: &str) -> (Browser, Answer) {
    let mut browser = Browser::new(house);
    let page = browser.get(LIST).await;
    assert_eq!(page.status, 200, "{}", html(&page));
    let list = log_in(&mut browser, &page, customer).await;
    assert!(
        html(&list).contains("id=\"permissions\""),
        "{}",
        html(&list)
    );
    (browser, list)
}

/// The first permission of a list.
fn first(list: &Answer) -> String {
    attribute(list, "<h3><a href=\"").replace("&#x2f;", "/")
}

async fn calls(app: &mut App<'_>, tokens: &Value) -> Answer {
    let token = tokens["access_token"].as_str().expect("text");
    let bearer = format!("Bearer {token}");
    app.client
        .get(BRANCHES, &[("authorization", &bearer)])
        .await
}

#[tokio::test]
async fn what_is_given_is_seen_and_withdrawn_in_two_clicks_and_the_road_is_shut_at_once() {
    let house = HouseBuilder::consenting().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = gives(&house, &mut app, "li-lei").await;
    assert_eq!(calls(&mut app, &tokens).await.status, 200);

    let (mut browser, list) = keeping(&house, "li-lei").await;
    let one = first(&list);
    let detail = browser.get(&one).await;
    for said in [
        "id=\"withdraw\"",
        "id=\"receipt\"",
        "SwiftRide Technology Co. Ltd.",
    ] {
        assert!(html(&detail).contains(said), "{said}: {}", html(&detail));
    }
    let stops = browser.get(&format!("{one}/withdraw")).await;
    for said in ["id=\"confirm-withdraw\"", "id=\"keep\""] {
        assert!(html(&stops).contains(said), "{said}: {}", html(&stops));
    }
    let kept = browser.send(&stops, &[("act", "keep")]).await;
    assert_eq!(
        (kept.status.as_u16(), kept.header("location")),
        (303, one.as_str())
    );
    assert_eq!(calls(&mut app, &tokens).await.status, 200);

    let withdrawn = browser.send(&stops, &[("act", "withdraw")]).await;
    assert_eq!(
        (withdrawn.status.as_u16(), withdrawn.header("location")),
        (303, one.as_str())
    );
    calls(&mut app, &tokens)
        .await
        .refused(403, "consent_withdrawn");
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let again = app.post("/token", Form::refresh(refresh)).await;
    assert_eq!(again.status, 400);

    let json = browser.get(&format!("{one}?format=json")).await.ok();
    assert_eq!(json["state"], "withdrawn", "{json}");
    let twice = browser.send(&stops, &[("act", "withdraw")]).await;
    assert_eq!(twice.status, 303);
    let receipt = browser.get(&format!("{one}/receipt")).await;
    assert!(
        receipt
            .header("content-disposition")
            .starts_with("attachment")
    );
    assert!(html(&receipt).contains("SwiftRide"));
    let history = browser.get("/permissions/history?format=json").await.ok();
    assert_eq!(history["count"], 1, "{history}");
}

#[tokio::test]
async fn nobody_withdraws_anothers_consent() {
    let house = HouseBuilder::consenting().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = gives(&house, &mut app, "li-lei").await;
    let (mut owner, list) = keeping(&house, "li-lei").await;
    let anothers = first(&list);
    let stops = owner.get(&format!("{anothers}/withdraw")).await;

    let (mut browser, list) = keeping(&house, "han-meimei").await;
    assert!(
        !html(&list).contains("id=\"permission-1\""),
        "{}",
        html(&list)
    );
    let unknown = "/permissions/AAAAAAAAAAAAAAAAAAAAAA";
    for place in ["", "/withdraw", "/receipt"] {
        let mut told = Vec::new();
        for one in [anothers.as_str(), unknown, "/permissions/no%20id"] {
            let page = browser.get(&format!("{one}{place}")).await;
            assert_eq!(page.status, 404, "{one}{place}: {}", html(&page));
            let reference = page.request_id();
            let page = html(&page).replace(&reference, "");
            // The way to the other language names the address.
            told.push(page.replace(one, ""));
        }
        assert!(told.windows(2).all(|two| two[0] == two[1]), "{told:?}");
    }
    // A form of the owner's proves nothing in this session.
    let stolen = browser.send(&stops, &[("act", "withdraw")]).await;
    assert_eq!(stolen.status, 403, "{}", html(&stolen));
    assert_eq!(calls(&mut app, &tokens).await.status, 200);
}

#[tokio::test]
async fn a_session_to_give_opens_no_permissions_and_logging_out_ends_this_one() {
    let house = HouseBuilder::consenting().start().await;
    let (mut browser, list) = keeping(&house, "li-lei").await;
    let names: Vec<&String> = browser.cookies.keys().collect();
    assert!(
        names.iter().all(|name| !name.contains("session")),
        "{names:?}"
    );
    let kept = browser.cookies.clone();
    let out = browser.send(&list, &[("act", "log-out")]).await;
    assert_eq!((out.status.as_u16(), out.header("location")), (303, LIST));
    browser.cookies = kept;
    let page = browser.get(LIST).await;
    assert!(html(&page).contains("id=\"login-form\""), "{}", html(&page));
    let json = browser.get("/permissions?format=json").await;
    assert_eq!(json.status, 401);
}

#[tokio::test]
async fn at_a_bank_with_a_provider_who_it_says_it_is_sees_their_own_and_nobody_else_comes_back() {
    let (house, provider) = with_provider_of(HouseBuilder::consenting()).await;
    let mut browser = Browser::new(&house);
    let away = browser.get("/permissions/history").await;
    assert_eq!(away.status, 303, "{}", html(&away));
    let asked = query(away.header("location"));
    assert_eq!(
        asked["prompt"], "login",
        "who logged out is not let in again"
    );
    let now = house.now().as_second();
    let claims = json!({
        "iss": provider.url,
        "sub": "c-1",
        "aud": asked["client_id"],
        "iat": now,
        "exp": now + 60,
        "auth_time": now,
        "nonce": asked["nonce"],
        "preferred_username": "li-lei",
    });
    provider.issues(&claims, &provider.key);
    let came_back = |asked: &std::collections::BTreeMap<String, String>, says: &str| {
        let (state, iss) = (&asked["state"], kit::encoded(&provider.url));
        format!("/logged-in?state={state}&iss={iss}&{says}")
    };
    let back = came_back(&asked, "code=good");
    let mut stranger = Browser::new(&house);
    stranger.get(LIST).await;
    let strange = stranger.get(&back).await;
    assert_eq!(strange.status, 403, "{}", html(&strange));
    assert_eq!(provider.calls("/token"), 0, "no code was brought anywhere");
    let history = browser.get(&back).await;
    assert_eq!(
        (history.status.as_u16(), history.header("location")),
        (303, "/permissions/history")
    );
    let list = browser.get(LIST).await;
    assert!(
        html(&list).contains("id=\"permissions\""),
        "{}",
        html(&list)
    );
    let again = browser.get(&back).await;
    assert_eq!(again.status, 400, "{}", html(&again));

    // After a form the way to another site leads over a page.
    let out = browser.send(&list, &[("act", "log-out")]).await;
    assert_eq!(out.status, 200, "{}", html(&out));
    let link = attribute(&out, "id=\"onward\" href=\"");
    assert!(
        link.starts_with(&format!("{}/auth?", provider.url)),
        "{link}"
    );
    assert_eq!(browser.get("/permissions?format=json").await.status, 401);
    let refused = came_back(&query(&link), "error=access_denied");
    let refused = browser.get(&refused).await;
    assert_eq!(refused.status, 400, "{}", html(&refused));
    assert!(
        html(&refused).contains("login_required"),
        "{}",
        html(&refused)
    );
    assert_eq!(browser.get("/permissions?format=json").await.status, 401);

    let mut late = Browser::new(&house);
    let away = late.get(LIST).await;
    let back_late = came_back(&query(away.header("location")), "code=good");
    let calls = provider.calls("/token");
    house.clock.advance(std::time::Duration::from_mins(76));
    let too_late = late.get(&back_late).await;
    assert_eq!(too_late.status, 403, "{}", html(&too_late));
    assert_eq!(provider.calls("/token"), calls, "the code was brought");
}
