//! Where the calls of an operation go.

use std::fmt;
use std::sync::Arc;

use model::UpstreamId;

use model::ports::RoomDoor;
use upstream::Upstream;

use super::composed::Composed;

/// Where an operation's calls go, once they are admitted.
#[derive(Clone)]
pub enum Destination {
    /// To a service of the bank's.
    Upstream {
        /// Its id: the audience of identity assertions.
        id: UpstreamId,
        /// The service.
        upstream: Arc<Upstream>,
    },
    /// To a block, whose reads go to services of the bank's.
    Block(Arc<Composed>),
    /// To a room of this house, in class `partner` alone.
    Room {
        /// What the room is called.
        name: &'static str,
        /// Its door.
        door: Arc<dyn RoomDoor>,
    },
}

impl Destination {
    /// The bank's service; `None` where a room answers.
    pub fn upstream(&self) -> Option<&UpstreamId> {
        match self {
            Self::Upstream { id, .. } => Some(id),
            Self::Block(_) | Self::Room { .. } => None,
        }
    }

    /// By name.
    pub(crate) fn goal(&self) -> Goal {
        match self {
            Self::Upstream { id, .. } => Goal::Upstream(id.clone()),
            Self::Block(composed) => Goal::Block(Arc::clone(composed.name())),
            Self::Room { name, .. } => Goal::Room(name),
        }
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.goal(), f)
    }
}

/// A destination by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// A service of the bank's.
    Upstream(UpstreamId),
    /// A block, by its name.
    Block(Arc<str>),
    /// A room of this house.
    Room(&'static str),
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream(id) => write!(f, "{id}"),
            Self::Block(name) => write!(f, "the block {name}"),
            Self::Room(name) => write!(f, "the gateway's own room {name}"),
        }
    }
}
