//! Grant: a refresh token for a new access token (RFC 6749 §6; TK-08). The same refresh token stays
//! good: FAPI 2.0 forbids to rotate it, so that two refreshes at once lock nobody out (OA-90). The
//! new token is bound to the certificate of its own request (MT-06).

use jiff::Timestamp;

use model::ports::Grant;

use crate::Ports;
use crate::denied::{Denied, GrantProblem};
use crate::grant::issued::Issued;
use crate::grant::under_grant::UnderGrant;
use crate::issuer::Issuer;
use crate::request::{Granted, from_store};
use crate::step::binding::Binding;
use crate::step::form::Parameters;
use crate::step::resource;
use crate::step::scope::{self, details};
use crate::step::standing::InGoodStanding;

/// The grant of a live refresh token of this client's.
pub(crate) struct Refreshed {
    grant: Grant,
    granted: Granted,
}

/// Looks the refresh token up. Another client's is unknown (OA-88).
pub(crate) async fn find(
    issuer: &Issuer,
    ports: &Ports,
    form: &Parameters,
    client: &InGoodStanding<'_>,
    now: Timestamp,
) -> Result<Refreshed, Denied> {
    let digest = crypto::sha256(form.required("refresh_token")?.as_bytes());
    let found = ports.grants.refresh_token(&issuer.bank, digest, now).await;
    let found = found.map_err(Denied::Store)?;
    let (_, grant) = found.ok_or(Denied::Grant(GrantProblem::RefreshToken))?;
    if grant.client != *client.client().id() {
        return Err(Denied::Grant(GrantProblem::RefreshToken));
    }
    let granted = from_store(&grant.granted).map_err(Denied::Store)?;
    Ok(Refreshed { grant, granted })
}

/// Issues a token within what the customer granted.
pub(crate) fn issue(
    issuer: &Issuer,
    ports: &Ports,
    form: &Parameters,
    client: &InGoodStanding<'_>,
    binding: &Binding,
    refreshed: &Refreshed,
    now: Timestamp,
) -> Result<Issued, Denied> {
    let Refreshed { grant, granted } = refreshed;
    let scope = scope::of_grant(issuer, form, &granted.scope, client)?;
    let held = details::held(issuer, client, &granted.authorization_details);
    let says = (granted.resource.as_deref(), &scope, &held);
    let audience = resource::of_grant(issuer, form, client, says)?;
    let details = details::of_grant(form, &held, (&scope, &audience))?;
    let token = UnderGrant {
        client,
        binding,
        scope: &scope,
        details: &details,
        audience: &audience,
        grant,
        granted,
        nonce: None,
    };
    token.issue(issuer, ports, now)
}
