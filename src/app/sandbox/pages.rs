//! The sandbox's own pages: the start page and the demo apps, on plain listeners of this machine.
//!
//! What cannot be opened is told and left out: the gateway is what the sandbox is for. The start
//! page has no line in `gateway.yaml`; where a demo app stands, the file says, for customers come
//! back there (`redirect_uris`).

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::Context as _;
use futures_util::future::BoxFuture;
use http::Uri;
use tokio_util::task::TaskTracker;

use config::House;
use crypto::{Algorithm, Random, SigningKey};
use edge::{Edge, Limits, ListenerSettings};
use model::ports::Fetch;
use model::{Breach, Clock, Connection, Handler, ListenerId, Request, Response, UpstreamId};
use sandbox::{
    Demo, DemoApp, DemoPorts, DemoProof, DemoSettings, InForce, Inspector, ModelBank, Prepared,
    StartPage, StartPorts, StartSettings,
};
use upstream::{ClientTls, EndpointSettings, Fetcher, Upstream, UpstreamSettings};

use super::read;

/// Where the pages stand when nobody says otherwise.
const START_PORT: u16 = 8446;
const SWIFTRIDE_PORT: u16 = 8447;
const CARTWHEEL_PORT: u16 = 8448;
/// The path that customers come back to.
const CALLBACK: &str = "/callback";
/// The most bytes of a request's body.
const BODY_BYTES_MAX: u64 = 1024 * 1024;
/// Open connections of one page.
const CONNECTIONS_MAX: usize = 200;

/// Where the pages are wished for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Wished {
    /// Nowhere: the sandbox has no pages.
    #[default]
    Not,
    /// At these ports of 127.0.0.1, or at the usual ones; where such a one is taken, at a free one.
    At {
        start: Option<u16>,
        swiftride: Option<u16>,
        cartwheel: Option<u16>,
    },
    /// At free ports.
    Free,
}

/// Bound sockets of pages; those that could not be had are told of.
#[derive(Default)]
pub(super) struct Sockets {
    start: Option<TcpListener>,
    swiftride: Option<TcpListener>,
    cartwheel: Option<TcpListener>,
    notes: String,
}

/// The pages that are open.
#[derive(Debug, Clone, Default)]
pub(crate) struct Open {
    /// The start page's URL.
    pub(crate) start: Option<String>,
    /// The demo apps', each with what it is called.
    pub(crate) apps: Vec<(&'static str, String)>,
    /// What is not open, a line each.
    pub(crate) notes: String,
}

/// What the pages are made of.
pub(super) struct Site<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) house: &'a House,
    pub(super) bank: &'a Arc<ModelBank>,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) random: &'a Arc<dyn Random>,
    pub(super) inspector: &'a Arc<Inspector>,
    pub(super) in_force: &'a Arc<InForce>,
}

/// The handler of the model bank's listener and of those of the pages.
pub(super) struct Rooms {
    bank: Arc<ModelBank>,
    pages: HashMap<ListenerId, Arc<dyn Handler>>,
}

/// Pages that are ready to be opened.
pub(super) struct Ready {
    handlers: HashMap<ListenerId, Arc<dyn Handler>>,
    sockets: Vec<(ListenerId, TcpListener)>,
    open: Open,
}

impl Wished {
    /// The addresses of the demo apps in a new folder's file, if no socket is bound for them.
    pub(super) fn usual() -> [SocketAddr; 2] {
        [at(SWIFTRIDE_PORT), at(CARTWHEEL_PORT)]
    }

    /// Binds all of them, before a new folder is written.
    pub(super) fn bind_new(self) -> Sockets {
        let mut sockets = self.bind_start();
        let (swiftride, cartwheel) = match self {
            Self::Not => return sockets,
            Self::At {
                swiftride,
                cartwheel,
                ..
            } => (
                sockets.bind(&called(DemoApp::SwiftRide), swiftride, SWIFTRIDE_PORT),
                sockets.bind(&called(DemoApp::Cartwheel), cartwheel, CARTWHEEL_PORT),
            ),
            Self::Free => (
                sockets.bind(&called(DemoApp::SwiftRide), None, 0),
                sockets.bind(&called(DemoApp::Cartwheel), None, 0),
            ),
        };
        sockets.swiftride = swiftride;
        sockets.cartwheel = cartwheel;
        sockets
    }

    /// Binds the start page as wished, and the demo apps where the folder's file says.
    pub(super) fn bind_for(self, house: &House) -> Sockets {
        let mut sockets = self.bind_start();
        if self == Self::Not {
            return sockets;
        }
        let [swiftride, cartwheel] = DemoApp::ALL.map(|app| {
            if let Some((_, address)) = said(house, app) {
                return sockets.kept(&called(app), address);
            }
            sockets.notes.push_str(&unsaid(app));
            None
        });
        sockets.swiftride = swiftride;
        sockets.cartwheel = cartwheel;
        sockets
    }

    fn bind_start(self) -> Sockets {
        let mut sockets = Sockets::default();
        sockets.start = match self {
            Self::Not => None,
            Self::At { start, .. } => sockets.bind("the start page", start, START_PORT),
            Self::Free => sockets.bind("the start page", None, 0),
        };
        sockets
    }
}

impl Sockets {
    /// The demo apps' addresses, for a new folder's file.
    pub(super) fn apps(&self) -> [SocketAddr; 2] {
        let [swiftride, cartwheel] = Wished::usual();
        let of = |socket: &Option<TcpListener>| socket.as_ref()?.local_addr().ok();
        [
            of(&self.swiftride).unwrap_or(swiftride),
            of(&self.cartwheel).unwrap_or(cartwheel),
        ]
    }

    /// The wished port and no other; without a wish the usual one, or a free one.
    fn bind(&mut self, what: &str, wish: Option<u16>, usual: u16) -> Option<TcpListener> {
        if let Some(port) = wish {
            return self.kept(what, at(port));
        }
        match edge::bind(at(usual)) {
            Ok(socket) => Some(socket),
            Err(_) => self.kept(what, at(0)),
        }
    }

    fn kept(&mut self, what: &str, address: SocketAddr) -> Option<TcpListener> {
        match edge::bind(address) {
            Ok(socket) => Some(socket),
            Err(error) => {
                let why = if error.kind() == io::ErrorKind::AddrInUse {
                    "the address is in use already".to_owned()
                } else {
                    error.to_string()
                };
                let _ = writeln!(self.notes, "note: {what} is not open at {address}: {why}");
                None
            }
        }
    }

    /// Makes the pages, each for its socket.
    pub(super) fn furnish(self, site: &Site<'_>, exe: &std::path::Path) -> anyhow::Result<Ready> {
        let mut ready = Ready {
            handlers: HashMap::new(),
            sockets: Vec::new(),
            open: Open {
                start: host(self.start.as_ref()).map(|host| format!("http://{host}")),
                apps: Vec::new(),
                notes: self.notes,
            },
        };
        for (app, socket) in DemoApp::ALL
            .into_iter()
            .zip([self.swiftride, self.cartwheel])
        {
            let Some(socket) = socket else { continue };
            let Some(demo) = site.demo(app, &socket, ready.open.start.clone())? else {
                ready.open.notes.push_str(&unsaid(app));
                continue;
            };
            let host = host(Some(&socket)).unwrap_or_default();
            ready.open.apps.push((app.name(), format!("http://{host}")));
            ready.put(app.partner(), socket, Arc::new(demo))?;
        }
        if let (Some(socket), Some(start)) = (self.start, &ready.open.start) {
            let settings = StartSettings {
                host: start.trim_start_matches("http://").to_owned(),
                api: site.prepared.api_url.clone(),
                issuer: site.prepared.issuer_url.clone(),
                apps: ready.open.apps.clone(),
                commands: sandbox::commands(site.prepared, exe),
            };
            let ports = StartPorts {
                bank: Arc::clone(site.bank),
                inspector: Arc::clone(site.inspector),
                in_force: Arc::clone(site.in_force),
                clock: Arc::clone(site.clock),
            };
            let page = StartPage::new(settings, ports);
            let page = page.context("the start page: reading its templates")?;
            ready.put("start", socket, Arc::new(page))?;
        }
        Ok(ready)
    }
}

impl Ready {
    fn put(&mut self, id: &str, socket: TcpListener, page: Arc<dyn Handler>) -> anyhow::Result<()> {
        let id = ListenerId::parse(id)?;
        self.handlers.insert(id.clone(), page);
        self.sockets.push((id, socket));
        Ok(())
    }

    /// Whether there is a start page.
    pub(super) fn has_start(&self) -> bool {
        self.open.start.is_some()
    }

    /// What answers for the bank's listener and the pages', and the pages' sockets.
    pub(super) fn rooms(self, bank: &Arc<ModelBank>) -> (Rooms, Doors) {
        let rooms = Rooms {
            bank: Arc::clone(bank),
            pages: self.handlers,
        };
        let doors = Doors {
            sockets: self.sockets,
            open: self.open,
        };
        (rooms, doors)
    }
}

/// The pages' sockets, before anybody may come in.
pub(super) struct Doors {
    sockets: Vec<(ListenerId, TcpListener)>,
    open: Open,
}

impl Doors {
    /// Opens the pages: the house behind the gateway stands.
    pub(super) fn open(self, edge: &Edge) -> anyhow::Result<Open> {
        for (id, socket) in self.sockets {
            let name = id.as_str().to_owned();
            let settings = ListenerSettings {
                id,
                tls: None,
                limits: Limits {
                    body_bytes: BODY_BYTES_MAX,
                    connections_max: CONNECTIONS_MAX,
                    connections_per_address: CONNECTIONS_MAX,
                    ..Limits::default()
                },
            };
            let opened = edge.open(socket, settings);
            opened.with_context(|| format!("page {name}: opening"))?;
        }
        Ok(self.open)
    }
}

impl Site<'_> {
    /// A partner's demo app; none where the file has no client for it that comes back here.
    fn demo(
        &self,
        app: DemoApp,
        socket: &TcpListener,
        start: Option<String>,
    ) -> anyhow::Result<Option<Demo>> {
        let mut partners = self.prepared.partners.iter();
        let files = partners.find(|one| one.partner == app.partner());
        let (Some(files), Some((issuer, address))) = (files, said(self.house, app)) else {
            return Ok(None);
        };
        if socket.local_addr().ok() != Some(address) {
            return Ok(None);
        }
        let proof = match app {
            DemoApp::SwiftRide => {
                let key = SigningKey::from_pem(None, &read(&files.signing_key)?);
                DemoProof::Assertion(key.context("reading SwiftRide's signing key")?)
            }
            DemoApp::Cartwheel => {
                let key = SigningKey::generate(Algorithm::Es256);
                DemoProof::Certificate(key.context("making Cartwheel's DPoP key")?)
            }
        };
        let authorities = crypto::certificates(&read(&self.prepared.server_authority)?)
            .context("reading the servers' authority")?;
        let chain = crypto::certificates(&read(&files.certificate)?)
            .context("reading the partner's certificate")?;
        let key = crypto::private_key(&read(&files.key)?).context("reading the partner's key")?;
        let tls = ClientTls {
            authorities,
            identity: Some((chain, key)),
            server_name: None,
        };
        let settings = DemoSettings {
            app,
            client: app.client().to_owned(),
            host: host(Some(socket)).unwrap_or_default(),
            issuer: issuer.to_owned(),
            api: self.prepared.api_url.clone(),
            start,
        };
        let ports = DemoPorts {
            fetch: self.way_out(app, &tls)?,
            clock: Arc::clone(self.clock),
            random: Arc::clone(self.random),
        };
        let demo = Demo::new(settings, proof, ports);
        Ok(Some(demo.context("a demo app: reading its templates")?))
    }

    /// The way to the gateway's listeners, and to nobody else.
    fn way_out(&self, app: DemoApp, tls: &ClientTls) -> anyhow::Result<Arc<dyn Fetch>> {
        let (api, issuer) = (&self.prepared.api_url, &self.prepared.issuer_url);
        let mut urls = vec![("api", api)];
        if issuer != api {
            urls.push(("issuer", issuer));
        }
        let tracker = TaskTracker::new();
        let mut hosts = Vec::new();
        for (name, url) in urls {
            let uri: Uri = url.parse().context("reading a listener's URL")?;
            let authority = uri.authority().context("a listener's URL has a host")?;
            let endpoint = EndpointSettings {
                host: authority.host().to_owned(),
                port: authority.port_u16().unwrap_or(443),
            };
            let id = UpstreamId::parse(&format!("{}-{name}", app.partner()))?;
            let mut settings = UpstreamSettings::fetched_from(id, endpoint, Vec::new());
            settings.tls = Some(tls.clone());
            let upstream = Upstream::new(settings, Arc::clone(self.clock), tracker.clone());
            hosts.push(upstream.context("a demo app: the way to the gateway")?);
        }
        Ok(Arc::new(Fetcher::new(hosts, Arc::clone(self.clock))))
    }
}

impl Handler for Rooms {
    fn handle(&self, connection: Arc<Connection>, request: Request) -> BoxFuture<'_, Response> {
        match self.pages.get(&connection.listener) {
            Some(page) => page.handle(connection, request),
            None => self.bank.handle(connection, request),
        }
    }

    fn refuse(
        &self,
        connection: &Connection,
        head: &http::request::Parts,
        breach: Breach,
    ) -> Response {
        match self.pages.get(&connection.listener) {
            Some(page) => page.refuse(connection, head, breach),
            None => self.bank.refuse(connection, head, breach),
        }
    }
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

fn host(socket: Option<&TcpListener>) -> Option<String> {
    let address = socket?.local_addr().ok()?;
    Some(address.to_string())
}

fn called(app: DemoApp) -> String {
    format!("the demo app of {}", app.name())
}

/// Why an app is not open that the file does not speak of.
fn unsaid(app: DemoApp) -> String {
    format!(
        "note: {} is not open: gateway.yaml has no client `{}` that comes back to \
         http://127.0.0.1:PORT{CALLBACK}, as the file of a new folder has (--dir DIR)\n",
        called(app),
        app.client()
    )
}

/// The issuer of an app's client, and where its customers come back to, as the file says it.
fn said(house: &House, app: DemoApp) -> Option<(&str, SocketAddr)> {
    house.banks.iter().find_map(|bank| {
        let clients = bank.issuer.clients.iter();
        let mut ours = clients.filter(|(id, _)| id.as_str() == app.client());
        let uris = &ours.next()?.1.redirect_uris;
        let address = uris.iter().find_map(|uri| callback(uri))?;
        Some((bank.issuer.url.as_str(), address))
    })
}

/// The address of a redirect URI of the form `http://127.0.0.1:PORT/callback`.
fn callback(uri: &str) -> Option<SocketAddr> {
    let address = uri.strip_prefix("http://")?.strip_suffix(CALLBACK)?;
    let address: SocketAddr = address.parse().ok()?;
    (address.ip() == Ipv4Addr::LOCALHOST && address.port() != 0).then_some(address)
}

#[cfg(test)]
mod tests;
