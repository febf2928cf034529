//! A client may hang up at any await: each exchange is dropped after its k-th poll, for every k
//! until it completes. One record each says what became of it, and nothing is left behind.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use kit::{
    Answer, Bytes, EchoBank, FORM, HouseBuilder, Left, Method, Moment, Partner, RequestBody,
    TestHouse, Version, given_up_after, hesitant, read_handled, token_form, whole,
};
use serde_json::Value;

use crate::process::eventually;

const INTERACTION: &str = "x-fapi-interaction-id";
/// No exchange takes so many polls.
const POLLS_MAX: usize = 500;

/// One kind of exchange.
#[derive(Debug, Clone, Copy)]
struct Kind {
    method: &'static str,
    target: &'static str,
    is_sent_in_pieces: bool,
}

impl Kind {
    const fn get(target: &'static str) -> Self {
        Self {
            method: "GET",
            target,
            is_sent_in_pieces: false,
        }
    }

    const fn post(target: &'static str) -> Self {
        Self {
            method: "POST",
            target,
            is_sent_in_pieces: true,
        }
    }

    fn method(self) -> Method {
        Method::from_bytes(self.method.as_bytes()).expect("a method")
    }

    fn body(self) -> RequestBody {
        if self.is_sent_in_pieces {
            hesitant([3_000, 2_000, 1_000].map(|bytes| vec![7; bytes].into()))
        } else {
            whole("")
        }
    }
}

/// Both classes; answers that come at once, in two parts, and without a body; requests with a body
/// that comes in pieces.
const KINDS: [Kind; 8] = [
    Kind::get("/echo/v1/open"),
    Kind::get("/echo/v1/open?held"),
    Kind::get("/echo/v1/open?empty"),
    Kind::post("/echo/v1/open"),
    Kind::get("/echo/v1/guarded"),
    Kind::get("/echo/v1/guarded?held"),
    Kind::get("/echo/v1/guarded?empty"),
    Kind::post("/echo/v1/guarded?held"),
];

/// An exchange that was tried.
struct Tried {
    what: String,
    id: String,
    is_answered: bool,
}

/// A house with an echo bank, where one call of a partner's may be open at once; what was tried.
struct Site {
    house: TestHouse,
    bank: EchoBank,
    partner: Partner,
    token: String,
    tried: Vec<Tried>,
}

impl Site {
    async fn new(builder: HouseBuilder, bank: EchoBank) -> Self {
        let house = builder
            .with_echo(&bank)
            .edit(
                "rate: 5/s, burst: 10 requests, concurrent: 8 requests",
                "rate: 100000/s, burst: 100000 requests, concurrent: 1 requests",
            )
            .edit(
                "rate: 200/s, burst: 400 requests",
                "rate: 100000/s, burst: 100000 requests",
            )
            .start()
            .await;
        let partner = Partner::of(&house, "swiftride-app");
        let token = partner.bearer(&house, "echo").await;
        let site = Self {
            house,
            bank,
            partner,
            token,
            tried: Vec::new(),
        };
        site.comes_to_rest("at the beginning").await;
        site
    }

    /// An interaction id that no other exchange has.
    fn id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.tried.len())
    }

    /// An exchange up to its answer's last byte, in one future.
    async fn exchange(&self, kind: Kind, id: &str) -> Answer {
        let headers = [(INTERACTION, id), ("authorization", self.token.as_str())];
        let call = (kind.method(), kind.target, &headers[..]);
        let response = self.house.handled(Some(&self.partner), call, kind.body());
        read_handled(response.await).await.expect("a whole answer")
    }

    /// A request for a token with an assertion of its own, in one future.
    async fn token(&self, id: &str, assertion: String) -> Answer {
        let form = token_form("echo", &assertion);
        let headers = [(INTERACTION, id), FORM];
        let call = (Method::POST, "/token", &headers[..]);
        let pieces = form.as_bytes().chunks(form.len() / 4 + 1);
        let body = hesitant(pieces.map(Bytes::copy_from_slice));
        let response = self.house.handled(Some(&self.partner), call, body);
        read_handled(response.await).await.expect("a whole answer")
    }

    fn note(&mut self, what: &str, polls: usize, id: String, is_answered: bool) {
        let what = format!("{what}, poll {polls}");
        self.tried.push(Tried {
            what,
            id,
            is_answered,
        });
    }

    /// Nothing holds a place any more, and nobody waits for one.
    fn holds_nothing(&self, what: &str) {
        let load = self.house.running.load();
        assert_eq!((load.in_use, load.waiting), (0, 0), "{what}");
    }

    /// Waits until no connection is in use.
    async fn comes_to_rest(&self, what: &str) {
        eventually(what, || {
            let load = self.house.running.load();
            let is_at_rest = load.connections + load.in_use + load.waiting == 0;
            (is_at_rest && load.connections_used == 0).then_some(())
        })
        .await;
    }

    /// Gives an exchange up after each poll there is, at both moments; with `is_warm`, an idle
    /// connection to the bank is there before each.
    async fn sweep(&mut self, kind: Kind, is_warm: bool) -> usize {
        let mut polls_in_all = 0;
        for moment in Moment::BOTH {
            for polls in 1..POLLS_MAX {
                if is_warm {
                    let id = self.id();
                    let answer = self.exchange(Kind::get("/echo/v1/open"), &id).await;
                    assert_eq!(answer.status, 200);
                    self.note("warm", 0, id, true);
                }
                self.bank.release(1);
                let id = self.id();
                let what = format!("{kind:?} {moment:?}, warm: {is_warm}");
                let answer = given_up_after(polls, moment, self.exchange(kind, &id)).await;
                self.holds_nothing(&format!("{what}, poll {polls}"));
                self.note(&what, polls, id, answer.is_some());
                polls_in_all += 1;
                let Some(answer) = answer else { continue };
                assert!(answer.status.is_success(), "{what}: {answer:?}");
                break;
            }
        }
        polls_in_all
    }

    async fn sweep_tokens(&mut self) -> usize {
        let mut polls_in_all = 0;
        for moment in Moment::BOTH {
            for polls in 1..POLLS_MAX {
                let id = self.id();
                let what = format!("a token {moment:?}");
                let clock = self.house.clock.as_ref();
                let assertion = self.partner.assertion(&self.house.issuer_url(), clock);
                let answer = given_up_after(polls, moment, self.token(&id, assertion)).await;
                self.holds_nothing(&format!("{what}, poll {polls}"));
                self.note(&what, polls, id, answer.is_some());
                polls_in_all += 1;
                let Some(answer) = answer else { continue };
                assert_eq!(answer.status, 200, "{what}: {answer:?}");
                break;
            }
        }
        polls_in_all
    }

    /// The same while all connections of the bank are taken: the exchange waits in the queue, and
    /// the one before it ends cleanly, or is given up itself.
    async fn sweep_waiting(&mut self, is_clean: bool) -> usize {
        let kind = Kind::get("/echo/v1/guarded");
        let (mut polls_in_all, mut waited) = (0, 0);
        for moment in Moment::BOTH {
            for polls in 1..POLLS_MAX {
                let first = self.id();
                let id = first.replacen("00000000", "ffffffff", 1);
                let headers = [(INTERACTION, first.as_str())];
                let call = (Method::GET, "/echo/v1/open?held", &headers[..]);
                let before = self.house.handled(None, call, whole("")).await;
                let is_over = AtomicBool::new(false);
                let tried = async {
                    let answer = given_up_after(polls, moment, self.exchange(kind, &id)).await;
                    is_over.store(true, Ordering::SeqCst);
                    answer
                };
                let makes_room = async {
                    let is_queued = poll_fn(|cx| {
                        if self.house.running.load().waiting == 1 {
                            return Poll::Ready(true);
                        }
                        if is_over.load(Ordering::SeqCst) {
                            return Poll::Ready(false);
                        }
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    });
                    let is_queued = is_queued.await;
                    if is_clean {
                        self.bank.release(1);
                        read_handled(before).await.expect("a whole answer");
                    } else {
                        drop(before);
                    }
                    is_queued
                };
                let (answer, is_queued) = tokio::join!(tried, makes_room);
                let what = format!("in the queue, before it clean: {is_clean}, {moment:?}");
                self.holds_nothing(&format!("{what}, poll {polls}"));
                waited += usize::from(is_queued);
                self.note("before the queue", 0, first, is_clean);
                self.note(&what, polls, id, answer.is_some());
                polls_in_all += 1;
                if answer.is_some_and(|answer| answer.status == 200) {
                    break;
                }
            }
        }
        assert!(waited > 2, "{waited} waited in the queue");
        polls_in_all
    }

    /// A whole connection of a client's, given up after each poll of the client's.
    async fn sweep_connections(&mut self, kind: Kind, version: Version) -> usize {
        let dial = self.partner.dial(&self.house, version);
        let api = self.house.api();
        for polls in 1..POLLS_MAX {
            self.bank.release(1);
            let id = self.id();
            let headers = [
                (INTERACTION, id.as_str()),
                ("authorization", self.token.as_str()),
            ];
            let call = (kind.method(), kind.target, &headers[..]);
            let call = dial.lone_call(api, call, kind.body());
            let answer = given_up_after(polls, Moment::AtOnce, call).await;
            let what = format!("{kind:?} on a connection of {version:?}");
            self.comes_to_rest(&format!("{what}, poll {polls}")).await;
            self.note(&what, polls, id, answer.is_some());
            let Some(answer) = answer else { continue };
            let answer = answer.expect("an answer");
            assert!(answer.status.is_success(), "{what}: {answer:?}");
            return polls;
        }
        panic!("{kind:?} never ended");
    }

    /// Ends the house and compares its log with what was tried.
    async fn end(self, may_be_unseen: bool) -> BTreeMap<String, usize> {
        let seen: HashSet<String> = self.bank.interactions().into_iter().collect();
        let (left, records) = self.house.end().await;
        let nothing = Left {
            connections: 0,
            tasks: 0,
        };
        assert_eq!(left, nothing);
        let kept = Kept::new(&records);
        let mut tally = BTreeMap::new();
        for tried in &self.tried {
            let must_be = tried.is_answered || !may_be_unseen || seen.contains(&tried.id);
            let fate = kept.fate(tried, must_be);
            *tally.entry(fate).or_default() += 1;
        }
        tally
    }
}

/// The log by interaction id.
struct Kept<'a> {
    by_interaction: HashMap<&'a str, Vec<&'a Value>>,
    ends: HashMap<&'a str, Vec<&'a Value>>,
}

impl<'a> Kept<'a> {
    fn new(records: &'a [Value]) -> Self {
        let mut by_interaction: HashMap<&str, Vec<&Value>> = HashMap::new();
        let mut ends: HashMap<&str, Vec<&Value>> = HashMap::new();
        for record in records {
            if record["type"] == "api.end" {
                let request = record["req"].as_str().expect("an id");
                ends.entry(request).or_default().push(record);
            } else if let Some(interaction) = record["iid"].as_str() {
                by_interaction.entry(interaction).or_default().push(record);
            }
        }
        Self {
            by_interaction,
            ends,
        }
    }

    /// What the log says of an exchange; panics when it says too much, too little, or another
    /// thing.
    fn fate(&self, tried: &Tried, must_be: bool) -> String {
        let records = self.by_interaction.get(tried.id.as_str());
        let records = records.map(Vec::as_slice).unwrap_or_default();
        let [record] = records else {
            assert!(
                records.is_empty() && !must_be,
                "{}: {records:#?}",
                tried.what
            );
            return "unseen".to_owned();
        };
        let request = record["req"].as_str().expect("an id");
        let ends = self
            .ends
            .get(request)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let decision = record["outcome"]["decision"].as_str().expect("a decision");
        let end = match ends {
            [] => "",
            [end] => end["ended"].as_str().expect("how it ended"),
            _ => panic!("{}: two ends: {ends:#?}", tried.what),
        };
        let is_token = record["type"] == "oauth.token";
        let has_body = record["outcome"]["status"] == 200 && !is_token;
        let is_held = record.get("resp").is_some();
        let is_right = match (tried.is_answered, decision, end) {
            (true, "allowed", "clean") => has_body && !is_held,
            (true, "allowed", "") => !has_body || is_held,
            // Held, and left whole.
            (false, "allowed", "") if is_held => true,
            (false, "allowed", "clean") => !is_held,
            (false, "aborted", "") | (false, "allowed", "aborted") => true,
            // The client went away in the middle of its request's body.
            (false, "failed", "") => record["outcome"]["code"] == "malformed_request",
            // Issued, and told to nobody.
            (false, "allowed", "") => is_token,
            _ => false,
        };
        assert!(is_right, "{}: {record:#} {ends:#?}", tried.what);
        if end.is_empty() {
            decision.to_owned()
        } else {
            format!("{decision}, then {end}")
        }
    }
}

/// Every kind of exchange at one bank, given up in this process; tells what was tried.
async fn each_poll(builder: HouseBuilder, bank: EchoBank) -> String {
    let mut site = Site::new(builder, bank).await;
    let mut told = String::new();
    for kind in KINDS {
        for is_warm in [false, true] {
            let polls = site.sweep(kind, is_warm).await;
            let Kind { method, target, .. } = kind;
            writeln!(told, "{method} {target}, warm: {is_warm}: {polls} polls").expect("text");
        }
    }
    let polls = site.sweep_tokens().await;
    let tried = site.tried.len();
    let tally = site.end(false).await;
    for fate in [
        "aborted",
        "allowed",
        "allowed, then aborted",
        "allowed, then clean",
    ] {
        assert!(tally.contains_key(fate), "none {fate}: {tally:?}");
    }
    format!("{told}a token: {polls} polls\n{tried} exchanges: {tally:?}")
}

#[tokio::test]
async fn given_up_at_any_poll_over_plain_http1_an_exchange_leaves_its_record_and_nothing_else() {
    let builder = HouseBuilder::new();
    let told = each_poll(builder, EchoBank::plain().await).await;
    println!("plain HTTP/1.1\n{told}");
}

#[tokio::test]
async fn given_up_at_any_poll_over_http1_and_tls_an_exchange_leaves_its_record_and_nothing_else() {
    let builder = HouseBuilder::new();
    let bank = EchoBank::tls(&builder, Version::Http1).await;
    println!("HTTP/1.1 over TLS\n{}", each_poll(builder, bank).await);
}

#[tokio::test]
async fn given_up_at_any_poll_over_http2_an_exchange_leaves_its_record_and_nothing_else() {
    let builder = HouseBuilder::new();
    let bank = EchoBank::tls(&builder, Version::Http2).await;
    println!("HTTP/2\n{}", each_poll(builder, bank).await);
}

#[tokio::test]
async fn given_up_while_it_waits_for_a_connection_an_exchange_leaves_the_queue() {
    let bank = EchoBank::plain().await;
    let bank = bank.limited("connections", "1 connections");
    let mut site = Site::new(HouseBuilder::new(), bank).await;
    for is_clean in [true, false] {
        let polls = site.sweep_waiting(is_clean).await;
        println!("in the queue, before it clean: {is_clean}: {polls} polls");
    }
    let tally = site.end(false).await;
    println!("in the queue: {tally:?}");
    assert!(tally.contains_key("aborted"), "{tally:?}");
}

#[tokio::test]
async fn a_client_gone_at_any_poll_of_its_own_leaves_one_record_of_what_reached_the_bank() {
    for upstream in Version::BOTH {
        let builder = HouseBuilder::new();
        let bank = EchoBank::tls(&builder, upstream).await;
        let mut site = Site::new(builder, bank).await;
        for version in Version::BOTH {
            for kind in [
                Kind::get("/echo/v1/guarded?held"),
                Kind::post("/echo/v1/open"),
                Kind::post("/echo/v1/guarded?held"),
            ] {
                let polls = site.sweep_connections(kind, version).await;
                let Kind { method, target, .. } = kind;
                println!("{version:?} to {upstream:?}: {method} {target}: {polls} polls");
            }
        }
        let tally = site.end(true).await;
        println!("to {upstream:?}: {tally:?}");
        assert!(tally.contains_key("aborted"), "{tally:?}");
    }
}
