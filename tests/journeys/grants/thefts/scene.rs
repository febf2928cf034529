//! The house with two banks, the owner of what is stolen, and the thieves.

mod attempt;

use std::time::Duration;

use crypto::{Algorithm, Jwks, SigningKey};
use kit::{
    Answer, Browser, HouseBuilder, Identity, PASSWORD, Partner, ProofKey, SWIFTRIDE, TestHouse,
    encoded, hidden, html, issue, partner_leaf, query,
};
use model::ClientId;
use serde_json::{Value, json};

use super::super::openid::{granted, request};
use super::super::{App, BRANCHES, CALLBACK, Form, claims, decide, log_in};
use super::{Loot, Place, Thief, Way};

const CATALOGUE: &str = "/catalogue/v1/products";
const INLAND: &str = "/inland/v1/rates";
const INLAND_API: &str = r"openapi: 3.1.0
info: { title: Rates, version: 1.0.0 }
servers: [{ url: /inland/v1 }]
paths:
  /rates:
    get:
      operationId: inlandRates
      x-mortise-class: partner
      x-mortise-effect: none
      x-mortise-scope: inland
      x-mortise-authorization-details: none
      x-mortise-authentication: none
      responses: { '200': { description: Rates. } }
";
/// Whose things are stolen.
const OWNER: &str = "swiftride-app";
const OTHER: &str = "cartwheel-app";
const SIBLING: &str = "swiftride-desk";

/// Something stolen, and what its owner still has.
pub(super) struct Stolen {
    text: String,
    /// What belongs to it: the token of a proof, the name of a form's request.
    beside: String,
    browser: Option<Browser>,
    page: Option<Answer>,
}

impl Stolen {
    fn of(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            beside: String::new(),
            browser: None,
            page: None,
        }
    }
}

pub(super) struct Scene {
    house: TestHouse,
    owner: Partner,
    other: Partner,
    sibling: Partner,
    issuer: SigningKey,
    /// The key that the owner's tokens are bound to, and a thief's.
    key: ProofKey,
    thiefs_key: ProofKey,
}

/// The path of an endpoint; of the road, that of an operation.
pub(super) fn path(place: Place) -> &'static str {
    match place {
        Place::Road => BRANCHES,
        Place::Token => "/token",
        Place::Par => "/par",
        Place::Revoke => "/revoke",
        Place::Userinfo => "/userinfo",
        Place::Introspect => "/introspect",
        Place::Authorize => "/authorize",
        Place::LogIn => "/log-in",
        Place::Approve => "/approve",
        Place::Done => "/done",
    }
}

/// The type of the record of whoever asks there.
fn kind(place: Place) -> &'static str {
    match place {
        Place::Road => "api.access",
        Place::Token => "oauth.token",
        Place::Par => "oauth.par",
        Place::Revoke => "oauth.revoke",
        Place::Userinfo => "oauth.userinfo",
        Place::Introspect => "oauth.introspect",
        Place::Authorize | Place::LogIn | Place::Approve | Place::Done => "oauth.authz",
    }
}

/// The house: a second bank with the same authority, agreements of the owner's with both, clients
/// that may all ask customers, and limits that no test meets.
async fn house(desk: &SigningKey) -> TestHouse {
    let builder = HouseBuilder::new();
    let url = builder.prepared().issuer_url.clone();
    let jwks = Jwks::from_keys(vec![desk.verification_key()]).to_json();
    let file = std::fs::read_to_string(builder.config()).expect("a readable file");
    let bank = file.split("  harbour:\n").nth(1).expect("the bank");
    let (bank, _) = bank.split_once("    products:\n").expect("its products");
    let inland = bank.replace(&url, &format!("{url}/inland"));
    let inland = format!(
        "banks:\n  inland:\n{inland}    products:\n      rates: {{ openapi: file:apis/inland.yaml, \
         upstream: core, listeners: [api], deadline: 30s }}\n"
    );
    let agreement = "products: [branches, catalogue], plan: trial, from: ";
    let (_, dates) = file.split_once(agreement).expect("an agreement");
    let (dates, _) = dates.split_once(" }").expect("its dates");
    let own = format!(
        "agreements:\n  - {{ partner: swiftride, bank: inland, products: [rates], plan: trial, \
         from: {dates} }}\n"
    );
    let clients = format!(
        "jwks: file:partners/cartwheel.jwks.json, redirect_uris: [{CALLBACK}], \
         response_modes: [query, jwt] }}"
    );
    let sibling = format!(
        "    clients:\n      {SIBLING}: {{ auth: private_key_jwt, bound_by: mtls, \
         jwks: file:partners/desk.jwks.json, redirect_uris: [{CALLBACK}], \
         response_modes: [query, jwt] }}\n      swiftride-app:\n"
    );
    builder
        .write("apis/inland.yaml", INLAND_API)
        .write("partners/desk.jwks.json", &jwks.to_string())
        .edit("banks:\n", &inland)
        .edit("agreements:\n", &own)
        .edit("products: [catalogue],", "products: [branches, catalogue],")
        .edit("jwks: file:partners/cartwheel.jwks.json }", &clients)
        .edit("    clients:\n      swiftride-app:\n", &sibling)
        .edit(
            "rate: 5/s, burst: 10 requests, concurrent: 8 requests",
            "rate: 10000/s, burst: 10000 requests, concurrent: 100 requests",
        )
        .edit(
            "rate: 200/s, burst: 400 requests",
            "rate: 10000/s, burst: 10000 requests",
        )
        .start()
        .await
}

impl Scene {
    pub(super) async fn open() -> Self {
        let signing_key = SigningKey::generate(Algorithm::Es256).expect("a key");
        let house = house(&signing_key).await;
        // From then on no nonce of the road's is demanded.
        house.clock.advance(Duration::from_secs(73));
        let leaf = partner_leaf(Some(SWIFTRIDE), house.now(), Duration::from_hours(1));
        let issued = issue(&house.partner_authority(), &leaf);
        Self {
            owner: Partner::of(&house, OWNER),
            other: Partner::of(&house, OTHER),
            sibling: Partner {
                client_id: ClientId::parse(SIBLING).expect("a client_id"),
                identity: Identity::issued(&issued),
                signing_key,
            },
            issuer: house.issuer_key().await,
            key: ProofKey::es256(),
            thiefs_key: ProofKey::es256(),
            house,
        }
    }

    async fn app(&self) -> App<'_> {
        App::of(&self.house, OWNER).await
    }

    /// A customer in the owner's name, on the page of approval.
    async fn visit(&self, client: &Partner, customer: &str) -> (Browser, Answer) {
        let reference = self.push(client).await;
        let mut browser = Browser::new(&self.house);
        let link = link("", client.client_id.as_str(), &reference);
        let first = browser.get(&link).await;
        let page = log_in(&mut browser, &first, customer).await;
        (browser, page)
    }

    async fn push(&self, client: &Partner) -> String {
        self.push_at(client, "", "branches").await
    }

    async fn push_at(&self, client: &Partner, bank: &str, scope: &str) -> String {
        let assertion = self.assertion(client, bank);
        let form = Form::request().with("scope", Some(scope));
        let identity = Some(&client.identity);
        let place = format!("{bank}/par");
        let pushed = self.send(identity, &place, form, Some(&assertion), &[]);
        let told = pushed.await.json();
        told["request_uri"]
            .as_str()
            .expect("a reference")
            .to_owned()
    }

    /// Takes something that is good.
    pub(super) async fn steal(&mut self, loot: Loot) -> Stolen {
        let of = |value: &Value| Stolen::of(value.as_str().expect("text"));
        match loot {
            Loot::Token => of(&self.app().await.tokens("li-lei").await["access_token"]),
            Loot::KeyToken => Stolen::of(self.key_token(&self.owner, &self.key)),
            Loot::OpenIdToken => {
                let mut app = self.app().await;
                of(&granted(&mut app, request(), "li-lei").await["access_token"])
            }
            Loot::OpenIdKeyToken => Stolen::of(self.openid_token(&self.owner, &self.key)),
            Loot::Code => Stolen::of(self.app().await.code("li-lei").await),
            Loot::RequestUri => Stolen::of(self.push(&self.owner).await),
            Loot::RefreshToken => of(&self.app().await.tokens("li-lei").await["refresh_token"]),
            Loot::Assertion => Stolen::of(self.assertion(&self.owner, "")),
            Loot::Proof => {
                let token = self.key_token(&self.owner, &self.key);
                Stolen {
                    beside: token.clone(),
                    ..Stolen::of(self.proof(&self.key, BRANCHES, &token))
                }
            }
            Loot::OpenIdProof => {
                let token = self.openid_token(&self.owner, &self.key);
                Stolen {
                    beside: token.clone(),
                    ..Stolen::of(self.proof(&self.key, path(Place::Userinfo), &token))
                }
            }
            Loot::TokenProof => {
                let mut claims = self.house.proof_claims("POST", "/token", "");
                claims.as_object_mut().expect("claims").remove("ath");
                Stolen::of(self.key.proof(&claims))
            }
            Loot::Session => {
                let (browser, page) = self.visit(&self.owner, "li-lei").await;
                Stolen {
                    text: browser.cookies["__Host-session-harbour"].clone(),
                    beside: String::new(),
                    browser: Some(browser),
                    page: Some(page),
                }
            }
            Loot::LogInForm => {
                let reference = self.push(&self.owner).await;
                let mut browser = Browser::new(&self.house);
                let page = browser.get(&link("", OWNER, &reference)).await;
                form_of(browser, page)
            }
            Loot::ApproveForm => {
                let (browser, page) = self.visit(&self.owner, "li-lei").await;
                form_of(browser, page)
            }
            Loot::WayBack => {
                let (mut browser, page) = self.visit(&self.owner, "li-lei").await;
                let answer = browser.send(&page, &[("act", "allow")]).await;
                let to = query(answer.header("location"))["to"].clone();
                Stolen {
                    browser: Some(browser),
                    ..Stolen::of(to)
                }
            }
        }
    }

    /// A fresh assertion for the issuer of this bank.
    fn assertion(&self, client: &Partner, bank: &str) -> String {
        let issuer = format!("{}{bank}", self.house.issuer_url());
        client.assertion(&issuer, self.house.clock.as_ref())
    }

    fn key_token(&self, partner: &Partner, key: &ProofKey) -> String {
        let claims = self.house.claims_for_key(partner, "branches", key);
        self.issuer.sign("at+jwt", &claims).expect("a token")
    }

    /// One that the userinfo endpoint takes too.
    fn openid_token(&self, partner: &Partner, key: &ProofKey) -> String {
        let mut claims = self.house.claims_for_key(partner, "branches openid", key);
        claims["aud"] = json!([self.house.api_url(), self.house.issuer_url()]);
        claims["grant_id"] = json!("of-a-customer");
        self.issuer.sign("at+jwt", &claims).expect("a token")
    }

    /// What a token is bound to that this thief is given.
    pub(super) fn binds(&self, loot: Loot, thief: Thief) -> Value {
        let certificate = self.client_of(thief).identity.thumbprint();
        match loot {
            // Whoever made the proof has its key; the thief has not.
            Loot::TokenProof => json!({ "x5t#S256": certificate, "jkt": self.key.thumbprint() }),
            _ => json!({ "x5t#S256": certificate }),
        }
    }

    fn proof(&self, key: &ProofKey, path: &str, token: &str) -> String {
        key.proof(&self.house.proof_claims("GET", path, token))
    }

    /// The owner uses it as it is meant to be used; what was given.
    pub(super) async fn serves_its_owner(
        &self,
        loot: Loot,
        held: &mut Stolen,
    ) -> Result<Value, String> {
        let mut owner = self.app().await;
        let text = held.text.clone();
        let answer = match loot {
            Loot::Token => owner.call(&Value::from(text)).await,
            Loot::KeyToken => {
                let proof = self.proof(&self.key, BRANCHES, &text);
                self.road(None, BRANCHES, &format!("DPoP {text}"), Some(&proof))
                    .await
            }
            Loot::Proof => {
                let token = format!("DPoP {}", held.beside);
                self.road(None, BRANCHES, &token, Some(&text)).await
            }
            Loot::OpenIdToken => {
                let (identity, bearer) = (&self.owner.identity, format!("Bearer {text}"));
                self.road(Some(identity), path(Place::Userinfo), &bearer, None)
                    .await
            }
            Loot::OpenIdKeyToken | Loot::OpenIdProof => {
                let place = path(Place::Userinfo);
                let (token, proof) = match loot {
                    Loot::OpenIdProof => (held.beside.clone(), text),
                    _ => (text.clone(), self.proof(&self.key, place, &text)),
                };
                self.road(None, place, &format!("DPoP {token}"), Some(&proof))
                    .await
            }
            Loot::TokenProof => {
                let identity = Some(&self.owner.identity);
                let (place, proof) = ("/token", [("dpop", text.as_str())]);
                let assertion = self.assertion(&self.owner, "");
                self.send(identity, place, own_access(), Some(&assertion), &proof)
                    .await
            }
            Loot::Code => owner.post("/token", Form::code(&text)).await,
            Loot::RefreshToken => owner.post("/token", Form::refresh(&text)).await,
            Loot::Assertion => {
                let identity = Some(&owner.partner.identity);
                self.send(identity, "/token", own_access(), Some(&text), &[])
                    .await
            }
            Loot::RequestUri => {
                let mut browser = Browser::new(&self.house);
                let page = browser.get(&link("", OWNER, &text)).await;
                let page = log_in(&mut browser, &page, "li-lei").await;
                decide(&mut browser, &page, "refuse").await;
                page
            }
            Loot::Session | Loot::ApproveForm => {
                let (browser, page) = held.browser.as_mut().zip(held.page.as_ref()).expect("both");
                browser.send(page, &[("act", "allow")]).await
            }
            Loot::LogInForm => {
                let (browser, page) = held.browser.as_mut().zip(held.page.as_ref()).expect("both");
                let fields = credentials("li-lei");
                browser.send(page, &fields).await
            }
            Loot::WayBack => {
                let browser = held.browser.as_mut().expect("a browser");
                browser.get(&format!("/done?to={}", encoded(&text))).await
            }
        };
        if answer.status.as_u16() < 400 {
            Ok(serde_json::from_slice(&answer.body).unwrap_or_default())
        } else {
            Err(format!("{answer:?}"))
        }
    }

    /// Whether the road lets this answer's access token in.
    pub(super) async fn is_let_in(&self, given: &Value) -> bool {
        let mut owner = self.app().await;
        owner.call(&given["access_token"]).await.status == 200
    }

    /// A thief uses it.
    pub(super) async fn use_it(&self, held: &mut Stolen, way: &Way, thief: Thief) -> Answer {
        match way.place {
            Place::Road => self.on_the_road(held, way.into, thief).await,
            Place::Token | Place::Par | Place::Revoke | Place::Introspect => {
                self.as_client(&held.text, way, thief).await
            }
            Place::Userinfo => self.as_caller(held, way.into, thief).await,
            Place::Authorize => self.as_link(held, way.into, thief).await,
            Place::LogIn => self.as_log_in(held, thief).await,
            Place::Approve => self.as_approval(held, thief).await,
            Place::Done => {
                let target = format!("{}/done?to={}", bank_of(thief), encoded(&held.text));
                match (&mut held.browser, thief) {
                    (Some(browser), Thief::Elsewhere | Thief::Twice) => browser.get(&target).await,
                    _ => Browser::new(&self.house).get(&target).await,
                }
            }
        }
    }

    /// The record of whoever asked.
    pub(super) async fn record(&self, place: Place, answer: &Answer) -> Value {
        crate::evidence::one_soon(&self.house, &answer.request_id(), kind(place)).await
    }

    /// Whether a request changed anything of a grant, or was told of a token.
    pub(super) fn did(&self, answer: &Answer) -> bool {
        let told = serde_json::from_slice::<Value>(&answer.body);
        if told.is_ok_and(|told| told["active"] == true) {
            return true;
        }
        let id = answer.request_id();
        let mut records = self.house.records().into_iter();
        records.any(|record| record["type"] == "oauth.grant" && record["req"] == id)
    }

    /// The issuer's metadata.
    pub(super) async fn metadata(&self) -> Value {
        let place = "/.well-known/oauth-authorization-server";
        Browser::new(&self.house).get(place).await.ok()
    }
}

/// The form's own request where the thief has nothing better.
fn named(held: &Stolen, page: &Answer, thief: Thief) -> String {
    match thief {
        Thief::Partner | Thief::Sibling => hidden(page, "request"),
        _ if held.beside.contains("urn:") => held.beside.clone(),
        _ => hidden(page, "request"),
    }
}

fn bank_of(thief: Thief) -> &'static str {
    match thief {
        Thief::Elsewhere => "/inland",
        _ => "",
    }
}

fn own_access() -> Form {
    let form = vec![("grant_type", "client_credentials".to_owned())];
    Form(form).with("scope", Some("branches"))
}

fn credentials(customer: &str) -> [(&str, &str); 3] {
    [
        ("username", customer),
        ("password", PASSWORD),
        ("act", "log-in"),
    ]
}

fn link(bank: &str, client_id: &str, reference: &str) -> String {
    let reference = encoded(reference);
    format!("{bank}/authorize?client_id={client_id}&request_uri={reference}")
}

/// A form of this page, and the browser that it was given to.
fn form_of(browser: Browser, page: Answer) -> Stolen {
    Stolen {
        text: hidden(&page, "csrf"),
        beside: hidden(&page, "request"),
        browser: Some(browser),
        page: Some(page),
    }
}

/// What an access token is bound to that is given here; nothing where none is.
pub(super) fn bound_to(answer: &Answer) -> Value {
    let told = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    let token = &told["access_token"];
    token
        .as_str()
        .map_or(Value::Null, |_| claims(token)["cnf"].clone())
}

/// The code of a refusal, whichever form it has; empty when it is none.
pub(super) fn code(answer: &Answer) -> String {
    if !answer.header("content-type").starts_with("text/html") {
        return answer.code();
    }
    let text = html(answer);
    let (_, rest) = text.split_once("<code id=\"error\">").unwrap_or_default();
    rest.split('<').next().unwrap_or_default().to_owned()
}
