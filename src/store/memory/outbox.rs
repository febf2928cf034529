//! `ports::Outbox` in memory.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use model::GrantEvent;
use model::ports::{Outbox, OutboxId, Posted, StoreUnavailable};

use super::{Memory, lock};
use crate::rim::{OUTBOX_MAX, Unfit};

/// The events that wait, and the last place that was given.
#[derive(Debug, Default)]
pub(super) struct Events {
    waiting: BTreeMap<OutboxId, Box<GrantEvent>>,
    last: i64,
}

/// Room for events. Asked for before a change is begun: what fills it cannot fail.
pub(super) struct Room<'a>(&'a mut Events);

impl Events {
    /// Room for one.
    pub(super) fn room(&mut self) -> Result<Room<'_>, Unfit> {
        self.room_for(1)
    }

    /// Room for so many.
    pub(super) fn room_for(&mut self, events: usize) -> Result<Room<'_>, Unfit> {
        if self.waiting.len() + events <= OUTBOX_MAX {
            Ok(Room(self))
        } else {
            Err(Unfit::OutboxFull)
        }
    }
}

impl Room<'_> {
    pub(super) fn post(mut self, event: GrantEvent) -> Posted {
        self.add(event)
    }

    /// Posts as many as there is room for.
    pub(super) fn post_all(mut self, events: Vec<GrantEvent>) -> Vec<Posted> {
        events.into_iter().map(|event| self.add(event)).collect()
    }

    fn add(&mut self, event: GrantEvent) -> Posted {
        self.0.last += 1;
        let posted = Posted {
            id: OutboxId(self.0.last),
            event: Box::new(event),
        };
        self.0.waiting.insert(posted.id, posted.event.clone());
        posted
    }
}

impl Outbox for Memory {
    fn waiting(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Posted>, StoreUnavailable>> {
        Box::pin(async move {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let books = lock(&self.books);
            let oldest = books.outbox.waiting.iter().take(limit);
            Ok(oldest
                .map(|(id, event)| Posted {
                    id: *id,
                    event: event.clone(),
                })
                .collect())
        })
    }

    fn logged<'a>(&'a self, ids: &'a [OutboxId]) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        Box::pin(async move {
            let mut books = lock(&self.books);
            for id in ids {
                books.outbox.waiting.remove(id);
            }
            Ok(())
        })
    }
}
