//! `oidc-provider`, in a process of its own: `conformance/clients/provider.mjs`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crypto::Jwks;
use kit::{Answer, Browser, Dial, FORM, HouseBuilder, Method, TestHouse, Version, attribute, html};
use serde_json::json;

use super::super::{App, CALLBACK, Form, claims, decide};
use super::{KEY, OURSELVES, SERVERS, query, with_provider};
use crate::process::Program;

/// The bank's own pages are behind it.
struct Provider {
    url: String,
    _program: Program,
}

/// A house and the provider of its bank, which signs like this.
async fn house(signs: &str) -> (TestHouse, Provider) {
    let builder = HouseBuilder::new();
    let key = kit::key_file(&builder, KEY);
    let file = builder.dir().join("provider.json");
    let said = json!({
        "certificate": "tls/gateway.pem",
        "key": "tls/gateway.key",
        "client_id": OURSELVES,
        "jwks": Jwks::from_keys(vec![key.verification_key()]).to_json(),
        "redirect_uri": format!("{}/logged-in", builder.prepared().issuer_url),
        "signs": signs,
        "account": { "sub": "c-1", "preferred_username": "li-lei", "acr": "urn:bank:2" },
        "password": kit::PASSWORD,
    });
    std::fs::write(&file, said.to_string()).expect("a writable file");
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/clients");
    let mut program = Program::start(
        Command::new("node")
            .arg(clients.join("provider.mjs"))
            .arg(file),
    );
    let begins = "listening at ";
    program
        .until("a provider that listens", |written| {
            written.out.contains(begins) && written.out.ends_with('\n')
        })
        .await;
    let out = program.out();
    let (_, url) = out.split_once(begins).expect("its URL");
    let url = url.trim().to_owned();
    let house = with_provider(builder, &url, SERVERS).start().await;
    let provider = Provider {
        url,
        _program: program,
    };
    (house, provider)
}

/// The customer's browser at the provider.
struct There<'a> {
    provider: &'a Provider,
    dial: Dial,
    cookies: BTreeMap<String, String>,
}

impl<'a> There<'a> {
    fn new(house: &TestHouse, provider: &'a Provider) -> Self {
        Self {
            provider,
            dial: house.dial(None, Version::Http1),
            cookies: BTreeMap::new(),
        }
    }

    async fn ask(&mut self, method: Method, target: &str, body: String) -> Answer {
        let (_, port) = self.provider.url.rsplit_once(':').expect("a port");
        let address = ([127, 0, 0, 1], port.parse().expect("a port")).into();
        let mut client = self.dial.connect(address).await.expect("a connection");
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let headers = [("cookie", cookies.as_str()), FORM];
        let headers = if method == Method::POST {
            &headers[..]
        } else {
            &headers[..1]
        };
        let answer = client.call(method, target, headers, body).await;
        let answer = answer.expect("an answer");
        for set in answer.headers.get_all("set-cookie") {
            let pair = set.to_str().expect("text").split(';').next();
            let (name, value) = pair.and_then(|pair| pair.split_once('=')).expect("a pair");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Follows redirects within the provider to a page, or to where it leads out.
    async fn follow(&mut self, mut answer: Answer) -> Result<Answer, String> {
        loop {
            if !answer.status.is_redirection() {
                return Ok(answer);
            }
            let location = answer.header("location").to_owned();
            let within = location.strip_prefix(&self.provider.url);
            let Some(target) = within.or(Some(&location)
                .filter(|to| to.starts_with('/'))
                .map(String::as_str))
            else {
                return Err(location);
            };
            answer = self.ask(Method::GET, target, String::new()).await;
        }
    }

    /// Goes where we send it, logs in or cancels; the address that leads back to us.
    async fn log_in(&mut self, sent: &Answer, act: &str) -> String {
        assert_eq!(sent.status, 303, "{}", html(sent));
        let page = match self.follow(sent.clone()).await {
            Ok(page) => page,
            Err(back) => return back,
        };
        assert_eq!(page.status, 200, "{}", html(&page));
        let action = attribute(&page, "method=\"post\" action=\"");
        let form = format!(
            "username=li-lei&password={}&act={act}",
            kit::encoded(kit::PASSWORD)
        );
        let answer = self.ask(Method::POST, &action, form).await;
        self.follow(answer).await.expect_err("a way back to us")
    }
}

/// Where an address leads within our issuer.
fn within<'b>(house: &TestHouse, back: &'b str) -> &'b str {
    let ours = house.issuer_url();
    let target = back.strip_prefix(&ours);
    target.unwrap_or_else(|| panic!("not ours: {back}"))
}

#[tokio::test]
async fn a_customer_logs_in_at_the_banks_own_provider_and_approves_here() {
    for signs in ["ES256", "PS256", "EdDSA"] {
        let (house, provider) = house(signs).await;
        let mut app = App::of(&house, "swiftride-app").await;
        let reference = app.push(Form::request()).await;
        let (mut browser, mut there) = (Browser::new(&house), There::new(&house, &provider));
        let sent = browser.get(&app.link(&reference)).await;
        let before = house.now().as_second();
        let back = there.log_in(&sent, "log-in").await;
        let answer = browser.get(within(&house, &back)).await;
        assert_eq!(answer.status, 303, "{signs}: {}", html(&answer));
        let page = browser.get(answer.header("location")).await;
        assert!(html(&page).contains("li-lei"), "{}", html(&page));
        let led = query(&decide(&mut browser, &page, "allow").await);
        assert_eq!(led["state"], "s-1 &=?");
        let tokens = app.post("/token", Form::code(&led["code"])).await.ok();
        let said = claims(&tokens["access_token"]);
        assert_ne!(
            said["sub"], "c-1",
            "OC-05: no partner learns the bank's own id"
        );
        assert_eq!(said["acr"], "urn:bank:2");
        let at = said["auth_time"].as_i64().expect("a time");
        let now = house.now().as_second();
        assert!((before..=now).contains(&at), "{said}");
        app.call(&tokens["access_token"]).await.ok();
        assert_eq!(
            house.bank.calls(),
            1,
            "no service of the bank's was asked to log in"
        );

        // Logged in there, the customer is only asked again what an app may have.
        let reference = app.push(Form::request()).await;
        let sent = browser.get(&app.link(&reference)).await;
        let back = there.follow(sent).await.expect_err("nothing to fill in");
        let answer = browser.get(within(&house, &back)).await;
        let page = browser.get(answer.header("location")).await;
        assert!(html(&page).contains("id=\"approve-form\""));
        let (_, records) = house.end().await;
        let log_ins = records
            .iter()
            .filter(|record| record["action"] == "session.begin");
        assert_eq!(log_ins.count(), 2, "each log-in is evidence");
        let all = format!("{records:?}");
        assert!(!all.contains("li-lei") && !all.contains(&back), "{all}");
    }
}

#[tokio::test]
async fn a_customer_who_cancels_at_the_provider_is_led_back_to_the_app() {
    let (house, provider) = house("ES256").await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let (mut browser, mut there) = (Browser::new(&house), There::new(&house, &provider));
    let sent = browser.get(&app.link(&reference)).await;
    let back = there.log_in(&sent, "cancel").await;
    let answer = browser.get(within(&house, &back)).await;
    let led = answer.header("location");
    assert!(led.starts_with(CALLBACK), "{led}");
    assert_eq!(query(led)["error"], "access_denied");
}
