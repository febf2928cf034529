//! A partner asks for a consent before its customer comes.

use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use jiff::{SignedDuration, Timestamp};
use model::ports::{AskedFor, Consent, Lodge, MayAsk, NotOpen, RoomCall, RoomFault};
use model::{
    ClientId, ConsentPart, ConsentState, DECIDED_WITHIN, Fault, GrantAction, PurposeId, Refusal,
    Response,
};

use super::read::{Asks, invalid};
use super::{Resource, part, unavailable};
use crate::asked::Wish;

/// How long a customer may take to decide, counted from when the partner asked.
const OPEN_FOR: SignedDuration = SignedDuration::from_mins(15);
/// How many of a client's consents may wait for their customers' decision: as the store counts.
const UNDECIDED_MAX: u32 = 10_000;

impl Resource {
    pub(super) async fn lodged(
        &self,
        call: &RoomCall<'_>,
        client: &ClientId,
    ) -> Result<Response, RoomFault> {
        let asks = Asks::read(&call.body)?;
        let clusters = self.checked(call, client, &asks)?;
        let consent = self.new_consent(client, &asks, call.now)?;
        let id = consent.id.clone();
        let part = ConsentPart {
            clusters,
            ..part(None, consent.state)
        };
        let event = self.event(call, (GrantAction::ConsentLodge, &id), part);
        let told = self.told(&consent, call.now)?;
        let (bank, consents) = (&self.settings.bank, &self.ports.consents);
        let lodged = consents.lodge(bank, consent, call.now, event).await;
        match lodged.map_err(unavailable)? {
            Lodge::Kept(posted) => self.recorded(posted).await?,
            Lodge::Full => {
                let limit = UNDECIDED_MAX;
                return Err(Refusal::TooManyUndecided { limit }.into());
            }
            Lodge::Known(_) => return Err(Fault::new("a lodged consent of a request").into()),
        }
        let mut response = web::json(StatusCode::CREATED, &told);
        let location = HeaderValue::try_from(format!("{}/{id}", call.path));
        let location = location.map_err(|cause| Fault::caused("saying where it is", cause))?;
        response.headers_mut().insert(LOCATION, location);
        Ok(response)
    }

    /// The kinds of data that are asked for, if the client may ask for them so.
    fn checked(
        &self,
        call: &RoomCall<'_>,
        client: &ClientId,
        asks: &Asks,
    ) -> Result<Vec<model::ClusterId>, RoomFault> {
        let lodged = &asks.lodged;
        self.check_purpose(client, lodged.purpose.as_deref())?;
        self.check_limits(lodged, call.now)?;
        let details = &lodged.authorization_details;
        let rights = self.ports.rights.as_ref();
        let may = rights.may_have(client, &asks.scopes, details, call.now);
        may.map_err(not_open)?;
        let asked = AskedFor {
            bank: call.bank,
            client,
            scopes: &asks.scopes,
            details,
            now: call.now,
        };
        let wish = Wish::of_lodged(&self.settings, &asked, lodged).map_err(may_not)?;
        if wish.is_plain() {
            let what = "These scopes open no data of a customer's and bind no values: ask for them \
                        at the authorization endpoint alone.";
            return Err(invalid("/scope", what).into());
        }
        Ok(wish.clusters.iter().map(|(id, _)| (*id).clone()).collect())
    }

    /// What is wanted is wanted for what the bank has reviewed.
    fn check_purpose(&self, client: &ClientId, purpose: Option<&str>) -> Result<(), Refusal> {
        let Some(purpose) = purpose else {
            return Ok(());
        };
        let reviewed = self.settings.purposes.get(client);
        let is_it = |id: &PurposeId| id.as_str() == purpose;
        if reviewed.is_some_and(|reviewed| reviewed.iter().any(is_it)) {
            return Ok(());
        }
        let what = "It must be a purpose that the bank has reviewed for this client.";
        Err(invalid("/purpose", what))
    }

    /// A wish goes no further than the rules of the place, and is of use once it is decided.
    fn check_limits(&self, lodged: &crate::lodged::Lodged, now: Timestamp) -> Result<(), Refusal> {
        let profile = &self.settings.profile;
        if let Some(expires) = lodged.expires {
            let days = i64::from(profile.lifetime_max_days);
            let longest = SignedDuration::from_hours(24 * days);
            let lives = expires.duration_since(now);
            if lives <= DECIDED_WITHIN {
                let what = "It must be later than the customer may take to decide: more than 45 \
                            minutes from now.";
                return Err(invalid("/expires_at", what));
            }
            if lives > longest {
                let what = "It is later than a consent may live here.";
                return Err(invalid("/expires_at", what));
            }
        }
        let per_day = lodged.per_day_unattended;
        if per_day.is_some_and(|count| count > profile.per_day_unattended) {
            let what = "It is more often than data may be asked for while the customer is away.";
            return Err(invalid("/per_day_unattended", what));
        }
        Ok(())
    }

    fn new_consent(
        &self,
        client: &ClientId,
        asks: &Asks,
        now: Timestamp,
    ) -> Result<Consent, Fault> {
        let id = self.new_id()?;
        // As the store keeps instants, so that it is told the same now and later.
        let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        Ok(Consent {
            digest: crypto::sha256(id.as_str().as_bytes()),
            id,
            client: client.clone(),
            subject: None,
            request: None,
            state: ConsentState::Requested,
            version: 0,
            lodged: asks.lodged.kept()?,
            draft: Vec::new(),
            terms: None,
            made_at: now,
            decide_until: now.checked_add(OPEN_FOR).unwrap_or(Timestamp::MAX),
            extended: 0,
            changed_at: now,
            expires: asks.lodged.expires,
            ended_until: None,
            replaces: None,
            replaced_by: None,
            is_lodged: true,
            ended_by: None,
            ended_on: None,
            confirmed_at: None,
            reason: None,
        })
    }
}

fn not_open(not: NotOpen) -> Refusal {
    match not {
        NotOpen::Scope => {
            let what = "One of the scopes is open to this client by no agreement.";
            invalid("/scope", what)
        }
        NotOpen::Details { pointer } => {
            let what = "Each must be of a type that is open to this client, as its schema says, \
                        and such as a page can show.";
            invalid(format!("/authorization_details{pointer}"), what)
        }
        NotOpen::TooLong => {
            let what = "No token could carry all of it: ask for less.";
            invalid("/authorization_details", what)
        }
    }
}

fn may_not(not: MayAsk) -> Refusal {
    match not {
        MayAsk::Scope => {
            let what = "Customers cannot be asked for one of the scopes, or the bank has reviewed \
                        no purpose of this client's.";
            invalid("/scope", what)
        }
        MayAsk::Details | MayAsk::Yes => {
            let what = "They do not go with the scopes: exactly one of each type that these bind, \
                        none that others bind, and no account, which is the customer's to choose.";
            invalid("/authorization_details", what)
        }
    }
}
