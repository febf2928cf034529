//! The consent resource (specs/consent.md §5): partners ask for a consent before its customer
//! comes, see what became of it, and give it back. What one client asked for is to every other one
//! as if it were not there (CO-03, CO-24).

mod end;
mod lodge;
mod read;
mod told;

use std::fmt;
use std::sync::Arc;

use crypto::Random;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Method;
use http::header::{CACHE_CONTROL, HeaderValue};
use model::ports::{
    AuditLog, ClientRights, Consent, Consents, Outbox, Posted, RoomCall, RoomDoor, RoomFault,
    StoreUnavailable,
};
use model::{
    By, Channel, ClientId, ConsentId, ConsentPart, ConsentState, EventId, Fault, GrantAction,
    GrantEvent, GrantId, Refusal, Response,
};

use crate::settings::DeskSettings;

pub use self::read::fuzz_wish;

/// An operation that the consent resource serves.
#[derive(Debug)]
pub struct Served {
    /// Its `operationId` in the API's file.
    pub id: &'static str,
    /// Its method.
    pub method: Method,
    /// How many parameters its path has.
    pub values: usize,
}

const LODGE: &str = "lodgeConsent";
const READ: &str = "readConsent";
const END: &str = "endConsent";

/// All that the consent resource serves: an API's file that names it describes just these.
pub static SERVED: [Served; 3] = [
    Served {
        id: LODGE,
        method: Method::POST,
        values: 0,
    },
    Served {
        id: READ,
        method: Method::GET,
        values: 1,
    },
    Served {
        id: END,
        method: Method::DELETE,
        values: 1,
    },
];

/// Whom the consent resource asks.
#[derive(Clone)]
pub struct ResourcePorts {
    /// The consents of the bank's customers; those that end by it are refused on the road at once.
    pub consents: Arc<dyn Consents>,
    /// What clients may ask customers for.
    pub rights: Arc<dyn ClientRights>,
    /// The log, which has every edge before the partner is answered.
    pub log: Arc<dyn AuditLog>,
    /// Where the store's events wait for it.
    pub outbox: Arc<dyn Outbox>,
    /// Chance.
    pub random: Arc<dyn Random>,
}

impl fmt::Debug for ResourcePorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResourcePorts")
    }
}

/// The consent resource of one bank.
pub struct Resource {
    settings: DeskSettings,
    ports: ResourcePorts,
}

impl Resource {
    /// A resource that goes by what the bank's desk goes by.
    pub fn new(settings: DeskSettings, ports: ResourcePorts) -> Self {
        Self { settings, ports }
    }

    async fn answered(&self, call: RoomCall<'_>) -> Result<Response, RoomFault> {
        let client = call.who.client.as_ref();
        let client = client.ok_or_else(|| Fault::new("a call of no client"))?;
        let mut response = match (call.operation.as_str(), call.values.as_slice()) {
            (LODGE, []) => self.lodged(&call, client).await?,
            (READ, [id]) => self.seen(&call, client, id).await?,
            (END, [id]) => self.ended(&call, client, id).await?,
            _ => return Err(Fault::new("an operation that is not served").into()),
        };
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(CACHE_CONTROL, no_store);
        Ok(response)
    }

    /// The consent of this id, if it is the client's.
    async fn own(&self, client: &ClientId, id: &str) -> Result<Consent, RoomFault> {
        let id = ConsentId::parse(id).map_err(|_| Refusal::UnknownConsent)?;
        let found = self.ports.consents.find(&self.settings.bank, &id).await;
        let found = found.map_err(unavailable)?;
        let own = found.filter(|consent| consent.client == *client);
        own.ok_or_else(|| Refusal::UnknownConsent.into())
    }

    /// The event of an edge that the partner takes.
    fn event(
        &self,
        call: &RoomCall<'_>,
        (action, id): (GrantAction, &ConsentId),
        part: ConsentPart,
    ) -> GrantEvent {
        GrantEvent {
            id: EventId::new(call.now, crypto::random_array(self.ports.random.as_ref())),
            at: call.now,
            request: call.request,
            interaction: call.interaction.clone(),
            network: call.network,
            bank: call.bank.clone(),
            who: call.who.clone(),
            grant: Some(crypto::sha256(id.as_str().as_bytes())),
            extent: None,
            consent: Some(part),
            action,
            code: None,
            rule: None,
        }
    }

    /// Hands the event of what was done to the log; resolves when it is durable there.
    async fn recorded(&self, posted: Posted) -> Result<(), RoomFault> {
        let Posted { id, event } = posted;
        let recorded = self.ports.log.record(event.into()).await;
        recorded
            .map_err(|cause| RoomFault::Unavailable(Refusal::AuditUnavailable, Box::new(cause)))?;
        // Asked once, the store has taken it; one that is not forgotten is written again after a
        // crash, under the same id.
        let _ = self.ports.outbox.logged(&[id]).now_or_never();
        Ok(())
    }

    /// The id of a consent to be.
    fn new_id(&self) -> Result<ConsentId, Fault> {
        let random = crypto::random_array::<16>(self.ports.random.as_ref());
        let id = GrantId::parse(&crypto::base64url(&random))
            .map_err(|cause| Fault::caused("making the id of a consent", cause))?;
        Ok(ConsentId::from(id))
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("bank", &self.settings.bank)
            .finish_non_exhaustive()
    }
}

impl RoomDoor for Resource {
    fn answer<'a>(&'a self, call: RoomCall<'a>) -> BoxFuture<'a, Result<Response, RoomFault>> {
        self.answered(call).boxed()
    }
}

/// What records tell of an edge that the partner takes.
fn part(from: Option<ConsentState>, to: ConsentState) -> ConsentPart {
    ConsentPart {
        from,
        to,
        by: By::Partner,
        channel: Channel::Api,
        text_version: None,
        customer: None,
        clusters: Vec::new(),
        resources: 0,
        evidence_digest: None,
    }
}

/// Nobody can say now what there is.
fn unavailable(cause: StoreUnavailable) -> RoomFault {
    RoomFault::Unavailable(Refusal::ConsentUnavailable, Box::new(cause))
}

#[cfg(test)]
mod tests;
