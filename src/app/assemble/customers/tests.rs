use std::error::Error;
use std::fmt::Write as _;
use std::future::pending;
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderName;
use http_body_util::BodyExt;
use model::{Breach, Connection, Handler, ListenerId, MovedClock, Request, Response, UpstreamId};
use serde_json::json;
use tokio_util::task::TaskTracker;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};
use upstream::{EndpointSettings, UpstreamLimits, UpstreamSettings};

use super::*;

const PASSWORD: &str = "planted-\"pass\\word\"-李-7Qx9Zk";
pub(super) const AMPLE: Duration = Duration::from_secs(30);

/// A bank's service that answers every question alike and keeps what it was asked.
struct Service {
    status: u16,
    body: String,
    is_silent: bool,
    asked: Arc<Mutex<Vec<(http::request::Parts, String)>>>,
}

impl Handler for Service {
    fn handle(&self, _: Arc<Connection>, request: Request) -> BoxFuture<'_, Response> {
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.expect("whole").to_bytes();
            let body = String::from_utf8(body.to_vec()).expect("text");
            self.asked.lock().expect("a list").push((head, body));
            if self.is_silent {
                return pending().await;
            }
            let answer = http::Response::builder().status(self.status);
            let answer = answer.body(model::full(self.body.clone()));
            answer.expect("an answer")
        }
        .boxed()
    }

    fn refuse(&self, _: &Connection, _: &http::request::Parts, breach: Breach) -> Response {
        panic!("{}", breach.what)
    }
}

/// The service, listening, and the customers who are asked of it.
pub(super) struct Bench {
    customers: BankCustomers,
    pub(super) port: u16,
    pub(super) asked: Arc<Mutex<Vec<(http::request::Parts, String)>>>,
    _edge: edge::Edge,
}

impl Bench {
    pub(super) fn new(status: u16, body: &impl ToString) -> Self {
        Self::with(status, body, false)
    }

    fn with(status: u16, body: &impl ToString, is_silent: bool) -> Self {
        let asked = Arc::default();
        let service = Service {
            status,
            body: body.to_string(),
            is_silent,
            asked: Arc::clone(&asked),
        };
        let edge = edge::Edge::new(Arc::new(service), Arc::new(MovedClock::running()));
        let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let settings = edge::ListenerSettings {
            id: ListenerId::parse("service").expect("an id"),
            tls: None,
            limits: edge::Limits::default(),
        };
        let address = edge.open(socket, settings).expect("open");
        Self {
            customers: customers_at(address.port()),
            port: address.port(),
            asked,
            _edge: edge,
        }
    }

    async fn says(&self) -> Result<LogIn, CustomersUnavailable> {
        log_in(&self.customers, PASSWORD, AMPLE).await
    }
}

fn customers_at(port: u16) -> BankCustomers {
    let (upstream, clock) = upstream_at(port);
    let path = PathAndQuery::from_static("/customers/v1/log-in");
    BankCustomers::new(upstream, path, clock)
}

/// A service on this port of ours, with the clock that it is asked by.
pub(super) fn upstream_at(port: u16) -> (Arc<Upstream>, Arc<dyn Clock>) {
    let clock: Arc<dyn Clock> = Arc::new(MovedClock::running());
    let settings = UpstreamSettings {
        id: UpstreamId::parse("core").expect("an id"),
        endpoints: vec![EndpointSettings {
            host: "127.0.0.1".to_owned(),
            port,
        }],
        tls: None,
        limits: UpstreamLimits::default(),
    };
    let upstream = Upstream::new(settings, Arc::clone(&clock), TaskTracker::new());
    (upstream.expect("an upstream"), clock)
}

async fn log_in(
    customers: &BankCustomers,
    password: &str,
    deadline: Duration,
) -> Result<LogIn, CustomersUnavailable> {
    let request = RequestId::new(Timestamp::UNIX_EPOCH, [7; 10]);
    let interaction = InteractionId::new([9; 16]);
    let asked = customers.log_in("li-lei", password, request, &interaction, deadline);
    asked.await
}

/// All that could be printed of a failure.
pub(super) fn printed(failure: &CustomersUnavailable) -> String {
    let mut text = format!("{failure:?} {failure:#?}");
    let mut cause: Option<&dyn Error> = Some(failure);
    while let Some(error) = cause {
        let _ = write!(text, " {error} {error:?}");
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn the_bank_is_asked_by_post_with_the_ids_and_nothing_else() {
    let bench = Bench::new(401, &json!({ "tries_left": 4 }));
    bench.says().await.expect("an answer");
    let asked = bench.asked.lock().expect("a list");
    let [(head, body)] = &asked[..] else {
        panic!("asked {} times", asked.len());
    };
    assert_eq!(
        (head.method.as_str(), head.uri.path()),
        ("POST", "/customers/v1/log-in")
    );
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body, json!({ "user_name": "li-lei", "password": PASSWORD }));
    let mut names: Vec<_> = head.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let ours = ["accept", "content-length", "content-type", "host"];
    assert_eq!(
        names,
        [&ours[..], &["x-fapi-interaction-id", "x-request-id"]].concat()
    );
    assert_eq!(head.headers["content-type"], "application/json");
    let interaction = "09090909-0909-4909-8909-090909090909";
    assert_eq!(head.headers["x-fapi-interaction-id"], interaction);
    let request = RequestId::new(Timestamp::UNIX_EPOCH, [7; 10]).to_string();
    assert_eq!(head.headers["x-request-id"], request.as_str());
}

#[tokio::test]
async fn each_answer_of_the_bank_is_understood() {
    let customer = |shown: &str, acr: Option<&str>| {
        LogIn::Known(Customer {
            subject: "c-1".to_owned(),
            shown: shown.to_owned(),
            acr: acr.map(str::to_owned),
        })
    };
    let until = "2026-11-23T08:15:00Z".parse().expect("an instant");
    let long = "李".repeat(200);
    let answers = [
        (
            200,
            json!({ "customer": "c-1", "shown": "李雷", "acr": "urn:x:1", "new": [{}] }),
            customer("李雷", Some("urn:x:1")),
        ),
        (
            200,
            json!({ "customer": "c-1", "shown": long, "acr": null }),
            customer(&long, None),
        ),
        (
            401,
            json!({ "tries_left": 1, "title": "Unauthorized" }),
            LogIn::Wrong { tries_left: 1 },
        ),
        (
            423,
            json!({ "locked_until": "2026-11-23T16:15:00+08:00" }),
            LogIn::LockedUntil(until),
        ),
    ];
    for (status, body, means) in answers {
        let bench = Bench::new(status, &body);
        assert_eq!(bench.says().await.expect("an answer"), means, "{body}");
    }
}

/// Answers that are none, each with the password in it where it can be.
fn no_answers() -> Vec<(u16, String)> {
    let known = |name: &str, value: serde_json::Value| {
        let mut body = json!({ "customer": "c-1", "shown": "li-lei" });
        body[name] = value;
        (200, body.to_string())
    };
    let echoed = json!({ "user_name": "li-lei", "password": PASSWORD }).to_string();
    let mut all = vec![
        (500, echoed.clone()),
        (403, echoed.clone()),
        (429, echoed.clone()),
        (302, String::new()),
        (204, String::new()),
        (
            201,
            json!({ "customer": "c-1", "shown": "li-lei" }).to_string(),
        ),
        (200, echoed),
        (200, PASSWORD.to_owned()),
        (200, String::new()),
        (200, "null".to_owned()),
        (200, json!(["c-1", "li-lei", null]).to_string()),
        (200, json!({ "customer": "c-1" }).to_string()),
        (
            200,
            r#"{"customer":"c-1","customer":"c-2","shown":"x"}"#.to_owned(),
        ),
        (200, r#"{"customer":"c-1","shown":"x"}x"#.to_owned()),
        known("customer", json!("")),
        known("customer", json!(1)),
        known("customer", json!("c 1")),
        known("customer", json!("李雷")),
        known("customer", json!("c".repeat(256))),
        known("shown", json!("")),
        known("shown", json!("x".repeat(201))),
        known("shown", json!("li\nlei")),
        known("shown", json!({ PASSWORD: 1 })),
        known("acr", json!("")),
        known("acr", json!(PASSWORD)),
        known("acr", json!([PASSWORD])),
        known("more", json!("x".repeat(ANSWER_BYTES_MAX))),
    ];
    for tries_left in [
        json!(PASSWORD),
        json!(0),
        json!(-1),
        json!("4"),
        json!(1.5),
        json!(1u64 << 32),
    ] {
        all.push((401, json!({ "tries_left": tries_left }).to_string()));
    }
    all.push((401, "{}".to_owned()));
    for until in [json!(PASSWORD), json!(1), json!("2026-11-23"), json!(null)] {
        all.push((423, json!({ "locked_until": until }).to_string()));
    }
    all
}

#[tokio::test]
async fn whatever_is_no_answer_logs_nobody_in_and_is_asked_once() {
    for (status, body) in no_answers() {
        let bench = Bench::new(status, &body);
        let failure = bench.says().await.expect_err(&body);
        assert!(failure.source().is_some(), "{status} {body}");
        assert_eq!(
            bench.asked.lock().expect("a list").len(),
            1,
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn a_bank_that_is_silent_is_waited_for_until_the_deadline_and_asked_once() {
    let bench = Bench::with(200, &"", true);
    let failure = log_in(&bench.customers, PASSWORD, Duration::from_secs(1)).await;
    let _ = failure.expect_err("no answer");
    assert_eq!(bench.asked.lock().expect("a list").len(), 1);
    let failure = log_in(&bench.customers, PASSWORD, Duration::ZERO).await;
    let _ = failure.expect_err("no time");
    assert_eq!(
        bench.asked.lock().expect("a list").len(),
        1,
        "not asked at all"
    );
}

/// Takes connections, reads a request from each and says these bytes; then it hangs up, or stays on
/// the line without another word.
fn breaks_off(says: &'static [u8], stays: bool) -> (u16, Arc<AtomicUsize>) {
    use std::io::{Read, Write};
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let (mut socket, mut read) = (socket.expect("a connection"), Vec::new());
            let mut bytes = [0; 1024];
            while !read.ends_with(b"}") {
                let count = socket.read(&mut bytes).unwrap_or(0);
                if count == 0 {
                    break;
                }
                read.extend_from_slice(&bytes[..count]);
            }
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = socket.write_all(says);
            if stays {
                let _ = socket.read_to_end(&mut read);
            }
        }
    });
    (port, asked)
}

const HALF: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"customer\":\"c-1\"";

#[tokio::test]
async fn the_deadline_holds_for_the_answers_last_byte() {
    let (port, asked) = breaks_off(HALF, true);
    let customers = customers_at(port);
    let asking = log_in(&customers, PASSWORD, Duration::from_secs(1));
    // Less than what the upstream allows a body to pause.
    let answer = tokio::time::timeout(Duration::from_secs(20), asking).await;
    let failure = answer.expect("an end").expect_err("no answer");
    assert_eq!(failure.doing, "waiting for the whole answer");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_bank_that_hangs_up_is_not_asked_again() {
    for says in [&b""[..], b"HTTP/1.1 200", b"planted-\r\n\r\n", HALF] {
        let (port, asked) = breaks_off(says, false);
        let customers = customers_at(port);
        let _ = log_in(&customers, PASSWORD, AMPLE)
            .await
            .expect_err("no answer");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

/// Everything that is logged, at every level.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<String>>);

impl<S: tracing::Subscriber> Layer<S> for Written {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
    }

    fn on_new_span(
        &self,
        span: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: Context<'_, S>,
    ) {
        span.record(&mut self.clone());
    }
}

impl Visit for Written {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut written = self.0.lock().expect("a text");
        let _ = writeln!(written, "{field}={value:?}");
    }
}

#[tokio::test]
async fn a_planted_password_stands_in_no_log_and_no_error() {
    let written = Written::default();
    let _guard = tracing::subscriber::set_default(Registry::default().with(written.clone()));
    tracing::info!(error = "the search reads what is logged", "begun");
    let (gone, _) = breaks_off(b"", false);
    let mut failures = vec![log_in(&customers_at(gone), PASSWORD, AMPLE).await];
    for (status, body) in no_answers() {
        failures.push(Bench::new(status, &body).says().await);
    }
    let silent = Bench::with(200, &"", true);
    failures.push(log_in(&silent.customers, PASSWORD, Duration::from_millis(50)).await);
    let mut text = String::new();
    for failure in failures {
        text.push_str(&printed(&failure.expect_err("no answer")));
    }
    let known = json!({ "customer": "planted-subject-1", "shown": "planted-shown-1" });
    let known = Bench::new(200, &known).says().await.expect("a customer");
    let _ = write!(text, "{known:?}");
    text.push_str(&written.0.lock().expect("a text"));
    assert!(text.contains("the search reads what is logged"), "{text}");
    assert!(text.contains("it is not the JSON object"), "{text}");
    for secret in [
        "planted-",
        "pass\\",
        "7Qx9Zk",
        "cGxhbnRlZC0",
        "706c616e7465642d",
    ] {
        assert!(!text.contains(secret), "{secret} stands in {text}");
    }
}

#[cfg(feature = "sandbox")]
mod model_bank {
    use config::{Loader, Mode};

    use super::*;
    use crate::run::Configuration;
    use crate::sandbox::{Addresses, SandboxHouse};

    /// A sandbox, and its model bank's customers asked over mutual TLS, with the certificate of the
    /// gateway or without one.
    async fn open(
        dir: &std::path::Path,
        clock: &Arc<MovedClock>,
    ) -> (SandboxHouse, BankCustomers, BankCustomers) {
        let [api, issuer, bank] =
            [0; 3].map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"));
        let addresses = Addresses::bound(api, issuer, bank).expect("bound");
        let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
        let house = SandboxHouse::open(dir, addresses, Arc::clone(&clock), Arc::new(|_| None));
        let house = house
            .await
            .expect("a house")
            .unwrap_or_else(|m| panic!("{m}"));
        let file = house.prepared.config.clone();
        let loader = Loader::new(file, Mode::Sandbox, Arc::new(|_| None));
        let read = Configuration::load(loader, clock.as_ref());
        let read = read.unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let with = read.house.banks[0].upstreams[0].clone();
        let mut without = with.clone();
        without.tls.as_mut().expect("TLS").identity = None;
        let [ours, strangers] = [with, without].map(|settings| {
            let upstream = Upstream::new(settings, Arc::clone(&clock), TaskTracker::new());
            let path = PathAndQuery::from_static("/customers/v1/log-in");
            BankCustomers::new(upstream.expect("an upstream"), path, Arc::clone(&clock))
        });
        (house, ours, strangers)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_model_bank_knows_its_customers_locks_and_unlocks() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(MovedClock::running());
        let (house, ours, strangers) = open(folder.path(), &clock).await;
        let known = LogIn::Known(Customer {
            subject: "harbour-000101".to_owned(),
            shown: sandbox::CUSTOMERS[0].to_owned(),
            acr: Some("urn:harbour:password".to_owned()),
        });
        let right = || log_in(&ours, sandbox::PASSWORD, AMPLE);
        assert_eq!(right().await.expect("an answer"), known);
        for tries_left in [4, 3, 2, 1] {
            let wrong = log_in(&ours, PASSWORD, AMPLE).await.expect("an answer");
            assert_eq!(wrong, LogIn::Wrong { tries_left });
        }
        let before = clock.now();
        let locked = log_in(&ours, PASSWORD, AMPLE).await.expect("an answer");
        let LogIn::LockedUntil(until) = locked else {
            panic!("{locked:?}");
        };
        let quarter = Duration::from_mins(15);
        assert!((before + quarter..=clock.now() + quarter).contains(&until));
        assert_eq!(right().await.expect("an answer"), LogIn::LockedUntil(until));
        clock.advance(quarter);
        assert_eq!(right().await.expect("an answer"), known);
        let calls = house.bank.calls();
        let refused = log_in(&strangers, sandbox::PASSWORD, AMPLE).await;
        let _ = refused.expect_err("no answer to one without the gateway's certificate");
        assert_eq!(house.bank.calls(), calls, "the handshake failed");
        let (running, edge) = house.into_parts();
        running.stop().await;
        edge.drain(Duration::from_secs(5)).await;
    }
}
