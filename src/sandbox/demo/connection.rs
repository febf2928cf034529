//! How an app gets a customer's permission at the bank, keeps it alive and gives it back.

use std::time::Duration;

use crypto::{base64url, sha256};
use http::Uri;
use jiff::Timestamp;
use serde::Deserialize;

use web::{Form, Language};

use super::talk::Talk;
use super::trouble::Trouble;

/// The longest token or code that is taken, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// So long before its end an access token is not sent any more.
const BEFORE_END: Duration = Duration::from_secs(5);

/// A customer who was sent to the bank and is waited for.
#[derive(Clone)]
pub(super) struct Way {
    state: String,
    /// PKCE (RFC 7636).
    verifier: String,
    token_endpoint: String,
    revocation_endpoint: String,
}

/// What the bank gave for a customer's permission. Never printed.
#[derive(Clone)]
pub(super) struct Tokens {
    pub(super) access: String,
    refresh: Option<String>,
    /// What is permitted: scopes with spaces between.
    scope: String,
    expires: Timestamp,
    token_endpoint: String,
    revocation_endpoint: String,
}

/// The issuer's metadata (RFC 8414 §2), as far as it is needed here.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    #[serde(flatten)]
    plain: Endpoints,
    /// Where certificates are shown (RFC 8705 §5).
    mtls_endpoint_aliases: Option<Endpoints>,
}

#[derive(Deserialize)]
struct Endpoints {
    pushed_authorization_request_endpoint: Option<String>,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
}

/// The answer to a pushed request (RFC 9126 §2.2).
#[derive(Deserialize)]
struct Pushed {
    request_uri: String,
}

/// The answer of the token endpoint (RFC 6749 §5.1).
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: u32,
    refresh_token: Option<String>,
    scope: Option<String>,
}

impl Metadata {
    /// The endpoint where certificates are shown, or the other, if there is none.
    fn endpoint(&self, of: fn(&Endpoints) -> Option<&String>) -> Result<String, Trouble> {
        let alias = self.mtls_endpoint_aliases.as_ref().and_then(of);
        let found = alias.or_else(|| of(&self.plain));
        found.cloned().ok_or(Trouble::Unreadable)
    }
}

impl Tokens {
    /// Whether the customer permitted this.
    pub(super) fn opens(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|one| one == scope)
    }

    /// Whether the access token's time is over, or nearly.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now.saturating_add(BEFORE_END)
            .is_ok_and(|soon| soon >= self.expires)
    }
}

/// Pushes what is asked for (RFC 9126). Gives what to remember, and where to send the customer.
pub(super) async fn begin(
    talk: &mut Talk<'_>,
    language: Language,
) -> Result<(Way, String), Trouble> {
    let issuer = talk.settings().issuer.clone();
    let metadata: Metadata = talk.open(&metadata_url(&issuer)?).await?;
    if metadata.issuer != issuer {
        return Err(Trouble::OtherIssuer);
    }
    let way = Way {
        state: base64url(&talk.draw()),
        verifier: base64url(&talk.draw()),
        token_endpoint: metadata.endpoint(|all| all.token_endpoint.as_ref())?,
        revocation_endpoint: metadata.endpoint(|all| all.revocation_endpoint.as_ref())?,
    };
    let par = metadata.endpoint(|all| all.pushed_authorization_request_endpoint.as_ref())?;
    let pushed = push(talk, &par, &way, language).await?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", &talk.settings().client);
    query.append_pair("request_uri", &pushed.request_uri);
    let location = format!("{}?{}", metadata.authorization_endpoint, query.finish());
    // A browser is sent nowhere but to the bank that was asked.
    if origin(&location)? != origin(&issuer)? {
        return Err(Trouble::OtherIssuer);
    }
    Ok((way, location))
}

/// Asks for all that the app would like; for less where the bank does not offer it.
async fn push(
    talk: &mut Talk<'_>,
    par: &str,
    way: &Way,
    language: Language,
) -> Result<Pushed, Trouble> {
    let mut refused = Trouble::Unreadable;
    for scope in talk.settings().app.scopes() {
        let mut form = vec![
            ("response_type", "code".to_owned()),
            ("redirect_uri", talk.redirect_uri()),
            ("scope", (*scope).to_owned()),
            ("state", way.state.clone()),
            (
                "code_challenge",
                base64url(&sha256(way.verifier.as_bytes())),
            ),
            ("code_challenge_method", "S256".to_owned()),
            ("ui_locales", language.tag().to_owned()),
        ];
        form.extend(talk.thumbprint().map(|key| ("dpop_jkt", key)));
        match talk.form(par, &form).await {
            Ok(body) => return serde_json::from_slice(&body).or(Err(Trouble::Unreadable)),
            Err(trouble) if trouble.code() == "invalid_scope" => refused = trouble,
            Err(trouble) => return Err(trouble),
        }
    }
    Err(refused)
}

/// Takes what the customer brings back (RFC 6749 §4.1.2, RFC 9207) and redeems it. `way` is the one
/// that was begun, which is over with this.
pub(super) async fn complete(
    talk: &mut Talk<'_>,
    way: Option<Way>,
    sent: &Form,
) -> Result<Tokens, Trouble> {
    let only = |name: &str| sent.only(name).or(Err(Trouble::NotOurs));
    let way = way.ok_or(Trouble::NotOurs)?;
    // Stops a code of somebody else's visit being put into this one (RFC 9700 §4.7).
    if only("state")? != Some(way.state.as_str()) {
        return Err(Trouble::NotOurs);
    }
    // Stops a code of one issuer being told to another (RFC 9207 §2.4).
    if only("iss")? != Some(talk.settings().issuer.as_str()) {
        return Err(Trouble::OtherIssuer);
    }
    if let Some(error) = only("error")? {
        return Err(Trouble::sent_back(error));
    }
    let code = only("code")?.filter(|code| code.len() <= TOKEN_BYTES_MAX);
    let form = [
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.ok_or(Trouble::NotOurs)?.to_owned()),
        ("redirect_uri", talk.redirect_uri()),
        ("code_verifier", way.verifier.clone()),
    ];
    let body = talk.form(&way.token_endpoint, &form).await?;
    let granted = granted(talk, &body)?;
    Ok(Tokens {
        expires: expires(talk, &granted),
        access: granted.access_token,
        refresh: granted.refresh_token,
        scope: granted.scope.unwrap_or_default(),
        token_endpoint: way.token_endpoint,
        revocation_endpoint: way.revocation_endpoint,
    })
}

/// A new access token for the same permission (RFC 6749 §6).
pub(super) async fn refresh(talk: &mut Talk<'_>, old: &Tokens) -> Result<Tokens, Trouble> {
    let Some(refresh) = old.refresh.clone() else {
        // What is over and cannot be renewed has ended as it does where the bank says so.
        return Err(Trouble::Error("invalid_grant".to_owned()));
    };
    let form = [
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", refresh.clone()),
    ];
    let body = talk.form(&old.token_endpoint, &form).await?;
    let granted = granted(talk, &body)?;
    Ok(Tokens {
        expires: expires(talk, &granted),
        access: granted.access_token,
        refresh: Some(granted.refresh_token.unwrap_or(refresh)),
        scope: granted.scope.unwrap_or_else(|| old.scope.clone()),
        ..old.clone()
    })
}

/// Gives the permission back (RFC 7009 §2.1).
pub(super) async fn revoke(talk: &mut Talk<'_>, tokens: &Tokens) -> Result<(), Trouble> {
    let (kind, token) = match &tokens.refresh {
        Some(refresh) => ("refresh_token", refresh),
        None => ("access_token", &tokens.access),
    };
    let form = [
        ("token", token.clone()),
        ("token_type_hint", kind.to_owned()),
    ];
    talk.form(&tokens.revocation_endpoint, &form).await?;
    Ok(())
}

/// Reads the answer of the token endpoint. A token of another type than was asked for would be
/// bound to nothing (RFC 6749 §7.1, RFC 9449 §5).
fn granted(talk: &Talk<'_>, body: &[u8]) -> Result<Granted, Trouble> {
    let granted: Granted = serde_json::from_slice(body).or(Err(Trouble::Unreadable))?;
    let fits = |token: &str| (1..=TOKEN_BYTES_MAX).contains(&token.len());
    let is_whole = granted.token_type.eq_ignore_ascii_case(talk.scheme())
        && fits(&granted.access_token)
        && granted.refresh_token.as_deref().is_none_or(fits);
    is_whole.then_some(granted).ok_or(Trouble::Unreadable)
}

fn expires(talk: &Talk<'_>, granted: &Granted) -> Timestamp {
    let lives = Duration::from_secs(granted.expires_in.into());
    let expires = talk.now().saturating_add(lives);
    expires.unwrap_or(Timestamp::MAX)
}

/// Where an issuer's metadata are: before its path, if it has one (RFC 8414 §3.1).
fn metadata_url(issuer: &str) -> Result<String, Trouble> {
    let uri: Uri = issuer.parse().or(Err(Trouble::Unreadable))?;
    let path = uri.path().trim_end_matches('/');
    let origin = origin(issuer)?;
    Ok(format!(
        "{origin}/.well-known/oauth-authorization-server{path}"
    ))
}

fn origin(url: &str) -> Result<String, Trouble> {
    let uri: Uri = url.parse().or(Err(Trouble::Unreadable))?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("https"), Some(authority)) => Ok(format!("https://{authority}")),
        _ => Err(Trouble::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_stand_before_the_issuers_path() {
        for (issuer, url) in [
            (
                "https://localhost:8444",
                "https://localhost:8444/.well-known/oauth-authorization-server",
            ),
            (
                "https://localhost:8444/security",
                "https://localhost:8444/.well-known/oauth-authorization-server/security",
            ),
        ] {
            assert_eq!(metadata_url(issuer).as_deref(), Ok(url));
        }
        for odd in ["http://localhost:8444", "localhost", "/x", ""] {
            assert!(metadata_url(odd).is_err(), "{odd}");
        }
    }
}
