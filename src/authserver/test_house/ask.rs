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

    /// Puts an assertion in place whose header is this, word for word, with the signature of this
    /// key: an ES256 one, whatever the header says.
    pub(crate) fn header(&mut self, header: &Value, key: &SigningKey) {
        let der = key.to_pkcs8();
        let key = jsonwebtoken::EncodingKey::from_ec_der(der.expose_secret());
        self.signed_by(header, |text| {
            jsonwebtoken::crypto::sign(text.as_bytes(), &key, jsonwebtoken::Algorithm::ES256)
                .expect("signs")
        });
    }

    /// The same, with whatever stands for a signature of header and claims.
    pub(crate) fn signed_by(&mut self, header: &Value, sign: impl FnOnce(&str) -> String) {
        let part = |value: &Value| crypto::base64url(value.to_string().as_bytes());
        let text = format!("{}.{}", part(header), part(&self.claims));
        self.assertion = Some(format!("{text}.{}", sign(&text)));
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
