//! The page that a customer read before they withdrew, byte for byte. Nothing is written when it is
//! shown: its form bears our id of that request, which stands on it, and the digest of the page
//! without this mark. What is made again by the mark and has its digest is what was shown.

use model::ports::{Consent, Look, Looker};
use model::{Fault, RequestId};
use serde_json::{Map, Value};

use super::Keeper;
use super::page::View;
use super::told::Stop;
use crate::desk::whole;

/// The member of the form that bears the mark.
const SHOWN: &str = "shown";
/// What stands before a page that was made when its form came. Somebody may have withdrawn without
/// it, and its texts may have changed since it was shown.
const MADE_AGAIN: &str = "<!-- Made again when the form came: what was shown is not known. -->";
/// The same in JSON: a member that is true.
const MADE_AGAIN_MEMBER: &str = "made_again";

impl Keeper {
    /// What a customer reads before they withdraw it, with the mark of the page.
    pub(super) async fn read(&self, looker: &Looker<'_>, consent: &Consent) -> Result<Stop, Fault> {
        let mut stop = Self::stop(looker, consent)?;
        if !stop.is_in_force {
            // There is no form that could bear it.
            return Ok(stop);
        }
        let look = Look::Withdrawal(consent.id.as_str());
        let page = View::of(self, looker, look)?.stop(&stop)?;
        let (_, page) = whole(page).await?;
        let digest = crypto::base64url(&crypto::sha256(page.as_bytes()));
        stop.shown = format!("{}.{digest}", looker.request_id);
        Ok(stop)
    }

    /// The page that this form was sent from; one that says of itself that it was made again where
    /// the form does not prove which that was.
    pub(super) async fn page_read(
        &self,
        looker: &Looker<'_>,
        consent: &Consent,
        members: &[(String, String)],
    ) -> Result<String, Fault> {
        let marks = members.iter().filter(|(name, _)| name == SHOWN);
        let mark = marks.map(|(_, mark)| mark.as_str()).next();
        let request = mark.and_then(|mark| mark.split_once('.'));
        let request = request.and_then(|(request, _)| RequestId::parse(request));
        let looker = Looker {
            request_id: request.unwrap_or(looker.request_id),
            ..*looker
        };
        let stop = self.read(&looker, consent).await?;
        let look = Look::Withdrawal(consent.id.as_str());
        let page = View::of(self, &looker, look)?.stop(&stop)?;
        let (_, page) = whole(page).await?;
        if mark == Some(stop.shown.as_str()) {
            Ok(page)
        } else {
            made_again(&page, looker.as_json)
        }
    }
}

/// What says of itself that it was made when its form came.
fn made_again(page: &str, is_json: bool) -> Result<String, Fault> {
    if !is_json {
        return Ok(format!("{MADE_AGAIN}\n{page}"));
    }
    let unread = |cause| Fault::caused("reading the answer that was shown", cause);
    let mut told: Map<String, Value> = serde_json::from_str(page).map_err(unread)?;
    told.insert(MADE_AGAIN_MEMBER.to_owned(), true.into());
    Ok(Value::Object(told).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_again_says_so_and_stays_what_it_is() {
        let page = made_again("<!doctype html>", false).expect("a page");
        assert_eq!(page, format!("{MADE_AGAIN}\n<!doctype html>"));
        let json = made_again("{\"app\":\"SwiftRide\"}", true).expect("JSON");
        let json: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(json["app"], "SwiftRide");
        assert_eq!(json["made_again"], true);
        assert!(made_again("<p>", true).is_err());
    }
}
