//! The sandbox's wiring: prepare its directory, start the model bank behind a listener of its own,
//! start the house in front of it. The house is the product's, started by the same `start`.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;

use config::{House, Mistakes, Mode};
use crypto::{Jwks, Random, SystemRandom};
use edge::{ClientCertificates, Edge, Limits, ListenerSettings, TlsSettings};
use model::{Clock, ListenerId};
use sandbox::{ModelBank, Prepared};

use crate::environment::Environment;
use crate::run::{Running, Started, start};

/// Where a sandbox listens: planned, or bound already.
pub struct Addresses {
    plan: sandbox::Plan,
    sockets: Option<(TcpListener, TcpListener, TcpListener)>,
}

impl Addresses {
    /// Addresses to bind when the directory is new; later its file decides.
    pub fn planned(api: SocketAddr, issuer: SocketAddr, bank: SocketAddr) -> Self {
        Self {
            plan: sandbox::Plan { api, issuer, bank },
            sockets: None,
        }
    }

    /// Sockets that are bound already, for a new directory.
    pub fn bound(
        api: TcpListener,
        issuer: TcpListener,
        bank: TcpListener,
    ) -> std::io::Result<Self> {
        let plan = sandbox::Plan {
            api: api.local_addr()?,
            issuer: issuer.local_addr()?,
            bank: bank.local_addr()?,
        };
        Ok(Self {
            plan,
            sockets: Some((api, issuer, bank)),
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
}

/// The seed of the model bank's data.
const SEED: u64 = 20_261_122;

impl SandboxHouse {
    /// Prepares the directory and starts bank and house. The inner error is the file's mistakes.
    pub async fn open(
        dir: &Path,
        addresses: Addresses,
        clock: Arc<dyn Clock>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Result<Self, Mistakes>> {
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let mut prepared = sandbox::prepare(dir, &addresses.plan, clock.as_ref(), random.as_ref())?;
        let house = match config::load(&prepared.config, Mode::Sandbox, environment, clock.now()) {
            Ok(house) => house,
            Err(mistakes) => return Ok(Err(mistakes)),
        };
        locate(&mut prepared, &house);
        let (mut sockets, mut bank_socket) = (HashMap::new(), None);
        if let Some((api, issuer, bank)) = addresses.sockets {
            sockets.insert(ListenerId::parse("api")?, api);
            sockets.insert(ListenerId::parse("issuer")?, issuer);
            bank_socket = Some(bank);
        }
        let bank_address = bank_address(&house)?;
        let keys = Arc::new(OnceLock::new());
        let bank = Arc::new(model_bank(
            &prepared,
            &house,
            Arc::clone(&clock),
            Arc::clone(&keys),
        )?);
        let bank_edge = Edge::new(
            Arc::clone(&bank) as Arc<dyn model::Handler>,
            Arc::clone(&clock),
        );
        let socket = match bank_socket {
            Some(socket) => socket,
            None => edge::bind(bank_address)
                .with_context(|| format!("model bank: binding {bank_address}"))?,
        };
        bank_edge
            .open(socket, bank_listener(&prepared)?)
            .context("model bank: opening")?;
        let env = Environment {
            clock,
            random,
            sockets,
        };
        let Started {
            running,
            assertion_keys,
        } = start(house, env).await?;
        let ours = assertion_keys
            .into_iter()
            .find(|(bank, _)| bank.as_str() == sandbox::BANK);
        if let Some((_, jwks)) = ours {
            let _ = keys.set(jwks);
        }
        Ok(Ok(Self {
            running,
            bank_edge,
            bank,
            prepared,
        }))
    }

    /// What the terminal shows once all listeners are open.
    pub fn greeting(&self) -> anyhow::Result<String> {
        let exe = std::env::current_exe().context("finding this program's own path")?;
        let commands = sandbox::commands(&self.prepared, &exe);
        Ok(format!(
            "The sandbox is open.\n\n  APIs    {}\n  issuer  {}\n  files   {}\n\n{}",
            self.prepared.api_url,
            self.prepared.issuer_url,
            self.prepared.dir.display(),
            sandbox::render(&commands)
        ))
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
        let ready = serde_json::json!({
            "api": self.prepared.api_url, "issuer": self.prepared.issuer_url,
            "token_endpoint": self.prepared.token_endpoint, "config": self.prepared.config,
            "authority": self.prepared.server_authority, "audit": self.prepared.audit,
            "partners": partners,
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
        let url = listener.url.as_str().trim_end_matches('/').to_owned();
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
        .filter(|bank| bank.id.as_str() == sandbox::BANK)
        .flat_map(|bank| &bank.upstreams)
        .filter(|upstream| upstream.id.as_str() == sandbox::UPSTREAM)
        .flat_map(|upstream| &upstream.endpoints)
        .find_map(|endpoint| format!("{}:{}", endpoint.host, endpoint.port).parse().ok())
        .with_context(|| {
            format!(
                "the sandbox's file must keep the bank {} with the upstream {} at an IP address",
                sandbox::BANK,
                sandbox::UPSTREAM
            )
        })
}

fn model_bank(
    prepared: &Prepared,
    house: &House,
    clock: Arc<dyn Clock>,
    keys: Arc<OnceLock<Jwks>>,
) -> anyhow::Result<ModelBank> {
    let issuer = house
        .banks
        .iter()
        .find(|bank| bank.id.as_str() == sandbox::BANK)
        .map(|bank| bank.issuer.url.clone())
        .unwrap_or_default();
    let keys = move || {
        keys.get()
            .cloned()
            .unwrap_or_else(|| Jwks::from_keys(Vec::new()))
    };
    let pem = read(&prepared.gateway_certificate)?;
    let chain = crypto::certificates(&pem).context("reading the gateway's certificate")?;
    let thumbprint = chain
        .first()
        .map(|leaf| crypto::sha256(leaf))
        .unwrap_or_default();
    let audience = sandbox::UPSTREAM.to_owned();
    Ok(ModelBank::new(SEED, clock, Arc::new(keys), issuer, audience).pinned_to(thumbprint))
}

fn bank_listener(prepared: &Prepared) -> anyhow::Result<ListenerSettings> {
    let certificates = crypto::certificates(&read(&prepared.bank_certificate)?)
        .context("reading the bank's certificate")?;
    let key = crypto::private_key(&read(&prepared.bank_key)?).context("reading the bank's key")?;
    Ok(ListenerSettings {
        id: ListenerId::parse("model-bank")?,
        tls: Some(TlsSettings {
            certificates,
            key,
            client_certificates: ClientCertificates::Required,
        }),
        limits: Limits::default(),
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}
