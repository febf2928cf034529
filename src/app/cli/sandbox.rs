//! `mortise sandbox`: gateway and model bank in one process, over real TLS, offline.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;

use model::{Clock, SystemClock};

use crate::cli::serve::runtime;
use crate::cli::{environment, say, show};
use crate::run::{Signals, until_stopped};
use crate::sandbox::{Addresses, SandboxHouse};
use crate::telemetry;

/// Run the partner sandbox.
#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// Where certificates, keys, configuration and data are kept.
    #[arg(long, value_name = "DIR", default_value = "mortise-sandbox")]
    dir: PathBuf,
    /// Use a temporary directory and free ports, and remove the directory at the end.
    #[arg(long, conflicts_with = "dir")]
    ephemeral: bool,
    /// Write addresses and files as JSON here once all listeners are open.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Where the APIs listen, when the directory is new.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    api: SocketAddr,
    /// Where the issuer listens, when the directory is new.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8444")]
    issuer: SocketAddr,
    /// Where the model bank listens, when the directory is new.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8445")]
    bank: SocketAddr,
}

impl Sandbox {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        telemetry::start(Arc::clone(&clock));
        let temporary = if self.ephemeral {
            Some(Temporary::make(clock.as_ref())?)
        } else {
            None
        };
        let dir = temporary
            .as_ref()
            .map_or(self.dir.clone(), |temporary| temporary.0.clone());
        let addresses = if self.ephemeral {
            let bind = || -> anyhow::Result<TcpListener> {
                let any: SocketAddr = ([127, 0, 0, 1], 0).into();
                edge::bind(any).context("binding a free port")
            };
            Addresses::bound(bind()?, bind()?, bind()?)?
        } else {
            Addresses::planned(self.api, self.issuer, self.bank)
        };
        runtime()?.block_on(async {
            let signals = Signals::hear()?;
            let house = match SandboxHouse::open(&dir, addresses, clock, &environment).await? {
                Ok(house) => house,
                Err(mistakes) => {
                    show(&mistakes);
                    return Ok(ExitCode::from(1));
                }
            };
            if let Some(path) = &self.ready_file {
                house.write_ready_file(path)?;
            }
            say(&house.greeting()?);
            let (running, bank) = house.into_parts();
            let code = until_stopped(running, signals).await;
            bank.drain(std::time::Duration::from_secs(1)).await;
            code
        })
    }
}

/// A directory that is removed when the sandbox ends.
struct Temporary(PathBuf);

impl Temporary {
    fn make(clock: &dyn Clock) -> anyhow::Result<Self> {
        let name = format!(
            "mortise-sandbox-{}-{}",
            std::process::id(),
            clock.now().as_nanosecond()
        );
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir(&dir).with_context(|| format!("making {}", dir.display()))?;
        Ok(Self(dir))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
