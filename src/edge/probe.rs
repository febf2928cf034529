//! What the tests of this room share: a handler made of a function, certificates, clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use model::{Breach, Connection, Handler, ListenerId, MessageBody, Request, Response, SystemClock};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{ClientCertificates, Edge, Limits, ListenerSettings, TlsSettings, bind};

/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Answering<F>(pub(crate) F);

impl<F> Handler for Answering<F>
where
    F: Fn(Arc<Connection>, Request) -> BoxFuture<'static, Response> + Send + Sync + 'static,
{
    fn handle(&self, connection: Arc<Connection>, request: Request) -> BoxFuture<'_, Response> {
        (self.0)(connection, request)
    }

    fn refuse(&self, _: &Connection, head: &http::request::Parts, breach: Breach) -> Response {
        let Breach { status, what } = breach;
        let mut answer = Response::new(model::full(format!("{} {what}", head.method)));
        *answer.status_mut() = status;
        answer
    }
}

/// Waits, but not for ever.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("nothing happened for too long")
}

/// An edge whose handler is this function.
pub(crate) fn edge<F, Fut>(answer: F) -> Edge
where
    F: Fn(Arc<Connection>, Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    let handler = Answering(move |connection, request| answer(connection, request).boxed());
    Edge::new(Arc::new(handler), Arc::new(SystemClock::new()))
}

/// An edge that answers with the request as it got it.
pub(crate) fn mirror() -> Edge {
    edge(async |_, request: Request| {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes().len());
        let said = format!("{} {} {:?} {body:?}", head.method, head.uri, head.headers);
        Response::new(model::full(said))
    })
}

pub(crate) fn open_plain(edge: &Edge, limits: Limits) -> SocketAddr {
    let socket = bind(([127, 0, 0, 1], 0).into()).unwrap();
    let id = id_at("plain", socket.local_addr().unwrap());
    let tls = None;
    edge.open(socket, ListenerSettings { id, tls, limits })
        .unwrap()
}

/// The id that this room's tests give a listener: each has its own.
pub(crate) fn id_at(kind: &str, address: SocketAddr) -> ListenerId {
    ListenerId::parse(&format!("{kind}-{}", address.port())).unwrap()
}

/// Something to drop, and to hear of it.
pub(crate) struct Tell(
    pub(crate) mpsc::UnboundedSender<&'static str>,
    pub(crate) &'static str,
);

impl Drop for Tell {
    fn drop(&mut self) {
        let _ = self.0.send(self.1);
    }
}

/// A body of which there is always more, and that tells when it is dropped.
pub(crate) fn endless(tell: Tell) -> MessageBody {
    let frames = futures_util::stream::repeat_with(move || {
        let _held = &tell;
        Ok(http_body::Frame::data(Bytes::from_static(
            &[b'x'; 16 * 1024],
        )))
    });
    MessageBody::new(http_body_util::StreamBody::new(frames))
}

/// Sends bytes on a connection of their own and reads until it is closed.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(bytes).await.unwrap();
    read_to_close(&mut tcp).await
}

pub(crate) async fn read_to_close(tcp: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = soon(tcp.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads one head and no more than came with it.
pub(crate) async fn read_head(tcp: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = soon(tcp.read_buf(&mut answer)).await.unwrap();
        assert_ne!(count, 0, "closed before a head came");
    }
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// A certificate authority of the test, with a server and a client.
pub(crate) struct Pki {
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap());
        Self {
            authority: authority.unwrap(),
        }
    }

    /// A leaf for this name, and its issuer behind it.
    pub(crate) fn identity(&self, name: &str) -> Identity {
        self.identity_of(name, &rcgen::PKCS_ECDSA_P256_SHA256)
    }

    /// The same with a key of this kind.
    pub(crate) fn identity_of(
        &self,
        name: &str,
        kind: &'static rcgen::SignatureAlgorithm,
    ) -> Identity {
        self.identity_with(&KeyPair::generate_for(kind).unwrap(), name)
    }

    /// The same with this key.
    pub(crate) fn identity_with(&self, key: &KeyPair, name: &str) -> Identity {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = params.signed_by(key, &self.authority).unwrap();
        let chain = vec![leaf.der().clone(), self.authority.der().clone()];
        (chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }

    pub(crate) fn open(
        &self,
        edge: &Edge,
        client_certificates: ClientCertificates,
        limits: Limits,
    ) -> SocketAddr {
        let socket = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let settings = self.listener(address, client_certificates, limits);
        edge.open(socket, settings).unwrap()
    }

    /// A listener with a new certificate of this authority.
    pub(crate) fn listener(
        &self,
        address: SocketAddr,
        client_certificates: ClientCertificates,
        limits: Limits,
    ) -> ListenerSettings {
        let (certificates, key) = self.identity("localhost");
        ListenerSettings {
            id: id_at("tls", address),
            tls: Some(TlsSettings {
                name: Some("localhost".to_owned()),
                identities: vec![crate::Identity { certificates, key }],
                client_certificates,
            }),
            limits,
        }
    }

    /// A client's settings for this version and protocol; it has every suite that AWS-LC has.
    pub(crate) fn client(
        &self,
        version: &'static SupportedProtocolVersion,
        alpn: &[&[u8]],
        identity: Option<Identity>,
    ) -> ClientConfig {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        self.client_with(provider, version, alpn, identity)
    }

    pub(crate) fn client_with(
        &self,
        provider: CryptoProvider,
        version: &'static SupportedProtocolVersion,
        alpn: &[&[u8]],
        identity: Option<Identity>,
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity {
            Some((chain, key)) => config.with_client_auth_cert(chain, key).unwrap(),
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        config
    }
}

pub(crate) async fn tls(
    address: SocketAddr,
    config: impl Into<Arc<ClientConfig>>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    soon(TlsConnector::from(config.into()).connect(name, tcp)).await
}

/// Asks `/` over HTTP/1.1 on a TLS connection of its own; answers the body.
pub(crate) async fn ask(
    address: SocketAddr,
    config: impl Into<Arc<ClientConfig>>,
) -> std::io::Result<String> {
    let mut stream = tls(address, config).await?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await?;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    Ok(body.to_owned())
}

pub(crate) type Http2 = http2::SendRequest<Full<Bytes>>;

/// An HTTP/2 client, and what tells how its connection ended.
pub(crate) async fn http2(
    pki: &Pki,
    address: SocketAddr,
) -> (Http2, tokio::task::JoinHandle<hyper::Result<()>>) {
    let config = pki.client(&rustls::version::TLS13, &[b"h2"], None);
    let stream = tls(address, config).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    let tasks = tokio_util::task::TaskTracker::new();
    (sender, tasks.spawn(connection))
}

/// An HTTP/1.1 client on a plain listener.
pub(crate) async fn http1(address: SocketAddr) -> http1::SendRequest<Full<Bytes>> {
    let tcp = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = http1::handshake(TokioIo::new(tcp)).await.unwrap();
    tokio_util::task::TaskTracker::new().spawn(connection);
    sender
}

pub(crate) fn get(uri: &str) -> http::Request<Full<Bytes>> {
    http::Request::get(uri)
        .header("host", "localhost")
        .body(Full::default())
        .unwrap()
}

pub(crate) async fn text<B>(answer: http::Response<B>) -> String
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let body = soon(answer.into_body().collect()).await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}
