//! `mortise serve`: the deployed gateway.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use config::Mode;
use model::{Clock, SystemClock};

use crate::cli::{check, environment, show};
use crate::environment::Environment;
use crate::run::{Signals, until_stopped};
use crate::telemetry;

/// Loads the file, starts the house, and runs until a signal or until the log is poisoned.
pub(crate) fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let house = match config::load(path, Mode::Serve, &environment, clock.now()) {
        Ok(house) => house,
        Err(mistakes) => {
            show(&mistakes);
            return Ok(check::code(&mistakes));
        }
    };
    telemetry::start(Arc::clone(&clock));
    runtime()?.block_on(async {
        let signals = Signals::hear()?;
        let started = crate::run::start(house, Environment::system(clock)).await?;
        until_stopped(started.running, signals).await
    })
}

/// The runtime that all commands which serve use.
pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}
