//! An OpenID provider that says what a test tells it to, over TLS with a certificate of the house's
//! authority: one that is wrong in one thing at a time.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio_rustls::TlsAcceptor;

use crypto::{Algorithm, Jwks, SigningKey};

use crate::authority::server;
use crate::house::HouseBuilder;

/// Where a provider's metadata are.
pub const METADATA: &str = "/.well-known/openid-configuration";

/// A provider: it has no log-in, a test goes back from it with the code it likes.
pub struct PaperProvider {
    /// Its issuer identifier.
    pub url: String,
    /// Signs its ID tokens.
    pub key: SigningKey,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// What is said at which path; at a path without words nothing is ever said.
    says: Mutex<HashMap<&'static str, (u16, String)>>,
    asked: Mutex<Vec<String>>,
    /// The answers to codes that have one of their own.
    tokens: Mutex<HashMap<String, String>>,
    /// Where those wait who bring a code.
    crowd: Mutex<Option<Arc<Barrier>>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PaperProvider {
    /// Starts one with good metadata and keys.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's provider is no room of the house"
    )]
    pub async fn start(house: &HouseBuilder) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let url = format!("https://localhost:{}", address.port());
        let shared = Arc::new(Shared::default());
        let (tls, for_calls) = (acceptor(house), Arc::clone(&shared));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (tls, shared) = (tls.clone(), Arc::clone(&for_calls));
                tokio::spawn(serve(socket, tls, shared));
            }
        });
        let key = SigningKey::generate(Algorithm::Ps256).expect("a key");
        let keys = Jwks::from_keys(vec![key.verification_key()]).to_json();
        let provider = Self { url, key, shared };
        provider.says(METADATA, 200, &provider.metadata());
        provider.says("/jwks", 200, &keys);
        provider
    }

    /// Its metadata, to be spoilt.
    pub fn metadata(&self) -> Value {
        let url = &self.url;
        json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/auth"),
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/jwks"),
            "authorization_response_iss_parameter_supported": true,
        })
    }

    /// Says this at a path from here on.
    pub fn says(&self, path: &'static str, status: u16, body: &impl ToString) {
        locked(&self.shared.says).insert(path, (status, body.to_string()));
    }

    /// Says nothing at a path from here on, and keeps whoever asks waiting.
    pub fn is_silent_at(&self, path: &str) {
        locked(&self.shared.says).remove(path);
    }

    /// Gives an ID token of these claims, signed by this key, for any code.
    pub fn issues(&self, claims: &Value, key: &SigningKey) {
        self.says("/token", 200, &tokens(claims, key));
    }

    /// Gives an ID token of these claims for this code.
    pub fn issues_for(&self, code: &str, claims: &Value) {
        let tokens = tokens(claims, &self.key).to_string();
        locked(&self.shared.tokens).insert(code.to_owned(), tokens);
    }

    /// Gives no ID token from here on before so many are asked for at once.
    pub fn gathers(&self, count: usize) {
        *locked(&self.shared.crowd) = Some(Arc::new(Barrier::new(count)));
    }

    /// How often it was asked at a path.
    pub fn calls(&self, path: &str) -> usize {
        let asked = locked(&self.shared.asked);
        asked.iter().filter(|its| *its == path).count()
    }
}

fn tokens(claims: &Value, key: &SigningKey) -> Value {
    let id_token = key.sign("JWT", claims).expect("a token");
    json!({ "access_token": "opaque", "token_type": "Bearer", "id_token": id_token })
}

/// A new ES256 key in a file of the house's folder that nobody else may read.
pub fn key_file(house: &HouseBuilder, file: &str) -> SigningKey {
    key_file_of(Algorithm::Es256, house, file)
}

/// The same with a key of this algorithm.
pub fn key_file_of(algorithm: Algorithm, house: &HouseBuilder, file: &str) -> SigningKey {
    let key = SigningKey::generate(algorithm).expect("a key");
    let text = crypto::base64(key.to_pkcs8().expose_secret());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
    let path = house.dir().join(file);
    std::fs::write(&path, pem).expect("a writable file");
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("set");
    key
}

fn acceptor(house: &HouseBuilder) -> TlsAcceptor {
    let read = |file: &str| std::fs::read(house.dir().join(file)).expect("a readable file");
    let config = server(&read("tls/gateway.pem"), &read("tls/gateway.key"));
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(socket: TcpStream, tls: TlsAcceptor, shared: Arc<Shared>) {
    let Ok(socket) = tls.accept(socket).await else {
        return;
    };
    let answer = service_fn(|request: Request<Incoming>| {
        let path = request.uri().path().to_owned();
        let mut said = locked(&shared.says).get(path.as_str()).cloned();
        locked(&shared.asked).push(path.clone());
        let shared = Arc::clone(&shared);
        async move {
            if path == "/token" {
                let form = request.into_body().collect().await.expect("a form");
                let form = String::from_utf8_lossy(&form.to_bytes()).into_owned();
                let code = form.split('&').find_map(|pair| pair.strip_prefix("code="));
                let own = locked(&shared.tokens)
                    .get(code.unwrap_or_default())
                    .cloned();
                said = own.map(|own| (200, own)).or(said);
                let crowd = locked(&shared.crowd).clone();
                if let Some(crowd) = crowd {
                    crowd.wait().await;
                }
            }
            let Some((status, body)) = said else {
                return std::future::pending().await;
            };
            let answer = Response::builder()
                .status(status)
                .header("content-type", "application/json")
                .body(Full::new(Bytes::from(body)));
            Ok::<_, Infallible>(answer.expect("an answer"))
        }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(socket), answer)
        .await;
}
