//! An access token on a customer's behalf: the same by a code and by a refresh token.

use jiff::Timestamp;

use model::ports::Grant;

use crate::Ports;
use crate::denied::Denied;
use crate::grant::issued::Issued;
use crate::issuer::Issuer;
use crate::request;
use crate::step::binding::Binding;
use crate::step::scope;
use crate::step::standing::InGoodStanding;
use crate::token::access::{self, OnBehalf, Says};

/// What it is made of: a client in good standing, a binding, scopes that the client may have today,
/// and the grant.
pub(crate) struct UnderGrant<'a> {
    pub(crate) client: &'a InGoodStanding<'a>,
    pub(crate) binding: &'a Binding,
    pub(crate) scope: &'a scope::Granted,
    pub(crate) grant: &'a Grant,
    pub(crate) granted: &'a request::Granted,
}

impl UnderGrant<'_> {
    /// Makes the token, without a refresh token. It does not outlive the grant.
    pub(crate) fn issue(
        &self,
        issuer: &Issuer,
        ports: &Ports,
        now: Timestamp,
    ) -> Result<Issued, Denied> {
        let client = self.client.client();
        let sub = issuer.subject(&client.settings().partner, &self.grant.subject);
        let sub = sub.ok_or(Denied::GrantType)?;
        let says = Says {
            client: client.id(),
            scope: self.scope.scopes(),
            binding: self.binding,
            customer: Some(OnBehalf {
                sub: &sub,
                grant: &self.grant.id,
                auth_time: self.granted.auth_time,
                acr: self.granted.acr.as_deref(),
                until: self.grant.expires,
            }),
        };
        let token = access::make(issuer, &says, now, ports.random.as_ref());
        Ok(Issued {
            token: token.map_err(Denied::Signing)?,
            token_type: self.binding.token_type(),
            scope: self.scope.scopes().to_string(),
            grant: Some(crypto::sha256(self.grant.id.as_str().as_bytes())),
            refresh_token: None,
        })
    }
}
