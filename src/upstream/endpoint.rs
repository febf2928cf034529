//! One address of an upstream, parsed once.

use std::net::IpAddr;

use http::HeaderValue;
use http::uri::Authority;
use rustls_pki_types::ServerName;

use crate::{BadUpstream, ClientTls, EndpointSettings};

/// An endpoint, ready to be connected to and to be named in requests.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// Where to connect.
    pub(crate) host: String,
    /// Where to connect.
    pub(crate) port: u16,
    /// `host:port`, for the URI of HTTP/2 requests.
    pub(crate) authority: Authority,
    /// The same, as the `Host` field of HTTP/1.1 requests (RFC 9110 §7.2).
    pub(crate) host_field: HeaderValue,
    /// The name its certificate must bear; `None` for plain HTTP.
    pub(crate) server_name: Option<ServerName<'static>>,
}

impl Endpoint {
    /// Parses an endpoint's settings.
    pub(crate) fn new(
        settings: &EndpointSettings,
        tls: Option<&ClientTls>,
    ) -> Result<Self, BadUpstream> {
        let host = settings.host.clone();
        let port = settings.port;
        let bad_host = || BadUpstream::Host { host: host.clone() };
        let own_name = ServerName::try_from(host.clone()).map_err(|_| bad_host())?;
        let server_name = match tls {
            None if may_be_plain(&host) => None,
            None => return Err(BadUpstream::Plain { host }),
            Some(tls) => Some(match &tls.server_name {
                None => own_name,
                Some(name) => ServerName::try_from(name.clone())
                    .map_err(|_| BadUpstream::ServerName { name: name.clone() })?,
            }),
        };
        let text = if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        let authority = Authority::try_from(text.as_str()).map_err(|_| bad_host())?;
        let host_field = HeaderValue::try_from(text).map_err(|_| bad_host())?;
        Ok(Self {
            host,
            port,
            authority,
            host_field,
            server_name,
        })
    }
}

/// Whether this host may be reached without TLS: a loopback address, or `localhost`, of whose
/// addresses only those on the loopback are then used.
pub fn may_be_plain(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(host: &str, tls: Option<&ClientTls>) -> Result<Endpoint, BadUpstream> {
        let host = host.to_owned();
        Endpoint::new(&EndpointSettings { host, port: 8443 }, tls)
    }

    fn tls(server_name: Option<&str>) -> ClientTls {
        ClientTls {
            authorities: Vec::new(),
            identity: None,
            server_name: server_name.map(str::to_owned),
        }
    }

    #[test]
    fn plain_http_goes_to_the_loopback_only() {
        for host in ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LocalHost"] {
            assert!(endpoint(host, None).is_ok(), "{host}");
        }
        for host in [
            "10.0.0.1",
            "0.0.0.0",
            "::",
            "ledger.example",
            "localhost.example",
        ] {
            let refused = endpoint(host, None).expect_err(host);
            assert!(matches!(refused, BadUpstream::Plain { .. }), "{host}");
            assert!(endpoint(host, Some(&tls(None))).is_ok(), "{host}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for host in ["", "a b", "[::1]", "user@host", "host/path", "host:1"] {
            let refused = endpoint(host, Some(&tls(None))).expect_err(host);
            assert!(matches!(refused, BadUpstream::Host { .. }), "{host}");
        }
        let refused = endpoint("ledger.example", Some(&tls(Some("a b")))).expect_err("no name");
        assert!(matches!(refused, BadUpstream::ServerName { .. }));
    }

    #[test]
    fn an_ipv6_address_is_bracketed_in_the_authority() {
        let endpoint = endpoint("2001:db8::1", Some(&tls(None))).expect("valid");
        assert_eq!(endpoint.authority.as_str(), "[2001:db8::1]:8443");
        assert_eq!(endpoint.host_field, "[2001:db8::1]:8443");
    }
}
