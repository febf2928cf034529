//! All of a reload that can fail, or takes time: it runs on a thread of its own.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use tokio::runtime::Handle;

use config::{House, ListenerPlan, Loader, Mistakes};
use model::ListenerId;

use crate::assemble::assemble;
use crate::edges::{Edges, Staged, is_for_probes};
use crate::live::Live;
use crate::reload::fixed::differences;
use crate::reload::{Because, NotApplied};
use crate::standing::Standing;

/// What the thread works on.
pub(super) struct Work {
    pub(super) loader: Arc<Mutex<Loader>>,
    /// What is in force.
    pub(super) house: Arc<House>,
    pub(super) standing: Arc<Standing>,
    pub(super) edges: Arc<Edges>,
    /// The number of the snapshot to be.
    pub(super) number: u64,
    pub(super) because: Because,
    /// The digest of the files when they were read last.
    pub(super) read_last: String,
}

/// What the thread found.
pub(super) struct Found {
    pub(super) digest: String,
    /// `None` when none was read.
    pub(super) files: Option<Vec<PathBuf>>,
    /// `None` when the files read as before and were only touched.
    pub(super) prepared: Option<Result<Prepared, NotApplied>>,
}

/// Everything that is needed to put a file in force; nothing of it is yet.
pub(super) struct Prepared {
    pub(super) house: Arc<House>,
    /// What ran out.
    pub(super) lapsed: Option<Mistakes>,
    pub(super) live: Live,
    /// Listeners that are to accept no more.
    pub(super) closing: Vec<ListenerId>,
    /// New, moved and changed ones.
    pub(super) staged: Vec<Staged>,
}

impl Work {
    /// Does it. Blocks; `runtime` runs what waits for the store.
    pub(super) fn run(self, runtime: &Handle) -> Found {
        if self.because == Because::Rings {
            return Found {
                digest: self.house.digest.clone(),
                files: None,
                prepared: Some(self.prepare(Arc::clone(&self.house), None, runtime)),
            };
        }
        let now = self.standing.clock.now();
        let loaded = {
            let mut loader = self.loader.lock().unwrap_or_else(PoisonError::into_inner);
            loader.load(now)
        };
        let config::Loaded {
            house,
            lapsed,
            digest,
            files,
        } = loaded;
        let is_as_before = digest == self.read_last;
        let prepared = (self.because == Because::Asked || !is_as_before).then(|| match house {
            Ok(house) => self.prepare(Arc::new(house), lapsed, runtime),
            Err(mistakes) => Err(NotApplied::Mistakes(mistakes)),
        });
        Found {
            digest,
            files: Some(files),
            prepared,
        }
    }

    fn prepare(
        &self,
        house: Arc<House>,
        lapsed: Option<Mistakes>,
        runtime: &Handle,
    ) -> Result<Prepared, NotApplied> {
        let fixed = differences(&self.house, &house);
        if !fixed.is_empty() {
            return Err(NotApplied::Fixed(fixed));
        }
        let built = runtime.block_on(assemble(&house, &self.standing, self.number));
        let live = built.map_err(NotApplied::Failed)?;
        // The runtime takes the new sockets in.
        let _entered = runtime.enter();
        let mut staged = Vec::with_capacity(house.listeners.len());
        for listener in &house.listeners {
            let socket = self.socket(listener)?;
            let ready = self
                .edges
                .stage(socket, listener)
                .with_context(|| format!("listener {}", listener.edge.id))
                .map_err(NotApplied::Failed)?;
            staged.push(ready);
        }
        let stays =
            |old: &&ListenerPlan| named(&house, &old.edge.id).is_some_and(|new| is_at(old, new));
        let closing = self.house.listeners.iter().filter(|old| !stays(old));
        let closing = closing.map(|old| old.edge.id.clone()).collect();
        Ok(Prepared {
            house,
            lapsed,
            live,
            closing,
            staged,
        })
    }

    /// The socket of a listener that is new or moves: of whoever has the address now, or bound.
    /// `None` for one that stays.
    fn socket(&self, listener: &ListenerPlan) -> Result<Option<TcpListener>, NotApplied> {
        let (id, address) = (&listener.edge.id, listener.address);
        if named(&self.house, id).is_some_and(|old| is_at(old, listener)) {
            return Ok(None);
        }
        let mut old = self.house.listeners.iter();
        // Port 0 asks for any free port: nobody has it yet.
        let holder = old.find(|old| old.address == address && address.port() != 0);
        let handed_on = holder.and_then(|holder| self.edges.socket_of(&holder.edge.id));
        let socket = handed_on.unwrap_or_else(|| edge::bind(address));
        socket.map(Some).map_err(|source| NotApplied::Unbound {
            listener: id.clone(),
            address,
            source,
            held_by: self.holder(address),
        })
    }

    /// The listener in force that has the port of an address at another address.
    fn holder(&self, address: SocketAddr) -> Option<(ListenerId, SocketAddr)> {
        let mut all = self.house.listeners.iter();
        let holder = all.find(|one| {
            let (ours, asked) = (one.address, address);
            ours.port() == asked.port()
                && ours != asked
                && (ours.ip().is_unspecified() || asked.ip().is_unspecified())
        })?;
        Some((holder.edge.id.clone(), holder.address))
    }
}

/// Whether a listener of one name stays where it is: at its address, and with callers or probes.
fn is_at(old: &ListenerPlan, new: &ListenerPlan) -> bool {
    old.address == new.address && is_for_probes(old) == is_for_probes(new)
}

fn named<'h>(house: &'h House, id: &ListenerId) -> Option<&'h ListenerPlan> {
    house.listeners.iter().find(|one| one.edge.id == *id)
}
