//! A server with ports in memory, two banks' worth of clients, and requests to change one thing of.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use serde_json::json;

use faulty::{Fails, Faulty};

use crypto::{Algorithm, Jwks, KeyEncryptionKey, SeededRandom, SigningKey, SystemRandom};
use identity::{
    AccessTokens, BankTrust, Certificates, Consents, Ending, KnownBy, Nonces, Proofs, Trust,
};
use model::ports::{AuditLog, AuditUnavailable, Receipt};
use model::{
    Asked, AuditEntry, AuditEvent, BankId, ClientId, Clock, Connection, InteractionId, ListenerId,
    MovedClock, Name, Partner, PartnerId, PresentedChain, RequestId, ScopeSet, Standing,
    TokenIssue,
};

use crate::{
    Agreement, AuthServer, Authorization, BoundBy, ClientAuthentication, ClientSettings, Customers,
    Endpoint, FAPI2, IssuerSettings, Ports, ResponseMode, Userinfo,
};

mod answer;
mod ask;
mod customers;
mod hosts;
mod keys;
mod replays;

pub(crate) use self::answer::Answer;
pub(crate) use self::ask::Ask;
pub(crate) use self::customers::LiLei;
use self::hosts::Nobody;
pub(crate) use self::keys::Keys;
pub(crate) use self::replays::{Replays, replays};

pub(crate) const ISSUER: &str = "https://auth.harbour.example";
pub(crate) const API: &str = "https://api.harbour.example:8443";
pub(crate) const CALLBACK: &str = "https://app.swiftride.example/callback";
pub(crate) const TOKEN_URL: &str = "https://auth.harbour.example/token";
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a port behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Works,
    /// Fails before anything took hold.
    FailsBefore,
    /// Fails after it took hold.
    FailsAfter,
    /// Never answers, and nothing took hold.
    Hangs,
}

impl From<Mood> for Option<Fails> {
    fn from(mood: Mood) -> Self {
        match mood {
            Mood::Works => None,
            Mood::FailsBefore => Some(Fails::Before),
            Mood::FailsAfter => Some(Fails::After),
            Mood::Hangs => Some(Fails::Unanswered),
        }
    }
}

pub(crate) struct Log {
    pub(crate) mood: Mutex<Mood>,
    pub(crate) durable: Mutex<Vec<AuditEntry>>,
    pub(crate) queued: Mutex<Vec<AuditEntry>>,
}

impl AuditLog for Log {
    fn record(&self, entry: AuditEntry) -> BoxFuture<'static, Result<Receipt, AuditUnavailable>> {
        let mood = *locked(&self.mood);
        if mood == Mood::Works {
            locked(&self.durable).push(entry);
        }
        Box::pin(async move {
            match mood {
                Mood::Works => Ok(Receipt { seq: 0, pseq: None }),
                Mood::Hangs => std::future::pending().await,
                Mood::FailsBefore | Mood::FailsAfter => Err(AuditUnavailable),
            }
        })
    }

    fn queue(&self, entry: AuditEntry) -> Result<(), AuditUnavailable> {
        if *locked(&self.mood) == Mood::FailsBefore {
            return Err(AuditUnavailable);
        }
        locked(&self.queued).push(entry);
        Ok(())
    }

    fn is_available(&self) -> bool {
        *locked(&self.mood) == Mood::Works
    }
}

/// A certificate authority and the chains it makes.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "Partner CA");
        let key = KeyPair::generate().expect("generates");
        Self(CertifiedIssuer::self_signed(params, key).expect("signs"))
    }

    pub(crate) fn chain(&self, organization: &str) -> Arc<PresentedChain> {
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params
            .distinguished_name
            .push(DnType::CustomDnType(vec![2, 5, 4, 97]), organization);
        let key = KeyPair::generate().expect("generates");
        let leaf = params.signed_by(&key, &self.0).expect("signs");
        let der = leaf.der().clone();
        Arc::new(PresentedChain {
            leaf_thumbprint: crypto::sha256(&der),
            fingerprint: crypto::sha256(&[b"chain", &der[..]].concat()),
            certificates: vec![der],
        })
    }
}

pub(crate) fn bank() -> BankId {
    BankId::parse("harbour").expect("valid")
}

fn listener() -> ListenerId {
    ListenerId::parse("api").expect("valid")
}

fn name(legal: &str) -> Name {
    Name {
        legal: legal.to_owned(),
        en: None,
        zh_cn: None,
    }
}

fn partner(id: &str, standing: Standing) -> (Partner, KnownBy) {
    let partner = Partner {
        id: PartnerId::parse(id).expect("valid"),
        name: name(id),
        standing,
    };
    (partner, KnownBy::OrganizationId(format!("PSDCN-{id}")))
}

/// The server and everything around it.
pub(crate) struct House {
    pub(crate) server: AuthServer,
    pub(crate) clock: Arc<MovedClock>,
    pub(crate) replay: Arc<Faulty<Replays>>,
    pub(crate) replays: Arc<Replays>,
    pub(crate) store: Arc<Faulty<store::Memory>>,
    pub(crate) log: Arc<Log>,
    pub(crate) authority: Authority,
    pub(crate) keys: HashMap<&'static str, SigningKey>,
    jtis: AtomicU64,
}

pub(crate) fn ports(
    keys: Arc<Keys>,
    kek_seed: u64,
    log: Arc<Log>,
    replay: Arc<Faulty<Replays>>,
) -> Ports {
    let kek = KeyEncryptionKey::generate_text(&SeededRandom::new(kek_seed));
    let state = Arc::new(store::Memory::new());
    let clock = Arc::new(MovedClock::stopped());
    Ports {
        proofs: proofs(clock.clone()),
        replay,
        grants: state.clone(),
        sessions: state.clone(),
        outbox: state,
        keys,
        fetch: Arc::new(Nobody),
        log,
        clock,
        random: Arc::new(SystemRandom),
        kek: Arc::new(KeyEncryptionKey::from_text(&kek).expect("a key")),
        tokens: Arc::new(AccessTokens::new(100)),
        certificates: Arc::new(Certificates::new(100)),
        wrong_log_ins: Arc::default(),
        meter: model::Meter::new(),
        watcher: None,
    }
}

fn proofs(clock: Arc<MovedClock>) -> Arc<Proofs> {
    Arc::new(Proofs::new(clock, &SystemRandom, Nonces::AtStart))
}

pub(crate) fn log() -> Arc<Log> {
    Arc::new(Log {
        mood: Mutex::new(Mood::Works),
        durable: Mutex::default(),
        queued: Mutex::default(),
    })
}

/// An agreement without an end that opens these scopes, and the listener.
pub(crate) fn agreed(scopes: &str) -> Arc<[Agreement]> {
    Arc::new([Agreement {
        from: Timestamp::UNIX_EPOCH,
        until: Timestamp::MAX,
        scopes: ScopeSet::parse(scopes).expect("valid"),
        details: BTreeSet::new(),
        resources: BTreeSet::from([API.to_owned()]),
        products: BTreeMap::new(),
    }])
}

pub(crate) fn settings(
    authority: &Authority,
    keys: &HashMap<&'static str, SigningKey>,
) -> IssuerSettings {
    let client = |id: &str, partner: &str, standing, scopes: &str| {
        let settings = ClientSettings {
            partner: PartnerId::parse(partner).expect("valid"),
            standing,
            authentication: ClientAuthentication::PrivateKeyJwt,
            bound_by: BoundBy::Certificate,
            jwks: Jwks::from_keys(vec![keys[id].verification_key()]),
            published: None,
            agreements: agreed(scopes),
            redirect_uris: Vec::new(),
            response_modes: ResponseMode::ALL.to_vec(),
            app: name(partner),
            contact: "privacy@app.example".to_owned(),
            userinfo: Userinfo::Json,
        };
        (ClientId::parse(id).expect("valid"), settings)
    };
    let trust = Trust::new(BankTrust {
        authorities: vec![authority.0.der().clone()],
        revocation: None,
        partners: vec![
            partner("swiftride", Standing::Active),
            partner("mall", Standing::Active),
            partner("frozen", Standing::Suspended),
        ],
        registered: Vec::new(),
    });
    IssuerSettings {
        bank: bank(),
        profile: &FAPI2,
        issuer: ISSUER.to_owned(),
        token_endpoint: TOKEN_URL.to_owned(),
        jwks_uri: format!("{ISSUER}/jwks"),
        mtls_base: Some(API.to_owned()),
        takes_certificates: true,
        origins: HashMap::from([(listener(), ISSUER.to_owned())]),
        audience: vec![API.to_owned()],
        access_token_lifetime: Duration::from_mins(5),
        algorithm: Algorithm::Es256,
        authorization: None,
        ending: ending(Arc::default()),
        clients: HashMap::from([
            client(
                "swiftride-app",
                "swiftride",
                Standing::Active,
                "rates branches",
            ),
            client("mall-app", "mall", Standing::Active, "rates"),
            client("frozen-app", "frozen", Standing::Suspended, "rates"),
            client("bare-app", "swiftride", Standing::Active, ""),
        ]),
        resource_servers: HashMap::new(),
        details: HashMap::new(),
        trust: Arc::new(trust.expect("a trust store")),
    }
}

/// Ends of the consents in this store.
fn ending(store: Arc<store::Memory>) -> Arc<Ending> {
    let known = Consents::new(bank(), Arc::clone(&store) as _, 8);
    Arc::new(Ending::new(store, Arc::default(), Arc::new(known)))
}

pub(crate) fn client_keys() -> HashMap<&'static str, SigningKey> {
    ["swiftride-app", "mall-app", "frozen-app", "bare-app"]
        .map(|id| {
            (
                id,
                SigningKey::generate(Algorithm::Es256).expect("generates"),
            )
        })
        .into()
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| ()).await
    }

    /// One whose clients may ask customers, and whose only customer is known whatever they type.
    pub(crate) async fn with_customers() -> Self {
        Self::open_with(|settings| {
            settings.authorization = Some(Authorization {
                customers: Customers::Password(Arc::new(LiLei)),
                acr_values: Vec::new(),
                grant_lifetime: Duration::from_hours(1),
                desk: None,
                permissions: None,
                own: Arc::default(),
            });
            for client in settings.clients.values_mut() {
                client.redirect_uris = vec![CALLBACK.to_owned()];
            }
        })
        .await
    }

    pub(crate) async fn open_with(change: impl FnOnce(&mut IssuerSettings)) -> Self {
        Self::open_on(change, |_| ()).await
    }

    /// One on other ports than these.
    pub(crate) async fn open_on(
        change: impl FnOnce(&mut IssuerSettings),
        on: impl FnOnce(&mut Ports),
    ) -> Self {
        let (authority, keys) = (Authority::new(), client_keys());
        let replays = Arc::default();
        let (log, replay) = (log(), self::replays::faulty(&replays));
        let clock = Arc::new(MovedClock::stopped());
        let mut ports = ports(Arc::new(Keys::default()), 1, log.clone(), replay.clone());
        ports.clock = clock.clone();
        ports.proofs = proofs(clock.clone());
        let state = Arc::new(store::Memory::new());
        let store = Arc::new(Faulty::new(state.clone(), Fails::Before));
        ports.grants = store.clone();
        ports.sessions = store.clone();
        ports.outbox = state.clone();
        on(&mut ports);
        let mut settings = settings(&authority, &keys);
        settings.ending = ending(state);
        change(&mut settings);
        let server = AuthServer::open(vec![settings], Vec::new(), ports).await;
        let server = server.expect("opens");
        server.settle_keys().await.expect("a store that answers");
        locked(&log.durable).clear();
        Self {
            server,
            clock,
            replay,
            replays,
            store,
            log,
            authority,
            keys,
            jtis: AtomicU64::new(0),
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    /// A request that is granted unless something of it is changed.
    pub(crate) fn ask(&self, client: &'static str) -> Ask {
        let jti = self.jtis.fetch_add(1, Ordering::Relaxed);
        let organization = client.trim_end_matches("-app").replace("bare", "swiftride");
        Ask {
            method: http::Method::POST,
            headers: vec![(
                CONTENT_TYPE.as_str(),
                "application/x-www-form-urlencoded".into(),
            )],
            typ: "JWT",
            claims: json!({
                "iss": client,
                "sub": client,
                "aud": ISSUER,
                "iat": self.now(),
                "exp": self.now() + 60,
                "jti": format!("jti-{jti}"),
            }),
            signer: client,
            assertion: None,
            form: vec![
                ("grant_type", Some("client_credentials".to_owned())),
                ("client_assertion_type", Some(ASSERTION_TYPE.to_owned())),
                ("client_assertion", None),
            ],
            chain: Some(self.authority.chain(&format!("PSDCN-{organization}"))),
        }
    }

    pub(crate) async fn send(&self, ask: Ask) -> Answer {
        self.send_to(Endpoint::Token, ask).await
    }

    pub(crate) async fn send_to(&self, endpoint: Endpoint, ask: Ask) -> Answer {
        let asked = self.asked(ask);
        let (response, _) = self.server.answer(&bank(), endpoint, asked).await;
        Answer::of(response).await
    }

    pub(crate) fn asked(&self, ask: Ask) -> Asked {
        let assertion = ask.assertion.unwrap_or_else(|| {
            self.keys[ask.signer]
                .sign(ask.typ, &ask.claims)
                .expect("signs")
        });
        let mut body = form_urlencoded::Serializer::new(String::new());
        for (name, value) in ask.form {
            body.append_pair(name, value.as_deref().unwrap_or(&assertion));
        }
        let mut request = http::Request::new(model::full(body.finish()));
        *request.method_mut() = ask.method;
        for (name, value) in ask.headers {
            request
                .headers_mut()
                .append(name, value.parse().expect("a header"));
        }
        asked(request, ask.chain)
    }

    pub(crate) fn durable(&self) -> Vec<TokenIssue> {
        issues(&locked(&self.log.durable))
    }

    pub(crate) fn queued(&self) -> Vec<TokenIssue> {
        issues(&locked(&self.log.queued))
    }
}

fn issues(entries: &[AuditEntry]) -> Vec<TokenIssue> {
    let issue = |entry: &AuditEntry| match &entry.event {
        AuditEvent::Token(issue) => issue.as_ref().clone(),
        other => panic!("not of this endpoint: {other:?}"),
    };
    entries.iter().map(issue).collect()
}

pub(crate) fn asked(request: model::Request, chain: Option<Arc<PresentedChain>>) -> Asked {
    Asked {
        request_id: RequestId::new(Timestamp::UNIX_EPOCH, [7; 10]),
        now: Timestamp::UNIX_EPOCH,
        started: Duration::ZERO,
        interaction: InteractionId::new([7; 16]),
        connection: Arc::new(Connection {
            listener: listener(),
            peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000)),
            tls: None,
            chain,
        }),
        request,
        bytes_in: None,
    }
}
