//! Consents whose time is over are said so: undecided ones lapse, those in force expire. The road
//! and the pages go by the instants themselves, so nothing waits for this but the records.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use model::ConsentState;
use model::ports::{Changed, DueConsent, Posted};

use super::end::AtBank;
use crate::live::Live;
use crate::outbox;
use crate::standing::Standing;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(10);

/// How many end at once, before their events go to the log.
const GROUP: u16 = 100;

/// How many such groups a bank has in one look: the next one goes on.
const GROUPS_MAX: usize = 20;

/// Looks at once, and then again and again until the house stops.
pub(crate) fn sweep(
    standing: &Arc<Standing>,
    live: &Arc<ArcSwap<Live>>,
    tasks: &TaskTracker,
    stopping: CancellationToken,
) {
    let (standing, live) = (Arc::clone(standing), Arc::clone(live));
    tasks.spawn(async move {
        let looks = async {
            loop {
                let now = live.load_full();
                for (bank, server) in &now.authservers {
                    let at_bank = AtBank {
                        standing: &standing,
                        bank,
                        server,
                    };
                    if let Err(cause) = at_bank.end_due().await {
                        tracing::warn!(
                            bank.id = bank.as_str(),
                            error = format!("{cause:#}"),
                            "consents whose time is over could not be ended"
                        );
                    }
                }
                drop(now);
                tokio::time::sleep(EVERY).await;
            }
        };
        // Left between two calls of the store or in one: what it has done has its event.
        stopping.run_until_cancelled(looks).await;
    });
}

impl AtBank<'_> {
    /// Ends those whose time is over, the longest due first. One that cannot be ended keeps none of
    /// its group from it.
    async fn end_due(&self) -> anyhow::Result<()> {
        for _ in 0..GROUPS_MAX {
            let now = self.standing.clock.now();
            let due = self.standing.state.consents.due(self.bank, now, GROUP);
            let due = due.await.context("listing consents that are due")?;
            let is_last = due.len() < usize::from(GROUP);
            let mut posted = Vec::with_capacity(due.len());
            let mut failed = None;
            for one in due {
                match self.end_one(&one).await {
                    Ok(event) => posted.extend(event),
                    Err(cause) => failed = failed.or(Some(cause)),
                }
            }
            outbox::hand_over(self.standing, posted).await?;
            if let Some(cause) = failed {
                return Err(cause);
            }
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// The event of one that has ended by this; none where it stands otherwise by now.
    async fn end_one(&self, (id, ..): &DueConsent) -> anyhow::Result<Option<Posted>> {
        let found = self.standing.state.consents.find(self.bank, id).await;
        let Some(consent) = found.context("finding a consent that is due")? else {
            return Ok(None);
        };
        let changed = match consent.state {
            state if state.is_undecided() => self.lapse(&consent).await,
            ConsentState::Authorised => self.expire(&consent).await,
            _ => return Ok(None),
        };
        match changed.context("ending a consent that is due")? {
            Changed::Done(posted) => Ok(Some(posted)),
            Changed::Otherwise(_) | Changed::Gone => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
