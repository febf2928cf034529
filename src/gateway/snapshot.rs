//! All that a request needs of the settings, in one immutable value.

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;

use model::ListenerId;

use crate::limit::Gate;
use crate::product::Route;
use crate::route::{Found, RouteConflict, RoutePattern, Table, same_authority};

/// All operations of one listener.
#[derive(Debug)]
pub struct Road {
    authority: String,
    table: Table,
}

impl Road {
    /// The operations that the listener with this authority (`host[:port]` of its `url`) serves.
    ///
    /// Errors: two operations share method and path.
    pub fn new(
        authority: String,
        routes: impl IntoIterator<Item = (RoutePattern, Route)>,
    ) -> Result<Self, RouteConflict> {
        Ok(Self {
            authority,
            table: Table::build(routes)?,
        })
    }

    pub(crate) fn answers_to(&self, authority: Option<&str>) -> bool {
        authority.is_some_and(|asked| same_authority(&self.authority, asked))
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn find(&self, path: &str, method: &Method) -> Found {
        self.table.find(path, method)
    }

    pub(crate) fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.table.routes()
    }

    /// Puts another route in the place of the one that a look-up finds.
    pub(crate) fn replace(&mut self, path: &str, route: Route) {
        self.table.replace(path, route);
    }
}

/// The settings of one moment. What must outlive it (buckets, pools, verdicts) it shares with the
/// snapshots before and after it.
#[derive(Debug)]
pub struct Snapshot {
    number: u64,
    gate: Arc<Gate>,
    /// By listener; there are few, and a look at each costs less than a hash.
    roads: Vec<(ListenerId, Road)>,
}

impl Snapshot {
    /// A snapshot by its number, the gate's buckets and the roads of its API listeners.
    pub fn new(number: u64, gate: Arc<Gate>, roads: HashMap<ListenerId, Road>) -> Self {
        Self {
            number,
            gate,
            roads: roads.into_iter().collect(),
        }
    }

    /// Its number, in every record made under it.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The gate's buckets, which every door shares.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(crate) fn roads(&self) -> impl Iterator<Item = (&ListenerId, &Road)> {
        self.roads.iter().map(|(listener, road)| (listener, road))
    }

    /// Puts a route in the place of another on a listener, and a gate in the place of its own: for
    /// a rehearsal.
    pub(crate) fn rehearse(&mut self, listener: &ListenerId, path: &str, route: Route, gate: Gate) {
        self.gate = Arc::new(gate);
        let mut roads = self.roads.iter_mut();
        if let Some((_, road)) = roads.find(|(id, _)| id == listener) {
            road.replace(path, route);
        }
    }

    pub(crate) fn road(&self, listener: &ListenerId) -> Option<&Road> {
        let mut roads = self.roads.iter();
        roads.find_map(|(id, road)| (id == listener).then_some(road))
    }
}
