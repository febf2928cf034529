//! A client that is not ours: hyper over rustls, one connection at a time.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use model::PresentedChain;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The body of a request.
pub type RequestBody = BoxBody<Bytes, std::io::Error>;

/// The HTTP version offered by ALPN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

impl Version {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Http1, Self::Http2];

    /// Its name in ALPN (RFC 7301).
    pub(crate) fn alpn(self) -> Vec<u8> {
        match self {
            Self::Http1 => b"http/1.1".to_vec(),
            Self::Http2 => b"h2".to_vec(),
        }
    }
}

/// A client certificate with its key.
#[derive(Debug)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// From PEM texts.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Self {
        Self {
            chain: crypto::certificates(chain).expect("certificates in PEM"),
            key: crypto::private_key(key).expect("a key in PEM"),
        }
    }

    /// What a server learns of it in the handshake.
    pub(crate) fn presented(&self) -> PresentedChain {
        let mut whole = Vec::new();
        for certificate in &self.chain {
            whole.extend_from_slice(&(certificate.len() as u64).to_be_bytes());
            whole.extend_from_slice(certificate);
        }
        PresentedChain {
            certificates: self.chain.clone(),
            leaf_thumbprint: crypto::sha256(self.leaf()),
            fingerprint: crypto::sha256(&whole),
        }
    }

    /// Its certificate.
    pub(crate) fn leaf(&self) -> &[u8] {
        &self.chain[0]
    }

    /// From PEM files.
    pub fn from_files(chain: &Path, key: &Path) -> Self {
        let read = |path: &Path| std::fs::read(path).expect("a readable file");
        Self::from_pem(&read(chain), &read(key))
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; panics with the body when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {:?}", self.body))
    }

    /// A header as text; empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// Our id of the request.
    pub fn request_id(&self) -> String {
        self.header("x-request-id").to_owned()
    }

    /// The code of the problem, or of the OAuth error; empty when there is none.
    pub fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let code = body.get("code").or_else(|| body.get("error"));
        code.and_then(serde_json::Value::as_str)
            .unwrap_or("")
            .to_owned()
    }
}

/// One connection to a listener.
pub struct Client {
    sender: Sender,
    authority: String,
    is_resumed: bool,
    tls: Option<ProtocolVersion>,
}

enum Sender {
    Http1(hyper::client::conn::http1::SendRequest<RequestBody>),
    Http2(hyper::client::conn::http2::SendRequest<RequestBody>),
}

/// How to connect: what is trusted, what is shown, which version is offered. Sessions are resumed
/// between connections made from one value.
#[derive(Clone)]
pub struct Dial {
    config: Arc<ClientConfig>,
    version: Version,
    from: Option<IpAddr>,
}

impl Dial {
    /// Trusts the certificates of a PEM file's text.
    pub fn new(authority_pem: &[u8], identity: Option<&Identity>, version: Version) -> Self {
        Self::offering(rustls::DEFAULT_VERSIONS, authority_pem, identity, version)
    }

    /// The same with TLS 1.2 alone.
    pub fn tls12(authority_pem: &[u8], identity: Option<&Identity>, version: Version) -> Self {
        Self::offering(&[&rustls::version::TLS12], authority_pem, identity, version)
    }

    /// Calls from another address of this machine, such as 127.0.0.2.
    #[must_use]
    pub fn from_address(mut self, address: IpAddr) -> Self {
        self.from = Some(address);
        self
    }

    fn offering(
        versions: &[&'static SupportedProtocolVersion],
        authority_pem: &[u8],
        identity: Option<&Identity>,
        version: Version,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in crypto::certificates(authority_pem).expect("authorities in PEM") {
            roots.add(certificate).expect("a usable authority");
        }
        let builder = ClientConfig::builder_with_provider(crypto::provider())
            .with_protocol_versions(versions)
            .expect("versions the provider has")
            .with_root_certificates(roots);
        let mut config = match identity {
            Some(identity) => builder
                .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
                .expect("a key that fits"),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![version.alpn()];
        Self {
            config: Arc::new(config),
            version,
            from: None,
        }
    }

    /// The HTTP version offered.
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Connects to `localhost` at an address, and shakes hands.
    pub(crate) async fn open(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let socket = TcpSocket::new_v4()?;
        if let Some(from) = self.from {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        let tcp = socket.connect(address).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").expect("a name");
        TlsConnector::from(Arc::clone(&self.config))
            .connect(name, tcp)
            .await
    }

    /// Connects to `localhost` at an address.
    pub async fn connect(&self, address: SocketAddr) -> std::io::Result<Client> {
        let tls = self.open(address).await?;
        let authority = format!("localhost:{}", address.port());
        let session = tls.get_ref().1;
        let is_resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
        let protocol = session.protocol_version();
        let io = TokioIo::new(tls);
        let sender = match self.version {
            Version::Http1 => {
                let (sender, connection) = hyper::client::conn::http1::handshake(io)
                    .await
                    .map_err(std::io::Error::other)?;
                run(connection);
                Sender::Http1(sender)
            }
            Version::Http2 => {
                let handshake = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
                let (sender, connection) = handshake
                    .handshake(io)
                    .await
                    .map_err(std::io::Error::other)?;
                run(connection);
                Sender::Http2(sender)
            }
        };
        Ok(Client {
            sender,
            authority,
            is_resumed,
            tls: protocol,
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test's client is no room of the house"
)]
fn run<E>(connection: impl Future<Output = Result<(), E>> + Send + 'static) {
    tokio::spawn(async move {
        let _ = connection.await;
    });
}

impl Client {
    /// Whether its TLS session was resumed from an earlier one.
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Whether TLS 1.2 was agreed on.
    pub fn is_tls12(&self) -> bool {
        self.tls == Some(ProtocolVersion::TLSv1_2)
    }

    /// Another handle on the same connection, for calls beside its own: over HTTP/2 only.
    pub fn twin(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => Some(Self {
                sender: Sender::Http2(sender.clone()),
                authority: self.authority.clone(),
                is_resumed: self.is_resumed,
                tls: self.tls,
            }),
        }
    }

    /// Names another host than the one connected to.
    #[must_use]
    pub fn naming(mut self, authority: &str) -> Self {
        authority.clone_into(&mut self.authority);
        self
    }

    /// Sends a request without waiting for its body's end.
    pub async fn send(
        &mut self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: RequestBody,
    ) -> Result<http::Response<Incoming>, hyper::Error> {
        let version = match &self.sender {
            Sender::Http1(_) => Version::Http1,
            Sender::Http2(_) => Version::Http2,
        };
        let request = request(version, &self.authority, (method, target, headers), body);
        match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }

    /// Sends a request and reads the whole answer.
    pub async fn call(
        &mut self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, hyper::Error> {
        let body = whole(body);
        let response = self.send(method, target, headers, body).await?;
        read(response).await
    }

    /// GET, read whole; panics when the connection breaks.
    pub async fn get(&mut self, target: &str, headers: &[(&str, &str)]) -> Answer {
        self.call(Method::GET, target, headers, Bytes::new())
            .await
            .expect("an answer")
    }
}

/// A request as a version of HTTP names its host.
pub(crate) fn request(
    version: Version,
    authority: &str,
    (method, target, headers): (Method, &str, &[(&str, &str)]),
    body: RequestBody,
) -> Request<RequestBody> {
    let uri = match version {
        Version::Http1 => target.to_owned(),
        Version::Http2 => format!("https://{authority}{target}"),
    };
    let mut request = Request::builder().method(method).uri(uri);
    if version == Version::Http1 {
        request = request.header("host", authority);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).expect("a request")
}

/// A body that is there at once.
pub fn whole(bytes: impl Into<Bytes>) -> RequestBody {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed()
}

/// A body that is there at once, and whose length is not told before.
pub fn untold(bytes: impl Into<Bytes>) -> RequestBody {
    Piecemeal {
        piece: Some(bytes.into()),
        has_end: true,
    }
    .boxed()
}

/// A body that begins with these bytes and never ends.
pub fn endless(bytes: impl Into<Bytes>) -> RequestBody {
    Piecemeal {
        piece: Some(bytes.into()),
        has_end: false,
    }
    .boxed()
}

/// A body in these pieces, none of which is there at once.
pub fn hesitant(pieces: impl IntoIterator<Item = Bytes>) -> RequestBody {
    Hesitant {
        pieces: pieces.into_iter().collect(),
        is_ready: false,
    }
    .boxed()
}

struct Hesitant {
    pieces: VecDeque<Bytes>,
    is_ready: bool,
}

impl Body for Hesitant {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.is_ready = !self.is_ready;
        if self.is_ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

struct Piecemeal {
    piece: Option<Bytes>,
    has_end: bool,
}

impl Body for Piecemeal {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.piece.take() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None if self.has_end => Poll::Ready(None),
            // Whoever waits waits until the connection ends.
            None => Poll::Pending,
        }
    }
}

/// Reads an answer whole.
pub async fn read(response: http::Response<Incoming>) -> Result<Answer, hyper::Error> {
    let (head, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body,
    })
}
