//! Clients that lead customers through whole grants at a program which may end at any moment, and
//! remember what they were answered and what they were not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crypto::SystemRandom;
use kit::{
    Answer, Browser, Dial, FORM, Folder, Method, PASSWORD, Partner, ProofKey, Version, encoded,
    query, way_back,
};
use model::{Clock, SystemClock};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::super::{BRANCHES, Form};
use crate::lives::{Lives, User};

/// How many lead customers at once.
const CLIENTS: usize = 6;

/// An answer that a client has: its request id, the type of its record where one must be durable,
/// its status, and the step of a grant that it tells of.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) id: String,
    pub(super) kind: Option<&'static str>,
    pub(super) status: u16,
    pub(super) step: Option<&'static str>,
}

/// What is known of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It must serve.
    Live,
    /// Its end was answered.
    Revoked,
    /// Its end was asked for, and no answer came.
    Doubtful,
    /// Its code was used again.
    Reused,
}

/// A grant whose tokens were answered.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) code: String,
    pub(super) refresh_token: String,
    pub(super) access_token: Value,
    pub(super) standing: Standing,
    /// What is known of the access token alone.
    pub(super) token: Standing,
}

#[derive(Default)]
struct Known {
    answered: Vec<Answered>,
    /// By refresh token.
    grants: BTreeMap<String, Grant>,
    /// Codes whose redemption was asked for, and no answer came.
    doubtful: Vec<String>,
    /// Request objects and proofs that were taken, once each.
    objects: Vec<String>,
    proofs: Vec<String>,
}

struct Ledger {
    known: Mutex<Known>,
    lives: Lives,
}

impl Ledger {
    fn with<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.known.lock().expect("no client panicked"))
    }

    fn note(&self, answer: &Answer, kind: Option<&'static str>, step: Option<&'static str>) {
        let answered = Answered {
            id: answer.request_id(),
            kind,
            status: answer.status.as_u16(),
            step,
        };
        self.with(|known| known.answered.push(answered));
        self.lives.answered();
    }
}

/// A client of a partner's.
pub(super) struct Client {
    partner: Partner,
    /// What it makes proofs with, for whom, and with which nonce.
    key: ProofKey,
    api_url: String,
    nonce: Option<String>,
    issuer: String,
    dial: Dial,
    folder: (std::net::SocketAddr, std::net::SocketAddr),
    browser: Dial,
    connection: kit::Client,
}

impl Client {
    pub(super) async fn of(folder: &Folder, client: &str) -> Self {
        let partner = Partner::in_folder(folder, client);
        let dial = folder.dial(Some(&partner.identity), Version::Http2);
        let connection = dial.connect(folder.api()).await.expect("a connection");
        Self {
            key: ProofKey::es256(),
            api_url: folder.prepared().api_url.clone(),
            nonce: None,
            issuer: folder.prepared().issuer_url.clone(),
            folder: (folder.api(), folder.issuer()),
            browser: folder.dial(None, Version::Http2),
            dial,
            connection,
            partner,
        }
    }

    async fn connect(&mut self) -> Option<()> {
        self.connection = self.dial.connect(self.folder.0).await.ok()?;
        Some(())
    }

    async fn post(&mut self, path: &str, form: Form) -> Option<Answer> {
        self.send(path, form, None).await
    }

    async fn send(&mut self, path: &str, form: Form, proof: Option<&str>) -> Option<Answer> {
        let assertion = self.partner.assertion(&self.issuer, &SystemClock::new());
        let form = form
            .with(
                "client_assertion_type",
                Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            )
            .with("client_assertion", Some(&assertion));
        let pair = |(name, value): &(&str, String)| format!("{name}={}", encoded(value));
        let body = form.0.iter().map(pair).collect::<Vec<_>>().join("&");
        let mut headers = vec![FORM];
        headers.extend(proof.map(|proof| ("dpop", proof)));
        let sent = self.connection.call(Method::POST, path, &headers, body);
        sent.await.ok()
    }

    /// Asks for a token of its own with this proof.
    pub(super) async fn own(&mut self, proof: &str) -> Option<Answer> {
        self.send("/token", Form::own(), Some(proof)).await
    }

    /// A new proof for a token.
    fn proof(&self) -> String {
        let mut claims = json!({
            "jti": chance(),
            "htm": "POST",
            "htu": format!("{}/token", self.api_url),
            "iat": SystemClock::new().now().as_second(),
        });
        if let Some(nonce) = &self.nonce {
            claims["nonce"] = nonce.as_str().into();
        }
        self.key.proof(&claims)
    }

    /// A new request object.
    fn object(&self) -> String {
        let now = SystemClock::new().now().as_second();
        let client = self.partner.client_id.as_str();
        let mut claims: Map<String, Value> = Form::request()
            .0
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        for (name, value) in [
            ("iss", json!(client)),
            ("client_id", json!(client)),
            ("aud", json!(self.issuer)),
            ("nbf", json!(now)),
            ("exp", json!(now + 3_000)),
            ("jti", json!(chance())),
        ] {
            claims.insert(name.to_owned(), value);
        }
        let key = &self.partner.signing_key;
        key.sign("oauth-authz-req+jwt", &claims).expect("signs")
    }

    /// Pushes the request of this object.
    pub(super) async fn push(&mut self, object: &str) -> Option<Answer> {
        let form = Form(vec![("request", object.to_owned())]);
        self.post("/par", form).await
    }

    pub(super) async fn redeem(&mut self, code: &str) -> Option<Answer> {
        self.post("/token", Form::code(code)).await
    }

    pub(super) async fn refresh(&mut self, token: &str) -> Option<Answer> {
        self.post("/token", Form::refresh(token)).await
    }

    /// The status that the road answers to this token.
    pub(super) async fn call(&mut self, token: &Value) -> Option<u16> {
        let bearer = format!("Bearer {}", token.as_str()?);
        let headers = [("authorization", bearer.as_str())];
        let sent = self.connection.call(Method::GET, BRANCHES, &headers, "");
        Some(sent.await.ok()?.status.as_u16())
    }
}

fn chance() -> String {
    crypto::base64url(&crypto::random_array::<16>(&SystemRandom))
}

/// The clients at work.
pub(super) struct Load {
    ledger: Arc<Ledger>,
    tasks: JoinSet<()>,
}

impl Load {
    pub(super) async fn start(folder: &Folder) -> Self {
        let ledger = Arc::new(Ledger {
            known: Mutex::default(),
            lives: Lives::new(),
        });
        let mut tasks = JoinSet::new();
        for number in 0..CLIENTS {
            let mut leader = Leader {
                client: Client::of(folder, "swiftride-app").await,
                ledger: Arc::clone(&ledger),
            };
            tasks.spawn(async move {
                let ledger = Arc::clone(&leader.ledger);
                ledger.lives.use_up(&mut leader, number).await;
            });
        }
        Self { ledger, tasks }
    }

    pub(super) fn count(&self) -> usize {
        self.ledger.lives.count()
    }

    pub(super) async fn reach(&self, wanted: usize) {
        self.ledger.lives.reach(wanted).await;
    }

    /// Waits until all clients know that the program is gone.
    pub(super) async fn is_broken(&self) {
        self.ledger.lives.is_broken(CLIENTS).await;
    }

    /// Says that another program is open.
    pub(super) fn go_on(&self) {
        self.ledger.lives.go_on();
    }

    /// The codes of which nobody knows whether they were redeemed.
    pub(super) fn take_doubtful_codes(&self) -> Vec<String> {
        self.ledger
            .with(|known| std::mem::take(&mut known.doubtful))
    }

    /// The request objects that were taken.
    pub(super) fn objects(&self) -> Vec<String> {
        self.ledger.with(|known| known.objects.clone())
    }

    /// The proofs that were taken.
    pub(super) fn proofs(&self) -> Vec<String> {
        self.ledger.with(|known| known.proofs.clone())
    }

    /// The grants that stand so.
    pub(super) fn grants(&self, standing: Standing) -> Vec<Grant> {
        let is_it = |grant: &&Grant| grant.standing == standing;
        let of = |known: &mut Known| known.grants.values().filter(is_it).cloned().collect();
        self.ledger.with(of)
    }

    /// The code of this grant was used again.
    pub(super) fn is_reused(&self, grant: &Grant) {
        self.ledger.with(|known| {
            let found = known.grants.get_mut(&grant.refresh_token);
            found.expect("a grant").standing = Standing::Reused;
        });
    }

    /// Ends the clients; what they were answered, and the grants that they have.
    pub(super) async fn end(mut self) -> (Vec<Answered>, Vec<Grant>) {
        self.ledger.lives.end();
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("a client that does not panic");
        }
        let take = |known: &mut Known| {
            (
                known.answered.clone(),
                known.grants.values().cloned().collect(),
            )
        };
        self.ledger.with(take)
    }
}

/// A client that leads customers.
struct Leader {
    client: Client,
    ledger: Arc<Ledger>,
}

impl User for Leader {
    async fn connect(&mut self) -> Option<()> {
        self.client.connect().await
    }

    async fn round(&mut self, number: usize) -> Option<()> {
        lead(&mut self.client, &self.ledger, number).await
    }
}

/// Leads a customer through a grant and uses it; `None` once the connection broke.
async fn lead(client: &mut Client, ledger: &Ledger, round: usize) -> Option<()> {
    let Some(code) = decided(client, ledger, round).await? else {
        return Some(());
    };
    let Some(answer) = client.redeem(&code).await else {
        ledger.with(|known| known.doubtful.push(code));
        return None;
    };
    ledger.note(&answer, Some("oauth.token"), Some("code.redeem"));
    let tokens = answer.ok();
    let refresh_token = tokens["refresh_token"].as_str().expect("text").to_owned();
    let access_token = tokens["access_token"].clone();
    let grant = Grant {
        code,
        refresh_token: refresh_token.clone(),
        access_token: access_token.clone(),
        standing: Standing::Live,
        token: Standing::Live,
    };
    ledger.with(|known| known.grants.insert(refresh_token.clone(), grant));
    assert_eq!(client.call(&access_token).await?, 200);
    let answer = client.refresh(&refresh_token).await?;
    ledger.note(&answer, Some("oauth.token"), None);
    answer.ok();
    prove(client, ledger).await?;
    let stands = |change: fn(&mut Grant, Standing), standing| {
        ledger.with(|known| {
            let grant = known.grants.get_mut(&refresh_token);
            change(grant.expect("a grant"), standing);
        });
    };
    let token: fn(&mut Grant, Standing) = |grant, standing| grant.token = standing;
    let whole: fn(&mut Grant, Standing) = |grant, standing| grant.standing = standing;
    if round.is_multiple_of(3) {
        stands(token, Standing::Doubtful);
        let text = access_token.as_str().expect("text");
        revoke(client, ledger, text, "token.revoke").await?;
        stands(token, Standing::Revoked);
        assert_eq!(client.call(&access_token).await?, 401);
    }
    if !round.is_multiple_of(2) {
        stands(whole, Standing::Doubtful);
        revoke(client, ledger, &refresh_token, "grant.revoke").await?;
        stands(whole, Standing::Revoked);
    }
    Some(())
}

async fn revoke(
    client: &mut Client,
    ledger: &Ledger,
    token: &str,
    step: &'static str,
) -> Option<()> {
    let form = Form(vec![("token", token.to_owned())]);
    let answer = client.post("/revoke", form).await?;
    ledger.note(&answer, Some("oauth.revoke"), Some(step));
    assert_eq!(answer.status, 200);
    Some(())
}

/// Gets a token that is bound to a key: with the nonce that is wanted after each start.
async fn prove(client: &mut Client, ledger: &Ledger) -> Option<()> {
    for _ in 0..2 {
        let proof = client.proof();
        let answer = client.own(&proof).await?;
        ledger.note(&answer, Some("oauth.token"), None);
        if let Some(nonce) = answer.headers.get("dpop-nonce") {
            client.nonce = Some(nonce.to_str().expect("text").to_owned());
        }
        if answer.status == 200 {
            ledger.with(|known| known.proofs.push(proof));
            return Some(());
        }
        assert_eq!(answer.json()["error"], "use_dpop_nonce", "{answer:?}");
    }
    panic!("a nonce that is wanted is not taken");
}

/// The code that a customer approved; inside, none where they refused.
async fn decided(client: &mut Client, ledger: &Ledger, round: usize) -> Option<Option<String>> {
    let pushed = if round.is_multiple_of(2) {
        let object = client.object();
        let pushed = client.push(&object).await?;
        ledger.with(|known| known.objects.push(object));
        pushed
    } else {
        client.post("/par", Form::request()).await?
    };
    ledger.note(&pushed, Some("oauth.par"), None);
    let reference = pushed.json()["request_uri"]
        .as_str()
        .expect("text")
        .to_owned();
    let mut browser = Browser::dialing(client.browser.clone(), client.folder.1);
    let reference = encoded(&reference);
    let link = format!("/authorize?client_id=swiftride-app&request_uri={reference}");
    let page = browser.try_get(&link).await?;
    let fields = [
        ("username", "li-lei"),
        ("password", PASSWORD),
        ("act", "log-in"),
    ];
    let entered = browser.try_send(&page, &fields).await?;
    ledger.note(&entered, None, Some("session.begin"));
    let page = browser.try_get(entered.header("location")).await?;
    let (act, step) = if round % 6 == 5 {
        ("refuse", "grant.refuse")
    } else {
        ("allow", "grant.approve")
    };
    let decided = browser.try_send(&page, &[("act", act)]).await?;
    ledger.note(&decided, None, Some(step));
    let done = browser.try_get(decided.header("location")).await?;
    let mut told = query(&way_back(&done));
    let code = told.remove("code");
    assert_eq!(code.is_none(), act == "refuse", "{told:?}");
    Some(code)
}
