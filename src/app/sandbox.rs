//! The sandbox's wiring: prepare its directory, start the model bank behind a listener of its own,
//! start the house in front of it. The house is the product's, started by the same `start`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, Weak};

use anyhow::Context as _;

use arc_swap::ArcSwap;
use config::{House, Loader, Mistakes, Mode, Variables};
use crypto::{Random, SystemRandom};
use edge::{ClientCertificates, Edge, Limits, ListenerSettings, TlsSettings};
use model::ports::Watcher;
use model::{BankId, Clock, ListenerId};
use sandbox::{InForce, Inspector, ModelBank, Prepared};

use crate::environment::Environment;
use crate::live::Live;
use crate::run::{Configuration, Running, start};

mod pages;
mod sockets;

pub(crate) use pages::Open;
use pages::Wished;
pub(crate) use sockets::NotOpened;
use sockets::{Sockets, refuse_when_running};

/// Where a sandbox listens: wished for, or bound already.
pub struct Addresses {
    wishes: Wishes,
    bound: Option<Sockets>,
    pages: Wished,
}

/// What was asked for in so many words.
#[derive(Debug, Clone, Default)]
struct Wishes {
    api: Option<SocketAddr>,
    issuer: Option<SocketAddr>,
    bank: Option<SocketAddr>,
    template: Option<String>,
}

impl Wishes {
    /// Where a new folder's sandbox listens: loopback, and a port for what was not asked for.
    fn plan(&self) -> sandbox::Plan {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let [swiftride, cartwheel] = Wished::usual();
        sandbox::Plan {
            api: self.api.unwrap_or(at(8443)),
            issuer: self.issuer.unwrap_or(at(8444)),
            bank: self.bank.unwrap_or(at(8445)),
            swiftride,
            cartwheel,
            template: self.template.clone(),
        }
    }
}

impl Addresses {
    /// Addresses to bind when the directory is new; later its file decides. What is not said is
    /// 127.0.0.1 with the port 8443, 8444 or 8445.
    pub fn planned(
        api: Option<SocketAddr>,
        issuer: Option<SocketAddr>,
        bank: Option<SocketAddr>,
    ) -> Self {
        Self {
            wishes: Wishes {
                api,
                issuer,
                bank,
                template: None,
            },
            bound: None,
            pages: Wished::Not,
        }
    }

    /// With the start page and the demo apps, at these ports of 127.0.0.1, or at 8446, 8447 and
    /// 8448, or, where those are taken, at free ones. Where a demo app of a folder that is there
    /// stands, its file says.
    #[must_use]
    pub fn with_pages(
        mut self,
        start: Option<u16>,
        swiftride: Option<u16>,
        cartwheel: Option<u16>,
    ) -> Self {
        self.pages = Wished::At {
            start,
            swiftride,
            cartwheel,
        };
        self
    }

    /// With the start page and the demo apps, at free ports.
    #[must_use]
    pub fn with_pages_anywhere(mut self) -> Self {
        self.pages = Wished::Free;
        self
    }

    /// Sockets that are bound already, for a new directory.
    pub fn bound(api: TcpListener, issuer: TcpListener, bank: TcpListener) -> anyhow::Result<Self> {
        let wishes = Wishes {
            api: Some(api.local_addr()?),
            issuer: Some(issuer.local_addr()?),
            bank: Some(bank.local_addr()?),
            template: None,
        };
        let house = HashMap::from([
            (ListenerId::parse("api")?, api),
            (ListenerId::parse("issuer")?, issuer),
        ]);
        let bound = Some(Sockets { house, bank });
        Ok(Self {
            wishes,
            bound,
            pages: Wished::Not,
        })
    }

    /// The text that a new directory's `gateway.yaml` is written from, in place of the sandbox's
    /// own (see [`sandbox::Plan::template`]).
    #[must_use]
    pub fn with_template(mut self, template: Option<String>) -> Self {
        self.wishes.template = template;
        self
    }

    /// An address that two of a new directory's listeners would share.
    pub(crate) fn shared(&self) -> Option<SocketAddr> {
        let plan = self.wishes.plan();
        if plan.api == plan.issuer || plan.api == plan.bank {
            return Some(plan.api);
        }
        (plan.issuer == plan.bank).then_some(plan.issuer)
    }
}

/// A sandbox's directory, prepared and read; nothing runs yet.
pub(crate) struct Site {
    prepared: Prepared,
    configuration: Configuration,
    bank: SocketAddr,
    wishes: Wishes,
    bound: Option<Sockets>,
    wished: Wished,
    /// Bound already, where the folder was new.
    pages: Option<pages::Sockets>,
}

impl Site {
    /// Prepares the directory and reads its file. A new directory's sockets are bound before
    /// anything is written. The inner error is the file's mistakes.
    pub(crate) fn find(
        dir: &Path,
        addresses: Addresses,
        clock: &dyn Clock,
        environment: Variables,
    ) -> anyhow::Result<Result<Self, Mistakes>> {
        let Addresses {
            wishes,
            mut bound,
            pages: wished,
        } = addresses;
        let mut plan = wishes.plan();
        let is_new = !sandbox::is_prepared(dir);
        if bound.is_none() && is_new {
            let listeners = [
                (ListenerId::parse("api")?, plan.api),
                (ListenerId::parse("issuer")?, plan.issuer),
            ];
            bound = Some(Sockets::bind(listeners, plan.bank, None)?);
        }
        let pages = is_new.then(|| wished.bind_new());
        if let Some(pages) = &pages {
            [plan.swiftride, plan.cartwheel] = pages.apps();
        }
        let mut prepared = sandbox::prepare(dir, &plan, clock, &SystemRandom)?;
        let loader = Loader::new(prepared.config.clone(), Mode::Sandbox, environment);
        let configuration = match Configuration::load(loader, clock) {
            Ok(configuration) => configuration,
            Err(mistakes) => return Ok(Err(mistakes)),
        };
        locate(&mut prepared, &configuration.house);
        Ok(Ok(Self {
            bank: bank_address(&configuration.house)?,
            prepared,
            configuration,
            wishes,
            bound,
            wished,
            pages,
        }))
    }

    /// A line for each address that was asked for and is not used, since the file says another.
    pub(crate) fn overruled(&self) -> String {
        let listener = |id: &str| {
            let mut all = self.configuration.house.listeners.iter();
            let found = all.find(|listener| listener.edge.id.as_str() == id)?;
            Some(found.address)
        };
        let says = [
            ("--api", self.wishes.api, listener("api")),
            ("--issuer", self.wishes.issuer, listener("issuer")),
            ("--bank", self.wishes.bank, Some(self.bank)),
        ];
        let mut text = String::new();
        if self.wishes.template.is_some() && !self.prepared.first_run {
            let file = self.prepared.config.display();
            let _ = writeln!(text, "note: --config is not used: {file} is there already");
        }
        for (option, wish, said) in says {
            if let (Some(wish), Some(said)) = (wish, said)
                && wish != said
            {
                let file = self.prepared.config.display();
                let _ = writeln!(
                    text,
                    "note: {option} {wish} is not used: {file} is there already and says {said}"
                );
            }
        }
        text
    }

    /// Binds what is not bound yet, then starts bank and house.
    pub(crate) async fn open(self, clock: Arc<dyn Clock>) -> anyhow::Result<SandboxHouse> {
        let Self {
            prepared,
            configuration,
            ..
        } = self;
        let house = &configuration.house;
        let issuers = house.banks.iter().map(|bank| bank.issuer.url.clone());
        let issuers = issuers.collect();
        let sockets = if let Some(sockets) = self.bound {
            sockets
        } else {
            refuse_when_running(&prepared.dir, &house.audit.dir)?;
            let listeners = house.listeners.iter();
            let listeners = listeners.map(|listener| (listener.edge.id.clone(), listener.address));
            Sockets::bind(listeners, self.bank, Some(&prepared.config))?
        };
        let keys = Arc::new(OnceLock::new());
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let shared = (Arc::clone(&clock), Arc::clone(&random));
        let bank = model_bank(&prepared, house, shared, Arc::clone(&keys))?;
        let bank = Arc::new(bank);
        let pages = self.pages.unwrap_or_else(|| self.wished.bind_for(house));
        let (inspector, in_force) = (Arc::new(Inspector::new()), Arc::new(InForce::new()));
        let site = pages::Site {
            prepared: &prepared,
            house,
            bank: &bank,
            clock: &clock,
            random: &random,
            inspector: &inspector,
            in_force: &in_force,
        };
        let ready = pages.furnish(&site, &own_path()?)?;
        // Nobody looks where there is no page to look at.
        let watcher = ready.has_start().then_some(inspector as Arc<dyn Watcher>);
        let (rooms, doors) = ready.rooms(&bank);
        let bank_edge = Edge::new(Arc::new(rooms), Arc::clone(&clock));
        bank_edge
            .open(sockets.bank, bank_listener(&prepared)?)
            .context("model bank: opening")?;
        let env = Environment {
            clock,
            random,
            sockets: sockets.house,
            watcher,
        };
        let running = start(configuration, env).await?;
        let _ = keys.set(running.live());
        in_force.kept_in(BankId::parse(sandbox::BANK)?, running.consents());
        let pages = doors.open(&bank_edge)?;
        Ok(SandboxHouse {
            running,
            bank_edge,
            bank,
            prepared,
            issuers,
            pages,
        })
    }
}

/// A running sandbox.
pub struct SandboxHouse {
    running: Running,
    bank_edge: Edge,
    /// The model bank, for those who count its calls.
    pub bank: Arc<ModelBank>,
    /// The files.
    pub prepared: Prepared,
    /// Their URLs, in the file's order.
    issuers: Vec<String>,
    pages: Open,
}

/// The seed of the model bank's data.
const SEED: u64 = 20_261_122;

impl SandboxHouse {
    /// Prepares the directory and starts bank and house. The inner error is the file's mistakes.
    pub async fn open(
        dir: &Path,
        addresses: Addresses,
        clock: Arc<dyn Clock>,
        environment: Variables,
    ) -> anyhow::Result<Result<Self, Mistakes>> {
        match Site::find(dir, addresses, clock.as_ref(), environment)? {
            Ok(site) => Ok(Ok(site.open(clock).await?)),
            Err(mistakes) => Ok(Err(mistakes)),
        }
    }

    /// What the terminal shows once all listeners are open.
    pub fn greeting(&self) -> anyhow::Result<String> {
        let commands = sandbox::commands(&self.prepared, &own_path()?);
        let mut text = "The sandbox is open.\n\n".to_owned();
        if let Some(start) = &self.pages.start {
            let _ = writeln!(text, "  start   {start}");
        }
        for (name, url) in &self.pages.apps {
            let _ = writeln!(text, "  app     {url}  {name}");
        }
        let _ = write!(
            text,
            "  APIs    {}\n  issuer  {}\n  files   {}\n\n{}",
            self.prepared.api_url,
            self.issuers.join("\n          "),
            self.prepared.dir.display(),
            sandbox::render(&commands)
        );
        Ok(text)
    }

    /// The pages that are open: the start page, the demo apps.
    pub(crate) fn pages(&self) -> &Open {
        &self.pages
    }

    /// Writes what a script needs to know, whole or not at all.
    pub fn write_ready_file(&self, path: &Path) -> anyhow::Result<()> {
        let partners: Vec<_> = self
            .prepared
            .partners
            .iter()
            .map(|partner| {
                serde_json::json!({
                    "partner": partner.partner, "client": partner.client,
                    "certificate": partner.certificate, "key": partner.key,
                })
            })
            .collect();
        let apps = self.pages.apps.iter();
        let apps: serde_json::Map<_, _> = apps
            .map(|(name, url)| (name.to_lowercase(), url.as_str().into()))
            .collect();
        let ready = serde_json::json!({
            "api": self.prepared.api_url, "issuer": self.prepared.issuer_url,
            "token_endpoint": self.prepared.token_endpoint, "config": self.prepared.config,
            "authority": self.prepared.server_authority, "audit": self.prepared.audit,
            "partners": partners, "start": self.pages.start, "apps": apps,
        });
        let part: PathBuf = path.with_extension("part");
        std::fs::write(&part, format!("{ready}\n"))
            .and_then(|()| std::fs::rename(&part, path))
            .with_context(|| format!("writing {}", path.display()))
    }

    /// The house and the bank's edge, to be stopped in this order.
    pub fn into_parts(self) -> (Running, Edge) {
        (self.running, self.bank_edge)
    }
}

/// The file decides where the house listens; the printed commands follow it.
fn locate(prepared: &mut Prepared, house: &House) {
    for listener in &house.listeners {
        let Some(url) = listener.origin() else {
            continue;
        };
        match listener.edge.id.as_str() {
            "api" => {
                prepared.token_endpoint = format!("{url}/token");
                prepared.api_url = url;
            }
            "issuer" => prepared.issuer_url = url,
            _ => {}
        }
    }
}

/// The model bank stands where the file says that its upstream is.
fn bank_address(house: &House) -> anyhow::Result<SocketAddr> {
    house
        .banks
        .iter()
        .flat_map(|bank| &bank.upstreams)
        .filter(|upstream| upstream.id.as_str() == sandbox::UPSTREAM)
        .flat_map(|upstream| &upstream.endpoints)
        .find_map(|endpoint| format!("{}:{}", endpoint.host, endpoint.port).parse().ok())
        .with_context(|| {
            format!(
                "the sandbox's file must keep a bank with the upstream {} at an IP address",
                sandbox::UPSTREAM
            )
        })
}

fn model_bank(
    prepared: &Prepared,
    house: &House,
    (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
    keys: Arc<OnceLock<Weak<ArcSwap<Live>>>>,
) -> anyhow::Result<ModelBank> {
    // Whichever banks of the house have it as their upstream.
    let banks = house.banks.iter().filter(|bank| {
        let mut upstreams = bank.upstreams.iter();
        upstreams.any(|upstream| upstream.id.as_str() == sandbox::UPSTREAM)
    });
    let issuers: Vec<_> = banks
        .map(|bank| (bank.id.clone(), bank.issuer.assertion_issuer.clone()))
        .collect();
    // The keys in force at the moment; the bank must not keep a house that has ended.
    let callers = move || {
        let live = keys.get().and_then(Weak::upgrade);
        let live = live.map(|live| live.load_full());
        let of = |(bank, issuer): &(BankId, String)| {
            let keys = live.as_ref()?.assertion_keys.get(bank)?.clone();
            Some((issuer.clone(), keys))
        };
        issuers.iter().filter_map(of).collect()
    };
    let pem = read(&prepared.gateway_certificate)?;
    let chain = crypto::certificates(&pem).context("reading the gateway's certificate")?;
    let thumbprint = chain
        .first()
        .map(|leaf| crypto::sha256(leaf))
        .unwrap_or_default();
    let audience = sandbox::UPSTREAM.to_owned();
    let bank = ModelBank::new(SEED, clock, random, Arc::new(callers), audience);
    Ok(bank.pinned_to(thumbprint))
}

/// The program itself, for the commands that name it.
fn own_path() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("finding this program's own path")
}

fn bank_listener(prepared: &Prepared) -> anyhow::Result<ListenerSettings> {
    let certificates = crypto::certificates(&read(&prepared.bank_certificate)?)
        .context("reading the bank's certificate")?;
    let key = crypto::private_key(&read(&prepared.bank_key)?).context("reading the bank's key")?;
    Ok(ListenerSettings {
        id: ListenerId::parse("model-bank")?,
        tls: Some(TlsSettings {
            name: None,
            identities: vec![edge::Identity { certificates, key }],
            client_certificates: ClientCertificates::Required,
        }),
        limits: Limits::default(),
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}
