//! Step: what customers may be asked for at all, by the word of the bank's consent desk, where it
//! has one (AZ-12). **Stops**: a customer led to a page that can ask them nothing, a scope that
//! opens data past every consent, a client that names another's consent.

use jiff::Timestamp;

use model::ports::{AskedFor, MayAsk};

use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::request::details::{Details, DetailsProblem};
use crate::step::scope::Granted;
use crate::step::standing::InGoodStanding;

/// A request that a customer may be asked about.
pub(crate) struct Askable(());

/// Asks the desk whether customers may be asked for this.
pub(crate) async fn check(
    issuer: &Issuer,
    client: &InGoodStanding<'_>,
    scope: &Granted,
    details: &Details,
    now: Timestamp,
) -> Result<Askable, Denied> {
    let Some(desk) = issuer.desk() else {
        return Ok(Askable(()));
    };
    let asked = AskedFor {
        bank: &issuer.bank,
        client: client.client().id(),
        scopes: scope.scopes(),
        details: &details.as_json(),
        now,
    };
    match desk.may_ask(asked).await.map_err(Denied::Store)? {
        MayAsk::Yes => Ok(Askable(())),
        MayAsk::Scope => Err(Denied::ScopeTooWide),
        MayAsk::Details => Err(Denied::Details {
            problem: DetailsProblem::Consent,
            place: super::details::NAME.to_owned(),
        }),
    }
}
