//! What went out under a consent is shown to its customer as the audit log tells it, after the real
//! program was killed too (specs/consent.md D2).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use kit::{
    Answer, Browser, Client, Dial, FORM, Folder, Method, Partner, Version, encoded, html, query,
    records, way_back,
};
use model::SystemClock;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{account, id_of, on};
use crate::grants::{Form, log_in, pushed};
use crate::process::{PATIENCE, Program, assert_clean, eventually, mortise};

pub(super) const ACCOUNTS: &str = "/accounts/v1/accounts";
/// Says that the customer is there.
const ATTENDED: (&str, &str) = ("x-fapi-customer-ip-address", "203.0.113.7");
/// How often the program is killed, and how many calls are answered before each time.
const KILLS: usize = 3;
const CALLS: usize = 20;

/// A sandbox whose customers consent.
pub(super) struct Sandbox {
    pub(super) program: Program,
    /// Where its start page is.
    pub(super) start: String,
}

impl Sandbox {
    /// The program in this folder, for this time, once it is open.
    pub(super) async fn open(folder: &Folder, time: usize) -> Self {
        let ready: PathBuf = folder.dir().join(format!("ready-{time}.json"));
        let mut command = mortise();
        command.args(["sandbox", "--dir"]).arg(folder.dir());
        let program = Program::start(command.arg("--ready-file").arg(&ready));
        let said = eventually("an open sandbox", || std::fs::read(&ready).ok()).await;
        let said: Value = serde_json::from_slice(&said).expect("JSON");
        let start = said["start"].as_str().expect("a start page").to_owned();
        Self { program, start }
    }
}

/// The newest one-time code of this customer on a start page; `None` when there is no page.
pub(super) async fn code_on(start: &str, customer: &str) -> Option<String> {
    let host = start.trim_start_matches("http://").trim_end_matches('/');
    let mut socket = TcpStream::connect(host).await.ok()?;
    let asks = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    socket.write_all(asks.as_bytes()).await.ok()?;
    let mut page = String::new();
    socket.read_to_string(&mut page).await.ok()?;
    let (page, _) = page.split_once("</html>")?;
    let theirs = format!("<code>{customer}</code>");
    let mut codes = page.split("class=\"digits\">").skip(1);
    let code = codes.find(|code| code.contains(&theirs)).expect("a code");
    Some(code[..6].to_owned())
}

/// A partner's client, as it calls a program that may end at any moment.
pub(super) struct App {
    api: SocketAddr,
    issuer: String,
    partner: Partner,
    dial: Dial,
}

impl App {
    pub(super) fn of(folder: &Folder) -> Self {
        let partner = Partner::in_folder(folder, "swiftride-app");
        Self {
            api: folder.api(),
            issuer: folder.prepared().issuer_url.clone(),
            dial: folder.dial(Some(&partner.identity), Version::Http2),
            partner,
        }
    }

    /// A connection; `None` when nobody listens.
    pub(super) async fn connected(&self) -> Option<Client> {
        self.dial.connect(self.api).await.ok()
    }

    /// What an endpoint of clients answers; `None` when the connection broke.
    pub(super) async fn post(&self, path: &str, form: Form) -> Option<Answer> {
        let assertion = self.partner.assertion(&self.issuer, &SystemClock::new());
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let form = form
            .with("client_assertion_type", Some(kind))
            .with("client_assertion", Some(&assertion));
        let pair = |(name, value): &(&str, String)| format!("{name}={}", encoded(value));
        let body = form.0.iter().map(pair).collect::<Vec<_>>().join("&");
        let mut client = self.connected().await?;
        client.call(Method::POST, path, &[FORM], body).await.ok()
    }

    /// The tokens of a customer who lets it see their first account.
    async fn tokens(&self, sandbox: &Sandbox, folder: &Folder, customer: &str) -> Value {
        let form = Form::request().with("scope", Some("accounts"));
        let reference = pushed(&self.post("/par", form).await.expect("an answer"));
        let mut browser = browser(folder);
        let page = browser.get(&link(&reference)).await;
        let review = log_in(&mut browser, &page, customer).await;
        let chosen = account(&review, 1);
        let allows = [("separate", "yes"), ("account", &*chosen), ("act", "allow")];
        let confirm = on(&mut browser, &review, &allows).await;
        let code = code_on(&sandbox.start, customer).await.expect("a code");
        let done = on(&mut browser, &confirm, &[("code", &code), ("act", "allow")]).await;
        let back = query(&way_back(&done));
        let tokens = self.post("/token", Form::code(&back["code"])).await;
        tokens.expect("an answer").ok()
    }
}

/// The link that sends a customer to a request that was pushed.
pub(super) fn link(reference: &str) -> String {
    let reference = encoded(reference);
    format!("/authorize?client_id=swiftride-app&request_uri={reference}")
}

pub(super) fn browser(folder: &Folder) -> Browser {
    Browser::dialing(folder.dial(None, Version::Http2), folder.issuer())
}

/// A call under a consent; the last has its answer no more when the program was killed.
pub(super) async fn call(
    client: &mut Client,
    token: &str,
    path: &str,
    is_attended: bool,
) -> Option<Answer> {
    let mut headers = vec![("authorization", token)];
    headers.extend(is_attended.then_some(ATTENDED));
    client.call(Method::GET, path, &headers, "").await.ok()
}

/// What a customer is told of an access, by request: status, and whether they were there.
pub(super) type Accesses = BTreeMap<String, (u64, bool)>;

/// What the log tells of the accesses under a consent.
fn logged(folder: &Folder, id: &str) -> Accesses {
    let gid = crypto::base64url(&crypto::sha256(id.as_bytes()));
    let records = records(&folder.prepared().audit);
    let of_consent = records.iter().filter(|record| {
        record["type"] == "api.access" && record["consent"]["gid"] == gid.as_str()
    });
    let told = of_consent.map(|record| {
        let request = record["req"].as_str().expect("an id").to_owned();
        let status = record["outcome"]["status"].as_u64().expect("a status");
        let attended = &record["consent"]["attended"];
        (request, (status, attended.as_bool().expect("yes or no")))
    });
    told.collect()
}

/// What the customer is shown of them, on all pages; `None` where one stands on two, since others
/// came while the pages were turned.
async fn shown(browser: &mut Browser, id: &str) -> Option<Accesses> {
    let mut shown = Accesses::new();
    let mut next = Some(format!("/permissions/{id}?page=1"));
    while let Some(page) = next {
        let json = browser.get(&format!("{page}&format=json")).await.ok();
        for access in json["accesses"].as_array().expect("accesses") {
            let request = access["request"].as_str().expect("an id").to_owned();
            let status = access["status"].as_u64().expect("a status");
            let attended = access["attended"].as_bool().expect("yes or no");
            if shown.insert(request, (status, attended)).is_some() {
                return None;
            }
        }
        next = json["next"].as_str().map(str::to_owned);
    }
    Some(shown)
}

/// Waits until the customer is shown what the log tells.
pub(super) async fn until_shown(browser: &mut Browser, folder: &Folder, id: &str) -> Accesses {
    let search = async {
        loop {
            let (logged, shown) = (logged(folder, id), shown(browser, id).await);
            if let Some(shown) = shown.filter(|shown| *shown == logged) {
                return shown;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, search).await;
    found.unwrap_or_else(|_| panic!("shown is not what is logged: {:?}", logged(folder, id)))
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kills_a_customer_is_shown_each_access_that_the_log_tells_of_and_no_other() {
    let (slow, fast) = (
        "rate: 5/s, burst: 10 requests",
        "rate: 1000/s, burst: 1000 requests",
    );
    let folder = Folder::consenting().edit(slow, fast);
    let mut sandbox = Sandbox::open(&folder, 0).await;
    let app = App::of(&folder);
    let tokens = app.tokens(&sandbox, &folder, "li-lei").await;
    let id = id_of(&tokens);
    let token = format!("Bearer {}", tokens["access_token"].as_str().expect("text"));
    let others = format!("{ACCOUNTS}/acc-AAAAAAAAAAAAAAAAAAAAAA/balances");

    let mut answered = Accesses::new();
    for kill in 1..=KILLS {
        let mut client = app.connected().await.expect("a connection");
        for number in 0..CALLS {
            let path = if number % 5 == 0 { &*others } else { ACCOUNTS };
            let is_attended = number % 4 != 0;
            let answer = call(&mut client, &token, path, is_attended).await;
            let answer = answer.expect("an answer");
            let told = (u64::from(answer.status.as_u16()), is_attended);
            answered.insert(answer.request_id(), told);
        }
        // With one more under way.
        let under_way = call(&mut client, &token, ACCOUNTS, true);
        let (_, ()) = tokio::join!(under_way, async { sandbox.program.kill() });
        sandbox = Sandbox::open(&folder, kill).await;
        assert_clean(&folder.prepared().audit);
    }

    let mut browser = browser(&folder);
    let page = browser.get("/permissions").await;
    let list = log_in(&mut browser, &page, "li-lei").await;
    assert!(html(&list).contains("SwiftRide"), "{}", html(&list));
    let shown = until_shown(&mut browser, &folder, &id).await;
    for (request, told) in &answered {
        assert_eq!(shown.get(request), Some(told), "{request}");
    }
    let statuses: std::collections::BTreeSet<u64> =
        shown.values().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [200, 403, 429].into(), "all kinds were tried");
    assert!(shown.len() <= KILLS * (CALLS + 1), "{}", shown.len());

    // And what comes while it runs is shown without a start.
    let mut client = app.connected().await.expect("a connection");
    let answer = call(&mut client, &token, ACCOUNTS, true).await;
    let request = answer.expect("an answer").request_id();
    let shown = until_shown(&mut browser, &folder, &id).await;
    assert_eq!(shown.get(&request), Some(&(200, true)));
    assert_eq!(sandbox.program.stop().await, Some(0));
}
