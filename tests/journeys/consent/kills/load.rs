//! Customers who decide at a program that may end at any moment, by every way there is, and the app
//! that asks them: what they were answered is remembered.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use kit::{Answer, Browser, Client, Folder, Method, PASSWORD, html, query, way_back};
use model::{Clock, SystemClock};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::super::accesses::{ACCOUNTS, App, browser, call, code_on, link};
use super::super::control::consent;
use super::super::{account, id_of, naming};
use crate::grants::{Form, pushed};
use crate::lives::{Lives, User};

/// Who decides: each has an account that can be chosen.
pub(super) const CUSTOMERS: [&str; 4] = ["li-lei", "han-meimei", "zhao-joint", "qian-rich"];

const CONSENTS: &str = "/consents/v1/consents";
const REASON: &str = "the customer called: lost their phone";

/// What is known of a consent in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Its tokens were answered.
    Live,
    /// Its end was answered.
    Ended,
    /// Its end was asked for, and no answer came.
    Doubtful,
}

/// A consent whose tokens the app has.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) customer: &'static str,
    pub(super) refresh_token: String,
    pub(super) bearer: String,
    /// When its access token was given, in seconds.
    pub(super) since: i64,
    pub(super) standing: Standing,
}

#[derive(Default)]
struct Known {
    /// By the consent's id.
    given: BTreeMap<String, Given>,
    /// The ids that lodging was answered with.
    lodged: Vec<String>,
}

struct Ledger {
    known: Mutex<Known>,
    /// Where the start page of the program is.
    start: Mutex<String>,
    lives: Lives,
}

impl Ledger {
    fn with<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.known.lock().expect("no customer panicked"))
    }

    fn stands(&self, id: &str, standing: Standing) {
        self.with(|known| known.given.get_mut(id).expect("a consent").standing = standing);
    }
}

/// A customer, and the app.
struct Customer {
    name: &'static str,
    app: App,
    client: Client,
    browser: Browser,
    /// Makes a browser that nobody has used.
    anew: Arc<dyn Fn() -> Browser + Send + Sync>,
    config: PathBuf,
    ledger: Arc<Ledger>,
}

/// The customers at work.
pub(super) struct Load {
    ledger: Arc<Ledger>,
    tasks: JoinSet<()>,
}

impl Load {
    pub(super) async fn start(folder: &Arc<Folder>, start: &str) -> Self {
        let ledger = Arc::new(Ledger {
            known: Mutex::default(),
            start: Mutex::new(start.to_owned()),
            lives: Lives::new(),
        });
        let mut tasks = JoinSet::new();
        for (number, name) in CUSTOMERS.into_iter().enumerate() {
            let (app, of) = (App::of(folder), Arc::clone(folder));
            let client = app.connected().await.expect("a connection");
            let mut customer = Customer {
                name,
                app,
                client,
                browser: browser(folder),
                anew: Arc::new(move || browser(&of)),
                config: folder.config(),
                ledger: Arc::clone(&ledger),
            };
            tasks.spawn(async move {
                let ledger = Arc::clone(&customer.ledger);
                // They are not all at the same kind of round.
                ledger.lives.use_up(&mut customer, number * 3).await;
            });
        }
        Self { ledger, tasks }
    }

    pub(super) fn lives(&self) -> &Lives {
        &self.ledger.lives
    }

    /// Says that another program is open, and where its start page is.
    pub(super) fn go_on(&self, start: &str) {
        start.clone_into(&mut self.ledger.start.lock().expect("nobody panicked"));
        self.ledger.lives.go_on();
    }

    /// The consents whose tokens the app has, by their ids.
    pub(super) fn given(&self) -> BTreeMap<String, Given> {
        self.ledger.with(|known| known.given.clone())
    }

    /// The ids of those that the app lodged.
    pub(super) fn lodged(&self) -> Vec<String> {
        self.ledger.with(|known| known.lodged.clone())
    }

    /// Waits until the customers have ended.
    pub(super) async fn end(&mut self) {
        self.ledger.lives.end();
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("a customer who does not panic");
        }
    }
}

impl User for Customer {
    async fn connect(&mut self) -> Option<()> {
        self.client = self.app.connected().await?;
        Some(())
    }

    async fn round(&mut self, number: usize) -> Option<()> {
        match number % 10 {
            0 => drop(self.gives(asks(None), false).await?),
            1 => {
                let id = self.has_given().await?;
                self.withdraws(&id).await?;
            }
            2 => {
                let id = self.lodges().await?;
                self.gives(asks(Some(&id)), false).await?;
                self.gives_back(&id).await?;
            }
            3 => {
                let id = self.has_given().await?;
                self.is_withdrawn(&id).await?;
            }
            4 => self.refuses().await?,
            5 if number % 20 == 5 => self.is_locked_out().await?,
            5 => drop(self.reviews(asks(None)).await?),
            6 => {
                let id = self.lodges().await?;
                self.gives_back(&id).await?;
            }
            7 => {
                let id = self.has_given().await?;
                let again = self.gives(asks(Some(&id)), false).await?;
                assert_eq!(id, again, "it is renewed");
            }
            8 => {
                let id = self.has_given().await?;
                self.ledger.stands(&id, Standing::Doubtful);
                let more = naming(&id, "accounts transactions");
                // One that holds as much already is renewed, and stays.
                if self.gives(more, false).await? != id {
                    self.ledger.stands(&id, Standing::Ended);
                }
            }
            _ => drop(self.gives(asks(None), true).await?),
        }
        Some(())
    }
}

/// A request for accounts, which may name a consent.
fn asks(named: Option<&str>) -> Form {
    match named {
        Some(id) => naming(id, "accounts"),
        None => Form::request().with("scope", Some("accounts")),
    }
}

impl Customer {
    fn note(&self, answer: &Answer) {
        let page = String::from_utf8_lossy(&answer.body);
        assert!(answer.status.as_u16() < 500, "{answer:?}: {page}");
        self.ledger.lives.answered();
    }

    /// Goes where the answer to a form leads.
    async fn sends(&mut self, page: &Answer, fields: &[(&str, &str)]) -> Option<Answer> {
        let answer = self.browser.try_send(page, fields).await?;
        self.note(&answer);
        if answer.status == 200 {
            return Some(answer);
        }
        let next = self.browser.try_get(answer.header("location")).await?;
        self.note(&next);
        Some(next)
    }

    async fn logs_in(&mut self, page: &Answer) -> Option<Answer> {
        let (name, act) = (("username", self.name), ("act", "log-in"));
        self.sends(page, &[name, ("password", PASSWORD), act]).await
    }

    async fn posts(&self, path: &str, form: Form) -> Option<Answer> {
        let answer = self.app.post(path, form).await?;
        self.note(&answer);
        Some(answer)
    }

    /// The page on which the customer decides, in a browser that nobody has used.
    async fn reviews(&mut self, form: Form) -> Option<Answer> {
        let reference = pushed(&self.posts("/par", form).await?);
        self.browser = (self.anew)();
        let page = self.browser.try_get(&link(&reference)).await?;
        self.note(&page);
        self.logs_in(&page).await
    }

    /// The page of the one-time code. Who gives a consent once more chooses nothing.
    async fn allows(&mut self, form: Form) -> Option<Answer> {
        let review = self.reviews(form).await?;
        let is_choice = html(&review).contains("name=\"account\"");
        let chosen = is_choice.then(|| account(&review, 1));
        let mut allows = vec![("act", "allow")];
        allows.extend(chosen.iter().map(|id| ("account", id.as_str())));
        if html(&review).contains("name=\"separate\"") {
            allows.push(("separate", "yes"));
        }
        let confirm = self.sends(&review, &allows).await?;
        assert!(html(&confirm).contains("id=\"code\""), "{}", html(&confirm));
        Some(confirm)
    }

    /// The code that they were sent, and one that they were not.
    async fn codes(&self) -> Option<(String, &'static str)> {
        let start = self.ledger.start.lock().expect("nobody panicked").clone();
        let code = code_on(&start, self.name).await?;
        let other = if code == "000000" { "111111" } else { "000000" };
        Some((code, other))
    }

    /// Gives a consent, after a wrong code if that is wished, and has the app use it; its id.
    async fn gives(&mut self, form: Form, is_wrong_first: bool) -> Option<String> {
        let mut confirm = self.allows(form).await?;
        let (code, other) = self.codes().await?;
        if is_wrong_first {
            let wrong = [("code", other), ("act", "allow")];
            confirm = self.sends(&confirm, &wrong).await?;
        }
        let done = [("code", &*code), ("act", "allow")];
        let done = self.sends(&confirm, &done).await?;
        let back = query(&way_back(&done));
        let code = back.get("code").unwrap_or_else(|| panic!("{back:?}"));
        let tokens = self.posts("/token", Form::code(code)).await?.ok();
        let (id, given) = self.has(&tokens);
        let bearer = given.bearer.clone();
        self.ledger
            .with(|known| known.given.insert(id.clone(), given));
        for _ in 0..2 {
            let answer = call(&mut self.client, &bearer, ACCOUNTS, true).await?;
            self.note(&answer);
        }
        Some(id)
    }

    /// A consent that they gave before, as long as there is one in force; else one that they give
    /// now. A life of the program may be too short for more.
    async fn has_given(&mut self) -> Option<String> {
        let name = self.name;
        let is_it = |its: &Given| its.customer == name && its.standing == Standing::Live;
        let live = self.ledger.with(|known| {
            let mut given = known.given.iter();
            given.find(|(_, its)| is_it(its)).map(|(id, _)| id.clone())
        });
        match live {
            Some(id) => Some(id),
            None => self.gives(asks(None), false).await,
        }
    }

    fn has(&self, tokens: &Value) -> (String, Given) {
        let text = |name: &str| tokens[name].as_str().expect("text").to_owned();
        let given = Given {
            customer: self.name,
            refresh_token: text("refresh_token"),
            bearer: format!("Bearer {}", text("access_token")),
            since: SystemClock::new().now().as_second(),
            standing: Standing::Live,
        };
        (id_of(tokens), given)
    }

    async fn refuses(&mut self) -> Option<()> {
        let review = self.reviews(asks(None)).await?;
        let done = self.sends(&review, &[("act", "refuse")]).await?;
        let back = query(&way_back(&done));
        assert_eq!(back["error"], "access_denied", "{back:?}");
        Some(())
    }

    /// Types three codes that are none.
    async fn is_locked_out(&mut self) -> Option<()> {
        let mut page = self.allows(asks(None)).await?;
        let (_, other) = self.codes().await?;
        for _ in 0..3 {
            let wrong = [("code", other), ("act", "allow")];
            page = self.sends(&page, &wrong).await?;
        }
        let back = query(&way_back(&page));
        assert_eq!(back["error"], "access_denied", "{back:?}");
        Some(())
    }

    /// Withdraws on the page, which may ask who is there.
    async fn withdraws(&mut self, id: &str) -> Option<()> {
        let page = format!("/permissions/{id}/withdraw");
        let mut page = self.browser.try_get(&page).await?;
        self.note(&page);
        if html(&page).contains("name=\"password\"") {
            page = self.logs_in(&page).await?;
        }
        assert!(
            html(&page).contains("id=\"confirm-withdraw\""),
            "{}",
            html(&page)
        );
        self.ledger.stands(id, Standing::Doubtful);
        let done = self.browser.try_send(&page, &[("act", "withdraw")]).await?;
        self.is_over(id, &done);
        Some(())
    }

    fn is_over(&self, id: &str, answer: &Answer) {
        self.note(answer);
        self.ledger.stands(id, Standing::Ended);
    }

    /// The bank withdraws it: in the running program, or in the store of one that is gone.
    async fn is_withdrawn(&mut self, id: &str) -> Option<()> {
        self.ledger.stands(id, Standing::Doubtful);
        let (config, of) = (self.config.clone(), id.to_owned());
        let asked = tokio::task::spawn_blocking(move || {
            consent(&config, &["withdraw", &of, "--reason", REASON])
        });
        let said = asked.await.expect("a command");
        // Killed on the way, it does not know; it is never told that there is nothing to withdraw.
        assert_ne!(said.code, Some(1), "{said:?}");
        if said.code == Some(0) {
            self.ledger.lives.answered();
            self.ledger.stands(id, Standing::Ended);
        }
        Some(())
    }

    /// Has the app ask for a consent before its customer comes; its id.
    async fn lodges(&mut self) -> Option<String> {
        let wish = json!({ "scope": "accounts" }).to_string();
        let answer = self.resource(Method::POST, CONSENTS, wish).await?;
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        self.ledger.with(|known| known.lodged.push(id.clone()));
        Some(id)
    }

    /// Has the app give a consent back.
    async fn gives_back(&mut self, id: &str) -> Option<()> {
        let is_given = |known: &mut Known| known.given.contains_key(id);
        let is_given = self.ledger.with(is_given);
        if is_given {
            self.ledger.stands(id, Standing::Doubtful);
        }
        let path = format!("{CONSENTS}/{id}");
        self.resource(Method::DELETE, &path, String::new()).await?;
        if is_given {
            self.ledger.stands(id, Standing::Ended);
        }
        Some(())
    }

    async fn resource(&mut self, method: Method, path: &str, body: String) -> Option<Answer> {
        let own = Form::own().with("scope", Some("consents"));
        let token = self.posts("/token", own).await?.ok();
        let bearer = format!("Bearer {}", token["access_token"].as_str().expect("text"));
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let sent = self.client.call(method, path, &headers, body).await;
        let answer = sent.ok()?;
        self.note(&answer);
        Some(answer)
    }
}
