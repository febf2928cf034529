//! Private keys that sign compact JWS.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PSS_SHA256,
    RsaKeyPair,
};
use der::Decode;
use rustls_pki_types::PrivateKeyDer;
use secrecy::SecretSlice;
use serde::Serialize;

use crate::algorithm::Algorithm;
use crate::encoding::base64url;
use crate::jwk::{BadJwk, Public, RsaPublicKey, VerificationKey};
use crate::pem::{PemProblem, private_key};

/// A private key, parsed once, with its `kid`. It never prints itself.
pub struct SigningKey {
    pair: Pair,
    kid: String,
    verification_key: VerificationKey,
}

/// Why a private key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadSigningKey {
    /// The PEM file gave no key.
    #[error("the PEM file holds no single private key")]
    Pem(#[source] PemProblem),
    /// The file's key is of no kind that signs here.
    #[error("the key is neither EC P-256 nor RSA of 2048 to 8192 bits nor Ed25519")]
    Kind,
    /// The bytes are no key for this algorithm.
    #[error("the bytes are no PKCS #8 key for {algorithm}")]
    Rejected {
        /// The algorithm.
        algorithm: Algorithm,
        /// What AWS-LC says.
        #[source]
        source: KeyRejected,
    },
    /// The public part or the `kid` does not pass our own rules for keys.
    #[error("the key or its kid breaks the rules for keys")]
    Public(#[source] BadJwk),
    /// No key could be made.
    #[error("no key for {algorithm} could be made")]
    Generate {
        /// The algorithm.
        algorithm: Algorithm,
    },
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignFailed {
    /// The claims cannot be written as JSON.
    #[error("the claims cannot be written as JSON")]
    Claims(#[source] serde_json::Error),
    /// The claims are not a JSON object (RFC 7519 §4).
    #[error("the claims are not a JSON object")]
    NotAnObject,
    /// The key did not sign.
    #[error("the key {kid} did not sign")]
    Key {
        /// Its `kid`.
        kid: String,
    },
}

enum Pair {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// The JOSE header that we write (RFC 7515 §4).
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'a str,
}

impl SigningKey {
    /// Makes a new key with AWS-LC's own generator: P-256, RSA of 3072 bits, or Ed25519. Its `kid`
    /// is its thumbprint (RFC 7638).
    pub fn generate(algorithm: Algorithm) -> Result<Self, BadSigningKey> {
        let failed = |_| BadSigningKey::Generate { algorithm };
        let pair = match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .map(Pair::P256)
                .map_err(failed)?,
            Algorithm::Ps256 => RsaKeyPair::generate(KeySize::Rsa3072)
                .map(Pair::Rsa)
                .map_err(failed)?,
            Algorithm::EdDsa => Ed25519KeyPair::generate()
                .map(Pair::Ed25519)
                .map_err(failed)?,
        };
        Self::new(pair, None)
    }

    /// Reads a private key of this algorithm from PKCS #8 (RFC 5958), DER, not encrypted.
    pub fn from_pkcs8(algorithm: Algorithm, kid: &str, der: &[u8]) -> Result<Self, BadSigningKey> {
        let pair = Pair::from_pkcs8(algorithm, der)
            .map_err(|source| BadSigningKey::Rejected { algorithm, source })?;
        Self::new(pair, Some(kid))
    }

    /// Reads the one private key of a PEM file (PKCS #8, SEC 1 or PKCS #1) and takes the algorithm
    /// of its kind. Without a `kid` the key's thumbprint is taken.
    pub fn from_pem(kid: Option<&str>, file: &[u8]) -> Result<Self, BadSigningKey> {
        let key = private_key(file).map_err(BadSigningKey::Pem)?;
        let pair = match &key {
            PrivateKeyDer::Pkcs8(der) => [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa]
                .into_iter()
                .find_map(|algorithm| Pair::from_pkcs8(algorithm, der.secret_pkcs8_der()).ok()),
            PrivateKeyDer::Sec1(der) => EcdsaKeyPair::from_private_key_der(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                der.secret_sec1_der(),
            )
            .map(Pair::P256)
            .ok(),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der())
                .map(Pair::Rsa)
                .ok(),
            _ => None,
        };
        Self::new(pair.ok_or(BadSigningKey::Kind)?, kid)
    }

    fn new(pair: Pair, kid: Option<&str>) -> Result<Self, BadSigningKey> {
        let new = |kid: Option<&str>| {
            let public = pair.public()?;
            VerificationKey::new(kid, public).map_err(BadSigningKey::Public)
        };
        let kid = match kid {
            Some(kid) => kid.to_owned(),
            None => new(None)?.thumbprint().to_owned(),
        };
        Ok(Self {
            verification_key: new(Some(&kid))?,
            kid,
            pair,
        })
    }

    /// The private key as PKCS #8 DER, to be sealed; wiped when dropped.
    pub fn to_pkcs8(&self) -> SecretSlice<u8> {
        const PARSED: &str = "a parsed key must have a PKCS #8 form";
        let der = match &self.pair {
            Pair::P256(pair) => pair.to_pkcs8v1().expect(PARSED).as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().expect(PARSED).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().expect(PARSED);
                der.as_ref().to_vec()
            }
        };
        SecretSlice::from(der)
    }

    /// Its `kid`.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm that it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.verification_key.algorithm()
    }

    /// Its public part, with the same `kid`.
    pub fn verification_key(&self) -> VerificationKey {
        self.verification_key.clone()
    }

    /// Signs the claims: a compact JWS (RFC 7515 §7.1) with the header `{alg, kid, typ}`.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, SignFailed> {
        let header = Header {
            alg: self.algorithm().as_str(),
            kid: &self.kid,
            typ,
        };
        let header = serde_json::to_vec(&header).map_err(SignFailed::Claims)?;
        let claims = serde_json::to_vec(claims).map_err(SignFailed::Claims)?;
        if claims.first() != Some(&b'{') {
            return Err(SignFailed::NotAnObject);
        }
        self.sign_parts(&base64url(&header), &base64url(&claims))
    }

    /// Signs the claims as one who is known by the key alone: a compact JWS with the header
    /// `{alg, jwk, typ}`, whose `jwk` is the public key and nothing else (RFC 9449 §4.2).
    pub fn sign_as_key(&self, typ: &str, claims: &impl Serialize) -> Result<String, SignFailed> {
        let mut jwk = self.verification_key.to_jwk();
        if let Some(members) = jwk.as_object_mut() {
            members.retain(|name, _| ["kty", "crv", "x", "y", "n", "e"].contains(&name.as_str()));
        }
        let alg = self.algorithm().as_str();
        let header = serde_json::json!({ "alg": alg, "jwk": jwk, "typ": typ });
        let claims = serde_json::to_vec(claims).map_err(SignFailed::Claims)?;
        if claims.first() != Some(&b'{') {
            return Err(SignFailed::NotAnObject);
        }
        self.sign_parts(
            &base64url(header.to_string().as_bytes()),
            &base64url(&claims),
        )
    }

    /// Signs two parts as they are written.
    pub(crate) fn sign_parts(&self, header: &str, payload: &str) -> Result<String, SignFailed> {
        let mut token = format!("{header}.{payload}");
        let signature = self
            .pair
            .sign(token.as_bytes())
            .ok_or_else(|| SignFailed::Key {
                kid: self.kid.clone(),
            })?;
        token.push('.');
        token.push_str(&base64url(&signature));
        Ok(token)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

impl Pair {
    fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyRejected> {
        match algorithm {
            Algorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Self::P256)
            }
            Algorithm::Ps256 => RsaKeyPair::from_pkcs8(der).map(Self::Rsa),
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der).map(Self::Ed25519),
        }
    }

    fn public(&self) -> Result<Public, BadSigningKey> {
        const NUMBERS: BadSigningKey = BadSigningKey::Public(BadJwk::Numbers);
        match self {
            Self::P256(pair) => match pair.public_key().as_ref() {
                // Uncompressed point (SEC 1 §2.3.3): 4, x, y.
                [4, point @ ..] => {
                    let (x, y) = point.split_at_checked(32).ok_or(NUMBERS)?;
                    Ok(Public::P256 {
                        x: x.try_into().map_err(|_| NUMBERS)?,
                        y: y.try_into().map_err(|_| NUMBERS)?,
                    })
                }
                _ => Err(NUMBERS),
            },
            Self::Rsa(pair) => {
                let public = RsaPublicKey::from_der(pair.public_key().as_ref());
                let public = public.map_err(|_| NUMBERS)?;
                Ok(Public::Rsa {
                    n: public.modulus.as_bytes().to_vec(),
                    e: public.exponent.as_bytes().to_vec(),
                })
            }
            Self::Ed25519(pair) => Ok(Public::Ed25519 {
                x: pair.public_key().as_ref().try_into().map_err(|_| NUMBERS)?,
            }),
        }
    }

    /// The signature in its JWS form (RFC 7518 §3.4, §3.5; RFC 8037 §3.1). AWS-LC draws what
    /// randomness it needs itself; the generator that is handed in is not used.
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::P256(pair) => Some(pair.sign(&random, message).ok()?.as_ref().to_vec()),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature)
                    .ok()?;
                Some(signature)
            }
            Self::Ed25519(pair) => Some(pair.try_sign(message).ok()?.as_ref().to_vec()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
