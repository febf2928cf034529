//! The settings of one upstream, with the defaults of everything that can be limited.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use model::UpstreamId;

use crate::BadUpstream;

/// One bank service.
#[derive(Debug, Clone)]
pub struct UpstreamSettings {
    /// Its id.
    pub id: UpstreamId,
    /// Its endpoints, equal among each other; 1 to 64.
    pub endpoints: Vec<EndpointSettings>,
    /// TLS; without it, plain HTTP/1.1, to loopback addresses only.
    pub tls: Option<ClientTls>,
    /// Its limits.
    pub limits: UpstreamLimits,
}

/// One address of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointSettings {
    /// A DNS name, or an IP address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// How the bank is verified, and how we prove who we are.
#[derive(Debug)]
pub struct ClientTls {
    /// The authorities that may vouch for the bank's certificate; at least one. The machine's own
    /// roots are not asked.
    pub authorities: Vec<CertificateDer<'static>>,
    /// Our certificate chain, leaf first, and its key: mutual TLS.
    pub identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// The name that the bank's certificate must bear; by default the endpoint's host.
    pub server_name: Option<String>,
}

impl Clone for ClientTls {
    fn clone(&self) -> Self {
        let identity = self.identity.as_ref();
        Self {
            authorities: self.authorities.clone(),
            identity: identity.map(|(chain, key)| (chain.clone(), key.clone_key())),
            server_name: self.server_name.clone(),
        }
    }
}

impl UpstreamSettings {
    /// SHA-256 over all that they say, keys included: equal for two that one pool can serve.
    pub fn digest(&self) -> [u8; 32] {
        let Self {
            id,
            endpoints,
            tls,
            limits,
        } = self;
        let mut sum = crypto::Sha256::new();
        let mut part = |bytes: &[u8]| {
            sum.update(&(bytes.len() as u64).to_be_bytes());
            sum.update(bytes);
        };
        // What is printed of these is all that is in them, each text in quotes.
        part(format!("{id:?} {endpoints:?} {limits:?}").as_bytes());
        if let Some(ClientTls {
            authorities,
            identity,
            server_name,
        }) = tls
        {
            part(format!("{server_name:?} {}", authorities.len()).as_bytes());
            for authority in authorities {
                part(authority);
            }
            if let Some((chain, key)) = identity {
                part(key.secret_der());
                for certificate in chain {
                    part(certificate);
                }
            }
        }
        sum.finish()
    }
}

/// The limits of one upstream.
#[derive(Debug, Clone)]
pub struct UpstreamLimits {
    /// Name, TCP, TLS and HTTP handshake together. Default 3 s.
    pub connect_timeout: Duration,
    /// From the last progress of the request to the answer's head, time that the caller's own body
    /// keeps us waiting not counted. Default 30 s.
    pub head_timeout: Duration,
    /// The longest pause within an answer's body. Default 30 s.
    pub body_idle_timeout: Duration,
    /// Bytes per second that an answer's body must reach on average, once it has kept us waiting
    /// for `body_idle_timeout` in all; only the time that the bank keeps us waiting counts.
    /// Default 256.
    pub body_rate_min: u32,
    /// How long a connection may stay unused. Default 30 s: shorter than what servers allow, so
    /// that we close first and no request meets a connection that is just being closed.
    pub idle_timeout: Duration,
    /// The age from which a connection takes no new request, so that names are resolved and
    /// certificates verified anew. Default 10 min.
    pub max_age: Duration,
    /// Connections to one endpoint. Default 256.
    pub connections_max: usize,
    /// Requests that may wait for a place, over all endpoints. Default 1,024; 0 means none.
    pub waiters_max: usize,
    /// How long one may wait. Default 2 s.
    pub wait_timeout: Duration,
    /// Failures in a row after which an endpoint rests, unless half of them rest already; one that
    /// has no connection and cannot be connected to rests at once. Default 5.
    pub failures: u32,
    /// How long an endpoint rests the first time; twice as long each time in a row. Default 1 s.
    pub back_off: Duration,
    /// The longest rest; in play for so long, an endpoint's next rest is a first one again.
    /// Default 30 s.
    pub back_off_max: Duration,
    /// Requests that an endpoint is tried with at once when its rest is over; as many good answers
    /// bring it back. Default 1.
    pub probes: u32,
    /// Bytes of an answer's head. Default 64 KiB.
    pub head_bytes: u32,
    /// Header fields of an answer. Default 100.
    pub headers_max: usize,
    /// Bytes that one HTTP/1 connection buffers in each direction; at least `head_bytes`.
    /// Default 128 KiB.
    pub http1_buffer_bytes: usize,
    /// Requests at once on one HTTP/2 connection; the bank may allow fewer. Default 100.
    pub h2_streams: usize,
    /// Bytes that one answer may send ahead on HTTP/2. Default 256 KiB.
    pub h2_stream_window_bytes: u32,
    /// Bytes that all answers on one HTTP/2 connection may send ahead. Default 1 MiB.
    pub h2_connection_window_bytes: u32,
    /// Bytes of one request that wait for the bank's window on HTTP/2. Default 256 KiB.
    pub h2_send_buffer_bytes: u32,
    /// The largest HTTP/2 frame accepted, in bytes. Default 16 KiB.
    pub h2_frame_bytes: u32,
    /// Silence on an HTTP/2 connection after which a ping is sent. Default 20 s.
    pub h2_ping_interval: Duration,
    /// How long its answer may take before the connection counts as dead. Default 10 s.
    pub h2_ping_timeout: Duration,
}

impl Default for UpstreamLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            head_timeout: Duration::from_secs(30),
            body_idle_timeout: Duration::from_secs(30),
            body_rate_min: 256,
            idle_timeout: Duration::from_secs(30),
            max_age: Duration::from_mins(10),
            connections_max: 256,
            waiters_max: 1_024,
            wait_timeout: Duration::from_secs(2),
            failures: 5,
            back_off: Duration::from_secs(1),
            back_off_max: Duration::from_secs(30),
            probes: 1,
            head_bytes: 64 * 1_024,
            headers_max: 100,
            http1_buffer_bytes: 128 * 1_024,
            h2_streams: 100,
            h2_stream_window_bytes: 256 * 1_024,
            h2_connection_window_bytes: 1_024 * 1_024,
            h2_send_buffer_bytes: 256 * 1_024,
            h2_frame_bytes: 16 * 1_024,
            h2_ping_interval: Duration::from_secs(20),
            h2_ping_timeout: Duration::from_secs(10),
        }
    }
}

impl UpstreamLimits {
    /// Checks every limit against the range that it makes sense in.
    pub(crate) fn check(&self) -> Result<(), BadUpstream> {
        let mut rules = self.times().into_iter().chain(self.sizes());
        match rules.find(|(_, fits, _)| !fits) {
            Some((setting, _, range)) => Err(BadUpstream::Limit { setting, range }),
            None => Ok(()),
        }
    }

    fn times(&self) -> [Rule; 10] {
        let rule = |setting, time: Duration| {
            let fits = (Duration::from_millis(1)..=Duration::from_hours(24)).contains(&time);
            (setting, fits, "between 1 ms and 1 day")
        };
        [
            rule("connect_timeout", self.connect_timeout),
            rule("head_timeout", self.head_timeout),
            rule("body_idle_timeout", self.body_idle_timeout),
            rule("idle_timeout", self.idle_timeout),
            rule("max_age", self.max_age),
            rule("wait_timeout", self.wait_timeout),
            rule("back_off", self.back_off),
            (
                "back_off_max",
                (self.back_off..=Duration::from_hours(24)).contains(&self.back_off_max),
                "between back_off and 1 day",
            ),
            rule("h2_ping_interval", self.h2_ping_interval),
            rule("h2_ping_timeout", self.h2_ping_timeout),
        ]
    }

    fn sizes(&self) -> [Rule; 13] {
        const FEW: &str = "between 1 and 1,000";
        const WINDOW: &str = "between 65,535 bytes and 2 GiB less one byte (RFC 9113 §6.9)";
        let window = |bytes: u32| (65_535..=0x7fff_ffff).contains(&bytes);
        let head_bytes = usize::try_from(self.head_bytes).unwrap_or(usize::MAX);
        [
            (
                "connections_max",
                (1..=65_535).contains(&self.connections_max),
                "between 1 and 65,535",
            ),
            (
                "waiters_max",
                self.waiters_max <= 1_000_000,
                "at most 1,000,000",
            ),
            (
                "body_rate_min",
                (1..=1_048_576).contains(&self.body_rate_min),
                "between 1 B/s and 1 MiB/s",
            ),
            ("failures", (1..=1_000).contains(&self.failures), FEW),
            ("probes", (1..=1_000).contains(&self.probes), FEW),
            (
                "head_bytes",
                (8_192..=1_048_576).contains(&self.head_bytes),
                "between 8 KiB and 1 MiB",
            ),
            (
                "headers_max",
                (10..=1_000).contains(&self.headers_max),
                "between 10 and 1,000",
            ),
            (
                "http1_buffer_bytes",
                (head_bytes..=16_777_216).contains(&self.http1_buffer_bytes),
                "between head_bytes and 16 MiB",
            ),
            (
                "h2_streams",
                (1..=10_000).contains(&self.h2_streams),
                "between 1 and 10,000",
            ),
            (
                "h2_stream_window_bytes",
                window(self.h2_stream_window_bytes),
                WINDOW,
            ),
            (
                "h2_connection_window_bytes",
                window(self.h2_connection_window_bytes),
                WINDOW,
            ),
            (
                "h2_send_buffer_bytes",
                (16_384..=16_777_216).contains(&self.h2_send_buffer_bytes),
                "between 16 KiB and 16 MiB",
            ),
            (
                "h2_frame_bytes",
                (16_384..=16_777_215).contains(&self.h2_frame_bytes),
                "between 16 KiB and 16 MiB less one byte (RFC 9113 §6.5.2)",
            ),
        ]
    }
}

/// A setting, whether it fits, and the range it should be in.
type Rule = (&'static str, bool, &'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_own_ranges() {
        UpstreamLimits::default().check().expect("valid");
    }

    #[test]
    fn settings_that_differ_in_anything_have_another_digest() {
        let tls = || ClientTls {
            authorities: vec![vec![1].into()],
            identity: Some((
                vec![vec![2].into()],
                rustls_pki_types::PrivatePkcs8KeyDer::from(vec![3]).into(),
            )),
            server_name: None,
        };
        let first = UpstreamSettings {
            id: UpstreamId::parse("ledger").expect("an id"),
            endpoints: vec![EndpointSettings {
                host: "localhost".to_owned(),
                port: 1,
            }],
            tls: Some(tls()),
            limits: UpstreamLimits::default(),
        };
        assert_eq!(first.digest(), first.clone().digest());
        let changed = |change: &dyn Fn(&mut UpstreamSettings)| {
            let mut other = first.clone();
            change(&mut other);
            other.digest()
        };
        let of_tls = |change: &dyn Fn(&mut ClientTls)| {
            changed(&|settings| {
                let mut other = tls();
                change(&mut other);
                settings.tls = Some(other);
            })
        };
        let mut digests = vec![
            first.digest(),
            changed(&|s| s.id = UpstreamId::parse("cards").expect("an id")),
            changed(&|s| s.endpoints[0].port = 2),
            changed(&|s| s.endpoints.push(s.endpoints[0].clone())),
            changed(&|s| s.limits.connections_max = 1),
            changed(&|s| s.tls = None),
            of_tls(&|tls| tls.server_name = Some("ledger.example".to_owned())),
            of_tls(&|tls| tls.authorities = vec![vec![9].into()]),
            of_tls(&|tls| tls.identity = None),
            of_tls(&|tls| {
                let key = rustls_pki_types::PrivatePkcs8KeyDer::from(vec![9]);
                tls.identity = Some((vec![vec![2].into()], key.into()));
            }),
            of_tls(&|tls| {
                let key = rustls_pki_types::PrivatePkcs8KeyDer::from(vec![3]);
                tls.identity = Some((vec![vec![9].into()], key.into()));
            }),
        ];
        let count = digests.len();
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), count);
    }

    #[test]
    fn a_limit_out_of_range_is_named() {
        let limits = UpstreamLimits {
            connections_max: 0,
            ..UpstreamLimits::default()
        };
        let refused = limits.check().expect_err("no connection at all");
        assert!(matches!(
            refused,
            BadUpstream::Limit {
                setting: "connections_max",
                ..
            }
        ));
        let limits = UpstreamLimits {
            http1_buffer_bytes: 8_192,
            ..UpstreamLimits::default()
        };
        let refused = limits.check().expect_err("a head would not fit the buffer");
        assert!(matches!(
            refused,
            BadUpstream::Limit {
                setting: "http1_buffer_bytes",
                ..
            }
        ));
    }
}
