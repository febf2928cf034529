//! Published documents that are asked for, as they are shown to whoever watches. They are no calls
//! of the road and of no client, so nobody else tells of them.

use std::sync::Arc;
use std::time::Duration;

use authserver::Endpoint;
use model::ports::{Call, Called, Stage, Trail, Watcher};
use model::{Asked, Decision, Facts, Response};

use crate::live::Place;

/// A document that is asked for.
pub(crate) struct Seen {
    trail: Trail,
    call: Call,
    started: Duration,
}

impl Seen {
    /// Begins to note what is asked for at a place, where a document is and somebody watches.
    pub(crate) fn begin(
        watcher: Option<&Arc<dyn Watcher>>,
        place: &Place,
        asked: &Asked,
    ) -> Option<Box<Self>> {
        let watcher = watcher?;
        let mut trail = Trail::begin(watcher, asked.started);
        trail.enter(Stage::Answer, asked.started);
        let call = Call {
            request: asked.request_id,
            interaction: asked.interaction.clone(),
            at: asked.now,
            method: Some(model::method_word(asked.request.method())),
            called: called(place)?,
            partner: None,
            client: None,
            decision: Decision::Aborted,
            status: 0,
            code: None,
            took: Duration::ZERO,
            upstream: None,
        };
        Some(Box::new(Self {
            trail,
            call,
            started: asked.started,
        }))
    }

    /// It is answered so, at this instant of the clock that never goes back.
    pub(crate) fn answered(mut self, response: &Response, facts: &Facts, now: Duration) {
        self.call.status = response.status().as_u16();
        self.call.code = facts.code;
        self.call.took = now.saturating_sub(self.started);
        self.call.decision = match facts.code {
            Some(code) => {
                self.trail.stop(code, None, now);
                Decision::Refused
            }
            None => Decision::Allowed,
        };
        self.trail.end(self.call, now);
    }
}

/// What is published at a place; nothing where one of the rooms tells of it.
fn called(place: &Place) -> Option<Called> {
    let (bank, name) = match place {
        Place::Issuer(bank, Endpoint::Metadata | Endpoint::OpenIdMetadata) => {
            (Some(bank.clone()), "metadata")
        }
        Place::Issuer(bank, Endpoint::Jwks | Endpoint::UpstreamJwks) => {
            (Some(bank.clone()), "jwks")
        }
        Place::Issuer(..) => return None,
        Place::Resource(_) => (None, "resource metadata"),
    };
    Some(Called::Endpoint { bank, name })
}
