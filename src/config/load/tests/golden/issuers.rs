//! Issuers: ours and the banks'.

use super::{Case, edit};

/// A bank with an authorization server of its own, in the place of ours.
const ELSEWHERE: (&str, &str) = (
    "      url: https://auth.harbour.example
      access_token_lifetime: 300s
      profile: fapi2
      keys:
        kek: file:keys/kek
",
    "      url: https://login.harbour.example
      jwks: file:trust/quay.jwks.json
      keys: { kek: file:keys/kek, url: https://auth.harbour.example }
",
);

pub(super) const CASES: &[Case] = &[
    edit(
        "server-name-twice",
        &[(
            "plans:\n",
            "  - names: [auth.harbour.example]
    certificate: file:tls/gateway.pem
    key: file:tls/gateway.key
plans:
",
        )],
    ),
    edit(
        "issuer-ours-and-the-banks",
        &[(
            "      access_token_lifetime: 300s\n",
            "      jwks: file:trust/quay.jwks.json\n      access_token_lifetime: 300s\n      \
             algorithm: ES256\n",
        )],
    ),
    edit(
        "issuer-elsewhere-at-our-listener",
        &[ELSEWHERE, ("https://login.harbour", "https://api.harbour")],
    ),
    edit(
        "issuer-elsewhere-without-place",
        &[ELSEWHERE, (", url: https://auth.harbour.example }", " }")],
    ),
    edit(
        "issuer-elsewhere-idle-place",
        &[
            ELSEWHERE,
            (
                "https://auth.harbour.example }",
                "https://quay.harbour.example }",
            ),
        ],
    ),
    edit(
        "issuer-of-two-banks",
        &[
            ELSEWHERE,
            (
                "partners:\n",
                "  quay:
    issuer:
      url: https://login.harbour.example
      jwks: file:partners/swiftride.jwks.json
      keys: { kek: file:keys/kek, url: https://auth.harbour.example/quay }
    partner_ca: { authorities: [file:trust/partners-ca.pem], revocation: none }
    upstreams: { core: { endpoints: [\"[::1]:7444\"], tls: none, limits: standard } }
    products:
      branches: { openapi: file:apis/branches.yaml, upstream: core, listeners: [api], deadline: 30s }
partners:
",
            ),
        ],
    ),
    edit(
        "keys-url-of-ours",
        &[(
            "        kek: file:keys/kek\n",
            "        kek: file:keys/kek\n        url: https://auth.harbour.example\n",
        )],
    ),
];
