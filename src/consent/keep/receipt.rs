//! The receipt: what a customer was shown when they decided, byte for byte (specs/consent.md, U4).

use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use model::ports::{Consent, DeskFault, Look, Looker};
use model::{Edge, Evidence, Fault, Response};

use super::page::View;
use super::{Keeper, api, guarded};
use crate::desk::whole;
use crate::evidence::open_evidence;

/// The decisions about giving it.
const DECIDES: [Edge; 3] = [Edge::Authorise, Edge::Renew, Edge::Refuse];

impl Keeper {
    /// The pages as an attachment, and after them what became of it where it has ended; `None`
    /// where nothing of the customer's is kept. What is kept is sealed for this consent of this
    /// bank: whatever else stands there does not open.
    pub(super) async fn receipt(
        &self,
        looker: &Looker<'_>,
        id: &str,
    ) -> Result<Option<Response>, DeskFault> {
        let Some(consent) = self.own(looker, id).await? else {
            return Ok(None);
        };
        let Some(evidence) = self.decision(&consent).await? else {
            return Ok(None);
        };
        let settings = &self.settings;
        let shown = open_evidence(&settings.kek, &settings.bank, &consent.id, &evidence)?;
        let ended = self.ended(looker, &consent)?;
        if looker.as_json {
            let kept = (&evidence, &shown);
            let receipt = api::receipt(looker, &consent, kept, ended.as_ref());
            return Ok(Some(receipt?));
        }
        let mut page = shown.page;
        if let Some(ended) = ended {
            let look = Look::Receipt(id);
            let after = View::of(self, looker, look)?.ended(&ended)?;
            page.push_str(&whole(after).await?.1);
        }
        let length = HeaderValue::from(page.len());
        let mut response = Response::new(model::full(page));
        attach(response.headers_mut(), &consent, length)?;
        Ok(Some(guarded(response)))
    }

    pub(super) async fn has_receipt(&self, consent: &Consent) -> Result<bool, DeskFault> {
        let (bank, consents) = (&self.settings.bank, &self.ports.consents);
        let decided = consents.decided(bank, &consent.id).await?;
        Ok(decided.iter().any(|(edge, ..)| DECIDES.contains(edge)))
    }

    /// The last decision about giving it.
    async fn decision(&self, consent: &Consent) -> Result<Option<Evidence>, DeskFault> {
        let bank = &self.settings.bank;
        let mut kept = self.ports.consents.evidence(bank, &consent.id).await?;
        kept.retain(|one| DECIDES.contains(&one.edge));
        Ok(kept.pop())
    }
}

fn attach(headers: &mut HeaderMap, consent: &Consent, length: HeaderValue) -> Result<(), Fault> {
    // An id has letters that may stand in a quoted string.
    let name = format!("attachment; filename=\"receipt-{}.html\"", consent.id);
    let name =
        HeaderValue::from_str(&name).map_err(|cause| Fault::caused("naming a receipt", cause))?;
    headers.insert(CONTENT_DISPOSITION, name);
    headers.insert(CONTENT_LENGTH, length);
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(CONTENT_TYPE, html);
    let policy = HeaderValue::from_static("default-src 'none'; sandbox");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    Ok(())
}
