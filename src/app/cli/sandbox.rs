//! `mortise sandbox`: gateway and model bank in one process, over real TLS, offline.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;

use config::Mistakes;
use model::{Clock, SystemClock};

use crate::cli::serve::runtime;
use crate::cli::{Log, complain, environment, say, show, terminal, warn};
use crate::reload::{Applied, NotApplied};
use crate::run::{Signals, until_stopped};
use crate::sandbox::{Addresses, NotOpened, SandboxHouse, Site};
use crate::telemetry;

/// Run the partner sandbox.
#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// Where certificates, keys, configuration and data are kept.
    #[arg(long, value_name = "DIR", default_value = "mortise-sandbox")]
    dir: PathBuf,
    /// Use a temporary directory and free ports, and remove the directory at the end.
    #[arg(
        long,
        conflicts_with_all = ["dir", "api", "issuer", "bank", "start", "swiftride", "cartwheel"]
    )]
    ephemeral: bool,
    /// Write addresses and files as JSON here once all listeners are open.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Where the APIs listen, when the directory is new [default: 127.0.0.1:8443].
    #[arg(long, value_name = "ADDRESS")]
    api: Option<SocketAddr>,
    /// Where the issuer listens, when the directory is new [default: 127.0.0.1:8444].
    #[arg(long, value_name = "ADDRESS")]
    issuer: Option<SocketAddr>,
    /// Where the model bank listens, when the directory is new [default: 127.0.0.1:8445].
    #[arg(long, value_name = "ADDRESS")]
    bank: Option<SocketAddr>,
    /// The port of the start page, on 127.0.0.1 [default: 8446, or a free one].
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    start: Option<u16>,
    /// The port of SwiftRide's demo app, when the directory is new [default: 8447, or a free one].
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    swiftride: Option<u16>,
    /// The port of Cartwheel's demo app, when the directory is new [default: 8448, or a free one].
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    cartwheel: Option<u16>,
    /// What the configuration is written from, when the directory is new: a file such as
    /// config/openid-suite.yaml, in which @API_ADDRESS@, @API_URL@, @ISSUER_ADDRESS@, @ISSUER_URL@,
    /// @BANK_ADDRESS@, @SWIFTRIDE_URL@, @CARTWHEEL_URL@, @FROM@ and @UNTIL@ are filled in
    /// [default: one bank and two partners].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    log: Log,
}

impl Sandbox {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(wrong) = self.wrong_usage() {
            warn(&wrong);
            return Ok(ExitCode::from(2));
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        telemetry::start(Arc::clone(&clock), self.log.form());
        let temporary = if self.ephemeral {
            Some(Temporary::make(clock.as_ref())?)
        } else {
            None
        };
        let dir = temporary
            .as_ref()
            .map_or(self.dir.clone(), |temporary| temporary.0.clone());
        runtime()?.block_on(async {
            let signals = Signals::hear()?;
            let house = match self.open(&dir, clock).await {
                Ok(Ok(house)) => house,
                Ok(Err(mistakes)) => {
                    show(&mistakes);
                    return Ok(ExitCode::from(1));
                }
                Err(error) => {
                    let Some(not_opened) = error.downcast_ref::<NotOpened>() else {
                        return Err(error);
                    };
                    warn(&not_opened.render());
                    return Ok(ExitCode::from(3));
                }
            };
            let announced = self.announce(&house);
            let (running, bank) = house.into_parts();
            let code = match announced {
                Ok(()) => {
                    if let Err(error) = running.watch(tell) {
                        // The sandbox works without it; `mortise reload` does the same.
                        complain(&error);
                    }
                    until_stopped(running, signals).await
                }
                Err(error) => {
                    // What was opened is closed: the log must not end without its stop.
                    running.stop().await;
                    Err(error)
                }
            };
            bank.drain(std::time::Duration::from_secs(1)).await;
            code
        })
    }

    /// What cannot be meant: a port that is another at each start, an address for two.
    fn wrong_usage(&self) -> Option<String> {
        let options = [
            ("--api", self.api),
            ("--issuer", self.issuer),
            ("--bank", self.bank),
        ];
        let any_port = options
            .into_iter()
            .find_map(|(option, address)| Some((option, address.filter(|at| at.port() == 0)?)));
        if let Some((option, address)) = any_port {
            return Some(format!(
                "error: {option} {address}: port 0 is no port that a folder can keep\n\
                 help: give a port from 1 to 65535, or use --ephemeral: a temporary folder and \
                 free ports\n"
            ));
        }
        let shared = self.planned().shared()?;
        Some(format!(
            "error: {shared} is meant for two listeners\n\
             help: give each its own: --api ADDRESS --issuer ADDRESS --bank ADDRESS\n"
        ))
    }

    fn template(&self) -> anyhow::Result<Option<String>> {
        let read = |file: &PathBuf| {
            let text = std::fs::read_to_string(file);
            text.with_context(|| format!("reading --config {}", file.display()))
        };
        self.config.as_ref().map(read).transpose()
    }

    fn planned(&self) -> Addresses {
        let addresses = Addresses::planned(self.api, self.issuer, self.bank);
        addresses.with_pages(self.start, self.swiftride, self.cartwheel)
    }

    /// Opens the sandbox. The inner error is the file's mistakes.
    async fn open(
        &self,
        dir: &Path,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Result<SandboxHouse, Mistakes>> {
        let addresses = if self.ephemeral {
            let bind = || -> anyhow::Result<TcpListener> {
                let any: SocketAddr = ([127, 0, 0, 1], 0).into();
                edge::bind(any).context("binding a free port")
            };
            Addresses::bound(bind()?, bind()?, bind()?)?.with_pages_anywhere()
        } else {
            self.planned()
        };
        let addresses = addresses.with_template(self.template()?);
        let site = match Site::find(dir, addresses, clock.as_ref(), Arc::new(environment))? {
            Ok(site) => site,
            Err(mistakes) => return Ok(Err(mistakes)),
        };
        warn(&site.overruled());
        Ok(Ok(site.open(clock).await?))
    }

    /// Tells scripts and people that all listeners are open.
    fn announce(&self, house: &SandboxHouse) -> anyhow::Result<()> {
        if let Some(path) = &self.ready_file {
            house.write_ready_file(path)?;
        }
        warn(&house.pages().notes);
        say(&house.greeting()?);
        Ok(())
    }
}

/// Says on the terminal what came of a file that was changed.
fn tell(outcome: &Result<Applied, NotApplied>) {
    match outcome {
        Ok(applied) => {
            let (coloured, width) = terminal();
            say(&applied.render(coloured, width));
        }
        Err(not_applied) => {
            let (coloured, width) = terminal();
            warn(&not_applied.render(coloured, width));
            warn("nothing was changed: what was in force stays\n");
        }
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
