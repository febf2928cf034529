//! What a command does without a running gateway: in the store and the log themselves.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use config::{Loader, Mode};
use model::{Clock, SystemClock};

use crate::assemble::assemble;
use crate::cli::{environment, serve};
use crate::environment::Environment;
use crate::live::Live;
use crate::outbox;
use crate::run::Configuration;
use crate::standing::Standing;

/// Does this in the house of a file, of which nothing is opened to callers; the locks of its store
/// and of its log are held meanwhile. What a crash left to be logged is in the log before it. The
/// inner error is the file's mistakes.
pub(super) fn alone<T>(
    file: &Path,
    work: impl AsyncFnOnce(&Live, &Standing) -> T,
) -> anyhow::Result<Result<T, config::Mistakes>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    // Keys and consents are the same wherever the certificates are from.
    let loader = Loader::new(file.to_owned(), Mode::Sandbox, Arc::new(environment));
    let house = match Configuration::load(loader, clock.as_ref()) {
        Ok(configuration) => configuration.house,
        Err(mistakes) => return Ok(Err(mistakes)),
    };
    let done = serve::runtime()?.block_on(async {
        let (poison, _) = watch::channel(false);
        let env = Environment::system(clock);
        let (standing, audit) = Standing::open(&house, &env, &TaskTracker::new(), poison)?;
        outbox::drain(&standing).await?;
        let live = assemble(&house, &standing, 1).await?;
        let done = work(&live, &standing).await;
        // With the rooms goes what they had only counted.
        drop((live, standing));
        tokio::task::spawn_blocking(move || audit.close())
            .await
            .context("closing the audit log")?;
        anyhow::Ok(done)
    })?;
    Ok(Ok(done))
}
