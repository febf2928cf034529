//! Long bodies, and a bank that gives and takes them: nothing is ever held whole.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::authority::server;
use crate::client::{RequestBody, Version, whole};

/// A prime, so that no power of two of lost or doubled bytes goes unseen.
const PERIOD: usize = 65_521;
const CHUNK: usize = 32 << 10;

static PATTERN: LazyLock<Bytes> = LazyLock::new(|| {
    let byte = |at: usize| {
        let at = at % PERIOD;
        (at.wrapping_mul(167) ^ (at >> 8)) as u8
    };
    (0..PERIOD + CHUNK).map(byte).collect()
});

/// A body of so many bytes, each known by its place.
pub fn flood(bytes: u64) -> RequestBody {
    Flood { at: 0, bytes }.boxed()
}

/// Reads a flood to its end and says how many bytes it had; a byte out of its place is an error.
pub async fn swallow(mut body: Incoming) -> Result<u64, String> {
    let mut at = 0_u64;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| format!("after {at} bytes: {error}"))?;
        for piece in frame.data_ref().map_or(&[][..], |data| data).chunks(CHUNK) {
            let from = (at % PERIOD as u64) as usize;
            if *piece != PATTERN[from..from + piece.len()] {
                return Err(format!("other bytes than sent, after {at}"));
            }
            at += piece.len() as u64;
        }
    }
    Ok(at)
}

struct Flood {
    at: u64,
    bytes: u64,
}

impl Body for Flood {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let left = usize::try_from(self.bytes - self.at)
            .unwrap_or(usize::MAX)
            .min(CHUNK);
        if left == 0 {
            return Poll::Ready(None);
        }
        let from = (self.at % PERIOD as u64) as usize;
        self.at += left as u64;
        Poll::Ready(Some(Ok(Frame::data(PATTERN.slice(from..from + left)))))
    }

    fn is_end_stream(&self) -> bool {
        self.at == self.bytes
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes - self.at)
    }
}

/// A bank behind TLS that speaks one HTTP version. It takes a flood by POST and answers how many
/// bytes it had; it gives one of as many bytes as the query says by GET.
pub struct FloodBank {
    /// Where it listens.
    pub address: SocketAddr,
}

impl FloodBank {
    /// Starts one with a server certificate and its key, PEM files.
    pub async fn start(chain: &Path, key: &Path, version: Version) -> Self {
        let read = |path: &Path| std::fs::read(path).expect("a readable file");
        let mut config = server(&read(chain), &read(key));
        config.alpn_protocols = match version {
            Version::Http1 => vec![b"http/1.1".to_vec()],
            Version::Http2 => vec![b"h2".to_vec()],
        };
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's bank is no room of the house"
        )]
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, acceptor.clone(), version));
            }
        });
        Self { address }
    }
}

async fn serve(socket: TcpStream, acceptor: TlsAcceptor, version: Version) {
    let _ = socket.set_nodelay(true);
    let Ok(tls) = acceptor.accept(socket).await else {
        return;
    };
    let (io, service) = (TokioIo::new(tls), service_fn(answer));
    // How a connection ends is for the other side to judge.
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

async fn answer(request: Request<Incoming>) -> Result<Response<RequestBody>, Infallible> {
    let body = match *request.method() {
        Method::POST => match swallow(request.into_body()).await {
            Ok(bytes) => whole(format!("{{\"bytes\":{bytes}}}")),
            Err(what) => whole(format!("{{\"wrong\":\"{what}\"}}")),
        },
        _ => flood(
            request
                .uri()
                .query()
                .and_then(|query| query.parse().ok())
                .unwrap_or(0),
        ),
    };
    Ok(Response::new(body))
}
