//! What a thief does with what is stolen.

use kit::{Answer, Browser, FORM, Identity, Method, Partner, ProofKey, Version, encoded};

use super::super::super::{BRANCHES, Form};
use super::super::{Place, Thief, Way};
use super::{
    CATALOGUE, INLAND, Scene, Stolen, bank_of, credentials, link, named, own_access, path,
};

impl Scene {
    /// The thief's client; the owner's for those who are it, or have nothing.
    pub(super) fn client_of(&self, thief: Thief) -> &Partner {
        match thief {
            Thief::Partner => &self.other,
            Thief::Sibling => &self.sibling,
            _ => &self.owner,
        }
    }

    pub(super) async fn on_the_road(&self, held: &Stolen, into: &str, thief: Thief) -> Answer {
        let path = match thief {
            Thief::Elsewhere => INLAND,
            // With the token, for another operation than the proof's.
            Thief::Unbound | Thief::Stranger if into == "dpop" => CATALOGUE,
            _ => BRANCHES,
        };
        let own = self.key_token(self.client_of(thief), self.key_of(thief));
        self.shown(held, (into, Method::GET, path), &own, thief)
            .await
    }

    /// Asks the issuer who the customer is.
    pub(super) async fn as_caller(&self, held: &Stolen, into: &str, thief: Thief) -> Answer {
        let method = match thief {
            // With the token, by another method than the proof's.
            Thief::Unbound | Thief::Stranger if into == "dpop" => Method::POST,
            _ => Method::GET,
        };
        let target = format!("{}{}", bank_of(thief), path(Place::Userinfo));
        let own = self.openid_token(self.client_of(thief), self.key_of(thief));
        self.shown(held, (into, method, &target), &own, thief).await
    }

    /// The key that this thief makes proofs with.
    fn key_of(&self, thief: Thief) -> &ProofKey {
        match thief {
            Thief::Elsewhere | Thief::Twice => &self.key,
            _ => &self.thiefs_key,
        }
    }

    /// Shows what is stolen where access tokens are taken; beside a proof, a token of the thief's
    /// own where they have nothing better.
    async fn shown(
        &self,
        held: &Stolen,
        (into, method, path): (&str, Method, &str),
        own: &str,
        thief: Thief,
    ) -> Answer {
        let text = &held.text;
        let is_bare = matches!(thief, Thief::Unbound | Thief::Stranger);
        let identity = (!is_bare).then_some(&self.client_of(thief).identity);
        match into {
            "Bearer" => {
                self.called(identity, (method, path), &format!("Bearer {text}"), None)
                    .await
            }
            "DPoP" => {
                let proof = self.proof(self.key_of(thief), path, text);
                let token = format!("DPoP {text}");
                self.called(identity, (method, path), &token, Some(&proof))
                    .await
            }
            _ => {
                let is_own = held.beside.contains("urn:")
                    || held.beside.is_empty()
                    || matches!(thief, Thief::Partner | Thief::Sibling);
                let token = if is_own { own } else { &held.beside };
                self.called(None, (method, path), &format!("DPoP {token}"), Some(text))
                    .await
            }
        }
    }

    pub(super) async fn road(
        &self,
        identity: Option<&Identity>,
        path: &str,
        authorization: &str,
        proof: Option<&str>,
    ) -> Answer {
        self.called(identity, (Method::GET, path), authorization, proof)
            .await
    }

    async fn called(
        &self,
        identity: Option<&Identity>,
        (method, path): (Method, &str),
        authorization: &str,
        proof: Option<&str>,
    ) -> Answer {
        let dial = self.house.dial(identity, Version::Http2);
        let mut client = dial.connect(self.house.api()).await.expect("a connection");
        let mut headers = vec![("authorization", authorization)];
        headers.extend(proof.map(|proof| ("dpop", proof)));
        let called = client.call(method, path, &headers, "");
        called.await.expect("an answer")
    }

    pub(super) async fn as_client(&self, text: &str, way: &Way, thief: Thief) -> Answer {
        let client = self.client_of(thief);
        let (bank, scope) = match thief {
            Thief::Elsewhere => ("/inland", "inland"),
            _ => ("", "branches"),
        };
        let own = self.assertion(client, bank);
        let is_bare = matches!(thief, Thief::Unbound | Thief::Stranger);
        let identity = (!is_bare).then_some(&client.identity);
        let place = format!("{bank}{}", path(way.place));
        let form = match (way.place, way.into) {
            (Place::Token, "code") => Form::code(text),
            (Place::Token, "refresh_token") => Form::refresh(text),
            (Place::Token, _) => own_access(),
            (Place::Par, "request_uri") => Form::request().and("request_uri", text),
            (Place::Par, _) => Form::request(),
            (_, "token") => Form(vec![("token", text.to_owned())]),
            _ => Form(vec![("token", "unknown".to_owned())]),
        };
        let form = match way.place {
            Place::Token if ["code", "refresh_token"].contains(&way.into) => form,
            Place::Revoke | Place::Introspect => form,
            _ => form.with("scope", Some(scope)),
        };
        let bearer = format!("Bearer {text}");
        let (assertion, headers) = match way.into {
            "client_assertion" => (Some(text), vec![]),
            "authorization" => (None, vec![("authorization", bearer.as_str())]),
            "dpop" if thief != Thief::Stranger => (Some(own.as_str()), vec![("dpop", text)]),
            _ if thief == Thief::Stranger => (None, vec![]),
            _ => (Some(own.as_str()), vec![]),
        };
        self.send(identity, &place, form, assertion, &headers).await
    }

    /// Sends a form to an endpoint of clients.
    pub(super) async fn send(
        &self,
        identity: Option<&Identity>,
        place: &str,
        form: Form,
        assertion: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let form = form
            .with("client_assertion_type", assertion.map(|_| kind))
            .with("client_assertion", assertion);
        let pair = |(name, value): &(&str, String)| format!("{name}={}", encoded(value));
        let body = form.0.iter().map(pair).collect::<Vec<_>>().join("&");
        let dial = self.house.dial(identity, Version::Http2);
        let mut client = dial.connect(self.house.api()).await.expect("a connection");
        let headers = [&[FORM], headers].concat();
        let sent = client.call(Method::POST, place, &headers, body);
        sent.await.expect("an answer")
    }

    pub(super) async fn as_link(&self, held: &Stolen, into: &str, thief: Thief) -> Answer {
        let client = self.client_of(thief);
        let mut browser = Browser::new(&self.house);
        let bank = bank_of(thief);
        let reference = if into == "request_uri" {
            held.text.clone()
        } else {
            let of = match bank {
                "" => "harbour",
                other => other.trim_start_matches('/'),
            };
            let cookie = (format!("__Host-session-{of}"), held.text.clone());
            browser.cookies.extend([cookie]);
            let scope = if bank.is_empty() {
                "branches"
            } else {
                "inland"
            };
            self.push_at(client, bank, scope).await
        };
        browser
            .get(&link(bank, client.client_id.as_str(), &reference))
            .await
    }

    pub(super) async fn as_log_in(&self, held: &mut Stolen, thief: Thief) -> Answer {
        let own = self.push(self.client_of(thief)).await;
        let mut fresh = Browser::new(&self.house);
        let client = self.client_of(thief);
        let page = fresh.get(&link("", client.client_id.as_str(), &own)).await;
        let name = named(held, &page, thief);
        let mut fields = vec![("csrf", held.text.as_str()), ("request", name.as_str())];
        fields.extend(credentials("li-lei"));
        let target = format!("{}/log-in", bank_of(thief));
        match (&mut held.browser, thief) {
            (Some(browser), Thief::Elsewhere | Thief::Twice) => {
                browser.post(&target, &fields).await
            }
            _ => fresh.post(&target, &fields).await,
        }
    }

    pub(super) async fn as_approval(&self, held: &mut Stolen, thief: Thief) -> Answer {
        let client = self.client_of(thief);
        let (mut fresh, page) = self.visit(client, "han-meimei").await;
        let name = named(held, &page, thief);
        let fields = [
            ("csrf", held.text.as_str()),
            ("request", name.as_str()),
            ("act", "allow"),
        ];
        let target = format!("{}/approve", bank_of(thief));
        match (&mut held.browser, thief) {
            (Some(browser), Thief::Elsewhere | Thief::Twice) => {
                browser.post(&target, &fields).await
            }
            _ => fresh.post(&target, &fields).await,
        }
    }
}
