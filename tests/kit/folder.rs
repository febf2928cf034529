//! A sandbox's folder for the real program: all files are there, the ports are reserved, nothing
//! runs in this process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::TcpSocket;

use crypto::SystemRandom;
use model::{Clock, SystemClock};
use sandbox::{
    Issued, KeyKind, Leaf, Marker, PartnerFiles, Plan, Prepared, Purpose, TestCa, Validity,
};

use crate::client::{Dial, Identity, Version};

/// A free port of loopback that nobody else is given: the socket is bound and does not listen, so
/// that a program which sets `SO_REUSEADDR` can listen there.
pub struct Reserved {
    /// The address.
    pub address: SocketAddr,
    _socket: TcpSocket,
}

impl Reserved {
    /// Reserves one.
    pub fn port() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("SO_REUSEADDR");
        socket
            .bind(([127, 0, 0, 1], 0).into())
            .expect("a free port");
        let address = socket.local_addr().expect("an address");
        Self {
            address,
            _socket: socket,
        }
    }
}

/// A prepared folder. Its `gateway.yaml` may be edited before the program starts.
pub struct Folder {
    folder: TempDir,
    prepared: Prepared,
    api: Reserved,
    issuer: Reserved,
    bank: Reserved,
    _apps: [Reserved; 2],
}

impl Folder {
    /// A new one. Its customers consent to no data, and there are no demo apps.
    pub fn new() -> Self {
        let folder = Self::consenting();
        crate::house::strip_consent(&folder.prepared.config);
        folder
    }

    /// A new one as the sandbox makes it: customers consent at the bank's desk.
    pub fn consenting() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (api, issuer, bank) = (Reserved::port(), Reserved::port(), Reserved::port());
        let apps = [Reserved::port(), Reserved::port()];
        let plan = Plan {
            api: api.address,
            issuer: issuer.address,
            bank: bank.address,
            swiftride: apps[0].address,
            cartwheel: apps[1].address,
            template: None,
        };
        let prepared = sandbox::prepare(folder.path(), &plan, &SystemClock::new(), &SystemRandom)
            .expect("a prepared folder");
        Self {
            folder,
            prepared,
            api,
            issuer,
            bank,
            _apps: apps,
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

    /// Where the APIs will listen.
    pub fn api(&self) -> SocketAddr {
        self.api.address
    }

    /// Where the issuer will listen.
    pub fn issuer(&self) -> SocketAddr {
        self.issuer.address
    }

    /// Where the model bank will listen.
    pub fn bank(&self) -> SocketAddr {
        self.bank.address
    }

    /// Replaces text in the configuration file; panics when it is not there.
    #[must_use]
    pub fn edit(self, old: &str, new: &str) -> Self {
        let text = std::fs::read_to_string(self.config()).expect("a readable file");
        assert!(text.contains(old), "the configuration lacks: {old}\n{text}");
        self.write("gateway.yaml", &text.replace(old, new))
    }

    /// Writes a file of the folder.
    #[must_use]
    pub fn write(self, file: &str, text: &str) -> Self {
        std::fs::write(self.dir().join(file), text).expect("a writable file");
        self
    }

    /// The files of a partner, by its client.
    pub fn files(&self, client: &str) -> &PartnerFiles {
        let mut partners = self.prepared.partners.iter();
        partners
            .find(|partner| partner.client == client)
            .expect("a client of the sandbox")
    }

    /// How a client dials the program: trusting its authority, showing this identity.
    pub fn dial(&self, identity: Option<&Identity>, version: Version) -> Dial {
        let authority = std::fs::read(&self.prepared.server_authority).expect("a readable file");
        Dial::new(&authority, identity, version)
    }

    /// Puts certificates without the sandbox's marker in the place of the sandbox's, as a
    /// production folder has them: the listeners', the gateway's own, the partners' authority and
    /// its revocation list, and SwiftRide's.
    #[must_use]
    pub fn with_production_certificates(self) -> Self {
        let now = SystemClock::new().now();
        let validity = Validity::days(now, 30);
        let root = |name| {
            TestCa::root(name, validity, Marker::Absent, &SystemRandom).expect("an authority")
        };
        let leaf = |common_name: &str, names: &[&str], id: Option<&str>, purpose| Leaf {
            common_name: common_name.to_owned(),
            organization: None,
            organization_id: id.map(str::to_owned),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            purposes: vec![purpose],
            validity,
            marker: Marker::Absent,
        };
        let issue = |authority: &TestCa, leaf: &Leaf| -> Issued {
            authority
                .issue(leaf, KeyKind::Ecdsa, &SystemRandom)
                .expect("a certificate")
        };
        let (servers, partners) = (root("Servers"), root("Partners"));
        let server = issue(
            &servers,
            &leaf("localhost", &["localhost"], None, Purpose::Server),
        );
        let gateway = issue(&servers, &leaf("gateway", &[], None, Purpose::Client));
        let id = Some("PSDCN-SWIFTRIDE-001");
        let partner = issue(&partners, &leaf("SwiftRide", &[], id, Purpose::Client));
        let list = partners
            .crl(&[], now, validity.not_after)
            .expect("a revocation list");
        let files = self.files("swiftride-app").clone();
        let put = |path: &Path, text: &str| {
            std::fs::write(path, text).expect("a writable file");
        };
        put(&files.certificate, &partner.chain);
        put(&files.key, &partner.key);
        self.write("trust/servers-ca.pem", servers.certificate())
            .write("trust/partners-ca.pem", partners.certificate())
            .write("trust/partners.crl", &list)
            .write("tls/gateway.pem", &server.chain)
            .write("tls/gateway.key", &server.key)
            .write("tls/gateway-client.pem", &gateway.chain)
            .write("tls/gateway-client.key", &gateway.key)
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}
