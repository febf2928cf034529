//! Grant: a code for tokens (RFC 6749 §4.1.3; TK-03, TK-04). The code is looked at, all that it is
//! bound to is proved, and only then it is used up: in one change with the refresh token. Of two
//! that redeem one code one gets tokens, and they are dead as soon as the other has come.

use jiff::Timestamp;

use model::ports::{CodeState, FoundCode, Posted, Redeem, Redemption, RefreshToken};
use model::{GrantAction, GrantId};

use crate::Ports;
use crate::denied::{Denied, GrantProblem};
use crate::evidence::events::Events;
use crate::grant::doubt::Doubt;
use crate::grant::issued::Issued;
use crate::grant::under_grant::UnderGrant;
use crate::issuer::limits::SECRET_BYTES;
use crate::issuer::{Issuer, shown_until};
use crate::request::details::Details;
use crate::request::{self, CodeBound, from_store, to_store};
use crate::step::binding::Binding;
use crate::step::form::Parameters;
use crate::step::resource::Audience;
use crate::step::scope::Granted;
use crate::step::standing::InGoodStanding;

/// A code of this client's, with what it is bound to.
pub(crate) struct Presented {
    found: FoundCode,
    bound: CodeBound,
    granted: request::Granted,
}

/// What the tokens of a code are for: no more than the customer allowed.
pub(crate) struct Within {
    pub(crate) scope: Granted,
    pub(crate) details: Details,
    pub(crate) audience: Audience,
}

/// What redeeming a code left to be recorded.
pub(crate) struct Redeemed {
    pub(crate) outcome: Result<Issued, Denied>,
    pub(crate) posted: Option<Posted>,
}

/// Looks the code up. Another client's is unknown (OA-33).
pub(crate) async fn find(
    issuer: &Issuer,
    ports: &Ports,
    form: &Parameters,
    client: &InGoodStanding<'_>,
    now: Timestamp,
) -> Result<Presented, Denied> {
    let digest = crypto::sha256(form.required("code")?.as_bytes());
    let found = ports.grants.code(&issuer.bank, digest, now).await;
    let found = found
        .map_err(Denied::Store)?
        .ok_or(Denied::Grant(GrantProblem::Code))?;
    if found.grant.client != *client.client().id() {
        return Err(Denied::Grant(GrantProblem::Code));
    }
    let bound = from_store(&found.code.bound).map_err(Denied::Store)?;
    let granted = from_store(&found.grant.granted).map_err(Denied::Store)?;
    Ok(Presented {
        found,
        bound,
        granted,
    })
}

impl Presented {
    /// SHA-256 of the verifier that belongs to it.
    pub(crate) fn challenge(&self) -> Result<[u8; 32], Denied> {
        let digest = crypto::from_base64url(&self.bound.challenge);
        let digest = digest.and_then(|bytes| bytes.try_into().ok());
        digest.ok_or(Denied::Grant(GrantProblem::Verifier))
    }

    /// Whether it was redeemed before.
    pub(crate) fn is_used(&self) -> bool {
        self.found.state == CodeState::Used
    }

    /// The scopes that the customer allowed.
    pub(crate) fn scope(&self) -> &str {
        &self.granted.scope
    }

    /// Where the code is bound to a key, that is the one that was proved (RFC 9449 §10; DP-12).
    pub(crate) fn is_for_key(&self, binding: &Binding) -> Result<(), Denied> {
        let Some(bound) = &self.bound.dpop_jkt else {
            return Ok(());
        };
        let bound = crypto::from_base64url(bound);
        let is_it = |key: &[u8; 32]| bound.is_some_and(|bound| crypto::equal(key, &bound));
        if binding.key().is_some_and(is_it) {
            Ok(())
        } else {
            Err(Denied::Grant(GrantProblem::OtherKey))
        }
    }

    /// What the customer allowed in detail.
    pub(crate) fn details(&self) -> &Details {
        &self.granted.authorization_details
    }

    /// What the tokens are for, where the grant says so.
    pub(crate) fn resource(&self) -> Option<&str> {
        self.granted.resource.as_deref()
    }

    /// The redirect URI, where one is sent, is that of the authorization request (TK-04).
    pub(crate) fn is_for(&self, form: &Parameters) -> Result<(), Denied> {
        match form.get("redirect_uri") {
            Some(sent) if sent != self.bound.redirect_uri => {
                Err(Denied::Grant(GrantProblem::OtherRedirectUri))
            }
            _ => Ok(()),
        }
    }
}

/// A code that was redeemed before takes its grant along, whatever is asked for with it (RFC 6749
/// §4.1.2; TK-03).
pub(crate) async fn reuse(
    issuer: &Issuer,
    ports: &Ports,
    presented: &Presented,
    events: &Events<'_>,
    now: Timestamp,
) -> Result<Option<Posted>, Denied> {
    let FoundCode { code, grant, .. } = &presented.found;
    let redemption = redemption(&grant.id, None, events, now);
    match redeem(issuer, ports, code.digest, &grant.id, redemption, now).await? {
        Redeem::First(posted) | Redeem::Again(posted) => Ok(Some(posted)),
        Redeem::Gone => Ok(None),
    }
}

/// Redeems the code for tokens. If another was quicker, both have none.
pub(crate) async fn issue(
    issuer: &Issuer,
    ports: &Ports,
    client: &InGoodStanding<'_>,
    binding: &Binding,
    (presented, within): (Presented, &Within),
    events: &Events<'_>,
    now: Timestamp,
) -> Result<Redeemed, Denied> {
    let FoundCode { code, grant, .. } = presented.found;
    let token = UnderGrant {
        client,
        binding,
        scope: &within.scope,
        details: &within.details,
        audience: &within.audience,
        grant: &grant,
        granted: &presented.granted,
        nonce: presented.bound.nonce.as_deref(),
    };
    let mut issued = token.issue(issuer, ports, now)?;
    // 256 bits (L-08).
    let refresh = crypto::base64url(&crypto::random_array::<SECRET_BYTES>(ports.random.as_ref()));
    let kept = RefreshToken {
        digest: crypto::sha256(refresh.as_bytes()),
        grant: grant.id.clone(),
        bound: to_store(&()),
        expires: grant.expires,
    };
    let redemption = redemption(&grant.id, Some(kept), events, now);
    let redeemed = redeem(issuer, ports, code.digest, &grant.id, redemption, now).await?;
    let (outcome, posted) = match redeemed {
        Redeem::First(posted) => {
            issued.refresh_token = Some(refresh);
            (Ok(issued), Some(posted))
        }
        Redeem::Again(posted) => (Err(Denied::Grant(GrantProblem::Code)), Some(posted)),
        Redeem::Gone => (Err(Denied::Grant(GrantProblem::Code)), None),
    };
    Ok(Redeemed { outcome, posted })
}

/// What the store is asked to do, with the events of either outcome.
fn redemption(
    grant: &GrantId,
    refresh: Option<RefreshToken>,
    events: &Events<'_>,
    now: Timestamp,
) -> Redemption {
    Redemption {
        refresh,
        event: events.of(GrantAction::Redeem, Some(grant), now),
        event_if_again: events.of(GrantAction::Reuse, Some(grant), now),
        revoked_until: shown_until(now),
    }
}

/// Asks the store to redeem a code. Once asked, the store does it, whatever becomes of the caller:
/// until it says otherwise the grant's tokens are refused, and whoever went away has none.
async fn redeem(
    issuer: &Issuer,
    ports: &Ports,
    code: [u8; 32],
    grant: &GrantId,
    redemption: Redemption,
    now: Timestamp,
) -> Result<Redeem, Denied> {
    let until = redemption.revoked_until;
    let doubt = Doubt::open(issuer, grant, until, now);
    let asked_at = issuer.moment();
    let redeemed = ports.grants.redeem(&issuer.bank, code, redemption, now);
    let redeemed = redeemed.await.map_err(Denied::Store)?;
    doubt.settled();
    match redeemed {
        // Stores do one thing after the other: whoever asked for this code before has got nothing.
        Redeem::First(_) => issuer.settle_grant(grant, asked_at),
        Redeem::Again(_) => issuer.revoke_grant(grant, until, now),
        Redeem::Gone => {}
    }
    Ok(redeemed)
}
