//! An access token on a customer's behalf: the same by a code and by a refresh token; and the ID
//! token beside it, where the customer let the client know who they are.

use jiff::Timestamp;

use model::ports::Grant;

use crate::Ports;
use crate::denied::Denied;
use crate::grant::issued::Issued;
use crate::issuer::Issuer;
use crate::request;
use crate::request::details::Details;
use crate::step::binding::Binding;
use crate::step::resource::Audience;
use crate::step::scope;
use crate::step::standing::InGoodStanding;
use crate::token::access::{self, OnBehalf, Says};
use crate::token::id_token;

/// What it is made of: a client in good standing, a binding, scopes that the client may have today,
/// whom it is for, and the grant.
pub(crate) struct UnderGrant<'a> {
    pub(crate) client: &'a InGoodStanding<'a>,
    pub(crate) binding: &'a Binding,
    pub(crate) scope: &'a scope::Granted,
    pub(crate) details: &'a Details,
    pub(crate) audience: &'a Audience,
    pub(crate) grant: &'a Grant,
    pub(crate) granted: &'a request::Granted,
    /// What the ID token repeats: of a code's request, and of no refresh (OIDC Core §12.2).
    pub(crate) nonce: Option<&'a str>,
}

impl UnderGrant<'_> {
    /// Makes the tokens, without a refresh token. They do not outlive the grant.
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
            scope: self.scope,
            details: self.details,
            audience: self.audience,
            binding: self.binding,
            customer: Some(OnBehalf {
                sub: &sub,
                grant: &self.grant.id,
                auth_time: self.granted.auth_time,
                acr: self.granted.acr.as_deref(),
                userinfo: self.granted.userinfo,
                until: self.grant.expires,
            }),
        };
        let token = access::make(issuer, &says, now, ports.random.as_ref())?;
        let id_token = self.scope.has_openid().then(|| {
            let granted = self.granted;
            let wanted = granted.id_token;
            let says = id_token::Says {
                client: client.id(),
                sub: &sub,
                nonce: self.nonce,
                auth_time: wanted.auth_time.then_some(granted.auth_time),
                acr: granted.acr.as_deref().filter(|_| wanted.acr),
                openbanking_intent_id: wanted.openbanking_intent_id.then(|| self.grant.id.as_str()),
                access: &token,
            };
            id_token::make(issuer, &says, now)
        });
        Ok(Issued {
            id_token: id_token.transpose().map_err(Denied::Signing)?,
            token,
            token_type: self.binding.token_type(),
            scope: self.scope.scopes().to_string(),
            details: self.details.clone(),
            sealed: self.details.sealed(&self.grant.id),
            grant: Some(crypto::sha256(self.grant.id.as_str().as_bytes())),
            refresh_token: None,
        })
    }
}
