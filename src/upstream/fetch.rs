//! The port `fetch`: one-off requests to servers of other houses, each an upstream of its own with
//! one endpoint.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::uri::{PathAndQuery, Scheme};
use http::{Method, Request, Uri};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use rustls_pki_types::CertificateDer;

use model::ports::{Fetch, FetchFailed, FetchRequest, Fetched};
use model::{Clock, Response, UpstreamId};

use crate::{
    ClientTls, EndpointSettings, Terms, Unanswered, Upstream, UpstreamFailure, UpstreamLimits,
    UpstreamSettings,
};

/// The port of a URL that names none (RFC 9110 §4.2.2).
const HTTPS_PORT: u16 = 443;

impl UpstreamSettings {
    /// A host that things are fetched from: verified by these authorities under the host's own
    /// name; we show no certificate. Limits are tight in bytes and time, 10 s to an answer's head
    /// and between its parts, and wide in number, for each customer's log-in may go through here:
    /// 64 connections, 1,024 that wait for one as long.
    pub fn fetched_from(
        id: UpstreamId,
        host: EndpointSettings,
        authorities: Vec<CertificateDer<'static>>,
    ) -> Self {
        let within = Duration::from_secs(10);
        Self {
            id,
            endpoints: vec![host],
            tls: Some(ClientTls {
                authorities,
                identity: None,
                server_name: None,
            }),
            limits: UpstreamLimits {
                head_timeout: within,
                body_idle_timeout: within,
                // Asked for rarely: a connection kept is one that dies unseen.
                idle_timeout: Duration::from_secs(5),
                connections_max: 64,
                waiters_max: 1_024,
                wait_timeout: within,
                head_bytes: 16 * 1_024,
                http1_buffer_bytes: 32 * 1_024,
                h2_stream_window_bytes: 64 * 1_024,
                h2_connection_window_bytes: 256 * 1_024,
                h2_send_buffer_bytes: 64 * 1_024,
                ..UpstreamLimits::default()
            },
        }
    }
}

/// The hosts that may be asked in the name of one bank. Whoever is not among them is not asked,
/// whatever address the name has; who is among them may have any address, a private one too, since
/// a person wrote the name.
pub struct Fetcher {
    /// By `host:port`, in lower case.
    hosts: HashMap<String, Arc<Upstream>>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.hosts.keys();
        f.debug_set().entries(hosts).finish()
    }
}

impl Fetcher {
    /// Asks these, made of [`UpstreamSettings::fetched_from`], and nobody else. The clock is the
    /// one that they were made with.
    pub fn new(hosts: impl IntoIterator<Item = Arc<Upstream>>, clock: Arc<dyn Clock>) -> Self {
        let named = |host: Arc<Upstream>| {
            let name = host.endpoints().first()?.0.to_ascii_lowercase();
            Some((name, host))
        };
        Self {
            hosts: hosts.into_iter().filter_map(named).collect(),
            clock,
        }
    }

    /// The host of a URL, if it may be asked.
    fn listed(&self, url: &Uri) -> Result<&Upstream, FetchFailed> {
        let authority = url.authority();
        let name = authority.map(|its| {
            let port = its.port_u16().unwrap_or(HTTPS_PORT);
            format!("{}:{port}", its.host().to_ascii_lowercase())
        });
        let is_plain = authority.is_some_and(|its| !its.as_str().contains('@'));
        let found = name.as_ref().and_then(|name| self.hosts.get(name));
        found
            .filter(|_| is_plain && url.scheme() == Some(&Scheme::HTTPS))
            .map(Arc::as_ref)
            .ok_or(FetchFailed::NotListed {
                host: name.unwrap_or_default(),
            })
    }

    async fn ask(&self, request: FetchRequest, deadline: Duration) -> Result<Fetched, FetchFailed> {
        let host = self.listed(&request.url)?;
        let target = request.url.path_and_query();
        let target = target.map_or(PathAndQuery::from_static("/"), PathAndQuery::clone);
        let head = || {
            let mut head = Request::new(());
            *head.method_mut() = request.method.clone();
            *head.uri_mut() = Uri::from(target.clone());
            *head.headers_mut() = request.headers.clone();
            head
        };
        let body = if request.body.is_empty() {
            model::empty()
        } else {
            model::full(request.body.clone())
        };
        let terms = Terms {
            deadline: self.clock.monotonic().saturating_add(deadline),
            has_no_effect: matches!(request.method, Method::GET | Method::HEAD),
        };
        let answer = host.send(head, body, terms).await.map_err(unanswered)?;
        read(answer, request.answer_bytes_max).await
    }
}

impl Fetch for Fetcher {
    fn fetch(
        &self,
        request: FetchRequest,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Fetched, FetchFailed>> {
        async move {
            // The upstream's deadline ends with the answer's head; this one with its last byte.
            tokio::time::timeout(deadline, self.ask(request, deadline))
                .await
                .unwrap_or(Err(FetchFailed::TimedOut))
        }
        .boxed()
    }
}

async fn read(answer: Response, bytes_max: usize) -> Result<Fetched, FetchFailed> {
    let (head, body) = answer.into_parts();
    let too_long = || FetchFailed::TooLong { bytes_max };
    // What says beforehand that it is too long is not read at all.
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_long());
    }
    let body = Limited::new(body, bytes_max).boxed_unsync();
    let body = body.collect().await;
    let body = body.map_err(|source| {
        if source.is::<LengthLimitError>() {
            return too_long();
        }
        FetchFailed::Broken {
            doing: "reading the answer",
            source,
        }
    })?;
    Ok(Fetched {
        status: head.status,
        headers: head.headers,
        body: body.to_bytes(),
    })
}

fn unanswered(unanswered: Unanswered) -> FetchFailed {
    match unanswered.failure {
        UpstreamFailure::TimedOut(_) => FetchFailed::TimedOut,
        UpstreamFailure::Unavailable(_)
        | UpstreamFailure::Invalid(_)
        | UpstreamFailure::Request(_) => FetchFailed::Broken {
            doing: "asking the host",
            source: unanswered.into(),
        },
    }
}
