//! What can be asked about a customer's consent, of a running house or of one that stands still.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crypto::base64url;
use model::ports::{Changed, Consent};
use model::{
    By, Channel, ClusterId, ConsentId, ConsentState, Evidence, GrantAction, PartnerId, Shown,
};

use super::keys::{not_good, of_bank};
use crate::consents::{AtBank, Told};
use crate::control::{Answer, Verdict};
use crate::live::Live;
use crate::outbox;
use crate::standing::Standing;

/// The most characters of a reason.
const REASON_CHARS_MAX: usize = 500;

/// An order about a customer's consent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentOrder {
    /// The bank; may be left out where one alone issues tokens.
    pub(crate) bank: Option<String>,
    /// The consent's id.
    pub(crate) id: String,
    pub(crate) what: ConsentWhat,
}

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ConsentWhat {
    /// End it in the bank's name.
    Withdraw {
        /// Why, in a person's words.
        reason: String,
    },
    /// Read how it stands, and one piece of what was kept of it: pieces are long, and an answer
    /// holds one. Each look is recorded before it is answered.
    Look {
        /// Which piece, from 0.
        piece: usize,
    },
}

impl ConsentOrder {
    /// Carries the order out.
    pub(crate) async fn carry_out(&self, live: &Live, standing: &Standing) -> Answer {
        let (bank, server) = match of_bank(live, self.bank.as_deref()) {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let Ok(id) = ConsentId::parse(&self.id) else {
            return unknown(&self.id);
        };
        let found = standing.state.consents.find(bank, &id).await;
        let consent = match found {
            Ok(Some(consent)) => consent,
            Ok(None) => return unknown(&self.id),
            Err(error) => return failed(&error.into()),
        };
        let at_bank = AtBank {
            standing,
            bank,
            server,
        };
        let done = match &self.what {
            ConsentWhat::Withdraw { reason } => at_bank.withdrawn(&consent, reason).await,
            ConsentWhat::Look { piece } => at_bank.looked(live, &consent, *piece).await,
        };
        done.unwrap_or_else(|error| failed(&error))
    }
}

impl AtBank<'_> {
    async fn withdrawn(&self, consent: &Consent, reason: &str) -> anyhow::Result<Answer> {
        let chars = reason.chars().count();
        if reason.trim().is_empty() || chars > REASON_CHARS_MAX {
            return Ok(wrong(&format!(
                "the reason has {chars} characters\nhelp: say why in 1 to {REASON_CHARS_MAX}: the \
                 customer reads it"
            )));
        }
        let (id, bank) = (&consent.id, self.bank);
        match self.withdraw(consent, reason).await? {
            Changed::Done(posted) => {
                let handed = outbox::hand_over(self.standing, vec![posted]).await;
                handed.context("it is withdrawn, but the log has no record of it yet")?;
                Ok(Answer {
                    verdict: Verdict::Done,
                    text: format!(
                        "consent {id} of {bank} is withdrawn: its tokens are refused from now on\n"
                    ),
                    json: json!({
                        "bank": bank.as_str(), "consent": id.as_str(), "state": "withdrawn",
                    }),
                })
            }
            Changed::Otherwise(state) => Ok(not_in_force(id, state)),
            Changed::Gone => Ok(unknown(id.as_str())),
        }
    }

    /// One piece of evidence. It is read, and answered, when the log has that somebody looked.
    async fn looked(
        &self,
        live: &Live,
        consent: &Consent,
        number: usize,
    ) -> anyhow::Result<Answer> {
        let kept = self
            .standing
            .state
            .consents
            .evidence(self.bank, &consent.id);
        let kept = kept.await?;
        let one = kept.get(number);
        if one.is_none() && number > 0 {
            return Ok(wrong(&format!("there is no piece {number} of it")));
        }
        let told = Told {
            action: GrantAction::ConsentLook,
            to: consent.state,
            by: By::Bank,
            channel: Channel::Control,
            text_version: one.map(|one| one.text_version),
        };
        let event = self.event(consent, told, self.standing.clock.now());
        let partner = event.who.partner.clone();
        self.standing.log.record(Box::new(event).into()).await?;
        let piece = match (one, live.keks.get(self.bank)) {
            (Some(one), Some(kek)) => {
                // What does not open is told of: it is not what was kept of this consent.
                let shown = consent::open_evidence(kek, self.bank, &consent.id, one).ok();
                Some(piece(one, shown.as_ref())?)
            }
            (Some(_), None) => anyhow::bail!("the bank has no key that opens it"),
            (None, _) => None,
        };
        Ok(Answer {
            verdict: Verdict::Done,
            text: String::new(),
            json: json!({
                "bank": self.bank.as_str(),
                "consent": as_json(consent, partner.as_ref()),
                "pieces": kept.len(),
                "piece": piece,
            }),
        })
    }
}

/// How a consent stands.
fn as_json(consent: &Consent, partner: Option<&PartnerId>) -> Value {
    let terms = consent.terms.as_ref();
    let clusters = terms.map(|terms| terms.clusters.iter().map(ClusterId::as_str));
    let resources = terms.map(|terms| {
        let of = terms.resources.iter();
        of.map(|one| json!({ "kind": one.kind.as_str(), "id": one.id.as_str() }))
            .collect::<Vec<_>>()
    });
    json!({
        "id": consent.id.as_str(),
        "digest": base64url(&consent.digest),
        "client": consent.client.as_str(),
        "partner": partner.map(PartnerId::as_str),
        "customer": consent.subject,
        "state": consent.state.as_str(),
        "made_at": consent.made_at.to_string(),
        "changed_at": consent.changed_at.to_string(),
        "expires": consent.expires.map(|at| at.to_string()),
        "clusters": clusters.map(Iterator::collect::<Vec<_>>),
        "resources": resources,
        "ended_by": consent.ended_by.map(By::as_str),
        "reason": consent.reason,
    })
}

fn piece(evidence: &Evidence, shown: Option<&Shown>) -> serde_json::Result<Value> {
    Ok(json!({
        "edge": evidence.edge.as_str(),
        "at": evidence.at.to_string(),
        "by": evidence.by.as_str(),
        "text": base64url(&evidence.text_version),
        "sealed": base64url(&evidence.sealed),
        "shown": serde_json::to_value(shown)?,
    }))
}

fn not_in_force(id: &ConsentId, state: ConsentState) -> Answer {
    let help = if state.is_undecided() {
        "nobody has consented yet; what is not decided in time lapses by itself"
    } else {
        "what has ended stays as it is; `mortise consent evidence` shows how it ended"
    };
    wrong(&format!(
        "consent {id} is not in force: it is {}\nhelp: {help}",
        state.as_str()
    ))
}

fn unknown(id: &str) -> Answer {
    wrong(&format!(
        "there is no consent `{id}` at this bank\nhelp: its id is `grant_id` in what the token \
         endpoint answered, and in the partner's tokens"
    ))
}

fn wrong(what: &str) -> Answer {
    not_good(Verdict::NotGood, what)
}

fn failed(error: &anyhow::Error) -> Answer {
    let causes: Vec<_> = error.chain().map(ToString::to_string).collect();
    not_good(Verdict::Failed, &causes.join("\n  caused by: "))
}
