//! What of a request is told to whoever watches the road: its stages, with their times.

use std::sync::Arc;
use std::time::Duration;

use model::ports::{Call, Called, Stage, Trail, Watcher};
use model::{Decision, Refusal};

use super::OpenRecord;

/// A request that is watched.
pub(super) struct Watched {
    trail: Trail,
    method: Option<&'static str>,
}

impl Watched {
    /// Begins to note its stages, if anybody watches.
    pub(super) fn begin(
        watcher: Option<&Arc<dyn Watcher>>,
        started: Duration,
    ) -> Option<Box<Self>> {
        watcher.map(|watcher| {
            Box::new(Self {
                trail: Trail::begin(watcher, started),
                method: None,
            })
        })
    }
}

impl OpenRecord {
    /// The method that it came with.
    pub(crate) fn asks(&mut self, method: &http::Method) {
        if let Some(watched) = &mut self.watched {
            watched.method = Some(model::method_word(method));
        }
    }

    /// A stage begins; the one before it was passed.
    pub(crate) fn enter(&mut self, stage: Stage) {
        if let Some(watched) = &mut self.watched {
            watched.trail.enter(stage, self.clock.monotonic());
        }
    }

    /// It goes no further than the stage that it is in.
    pub(crate) fn stop(&mut self, code: &'static str, refusal: Option<&Refusal>) {
        if let Some(watched) = &mut self.watched {
            watched.trail.stop(code, refusal, self.clock.monotonic());
        }
    }

    /// The outcome is known: whoever watches is told, once.
    pub(super) fn show(
        &mut self,
        decision: Decision,
        status: u16,
        code: Option<&'static str>,
        (took, upstream): (Duration, Duration),
    ) {
        let Some(watched) = self.watched.take() else {
            return;
        };
        let Watched { trail, method } = *watched;
        let route = self.route.as_ref();
        let called = route.map(|route| Called::Operation(Arc::clone(&route.object)));
        let call = Call {
            request: self.request,
            interaction: self.interaction.clone(),
            at: self.now,
            method,
            called: called.unwrap_or(Called::Nothing),
            partner: self.who.partner.clone(),
            client: self.who.client.clone(),
            decision,
            status,
            code,
            took,
            upstream: (!upstream.is_zero()).then_some(upstream),
        };
        trail.end(call, self.clock.monotonic());
    }
}
