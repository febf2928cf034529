//! What a partner is told of a consent: what it asked for, and what was given as far as that is a
//! partner's to know. Never who the customer is, which accounts they chose, or what they said.

use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use model::ports::{Consent, RoomCall, RoomFault};
use model::{ClientId, ClusterId, Fault, PurposeId, Response, Terms};
use serde::Serialize;
use serde_json::Value;

use super::Resource;
use crate::lodged::Lodged;

/// A consent.
#[derive(Serialize)]
pub(super) struct Told {
    id: String,
    status: String,
    status_changed_at: Timestamp,
    /// The road refuses its tokens since then: the customer has to be asked once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_since: Option<Timestamp>,
    made_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    decide_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<Asked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given: Option<Given>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_by: Option<String>,
}

/// What was asked for.
#[derive(Serialize)]
struct Asked {
    scope: String,
    authorization_details: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_from: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_until: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_day_unattended: Option<u32>,
}

/// What was given.
#[derive(Serialize)]
struct Given {
    given_at: Timestamp,
    clusters: Vec<String>,
    /// How many accounts the customer chose.
    resources: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_from: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_until: Option<Date>,
    per_day_unattended: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reauthenticate_at: Option<Timestamp>,
    expires_at: Timestamp,
}

impl Resource {
    pub(super) async fn seen(
        &self,
        call: &RoomCall<'_>,
        client: &ClientId,
        id: &str,
    ) -> Result<Response, RoomFault> {
        let consent = self.own(client, id).await?;
        Ok(web::json(StatusCode::OK, &self.told(&consent, call.now)?))
    }

    /// What is told of a consent at this instant.
    pub(super) fn told(&self, consent: &Consent, now: Timestamp) -> Result<Told, Fault> {
        let (state, changed_at) = consent.stands(now);
        let asked = Lodged::of_consent(consent)?.map(Asked::of).transpose()?;
        let ended_by = consent.ended_by.filter(|_| state.is_end());
        Ok(Told {
            id: consent.id.to_string(),
            status: self.settings.profile.status(state).to_owned(),
            status_changed_at: changed_at,
            paused_since: consent.paused_since(now),
            made_at: consent.made_at,
            decide_until: state.is_undecided().then_some(consent.decide_until),
            asked,
            given: consent.terms.as_ref().map(Given::of),
            ended_by: ended_by.map(model::By::as_str),
            replaces: consent.replaces.as_ref().map(ToString::to_string),
            replaced_by: consent.replaced_by.as_ref().map(ToString::to_string),
        })
    }
}

impl Asked {
    fn of(lodged: Lodged) -> Result<Self, Fault> {
        let details = serde_json::from_str(&lodged.authorization_details);
        let details =
            details.map_err(|cause| Fault::caused("reading the details of a consent", cause))?;
        Ok(Self {
            scope: lodged.scope,
            authorization_details: details,
            purpose: lodged.purpose,
            expires_at: lodged.expires,
            data_from: lodged.data_from,
            data_until: lodged.data_until,
            per_day_unattended: lodged.per_day_unattended,
        })
    }
}

impl Given {
    fn of(terms: &Terms) -> Self {
        let clusters = terms.clusters.iter().map(ClusterId::as_str);
        Self {
            given_at: terms.authorised_at,
            clusters: clusters.map(str::to_owned).collect(),
            resources: terms.resources.len(),
            purpose: terms.purpose.as_ref().map(PurposeId::to_string),
            data_from: terms.data_from,
            data_until: terms.data_until,
            per_day_unattended: terms.per_day_unattended,
            reauthenticate_at: terms.reauth_at,
            expires_at: terms.expires,
        }
    }
}
