//! A customer's grant, end to end: pushed, opened in a browser, logged in at the bank, approved,
//! redeemed, used on the road, refreshed, revoked.

mod browsers;
mod codes;
mod details;
mod evidence;
mod introspection;
mod kills;
mod log_in;
mod metadata;
pub(crate) mod openid;
mod pages;
mod provider;
mod pushed;
mod races;
pub(crate) mod request_objects;
mod revoked;
mod signed_responses;
mod step_up;
mod thefts;
mod turned_away;
mod two_banks;
mod userinfo;

pub(crate) use pages::is_error_page;
pub(crate) use provider::{on_paper as with_provider, on_paper_of as with_provider_of};
pub(crate) use thefts::endpoints;

use std::collections::BTreeMap;

use kit::{
    Answer, Browser, Client, FORM, Method, Partner, TestHouse, Version, encoded, query, way_back,
};
use serde_json::Value;

const BRANCHES: &str = "/branches/v1/branches";
const CALLBACK: &str = "https://app.swiftride.example/callback";
/// A verifier and its challenge: RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A form, to be changed and sent to an endpoint of clients.
#[derive(Clone)]
pub(crate) struct Form(pub(crate) Vec<(&'static str, String)>);

impl Form {
    /// An authorization request that is good.
    pub(crate) fn request() -> Self {
        Self(vec![
            ("response_type", "code".to_owned()),
            ("redirect_uri", CALLBACK.to_owned()),
            ("scope", "branches".to_owned()),
            ("state", "s-1 &=?".to_owned()),
            ("code_challenge", CHALLENGE.to_owned()),
            ("code_challenge_method", "S256".to_owned()),
        ])
    }

    /// A token request of a client for itself that is good.
    pub(crate) fn own() -> Self {
        Self(vec![
            ("grant_type", "client_credentials".to_owned()),
            ("scope", "branches".to_owned()),
        ])
    }

    /// A token request for this code that is good.
    pub(crate) fn code(code: &str) -> Self {
        Self(vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", CALLBACK.to_owned()),
            ("code_verifier", VERIFIER.to_owned()),
        ])
    }

    /// A token request with this refresh token.
    pub(crate) fn refresh(token: &str) -> Self {
        Self(vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", token.to_owned()),
        ])
    }

    /// The same with another value of a parameter, or without it.
    pub(crate) fn with(mut self, name: &'static str, value: Option<&str>) -> Self {
        self.0.retain(|(its, _)| *its != name);
        self.0.extend(value.map(|value| (name, value.to_owned())));
        self
    }

    /// The same with a parameter once more.
    pub(crate) fn and(mut self, name: &'static str, value: &str) -> Self {
        self.0.push((name, value.to_owned()));
        self
    }
}

/// A partner's client at a house, with a connection.
pub(crate) struct App<'h> {
    house: &'h TestHouse,
    pub(crate) partner: Partner,
    pub(crate) client: Client,
    /// The path of the issuer's identifier.
    path: &'static str,
}

impl<'h> App<'h> {
    /// It shows its certificate, where the APIs are.
    pub(crate) async fn of(house: &'h TestHouse, client: &str) -> Self {
        let partner = Partner::of(house, client);
        let dial = partner.dial(house, Version::Http2);
        let client = dial.connect(house.api()).await.expect("a connection");
        Self {
            house,
            partner,
            client,
            path: "",
        }
    }

    /// It shows none, at the issuer's own URL.
    pub(crate) async fn bare(house: &'h TestHouse, client: &str) -> Self {
        let dial = house.dial(None, Version::Http2);
        Self {
            house,
            partner: Partner::of(house, client),
            client: dial.connect(house.issuer()).await.expect("a connection"),
            path: "",
        }
    }

    /// A fresh assertion.
    pub(crate) fn assertion(&self) -> String {
        let issuer = format!("{}{}", self.house.issuer_url(), self.path);
        self.partner.assertion(&issuer, self.house.clock.as_ref())
    }

    /// Sends a form to an endpoint of clients, with a fresh assertion.
    pub(crate) async fn post(&mut self, path: &str, form: Form) -> Answer {
        let assertion = self.assertion();
        self.send(path, form, &assertion, &[]).await
    }

    /// The same with this assertion, and with these proofs.
    pub(crate) async fn send(
        &mut self,
        path: &str,
        form: Form,
        assertion: &str,
        proofs: &[&str],
    ) -> Answer {
        let proofs: Vec<_> = proofs.iter().map(|proof| ("dpop", *proof)).collect();
        self.send_with(path, form, assertion, &proofs).await
    }

    /// Sends a form, asking for an answer of this type.
    async fn post_accepting(&mut self, path: &str, form: Form, accept: &str) -> Answer {
        let assertion = self.assertion();
        let accept = [("accept", accept)];
        self.send_with(path, form, &assertion, &accept).await
    }

    async fn send_with(
        &mut self,
        path: &str,
        form: Form,
        assertion: &str,
        more: &[(&str, &str)],
    ) -> Answer {
        let path = &format!("{}{path}", self.path);
        let form = form
            .with(
                "client_assertion_type",
                Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            )
            .with("client_assertion", Some(assertion));
        let pairs: Vec<String> = form
            .0
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        let headers = [&[FORM], more].concat();
        let sent = self
            .client
            .call(Method::POST, path, &headers, pairs.join("&"));
        sent.await.expect("an answer")
    }

    /// Pushes a request; its reference.
    async fn push(&mut self, form: Form) -> String {
        let answer = self.post("/par", form).await;
        pushed(&answer)
    }

    /// The link that the app sends its customer by.
    fn link(&self, request_uri: &str) -> String {
        let client_id = encoded(self.partner.client_id.as_str());
        let request_uri = encoded(request_uri);
        let path = self.path;
        format!("{path}/authorize?client_id={client_id}&request_uri={request_uri}")
    }

    /// The link of a request that is pushed now.
    pub(crate) async fn pushed_link(&mut self, form: Form) -> String {
        let request_uri = self.push(form).await;
        self.link(&request_uri)
    }

    /// The parameters that come back when this customer allows this request.
    async fn allowed(&mut self, form: Form, customer: &str) -> BTreeMap<String, String> {
        let request_uri = self.push(form).await;
        self.answered(&request_uri, customer).await
    }

    /// The same of one that was pushed before.
    pub(crate) async fn answered(
        &self,
        request_uri: &str,
        customer: &str,
    ) -> BTreeMap<String, String> {
        let mut browser = Browser::new(self.house);
        let page = browser.get(&self.link(request_uri)).await;
        let page = log_in(&mut browser, &page, customer).await;
        let back = decide(&mut browser, &page, "allow").await;
        assert!(back.starts_with(CALLBACK), "{back}");
        query(&back)
    }

    /// A code of this customer's.
    async fn code(&mut self, customer: &str) -> String {
        let mut back = self.allowed(Form::request(), customer).await;
        back.remove("code").expect("a code")
    }

    /// The tokens of a customer's grant.
    async fn tokens(&mut self, customer: &str) -> Value {
        let code = self.code(customer).await;
        self.post("/token", Form::code(&code)).await.ok()
    }

    /// What the road answers to this access token.
    async fn call(&mut self, token: &Value) -> Answer {
        let bearer = format!("Bearer {}", token.as_str().expect("a token"));
        self.client
            .get(BRANCHES, &[("authorization", &bearer)])
            .await
    }
}

/// The reference of a request that was pushed well.
#[track_caller]
pub(crate) fn pushed(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    let body = answer.json();
    body["request_uri"].as_str().expect("text").to_owned()
}

/// Logs this customer in; the page of approval.
pub(crate) async fn log_in(browser: &mut Browser, page: &Answer, customer: &str) -> Answer {
    let fields = [
        ("username", customer),
        ("password", kit::PASSWORD),
        ("act", "log-in"),
    ];
    let answer = browser.send(page, &fields).await;
    assert_eq!(answer.status, 303, "{}", kit::html(&answer));
    let next = answer.header("location").to_owned();
    let page = browser.get(&next).await;
    assert_eq!(page.status, 200, "{}", kit::html(&page));
    page
}

/// Decides; where the customer is led to.
async fn decide(browser: &mut Browser, page: &Answer, act: &str) -> String {
    let answer = browser.send(page, &[("act", act)]).await;
    assert_eq!(answer.status, 303, "{}", kit::html(&answer));
    let done = browser.get(answer.header("location")).await;
    assert_eq!(done.status, 200, "{}", kit::html(&done));
    way_back(&done)
}

#[tokio::test]
async fn a_customer_who_allows_it_lets_the_app_in_and_the_app_stays_in_by_refreshing() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let back = app.allowed(Form::request(), "li-lei").await;
    assert_eq!(back["state"], "s-1 &=?");
    assert_eq!(back["iss"], house.issuer_url());
    assert_eq!(back.len(), 3, "AZ-04: nothing else: {back:?}");
    let answer = app.post("/token", Form::code(&back["code"])).await;
    let tokens = answer.ok();
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(tokens["scope"], "branches");
    assert_eq!(tokens["token_type"], "Bearer");
    let claims = claims(&tokens["access_token"]);
    assert_eq!(claims["client_id"], "swiftride-app");
    assert_ne!(claims["sub"], "swiftride-app");
    let thumbprint = app.partner.identity.thumbprint();
    assert_eq!(claims["cnf"]["x5t#S256"], thumbprint);
    app.call(&tokens["access_token"]).await.ok();

    let refresh = tokens["refresh_token"].as_str().expect("text");
    for _ in 0..2 {
        let refreshed = app.post("/token", Form::refresh(refresh)).await.ok();
        assert_eq!(refreshed.get("refresh_token"), None, "no rotation");
        let again = self::claims(&refreshed["access_token"]);
        assert_eq!(again["sub"], claims["sub"]);
        assert_eq!(again["grant_id"], claims["grant_id"]);
        assert_ne!(again["jti"], claims["jti"]);
        app.call(&refreshed["access_token"]).await.ok();
    }
}

#[tokio::test]
async fn a_customer_is_another_to_each_partner_and_the_same_to_one() {
    let house = kit::HouseBuilder::new()
        .edit(
            "jwks: file:partners/cartwheel.jwks.json }",
            "jwks: file:partners/cartwheel.jwks.json, response_modes: [query, jwt], \
             redirect_uris: [https://app.swiftride.example/callback] }",
        )
        .start()
        .await;
    let mut subjects = Vec::new();
    for (client, scope) in [
        ("swiftride-app", "catalogue"),
        ("swiftride-app", "branches"),
        ("cartwheel-app", "catalogue"),
    ] {
        let mut app = App::of(&house, client).await;
        let form = Form::request().with("scope", Some(scope));
        let back = app.allowed(form, "han-meimei").await;
        let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
        subjects.push(claims(&tokens["access_token"])["sub"].clone());
    }
    assert_eq!(subjects[0], subjects[1]);
    assert_ne!(subjects[0], subjects[2], "OC-05");
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &Value) -> Value {
    let part = token.as_str().and_then(|token| token.split('.').nth(1));
    let bytes = part.and_then(crypto::from_base64url).expect("a JWT");
    serde_json::from_slice(&bytes).expect("claims")
}
