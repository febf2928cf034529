//! The siege of one house: every attack on every operation, over real sockets and real TLS, and
//! what of it the bank saw.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use app::Configuration;
use config::{DestinationPlan, Loader, Mode};
use crypto::SystemRandom;
use kit::{ATTACKS, Answer, Attackers, Client, Dial, Identity, Method, StatusCode, Version};
use model::{ListenerId, MovedClock};

use openapi::ApiDescription;

use crate::house::{BURST, GATE_BURST, GUESTS, Sound};
use crate::mutation::outline;
use crate::pusher::Pusher;

/// How long one answer may take before it counts as none.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// The honest call's name beside the attacks'.
pub(crate) const HONEST: &str = "honest";

const OVER_LIMIT: &str = "over_limit";

/// What became of a house.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The file is refused.
    RefusedAtLoad,
    /// The file loads, the house does not start.
    RefusedAtStart,
    /// The file says what the intact one says.
    Same,
    /// The house stood.
    Stood(Seen),
}

/// What calls came to.
#[derive(Debug)]
pub(crate) struct Seen {
    /// What the bank saw, and what a room answered: operation and attack, or whose honest call.
    pub(crate) calls: BTreeSet<(usize, &'static str)>,
    /// What the others were told: status, code and detail.
    pub(crate) refused: Refused,
    /// What a client of the bank Harbour was told of an authorization request that asks for a scope
    /// which the bank does not have: all else of it is good.
    pub(crate) pushed: Option<String>,
}

/// What was refused: operation, attack, and what was told.
type Refused = BTreeSet<(usize, &'static str, String)>;

/// How many calls got in, by operation and attack.
type Counted = BTreeMap<(usize, &'static str), usize>;

/// One call, ready to be made.
struct Call {
    dial: usize,
    attack: &'static str,
    host: Option<&'static str>,
    bearer: Option<String>,
}

/// An operation of the intact house.
pub(crate) struct Target {
    /// Method and path.
    pub(crate) name: String,
    method: Method,
    path: String,
    /// The scope; none for class `open`.
    pub(crate) scope: Option<String>,
    /// Whether the gateway answers itself: no bank sees its calls.
    is_room: bool,
    calls: Vec<Call>,
    /// Whose connection goes over the limit, how often, with which token.
    flood: (usize, usize, Option<String>),
}

/// Everything that is made once.
pub(crate) struct Siege {
    pub(crate) sound: Sound,
    pub(crate) targets: Vec<Target>,
    dials: Vec<Dial>,
    /// What the intact API descriptions say.
    described: Vec<Arc<ApiDescription>>,
    /// What lies in the folder of the intact house.
    known: BTreeSet<PathBuf>,
    /// The store of the intact house, with the issuers' keys.
    store: Vec<u8>,
    /// Who pushes an authorization request.
    pusher: Pusher,
}

impl Siege {
    /// Builds the sound house, starts and stops it once so that its issuers have keys, and prepares
    /// every call.
    pub(crate) async fn prepare() -> Self {
        let (sound, certified) = Sound::build().await;
        let clock = Arc::new(MovedClock::stopped());
        let path = sound.path("gateway.yaml");
        let house = load(&path, &clock).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let targets_of = targets_of(&house.house);
        let described = descriptions(&house.house);
        start(&sound, house, &clock)
            .await
            .expect("the sound house starts")
            .stop()
            .await;
        let [partners, lanterns] = &certified;
        let attackers: HashMap<&str, Attackers> = HashMap::from([
            (
                "harbour",
                partners.attackers(&sound, sound.issuer_of("harbour").await, Some(lanterns)),
            ),
            (
                "quay",
                partners.attackers(&sound, sound.issuer_of_quay(), Some(lanterns)),
            ),
            (
                "lantern",
                lanterns.attackers(&sound, sound.issuer_of("lantern").await, None),
            ),
        ]);
        let store = std::fs::read(sound.path("data/mortise.sqlite")).expect("a store");
        std::fs::remove_dir_all(sound.path("data")).expect("the house's data");
        let mut dials = Dials::of(&sound);
        let mut targets = Vec::new();
        // Open operations first: a chain that is known as a suspended partner's is turned away
        // there too.
        let guests = sound.guests();
        for (bank, mut target) in targets_of {
            equip(&mut target, &attackers[bank.as_str()], &mut dials, &sound);
            if bank == "quay" {
                receive(&mut target, &guests, &mut dials, &sound);
            }
            targets.push(target);
        }
        targets.sort_by_key(|target| target.scope.is_some());
        let entries = std::fs::read_dir(sound.builder.dir()).expect("a folder");
        let known = entries.flatten().map(|entry| entry.path()).collect();
        let siege = Self {
            pusher: Pusher::new(&sound, dials.authority),
            dials: dials.dials,
            sound,
            targets,
            described,
            known,
            store,
        };
        siege.restore(None);
        siege
    }

    /// What the intact house comes to.
    pub(crate) async fn intact(&self) -> Seen {
        let text = &self.sound.files["gateway.yaml"];
        match self.besiege("gateway.yaml", text).await {
            Outcome::Stood(seen) => seen,
            other => panic!("the intact house does not stand: {other:?}"),
        }
    }

    /// Writes one file's text, besieges the house, and puts everything back.
    pub(crate) async fn besiege(&self, file: &'static str, text: &str) -> Outcome {
        std::fs::write(self.sound.path(file), text).expect("a writable file");
        let clock = Arc::new(MovedClock::stopped());
        let Ok(house) = load(&self.sound.path("gateway.yaml"), &clock) else {
            self.restore(Some(file));
            return Outcome::RefusedAtLoad;
        };
        if self.is_same(file, text, &house.house) {
            self.restore(Some(file));
            return Outcome::Same;
        }
        let outcome = match start(&self.sound, house, &clock).await {
            Err(_) => Outcome::RefusedAtStart,
            Ok(running) => {
                self.sound.bank.take_interactions();
                let (refused, served) = self.attack(&clock).await;
                let pushed = self.pusher.told(self.sound.at("issuer"), &clock).await;
                running.stop().await;
                Outcome::Stood(Seen {
                    calls: self.seen(served),
                    refused,
                    pushed,
                })
            }
        };
        self.restore(Some(file));
        outcome
    }

    /// Whether a file that loads differs from the intact one in nothing that is read of it: of an
    /// API description what the gateway takes from it, of a configuration more than indents.
    fn is_same(&self, file: &str, text: &str, house: &config::House) -> bool {
        let intact = &self.sound.files[file];
        if text == intact {
            return false;
        }
        if file.starts_with("apis/") {
            descriptions(house) == self.described
        } else {
            outline(text) == outline(intact)
        }
    }

    /// The files and the data of the intact house.
    fn restore(&self, file: Option<&'static str>) {
        if let Some(file) = file {
            let text = &self.sound.files[file];
            std::fs::write(self.sound.path(file), text).expect("a writable file");
        }
        for entry in std::fs::read_dir(self.sound.builder.dir())
            .expect("a folder")
            .flatten()
        {
            let path = entry.path();
            if self.known.contains(&path) {
                continue;
            }
            if path.is_dir() {
                std::fs::remove_dir_all(path).expect("a folder that a house left");
            } else {
                std::fs::remove_file(path).expect("a file that a house left");
            }
        }
        std::fs::create_dir(self.sound.path("data")).expect("a folder");
        std::fs::write(self.sound.path("data/mortise.sqlite"), &self.store).expect("the store");
    }

    /// Makes every call: an operation's at once, each operation after a second in which every
    /// bucket is full again. Gives what was refused, and how; and how often a room answered what.
    async fn attack(&self, clock: &MovedClock) -> (Refused, Counted) {
        let (mut refused, mut served) = (Refused::new(), Counted::new());
        let address = self.sound.at("api");
        let connected = self.dials.iter().map(|dial| async move {
            let connected = tokio::time::timeout(PATIENCE, dial.connect(address)).await;
            connected.ok().and_then(Result::ok)
        });
        let clients: Vec<Option<Client>> = join_all(connected).await;
        let clients = &clients;
        for (at, target) in self.targets.iter().enumerate() {
            clock.advance(Duration::from_secs(1));
            let calls = target.calls.iter().map(|call| async move {
                let mark = mark(at, call.attack, 0);
                let (client, bearer) = (clients[call.dial].as_ref(), call.bearer.as_deref());
                (
                    call.attack,
                    one(client, target, call.host, bearer, mark).await,
                )
            });
            let answers = join_all(calls).await;
            clock.advance(Duration::from_secs(1));
            let (dial, count, bearer) = &target.flood;
            let flood = (0..*count).map(|number| {
                let mark = mark(at, OVER_LIMIT, number);
                let (client, bearer) = (clients[*dial].as_ref(), bearer.as_deref());
                async move { (OVER_LIMIT, one(client, target, None, bearer, mark).await) }
            });
            let answers = answers.into_iter().chain(join_all(flood).await);
            for (attack, answer) in answers {
                let Some(answer) = answer else { continue };
                if target.is_room && is_a_rooms(&answer) {
                    *served.entry((at, attack)).or_default() += 1;
                } else if answer.status != StatusCode::OK {
                    refused.insert((at, attack, told(&answer)));
                }
            }
        }
        (refused, served)
    }

    /// What the bank saw and what rooms served, by operation and attack; more calls than the limit
    /// only when all of them came.
    fn seen(&self, mut counts: Counted) -> BTreeSet<(usize, &'static str)> {
        for mark in self.sound.bank.take_interactions() {
            if let Some(call) = unmark(&mark) {
                *counts.entry(call).or_default() += 1;
            }
        }
        let is_in = |((target, attack), count): &((usize, &str), usize)| {
            *attack != OVER_LIMIT || *count >= self.targets[*target].flood.1
        };
        let all = counts.into_iter().filter(is_in);
        all.map(|(call, _)| call).collect()
    }
}

fn load(path: &Path, clock: &MovedClock) -> Result<Configuration, config::Mistakes> {
    let loader = Loader::new(path.to_owned(), Mode::Sandbox, Arc::new(|_| None));
    Configuration::load(loader, clock)
}

/// Starts a house on the sockets that are bound already.
async fn start(
    sound: &Sound,
    configuration: Configuration,
    clock: &Arc<MovedClock>,
) -> Result<app::Running, String> {
    let handed_in = |(name, socket): (&&str, &TcpListener)| {
        let id = ListenerId::parse(name).expect("a listener's name");
        (id, socket.try_clone().expect("a socket"))
    };
    let env = app::Environment {
        clock: Arc::clone(clock) as _,
        random: Arc::new(SystemRandom),
        sockets: sound.sockets.iter().map(handed_in).collect(),
        watcher: None,
    };
    let started = app::start(configuration, env).await;
    started.map_err(|error| format!("{error:#}"))
}

/// What a house's API descriptions say.
fn descriptions(house: &config::House) -> Vec<Arc<ApiDescription>> {
    let products = house.banks.iter().flat_map(|bank| &bank.products);
    products
        .map(|product| Arc::clone(&product.description))
        .collect()
}

/// The operations of a house, each with its bank.
fn targets_of(house: &config::House) -> Vec<(String, Target)> {
    let mut found = Vec::new();
    for bank in &house.banks {
        for product in &bank.products {
            for operation in &product.description.operations {
                let segments = operation.template.split('/').map(|segment| {
                    if segment.starts_with('{') {
                        "1"
                    } else {
                        segment
                    }
                });
                let path = segments.collect::<Vec<_>>().join("/");
                let path = format!("{}{path}", product.description.base_path);
                let target = Target {
                    name: format!("{} {path}", operation.method),
                    method: operation.method.clone(),
                    path,
                    scope: operation.scope.clone(),
                    is_room: matches!(product.destination, DestinationPlan::Room(_)),
                    calls: Vec::new(),
                    flood: (0, 0, None),
                };
                found.push((bank.id.as_str().to_owned(), target));
            }
        }
    }
    found
}

/// Gives an operation its calls, each on a connection that shows the certificate of the attack.
fn equip(target: &mut Target, by: &Attackers, dials: &mut Dials, sound: &Sound) {
    let now = sound.builder.now();
    let scope = target.scope.clone().unwrap_or_default();
    for attack in [HONEST].into_iter().chain(ATTACKS) {
        let how = by.mount(attack, &scope, now);
        if attack == OVER_LIMIT {
            target.flood = match target.scope {
                Some(_) => (dials.showing(how.identity), BURST + 1, how.bearer),
                // An address of its own: the limit is the address's.
                None => (dials.flood(), GATE_BURST + 1, None),
            };
            continue;
        }
        target.calls.push(Call {
            dial: dials.showing(how.identity),
            attack,
            host: how.host,
            bearer: how.bearer,
        });
    }
}

/// Gives an operation the honest calls of other partners.
fn receive(
    target: &mut Target,
    guests: &[(&'static str, Attackers)],
    dials: &mut Dials,
    sound: &Sound,
) {
    let scope = target.scope.clone().unwrap_or_default();
    for (name, guest) in guests {
        let how = guest.mount(HONEST, &scope, sound.builder.now());
        target.calls.push(Call {
            dial: dials.showing(how.identity),
            attack: name,
            host: how.host,
            bearer: how.bearer,
        });
    }
}

/// One connection for each certificate, each from an address of its own.
struct Dials {
    authority: Vec<u8>,
    dials: Vec<Dial>,
    showing: HashMap<Option<String>, usize>,
}

impl Dials {
    fn of(sound: &Sound) -> Self {
        let authority = std::fs::read(&sound.builder.prepared().server_authority);
        Self {
            authority: authority.expect("the servers' authority"),
            dials: Vec::new(),
            showing: HashMap::new(),
        }
    }

    fn showing(&mut self, identity: Option<&Identity>) -> usize {
        let shown = identity.map(Identity::thumbprint);
        if let Some(dial) = self.showing.get(&shown) {
            return *dial;
        }
        let dial = self.add(identity);
        self.showing.insert(shown, dial);
        dial
    }

    fn flood(&mut self) -> usize {
        let flood = Some("flood".to_owned());
        if let Some(dial) = self.showing.get(&flood) {
            return *dial;
        }
        let dial = self.add(None);
        self.showing.insert(flood, dial);
        dial
    }

    fn add(&mut self, identity: Option<&Identity>) -> usize {
        let last = u8::try_from(self.dials.len() + 2).expect("few connections");
        let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
        let dial = Dial::new(&self.authority, identity, Version::Http2).from_address(address);
        self.dials.push(dial);
        self.dials.len() - 1
    }
}

/// Makes one call beside others on its connection; whatever is answered, the bank tells what got
/// in.
async fn one(
    client: Option<&Client>,
    target: &Target,
    host: Option<&'static str>,
    bearer: Option<&str>,
    mark: String,
) -> Option<Answer> {
    let mut client = client.and_then(Client::twin)?;
    if let Some(host) = host {
        client = client.naming(host);
    }
    let mut headers = vec![("x-fapi-interaction-id", mark.as_str())];
    headers.extend(bearer.map(|bearer| ("authorization", bearer)));
    let called = client.call(target.method.clone(), &target.path, &headers, "");
    tokio::time::timeout(PATIENCE, called).await.ok()?.ok()
}

/// Whether a room looked for what it was asked: there is no consent `1`, and an empty body asks for
/// none. Whoever is told so got in.
fn is_a_rooms(answer: &Answer) -> bool {
    let told = answer.code();
    answer.status.is_success() || ["unknown_consent", "request_invalid"].contains(&&*told)
}

/// Status, code and detail of a refusal.
fn told(answer: &Answer) -> String {
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let detail = problem["detail"].as_str().unwrap_or_default();
    format!("{} {}: {detail}", answer.status.as_u16(), answer.code())
}

/// Whose call it is, or which attack.
fn names() -> impl Iterator<Item = &'static str> {
    [HONEST].into_iter().chain(ATTACKS).chain(GUESTS)
}

/// A call's interaction id, which goes on to the bank.
fn mark(target: usize, attack: &str, number: usize) -> String {
    let attack = names().position(|name| name == attack);
    let attack = attack.expect("the name of a call");
    format!("00000000-0000-4000-8000-{target:04x}{attack:04x}{number:04x}")
}

fn unmark(mark: &str) -> Option<(usize, &'static str)> {
    let tail = mark.strip_prefix("00000000-0000-4000-8000-")?;
    let read = |from: usize| usize::from_str_radix(tail.get(from..from + 4)?, 16).ok();
    Some((read(0)?, names().nth(read(4)?)?))
}
