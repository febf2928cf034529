//! Consents whose time is over are said so: undecided ones lapse, those in force expire. The road
//! and the pages go by the instants themselves, so nothing waits for this but the records.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use model::ports::{Changed, DueConsent, Posted};
use model::{BankId, ConsentId, ConsentState};

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
        let mut stuck: HashMap<BankId, Stuck> = HashMap::new();
        let looks = async {
            loop {
                let now = live.load_full();
                for (bank, server) in &now.authservers {
                    let at_bank = AtBank {
                        standing: &standing,
                        bank,
                        server,
                    };
                    let ended = at_bank.end_due().await;
                    ended.say(bank, stuck.entry(bank.clone()).or_default());
                }
                drop(now);
                tokio::time::sleep(EVERY).await;
            }
        };
        // Left between two calls of the store or in one: what it has done has its event.
        stopping.run_until_cancelled(looks).await;
    });
}

/// Those that could not be ended in a look.
type Stuck = HashSet<ConsentId>;

/// What a look has come to.
struct Looked {
    stuck: Stuck,
    /// Why the first of them, or all, could not be ended.
    why: Option<anyhow::Error>,
}

impl Looked {
    /// Says what could not be ended, once: not again as long as it is the same.
    fn say(self, bank: &BankId, said: &mut Stuck) {
        if self.is_news(said)
            && let Some(why) = &self.why
        {
            tracing::warn!(
                bank.id = bank.as_str(),
                count = self.stuck.len(),
                error = format!("{why:#}"),
                "consents whose time is over could not be ended"
            );
        }
        *said = self.stuck;
    }

    fn is_news(&self, said: &Stuck) -> bool {
        self.stuck.is_empty() || self.stuck != *said
    }
}

impl AtBank<'_> {
    /// Ends those whose time is over, the longest due first. One that cannot be ended keeps none of
    /// the others from it.
    async fn end_due(&self) -> Looked {
        let mut looked = Looked {
            stuck: Stuck::new(),
            why: None,
        };
        for _ in 0..GROUPS_MAX {
            match self.end_group(&mut looked).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(why) => {
                    looked.why = Some(why);
                    break;
                }
            }
        }
        looked
    }

    /// Ends a group, of those that are not stuck; whether there may be more.
    ///
    /// Errors: the store does not list them, or the log does not take their events.
    async fn end_group(&self, looked: &mut Looked) -> anyhow::Result<bool> {
        let now = self.standing.clock.now();
        // Those that are stuck are due still, and come first.
        let stuck = u16::try_from(looked.stuck.len()).unwrap_or(u16::MAX);
        let limit = GROUP.saturating_add(stuck);
        let due = self.standing.state.consents.due(self.bank, now, limit);
        let mut due = due.await.context("listing consents that are due")?;
        let is_last = due.len() < usize::from(limit);
        due.retain(|(id, ..)| !looked.stuck.contains(id));
        let mut posted = Vec::with_capacity(due.len());
        for one in due {
            match self.end_one(&one).await {
                Ok(event) => posted.extend(event),
                Err(why) => {
                    looked.stuck.insert(one.0);
                    looked.why.get_or_insert(why);
                }
            }
        }
        outbox::hand_over(self.standing, posted).await?;
        Ok(!is_last)
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
