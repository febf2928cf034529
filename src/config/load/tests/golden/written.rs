//! What is written in the file itself: keys, names, values, and how they go together.

use super::{Case, FX_FILE, api, edit};

const SECOND_PARTNER: &str = "  cartwheel:
    name: { legal: Cartwheel }
    privacy_contact: privacy@cartwheel.example
    standing: active
    certificate: { organization_id: PSDCN-SWIFTRIDE-001 }
    clients:
      swiftride-app: { auth: private_key_jwt, bound_by: mtls, jwks: file:partners/cartwheel.jwks.json }
agreements:
  - { partner: cartwheel, bank: harbour, products: [fx], plan: gold, from: 2026-01-01, until: 2027-12-31 }
";

const SECOND_BANK: &str = "  quay:
    issuer:
      url: https://auth.harbour.example
      access_token_lifetime: 300s
      profile: fapi2
      keys: { kek: file:keys/kek }
    partner_ca: { authorities: [file:trust/partners-ca.pem], revocation: none }
    upstreams: { core: { endpoints: [\"[::1]:7444\"], tls: none, limits: standard } }
    products:
      rates: { openapi: file:apis/fx.yaml, upstream: core, listeners: [api], deadline: 30s }
partners:
";

pub(super) const CASES: &[Case] = &[
    edit(
        "unknown-key",
        &[("    rate: 50/s", "    rate: 50/s\n    quota: 2000/month")],
    ),
    edit(
        "misspelt-key",
        &[(
            "client_certificates: optional",
            "client_certificate: optional",
        )],
    ),
    edit(
        "unknown-section",
        &[("plans:", "sites: { dc: private }\nplans:")],
    ),
    edit(
        "misspelt-required-key",
        &[("    standing: active", "    standin: active")],
    ),
    edit("missing-key", &[("    standing: active\n", "")]),
    edit("from-missing", &[("    from: 2026-01-01\n", "")]),
    edit(
        "product-keys-missing",
        &[("        listeners: [api]\n        deadline: 30s\n", "")],
    ),
    edit(
        "lifetime-missing",
        &[("      access_token_lifetime: 300s\n", "")],
    ),
    edit(
        "gate-missing",
        &[("gate:\n  rate: 200/s\n  burst: 400 requests\n", "")],
    ),
    edit("gate-half", &[("  burst: 400 requests\n", "")]),
    edit("tls-missing", &[("        tls: none\n", "")]),
    edit("limits-missing", &[("        limits: standard\n", "")]),
    edit(
        "limits-word",
        &[("        limits: standard", "        limits: generous")],
    ),
    edit(
        "limits-in-part",
        &[(
            "optional\n    limits: standard",
            "optional\n    limits: { body_max: 1 MiB, h2: { streams: 10 streams } }",
        )],
    ),
    edit(
        "limits-without-h2",
        &[(
            "        limits: standard",
            "        limits: { connections: 8 connections, waiting: 0 requests }",
        )],
    ),
    edit(
        "missing-section",
        &[("store:\n  path: data/mortise.sqlite\n", "")],
    ),
    edit(
        "duplicate-key",
        &[("    burst:", "    rate: 60/s\n    burst:")],
    ),
    edit("edition", &[("edition: 2026-11", "edition: 2026-10")]),
    edit("edition-missing", &[("edition: 2026-11\n", "")]),
    edit(
        "wrong-type-list",
        &[("serves: [api, token]", "serves: api")],
    ),
    edit(
        "wrong-type-mapping",
        &[(
            "certificate:\n      organization_id: PSDCN-SWIFTRIDE-001",
            "certificate: PSDCN-SWIFTRIDE-001",
        )],
    ),
    edit(
        "wrong-type-nothing",
        &[("legal: SwiftRide Technology Co. Ltd.", "legal:")],
    ),
    edit("number-for-text", &[("zh-CN: 迅行出行", "zh-CN: 12306")]),
    edit("norway", &[("zh-CN: 迅行出行", "en: no")]),
    edit("standing-yes", &[("standing: active", "standing: yes")]),
    edit(
        "standing-misspelt",
        &[("standing: active", "standing: suspnded")],
    ),
    edit(
        "duration-without-unit",
        &[("refuse_when_older_than: 24h", "refuse_when_older_than: 24")],
    ),
    edit(
        "duration-unit",
        &[("refuse_when_older_than: 24h", "refuse_when_older_than: 90m")],
    ),
    edit(
        "duration-range",
        &[("refuse_when_older_than: 24h", "refuse_when_older_than: 90d")],
    ),
    edit(
        "count-without-unit",
        &[("concurrent: 64 requests", "concurrent: 64")],
    ),
    edit(
        "duration-too-large",
        &[(
            "refuse_when_older_than: 24h",
            "refuse_when_older_than: 30000000000000000000s",
        )],
    ),
    edit(
        "rate-beyond-numbers",
        &[("rate: 50/s", "rate: 30000000000000000000/s")],
    ),
    edit(
        "secret-misspelt-with-a-comment",
        &[("kek: file:keys/kek", "kekk: hunter2hunter2 # or env:NAME")],
    ),
    edit(
        "secret-called-key",
        &[("kek: file:keys/kek", "key: s3cr3t-s3cr3t")],
    ),
    edit(
        "store-is-a-folder",
        &[("path: data/mortise.sqlite", "path: tls")],
    ),
    edit(
        "store-is-read",
        &[("path: data/mortise.sqlite", "path: keys/../gateway.yaml")],
    ),
    edit(
        "log-within-the-store",
        &[("path: data/mortise.sqlite", "path: data")],
    ),
    edit(
        "store-within-the-log",
        &[(
            "path: data/mortise.sqlite",
            "path: data/audit/wal/mortise.sqlite",
        )],
    ),
    edit(
        "store-is-the-log",
        &[("path: data/mortise.sqlite", "path: ./data/audit")],
    ),
    edit("log-is-a-file", &[("dir: data/audit", "dir: apis/fx.yaml")]),
    edit("log-is-the-folder-of-all", &[("dir: data/audit", "dir: .")]),
    edit(
        "burst-zero",
        &[("burst: 100 requests", "burst: 0 requests")],
    ),
    edit("rate", &[("rate: 50/s", "rate: 50 per second")]),
    edit("size", &[("audit:\n", "audit:\n  segment: 256 MB\n")]),
    edit("date", &[("until: 2027-12-31", "until: 31.12.2027")]),
    edit(
        "agreement-backwards",
        &[("from: 2026-01-01", "from: 2028-01-01")],
    ),
    edit("id", &[("  gold:", "  Gold:")]),
    edit(
        "dangling-partner",
        &[("partner: swiftride", "partner: swiftrid")],
    ),
    edit("dangling-plan", &[("plan: gold", "plan: platinum")]),
    edit(
        "dangling-product",
        &[("products: [fx]", "products: [fx, accounts]")],
    ),
    edit(
        "dangling-upstream",
        &[("upstream: ledger", "upstream: legder")],
    ),
    edit(
        "dangling-listener",
        &[("listeners: [api]", "listeners: [apis]")],
    ),
    edit(
        "listener-not-api",
        &[("listeners: [api]", "listeners: [issuer]")],
    ),
    edit(
        "listener-http",
        &[(
            "url: https://api.harbour.example",
            "url: http://api.harbour.example",
        )],
    ),
    edit(
        "listener-url-path",
        &[(
            "url: https://api.harbour.example",
            "url: https://api.harbour.example/v1",
        )],
    ),
    edit(
        "listener-address",
        &[("address: 127.0.0.1:8443", "address: localhost:8443")],
    ),
    edit(
        "listeners-share-address",
        &[("address: 127.0.0.1:9443", "address: 0.0.0.0:8443")],
    ),
    edit(
        "listeners-share-url",
        &[(
            "https://auth.harbour.example",
            "https://api.harbour.example",
        )],
    ),
    edit(
        "no-certificate-asked",
        &[("client_certificates: optional", "client_certificates: none")],
    ),
    edit(
        "discovery-required",
        &[("client_certificates: none", "client_certificates: required")],
    ),
    edit(
        "no-server-certificate",
        &[(
            "names: [api.harbour.example, auth.harbour.example]",
            "names: [api.harbour.example]",
        )],
    ),
    edit(
        "foreign-name",
        &[
            ("tls/gateway.pem", "tls/wild.pem"),
            ("tls/gateway.key", "tls/wild.key"),
        ],
    ),
    edit("foreign-key", &[("tls/gateway.key", "tls/wild.key")]),
    edit(
        "expired",
        &[
            ("tls/gateway.pem", "tls/old.pem"),
            ("tls/gateway.key", "tls/old.key"),
        ],
    ),
    edit(
        "not-a-certificate",
        &[("file:tls/gateway.pem", "file:tls/gateway.key")],
    ),
    edit(
        "not-an-authority",
        &[("file:trust/partners-ca.pem", "file:tls/gateway.pem")],
    ),
    edit(
        "sandbox-authority",
        &[("file:trust/partners-ca.pem", "file:trust/sandbox-ca.pem")],
    ),
    edit(
        "not-a-list-of-revocations",
        &[("file:trust/partners.crl", "file:trust/partners-ca.pem")],
    ),
    edit(
        "revocation-missing",
        &[(
            "      revocation:\n        crl: [file:trust/partners.crl]\n        refuse_when_older_than: 24h\n",
            "",
        )],
    ),
    edit(
        "file-missing",
        &[(
            "file:partners/swiftride.jwks.json",
            "file:partners/swiftide.jwks.json",
        )],
    ),
    edit(
        "file-prefix-missing",
        &[(
            "certificate: file:tls/gateway.pem",
            "certificate: tls/gateway.pem",
        )],
    ),
    edit(
        "path-with-prefix",
        &[(
            "path: data/mortise.sqlite",
            "path: file:data/mortise.sqlite",
        )],
    ),
    edit(
        "secret-inline",
        &[(
            "kek: file:keys/kek",
            "kek: bXktc2VjcmV0LW5ldmVyLXNob3dudGhpcw",
        )],
    ),
    edit(
        "secret-misspelt",
        &[(
            "kek: file:keys/kek",
            "kekk: bXktc2VjcmV0LW5ldmVyLXNob3dudGhpcw",
        )],
    ),
    edit(
        "key-inline",
        &[(
            "key: file:tls/gateway.key",
            "key: |\n      -----BEGIN PRIVATE KEY-----\n      bXktc2VjcmV0LW5ldmVyLXNob3dudGhpcw",
        )],
    ),
    edit(
        "secret-not-set",
        &[("kek: file:keys/kek", "kek: env:NO_SUCH_KEK")],
    ),
    edit(
        "secret-short",
        &[("kek: file:keys/kek", "kek: file:keys/short")],
    ),
    edit(
        "issuer-nowhere",
        &[(
            "    issuer:\n      url: https://auth.harbour.example",
            "    issuer:\n      url: https://auth.harbor.example",
        )],
    ),
    edit(
        "issuer-url",
        &[(
            "    issuer:\n      url: https://auth.harbour.example",
            "    issuer:\n      url: https://auth.harbour.example/",
        )],
    ),
    edit(
        "issuer-lifetime",
        &[("access_token_lifetime: 300s", "access_token_lifetime: 1h")],
    ),
    edit(
        "issuer-algorithm",
        &[("      keys:", "      algorithm: RS256\n      keys:")],
    ),
    edit(
        "client-secret",
        &[("auth: private_key_jwt", "auth: client_secret_basic")],
    ),
    edit(
        "upstream-plain",
        &[("\"127.0.0.1:7443\"", "\"10.0.0.11:7443\"")],
    ),
    edit(
        "upstream-endpoint",
        &[("\"127.0.0.1:7443\"", "\"127.0.0.1\"")],
    ),
    edit(
        "upstream-without-identity",
        &[(
            "        tls: none",
            "        tls: { authorities: [file:trust/bank-ca.pem] }",
        )],
    ),
    edit(
        "agreed-twice",
        &[(
            "    until: 2027-12-31\n",
            "    until: 2027-12-31\n  - { partner: swiftride, bank: harbour, products: [fx], plan: gold, from: 2027-12-31, until: 2028-12-31 }\n",
        )],
    ),
    edit(
        "partners-share-identity-and-client",
        &[("agreements:\n", SECOND_PARTNER)],
    ),
    edit("banks-collide", &[("partners:\n", SECOND_BANK)]),
    edit(
        "alias",
        &[
            ("    rate: 50/s", "    rate: &r 50/s"),
            ("    burst: 100 requests", "    burst: *r"),
        ],
    ),
    edit(
        "not-yaml",
        &[("serves: [api, token]", "serves: [api, token")],
    ),
    api(
        "issuer-hides-operation",
        &[
            (FX_FILE, "/fx }", "/ }"),
            (FX_FILE, "  /rates:", "  /token:"),
        ],
    ),
    api(
        "openapi-class-missing",
        &[(FX_FILE, "      x-mortise-class: open\n", "")],
    ),
    api(
        "openapi-class-customer",
        &[(
            FX_FILE,
            "x-mortise-class: open",
            "x-mortise-class: customer",
        )],
    ),
    api(
        "openapi-class-payment",
        &[(FX_FILE, "x-mortise-class: open", "x-mortise-class: payment")],
    ),
    api(
        "openapi-scope-missing",
        &[(FX_FILE, "      x-mortise-scope: rates\n", "")],
    ),
    api(
        "openapi-duplicate",
        &[(FX_FILE, "  /rates/{pair}:", "  /rates:")],
    ),
    api(
        "jwks-private",
        &[(
            "partners/swiftride.jwks.json",
            "\"kty\"",
            "\"d\":\"c2VjcmV0\",\"kty\"",
        )],
    ),
];
