//! Listeners for operators and for probes, which the sandbox has not, and clients of them.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crypto::SystemRandom;
use model::{Clock, SystemClock};
use sandbox::{Marker, TestCa, Validity};

use crate::authority::{issue, partner_leaf, revocation_list};
use crate::client::{Dial, Identity, Version};
use crate::exposition::Exposition;
use crate::folder::Folder;
use crate::house::{HouseBuilder, TestHouse};

const LISTENERS: &str = "listeners:
  operators:
    address: \"127.0.0.1:0\"
    url: https://localhost:9443
    serves: [metrics]
    client_certificates: required
    authorities: [file:trust/operators-ca.pem]
    revocation: { crl: [file:trust/operators.crl], refuse_when_older_than: 744h }
    limits: standard
  probes:
    address: \"127.0.0.1:0\"
    serves: [health]
    limits: standard
";

/// The authority of the operators, and one of them.
pub struct Operators {
    /// Issues operators' certificates.
    pub authority: TestCa,
    /// An operator.
    pub identity: Identity,
    /// The serial number of the operator's certificate.
    pub serial: Vec<u8>,
}

impl Operators {
    fn new(dir: &Path) -> Self {
        let now = SystemClock::new().now();
        let validity = Validity::days(now, 30);
        let authority = TestCa::root("Operators", validity, Marker::Sandbox, &SystemRandom)
            .expect("an authority");
        std::fs::write(dir.join("trust/operators-ca.pem"), authority.certificate())
            .expect("a writable file");
        let list = revocation_list(&authority, &[], now);
        std::fs::write(dir.join("trust/operators.crl"), list).expect("a writable file");
        let leaf = partner_leaf(None, now, Duration::from_hours(24));
        let operator = issue(&authority, &leaf);
        Self {
            identity: Identity::issued(&operator),
            serial: operator.serial,
            authority,
        }
    }
}

impl Operators {
    /// Scrapes a house.
    pub async fn scrape(&self, house: &TestHouse) -> Exposition {
        let door = house
            .running
            .address("operators")
            .expect("an open listener");
        let dial = house.dial(Some(&self.identity), Version::Http1);
        Exposition::read(&text(&dial, door).await)
    }

    /// Scrapes the program that runs in a folder and has logged where it listens.
    pub async fn scrape_text(&self, folder: &Folder, logged: &str) -> String {
        let told = logged.lines().find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            let is_it = line["message"] == "listening" && line["listener.id"] == "operators";
            is_it
                .then(|| line["address"].as_str()?.parse().ok())
                .flatten()
        });
        let dial = folder.dial(Some(&self.identity), Version::Http1);
        text(&dial, told.expect("a line that says where")).await
    }
}

async fn text(dial: &Dial, door: SocketAddr) -> String {
    let mut client = dial.connect(door).await.expect("a connection");
    let answer = client.get("/metrics", &[]).await;
    assert_eq!(answer.status, 200);
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(answer.header("content-type"), kind);
    String::from_utf8(answer.body.to_vec()).expect("UTF-8")
}

impl HouseBuilder {
    /// Adds the listeners `operators` (metrics) and `probes` (health), on free ports.
    #[must_use]
    pub fn with_operators(self) -> (Self, Operators) {
        let operators = Operators::new(self.dir());
        (self.edit("listeners:\n", LISTENERS), operators)
    }
}

impl Folder {
    /// Adds the listeners `operators` (metrics) and `probes` (health), on free ports: which, the
    /// program logs.
    #[must_use]
    pub fn with_operators(self) -> (Self, Operators) {
        let operators = Operators::new(self.dir());
        (self.edit("listeners:\n", LISTENERS), operators)
    }
}

/// What a probe was answered.
#[derive(Debug, Clone)]
pub struct Probed {
    /// The status.
    pub status: u16,
    /// The head.
    pub head: String,
    /// The body as JSON.
    pub body: serde_json::Value,
}

/// Asks without TLS, on a connection of its own. An error is one of connecting.
pub async fn probe(address: SocketAddr, method: &str, path: &str) -> std::io::Result<Probed> {
    let mut tcp = TcpStream::connect(address).await?;
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok(Probed {
        status: status.expect("a status"),
        head: head.to_owned(),
        body: serde_json::from_str(body).unwrap_or_default(),
    })
}
