//! Who we are at a provider, as `oauth2` knows it.

use std::fmt;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AuthUrl, Client, EndpointNotSet, EndpointSet, ExtraTokenFields, RedirectUrl,
    StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};

/// The client at a provider whose two endpoints are known.
pub(super) type Oauth = Client<
    BasicErrorResponse,
    StandardTokenResponse<WithIdToken, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What OpenID Connect adds to the token response (§3.1.3.3).
#[derive(Deserialize, Serialize)]
pub(super) struct WithIdToken {
    pub(super) id_token: Option<String>,
}

impl ExtraTokenFields for WithIdToken {}

/// Says nothing: what is printed may end in a log.
impl fmt::Debug for WithIdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithIdToken").finish_non_exhaustive()
    }
}

pub(super) fn oauth(
    client_id: &str,
    authorize: AuthUrl,
    token: TokenUrl,
    redirect_uri: RedirectUrl,
) -> Oauth {
    Client::new(oauth2::ClientId::new(client_id.to_owned()))
        .set_auth_uri(authorize)
        .set_token_uri(token)
        .set_redirect_uri(redirect_uri)
}
