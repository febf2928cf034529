//! A partner: certificate, signing key, and the ways to get a token.

use std::path::Path;
use std::sync::Arc;

use http::Method;
use secrecy::ExposeSecret;

use crypto::{SigningKey, SystemRandom};
use model::{ClientId, Clock, SystemClock};

use crate::client::{Answer, Client, Dial, Identity, Version};
use crate::folder::Folder;
use crate::house::TestHouse;

/// A partner of the sandbox.
pub struct Partner {
    /// Its OAuth client.
    pub client_id: ClientId,
    /// Its certificate and key.
    pub identity: Identity,
    /// The key that signs its assertions.
    pub signing_key: SigningKey,
}

impl Partner {
    /// A partner of a sandbox's directory, by its client.
    pub fn of(house: &TestHouse, client: &str) -> Self {
        let files = house.files(client);
        let signing_key = sandbox::signing_key(house.dir(), client)
            .expect("a readable key")
            .expect("a client of the sandbox");
        Self {
            client_id: ClientId::parse(client).expect("a client_id"),
            identity: Identity::from_files(&files.certificate, &files.key),
            signing_key,
        }
    }

    /// A partner of a folder that the real program runs in.
    pub fn in_folder(folder: &Folder, client: &str) -> Self {
        let files = folder.files(client);
        let signing_key = sandbox::signing_key(folder.dir(), client)
            .expect("a readable key")
            .expect("a client of the sandbox");
        Self {
            client_id: ClientId::parse(client).expect("a client_id"),
            identity: Identity::from_files(&files.certificate, &files.key),
            signing_key,
        }
    }

    /// A token with this scope from the program that runs in a folder, as an Authorization
    /// header's value.
    pub async fn bearer_in(&self, folder: &Folder, scope: &str) -> String {
        let dial = folder.dial(Some(&self.identity), Version::Http1);
        let mut client = dial.connect(folder.api()).await.expect("a connection");
        let issuer = &folder.prepared().issuer_url;
        let assertion = self.assertion(issuer, &SystemClock::new());
        let body = self
            .ask_token_on(&mut client, scope, &assertion)
            .await
            .json();
        let token = body["access_token"].as_str();
        format!(
            "Bearer {}",
            token.unwrap_or_else(|| panic!("no token: {body}"))
        )
    }

    /// A fresh client assertion for this issuer.
    pub fn assertion(&self, issuer: &str, clock: &dyn Clock) -> String {
        authserver::assertion(
            &self.client_id,
            issuer,
            &self.signing_key,
            clock.now(),
            &SystemRandom,
        )
        .expect("a signed assertion")
    }

    /// Header and claims as they are written, signed with its key by code that is not ours.
    pub fn jws(&self, header: &str, claims: &str) -> String {
        let [header, claims] = [header, claims].map(|part| crypto::base64url(part.as_bytes()));
        let signed = format!("{header}.{claims}");
        let der = self.signing_key.to_pkcs8();
        let key = jsonwebtoken::EncodingKey::from_ec_der(der.expose_secret());
        let algorithm = jsonwebtoken::Algorithm::ES256;
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, algorithm);
        format!("{signed}.{}", signature.expect("a signature"))
    }

    /// How this partner dials.
    pub fn dial(&self, house: &TestHouse, version: Version) -> Dial {
        house.dial(Some(&self.identity), version)
    }

    /// Asks for a token on a connection of its own, and answers what came.
    pub async fn ask_token(&self, house: &TestHouse, scope: &str) -> Answer {
        let mut client = self
            .dial(house, Version::Http1)
            .connect(house.api())
            .await
            .expect("a connection");
        let assertion = self.assertion(&house.issuer_url(), house.clock.as_ref());
        self.ask_token_on(&mut client, scope, &assertion).await
    }

    /// Asks for a token on a given connection with a given assertion.
    pub async fn ask_token_on(&self, client: &mut Client, scope: &str, assertion: &str) -> Answer {
        let form = token_form(scope, assertion);
        client
            .call(Method::POST, "/token", &[FORM], form)
            .await
            .expect("an answer")
    }

    /// A token with this scope, as an Authorization header's value.
    pub async fn bearer(&self, house: &TestHouse, scope: &str) -> String {
        let answer = self.ask_token(house, scope).await;
        let body = answer.json();
        let token = body["access_token"].as_str();
        format!(
            "Bearer {}",
            token.unwrap_or_else(|| panic!("no token: {body}"))
        )
    }
}

/// The header that says that a body is a form.
pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// The form of a good token request.
pub fn token_form(scope: &str, assertion: &str) -> String {
    format!(
        "grant_type=client_credentials&scope={scope}&client_assertion_type=\
         urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&\
         client_assertion={assertion}"
    )
}

/// Reads a file of the sandbox as text.
pub fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a readable file")
}

/// Shares a clock.
pub fn shared(clock: &Arc<model::MovedClock>) -> Arc<dyn Clock> {
    Arc::clone(clock) as Arc<dyn Clock>
}
