//! Bytes and frames that no HTTP library would send, and sockets that do not answer.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

use model::{BodyError, MessageBody};

use super::bank::{Bank, Pki, Seen};

/// What a bank does once it has read a request's head.
pub(super) enum Play {
    /// Says this and closes in order.
    Say(Vec<u8>),
    /// Says this and resets the connection.
    Reset(Vec<u8>),
    /// Says this and keeps the connection open.
    Wait(Vec<u8>),
    /// Says this, and then a byte now and then, for ever.
    Trickle(Vec<u8>),
}

/// Between two bytes of a trickle: shorter than any limit that a test sets.
const DRIP: Duration = Duration::from_millis(4);
const PREFACE: usize = 24;
/// An empty SETTINGS frame: with it an HTTP/2 server begins.
pub(super) const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// A frame (RFC 9113 §4.1).
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).expect("short").to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// RST_STREAM of the first request.
pub(super) fn rst_stream(reason: u32) -> Vec<u8> {
    frame(3, 0, 1, &reason.to_be_bytes())
}

/// GOAWAY that names this stream as the last.
pub(super) fn go_away(last: u32, reason: u32) -> Vec<u8> {
    frame(
        7,
        0,
        0,
        &[last.to_be_bytes(), reason.to_be_bytes()].concat(),
    )
}

/// The head of a 200 whose body follows.
pub(super) fn head() -> Vec<u8> {
    frame(1, 4, 1, &[0x88])
}

/// The same, of nine bytes.
pub(super) fn head_of_nine() -> Vec<u8> {
    frame(1, 4, 1, b"\x88\x0f\x0d\x019")
}

/// A body whose length is not told before.
pub(super) fn untold() -> MessageBody {
    let piece = Ok::<_, BodyError>(Frame::data(Bytes::from_static(b"{}")));
    BodyExt::boxed_unsync(StreamBody::new(stream::iter([piece])))
}

/// A body that never comes.
pub(super) fn never() -> MessageBody {
    let nothing = stream::pending::<Result<Frame<Bytes>, BodyError>>();
    BodyExt::boxed_unsync(StreamBody::new(nothing))
}

/// A body that breaks.
pub(super) fn breaking() -> MessageBody {
    let breaks = stream::once(async { Err::<Frame<Bytes>, BodyError>("broken".into()) });
    BodyExt::boxed_unsync(StreamBody::new(breaks.boxed()))
}

impl Bank {
    /// A bank that plays one part for each connection, over plain HTTP/1.1.
    pub(super) async fn playing(play: &Arc<Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (bank, play) = (Self::around(&listener, None), Arc::clone(play));
        bank.accept_with(listener, move |mut stream, seen| {
            let play = Arc::clone(&play);
            async move {
                let mut head = Vec::new();
                while !head.windows(4).any(|w| w == b"\r\n\r\n") {
                    if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                count(&seen);
                perform(&play, stream, |stream| stream).await;
            }
        });
        bank
    }

    /// The same over TLS and HTTP/2, whose SETTINGS it says first.
    pub(super) async fn playing_http2(pki: &Pki, play: &Arc<Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (bank, play) = (Self::around(&listener, None), Arc::clone(play));
        let acceptor = TlsAcceptor::from(pki.server_config(&["h2"]));
        bank.accept_with(listener, move |stream, seen| {
            let (play, acceptor) = (Arc::clone(&play), acceptor.clone());
            async move {
                let mut stream = acceptor.accept(stream).await.expect("TLS");
                stream.write_all(SETTINGS).await.expect("a connection");
                let mut said = vec![0; PREFACE];
                stream.read_exact(&mut said).await.expect("a preface");
                said.clear();
                loop {
                    let Some(asked) = asked(&mut said) else {
                        if stream.read_buf(&mut said).await.unwrap_or(0) == 0 {
                            return;
                        }
                        continue;
                    };
                    count(&seen);
                    if let Play::Wait(frames) = &*play {
                        let _ = stream.write_all(&on_stream(frames, asked)).await;
                        let _ = stream.flush().await;
                    } else {
                        return perform(&play, stream, |stream| stream.get_ref().0).await;
                    }
                }
            }
        });
        bank
    }

    /// A bank that answers the first request of each connection, and closes at the second.
    pub(super) async fn once_each() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let bank = Self::around(&listener, None);
        bank.accept_with(listener, move |mut stream, seen| async move {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            for answer in [&answer[..], b""] {
                let mut head = Vec::new();
                while !head.windows(4).any(|w| w == b"\r\n\r\n") {
                    if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                count(&seen);
                let _ = stream.write_all(answer).await;
            }
        });
        bank
    }

    /// A bank that asks for a certificate of another authority than ours, and says so by its alert.
    pub(super) async fn disowning(pki: &Pki, alpn: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let bank = Self::around(&listener, None);
        let acceptor = TlsAcceptor::from(pki.server_config_for(&Pki::new(), &[alpn]));
        bank.accept_with(listener, move |stream, _| {
            let acceptor = acceptor.clone();
            async move {
                let refused = acceptor.accept(stream).into_fallible().await;
                let Err((_, mut stream)) = refused else {
                    panic!("a certificate of another authority was believed");
                };
                // Read to its end, lest a reset overtake the alert.
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        bank
    }
}

fn count(seen: &Seen) {
    seen.requests.fetch_add(1, Ordering::SeqCst);
}

/// Takes whole frames off what was said, up to the first HEADERS, and gives its stream.
fn asked(said: &mut Vec<u8>) -> Option<u32> {
    while let [a, b, c, kind, _, stream @ ..] = &said[..] {
        let whole = 9 + u32::from_be_bytes([0, *a, *b, *c]) as usize;
        if said.len() < whole {
            return None;
        }
        let (kind, stream) = (*kind, stream.first_chunk().copied());
        said.drain(..whole);
        if kind == 1 {
            return stream.map(u32::from_be_bytes);
        }
    }
    None
}

/// These frames, those of stream 1 on this one instead.
fn on_stream(frames: &[u8], stream: u32) -> Vec<u8> {
    let mut moved = frames.to_vec();
    let mut at = 0;
    while stream != 1
        && let Some(&[a, b, c, ..]) = moved.get(at..at + 9)
    {
        if moved[at + 5..at + 9] == 1_u32.to_be_bytes() {
            moved[at + 5..at + 9].copy_from_slice(&stream.to_be_bytes());
        }
        at += 9 + u32::from_be_bytes([0, a, b, c]) as usize;
    }
    moved
}

async fn perform<S>(play: &Play, mut stream: S, socket: impl Fn(&S) -> &TcpStream)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (Play::Say(bytes) | Play::Reset(bytes) | Play::Wait(bytes) | Play::Trickle(bytes)) = play;
    let _ = stream.write_all(bytes).await;
    let _ = stream.flush().await;
    match play {
        Play::Say(_) => {
            let _ = stream.shutdown().await;
            // A socket closed with unread bytes would send a reset instead of what was written.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        Play::Reset(_) => {
            let _ = SockRef::from(socket(&stream)).set_linger(Some(Duration::ZERO));
        }
        Play::Wait(_) => {
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        Play::Trickle(_) => {
            let mut drip = tokio::time::interval(DRIP);
            while stream.write_all(b"y").await.is_ok() && stream.flush().await.is_ok() {
                drip.tick().await;
            }
            pending::<()>().await;
        }
    }
}

/// A port where the kernel answers no attempt to connect: its queue is full, and nobody accepts.
pub(super) struct Deaf {
    pub(super) port: u16,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Deaf {
    pub(super) async fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let any: SocketAddr = "127.0.0.1:0".parse().expect("valid");
        socket.bind(any).expect("a port");
        let listener = socket.listen(1).expect("a listener");
        let address = listener.local_addr().expect("bound");
        let mut queued = Vec::new();
        let patience = Duration::from_millis(200);
        while let Ok(stream) = tokio::time::timeout(patience, TcpStream::connect(address)).await {
            queued.push(stream.expect("a place in the queue"));
        }
        Self {
            port: address.port(),
            _listener: listener,
            _queued: queued,
        }
    }
}
