//! A bank that answers with what reached it: hyper and rustls, HTTP/1.1 or HTTP/2, plain or TLS.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::client::Version;
use crate::house::{HouseBuilder, limits_with};

/// The echo bank's API: class `open` under `/echo/v1/open`, class `partner` (scope `echo`) under
/// `/echo/v1/guarded`; GET and POST each.
const API: &str = r"openapi: 3.1.0
info: { title: Echo, version: 1.0.0 }
servers: [{ url: /echo/v1 }]
paths:
  /open:
    get:
      operationId: readOpen
      x-mortise-class: open
      x-mortise-effect: none
      responses: { '200': { description: What came. } }
    post:
      operationId: sendOpen
      x-mortise-class: open
      x-mortise-effect: change
      requestBody: { content: { application/octet-stream: {} } }
      responses: { '200': { description: What came. } }
  /guarded:
    get:
      operationId: readGuarded
      x-mortise-class: partner
      x-mortise-effect: none
      x-mortise-scope: echo
      x-mortise-authorization-details: none
      x-mortise-authentication: none
      responses: { '200': { description: What came. } }
    post:
      operationId: sendGuarded
      x-mortise-class: partner
      x-mortise-effect: change
      x-mortise-scope: echo
      x-mortise-authorization-details: none
      x-mortise-authentication: none
      requestBody: { content: { application/octet-stream: {} } }
      responses: { '200': { description: What came. } }
";

/// A bank that answers 200 with a JSON object: `version`, `method`, `target`, `headers` (each name
/// with its values), `bytes` and `sha256` of the body, and `certificate`, the `x5t#S256` of what
/// the gateway showed. A target whose query is `held` is answered in two parts, the second of them
/// once [`EchoBank::release`] lets it go; one whose query is `empty` by 204 and no body.
pub struct EchoBank {
    /// Where it listens.
    pub address: SocketAddr,
    /// The lines of its upstream in the configuration file.
    upstream: String,
    shared: Arc<Shared>,
}

struct Shared {
    calls: AtomicUsize,
    connections: AtomicUsize,
    connections_open: AtomicUsize,
    interactions: Mutex<Vec<String>>,
    releases: Semaphore,
}

impl EchoBank {
    /// Starts one without TLS, which speaks HTTP/1.1.
    pub async fn plain() -> Self {
        Self::start(None, "        tls: none\n").await
    }

    /// Starts one behind mutual TLS, with the model bank's certificate; by ALPN it takes this
    /// version alone.
    pub async fn tls(house: &HouseBuilder, version: Version) -> Self {
        let prepared = house.prepared();
        let read = |path: &std::path::Path| std::fs::read(path).expect("a readable file");
        let mut roots = RootCertStore::empty();
        for root in crypto::certificates(&read(&prepared.server_authority)).expect("authorities") {
            roots.add(root).expect("a usable authority");
        }
        let chain = crypto::certificates(&read(&prepared.bank_certificate)).expect("a chain");
        let key = crypto::private_key(&read(&prepared.bank_key)).expect("a key");
        let gateway =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto::provider());
        let mut config = ServerConfig::builder_with_provider(crypto::provider())
            .with_safe_default_protocol_versions()
            .expect("versions the provider has")
            .with_client_cert_verifier(gateway.build().expect("a verifier"))
            .with_single_cert(chain, key)
            .expect("a key that fits");
        config.alpn_protocols = vec![version.alpn()];
        let upstream = "        tls:\n          authorities: [file:trust/servers-ca.pem]\n          \
                        certificate: file:tls/gateway-client.pem\n          \
                        key: file:tls/gateway-client.key\n          \
                        name: core.harbour.example\n";
        Self::start(
            Some((TlsAcceptor::from(Arc::new(config)), version)),
            upstream,
        )
        .await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test's bank is no room of the house"
    )]
    async fn start(tls: Option<(TlsAcceptor, Version)>, upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            calls: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            connections_open: AtomicUsize::new(0),
            interactions: Mutex::default(),
            releases: Semaphore::new(0),
        });
        let for_calls = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (tls, shared) = (tls.clone(), Arc::clone(&for_calls));
                shared.connections.fetch_add(1, Ordering::SeqCst);
                shared.connections_open.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    serve(socket, tls, Arc::clone(&shared)).await;
                    shared.connections_open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        let upstream = format!(
            "      echo:\n        endpoints: [\"{address}\"]\n{upstream}        limits: standard\n"
        );
        Self {
            address,
            upstream,
            shared,
        }
    }

    /// How many requests reached it.
    pub fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::SeqCst)
    }

    /// How many connections were made to it so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many of them are open.
    pub fn connections_open(&self) -> usize {
        self.shared.connections_open.load(Ordering::SeqCst)
    }

    /// The interaction ids of the requests that reached it, in their order.
    pub fn interactions(&self) -> Vec<String> {
        let seen = self.shared.interactions.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same, and forgets them.
    pub fn take_interactions(&self) -> Vec<String> {
        let seen = self.shared.interactions.lock();
        std::mem::take(&mut *seen.unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets one limit of the upstream that it is; the others stay as the reference file has them.
    #[must_use]
    pub fn limited(mut self, name: &str, value: &str) -> Self {
        let written = limits_with("\n    upstreams:", "\n    products:", 10, name, value);
        let standard = "        limits: standard\n";
        assert!(self.upstream.contains(standard), "limited twice");
        let limits = format!("        limits:\n{written}");
        self.upstream = self.upstream.replace(standard, &limits);
        self
    }

    /// Lets so many held answers go.
    pub fn release(&self, answers: usize) {
        self.shared.releases.add_permits(answers);
    }
}

impl HouseBuilder {
    /// Adds the product `echo`, served by this bank, to the bank harbour, and to the agreement of
    /// `SwiftRide`.
    #[must_use]
    pub fn with_echo(self, bank: &EchoBank) -> Self {
        self.write("apis/echo.yaml", API)
            .edit(
                "    upstreams:\n",
                &format!("    upstreams:\n{}", bank.upstream),
            )
            .edit(
                "    products:\n",
                "    products:\n      echo: { openapi: file:apis/echo.yaml, upstream: echo, \
                 listeners: [api], deadline: 30s }\n",
            )
            .edit(
                "products: [branches, catalogue]",
                "products: [branches, catalogue, echo]",
            )
    }
}

async fn serve(socket: TcpStream, tls: Option<(TlsAcceptor, Version)>, shared: Arc<Shared>) {
    let _ = socket.set_nodelay(true);
    let Some((acceptor, version)) = tls else {
        return speak(socket, Version::Http1, String::new(), shared).await;
    };
    let Ok(stream) = acceptor.accept(socket).await else {
        return;
    };
    let leaf = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(|chain| chain.first());
    let shown = leaf
        .map(|leaf| crypto::base64url(&crypto::sha256(leaf)))
        .unwrap_or_default();
    speak(stream, version, shown, shared).await;
}

async fn speak<S>(stream: S, version: Version, shown: String, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (shown, shared) = (shown.clone(), Arc::clone(&shared));
        async move { Ok::<_, Infallible>(echo(request, &shown, shared).await) }
    });
    let io = TokioIo::new(stream);
    let _ = match version {
        Version::Http1 => {
            hyper::server::conn::http1::Builder::new()
                .serve_connection(io, service)
                .await
        }
        Version::Http2 => {
            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            builder.serve_connection(io, service).await
        }
    };
}

async fn echo(request: Request<Incoming>, shown: &str, shared: Arc<Shared>) -> Response<Echoed> {
    shared.calls.fetch_add(1, Ordering::SeqCst);
    let (head, body) = request.into_parts();
    if let Some(id) = head.headers.get("x-fapi-interaction-id") {
        let id = String::from_utf8_lossy(id.as_bytes()).into_owned();
        let seen = shared.interactions.lock();
        seen.unwrap_or_else(PoisonError::into_inner).push(id);
    }
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let mut headers = serde_json::Map::new();
    for name in head.headers.keys() {
        let values = head.headers.get_all(name).iter();
        let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        headers.insert(name.as_str().to_owned(), values.collect());
    }
    let said = serde_json::json!({
        "version": format!("{:?}", head.version),
        "method": head.method.as_str(),
        "target": head.uri.path_and_query().map_or("", |target| target.as_str()),
        "headers": headers,
        "bytes": body.len(),
        "sha256": crypto::hex(&crypto::sha256(&body)),
        "certificate": shown,
    });
    if head.uri.query() == Some("empty") {
        let nothing = Echoed {
            first: None,
            rest: None,
            wait: wait(shared),
        };
        let answer = Response::builder().status(204);
        return answer.body(nothing).expect("an answer");
    }
    let is_held = head.uri.query() == Some("held");
    let mut said = Bytes::from(said.to_string());
    let first = if is_held {
        said.split_to(1)
    } else {
        said.split_to(said.len())
    };
    let answer = Response::builder().header("content-type", "application/json");
    let body = Echoed {
        first: Some(first),
        rest: is_held.then_some(said),
        wait: wait(shared),
    };
    answer.body(body).expect("an answer")
}

type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

fn wait(shared: Arc<Shared>) -> Wait {
    Box::pin(async move {
        if let Ok(permit) = shared.releases.acquire().await {
            permit.forget();
        }
    })
}

/// An answer's body, its rest held back.
struct Echoed {
    first: Option<Bytes>,
    rest: Option<Bytes>,
    wait: Wait,
}

impl Body for Echoed {
    type Data = Bytes;
    type Error = Infallible;

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_none()
    }

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if self.rest.is_none() {
            return Poll::Ready(None);
        }
        ready!(self.wait.as_mut().poll(cx));
        Poll::Ready(self.rest.take().map(|rest| Ok(Frame::data(rest))))
    }
}
