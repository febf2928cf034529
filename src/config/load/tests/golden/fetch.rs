//! The hosts that are asked in a bank's name.

use super::{Case, edit};

const PRODUCTS: &str = "    products:\n";
const JWKS: &str = "jwks: file:partners/swiftride.jwks.json\n";

pub(super) const CASES: &[Case] = &[
    edit(
        "fetch-url",
        &[(
            PRODUCTS,
            "    fetch:\n      keys: { host: \"https://keys.partner.example/jwks\", authorities: \
             [file:trust/bank-ca.pem] }\n    products:\n",
        )],
    ),
    edit(
        "fetch-pattern",
        &[(
            PRODUCTS,
            "    fetch:\n      keys: { host: \"*.partner.example\", authorities: \
             [file:trust/bank-ca.pem] }\n    products:\n",
        )],
    ),
    edit(
        "fetch-without-authorities",
        &[(
            PRODUCTS,
            "    fetch:\n      keys: { host: keys.partner.example }\n    products:\n",
        )],
    ),
    edit(
        "fetch-host-twice",
        &[(
            PRODUCTS,
            "    fetch:\n      keys: { host: keys.partner.example, authorities: \
             [file:trust/bank-ca.pem] }\n      more: { host: \"keys.partner.example:443\", \
             authorities: [file:trust/bank-ca.pem] }\n    products:\n",
        )],
    ),
    edit(
        "fetch-named-as-an-upstream",
        &[(
            PRODUCTS,
            "    fetch:\n      ledger: { host: keys.partner.example, authorities: \
             [file:trust/bank-ca.pem] }\n    products:\n",
        )],
    ),
    edit(
        "keys-at-an-unlisted-host",
        &[(JWKS, "jwks_url: https://keys.swiftride.example/jwks.json\n")],
    ),
    edit(
        "keys-at-another-port",
        &[
            (
                PRODUCTS,
                "    fetch:\n      keys: { host: keys.swiftride.example, authorities: \
                 [file:trust/bank-ca.pem] }\n    products:\n",
            ),
            (
                JWKS,
                "jwks_url: https://keys.swiftride.example:8443/jwks.json\n",
            ),
        ],
    ),
    edit(
        "keys-beside-their-url",
        &[(
            JWKS,
            "jwks: file:partners/swiftride.jwks.json\n        jwks_url: \
             https://keys.swiftride.example/jwks.json\n",
        )],
    ),
    edit(
        "keys-without-tls",
        &[(JWKS, "jwks_url: http://keys.swiftride.example/jwks.json\n")],
    ),
    edit(
        "keys-with-a-user",
        &[(
            JWKS,
            "jwks_url: https://user@keys.swiftride.example/jwks.json\n",
        )],
    ),
    edit(
        "keys-of-a-file",
        &[(JWKS, "jwks_url: file:partners/swiftride.jwks.json\n")],
    ),
    edit(
        "certificates-keys-at-a-url",
        &[(
            "auth: private_key_jwt\n        jwks: file:partners/swiftride.jwks.json\n",
            "auth: self_signed_tls_client_auth\n        jwks: \
             file:partners/swiftride.jwks.json\n        jwks_url: \
             https://keys.swiftride.example/jwks.json\n",
        )],
    ),
];
