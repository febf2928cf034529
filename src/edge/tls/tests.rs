use std::sync::Arc;

use http_body_util::BodyExt;
use model::{Connection, Request, Response};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, sign};
use rustls::sign::CertifiedKey;
use rustls::{SignatureScheme, version};
use rustls_pki_types::PrivateKeyDer;

use crate::probe::{Pki, ask, edge, get, http2, soon, text, tls};
use crate::{ClientCertificates, Edge, Limits, OpenFailed, TlsSettings};

/// An edge that answers with what it knows of the connection.
fn showing_facts() -> Edge {
    edge(async |connection: Arc<Connection>, request: Request| {
        let _ = request.into_body().collect().await;
        let tls = connection.tls.as_ref().expect("the listener must have TLS");
        let chain = connection.chain.as_deref().map(|chain| {
            assert_eq!(
                chain.leaf_thumbprint,
                crypto::sha256(&chain.certificates[0])
            );
            (chain.certificates.len(), crypto::hex(&chain.fingerprint))
        });
        let said = format!("{:?} resumed={} chain={chain:?}", tls.alpn, tls.resumed);
        Response::new(model::full(said))
    })
}

#[tokio::test]
async fn tls_1_3_and_1_2_are_spoken() {
    let (pki, edge) = (Pki::new(), showing_facts());
    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    for version in [&version::TLS13, &version::TLS12] {
        let answer = ask(address, pki.client(version, &[], None)).await.unwrap();
        assert_eq!(answer, "Http1 resumed=false chain=None");
    }
}

/// What a `ClientHello` of this version is answered: `legacy_version` alone says it (RFC 5246
/// §7.4.1.2), as a client of before TLS 1.3 does; all else is good.
async fn answered_to_a_hello(address: std::net::SocketAddr, version: u8) -> Vec<u8> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let extension = |kind: u8, body: &[u8]| {
        let length = u8::try_from(body.len()).unwrap();
        [&[0, kind, 0, length], body].concat()
    };
    let extensions = [
        // Groups: X25519, P-256. Point formats: uncompressed. Signatures: ECDSA with P-256.
        extension(10, &[0, 4, 0, 29, 0, 23]),
        extension(11, &[1, 0]),
        extension(13, &[0, 2, 4, 3]),
        extension(23, &[]),
    ]
    .concat();
    let mut hello = vec![3, version];
    hello.extend([7; 32]);
    // No session; TLS_ECDHE_ECDSA with AES_128_GCM and, as was usual then, AES_128_CBC_SHA.
    hello.extend([0, 0, 4, 0xc0, 0x2b, 0xc0, 0x09, 1, 0]);
    hello.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    hello.extend(extensions);
    let length = u16::try_from(hello.len()).unwrap();
    let mut record = vec![22, 3, 1];
    record.extend((length + 4).to_be_bytes());
    record.extend([1, 0]);
    record.extend(length.to_be_bytes());
    record.extend(hello);
    let mut tcp = tokio::net::TcpStream::connect(address).await.unwrap();
    tcp.write_all(&record).await.unwrap();
    let mut answer = vec![0; 7];
    soon(tcp.read_exact(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn tls_1_1_and_1_0_are_refused_by_their_version() {
    let (pki, edge) = (Pki::new(), showing_facts());
    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    for version in [1, 2] {
        let answer = answered_to_a_hello(address, version).await;
        // A fatal alert: protocol_version (RFC 5246 §7.2.2).
        assert_eq!(
            (answer[0], &answer[3..]),
            (21, &[0, 2, 2, 70][..]),
            "{answer:?}"
        );
    }
    // The control: the same is taken when it says TLS 1.2.
    let answer = answered_to_a_hello(address, 3).await;
    assert_eq!((answer[0], answer[5]), (22, 2), "ServerHello: {answer:?}");
}

#[tokio::test]
async fn tls_1_2_with_another_suite_than_the_four_is_refused() {
    let (pki, edge) = (Pki::new(), showing_facts());
    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    let with = |suite| {
        let mut provider = default_provider();
        provider.cipher_suites = vec![suite];
        pki.client_with(provider, &version::TLS12, &[], None)
    };
    let chacha = cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
    assert!(ask(address, with(chacha)).await.is_err());
    let gcm = cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    assert!(ask(address, with(gcm)).await.is_ok());
}

#[tokio::test]
async fn a_certificate_is_taken_as_the_listener_says() {
    let (pki, edge) = (Pki::new(), showing_facts());
    let unknown_ca = Pki::new();
    for version in [&version::TLS13, &version::TLS12] {
        for (wanted, with, without) in [
            (ClientCertificates::None, "chain=None", true),
            (ClientCertificates::Optional, "chain=Some((2", true),
            (ClientCertificates::Required, "chain=Some((2", false),
        ] {
            let address = pki.open(&edge, wanted, Limits::default());
            // Whether the authority is known is not asked here.
            let identity = unknown_ca.identity("partner");
            let answer = ask(address, pki.client(version, &[], Some(identity))).await;
            let answer = answer.unwrap();
            assert!(answer.contains(with), "{wanted:?}: {answer}");
            let answer = ask(address, pki.client(version, &[], None)).await;
            assert_eq!(answer.is_ok(), without, "{wanted:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn showing_anothers_certificate_without_its_key_is_refused() {
    let (pki, edge) = (Pki::new(), showing_facts());
    let address = pki.open(&edge, ClientCertificates::Optional, Limits::default());
    for version in [&version::TLS13, &version::TLS12] {
        let (stolen, _) = pki.identity("victim");
        let (_, own_key) = pki.identity("thief");
        let key = sign::any_supported_type(&own_key).unwrap();
        let mut config = pki.client(version, &[], None);
        config.client_auth_cert_resolver =
            Arc::new(Showing(Arc::new(CertifiedKey::new(stolen, key))));
        assert!(ask(address, config).await.is_err());
    }
}

/// A certificate whose key is had, below as many authorities as are shown.
fn below(authorities: usize, names: usize) -> crate::probe::Identity {
    let ca = || {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let shown: Vec<_> = (0..authorities).map(|_| ca()).collect();
    let key = KeyPair::generate().unwrap();
    let names: Vec<_> = (0..names).map(|name| format!("{name:0>60}")).collect();
    let leaf = CertificateParams::new(names).unwrap();
    let leaf = leaf.signed_by(&key, &shown[0]).unwrap();
    let above = shown.iter().map(|authority| authority.der().clone());
    let chain = std::iter::once(leaf.der().clone()).chain(above).collect();
    (chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

#[tokio::test]
async fn tls_18_a_chain_that_is_too_long_ends_the_handshake() {
    let (pki, edge) = (Pki::new(), showing_facts());
    for wanted in [ClientCertificates::Optional, ClientCertificates::Required] {
        let address = pki.open(&edge, wanted, Limits::default());
        for version in [&version::TLS13, &version::TLS12] {
            let shown = async |identity| {
                let answer = ask(address, pki.client(version, &[], Some(identity))).await;
                answer.map_err(|error| error.to_string())
            };
            let answer = shown(below(4, 1)).await.unwrap();
            assert!(answer.contains("chain=Some((5"), "{answer}");
            for too_long in [below(5, 1), below(42, 1), below(1, 300)] {
                let told = shown(too_long).await.unwrap_err();
                assert!(told.contains("CertificateUnknown"), "{told}");
            }
        }
    }
}

#[tokio::test]
async fn a_certificate_of_each_usual_kind_of_key_is_taken_and_of_a_dear_one_is_not() {
    let (pki, edge) = (Pki::new(), showing_facts());
    let address = pki.open(&edge, ClientCertificates::Required, Limits::default());
    let rsa = |size| KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap();
    let of = |kind| KeyPair::generate_for(kind).unwrap();
    for version in [&version::TLS13, &version::TLS12] {
        for (key, is_taken) in [
            (of(&rcgen::PKCS_ECDSA_P256_SHA256), true),
            (of(&rcgen::PKCS_ECDSA_P384_SHA384), true),
            (of(&rcgen::PKCS_ED25519), true),
            (rsa(rcgen::RsaKeySize::_4096), true),
            (of(&rcgen::PKCS_ECDSA_P521_SHA512), false),
        ] {
            let identity = pki.identity_with(&key, "partner");
            let answer = ask(address, pki.client(version, &[], Some(identity))).await;
            assert_eq!(answer.is_ok(), is_taken, "{version:?} {key:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_resumed_connection_carries_the_same_chain() {
    let (pki, edge) = (Pki::new(), showing_facts());
    for wanted in [ClientCertificates::Optional, ClientCertificates::Required] {
        for version in [&version::TLS13, &version::TLS12] {
            let address = pki.open(&edge, wanted, Limits::default());
            let identity = pki.identity("partner");
            let config = Arc::new(pki.client(version, &[], Some(identity)));
            let first = ask(address, Arc::clone(&config)).await.unwrap();
            let second = ask(address, config).await.unwrap();
            assert!(first.contains("resumed=false chain=Some((2,"), "{first}");
            assert_eq!(second, first.replace("resumed=false", "resumed=true"));
        }
    }
}

#[tokio::test]
async fn a_session_of_one_listener_is_not_resumed_on_another() {
    let (pki, edge) = (Pki::new(), showing_facts());
    let open = pki.open(&edge, ClientCertificates::None, Limits::default());
    let closed = pki.open(&edge, ClientCertificates::Required, Limits::default());
    for version in [&version::TLS13, &version::TLS12] {
        let config = Arc::new(pki.client(version, &[], None));
        assert!(ask(open, Arc::clone(&config)).await.is_ok());
        assert!(ask(closed, config).await.is_err());
    }
}

#[tokio::test]
async fn sessions_are_resumed_after_a_change_that_asks_for_the_same_and_not_after_another() {
    for version in [&version::TLS13, &version::TLS12] {
        let (pki, edge) = (Pki::new(), showing_facts());
        let address = pki.open(&edge, ClientCertificates::Optional, Limits::default());
        let identity = pki.identity("partner");
        let with = Arc::new(pki.client(version, &[], Some(identity)));
        let without = Arc::new(pki.client(version, &[], None));
        let asked = async |config: &Arc<_>| ask(address, Arc::clone(config)).await;
        for config in [&with, &without] {
            let first = asked(config).await.unwrap();
            assert!(first.contains("resumed=false"), "{first}");
        }
        let change = |wanted| {
            let settings = pki.listener(address, wanted, Limits::default());
            let staged = edge.stage(None, settings).unwrap();
            edge.apply(staged, std::time::Duration::MAX);
        };
        change(ClientCertificates::Optional);
        for config in [&with, &without] {
            let again = asked(config).await.unwrap();
            assert!(again.contains("resumed=true"), "{again}");
        }
        change(ClientCertificates::Required);
        let anew = asked(&with).await.unwrap();
        assert!(anew.contains("resumed=false chain=Some"), "{anew}");
        assert!(
            asked(&without).await.is_err(),
            "a session of the time before"
        );
    }
}

#[tokio::test]
async fn open_connections_finish_when_a_certificate_is_demanded_that_was_not() {
    let (pki, edge) = (Pki::new(), showing_facts());
    let address = pki.open(&edge, ClientCertificates::Optional, Limits::default());
    let (mut sender, ended) = http2(&pki, address).await;
    let answer = soon(sender.send_request(get("https://localhost/"))).await;
    assert!(text(answer.unwrap()).await.contains("chain=None"));
    let required = ClientCertificates::Required;
    let settings = pki.listener(address, required, Limits::default());
    let staged = edge.stage(None, settings).unwrap();
    edge.apply(staged, std::time::Duration::MAX);
    soon(ended).await.unwrap().unwrap();
    assert!(
        soon(sender.send_request(get("https://localhost/")))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn alpn_alone_chooses_the_version() {
    let (pki, edge) = (Pki::new(), showing_facts());
    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    let client = |alpn: &[&[u8]]| pki.client(&version::TLS13, alpn, None);
    let answer = ask(address, client(&[b"http/1.1"])).await.unwrap();
    assert!(answer.starts_with("Http1"));
    let (mut sender, _ended) = http2(&pki, address).await;
    let answer = soon(sender.send_request(get("https://localhost/"))).await;
    assert!(text(answer.unwrap()).await.starts_with("Http2"));
    let both = tls(address, client(&[b"http/1.1", b"h2"])).await.unwrap();
    assert_eq!(both.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert!(tls(address, client(&[b"h3"])).await.is_err());
    // HTTP/1.1 where HTTP/2 was agreed is not answered.
    assert!(!matches!(ask(address, client(&[b"h2"])).await, Ok(said) if said.contains("Http")));
}

#[tokio::test]
async fn a_key_of_another_certificate_opens_no_listener() {
    let (pki, edge) = (Pki::new(), showing_facts());
    let (certificates, _) = pki.identity("localhost");
    let (_, key) = pki.identity("localhost");
    let settings = crate::ListenerSettings {
        id: model::ListenerId::parse("api").unwrap(),
        tls: Some(TlsSettings {
            name: None,
            identities: vec![crate::Identity { certificates, key }],
            client_certificates: ClientCertificates::None,
        }),
        limits: Limits::default(),
    };
    let socket = crate::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let failed = edge.open(socket, settings).unwrap_err();
    assert!(matches!(failed, OpenFailed::Tls(_)), "{failed}");
}

/// Shows a certificate whether or not the key is its own.
#[derive(Debug)]
struct Showing(Arc<CertifiedKey>);

impl ResolvesClientCert for Showing {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A listener for `localhost` that has these certificates.
fn open_with(edge: &Edge, identities: &[crate::probe::Identity]) -> std::net::SocketAddr {
    let identities = identities
        .iter()
        .map(|(certificates, key)| crate::Identity {
            certificates: certificates.clone(),
            key: key.clone_key(),
        });
    let settings = crate::ListenerSettings {
        id: model::ListenerId::parse("several").unwrap(),
        tls: Some(TlsSettings {
            name: Some("localhost".to_owned()),
            identities: identities.collect(),
            client_certificates: ClientCertificates::None,
        }),
        limits: Limits::default(),
    };
    let socket = crate::bind(([127, 0, 0, 1], 0).into()).unwrap();
    edge.open(socket, settings).unwrap()
}

/// Which of the certificates the listener shows to such a client.
async fn shown(
    address: std::net::SocketAddr,
    client: rustls::ClientConfig,
    identities: &[crate::probe::Identity],
) -> Option<usize> {
    let stream = tls(address, client).await.ok()?;
    let chain = stream.get_ref().1.peer_certificates().unwrap().to_vec();
    identities
        .iter()
        .position(|(certificates, _)| *certificates == chain)
}

/// A provider whose clients take only signatures of these schemes.
fn taking(is_taken: fn(SignatureScheme) -> bool) -> rustls::crypto::CryptoProvider {
    let mut provider = default_provider();
    let all = provider.signature_verification_algorithms;
    let mapping: Vec<_> = all
        .mapping
        .iter()
        .copied()
        .filter(|(scheme, _)| is_taken(*scheme))
        .collect();
    provider.signature_verification_algorithms = rustls::crypto::WebPkiSupportedAlgorithms {
        all: all.all,
        mapping: mapping.leak(),
    };
    provider
}

#[tokio::test]
async fn of_several_certificates_a_client_is_shown_the_first_that_it_can_verify() {
    let (pki, edge) = (Pki::new(), showing_facts());
    let identities = [
        pki.identity_of("localhost", &rcgen::PKCS_RSA_SHA256),
        pki.identity_of("localhost", &rcgen::PKCS_ED25519),
        pki.identity_of("localhost", &rcgen::PKCS_ECDSA_P384_SHA384),
    ];
    let address = open_with(&edge, &identities);
    let rsa = |scheme| matches!(scheme, SignatureScheme::RSA_PSS_SHA256);
    let ed25519 = |scheme| matches!(scheme, SignatureScheme::ED25519);
    let p256 = |scheme| matches!(scheme, SignatureScheme::ECDSA_NISTP256_SHA256);
    for version in [&version::TLS13, &version::TLS12] {
        let with = |provider| pki.client_with(provider, version, &[], None);
        for (client, expected) in [
            (with(default_provider()), Some(2)),
            (with(taking(rsa)), Some(0)),
            (with(taking(ed25519)), Some(1)),
            // Our only ECDSA key is on another curve.
            (with(taking(p256)), None),
        ] {
            let found = shown(address, client, &identities).await;
            assert_eq!(found, expected, "{version:?}");
        }
    }
    // Of the suites of TLS 1.2 each is for one kind of key (checklist T-02).
    let mut only_rsa = default_provider();
    only_rsa.cipher_suites = vec![cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    let client = pki.client_with(only_rsa, &version::TLS12, &[], None);
    assert_eq!(shown(address, client, &identities).await, Some(0));
}

#[tokio::test]
async fn each_kind_of_key_alone_serves_both_versions() {
    let (pki, edge) = (Pki::new(), showing_facts());
    for kind in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
        &rcgen::PKCS_RSA_SHA256,
    ] {
        let identities = [pki.identity_of("localhost", kind)];
        let address = open_with(&edge, &identities);
        for version in [&version::TLS13, &version::TLS12] {
            let answer = ask(address, pki.client(version, &[], None)).await;
            assert!(answer.is_ok(), "{kind:?} {version:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_client_that_names_another_host_is_refused_and_one_that_names_none_is_not() {
    let (pki, edge) = (Pki::new(), showing_facts());
    let identities = [pki.identity("localhost")];
    let address = open_with(&edge, &identities);
    for version in [&version::TLS13, &version::TLS12] {
        for (name, is_shown) in [("localhost", true), ("other.example", false)] {
            let client = Arc::new(pki.client(version, &[], None));
            let found = named(address, Arc::clone(&client), name).await;
            // The certificate is not the other name's either: what counts is who refused.
            let told = found
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            assert_eq!(told.contains("AccessDenied"), !is_shown, "{name}: {told}");
        }
        let mut silent = pki.client(version, &[], None);
        silent.enable_sni = false;
        assert_eq!(shown(address, silent, &identities).await, Some(0));
    }
}

/// A handshake with a client that names this host.
async fn named(
    address: std::net::SocketAddr,
    client: Arc<rustls::ClientConfig>,
    name: &str,
) -> std::io::Result<()> {
    let tcp = tokio::net::TcpStream::connect(address).await?;
    let name = rustls_pki_types::ServerName::try_from(name.to_owned()).unwrap();
    let connector = tokio_rustls::TlsConnector::from(client);
    soon(connector.connect(name, tcp)).await.map(drop)
}

#[tokio::test]
async fn a_listener_without_a_certificate_does_not_open() {
    let settings = TlsSettings {
        name: None,
        identities: Vec::new(),
        client_certificates: ClientCertificates::None,
    };
    let clock = Arc::new(model::SystemClock::new());
    assert!(super::server_config(settings, clock, None).is_err());
}
