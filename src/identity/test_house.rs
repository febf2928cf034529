//! Authorities with their chains and lists, and an issuer with its tokens: to change one thing of.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use serde_json::{Value, json};

use crypto::{Algorithm, Jwks, SeededRandom, SigningKey};
use model::{Clock, MovedClock, Name, Partner, PartnerId, PresentedChain, Standing};

use crate::{BankTrust, Issuer, KnownBy, Nonces, ProofFor, Proofs, Proved, Revocation, Trust};

/// The present of the tests, in Unix seconds: 2027-01-15T08:00:00Z.
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 86_400;

/// The serial number of every partner's certificate.
pub(crate) const LEAF: u64 = 77;
/// The serial number of every intermediate authority.
pub(crate) const INTERMEDIATE: u64 = 7;

pub(crate) const ISSUER: &str = "https://auth.harbour.example";
pub(crate) const AUDIENCE: &str = "https://api.harbour.example:8443";

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn since_1970(second: i64) -> Duration {
    Duration::from_secs(second.try_into().expect("after 1970"))
}

/// Gives a certificate its first and its last second.
pub(crate) fn lasting(params: &mut CertificateParams, first: i64, last: i64) {
    params.not_before = date_time_ymd(1970, 1, 1) + since_1970(first);
    params.not_after = date_time_ymd(1970, 1, 1) + since_1970(last);
}

/// A certificate authority, root or intermediate.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn root(name: &str) -> Self {
        Self::root_until(name, NOW + 1_000 * DAY)
    }

    pub(crate) fn root_until(name: &str, last: i64) -> Self {
        let key = KeyPair::generate().expect("generates");
        let params = Self::params(name, 1, last);
        Self(CertifiedIssuer::self_signed(params, key).expect("signs"))
    }

    pub(crate) fn intermediate_until(&self, name: &str, last: i64) -> Self {
        let key = KeyPair::generate().expect("generates");
        let params = Self::params(name, INTERMEDIATE, last);
        Self(CertifiedIssuer::signed_by(params, key, &self.0).expect("signs"))
    }

    fn params(name: &str, serial: u64, last: i64) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.serial_number = Some(SerialNumber::from(serial));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        lasting(&mut params, NOW - 1_000 * DAY, last);
        params
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// Issues such a certificate for a new key.
    pub(crate) fn issue(&self, params: &CertificateParams) -> CertificateDer<'static> {
        let key = KeyPair::generate().expect("generates");
        self.issue_for(params, &key)
    }

    /// Issues such a certificate for this key.
    pub(crate) fn issue_for(
        &self,
        params: &CertificateParams,
        key: &KeyPair,
    ) -> CertificateDer<'static> {
        params.signed_by(key, &self.0).expect("signs").into()
    }

    /// A list made an hour ago and due in a day, with these serial numbers.
    pub(crate) fn list(&self, revoked: &[u64]) -> CertificateRevocationListDer<'static> {
        self.list_made(NOW - HOUR, NOW + DAY, revoked)
    }

    pub(crate) fn list_made(
        &self,
        this_update: i64,
        next_update: i64,
        serials: &[u64],
    ) -> CertificateRevocationListDer<'static> {
        let this_update = date_time_ymd(1970, 1, 1) + since_1970(this_update);
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: this_update,
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update,
            next_update: date_time_ymd(1970, 1, 1) + since_1970(next_update),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.0).expect("signs").into()
    }
}

/// A partner's certificate, from yesterday to tomorrow, for clients.
pub(crate) fn partners_certificate(organization: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let organization_identifier = DnType::CustomDnType(vec![2, 5, 4, 97]);
    params
        .distinguished_name
        .push(organization_identifier, organization);
    params.serial_number = Some(SerialNumber::from(LEAF));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    lasting(&mut params, NOW - DAY, NOW + DAY);
    params
}

/// Certificates as a client shows them, leaf first.
pub(crate) fn chain(certificates: Vec<CertificateDer<'static>>) -> PresentedChain {
    let mut all = crypto::Sha256::new();
    for certificate in &certificates {
        all.update(&certificate.len().to_be_bytes());
        all.update(certificate);
    }
    PresentedChain {
        leaf_thumbprint: crypto::sha256(certificates.first().map_or(&[][..], AsRef::as_ref)),
        fingerprint: all.finish(),
        certificates,
    }
}

pub(crate) fn partner(id: &str, organization: &str, standing: Standing) -> (Partner, KnownBy) {
    let known_by = KnownBy::OrganizationId(organization.to_owned());
    (partner_known(id, standing), known_by)
}

pub(crate) fn partner_known(id: &str, standing: Standing) -> Partner {
    Partner {
        id: PartnerId::parse(id).expect("an id"),
        name: Name {
            legal: id.to_owned(),
            en: None,
            zh_cn: None,
        },
        standing,
    }
}

/// The trust store of a bank with two partners, one of them suspended.
pub(crate) fn trust(authorities: &[&Authority], revocation: Option<Revocation>) -> Trust {
    let settings = BankTrust {
        authorities: authorities.iter().map(|one| one.certificate()).collect(),
        revocation,
        partners: vec![
            partner("swiftride", "PSDCN-SWIFTRIDE", Standing::Active),
            partner("frozen", "PSDCN-FROZEN", Standing::Suspended),
        ],
        registered: Vec::new(),
    };
    Trust::new(settings).expect("a trust store")
}

pub(crate) fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).expect("generates")
}

pub(crate) fn issuer(key: &SigningKey) -> Issuer {
    let keys = Jwks::from_keys(vec![key.verification_key()]);
    Issuer::new(ISSUER.to_owned(), AUDIENCE.to_owned(), keys)
}

/// The claims of a good token, valid for five minutes.
pub(crate) fn claims(thumbprint: &[u8]) -> Value {
    json!({
        "iss": ISSUER,
        "sub": "swiftride-app",
        "client_id": "swiftride-app",
        "aud": AUDIENCE,
        "nbf": NOW,
        "iat": NOW,
        "exp": NOW + 300,
        "jti": "jti-1",
        "scope": "rates branches",
        "cnf": { "x5t#S256": crypto::base64url(thumbprint) },
    })
}

/// The claims of a token that is bound to what this `cnf` says.
pub(crate) fn claims_bound(cnf: Value) -> Value {
    let mut claims = claims(&[]);
    claims["cnf"] = cnf;
    claims
}

/// A client's own key, and proofs made with it by code that is not ours.
pub(crate) struct ProofKey {
    pub(crate) jwk: Value,
    pub(crate) thumbprint: [u8; 32],
    algorithm: jsonwebtoken::Algorithm,
    key: jsonwebtoken::EncodingKey,
}

impl ProofKey {
    /// One for ES256.
    pub(crate) fn es256() -> Self {
        let pair = KeyPair::generate().expect("generates");
        let [_, point @ ..] = pair.public_key_raw() else {
            panic!("no point");
        };
        let (x, y) = point.split_at(32);
        let (x, y) = (crypto::base64url(x), crypto::base64url(y));
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Self {
            jwk: json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y }),
            thumbprint: crypto::sha256(canonical.as_bytes()),
            algorithm: jsonwebtoken::Algorithm::ES256,
            key: jsonwebtoken::EncodingKey::from_ec_der(&pair.serialize_der()),
        }
    }

    /// The header of a good proof.
    pub(crate) fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk })
    }

    /// Whatever header and claims, with a signature that holds.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| crypto::base64url(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &self.key, self.algorithm);
        format!("{signed}.{}", signature.expect("signs"))
    }

    pub(crate) fn proof(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }

    /// What a good proof of this key gives.
    pub(crate) fn proved(&self) -> Proved {
        let clock = Arc::new(MovedClock::stopped());
        let now = clock.now();
        let proofs = Proofs::new(clock, &SeededRandom::new(1), Nonces::Always);
        let url = "https://auth.harbour.example/token";
        let claims = json!({
            "jti": "1", "htm": "POST", "htu": url, "iat": 0, "nonce": proofs.nonce(),
        });
        let expected = ProofFor {
            method: "POST",
            url,
            whose: "app",
            access_token: None,
        };
        let proof = self.proof(&claims);
        let proved = proofs.check([proof.as_bytes()], &expected, now);
        proved.expect("a good proof")
    }
}
