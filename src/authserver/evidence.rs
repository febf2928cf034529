//! The record of one request to an issuer, open until it is decided.
//!
//! Of endpoints of clients: once the client is known a decision is durable before it is answered;
//! before that it is queued. Of pages: what they did is durable before it is answered, and the look
//! at them is queued. A record that is dropped undecided (the client hung up) is queued as aborted.

pub(crate) mod events;
mod watched;

use std::time::Duration;

use http::StatusCode;
use model::ports::{AuditLog, AuditUnavailable, Posted, Receipt, Stage};
use model::{
    AuditEntry, AuditEvent, ClientId, Clock, Connection, Decision, Facts, InteractionId, LogName,
    OauthEndpoint, PartnerId, RequestId, TokenIssue, Who, Words,
};

use crate::Ports;
use crate::denied::Denied;
use crate::evidence::events::hand_over;
use crate::evidence::watched::Watched;
use crate::grant::issued::Issued;
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
    /// Requests for tokens, by outcome and code: counted at the token endpoint alone.
    requests: &'a Words<2>,
    /// Taken by the decision.
    issue: Option<Box<TokenIssue>>,
    ports: &'a Ports,
    /// What the store has of it and the log has not.
    posted: Vec<Posted>,
    /// Its stages, where somebody watches.
    watched: Option<Box<Watched>>,
}

impl<'a> OpenRecord<'a> {
    /// Opens the record at the request's head.
    pub(crate) fn open(
        ports: &'a Ports,
        issuer: &'a Issuer,
        endpoint: OauthEndpoint,
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
            ports,
            posted: Vec::new(),
            watched: Watched::begin(ports, endpoint),
            issue: Some(Box::new(TokenIssue {
                endpoint,
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
                details: None,
                audience: None,
                grant: None,
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
            issue.who.partner = client.partner().cloned();
        }
    }

    /// The token that is asked about, and its grant where it has one: told as active.
    pub(crate) fn tells_of(&mut self, jti_digest: Option<[u8; 32]>, grant: Option<[u8; 32]>) {
        if let Some(issue) = &mut self.issue {
            issue.who.token_jti = jti_digest;
            issue.grant = grant;
        }
    }

    /// A key was proved, which a token or a code will be bound to.
    pub(crate) fn proved(&mut self, proved: Option<&identity::Proved>) {
        if let Some(issue) = &mut self.issue {
            issue.who.key = proved.map(|proved| *proved.thumbprint());
        }
    }

    /// A customer comes by this client's link.
    pub(crate) fn visits(&mut self, client: &ClientId, partner: &PartnerId) {
        if let Some(issue) = &mut self.issue {
            issue.who.client = Some(client.clone());
            issue.who.partner = Some(partner.clone());
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

    /// The partner is known from here on: by a certificate, or as the owner of a token.
    pub(crate) fn partner_is(&mut self, partner: &PartnerId) {
        if let Some(issue) = &mut self.issue {
            issue.who.partner = Some(partner.clone());
        }
    }

    /// The token that was shown is known from here on.
    pub(crate) fn token_is(&mut self, client: &ClientId, jti_digest: [u8; 32]) {
        if let Some(issue) = &mut self.issue {
            issue.who.client = Some(client.clone());
            issue.who.token_jti = Some(jti_digest);
        }
    }

    /// The key that was proved is known from here on.
    pub(crate) fn key_is(&mut self, thumbprint: [u8; 32]) {
        if let Some(issue) = &mut self.issue {
            issue.who.key = Some(thumbprint);
        }
    }

    /// The grant of the token that was shown.
    pub(crate) fn under(&mut self, grant: Option<[u8; 32]>) {
        if let Some(issue) = &mut self.issue {
            issue.grant = grant;
        }
    }

    /// The grant is known from here on.
    pub(crate) fn grant_is(&mut self, grant: GrantType) {
        if let Some(issue) = &mut self.issue {
            issue.grant_type = Some(grant.as_str());
        }
    }

    /// The store has this event: nothing is answered until the log has it too.
    pub(crate) fn posted(&mut self, event: impl IntoIterator<Item = Posted>) {
        self.posted.extend(event);
    }

    /// Who asks, for the events of what is done for them.
    pub(crate) fn who(&self) -> Who {
        let issue = self.issue.as_ref();
        issue.map(|issue| issue.who.clone()).unwrap_or_default()
    }

    /// Writes that it was allowed, with this status; resolves when that, and every event of it, is
    /// durable.
    pub(crate) async fn allowed(
        mut self,
        status: StatusCode,
        token: Option<&Issued>,
    ) -> Result<Receipt, Denied> {
        let entry = self.decide(|issue| {
            issue.decision = Decision::Allowed;
            issue.status = status.as_u16();
            if let Some(token) = token {
                issue.scope = Some(token.scope.clone());
                issue.details.clone_from(&token.sealed);
                issue.audience = Some(token.token.audience.clone());
                issue.who.token_jti = Some(token.token.jti_digest);
                issue.grant = token.grant;
            }
        });
        let entry = entry.ok_or(Denied::Audit)?;
        self.enter(Stage::Outcome);
        let posted = std::mem::take(&mut self.posted);
        let (receipt, handed) = tokio::join!(
            durable(self.log, entry),
            in_time(hand_over(self.ports, posted))
        );
        self.kept(handed.and(receipt))
    }

    /// Writes that no token was issued; when the client is known, resolves when that is durable.
    pub(crate) async fn denied(self, error: &OauthError, is_ours: bool) -> Result<(), Denied> {
        let rule = error.description.clone();
        self.refused(error.status, error.code, rule, is_ours).await
    }

    /// The same, in words of whatever mapping.
    pub(crate) async fn refused(
        mut self,
        status: StatusCode,
        code: &'static str,
        rule: String,
        is_ours: bool,
    ) -> Result<(), Denied> {
        let is_known = self.who().client.is_some();
        self.stop(code);
        let entry = self.decide(|issue| {
            issue.decision = if is_ours {
                Decision::Failed
            } else {
                Decision::Refused
            };
            issue.status = status.as_u16();
            issue.code = Some(code);
            issue.rule = Some(rule);
        });
        let entry = entry.ok_or(Denied::Audit)?;
        let posted = std::mem::take(&mut self.posted);
        let handed = in_time(hand_over(self.ports, posted));
        if is_known {
            let (recorded, handed) = tokio::join!(durable(self.log, entry), handed);
            self.kept(handed.and(recorded)).map(drop)
        } else {
            if self.log.queue(entry).is_err() {
                tracing::warn!("a refusal before the client was known left no record");
            }
            let handed = handed.await;
            self.kept(handed)
        }
    }

    /// A browser was answered with a page: what was done has its events, which are durable when it
    /// resolves; the look at a page is queued.
    pub(crate) async fn answered(mut self, status: StatusCode) -> Result<(), Denied> {
        let posted = std::mem::take(&mut self.posted);
        let handed = in_time(hand_over(self.ports, posted)).await;
        let entry = self.decide(|issue| {
            issue.decision = Decision::Allowed;
            issue.status = status.as_u16();
        });
        self.queue(entry, "a page was shown and left no record");
        handed
    }

    /// A browser was turned away, by this rule.
    pub(crate) async fn turned_away(
        mut self,
        status: StatusCode,
        code: &'static str,
        rule: &str,
        is_ours: bool,
    ) -> Result<(), Denied> {
        let posted = std::mem::take(&mut self.posted);
        let handed = in_time(hand_over(self.ports, posted)).await;
        let entry = self.decide(|issue| {
            issue.decision = if is_ours {
                Decision::Failed
            } else {
                Decision::Refused
            };
            issue.status = status.as_u16();
            issue.code = Some(code);
            issue.rule = Some(rule.to_owned());
        });
        self.queue(
            entry,
            "a refusal at the authorization endpoint left no record",
        );
        handed
    }

    fn queue(&self, entry: Option<AuditEntry>, otherwise: &'static str) {
        if entry.is_some_and(|entry| self.log.queue(entry).is_err()) {
            tracing::warn!("{otherwise}");
        }
    }

    /// Closes the record: the entry as decided, and nothing more to do on drop.
    fn decide(&mut self, decision: impl FnOnce(&mut TokenIssue)) -> Option<AuditEntry> {
        let mut issue = self.issue.take()?;
        let duration = self.clock.monotonic().saturating_sub(self.started);
        issue.duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        decision(&mut issue);
        self.decided(&issue, duration);
        let code = issue.code.unwrap_or("");
        if issue.endpoint == OauthEndpoint::Token {
            self.requests.count([issue.decision.as_str(), code]);
        }
        Some(AuditEntry {
            log: LogName::Bank(issue.bank.clone()),
            at: self.clock.now(),
            event: AuditEvent::Token(issue),
        })
    }
}

/// Writes an entry and waits, not for ever, until it is durable.
async fn durable(log: &dyn AuditLog, entry: AuditEntry) -> Result<Receipt, Denied> {
    in_time(log.record(entry)).await
}

async fn in_time<T>(
    written: impl Future<Output = Result<T, AuditUnavailable>>,
) -> Result<T, Denied> {
    match tokio::time::timeout(EVIDENCE_WAIT, written).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(AuditUnavailable)) | Err(_) => Err(Denied::Audit),
    }
}

impl Drop for OpenRecord<'_> {
    fn drop(&mut self) {
        let is_broken = std::thread::panicking();
        if is_broken && self.issue.is_some() {
            self.stop("internal");
        }
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
        self.show();
    }
}
