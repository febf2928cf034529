use std::time::Duration;

use crypto::{Algorithm, SeededRandom, SigningKey};
use futures_util::FutureExt;
use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION};
use http_body_util::BodyExt;
use model::{ListenerId, MovedClock};
use serde_json::json;

use super::*;

mod bank;

use bank::{API, FakeBank, ISSUER};

const OWN: &str = "127.0.0.1:8447";

/// An app, its bank and a browser.
struct Scene {
    demo: Demo,
    bank: Arc<FakeBank>,
    clock: Arc<MovedClock>,
    cookie: Option<String>,
}

struct Page {
    status: u16,
    location: Option<String>,
    html: String,
}

impl Scene {
    fn of(app: DemoApp) -> Self {
        let (bank, clock) = (FakeBank::new(), Arc::new(MovedClock::stopped()));
        let settings = DemoSettings {
            app,
            client: app.client().to_owned(),
            host: OWN.to_owned(),
            issuer: ISSUER.to_owned(),
            api: API.to_owned(),
            start: Some("http://127.0.0.1:8446".to_owned()),
        };
        let key = SigningKey::generate(Algorithm::Es256).expect("a key");
        let proof = match app {
            DemoApp::SwiftRide => {
                *bank.key.lock().unwrap() = Some(key.verification_key());
                DemoProof::Assertion(key)
            }
            DemoApp::Cartwheel => DemoProof::Certificate(key),
        };
        let ports = DemoPorts {
            fetch: Arc::clone(&bank) as _,
            clock: Arc::clone(&clock) as _,
            random: Arc::new(SeededRandom::new(7)),
        };
        Self {
            demo: Demo::new(settings, proof, ports).expect("templates"),
            bank,
            clock,
            cookie: None,
        }
    }

    fn send(&mut self, request: http::request::Builder, body: &str) -> Page {
        let mut request = request.header(HOST, OWN);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let request = request.body(model::full(body.to_owned())).expect("one");
        self.sent(request)
    }

    fn sent(&mut self, request: Request) -> Page {
        let connection = Connection {
            listener: ListenerId::parse("swiftride").expect("an id"),
            peer: ([127, 0, 0, 1], 4_000).into(),
            tls: None,
            chain: None,
        };
        let handled = self.demo.handle(Arc::new(connection), request);
        let response = handled.now_or_never().expect("no waiting");
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"));
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        let location = response.headers().get(LOCATION);
        let location = location.map(|value| value.to_str().expect("text").to_owned());
        let status = response.status().as_u16();
        let body = response.into_body().collect().now_or_never();
        let body = body.expect("whole").expect("whole").to_bytes();
        Page {
            status,
            location,
            html: String::from_utf8(body.to_vec()).expect("text"),
        }
    }

    fn get(&mut self, target: &str) -> Page {
        self.send(http::Request::get(target), "")
    }

    /// Presses a button of a page.
    fn press(&mut self, page: &Page, action: &str) -> Page {
        let (_, form) = page
            .html
            .split_once(&format!(
                "action=\"{action}\"><input type=\"hidden\" name=\"csrf\" value=\""
            ))
            .expect("a form");
        let csrf = form.split('"').next().expect("a value");
        self.post(action, &format!("csrf={csrf}"))
    }

    fn post(&mut self, action: &str, body: &str) -> Page {
        let kind = "application/x-www-form-urlencoded";
        self.send(http::Request::post(action).header(CONTENT_TYPE, kind), body)
    }

    /// Goes to the bank, and gives the parameters that were pushed.
    fn go(&mut self) -> Vec<(String, String)> {
        let home = self.get("/?lang=en");
        let onward = self.press(&home, "/connect");
        assert_eq!(onward.status, 200, "{}", onward.html);
        let client = self.demo.settings.client.clone();
        let target = format!(
            "{ISSUER}/authorize?client_id={client}&amp;\
             request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ar+1"
        );
        let slashes = onward.html.replace("&#x2f;", "/");
        assert!(slashes.contains(&target), "{slashes}");
        let calls = self.bank.calls();
        let pushed = calls.iter().rfind(|asked| asked.path() == "par");
        pushed.expect("a pushed request").form.clone()
    }

    /// Comes back with this state.
    fn back(&mut self, state: &str) -> Page {
        let issuer = "https%3A%2F%2Flocalhost%3A8444";
        self.get(&format!("/callback?code=c1&state={state}&iss={issuer}"))
    }

    /// All the way; the page that shows the accounts.
    fn connected(&mut self) -> Page {
        let state = parameter(&self.go(), "state");
        let back = self.back(&state);
        assert_eq!((back.status, back.location.as_deref()), (303, Some("/")));
        self.get("/")
    }
}

fn parameter(form: &[(String, String)], name: &str) -> String {
    let found = form.iter().find(|(its, _)| its == name);
    found.unwrap_or_else(|| panic!("no {name}")).1.clone()
}

#[test]
fn a_customer_connects_and_sees_what_the_bank_tells() {
    let mut scene = Scene::of(DemoApp::SwiftRide);
    let form = scene.go();
    assert_eq!(parameter(&form, "scope"), "accounts");
    assert_eq!(
        parameter(&form, "redirect_uri"),
        format!("http://{OWN}/callback")
    );
    assert_eq!(parameter(&form, "code_challenge_method"), "S256");
    assert_eq!(parameter(&form, "ui_locales"), "en");
    let back = scene.back(&parameter(&form, "state"));
    assert_eq!((back.status, back.location.as_deref()), (303, Some("/")));
    let redeemed = scene.bank.calls();
    let redeemed = redeemed.last().expect("a call");
    assert_eq!(
        redeemed.url,
        format!("{API}/token"),
        "where certificates are shown"
    );
    assert_eq!(redeemed.parameter("code"), Some("c1"));
    let verifier = redeemed.parameter("code_verifier").expect("PKCE");
    let challenge = crypto::base64url(&crypto::sha256(verifier.as_bytes()));
    assert_eq!(parameter(&form, "code_challenge"), challenge);

    let home = scene.get("/");
    assert_eq!(home.status, 200);
    for text in [
        "Current &lt;account&gt;",
        "**** 6321",
        "CNY 20,000.50",
        "Connected with Harbour Bank",
        "0193aaaa-0000-7000-8000-000000000001",
        "<code>GET /accounts/v1/accounts</code>",
    ] {
        let html = home.html.replace("&#x2f;", "/");
        assert!(html.contains(text), "{text}: {html}");
    }
    let calls = scene.bank.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(
        calls[0].headers["authorization"],
        "Bearer at-authorization_code"
    );
    assert_eq!(calls[0].headers["x-fapi-customer-ip-address"], "127.0.0.1");
    assert!(!home.html.contains("at-authorization_code"));
}

#[test]
fn a_shop_binds_its_tokens_to_a_key_and_answers_with_the_nonce_that_is_wanted() {
    let mut scene = Scene::of(DemoApp::Cartwheel);
    *scene.bank.nonce.lock().unwrap() = Some("n-1");
    let form = scene.go();
    assert_eq!(parameter(&form, "scope"), "accounts transactions");
    assert_eq!(parameter(&form, "dpop_jkt").len(), 43);
    assert!(!form.iter().any(|(name, _)| name == "client_assertion"));
    scene.back(&parameter(&form, "state"));
    scene.bank.calls();
    *scene.bank.nonce.lock().unwrap() = Some("n-2");
    let home = scene.get("/");
    assert!(home.html.contains("Tea House"), "{}", home.html);
    assert!(home.html.contains("covers the whole cart"), "{}", home.html);
    let calls = scene.bank.calls();
    let nonces: Vec<_> = calls
        .iter()
        .map(|asked| asked.proof().expect("a proof")["nonce"].clone())
        .collect();
    assert_eq!(nonces, ["n-1", "n-2", "n-2", "n-2"]);
    let last = calls.last().expect("a call");
    let proof = last.proof().expect("a proof");
    assert_eq!(proof["htu"], format!("{API}/accounts/v1/transactions"));
    let hash = crypto::base64url(&crypto::sha256(b"at-authorization_code"));
    assert_eq!(proof["ath"], hash);
    assert_eq!(last.headers["authorization"], "DPoP at-authorization_code");
}

#[test]
fn where_the_bank_offers_less_the_shop_asks_for_less() {
    let mut scene = Scene::of(DemoApp::Cartwheel);
    scene
        .bank
        .next("par", 400, json!({ "error": "invalid_scope" }));
    let form = scene.go();
    assert_eq!(parameter(&form, "scope"), "accounts");
}

#[test]
fn who_comes_back_unasked_or_from_elsewhere_is_not_let_in() {
    let mut scene = Scene::of(DemoApp::SwiftRide);
    let state = parameter(&scene.go(), "state");
    assert_eq!(scene.back("another").status, 400);
    // The way was taken: it is good once.
    assert_eq!(scene.back(&state).status, 400);
    let state = parameter(&scene.go(), "state");
    let elsewhere = format!("/callback?code=c1&state={state}&iss=https%3A%2F%2Fevil.example");
    assert_eq!(scene.get(&elsewhere).status, 400);
    let state = parameter(&scene.go(), "state");
    let nowhere = format!("/callback?code=c1&state={state}");
    assert_eq!(scene.get(&nowhere).status, 400);
    assert!(scene.bank.paths().is_empty(), "no code was redeemed");
    assert!(scene.get("/").html.contains("other_issuer"));
}

#[test]
fn a_no_at_the_bank_is_said_in_words_with_its_code() {
    let mut scene = Scene::of(DemoApp::SwiftRide);
    let state = parameter(&scene.go(), "state");
    let issuer = "https%3A%2F%2Flocalhost%3A8444";
    let back = scene.get(&format!(
        "/callback?error=access_denied&state={state}&iss={issuer}"
    ));
    assert_eq!(back.status, 303);
    let home = scene.get("/?lang=zh-CN");
    assert!(home.html.contains("没有共享任何数据"), "{}", home.html);
    assert!(home.html.contains("<code id=\"code\">access_denied</code>"));
    assert!(home.html.contains("lang=\"zh-CN\""));
    assert!(scene.bank.paths().is_empty());
}

#[test]
fn a_permission_that_has_ended_is_told_and_can_be_given_again() {
    let mut scene = Scene::of(DemoApp::SwiftRide);
    scene.connected();
    let withdrawn = json!({ "code": "consent_withdrawn" });
    scene.bank.next("accounts/v1/accounts", 403, withdrawn);
    let home = scene.get("/");
    assert!(
        home.html
            .contains("Your permission at Harbour Bank has ended")
    );
    assert!(
        home.html
            .contains("<code id=\"code\">consent_withdrawn</code>")
    );
    assert!(home.html.contains(">Connect again</button>"));
    assert!(!home.html.contains("6321"), "nothing is shown any more");
    scene.bank.calls();
    scene.get("/");
    assert!(scene.bank.paths().is_empty(), "the tokens are gone");
    assert!(scene.connected().html.contains("6321"));
}

#[test]
fn a_token_whose_time_is_over_is_renewed_and_one_that_is_refused_too() {
    let mut scene = Scene::of(DemoApp::SwiftRide);
    scene.connected();
    scene.bank.calls();
    scene.clock.advance(Duration::from_secs(296));
    assert!(scene.get("/").html.contains("6321"));
    let calls = scene.bank.calls();
    assert_eq!(calls[0].parameter("refresh_token"), Some("rt"));
    assert_eq!(calls[1].headers["authorization"], "Bearer at-refresh_token");
    let bad = json!({ "code": "bad_token" });
    scene.bank.next("accounts/v1/accounts", 401, bad.clone());
    assert!(scene.get("/").html.contains("6321"));
    let paths = scene.bank.paths();
    assert_eq!(paths[..2], ["accounts/v1/accounts", "token"]);
    // What cannot be renewed has ended.
    scene.bank.next("accounts/v1/accounts", 401, bad);
    scene
        .bank
        .next("token", 400, json!({ "error": "invalid_grant" }));
    let home = scene.get("/");
    assert!(home.html.contains("has ended"), "{}", home.html);
    assert!(home.html.contains("invalid_grant"));
}

#[test]
fn what_the_bank_cannot_do_now_leaves_the_permission_as_it_is() {
    let mut scene = Scene::of(DemoApp::SwiftRide);
    scene.connected();
    let limited = json!({ "code": "rate_limited" });
    scene.bank.next("accounts/v1/accounts", 429, limited);
    let home = scene.get("/");
    assert_eq!(home.status, 502);
    assert!(home.html.contains("rate_limited"));
    let again = scene.get("/");
    assert_eq!(again.status, 200);
    assert!(again.html.contains("6321") && !again.html.contains("rate_limited</code></p>"));
}

#[test]
fn to_disconnect_gives_the_permission_back() {
    let mut scene = Scene::of(DemoApp::SwiftRide);
    let home = scene.connected();
    scene.bank.calls();
    assert_eq!(scene.press(&home, "/disconnect").status, 303);
    let calls = scene.bank.calls();
    assert_eq!(calls[0].path(), "revoke");
    assert_eq!(calls[0].parameter("token"), Some("rt"));
    assert!(scene.get("/").html.contains("We gave your permission back"));

    let home = scene.connected();
    scene
        .bank
        .next("revoke", 503, json!({ "error": "temporarily_unavailable" }));
    scene.press(&home, "/disconnect");
    let home = scene.get("/");
    assert!(
        home.html.contains("the bank could not be told"),
        "{}",
        home.html
    );
    assert!(!home.html.contains("6321"));
}

#[test]
fn forms_of_other_sites_other_visits_and_other_buttons_do_nothing() {
    let mut scene = Scene::of(DemoApp::SwiftRide);
    let home = scene.connected();
    scene.bank.calls();
    for body in ["", "csrf=", "csrf=AAAA", "csrf=1&csrf=1"] {
        assert_eq!(scene.post("/disconnect", body).status, 403, "{body}");
        assert_eq!(scene.post("/connect", body).status, 403, "{body}");
    }
    let (_, token) = home.html.split_once("name=\"csrf\" value=\"").expect("one");
    let token = token.split('"').next().expect("a value");
    assert_eq!(scene.post("/connect", &format!("csrf={token}")).status, 403);
    let ours = scene.cookie.take();
    assert_eq!(scene.press(&home, "/disconnect").status, 403);
    assert_ne!(scene.cookie, ours, "another visit");
    assert!(scene.bank.paths().is_empty());
}

#[test]
fn only_the_apps_own_address_is_answered() {
    let mut scene = Scene::of(DemoApp::SwiftRide);
    for host in ["localhost:8447", "rebound.example:8447"] {
        let request = http::Request::get("/").header(HOST, host);
        let page = scene.sent(request.body(model::empty()).expect("one"));
        assert_eq!(page.status, 421);
        assert!(scene.cookie.is_none(), "nobody visits");
    }
    assert_eq!(scene.get("/other").status, 404);
    assert_eq!(scene.get("/connect").status, 405);
}

#[test]
fn both_apps_have_every_page_in_both_languages_without_scripts() {
    for app in DemoApp::ALL {
        for (lang, title) in [("en", app.name()), ("zh-CN", app.name_in(Language::ZhCn))] {
            let mut scene = Scene::of(app);
            scene.connected();
            for page in [
                scene.get(&format!("/?lang={lang}")),
                scene.get("/nowhere"),
                scene.get("/callback"),
            ] {
                assert!(page.html.contains(&format!("<html lang=\"{lang}\">")));
                assert!(page.html.contains(title), "{}", page.html);
                assert!(!page.html.contains("<script") && !page.html.contains(" style="));
                assert!(page.html.len() < 30_000, "{}", page.html.len());
            }
        }
    }
}
