//! An honest client's authorization request (RFC 9126), as far as the file decides it.

use std::net::SocketAddr;

use kit::{Dial, FORM, Identity, Method, Partner, Version, token_form};
use model::MovedClock;

use crate::house::Sound;
use crate::siege::PATIENCE;

/// A client of the bank Harbour.
pub(crate) struct Pusher {
    authority: Vec<u8>,
    partner: Partner,
}

impl Pusher {
    /// SwiftRide's, which trusts this authority of servers.
    pub(crate) fn new(sound: &Sound, authority: Vec<u8>) -> Self {
        let pem = std::fs::read(sound.path("partners/swiftride.signing.key"));
        let key = crypto::SigningKey::from_pem(None, &pem.expect("a key"));
        let partner = Partner {
            client_id: model::ClientId::parse("swiftride-app").expect("valid"),
            identity: Identity::from_files(
                &sound.path("partners/swiftride.pem"),
                &sound.path("partners/swiftride.key"),
            ),
            signing_key: key.expect("a key that signs"),
        };
        Self { authority, partner }
    }

    /// What it is told of a request that is to come back where it is registered to: the scope, of
    /// which the bank has none, is looked at last.
    pub(crate) async fn told(&self, issuer: SocketAddr, clock: &MovedClock) -> Option<String> {
        let dial = Dial::new(&self.authority, None, Version::Http1);
        let connected = tokio::time::timeout(PATIENCE, dial.connect(issuer)).await;
        let mut client = connected.ok().and_then(Result::ok)?;
        let url = format!("https://localhost:{}/harbour", issuer.port());
        let assertion = self.partner.assertion(&url, clock);
        let form = token_form("branches", &assertion).replace(
            "grant_type=client_credentials",
            "response_type=code&code_challenge_method=S256&code_challenge=\
             E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&redirect_uri=\
             https%3A%2F%2Fapp.swiftride.example%2Fcallback",
        );
        let pushed = client.call(Method::POST, "/harbour/par", &[FORM], form);
        let pushed = tokio::time::timeout(PATIENCE, pushed).await;
        let answer = pushed.ok().and_then(Result::ok);
        answer.map(|answer| String::from_utf8_lossy(&answer.body).into_owned())
    }
}
