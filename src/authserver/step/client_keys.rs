//! Step: the keys that a client publishes are at hand before its signature is judged (C-05).
//!
//! Only a client that exists can have its keys fetched, and only one that publishes them: a name
//! that nobody has costs no request to anybody (CA-07). Nothing is decided here: without keys the
//! signature is refused as one of an unknown key.

use serde::Deserialize;

use crypto::Jwks;
use model::{BankId, ClientId};

use crate::issuer::Issuer;
use crate::step::client_authentication::private_key_jwt;
use crate::step::form::Parameters;
use crate::{ClientAuthentication, ClientSettings, Ports};

/// Sees to the keys of the client that a form's assertion names.
pub(crate) async fn at_hand(issuer: &Issuer, ports: &Ports, form: &Parameters) {
    let Some(assertion) = form.get("client_assertion") else {
        return;
    };
    let Ok(peeked) = private_key_jwt::peek(assertion) else {
        return;
    };
    let known = issuer.clients.get_key_value(&peeked.client);
    let by_assertion =
        known.filter(|(_, its)| its.authentication == ClientAuthentication::PrivateKeyJwt);
    if let Some(client) = by_assertion {
        of_client(&issuer.bank, ports, client, kid(assertion).as_deref()).await;
    }
}

/// The `kid` that a JWS names, not believed; none where its header cannot be read.
pub(crate) fn kid(jws: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Header {
        kid: Option<String>,
    }
    let (header, _) = jws.split_once('.')?;
    let json = crypto::from_base64url(header)?;
    serde_json::from_slice::<Header>(&json).ok()?.kid
}

/// The keys by which a client's signature with this `kid` is judged: those of its file, or those
/// that it publishes, fetched first where they are not fresh or the key is not among them. Takes a
/// few seconds at most. What cannot be fetched is logged, and the last good keys are given as long
/// as they are believed.
pub(crate) async fn of_client(
    bank: &BankId,
    ports: &Ports,
    (client, settings): (&ClientId, &ClientSettings),
    kid: Option<&str>,
) -> Jwks {
    if let Some(published) = &settings.published
        && published.lacks(kid)
        && let Err(problem) = published.refresh(&ports.fetch).await
    {
        let cause: &dyn std::error::Error = &problem;
        tracing::warn!(
            error = cause,
            bank.id = %bank,
            client.id = %client,
            "a client's keys cannot be had"
        );
    }
    settings.keys()
}
