//! The keeper: takes the asks one after the other, swaps, and lets go of what was in force.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use anyhow::anyhow;
use arc_swap::ArcSwap;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use authserver::Unchanged;
use config::{House, Loader};
use model::{AuditEntry, AuditEvent, LogName};

use crate::edges::Edges;
use crate::live::Live;
use crate::reload::prepare::{Found, Prepared, Work};
use crate::reload::{Applied, Ask, Because, Kept, NotApplied, Outcome};
use crate::run::warn_of;
use crate::standing::Standing;

/// How long the record of a reload may take to be durable.
const EVIDENCE_WAIT: Duration = Duration::from_secs(10);
/// How often it is looked whether anybody still uses what is no longer in force.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The one who changes what is in force.
pub(super) struct Keeper {
    loader: Arc<Mutex<Loader>>,
    house: Arc<House>,
    standing: Arc<Standing>,
    live: Arc<ArcSwap<Live>>,
    edges: Weak<Edges>,
    stopping: CancellationToken,
    tasks: TaskTracker,
    files: watch::Sender<Vec<PathBuf>>,
    /// What the files read as the last time, good or not.
    read_last: String,
    /// The greatest number that a record may name.
    number: u64,
    /// What was in force and may still be in use: its last use must not be what frees it, since
    /// that would be a request on the road.
    retired: Vec<Arc<Live>>,
}

impl Keeper {
    pub(super) fn new(kept: Kept, files: watch::Sender<Vec<PathBuf>>, tasks: TaskTracker) -> Self {
        Self {
            loader: Arc::new(Mutex::new(kept.loader)),
            number: kept.live.load().snapshot.number(),
            read_last: kept.house.digest.clone(),
            house: Arc::new(kept.house),
            standing: kept.standing,
            live: kept.live,
            edges: kept.edges,
            stopping: kept.stopping,
            tasks,
            files,
            retired: Vec::new(),
        }
    }

    /// Works until the house stops.
    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<Ask>) {
        loop {
            let ask = tokio::select! {
                biased;
                () = self.stopping.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY), if !self.retired.is_empty() => None,
                ask = waiting.recv() => match ask {
                    Some(ask) => Some(ask),
                    None => return,
                },
            };
            if let Some(first) = ask {
                let mut asks = vec![first];
                while let Ok(more) = waiting.try_recv() {
                    asks.push(more);
                }
                self.answer(asks).await;
            }
            self.let_go();
        }
    }

    /// One load for all who wait, and one opening of the rings.
    async fn answer(&mut self, asks: Vec<Ask>) {
        let (of_rings, of_file): (Vec<_>, Vec<_>) = asks
            .into_iter()
            .partition(|ask| ask.because == Because::Rings);
        let is_asked = of_file.iter().any(|ask| ask.because == Because::Asked);
        let because = if is_asked {
            Because::Asked
        } else {
            Because::Touched
        };
        for (asks, because) in [(of_rings, Because::Rings), (of_file, because)] {
            if asks.is_empty() {
                continue;
            }
            let Some(outcome) = self.reload(because).await else {
                continue;
            };
            self.tell(&outcome);
            let outcome: Outcome = Arc::new(outcome);
            for ask in asks {
                let _ = ask.done.send(Arc::clone(&outcome));
            }
        }
    }

    async fn reload(&mut self, because: Because) -> Option<Result<Applied, NotApplied>> {
        let Some(edges) = self.edges.upgrade() else {
            return Some(Err(NotApplied::Draining));
        };
        let found = match self.find(because, Arc::clone(&edges)).await {
            Ok(found) => found,
            Err(not_applied) => {
                self.standing.metrics.loads.refused();
                return Some(Err(not_applied));
            }
        };
        let Found {
            digest,
            files,
            prepared,
        } = found;
        let applied = match prepared? {
            Ok(prepared) => self.apply(&edges, prepared, &digest).await,
            Err(not_applied) => Err(not_applied),
        };
        if let Some(files) = files {
            // What failed by its surroundings may succeed when the same files are only touched.
            if applied
                .as_ref()
                .map_or_else(NotApplied::is_of_the_file, |_| true)
            {
                self.read_last.clone_from(&digest);
            }
            self.files.send_replace(files);
        }
        if let Err(not_applied) = &applied {
            self.standing.metrics.loads.refused();
            self.record_reject(not_applied, digest).await;
        }
        Some(applied)
    }

    /// Lets a thread of its own read, judge and build: the runtime's threads go on serving.
    async fn find(&self, because: Because, edges: Arc<Edges>) -> Result<Found, NotApplied> {
        let work = Work {
            loader: Arc::clone(&self.loader),
            house: Arc::clone(&self.house),
            standing: Arc::clone(&self.standing),
            edges,
            number: self.number + 1,
            because,
            read_last: self.read_last.clone(),
        };
        let (done, found) = oneshot::channel();
        let runtime = Handle::current();
        std::thread::Builder::new()
            .name("reload".to_owned())
            .spawn(move || drop(done.send(work.run(&runtime))))
            .map_err(|error| NotApplied::Failed(anyhow!("no thread to reload on: {error}")))?;
        let broken = |_| NotApplied::Failed(anyhow!("the reload broke off; please report it"));
        found.await.map_err(broken)
    }

    /// Keys that only the new snapshot has are kept, each with its evidence; then the evidence of
    /// the snapshot; then nothing can fail.
    async fn apply(
        &mut self,
        edges: &Edges,
        prepared: Prepared,
        digest: &str,
    ) -> Result<Applied, NotApplied> {
        if self.stopping.is_cancelled() {
            return Err(NotApplied::Draining);
        }
        let Prepared {
            house,
            lapsed,
            live,
            closing,
            staged,
        } = prepared;
        let settled = tokio::time::timeout(EVIDENCE_WAIT, live.settle()).await;
        match settled {
            Ok(Ok(())) => {}
            Err(_) | Ok(Err(Unchanged::Audit(_))) => return Err(NotApplied::NoEvidence),
            Ok(Err(unchanged)) => {
                let what = anyhow::Error::new(unchanged).context("keeping the signing keys");
                return Err(NotApplied::Failed(what));
            }
        }
        let snapshot = live.snapshot.number();
        // Whether or not the record comes to be, no other may have this number.
        self.number = snapshot;
        let event = AuditEvent::ConfigApply {
            digest: Arc::from(digest),
            snapshot,
        };
        self.record(event).await?;
        for listener in &closing {
            edges.close(listener, house.drain);
        }
        self.retired.push(self.live.swap(Arc::new(live)));
        Live::fetch_keys(&self.live, &self.tasks);
        for listener in staged {
            edges.apply(listener, house.drain);
        }
        self.house = house;
        self.standing.metrics.loads.applied(snapshot);
        Ok(Applied {
            snapshot,
            digest: digest.to_owned(),
            lapsed,
        })
    }

    async fn record_reject(&self, not_applied: &NotApplied, digest: String) {
        let event = AuditEvent::ConfigReject {
            digest: digest.into(),
            snapshot: self.live.load().snapshot.number(),
            count: not_applied.count() as u64,
            rule: not_applied.first(),
        };
        if self.record(event).await.is_err() {
            tracing::warn!("that a configuration was not applied could not be recorded");
        }
    }

    async fn record(&self, event: AuditEvent) -> Result<(), NotApplied> {
        let entry = AuditEntry {
            log: LogName::House,
            at: self.standing.clock.now(),
            event,
        };
        let durable = self.standing.log.record(entry);
        match tokio::time::timeout(EVIDENCE_WAIT, durable).await {
            Ok(Ok(_receipt)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(NotApplied::NoEvidence),
        }
    }

    fn tell(&self, outcome: &Result<Applied, NotApplied>) {
        match outcome {
            Ok(applied) => {
                tracing::info!(
                    snapshot = applied.snapshot,
                    config.digest = applied.digest,
                    "the configuration is in force"
                );
                if let Some(lapsed) = &applied.lapsed {
                    warn_of(lapsed);
                }
            }
            Err(not_applied) => tracing::error!(
                snapshot = self.live.load().snapshot.number(),
                count = not_applied.count(),
                error = not_applied.render(false, 100),
                "the configuration was not applied: what was in force stays"
            ),
        }
    }

    /// Frees what nobody uses any more, off the road.
    fn let_go(&mut self) {
        let (used, unused) = std::mem::take(&mut self.retired)
            .into_iter()
            .partition(|live| Arc::strong_count(live) > 1);
        self.retired = used;
        let unused: Vec<_> = unused;
        if unused.is_empty() {
            return;
        }
        let standing = Arc::clone(&self.standing);
        drop(tokio::task::spawn_blocking(move || {
            drop(unused);
            standing.forget_unused();
        }));
    }
}
