//! Events that the store has and the log may not have: handed over at start, before a listener
//! opens, and again and again while the house stands (DESIGN §9). An answer waits for its own
//! event; what is found here was left by a crash, or by a client that went away in between.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use model::ports::{OutboxId, Posted};

use crate::standing::Standing;

/// How many are handed over at once.
const GROUP: u32 = 256;

/// How often the outbox is looked into.
const EVERY: Duration = Duration::from_secs(10);

/// How old an event is that its own request has given up.
const LEFT_AFTER: Duration = Duration::from_secs(30);

/// Hands over all that waits.
pub(crate) async fn drain(standing: &Standing) -> anyhow::Result<()> {
    let mut count = 0;
    loop {
        let waiting = waiting(standing).await?;
        if waiting.is_empty() {
            break;
        }
        count += waiting.len();
        hand_over(standing, waiting).await?;
    }
    if count > 0 {
        tracing::info!(count, "events of the store went to the log");
    }
    Ok(())
}

/// Looks into the outbox until the house stops.
pub(crate) fn sweep(standing: &Arc<Standing>, tasks: &TaskTracker, stopping: CancellationToken) {
    let standing = Arc::clone(standing);
    tasks.spawn(async move {
        while stopping
            .run_until_cancelled(tokio::time::sleep(EVERY))
            .await
            .is_some()
        {
            if let Err(cause) = once(&standing).await {
                tracing::warn!(
                    error = format!("{cause:#}"),
                    "the outbox could not be emptied"
                );
            }
        }
    });
}

/// Hands over what no request will: all of it, so that after a stall of the log there is room again
/// at once.
async fn once(standing: &Standing) -> anyhow::Result<()> {
    let now = standing.clock.now();
    loop {
        let mut waiting = waiting(standing).await?;
        let is_full = waiting.len() >= GROUP as usize;
        waiting.retain(|posted| {
            let left = posted.event.at.checked_add(LEFT_AFTER);
            left.is_ok_and(|left| left < now)
        });
        let is_last = !is_full || waiting.is_empty();
        hand_over(standing, waiting).await?;
        if is_last {
            return Ok(());
        }
    }
}

async fn waiting(standing: &Standing) -> anyhow::Result<Vec<Posted>> {
    let waiting = standing.state.outbox.waiting(GROUP).await;
    waiting.context("reading the outbox")
}

/// Hands these over to the log; then the store may forget them.
pub(crate) async fn hand_over(standing: &Standing, waiting: Vec<Posted>) -> anyhow::Result<()> {
    let mut ids: Vec<OutboxId> = Vec::with_capacity(waiting.len());
    let mut written = Vec::with_capacity(waiting.len());
    for Posted { id, event } in waiting {
        ids.push(id);
        written.push(standing.log.record(event.into()));
    }
    for record in written {
        record
            .await
            .context("writing an event of the store to the log")?;
    }
    if ids.is_empty() {
        return Ok(());
    }
    let forgotten = standing.state.outbox.logged(&ids).await;
    forgotten.context("emptying the outbox")
}
