//! Customers' grants: who says who a customer is, where the pages are, where customers come back.

use super::{Case, FX_FILE, api, edit};

/// The issuer with the service at which customers log in.
pub(super) const LOG_IN: (&str, &str) = (
    "      access_token_lifetime: 300s\n",
    "      access_token_lifetime: 300s
      grant_lifetime: 90d
      log_in: { upstream: ledger, path: /customers/v1/log-in }
",
);

/// The issuer with its bank's own OpenID provider, which may be asked.
const PROVIDER: (&str, &str) = (
    "      access_token_lifetime: 300s\n",
    "      access_token_lifetime: 300s
      grant_lifetime: 90d
      log_in:
        provider:
          url: https://login.harbour.example
          client_id: mortise
          key: file:keys/login.key
",
);

const LISTED: (&str, &str) = (
    "    products:\n",
    "    fetch: { login: { host: login.harbour.example, authorities: [file:trust/bank-ca.pem] } }
    products:\n",
);

/// What stands above what an issuer of ours may have.
const LIFETIME: &str = "      access_token_lifetime: 300s\n";

/// The issuer's listener with the pages.
pub(super) const PAGES: (&str, &str) = (
    "serves: [discovery, token]",
    "serves: [discovery, token, authorize]",
);

/// The end of the product of the shortest configuration, with a type of details.
const DEADLINE: &str = "        deadline: 30s\n";
const DETAIL: &str = "        deadline: 30s
        authorization_details:
          currency_exchange:
            schema: file:apis/currency-exchange.json
            title: { zh-CN: 兑换, en: Exchange }
";
/// The same type at another product.
const SHARED: &str = "        deadline: 30s
        authorization_details: { currency_exchange: { schema: file:apis/currency-exchange.json, \
                      title: { zh-CN: 兑换, en: Exchange } } }
      branches:
        openapi: file:apis/branches.yaml
        upstream: ledger
        listeners: [api]
        deadline: 30s
        authorization_details: { currency_exchange: { schema: file:apis/currency-exchange.json, \
                      title: { zh-CN: 购汇, en: Buying } } }
";
const TITLE: &str = "            title: { zh-CN: 兑换, en: Exchange }\n";

/// The end of the client of the shortest configuration.
const KEYS: &str = "        jwks: file:partners/swiftride.jwks.json\n";

const DEMANDS_NONE: &str = "x-mortise-authentication: none\n";

/// An operation that demands a strong log-in.
const DEMANDS: &str =
    "x-mortise-authentication: { acr_values: [urn:harbour:card, urn:harbour:face], max_age: 5min }
";

const MANY: &str = "        jwks: file:partners/swiftride.jwks.json
        response_modes: [query]
        redirect_uris: [https://a.example/1, https://a.example/2, https://a.example/3,
          https://a.example/4, https://a.example/5, https://a.example/6, https://a.example/7,
          https://a.example/8, https://a.example/9, https://a.example/10, https://a.example/11,
          https://a.example/12, https://a.example/13, https://a.example/14, https://a.example/15,
          https://a.example/16, https://a.example/17, https://a.example/18, https://a.example/19,
          https://a.example/20, https://a.example/21]
";

pub(super) const CASES: &[Case] = &[
    edit("log-in-without-pages", &[LOG_IN]),
    edit(
        "log-in-without-lifetime",
        &[LOG_IN, PAGES, ("      grant_lifetime: 90d\n", "")],
    ),
    edit("issuer-without-profile", &[("      profile: fapi2\n", "")]),
    edit("profile-misspelt", &[("profile: fapi2", "profile: fapi")]),
    edit(
        "lifetime-without-log-in",
        &[(
            "      access_token_lifetime: 300s\n",
            "      access_token_lifetime: 300s\n      grant_lifetime: 90d\n",
        )],
    ),
    edit("pages-of-no-log-in", &[PAGES]),
    edit(
        "pages-elsewhere",
        &[
            LOG_IN,
            PAGES,
            ("serves: [api, token]", "serves: [api, token, authorize]"),
        ],
    ),
    edit(
        "pages-required",
        &[
            LOG_IN,
            PAGES,
            ("client_certificates: none", "client_certificates: required"),
        ],
    ),
    edit(
        "log-in-dangling",
        &[
            LOG_IN,
            PAGES,
            ("upstream: ledger, path", "upstream: legder, path"),
        ],
    ),
    edit(
        "log-in-lacks-path",
        &[LOG_IN, PAGES, (", path: /customers/v1/log-in }", " }")],
    ),
    edit(
        "log-in-path-relative",
        &[
            LOG_IN,
            PAGES,
            ("/customers/v1/log-in", "customers/v1/log-in"),
        ],
    ),
    edit(
        "log-in-path-query",
        &[LOG_IN, PAGES, ("/v1/log-in", "/v1/log-in?by=name")],
    ),
    edit(
        "log-in-path-dots",
        &[LOG_IN, PAGES, ("/v1/log-in", "/v1/../log-in")],
    ),
    edit(
        "log-in-beside-jwks",
        &[
            LOG_IN,
            PAGES,
            (
                "access_token_lifetime: 300s",
                "jwks: file:trust/quay.jwks.json",
            ),
        ],
    ),
    edit(
        "grant-lifetime-too-long",
        &[
            LOG_IN,
            PAGES,
            ("grant_lifetime: 90d", "grant_lifetime: 367d"),
        ],
    ),
    edit("provider-unlisted", &[PROVIDER, PAGES]),
    edit(
        "provider-at-another-port",
        &[
            PROVIDER,
            LISTED,
            PAGES,
            (
                "url: https://login.harbour.example",
                "url: https://login.harbour.example:8443",
            ),
        ],
    ),
    edit(
        "provider-beside-upstream",
        &[
            PROVIDER,
            LISTED,
            PAGES,
            (
                "      log_in:\n",
                "      log_in:\n        upstream: ledger\n",
            ),
        ],
    ),
    edit(
        "provider-without-anything",
        &[
            LOG_IN,
            PAGES,
            (
                "{ upstream: ledger, path: /customers/v1/log-in }",
                "{ provider: {} }",
            ),
        ],
    ),
    edit(
        "provider-values",
        &[
            PROVIDER,
            LISTED,
            PAGES,
            (
                "url: https://login.harbour.example",
                "url: http://login.harbour.example",
            ),
            ("client_id: mortise", "client_id: \"the gateway\""),
            (
                "file:keys/login.key",
                "file:keys/kek\n          shown: fullname",
            ),
        ],
    ),
    edit(
        "resource-server-has-a-clients-name",
        &[(
            LIFETIME,
            "      access_token_lifetime: 300s
      resource_servers:
        swiftride-app:
          { auth: private_key_jwt, jwks: file:trust/statements.jwks.json, products: [fx],
            audience: https://files.harbour.example }
",
        )],
    ),
    edit(
        "resource-servers-wrong",
        &[(
            LIFETIME,
            "      access_token_lifetime: 300s
      resource_servers:
        a: { auth: private_key_jwt, audience: https://files.harbour.example }
        b: { auth: tls_client_auth, jwks: file:trust/statements.jwks.json }
        c:
          auth: none
          audience: http://files.harbour.example
        d:
          auth: private_key_jwt
          jwks: file:trust/statements.jwks.json
          audience: https://files.harbour.example/
        e:
          auth: private_key_jwt
          jwks: file:trust/statements.jwks.json
          audience: https://files.harbour.example/?all
",
        )],
    ),
    edit(
        "resource-servers-of-nobody",
        &[(
            LIFETIME,
            "      access_token_lifetime: 300s
      resource_servers:
        a:
          auth: private_key_jwt
          jwks: file:trust/statements.jwks.json
          audience: https://files.harbour.example
        b:
          auth: private_key_jwt
          jwks: file:trust/statements.jwks.json
          audience: https://api.harbour.example
          products: [fx]
        c:
          auth: private_key_jwt
          jwks: file:trust/statements.jwks.json
          audience: https://files.harbour.example
          products: [fx, loans]
        d:
          auth: private_key_jwt
          jwks: file:trust/statements.jwks.json
          audience: https://files.harbour.example
          products: []
",
        )],
    ),
    edit(
        "resource-servers-beside-jwks",
        &[
            ("      profile: fapi2\n", ""),
            (
                LIFETIME,
                "      jwks: file:trust/quay.jwks.json
      resource_servers:
        a: { auth: private_key_jwt, jwks: file:trust/statements.jwks.json,
          audience: https://files.harbour.example }
",
            ),
        ],
    ),
    edit(
        "strengths-of-nothing",
        &[
            LOG_IN,
            PAGES,
            (
                "path: /customers/v1/log-in }",
                "path: /customers/v1/log-in, acr_values: [\"loa 2\", loa3, \"\"] }",
            ),
        ],
    ),
    edit(
        "strengths-too-many",
        &[
            LOG_IN,
            PAGES,
            (
                "path: /customers/v1/log-in }",
                "path: /customers/v1/log-in, acr_values: [a, b, c, d, e, f, g, h, i] }",
            ),
        ],
    ),
    api(
        "strength-that-no-log-in-has",
        &[(FX_FILE, DEMANDS_NONE, DEMANDS)],
    )
    .with(&[
        LOG_IN,
        PAGES,
        (
            "path: /customers/v1/log-in }",
            "path: /customers/v1/log-in, acr_values: [urn:harbour:password] }",
        ),
    ]),
    api(
        "operation-without-log-in-mark",
        &[(FX_FILE, "      x-mortise-authentication: none\n", "")],
    ),
    api(
        "log-in-demanded-of-nobody",
        &[(FX_FILE, DEMANDS_NONE, DEMANDS)],
    ),
    edit(
        "client-without-binding",
        &[("        bound_by: mtls\n", "")],
    ),
    edit(
        "redirect-uris-without-response-modes",
        &[(
            KEYS,
            "        jwks: file:partners/swiftride.jwks.json
        redirect_uris: [https://app.swiftride.example/callback]
",
        )],
    ),
    edit(
        "response-modes-without-redirect-uris",
        &[(
            KEYS,
            "        jwks: file:partners/swiftride.jwks.json
        response_modes: [jwt]
",
        )],
    ),
    edit(
        "client-that-cannot-sign",
        &[
            LOG_IN,
            PAGES,
            ("profile: fapi2", "profile: fapi2_message_signing"),
            (
                "        auth: private_key_jwt
        jwks: file:partners/swiftride.jwks.json
",
                "        auth: tls_client_auth
        certificate: { san_dns: app.swiftride.example }
        redirect_uris: [https://app.swiftride.example/callback]
        response_modes: [jwt]
",
            ),
        ],
    ),
    edit("details-lack-title", &[(DEADLINE, DETAIL), (TITLE, "")]),
    edit(
        "details-lack-a-language",
        &[(DEADLINE, DETAIL), (", en: Exchange", "")],
    ),
    edit(
        "details-schema-missing",
        &[(DEADLINE, DETAIL), ("currency-exchange.json", "none.json")],
    ),
    edit(
        "details-of-another-type",
        &[(DEADLINE, DETAIL), ("currency_exchange:", "payment:")],
    ),
    api(
        "details-schema-title",
        &[(
            "apis/currency-exchange.json",
            "\"en\": \"From\"",
            "\"en\": \"\"",
        )],
    )
    .with(&[(DEADLINE, DETAIL)]),
    edit("details-shared", &[(DEADLINE, SHARED)]),
    api(
        "details-schema-bad",
        &[("apis/currency-exchange.json", "\"array\"", "\"list\"")],
    )
    .with(&[(DEADLINE, DETAIL)]),
    api(
        "details-schema-elsewhere",
        &[(
            "apis/currency-exchange.json",
            "#/$defs/amount",
            "https://schemas.example/amount.json",
        )],
    )
    .with(&[(DEADLINE, DETAIL)]),
    api(
        "details-schema-no-json",
        &[("apis/currency-exchange.json", "\"required\"", "required")],
    )
    .with(&[(DEADLINE, DETAIL)]),
    api(
        "details-schema-keyword",
        &[("apis/currency-exchange.json", "\"required\"", "\"requird\"")],
    )
    .with(&[(DEADLINE, DETAIL)]),
    api(
        "details-demanded-and-unknown",
        &[(
            FX_FILE,
            "x-mortise-authorization-details: none",
            "x-mortise-authorization-details: payment",
        )],
    )
    .with(&[(DEADLINE, DETAIL)]),
    edit("redirect-uris-too-many", &[(KEYS, MANY)]),
    edit(
        "redirect-uris-twice-and-wrong",
        &[(
            KEYS,
            "        jwks: file:partners/swiftride.jwks.json
        response_modes: [query]
        redirect_uris:
          - https://app.swiftride.example/callback
          - https://app.swiftride.example/callback
          - http://app.swiftride.example/callback
          - http://localhost:8000/callback
          - http://127.0.0.1/callback
          - javascript:alert(1)
          - data:text/html,hello
          - swiftride://callback
          - https://me@app.swiftride.example/callback
          - https://app.swiftride.example/callback#done
          - https://*.swiftride.example/callback
          - https://App.swiftride.example/callback
          - /callback
",
        )],
    ),
    edit(
        "redirect-uris-no-list",
        &[(
            KEYS,
            "        jwks: file:partners/swiftride.jwks.json
        response_modes: [query]
        redirect_uris: https://app.swiftride.example/callback
",
        )],
    ),
];
