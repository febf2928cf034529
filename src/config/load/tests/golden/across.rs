//! Settings that do not go together, and ten mistakes at once.

use super::{Case, FX_FILE, api, edit, with_part};

const SECOND_PRODUCT: (&str, &str) = (
    "partners:\n",
    "      latest: { openapi: file:apis/latest.yaml, upstream: ledger, listeners: [api], deadline: \
     30s }\npartners:\n",
);

const LATEST: &str = "\
openapi: 3.1.0
info: { title: Latest, version: '1' }
servers: [{ url: /fx }]
paths:
  /rates/latest:
    get:
      operationId: latestRate
      x-mortise-class: open
      x-mortise-effect: none
      responses: { '200': { description: The latest } }
";

pub(super) const CASES: &[Case] = &[
    api("route-hidden", &[("apis/latest.yaml", "", LATEST)]).with(&[SECOND_PRODUCT]),
    // CF-01: overlapping routes.
    edit(
        "route-twice",
        &[(
            "partners:\n",
            "      again: { openapi: file:apis/fx.yaml, upstream: ledger, listeners: [api], \
             deadline: 30s }\npartners:\n",
        )],
    ),
    api(
        "metadata-hidden",
        &[
            (FX_FILE, "/fx }", "/ }"),
            (FX_FILE, "  /rates:", "  /{any}/{thing}:"),
            (
                FX_FILE,
                "      operationId: listRates\n",
                "      operationId: listRates\n      \
              parameters: [{ name: any, in: path, required: true, schema: { type: string } }, { \
              name: thing, in: path, required: true, schema: { type: string } }]\n",
            ),
        ],
    )
    .with(&[
        ("listeners: [api]", "listeners: [api, issuer]"),
        ("[discovery, token]", "[discovery, token, api]"),
        ("client_certificates: none", "client_certificates: optional"),
    ]),
    edit(
        "certificate-unused",
        &[(
            "plans:\n",
            "  - { names: [old.wild.example], certificate: file:tls/wild.pem, key: \
             file:tls/wild.key }\nplans:\n",
        )],
    ),
    edit(
        "discovery-of-no-issuer",
        &[("serves: [api, token]", "serves: [api, token, discovery]")],
    ),
    edit(
        "tokens-nowhere",
        &[("serves: [api, token]", "serves: [api]")],
    ),
    edit(
        "issuer-not-served",
        &[("serves: [discovery, token]", "serves: [discovery]")],
    ),
    edit(
        "endpoint-twice",
        &[(
            "\"127.0.0.1:7443\"",
            "\"127.0.0.1:7443\", \"127.0.0.1:7443\"",
        )],
    ),
    edit("product-twice", &[("products: [fx]", "products: [fx, fx]")]),
    edit(
        "service-twice",
        &[("serves: [api, token]", "serves: [api, token, api]")],
    ),
    edit(
        "name-twice",
        &[(
            "api.harbour.example, auth",
            "api.harbour.example, api.harbour.example, auth",
        )],
    ),
    edit("dangling-bank", &[("bank: harbour", "bank: harbor")]),
    edit("rate-too-high", &[("rate: 50/s", "rate: 9000000/s")]),
    edit("drain-too-long", &[("store:\n", "drain: 2d\nstore:\n")]),
    edit("linger-too-long", &[("audit:\n", "audit:\n  linger: 1s\n")]),
    edit(
        "count-too-high",
        &[("concurrent: 64 requests", "concurrent: 64000000 requests")],
    ),
    edit("rate-without-time", &[("rate: 50/s", "rate: 50")]),
    edit(
        "count-of-others",
        &[("concurrent: 64 requests", "concurrent: 64 connections")],
    ),
    edit(
        "size-without-unit",
        &[("audit:\n", "audit:\n  queue_max: 64\n")],
    ),
    edit(
        "contact",
        &[("privacy@swiftride.example", "privacy at swiftride")],
    ),
    edit("list-empty", &[("products: [fx]", "products: []")]),
    edit(
        "scalar-for-mapping",
        &[(
            "name:\n      legal: SwiftRide Technology Co. Ltd.\n      zh-CN: 迅行出行",
            "name: SwiftRide",
        )],
    ),
    api(
        "openapi-effect-missing",
        &[
            (FX_FILE, "  /rates:\n    get:", "  /rates:\n    post:"),
            (
                FX_FILE,
                "      x-mortise-class: open\n      x-mortise-effect: none\n",
                "      x-mortise-class: open\n",
            ),
        ],
    ),
    // Ten mistakes in two files are told in one run, and nothing else.
    with_part(
        "ten-mistakes",
        &[
            (
                "edition: 2026-11\n",
                "edition: 2026-11\ninclude: [file:parts/a.yaml]\n",
            ),
            ("127.0.0.1:8443", "127.0.0.1"),
            ("serves: [api, token]", "serves: [api, tokens]"),
            ("rate: 50/s", "rate: 50"),
            ("file:trust/partners-ca.pem", "file:trust/partners_ca.pem"),
            ("upstream: ledger", "upstream: leger"),
            ("standing: active", "standing: yes"),
            ("auth: private_key_jwt", "auth: client_secret_basic"),
            ("plan: gold", "plan: golden"),
            ("  dir: data/audit", "  dirr: data/audit"),
        ],
        "edition: 2026-11\nagreements:\n  - { partner: cartwheel, bank: harbour, products: [fx], \
         plan: gold, from: 2026-01-01, until: 2027-12-31 }\n",
    ),
];
