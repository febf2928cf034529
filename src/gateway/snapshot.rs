//! All that a request needs of the settings, in one immutable value.

use std::collections::HashMap;

use http::Method;

use model::ListenerId;

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

    pub(crate) fn find(&self, path: &str, method: &Method) -> Found {
        self.table.find(path, method)
    }
}

/// The settings of one moment.
#[derive(Debug)]
pub struct Snapshot {
    number: u64,
    roads: HashMap<ListenerId, Road>,
}

impl Snapshot {
    /// A snapshot by its number and the roads of its API listeners.
    pub fn new(number: u64, roads: HashMap<ListenerId, Road>) -> Self {
        Self { number, roads }
    }

    /// Its number, in every record made under it.
    pub fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn road(&self, listener: &ListenerId) -> Option<&Road> {
        self.roads.get(listener)
    }
}
