//! A request in parts, to change one thing of.

use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::Value;

use crypto::SigningKey;
use model::PresentedChain;

/// A request to the token endpoint, in parts.
pub(crate) struct Ask {
    pub(crate) method: http::Method,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) typ: &'static str,
    pub(crate) claims: Value,
    /// Whose key signs the claims.
    pub(crate) signer: &'static str,
    /// In place of the signed claims.
    pub(crate) assertion: Option<String>,
    /// The parameters; without a value, the assertion stands there.
    pub(crate) form: Vec<(&'static str, Option<String>)>,
    pub(crate) chain: Option<Arc<PresentedChain>>,
}

impl Ask {
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.unset(name);
        self.form.push((name, Some(value.to_owned())));
    }

    pub(crate) fn unset(&mut self, name: &'static str) {
        self.form.retain(|(its, _)| *its != name);
    }

    pub(crate) fn claim(&mut self, name: &str, value: Value) {
        self.claims[name] = value;
    }

    pub(crate) fn unclaim(&mut self, name: &str) {
        self.claims.as_object_mut().expect("an object").remove(name);
    }

    /// Puts an assertion in place whose header is this and whose signature is not one.
    pub(crate) fn header(&mut self, header: &Value) {
        let part = |value: &Value| crypto::base64url(value.to_string().as_bytes());
        let signature = crypto::base64url(&[1; 64]);
        self.assertion = Some(format!(
            "{}.{}.{signature}",
            part(header),
            part(&self.claims)
        ));
    }

    /// Puts an assertion without `typ` in place, signed by a library that is not ours.
    pub(crate) fn without_typ(&mut self, key: &SigningKey) {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
        header.typ = None;
        header.kid = Some(key.kid().to_owned());
        let der = key.to_pkcs8();
        let key = jsonwebtoken::EncodingKey::from_ec_der(der.expose_secret());
        self.assertion = Some(jsonwebtoken::encode(&header, &self.claims, &key).expect("signs"));
    }
}
