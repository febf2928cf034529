//! A host at which a client publishes its keys, and which may misbehave.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::LOCATION;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crypto::SigningKey;
use sandbox::Purpose;

use crate::authority::{issue, other_authority, partner_leaf, server};
use crate::client::{RequestBody, whole};
use crate::flood::flood;

/// What the host does when it is asked.
#[derive(Debug, Clone)]
pub enum Publishes {
    /// Answers 200 with this text.
    Text(String),
    /// Sends whoever asks to itself, to another path.
    Redirect,
    /// Answers 200 with so many bytes.
    Bytes(u64),
    /// Never answers.
    Nothing,
}

/// A host behind TLS; each request is counted.
pub struct KeyHost {
    /// Where it listens.
    pub address: SocketAddr,
    /// The authority that vouches for it, PEM.
    pub authority: String,
    publishes: Arc<Mutex<Publishes>>,
    asked: Arc<AtomicUsize>,
}

/// A set of these keys, as [`Publishes::Text`].
pub fn key_set(keys: &[&SigningKey]) -> Publishes {
    let keys: Vec<Value> = keys
        .iter()
        .map(|key| key.verification_key().to_jwk())
        .collect();
    Publishes::Text(json!({ "keys": keys }).to_string())
}

impl KeyHost {
    /// Starts one on a free port, as `localhost`.
    pub async fn start(now: Timestamp, publishes: Publishes) -> Self {
        let authority = other_authority("Public CA", now);
        let mut leaf = partner_leaf(None, now, Duration::from_hours(24));
        leaf.purposes = vec![Purpose::Server];
        leaf.names = vec!["localhost".to_owned()];
        let issued = issue(&authority, &leaf);
        let config = server(issued.chain.as_bytes(), issued.key.as_bytes());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let host = Self {
            address: listener.local_addr().expect("an address"),
            authority: authority.certificate().to_owned(),
            publishes: Arc::new(Mutex::new(publishes)),
            asked: Arc::default(),
        };
        let (publishes, asked) = (Arc::clone(&host.publishes), Arc::clone(&host.asked));
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's host is no room of the house"
        )]
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (publishes, asked) = (Arc::clone(&publishes), Arc::clone(&asked));
                tokio::spawn(serve(socket, acceptor.clone(), publishes, asked));
            }
        });
        host
    }

    /// From now on it does this.
    pub fn publishes(&self, what: Publishes) {
        *self
            .publishes
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = what;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve(
    socket: TcpStream,
    acceptor: TlsAcceptor,
    publishes: Arc<Mutex<Publishes>>,
    asked: Arc<AtomicUsize>,
) {
    let Ok(tls) = acceptor.accept(socket).await else {
        return;
    };
    let service = service_fn(move |request: Request<Incoming>| {
        asked.fetch_add(1, Ordering::SeqCst);
        let what = publishes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        async move { Ok::<_, Infallible>(answer(what, request.uri().path()).await) }
    });
    // How a connection ends is for the other side to judge.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(tls), service)
        .await;
}

async fn answer(what: Publishes, path: &str) -> Response<RequestBody> {
    match what {
        Publishes::Text(text) => Response::new(whole(text)),
        Publishes::Bytes(bytes) => Response::new(flood(bytes)),
        Publishes::Nothing => std::future::pending().await,
        Publishes::Redirect => {
            let answer = Response::builder().status(302);
            let answer = answer.header(LOCATION, format!("{path}/elsewhere"));
            answer.body(whole(Bytes::new())).expect("an answer")
        }
    }
}
