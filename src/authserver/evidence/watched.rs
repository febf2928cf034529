//! What of a client's request is told to whoever watches the issuers: its stages, with their times.
//! What customers do on their pages is told to nobody.

use std::time::Duration;

use jiff::Timestamp;

use model::ports::{Call, Called, Stage, Trail};
use model::{Decision, OauthEndpoint, TokenIssue};

use super::OpenRecord;
use crate::Ports;
use crate::denied::Denied;

/// The status of an answer whose record cannot be kept.
const UNAVAILABLE: u16 = 503;

/// A request that is watched.
pub(super) struct Watched {
    trail: Trail,
    /// When it came.
    at: Timestamp,
    /// The code that is told when its record cannot be kept.
    unkept: &'static str,
    /// How it was decided.
    call: Option<Call>,
}

impl Watched {
    /// Begins to note the stages of a client's request, if anybody watches.
    pub(super) fn begin(ports: &Ports, endpoint: OauthEndpoint) -> Option<Box<Self>> {
        let unkept = match endpoint {
            OauthEndpoint::Userinfo => "audit_unavailable",
            OauthEndpoint::Token
            | OauthEndpoint::Par
            | OauthEndpoint::Revoke
            | OauthEndpoint::Introspect => "temporarily_unavailable",
            OauthEndpoint::Authorize | OauthEndpoint::Permissions => return None,
        };
        let watcher = ports.watcher.as_ref()?;
        let started = ports.clock.monotonic();
        let mut trail = Trail::begin(watcher, started);
        trail.enter(Stage::Client, started);
        Some(Box::new(Self {
            trail,
            at: ports.clock.now(),
            unkept,
            call: None,
        }))
    }
}

impl OpenRecord<'_> {
    /// A stage begins; the one before it was passed.
    pub(crate) fn enter(&mut self, stage: Stage) {
        if let Some(watched) = &mut self.watched {
            watched.trail.enter(stage, self.clock.monotonic());
        }
    }

    /// It goes no further than the stage that it is in. OAuth errors may repeat the client's words:
    /// the code alone is told.
    pub(super) fn stop(&mut self, code: &'static str) {
        if let Some(watched) = &mut self.watched {
            watched.trail.stop(code, None, self.clock.monotonic());
        }
    }

    /// It is decided.
    pub(super) fn decided(&mut self, issue: &TokenIssue, took: Duration) {
        if let Some(watched) = &mut self.watched {
            watched.call = Some(Call {
                request: issue.request,
                interaction: issue.interaction.clone(),
                at: watched.at,
                method: None,
                called: Called::Endpoint {
                    bank: Some(issue.bank.clone()),
                    name: issue.endpoint.as_str(),
                },
                partner: issue.who.partner.clone(),
                client: issue.who.client.clone(),
                decision: issue.decision,
                status: issue.status,
                code: issue.code,
                took,
                upstream: None,
            });
        }
    }

    /// Its record is kept, or could not be: then that is what the client is told.
    pub(super) fn kept<T>(&mut self, written: Result<T, Denied>) -> Result<T, Denied> {
        if let (Err(_), Some(watched)) = (&written, &mut self.watched) {
            let code = watched.unkept;
            watched.trail.stop(code, None, self.clock.monotonic());
            if let Some(call) = &mut watched.call {
                call.decision = Decision::Failed;
                call.status = UNAVAILABLE;
                call.code = Some(code);
            }
        }
        written
    }

    /// It has ended: whoever watches is told, once.
    pub(super) fn show(&mut self) {
        let Some(watched) = self.watched.take() else {
            return;
        };
        let Watched { trail, call, .. } = *watched;
        if let Some(call) = call {
            trail.end(call, self.clock.monotonic());
        }
    }
}
