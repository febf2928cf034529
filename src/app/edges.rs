//! The two edges of a house: one for callers, and one for probes, which is there before the rooms
//! stand and until all else is drained.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use config::{ListenerPlan, Service};
use edge::{Edge, OpenFailed};
use model::ListenerId;

/// The edges with their listeners; no two of all have one id.
pub(crate) struct Edges {
    pub(crate) callers: Arc<Edge>,
    pub(crate) probes: Arc<Edge>,
}

/// A listener that is ready to be put in force.
pub(crate) struct Staged {
    is_for_probes: bool,
    staged: edge::Staged,
}

/// Whether a listener is for probes.
pub(crate) fn is_for_probes(listener: &ListenerPlan) -> bool {
    listener.serves.contains(&Service::Health)
}

impl Edges {
    fn of(&self, is_for_probes: bool) -> &Edge {
        if is_for_probes {
            &self.probes
        } else {
            &self.callers
        }
    }

    /// Makes a listener ready, as [`Edge::stage`] does.
    pub(crate) fn stage(
        &self,
        socket: Option<TcpListener>,
        listener: &ListenerPlan,
    ) -> Result<Staged, OpenFailed> {
        let is_for_probes = is_for_probes(listener);
        let staged = self
            .of(is_for_probes)
            .stage(socket, listener.edge.clone())?;
        Ok(Staged {
            is_for_probes,
            staged,
        })
    }

    /// Puts in force what was staged, as [`Edge::apply`] does.
    pub(crate) fn apply(&self, staged: Staged, within: Duration) {
        self.of(staged.is_for_probes).apply(staged.staged, within);
    }

    /// Closes a listener, as [`Edge::close`] does.
    pub(crate) fn close(&self, id: &ListenerId, within: Duration) {
        self.callers.close(id, within);
        self.probes.close(id, within);
    }

    /// The address of an open listener.
    pub(crate) fn address(&self, id: &ListenerId) -> Option<SocketAddr> {
        let of_callers = self.callers.address(id);
        of_callers.or_else(|| self.probes.address(id))
    }

    /// Another handle of an open listener's socket.
    pub(crate) fn socket_of(&self, id: &ListenerId) -> Option<io::Result<TcpListener>> {
        let of_callers = self.callers.socket_of(id);
        of_callers.or_else(|| self.probes.socket_of(id))
    }
}
