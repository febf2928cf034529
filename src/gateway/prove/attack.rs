//! The attack set: each is the honest call with one thing wrong.

use openapi::Location;

use identity::Shown;

use crate::product::Route;

/// One thing wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attack {
    /// No client certificate is shown.
    NoCertificate,
    /// The certificate is of another authority.
    ForeignCertificate,
    /// Its authority has revoked the certificate.
    RevokedCertificate,
    /// The certificate has expired.
    ExpiredCertificate,
    /// The partner is suspended.
    SuspendedPartner,
    /// No token is sent.
    NoToken,
    /// The token is bound to nothing.
    UnboundToken,
    /// The token is another partner's: bound to another certificate.
    OtherPartnersToken,
    /// The token is bound to a key, and no proof of that is sent.
    MissingProof,
    /// The token lacks the operation's scope.
    MissingScope,
    /// The token lacks the authorization details that the operation demands: those of their type
    /// are located elsewhere (RFC 9396 §2.2), and those that are not are of another type.
    MissingDetails,
    /// The token is for another audience.
    WrongAudience,
    /// The customer logged in longer ago than the operation takes.
    StaleLogIn,
    /// The customer's log-in was not as strong as the operation demands.
    WeakLogIn,
    /// The customer's token stands for no consent.
    NoConsent,
    /// The customer has withdrawn the consent.
    WithdrawnConsent,
    /// The request names what is not the customer's, or what they did not choose.
    OthersResource,
    /// More calls than the limits allow.
    OverLimit,
    /// The request names a host that the listener does not serve.
    ForeignHost,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::NoCertificate,
        Self::ForeignCertificate,
        Self::RevokedCertificate,
        Self::ExpiredCertificate,
        Self::SuspendedPartner,
        Self::NoToken,
        Self::UnboundToken,
        Self::OtherPartnersToken,
        Self::MissingProof,
        Self::MissingScope,
        Self::MissingDetails,
        Self::WrongAudience,
        Self::StaleLogIn,
        Self::WeakLogIn,
        Self::NoConsent,
        Self::WithdrawnConsent,
        Self::OthersResource,
        Self::OverLimit,
        Self::ForeignHost,
    ];

    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoCertificate => "no_certificate",
            Self::ForeignCertificate => "foreign_certificate",
            Self::RevokedCertificate => "revoked_certificate",
            Self::ExpiredCertificate => "expired_certificate",
            Self::SuspendedPartner => "suspended_partner",
            Self::NoToken => "no_token",
            Self::UnboundToken => "unbound_token",
            Self::OtherPartnersToken => "other_partners_token",
            Self::MissingProof => "missing_proof",
            Self::MissingScope => "missing_scope",
            Self::MissingDetails => "missing_details",
            Self::WrongAudience => "wrong_audience",
            Self::StaleLogIn => "stale_log_in",
            Self::WeakLogIn => "weak_log_in",
            Self::NoConsent => "no_consent",
            Self::WithdrawnConsent => "withdrawn_consent",
            Self::OthersResource => "others_resource",
            Self::OverLimit => "over_limit",
            Self::ForeignHost => "foreign_host",
        }
    }

    /// Whether it is about who calls: who is not asked is not refused for it.
    pub fn is_of_identity(self) -> bool {
        !matches!(self, Self::OverLimit | Self::ForeignHost)
    }

    /// Whether there is such a thing to do wrong with this operation.
    pub(crate) fn is_of(self, route: &Route) -> bool {
        let log_in = route.log_in.as_ref();
        match self {
            Self::StaleLogIn => log_in.is_some_and(|demanded| demanded.max_age_s.is_some()),
            Self::WeakLogIn => log_in.is_some_and(|demanded| !demanded.acr_values.is_empty()),
            Self::MissingDetails => route.class.detail().is_some(),
            Self::NoConsent | Self::WithdrawnConsent => route.class.coverage().is_some(),
            Self::OthersResource => route.class.coverage().is_some_and(|coverage| {
                let mut parameters = coverage.request.parameters.iter();
                let is_asked = |location| location != Location::Cookie;
                let mut parts = coverage.request.body.iter();
                parameters.any(|p| p.resource.is_some() && is_asked(p.location))
                    || parts.any(|part| part.resource.is_some())
            }),
            _ => true,
        }
    }

    /// The certificate that is shown.
    pub(crate) fn shown(self) -> Option<Shown> {
        match self {
            Self::NoCertificate => None,
            Self::ForeignCertificate => Some(Shown::Foreign),
            Self::RevokedCertificate => Some(Shown::Revoked),
            Self::ExpiredCertificate => Some(Shown::Expired),
            _ => Some(Shown::Good),
        }
    }
}
