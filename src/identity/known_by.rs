//! What a partner's certificates are known by: with their authority, its identity.

use std::fmt;
use std::net::IpAddr;

use crypto::{CertificateFacts, DistinguishedName};

/// The one thing in a partner's certificates that names it (RFC 8705 §2.1.2, ETSI EN 319 412-1).
/// Equal values match.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KnownBy {
    /// The subject's organizationIdentifier (2.5.4.97), to the letter.
    OrganizationId(String),
    /// The whole subject, compared by attribute.
    SubjectDn(DistinguishedName),
    /// A DNS name in the subjectAltName: exact, no wildcard stands for it (RFC 8705 §2.1.2).
    SanDns(String),
    /// A URI in the subjectAltName.
    SanUri(String),
    /// An IP address in the subjectAltName.
    SanIp(IpAddr),
    /// A mail address in the subjectAltName.
    SanEmail(String),
}

impl KnownBy {
    /// Known by a DNS name: letters match in either case (RFC 5280 §7.2).
    pub fn san_dns(name: &str) -> Self {
        Self::SanDns(name.to_ascii_lowercase())
    }

    /// Known by a URI: scheme and host match in either case, the rest to the letter (RFC 5280
    /// §7.4).
    pub fn san_uri(uri: &str) -> Self {
        let host_end = match uri.split_once("://") {
            Some((scheme, rest)) => {
                let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                scheme.len() + "://".len() + host
            }
            None => uri.find(':').unwrap_or(0),
        };
        let (begin, rest) = uri.split_at_checked(host_end).unwrap_or((uri, ""));
        // What stands before a host, a user's name, is written in two cases (RFC 3986 §3.2.1).
        let begin = match begin.rsplit_once('@') {
            Some((user, host)) => format!("{user}@{}", host.to_ascii_lowercase()),
            None => begin.to_ascii_lowercase(),
        };
        Self::SanUri(begin + rest)
    }

    /// Known by a mail address: its host matches in either case, its name to the letter (RFC 5280
    /// §7.5).
    pub fn san_email(address: &str) -> Self {
        Self::SanEmail(match address.rsplit_once('@') {
            Some((name, host)) => format!("{name}@{}", host.to_ascii_lowercase()),
            None => address.to_owned(),
        })
    }

    /// Whether a certificate of which this is said bears it.
    pub fn is_borne_by(&self, facts: CertificateFacts) -> bool {
        Self::all(facts).any(|its| its == *self)
    }

    /// Everything that a certificate is known by.
    pub(crate) fn all(facts: CertificateFacts) -> impl Iterator<Item = Self> {
        let CertificateFacts {
            subject_name,
            organization_id,
            dns_names,
            uris,
            ip_addresses,
            mail_addresses,
            ..
        } = facts;
        std::iter::once(Self::SubjectDn(subject_name))
            .chain(organization_id.map(Self::OrganizationId))
            .chain(dns_names.into_iter().map(|name| Self::san_dns(&name)))
            .chain(uris.into_iter().map(|uri| Self::san_uri(&uri)))
            .chain(ip_addresses.into_iter().map(Self::SanIp))
            .chain(mail_addresses.into_iter().map(|one| Self::san_email(&one)))
    }

    /// Whether every certificate that is known by the one is known by the other: two partners of
    /// one bank so known cannot be told apart. Certificates that bear both of two things that
    /// exclude nothing of each other are found when they are shown.
    pub fn coincides(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::OrganizationId(id), Self::SubjectDn(name))
            | (Self::SubjectDn(name), Self::OrganizationId(id)) => name.has_organization_id(id),
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for KnownBy {
    /// Its kind, as the configuration spells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OrganizationId(_) => "organization_id",
            Self::SubjectDn(_) => "subject_dn",
            Self::SanDns(_) => "san_dns",
            Self::SanUri(_) => "san_uri",
            Self::SanIp(_) => "san_ip",
            Self::SanEmail(_) => "san_email",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_in_either_case_where_the_standards_say_so() {
        assert_eq!(
            KnownBy::san_dns("API.Partner.example"),
            KnownBy::san_dns("api.partner.example")
        );
        for (one, other, same) in [
            (
                "https://Partner.example/App",
                "HTTPS://partner.EXAMPLE/App",
                true,
            ),
            (
                "https://partner.example/App",
                "https://partner.example/app",
                false,
            ),
            ("https://partner.example", "https://partner.example/", false),
            (
                "https://Me@partner.example",
                "https://Me@PARTNER.example",
                true,
            ),
            (
                "https://Me@partner.example",
                "https://me@partner.example",
                false,
            ),
            (
                "spiffe://Bank.example/ns/A",
                "SPIFFE://bank.example/ns/A",
                true,
            ),
            ("URN:uuid:A", "urn:uuid:A", true),
            ("urn:uuid:A", "urn:uuid:a", false),
            ("https://x?Q", "https://X?Q", true),
            ("https://x?Q", "https://x?q", false),
        ] {
            let matches = KnownBy::san_uri(one) == KnownBy::san_uri(other);
            assert_eq!(matches, same, "{one} {other}");
        }
        assert_eq!(
            KnownBy::san_email("A@B.example"),
            KnownBy::san_email("A@b.EXAMPLE")
        );
        assert_ne!(
            KnownBy::san_email("A@b.example"),
            KnownBy::san_email("a@b.example")
        );
    }

    #[test]
    fn one_text_of_two_kinds_is_two_things() {
        assert_ne!(KnownBy::san_dns("a.example"), KnownBy::san_uri("a.example"));
        let id = KnownBy::OrganizationId("a.example".to_owned());
        assert!(!id.coincides(&KnownBy::san_dns("a.example")));
    }

    #[test]
    fn a_subject_that_holds_an_organization_identifier_coincides_with_it() {
        let name = |text| KnownBy::SubjectDn(DistinguishedName::parse(text).expect("a name"));
        let id = KnownBy::OrganizationId("PSDCN-1".to_owned());
        let holds = name("CN=a,organizationIdentifier=PSDCN-1");
        assert!(id.coincides(&holds) && holds.coincides(&id) && holds.coincides(&holds));
        assert!(!id.coincides(&name("CN=a,organizationIdentifier=PSDCN-2")));
        assert!(!id.coincides(&name("CN=PSDCN-1")));
    }
}
