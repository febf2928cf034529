//! Banks for tests: hyper servers with behaviour handed in, and raw sockets for what hyper would
//! never send.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use model::MessageBody;

use crate::ClientTls;

/// What a bank does with a request.
pub(super) type Behaviour =
    Arc<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Response<MessageBody>> + Send + Sync>;

/// A listening bank. Dropping it closes everything.
pub(super) struct Bank {
    pub(super) port: u16,
    seen: Arc<Seen>,
    stop: CancellationToken,
}

pub(super) struct Seen {
    pub(super) requests: AtomicUsize,
    accepted: AtomicUsize,
    open: watch::Sender<usize>,
    open_most: AtomicUsize,
    cut: watch::Sender<usize>,
    streams_max: Option<u32>,
}

impl Bank {
    /// A bank that speaks plain HTTP/1.1.
    pub(super) async fn plain(behaviour: Behaviour) -> Self {
        Self::listen(None, None, behaviour).await
    }

    /// A bank that speaks TLS and these protocols, and wants a certificate of our authority.
    pub(super) async fn tls(pki: &Pki, alpn: &[&str], behaviour: Behaviour) -> Self {
        Self::listen(Some(pki.server_config(alpn)), None, behaviour).await
    }

    /// A server that speaks TLS and these protocols, and asks nobody for a certificate.
    pub(super) async fn open_to_all(pki: &Pki, alpn: &[&str], behaviour: Behaviour) -> Self {
        Self::listen(Some(pki.server_config_for_all(alpn)), None, behaviour).await
    }

    /// A bank that speaks HTTP/2 and allows few streams at once.
    pub(super) async fn few_streams(pki: &Pki, streams: u32, behaviour: Behaviour) -> Self {
        Self::listen(Some(pki.server_config(&["h2"])), Some(streams), behaviour).await
    }

    /// A bank that speaks plain HTTP/1.1 at a socket that listens already.
    pub(super) fn plain_at(listener: std::net::TcpListener, behaviour: Behaviour) -> Self {
        listener.set_nonblocking(true).expect("a socket");
        let listener = TcpListener::from_std(listener).expect("a socket");
        Self::serve_at(listener, None, None, behaviour)
    }

    /// A bank that refuses every HTTP/2 stream.
    pub(super) async fn refusing_streams(pki: &Pki) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let bank = Self::around(&listener, None);
        let config = pki.server_config(&["h2"]);
        bank.accept_with(listener, move |stream, _| {
            let acceptor = TlsAcceptor::from(Arc::clone(&config));
            async move {
                let stream = acceptor.accept(stream).await.expect("TLS");
                let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    respond.send_reset(h2::Reason::REFUSED_STREAM);
                }
            }
        });
        bank
    }

    /// A bank without HTTP of its own: reads until the request's head has ended, sends these bytes
    /// and closes.
    pub(super) async fn saying(bytes: &'static [u8]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let bank = Self::around(&listener, None);
        bank.accept_with(listener, move |mut stream, seen| async move {
            let mut head = Vec::new();
            while !head.windows(4).any(|w| w == b"\r\n\r\n") {
                if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                    return;
                }
            }
            seen.requests.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
            // A socket closed with unread bytes would send a reset instead of what was written.
            let _ = stream.read_to_end(&mut head).await;
        });
        bank
    }

    /// A bank without HTTP of its own that answers each request's head with these bytes, on one
    /// connection as often as it is asked.
    pub(super) async fn repeating(bytes: &'static [u8]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let bank = Self::around(&listener, None);
        bank.accept_with(listener, move |mut stream, seen| async move {
            let mut head = Vec::new();
            while stream.read_buf(&mut head).await.unwrap_or(0) > 0 {
                if head.ends_with(b"\r\n\r\n") {
                    head.clear();
                    seen.requests.fetch_add(1, Ordering::SeqCst);
                    let _ = stream.write_all(bytes).await;
                }
            }
        });
        bank
    }

    /// How many requests it saw.
    pub(super) fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::SeqCst)
    }

    /// How many connections it accepted in all.
    pub(super) fn accepted(&self) -> usize {
        self.seen.accepted.load(Ordering::SeqCst)
    }

    /// The most connections that were open at once.
    pub(super) fn open_most(&self) -> usize {
        self.seen.open_most.load(Ordering::SeqCst)
    }

    /// Waits until so many connections are open.
    pub(super) async fn until_open(&self, count: usize) {
        let mut open = self.seen.open.subscribe();
        open.wait_for(|open| *open == count).await.expect("kept");
    }

    /// Closes all connections, and returns when they are closed.
    pub(super) async fn cut_all(&self) {
        self.seen.cut.send_modify(|cut| *cut += 1);
        self.until_open(0).await;
    }

    async fn listen(
        tls: Option<Arc<rustls::ServerConfig>>,
        streams_max: Option<u32>,
        behaviour: Behaviour,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        Self::serve_at(listener, tls, streams_max, behaviour)
    }

    fn serve_at(
        listener: TcpListener,
        tls: Option<Arc<rustls::ServerConfig>>,
        streams_max: Option<u32>,
        behaviour: Behaviour,
    ) -> Self {
        let bank = Self::around(&listener, streams_max);
        bank.accept_with(listener, move |stream, seen| {
            let (tls, behaviour) = (tls.clone(), Arc::clone(&behaviour));
            async move {
                let Some(config) = tls else {
                    return serve(stream, false, &seen, &behaviour).await;
                };
                if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    serve(stream, is_h2, &seen, &behaviour).await;
                }
            }
        });
        bank
    }

    pub(super) fn around(listener: &TcpListener, streams_max: Option<u32>) -> Self {
        Self {
            port: listener.local_addr().expect("bound").port(),
            seen: Arc::new(Seen {
                requests: AtomicUsize::new(0),
                accepted: AtomicUsize::new(0),
                open: watch::Sender::new(0),
                open_most: AtomicUsize::new(0),
                cut: watch::Sender::new(0),
                streams_max,
            }),
            stop: CancellationToken::new(),
        }
    }

    pub(super) fn accept_with<F, Fut>(&self, listener: TcpListener, serve: F)
    where
        F: Fn(TcpStream, Arc<Seen>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let (seen, stop) = (Arc::clone(&self.seen), self.stop.clone());
        let tasks = TaskTracker::new();
        let accepting = {
            let (tasks, stop) = (tasks.clone(), stop.clone());
            async move {
                loop {
                    let Ok((stream, _)) = listener.accept().await else {
                        return;
                    };
                    seen.accepted.fetch_add(1, Ordering::SeqCst);
                    seen.open.send_modify(|open| *open += 1);
                    seen.open_most
                        .fetch_max(*seen.open.borrow(), Ordering::SeqCst);
                    let mut cut = seen.cut.subscribe();
                    cut.mark_unchanged();
                    let (connection, seen) = (serve(stream, Arc::clone(&seen)), Arc::clone(&seen));
                    let stop = stop.clone();
                    tasks.spawn(async move {
                        tokio::select! {
                            () = connection => {}
                            _ = cut.changed() => {}
                            () = stop.cancelled() => {}
                        }
                        seen.open.send_modify(|open| *open -= 1);
                    });
                }
            }
        };
        tasks.spawn(async move {
            tokio::select! {
                () = accepting => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn serve<T>(io: T, is_h2: bool, seen: &Arc<Seen>, behaviour: &Behaviour)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (behaviour, counted) = (Arc::clone(behaviour), Arc::clone(seen));
    let service = service_fn(move |request| {
        counted.requests.fetch_add(1, Ordering::SeqCst);
        let answer = behaviour(request);
        async move { Ok::<_, std::convert::Infallible>(answer.await) }
    });
    let io = TokioIo::new(io);
    let _ = if is_h2 {
        let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        builder.max_concurrent_streams(seen.streams_max);
        builder.serve_connection(io, service).await
    } else {
        hyper::server::conn::http1::Builder::new()
            .serve_connection(io, service)
            .await
    };
}

/// A bank that answers every request with its method, target and host.
pub(super) fn echo_head() -> Behaviour {
    Arc::new(|request| {
        let host = request
            .headers()
            .get("host")
            .map(|h| h.to_str().unwrap_or("?").to_owned());
        let said = format!(
            "{} {} host={} version={:?}",
            request.method(),
            request.uri(),
            host.as_deref().unwrap_or("-"),
            request.version()
        );
        Box::pin(async move { Response::new(model::full(said)) })
    })
}

/// A bank that sends the request's body back as it comes.
pub(super) fn echo_body() -> Behaviour {
    Arc::new(|request| {
        let body = request.into_body().map_err(Into::into).boxed_unsync();
        Box::pin(async move { Response::new(body) })
    })
}

/// A bank that never answers.
pub(super) fn silent() -> Behaviour {
    Arc::new(|_| Box::pin(std::future::pending()))
}

/// A bank that answers when it is told to, in the order of the requests, one for each permit.
pub(super) fn on_command(gate: &Arc<tokio::sync::Semaphore>) -> Behaviour {
    let gate = Arc::clone(gate);
    Arc::new(move |request| {
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            gate.acquire_owned().await.expect("kept open").forget();
            Response::new(model::full(request.uri().path().to_owned()))
        })
    })
}

/// A test's own authority with a server and a client certificate.
pub(super) struct Pki {
    ca: CertificateDer<'static>,
    server: (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>),
    client: (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>),
}

impl Pki {
    pub(super) fn new() -> Self {
        Self::made(false)
    }

    /// One whose leaves are expired.
    pub(super) fn expired() -> Self {
        Self::made(true)
    }

    fn made(is_expired: bool) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("valid");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "Test CA");
        let ca = params.self_signed(&key).expect("signed").der().clone();
        let issuer = Issuer::new(params, key);
        let leaf = |names: &[&str]| {
            let key = KeyPair::generate().expect("a key");
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            let mut params = CertificateParams::new(names).expect("valid");
            if is_expired {
                params.not_before = rcgen::date_time_ymd(2000, 1, 1);
                params.not_after = rcgen::date_time_ymd(2001, 1, 1);
            }
            let leaf = params
                .signed_by(&key, &issuer)
                .expect("signed")
                .der()
                .clone();
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
            (vec![leaf], key)
        };
        Self {
            server: leaf(&["127.0.0.1", "ledger.harbour.example"]),
            client: leaf(&["gateway.harbour.example"]),
            ca,
        }
    }

    /// Our side: trusts the authority, shows the client certificate.
    pub(super) fn client_tls(&self) -> ClientTls {
        ClientTls {
            authorities: vec![self.ca.clone()],
            identity: Some((self.client.0.clone(), self.client.1.clone_key())),
            server_name: None,
        }
    }

    pub(super) fn server_config(&self, alpn: &[&str]) -> Arc<rustls::ServerConfig> {
        self.server_config_for(self, alpn)
    }

    /// The authority.
    pub(super) fn authority(&self) -> CertificateDer<'static> {
        self.ca.clone()
    }

    /// The bank's side: takes everybody.
    pub(super) fn server_config_for_all(&self, alpn: &[&str]) -> Arc<rustls::ServerConfig> {
        let mut config = rustls::ServerConfig::builder_with_provider(crypto::provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(self.server.0.clone(), self.server.1.clone_key())
            .expect("a certificate");
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// The bank's side: takes the clients of an authority.
    pub(super) fn server_config_for(
        &self,
        clients: &Self,
        alpn: &[&str],
    ) -> Arc<rustls::ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(clients.ca.clone()).expect("a usable authority");
        let provider = crypto::provider();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
            .build()
            .expect("a verifier");
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(verifier)
            .with_single_cert(self.server.0.clone(), self.server.1.clone_key())
            .expect("a certificate");
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}
