//! What is referred to: certificates, keys, revocation lists, secrets and other files.

use super::{Case, api, edit};

const SERVER: &str = "certificate: file:tls/gateway.pem";
const SERVER_KEY: &str = "key: file:tls/gateway.key";
const CRL: &str = "crl: [file:trust/partners.crl]";

/// An upstream behind TLS, with this certificate of ours.
macro_rules! upstream_with {
    ($certificate:literal, $key:literal) => {
        &[(
            "        tls: none",
            concat!(
                "        tls:\n          authorities: [file:trust/bank-ca.pem]\n          \
                 certificate: file:",
                $certificate,
                "\n          key: file:",
                $key
            ),
        )]
    };
}

pub(super) static CASES: &[Case] = &[
    edit(
        "not-yet-valid",
        &[
            (SERVER, "certificate: file:tls/future.pem"),
            (SERVER_KEY, "key: file:tls/future.key"),
        ],
    ),
    edit("key-open-to-all", &[(SERVER_KEY, "key: file:tls/open.key")]),
    edit(
        "kek-open-to-all",
        &[("kek: file:keys/kek", "kek: file:keys/open")],
    ),
    edit(
        "expired-client-certificate",
        upstream_with!("tls/old.pem", "tls/old.key"),
    ),
    edit(
        "expired-authority",
        &[("file:trust/partners-ca.pem", "file:trust/old-ca.pem")],
    ),
    edit(
        "chain-out-of-order",
        &[(SERVER, "certificate: file:tls/disordered.pem")],
    ),
    edit(
        "authority-for-a-leaf",
        &[(SERVER, "certificate: file:trust/bank-ca.pem")],
    ),
    edit(
        "client-certificate-at-a-listener",
        &[
            (SERVER, "certificate: file:tls/client-only.pem"),
            (SERVER_KEY, "key: file:tls/client-only.key"),
        ],
    ),
    edit(
        "server-certificate-to-a-bank",
        upstream_with!("tls/server-only.pem", "tls/server-only.key"),
    ),
    edit(
        "foreign-key-to-a-bank",
        upstream_with!("tls/gateway-client.pem", "tls/gateway.key"),
    ),
    edit(
        "sandbox-server",
        &[
            (SERVER, "certificate: file:tls/sandbox.pem"),
            (SERVER_KEY, "key: file:tls/sandbox.key"),
        ],
    ),
    edit(
        "list-of-another-authority",
        &[(CRL, "crl: [file:trust/bank.crl]")],
    ),
    edit("list-too-old", &[(CRL, "crl: [file:trust/old.crl]")]),
    edit("list-overdue", &[(CRL, "crl: [file:trust/overdue.crl]")]),
    edit(
        "list-of-the-future",
        &[(CRL, "crl: [file:trust/future.crl]")],
    ),
    edit(
        "file-is-a-folder",
        &[("file:partners/swiftride.jwks.json", "file:partners")],
    ),
    api("file-too-long", &[("keys/long", "", super::LONG)])
        .with(&[("kek: file:keys/kek", "kek: file:keys/long")]),
    api(
        "file-not-text",
        &[("apis/fx.yaml", "title: FX", "title: \u{0}")],
    ),
    api(
        "key-set-of-nothing",
        &[("partners/swiftride.jwks.json", "\"kty\"", "\"kt\"")],
    ),
    api(
        "key-encrypted",
        &[("tls/gateway.key", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY")],
    ),
    edit("file-path-missing", &[("file:apis/fx.yaml", "'file:'")]),
    edit(
        "kek-not-base64",
        &[("kek: file:keys/kek", "kek: file:tls/gateway.key")],
    ),
];
