//! A whole house in a temporary folder, on free ports.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempDir;

use app::{Addresses, Left, Running, SandboxHouse};
use edge::Edge;
use model::{Alpn, Clock, Connection, ListenerId, MovedClock, TlsFacts};
use sandbox::{ModelBank, PartnerFiles, Plan, Prepared};

use crate::client::{Dial, Identity, Version};
use crate::partner::Partner;

/// Prepares a house: its folder exists, its file may be edited, nothing runs yet.
pub struct HouseBuilder {
    folder: TempDir,
    /// The clock that the house will have.
    pub clock: Arc<MovedClock>,
    sockets: Sockets,
    prepared: Prepared,
    is_restartable: bool,
}

/// Rewrites a sandbox's file without what customers consent to, and without the demo apps.
pub(crate) fn strip_consent(path: &Path) {
    let text = std::fs::read_to_string(path).expect("a readable file");
    std::fs::write(path, without_consent(&text)).expect("a writable file");
}

/// The sandbox's file without what customers consent to, and without the demo apps.
fn without_consent(text: &str) -> String {
    let parts = [
        ("      accounts:\n", "\n# A partner is known"),
        ("      # The demo app that", "  cartwheel:\n"),
        ("      # Its demo app is", "\n# Who may use"),
    ];
    let bare = parts.iter().fold(text.to_owned(), |text, (begins, next)| {
        let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what}"));
        let (from, to) = (place(begins), place(next));
        format!("{}{}", &text[..from], &text[to..])
    });
    bare.replace(", accounts, account-verify, consents]", "]")
        .replace(", accounts, consents]", "]")
}

type Sockets = (TcpListener, TcpListener, TcpListener);

/// Who says who a customer is, in the sandbox's file.
pub const LOG_IN: &str =
    "      log_in:                         # who a customer is, and how strongly, \
                          the bank says
        { upstream: core, path: /customers/v1/log-in, acr_values: [urn:harbour:password] }
";
/// How long a grant lives there, on the next line.
pub const GRANT_LIFETIME: &str =
    "      grant_lifetime: 90d             # then what a customer approved has ended\n";

impl HouseBuilder {
    /// A new sandbox folder on free ports, with a clock that runs. Its customers log in and
    /// approve, and consent to no data: the bank has no consent catalogue and no product of theirs.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(MovedClock::running()))
    }

    /// The same with a clock of the test's.
    pub fn with_clock(clock: Arc<MovedClock>) -> Self {
        let builder = Self::consenting_with(clock);
        strip_consent(&builder.config());
        builder
    }

    /// A new sandbox folder as the sandbox makes it: customers consent at the bank's desk.
    pub fn consenting() -> Self {
        Self::consenting_with(Arc::new(MovedClock::running()))
    }

    /// The same with a clock of the test's.
    pub fn consenting_with(clock: Arc<MovedClock>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let bind = || {
            let any: SocketAddr = ([127, 0, 0, 1], 0).into();
            edge::bind(any).expect("a free port")
        };
        let sockets = (bind(), bind(), bind());
        let address = |socket: &TcpListener| socket.local_addr().expect("an address");
        let plan = Plan {
            api: address(&sockets.0),
            issuer: address(&sockets.1),
            bank: address(&sockets.2),
            swiftride: ([127, 0, 0, 1], 8447).into(),
            cartwheel: ([127, 0, 0, 1], 8448).into(),
            template: None,
        };
        let prepared =
            sandbox::prepare(folder.path(), &plan, clock.as_ref(), &crypto::SystemRandom)
                .expect("a prepared folder");
        Self {
            folder,
            clock,
            sockets,
            prepared,
            is_restartable: false,
        }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// The files that were made.
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.prepared.config.clone()
    }

    /// Replaces text in the configuration file; panics when it is not there.
    #[must_use]
    pub fn edit(self, old: &str, new: &str) -> Self {
        self.edit_file("gateway.yaml", old, new)
    }

    /// Replaces text in a file of the folder; panics when it is not there.
    #[must_use]
    pub fn edit_file(self, file: &str, old: &str, new: &str) -> Self {
        let path = self.folder.path().join(file);
        let text = std::fs::read_to_string(&path).expect("a readable file");
        assert!(text.contains(old), "{file} lacks: {old}\n{text}");
        std::fs::write(&path, text.replace(old, new)).expect("a writable file");
        self
    }

    /// Writes a file of the folder.
    #[must_use]
    pub fn write(self, file: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(file), text).expect("a writable file");
        self
    }

    /// Sets one limit of the API listener; the others stay as the reference file has them.
    #[must_use]
    pub fn limited(self, name: &str, value: &str) -> Self {
        let written = limits_with("\nlisteners:\n", "\n  issuer:", 6, name, value);
        let text = format!("    client_certificates: optional\n    limits:\n{written}");
        let file = std::fs::read_to_string(self.config()).expect("a readable file");
        let from = file
            .find("    client_certificates: optional")
            .expect("the API listener");
        let standard = "limits: standard";
        let length = file[from..].find(standard).expect("its limits") + standard.len();
        let to = from + length + file[from + length..].find('\n').expect("the line's end") + 1;
        self.edit(&file[from..to], &text)
    }

    /// Keeps the listening sockets, so that [`TestHouse::rebuild`] may start another house on them.
    #[must_use]
    pub fn restartable(mut self) -> Self {
        self.is_restartable = true;
        self
    }

    /// Starts the house; panics with the file's mistakes.
    pub async fn start(self) -> TestHouse {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        self.start_on(clock).await
    }

    /// The same on another clock than its own.
    pub async fn start_on(self, clock: Arc<dyn Clock>) -> TestHouse {
        let kept = self.is_restartable.then(|| {
            let kept = |socket: &TcpListener| socket.try_clone().expect("a socket");
            (
                kept(&self.sockets.0),
                kept(&self.sockets.1),
                kept(&self.sockets.2),
            )
        });
        let (api, issuer, bank) = self.sockets;
        let addresses = (
            api.local_addr().expect("an address"),
            issuer.local_addr().expect("an address"),
            bank.local_addr().expect("an address"),
        );
        let sockets = Addresses::bound(api, issuer, bank).expect("bound sockets");
        let opened = SandboxHouse::open(self.folder.path(), sockets, clock, Arc::new(|_| None));
        // It is long: whoever starts a house keeps no room for it.
        let house = Box::pin(opened)
            .await
            .expect("a house that starts")
            .unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let bank = Arc::clone(&house.bank);
        let (running, bank_edge) = house.into_parts();
        TestHouse {
            folder: self.folder,
            clock: self.clock,
            prepared: self.prepared,
            addresses,
            kept,
            bank,
            running,
            bank_edge,
        }
    }
}

/// The limits of the reference file's section that begins and ends so, in lines indented so far,
/// one of them set to another value.
pub(crate) fn limits_with(
    begins: &str,
    ends: &str,
    indent: usize,
    name: &str,
    value: &str,
) -> String {
    let reference = include_str!("../../config/gateway.yaml");
    let section = reference.split(begins).nth(1).expect("the section");
    let limits = section.split(" limits: ").nth(1).expect("limits");
    let end = limits.find(ends).expect("the end of the limits");
    let is_limit = |line: &&str| line.starts_with(&" ".repeat(indent));
    let mut is_set = false;
    let mut text = String::new();
    for line in limits[..end].lines().filter(is_limit) {
        let line = line.split(" #").next().unwrap_or(line).trim_end();
        let written = match line.split_once(": ") {
            Some((key, _)) if key.trim() == name => {
                is_set = true;
                format!("{key}: {value}")
            }
            _ => line.to_owned(),
        };
        text.push_str(&written);
        text.push('\n');
    }
    assert!(is_set, "there is no limit {name}");
    text
}

impl Default for HouseBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// A running house.
pub struct TestHouse {
    folder: TempDir,
    /// Its clock.
    pub clock: Arc<MovedClock>,
    prepared: Prepared,
    addresses: (SocketAddr, SocketAddr, SocketAddr),
    kept: Option<Sockets>,
    /// The model bank behind it.
    pub bank: Arc<ModelBank>,
    /// The house itself.
    pub running: Running,
    bank_edge: Edge,
}

impl TestHouse {
    /// The sandbox as it is.
    pub async fn start() -> Self {
        HouseBuilder::new().start().await
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// The files that were made.
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// Where the APIs listen.
    pub fn api(&self) -> SocketAddr {
        self.addresses.0
    }

    /// Where the issuer listens.
    pub fn issuer(&self) -> SocketAddr {
        self.addresses.1
    }

    /// What time it is in it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Where the model bank listens.
    pub fn bank_address(&self) -> SocketAddr {
        self.addresses.2
    }

    /// The URL of the APIs: the audience of tokens.
    pub fn api_url(&self) -> String {
        self.prepared.api_url.clone()
    }

    /// The issuer's identifier.
    pub fn issuer_url(&self) -> String {
        self.prepared.issuer_url.clone()
    }

    /// The files of a partner, by its client.
    pub fn files(&self, client: &str) -> &PartnerFiles {
        let mut partners = self.prepared.partners.iter();
        partners
            .find(|partner| partner.client == client)
            .expect("a client of the sandbox")
    }

    /// How a client dials this house: trusting its authority, showing this identity.
    pub fn dial(&self, identity: Option<&Identity>, version: Version) -> Dial {
        let authority =
            std::fs::read(&self.prepared.server_authority).expect("the authority's file");
        Dial::new(&authority, identity, version)
    }

    /// The same with TLS 1.2 alone.
    pub fn dial12(&self, identity: Option<&Identity>, version: Version) -> Dial {
        let authority =
            std::fs::read(&self.prepared.server_authority).expect("the authority's file");
        Dial::tls12(&authority, identity, version)
    }

    /// What the edge tells the house of a connection of this partner's to the API listener, or of
    /// one without a certificate.
    pub fn connection(&self, partner: Option<&Partner>) -> Arc<Connection> {
        let chain = partner.map(|partner| Arc::new(partner.identity.presented()));
        Arc::new(Connection {
            listener: ListenerId::parse("api").expect("an id"),
            peer: ([127, 0, 0, 1], 50_000).into(),
            tls: Some(TlsFacts {
                version: "1.3",
                alpn: Alpn::Http2,
                resumed: false,
            }),
            chain,
        })
    }

    /// Stops it, and says what did not end by itself, and what its log holds.
    pub async fn end(self) -> (Left, Vec<serde_json::Value>) {
        let left = self.running.stop().await;
        let within = std::time::Duration::from_secs(5);
        self.bank_edge.drain(within).await;
        (left, records(&self.prepared.audit))
    }

    /// Replaces text in a file of its folder; panics when it is not there. Nothing happens before
    /// the house reads its files again.
    pub fn edit(&self, file: &str, old: &str, new: &str) {
        let path = self.dir().join(file);
        let text = std::fs::read_to_string(&path).expect("a readable file");
        assert!(text.contains(old), "{file} lacks: {old}\n{text}");
        self.write(file, &text.replace(old, new));
    }

    /// Writes a file of its folder.
    pub fn write(&self, file: &str, text: &str) {
        std::fs::write(self.dir().join(file), text).expect("a writable file");
    }

    /// Reads the files again and gives the new snapshot's number; panics with what is wrong.
    pub async fn reload(&self) -> u64 {
        match self.running.reload().await.as_ref() {
            Ok(applied) => applied.snapshot,
            Err(not_applied) => panic!("{}", not_applied.render(false, 100)),
        }
    }

    /// Reads the files again and gives what is wrong with them; panics when nothing is.
    pub async fn refuses_to_reload(&self) -> String {
        match self.running.reload().await.as_ref() {
            Ok(applied) => panic!("in force: {applied:?}"),
            Err(not_applied) => not_applied.render(false, 100),
        }
    }

    /// Stops it, and gives the folder back so that another house may be started in it.
    pub async fn stop(self) -> TempDir {
        self.running.stop().await;
        self.bank_edge
            .drain(std::time::Duration::from_secs(5))
            .await;
        self.folder
    }

    /// Stops it, and gives a builder for the next house in the same folder, on the same sockets and
    /// with the same clock. The house must have been [`HouseBuilder::restartable`].
    pub async fn rebuild(mut self) -> HouseBuilder {
        let sockets = self.kept.take().expect("a restartable house");
        let (clock, prepared) = (Arc::clone(&self.clock), self.prepared.clone());
        let folder = self.stop().await;
        HouseBuilder {
            folder,
            clock,
            sockets,
            prepared,
            is_restartable: true,
        }
    }

    /// The record of a request, once it is there.
    pub async fn recorded(&self, request: &str) -> serde_json::Value {
        let there = async {
            loop {
                let is_it = |record: &serde_json::Value| record["req"] == request;
                if let Some(record) = self.records().into_iter().find(is_it) {
                    return record;
                }
                tokio::task::yield_now().await;
            }
        };
        let minute = std::time::Duration::from_mins(1);
        let record = tokio::time::timeout(minute, there).await;
        record.unwrap_or_else(|_| panic!("no record of {request}"))
    }

    /// The records of the log so far, as JSON, oldest first. Waits for nothing.
    pub fn records(&self) -> Vec<serde_json::Value> {
        records(&self.prepared.audit)
    }
}

/// The records of a log's folder as JSON, oldest first.
pub fn records(dir: &Path) -> Vec<serde_json::Value> {
    audit::read(dir)
        .expect("a log")
        .map(|record| {
            let record = record.expect("a readable record");
            let mut json: serde_json::Value =
                serde_json::from_slice(&record.json).expect("a JSON record");
            json["log"] = record.log.clone().into();
            json
        })
        .collect()
}
