//! The receipt: what a customer was shown when they decided, byte for byte (specs/consent.md, U4).

use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use model::ports::{Consent, DeskFault, Looker};
use model::{Edge, Evidence, Fault, Response};

use super::{Keeper, guarded};
use crate::evidence::open_evidence;

impl Keeper {
    /// The pages as an attachment; `None` where nothing of the customer's is kept. What is kept is
    /// sealed for this consent of this bank: whatever else stands there does not open.
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
        let length = HeaderValue::from(shown.page.len());
        let mut response = Response::new(model::full(shown.page));
        attach(response.headers_mut(), &consent, length)?;
        Ok(Some(guarded(response)))
    }

    pub(super) async fn has_receipt(&self, consent: &Consent) -> Result<bool, DeskFault> {
        Ok(self.decision(consent).await?.is_some())
    }

    /// The last decision about giving it.
    async fn decision(&self, consent: &Consent) -> Result<Option<Evidence>, DeskFault> {
        let bank = &self.settings.bank;
        let mut kept = self.ports.consents.evidence(bank, &consent.id).await?;
        let decides = [Edge::Authorise, Edge::Renew, Edge::Refuse];
        kept.retain(|one| decides.contains(&one.edge));
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
