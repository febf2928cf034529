//! Public keys as JSON (RFC 7517, RFC 7518 §6, RFC 8037 §2) and their thumbprints (RFC 7638).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PSS_2048_8192_SHA256,
};
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Encode, Sequence};
use serde_json::{Map, Value, json};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::algorithm::Algorithm;
use crate::encoding::{base64url, from_base64url};
use crate::hash::sha256;
use crate::json::strict_object;

/// Limits of a key set (L-11) and of a `kid`.
const JWKS_BYTES_MAX: usize = 32 * 1024;
const JWKS_KEYS_MAX: usize = 20;
pub(crate) const KID_BYTES_MAX: usize = 256;
/// RSA moduli (L-12); more than 8192 bits only cost time.
const RSA_BITS_MIN: usize = 2048;
const RSA_BITS_MAX: usize = 8192;
/// Members that only private or symmetric keys have (RFC 7518 §6.2.2, §6.3.2, §6.4).
const PRIVATE_MEMBERS: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// id-ecPublicKey and the curve P-256 (RFC 5480 §2.1.1), rsaEncryption (RFC 8017 §A.1), id-Ed25519
/// (RFC 8410 §3).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A public key that verifies signatures of one algorithm. Parsed once; cloning is cheap.
#[derive(Clone)]
pub struct VerificationKey {
    kid: Option<Arc<str>>,
    material: Arc<Material>,
}

/// A set of keys (RFC 7517 §5), in the order given. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Jwks {
    keys: Arc<[VerificationKey]>,
}

/// Why a JWK or a JWK set is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadJwk {
    /// The set is longer than is read.
    #[error("the key set is longer than {bytes_max} bytes")]
    TooLong {
        /// How many bytes are read at most.
        bytes_max: usize,
    },
    /// Not JSON, not an object, or an object with a member that stands twice.
    #[error("not a JSON object whose members stand once each")]
    Json,
    /// The set has no array `keys`, or too few or too many keys in it.
    #[error("the set has {keys} keys; 1 to {keys_max} are read")]
    Count {
        /// How many it has.
        keys: usize,
        /// How many are read at most.
        keys_max: usize,
    },
    /// One key of the set is refused.
    #[error("the key at position {index} cannot be used")]
    Key {
        /// Its position, from 0.
        index: usize,
        /// Why.
        #[source]
        source: Box<BadJwk>,
    },
    /// A private or symmetric key was given where a public one belongs (C-06).
    #[error("the member {name} belongs to a private key; give the public part only")]
    Private {
        /// The member that gave it away.
        name: &'static str,
    },
    /// A member is missing, of the wrong JSON type, or not in its one canonical spelling.
    #[error("the member {name} is missing or malformed")]
    Member {
        /// Its name.
        name: &'static str,
    },
    /// `use` is not `sig`, or `key_ops` does not have `verify` (RFC 7517 §4.2, §4.3).
    #[error("the key is not for verifying signatures")]
    Purpose,
    /// Another kind of key than RSA, P-256 or Ed25519.
    #[error("the key is neither RSA nor EC P-256 nor OKP Ed25519")]
    Kind,
    /// `alg` is not allowed, or is not one for this kind of key (C-01, C-02).
    #[error("alg does not fit the key: {fitting} does")]
    Algorithm {
        /// The one that would.
        fitting: Algorithm,
    },
    /// The RSA modulus is too short or too long (L-12).
    #[error("the RSA modulus has {bits} bits; 2048 to 8192 are allowed")]
    RsaSize {
        /// How many it has.
        bits: usize,
    },
    /// The numbers are not a key: a point off the curve, an even modulus, a tiny exponent.
    #[error("the numbers do not make a usable key")]
    Numbers,
}

struct Material {
    algorithm: Algorithm,
    public: Public,
    thumbprint: String,
    parsed: ParsedPublicKey,
}

/// The public numbers, big-endian.
pub(crate) enum Public {
    P256 { x: [u8; 32], y: [u8; 32] },
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ed25519 { x: [u8; 32] },
}

/// `RSAPublicKey` (RFC 8017 §A.1.1).
#[derive(Sequence)]
pub(crate) struct RsaPublicKey<'a> {
    pub(crate) modulus: UintRef<'a>,
    pub(crate) exponent: UintRef<'a>,
}

impl VerificationKey {
    /// Reads a public JWK: RSA of 2048 to 8192 bits (for PS256), P-256 (ES256) or Ed25519 (EdDSA).
    /// `alg`, `use` and `key_ops` must fit where they are given; private members are refused.
    pub fn from_jwk(jwk: &Value) -> Result<Self, BadJwk> {
        let jwk = jwk.as_object().ok_or(BadJwk::Json)?;
        let private = |name: &&&str| jwk.contains_key(**name);
        if let Some(name) = PRIVATE_MEMBERS.iter().find(private) {
            return Err(BadJwk::Private { name });
        }
        check_purpose(jwk)?;
        let public = match text(jwk, "kty")? {
            "RSA" => Public::Rsa {
                n: positive(jwk, "n")?,
                e: positive(jwk, "e")?,
            },
            "EC" if text(jwk, "crv")? == "P-256" => Public::P256 {
                x: bytes32(jwk, "x")?,
                y: bytes32(jwk, "y")?,
            },
            "OKP" if text(jwk, "crv")? == "Ed25519" => Public::Ed25519 {
                x: bytes32(jwk, "x")?,
            },
            _ => return Err(BadJwk::Kind),
        };
        let fitting = public.algorithm();
        if jwk.contains_key("alg") && Algorithm::parse(text(jwk, "alg")?) != Ok(fitting) {
            return Err(BadJwk::Algorithm { fitting });
        }
        let kid = match jwk.get("kid") {
            None => None,
            Some(_) => Some(text(jwk, "kid")?),
        };
        Self::new(kid, public)
    }

    pub(crate) fn new(kid: Option<&str>, public: Public) -> Result<Self, BadJwk> {
        if kid.is_some_and(|kid| kid.is_empty() || kid.len() > KID_BYTES_MAX) {
            return Err(BadJwk::Member { name: "kid" });
        }
        Ok(Self {
            kid: kid.map(Arc::from),
            material: Arc::new(Material {
                algorithm: public.algorithm(),
                thumbprint: public.thumbprint(),
                parsed: public.parse()?,
                public,
            }),
        })
    }

    /// Its `kid`, where it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm that it verifies (C-02).
    pub fn algorithm(&self) -> Algorithm {
        self.material.algorithm
    }

    /// The SHA-256 thumbprint (RFC 7638), base64url: the same for every JWK of the same key.
    pub fn thumbprint(&self) -> &str {
        &self.material.thumbprint
    }

    /// The same as bytes.
    pub fn thumbprint_bytes(&self) -> [u8; 32] {
        from_base64url(self.thumbprint())
            .and_then(|bytes| bytes.try_into().ok())
            .expect("a thumbprint must be the base64url of a SHA-256")
    }

    /// Writes the JWK: public members, `alg`, `use` = `sig`, and `kid` where it has one (C-06).
    pub fn to_jwk(&self) -> Value {
        let mut jwk = match &self.material.public {
            Public::P256 { x, y } => {
                json!({"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)})
            }
            Public::Rsa { n, e } => json!({"kty": "RSA", "n": base64url(n), "e": base64url(e)}),
            Public::Ed25519 { x } => json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(x)}),
        };
        if let Some(members) = jwk.as_object_mut() {
            members.insert("alg".into(), self.algorithm().as_str().into());
            members.insert("use".into(), "sig".into());
            if let Some(kid) = self.kid() {
                members.insert("kid".into(), kid.into());
            }
        }
        jwk
    }

    /// Its SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), DER, as [`crate::CertificateFacts::spki`] of a
    /// certificate for this key has it.
    pub fn to_spki(&self) -> Vec<u8> {
        self.material.public.spki()
    }

    /// Whether the signature over the message is one of this key.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.material.parsed.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm())
            .field("thumbprint", &self.thumbprint())
            .finish_non_exhaustive()
    }
}

impl Jwks {
    /// Reads a JWK set of 1 to 20 keys in at most 32 KiB (L-11). One unusable key refuses the
    /// whole: a key that was meant and is silently missing is found out too late. Two keys may
    /// have the same `kid`.
    pub fn parse(json: &[u8]) -> Result<Self, BadJwk> {
        if json.len() > JWKS_BYTES_MAX {
            return Err(BadJwk::TooLong {
                bytes_max: JWKS_BYTES_MAX,
            });
        }
        let set = strict_object(json).ok_or(BadJwk::Json)?;
        let keys = set
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(BadJwk::Member { name: "keys" })?;
        if keys.is_empty() || keys.len() > JWKS_KEYS_MAX {
            return Err(BadJwk::Count {
                keys: keys.len(),
                keys_max: JWKS_KEYS_MAX,
            });
        }
        let read = |(index, jwk)| {
            VerificationKey::from_jwk(jwk).map_err(|source| BadJwk::Key {
                index,
                source: Box::new(source),
            })
        };
        let keys: Result<Arc<[_]>, BadJwk> = keys.iter().enumerate().map(read).collect();
        Ok(Self { keys: keys? })
    }

    /// Makes a set of keys that are here already.
    pub fn from_keys(keys: Vec<VerificationKey>) -> Self {
        Self { keys: keys.into() }
    }

    /// The keys, in order.
    pub fn keys(&self) -> &[VerificationKey] {
        &self.keys
    }

    /// Writes the set: `{"keys": […]}`, public parts only.
    pub fn to_json(&self) -> Value {
        let keys: Vec<Value> = self.keys.iter().map(VerificationKey::to_jwk).collect();
        json!({ "keys": keys })
    }
}

impl Public {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::P256 { .. } => Algorithm::Es256,
            Self::Rsa { .. } => Algorithm::Ps256,
            Self::Ed25519 { .. } => Algorithm::EdDsa,
        }
    }

    /// The required members in the order of their names, without white space (RFC 7638 §3.2,
    /// RFC 8037 appendix A.3).
    fn thumbprint(&self) -> String {
        let canonical = match self {
            Self::P256 { x, y } => {
                let (x, y) = (base64url(x), base64url(y));
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Self::Rsa { n, e } => {
                let (n, e) = (base64url(n), base64url(e));
                format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
            }
            Self::Ed25519 { x } => {
                let x = base64url(x);
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)
            }
        };
        base64url(&sha256(canonical.as_bytes()))
    }

    /// RFC 5480 §2, RFC 8017 §A.1, RFC 8410 §4. What is longer than DER can say is no key here:
    /// sizes were checked when it was read.
    fn spki(&self) -> Vec<u8> {
        let (oid, parameters, key) = match self {
            Self::P256 { x, y } => {
                let curve = Some(AnyRef::from(&P256));
                (EC_PUBLIC_KEY, curve, [&[4], &x[..], &y[..]].concat())
            }
            Self::Rsa { n, e } => {
                let key = rsa_der(n, e).unwrap_or_default();
                (RSA_ENCRYPTION, Some(AnyRef::NULL), key)
            }
            Self::Ed25519 { x } => (ID_ED25519, None, x.to_vec()),
        };
        let algorithm = AlgorithmIdentifierRef { oid, parameters };
        let key = BitStringRef::from_bytes(&key);
        let spki = key.and_then(|subject_public_key| {
            SubjectPublicKeyInfoRef {
                algorithm,
                subject_public_key,
            }
            .to_der()
        });
        spki.unwrap_or_default()
    }

    /// Parses the key for AWS-LC, which checks that the point lies on its curve and that the RSA
    /// numbers can be a key.
    fn parse(&self) -> Result<ParsedPublicKey, BadJwk> {
        let parsed = match self {
            Self::P256 { x, y } => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [&[4], &x[..], &y[..]].concat())
            }
            Self::Rsa { n, e } => {
                check_rsa(n, e)?;
                let der = rsa_der(n, e).map_err(|_| BadJwk::Numbers)?;
                ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, der)
            }
            Self::Ed25519 { x } => ParsedPublicKey::new(&ED25519, x),
        };
        parsed.map_err(|_| BadJwk::Numbers)
    }
}

fn rsa_der(n: &[u8], e: &[u8]) -> der::Result<Vec<u8>> {
    RsaPublicKey {
        modulus: UintRef::new(n)?,
        exponent: UintRef::new(e)?,
    }
    .to_der()
}

fn check_purpose(jwk: &Map<String, Value>) -> Result<(), BadJwk> {
    if jwk.contains_key("use") && text(jwk, "use")? != "sig" {
        return Err(BadJwk::Purpose);
    }
    if let Some(operations) = jwk.get("key_ops") {
        let operations = operations
            .as_array()
            .ok_or(BadJwk::Member { name: "key_ops" })?;
        if !operations.iter().any(|operation| operation == "verify") {
            return Err(BadJwk::Purpose);
        }
    }
    Ok(())
}

/// L-12 for the modulus; FIPS 186-5 §5.1 for the exponent: odd and at least 65537.
fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), BadJwk> {
    let unused = n.first().map_or(0, |first| first.leading_zeros() as usize);
    let bits = n.len() * 8 - unused;
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
        return Err(BadJwk::RsaSize { bits });
    }
    let odd = e.last().is_some_and(|last| last & 1 == 1);
    // No leading zeros, so three bytes are at least 65536, and odd makes that 65537.
    if e.len() < 3 || !odd {
        return Err(BadJwk::Numbers);
    }
    Ok(())
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, BadJwk> {
    jwk.get(name)
        .and_then(Value::as_str)
        .ok_or(BadJwk::Member { name })
}

/// A `Base64urlUInt` (RFC 7518 §2): no leading zero bytes, so that a key has one thumbprint.
fn positive(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, BadJwk> {
    from_base64url(text(jwk, name)?)
        .filter(|bytes| bytes.first().is_some_and(|first| *first != 0))
        .ok_or(BadJwk::Member { name })
}

fn bytes32(jwk: &Map<String, Value>, name: &'static str) -> Result<[u8; 32], BadJwk> {
    from_base64url(text(jwk, name)?)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(BadJwk::Member { name })
}

#[cfg(test)]
mod tests;
