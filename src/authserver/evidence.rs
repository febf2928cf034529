//! The record of one request to the token endpoint, open until it is decided.
//!
//! Once the client is known a decision is durable before it is answered; before that it is queued.
//! A record that is dropped undecided (the client hung up) is queued as aborted.

use std::time::Duration;

use model::ports::{AuditLog, AuditUnavailable, Receipt};
use model::{
    AuditEntry, AuditEvent, Clock, Connection, Decision, Facts, InteractionId, LogName, RequestId,
    TokenIssue, Who, Words,
};

use crate::Ports;
use crate::denied::Denied;
use crate::grant::client_credentials::Issued;
use crate::issuer::Issuer;
use crate::oauth_error::OauthError;
use crate::step::client_authentication::Proved;
use crate::step::grant_type::GrantType;

/// The status written for a client that left: nothing was sent, so it is none of HTTP's.
const STATUS_OF_THE_ABORTED: u16 = 0;

/// How long an answer waits for its record. A commit takes milliseconds; past this the log is
/// stuck, and the answer is that of an unavailable log. The record may still be written later:
/// evidence of a decision whose answer did not leave does no harm.
const EVIDENCE_WAIT: Duration = Duration::from_secs(5);

/// A record that must end in one decision.
pub(crate) struct OpenRecord<'a> {
    log: &'a dyn AuditLog,
    clock: &'a dyn Clock,
    started: Duration,
    /// Requests for tokens, by outcome and code.
    requests: &'a Words<2>,
    /// Taken by the decision.
    issue: Option<Box<TokenIssue>>,
}

impl<'a> OpenRecord<'a> {
    /// Opens the record at the request's head.
    pub(crate) fn open(
        ports: &'a Ports,
        issuer: &'a Issuer,
        request: RequestId,
        interaction: InteractionId,
        connection: &Connection,
    ) -> Self {
        let certificate = connection.chain.as_ref().map(|chain| chain.leaf_thumbprint);
        Self {
            log: ports.log.as_ref(),
            clock: ports.clock.as_ref(),
            started: ports.clock.monotonic(),
            requests: &issuer.requests,
            issue: Some(Box::new(TokenIssue {
                request,
                interaction,
                peer: connection.peer.ip(),
                bank: issuer.bank.clone(),
                who: Who {
                    certificate,
                    ..Who::default()
                },
                grant_type: None,
                scope: None,
                decision: Decision::Aborted,
                status: STATUS_OF_THE_ABORTED,
                code: None,
                rule: None,
                duration_us: 0,
            })),
        }
    }

    /// The client is known from here on.
    pub(crate) fn client_is(&mut self, client: &Proved<'_>) {
        if let Some(issue) = &mut self.issue {
            issue.who.client = Some(client.id().clone());
            issue.who.partner = Some(client.partner().clone());
        }
    }

    /// Who asks, as far as it is known.
    pub(crate) fn facts(&self) -> Facts {
        let issue = self.issue.as_ref();
        Facts {
            bank: issue.map(|issue| issue.bank.clone()),
            partner: issue.and_then(|issue| issue.who.partner.clone()),
            client: issue.and_then(|issue| issue.who.client.clone()),
            ..Facts::default()
        }
    }

    /// The grant is known from here on.
    pub(crate) fn grant_is(&mut self, grant: GrantType) {
        if let Some(issue) = &mut self.issue {
            issue.grant_type = Some(grant.as_str());
        }
    }

    /// Writes that the token was issued; resolves when that is durable.
    pub(crate) async fn allowed(mut self, issued: &Issued) -> Result<Receipt, Denied> {
        let entry = self.decide(|issue| {
            issue.decision = Decision::Allowed;
            issue.status = 200;
            issue.scope = Some(issued.scope().to_owned());
            issue.who.token_jti = Some(issued.jti_digest());
        });
        let entry = entry.ok_or(Denied::Audit)?;
        durable(self.log, entry).await
    }

    /// Writes that no token was issued; when the client is known, resolves when that is durable.
    pub(crate) async fn denied(mut self, error: &OauthError, is_ours: bool) -> Result<(), Denied> {
        let entry = self.decide(|issue| {
            issue.decision = if is_ours {
                Decision::Failed
            } else {
                Decision::Refused
            };
            issue.status = error.status.as_u16();
            issue.code = Some(error.code);
            issue.rule = Some(error.description.clone());
        });
        let entry = entry.ok_or(Denied::Audit)?;
        if entry.event.partner().is_some() {
            durable(self.log, entry).await.map(drop)
        } else {
            if self.log.queue(entry).is_err() {
                tracing::warn!("a refusal before the client was known left no record");
            }
            Ok(())
        }
    }

    /// Closes the record: the entry as decided, and nothing more to do on drop.
    fn decide(&mut self, decision: impl FnOnce(&mut TokenIssue)) -> Option<AuditEntry> {
        let mut issue = self.issue.take()?;
        let duration = self.clock.monotonic().saturating_sub(self.started);
        issue.duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        decision(&mut issue);
        let code = issue.code.unwrap_or("");
        self.requests.count([issue.decision.as_str(), code]);
        Some(AuditEntry {
            log: LogName::Bank(issue.bank.clone()),
            at: self.clock.now(),
            event: AuditEvent::Token(issue),
        })
    }
}

/// Writes an entry and waits, not for ever, until it is durable.
async fn durable(log: &dyn AuditLog, entry: AuditEntry) -> Result<Receipt, Denied> {
    match tokio::time::timeout(EVIDENCE_WAIT, log.record(entry)).await {
        Ok(Ok(receipt)) => Ok(receipt),
        Ok(Err(AuditUnavailable)) | Err(_) => Err(Denied::Audit),
    }
}

impl Drop for OpenRecord<'_> {
    fn drop(&mut self) {
        let is_broken = std::thread::panicking();
        let entry = self.decide(|issue| {
            // What decides broke: that is answered 500.
            if is_broken {
                issue.decision = Decision::Failed;
                issue.status = 500;
                issue.code = Some("internal");
            }
        });
        if let Some(entry) = entry
            && self.log.queue(entry).is_err()
        {
            tracing::warn!("a client hung up and left no record");
        }
    }
}
