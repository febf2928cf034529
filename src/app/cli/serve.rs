//! `mortise serve`: the deployed gateway.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use config::{Loader, Mode};
use model::{Clock, SystemClock};

use crate::cli::{Log, check, environment, show};
use crate::environment::Environment;
use crate::run::{Configuration, Signals, until_stopped};
use crate::telemetry;

/// Loads the file, starts the house, and runs until a signal or until the log is poisoned.
pub(super) fn run(path: &Path, log: &Log) -> anyhow::Result<ExitCode> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let loader = Loader::new(path.to_owned(), Mode::Serve, Arc::new(environment));
    let configuration = match Configuration::load(loader, clock.as_ref()) {
        Ok(configuration) => configuration,
        Err(mistakes) => {
            show(&mistakes);
            return Ok(check::code(&mistakes));
        }
    };
    telemetry::start(Arc::clone(&clock), log.form());
    runtime()?.block_on(async {
        let signals = Signals::hear()?;
        let running = crate::run::start(configuration, Environment::system(clock)).await?;
        until_stopped(running, signals).await
    })
}

/// The runtime that all commands which serve use: a thread for each core, and where there is only
/// one, this thread.
pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let is_alone = std::thread::available_parallelism().is_ok_and(|cores| cores.get() == 1);
    let mut runtime = if is_alone {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    runtime.enable_all().build()
}
