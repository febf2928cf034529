//! Mistakes about what is for operators and probes.

use super::{Case, edit};

/// Where another listener may stand.
const LISTENERS_END: &str = "tls:\n  - names";
/// A name of the server certificate that the file does not use.
const NAMES: (&str, &str) = (
    "[api.harbour.example, auth.harbour.example]",
    "[api.harbour.example, auth.harbour.example, localhost]",
);

pub(super) const CASES: &[Case] = &[
    edit(
        "metrics-without-authorities",
        &[
            (
                LISTENERS_END,
                "  operators: { address: \"127.0.0.1:9444\", url: \"https://localhost\", \
             serves: [metrics], client_certificates: optional, limits: standard }
tls:
  - names",
            ),
            NAMES,
        ],
    ),
    edit(
        "metrics-for-partners",
        &[
            (
                LISTENERS_END,
                "  operators: { address: \"127.0.0.1:9444\", url: \"https://localhost\", \
             serves: [metrics], client_certificates: required, \
             authorities: [file:trust/partners-ca.pem], revocation: none, limits: standard }
tls:
  - names",
            ),
            NAMES,
        ],
    ),
    edit(
        "metrics-above-partners",
        &[
            (
                LISTENERS_END,
                "  operators: { address: \"127.0.0.1:9444\", url: \"https://localhost\", \
             serves: [metrics], client_certificates: required, \
             authorities: [file:trust/operators-ca.pem], revocation: none, limits: standard }
tls:
  - names",
            ),
            NAMES,
            (
                "authorities: [file:trust/partners-ca.pem]",
                "authorities: [file:trust/partners-ca.pem, file:trust/under-operators.pem]",
            ),
            (
                "[file:trust/partners.crl]",
                "[file:trust/partners.crl, file:trust/under-operators.crl]",
            ),
        ],
    ),
    edit(
        "metrics-without-revocation",
        &[
            (
                LISTENERS_END,
                "  operators: { address: \"127.0.0.1:9444\", url: \"https://localhost\", \
             serves: [metrics], client_certificates: required, \
             authorities: [file:trust/operators-ca.pem], limits: standard }
tls:
  - names",
            ),
            NAMES,
        ],
    ),
    edit(
        "metrics-asks-anothers-list",
        &[
            (
                LISTENERS_END,
                "  operators: { address: \"127.0.0.1:9444\", url: \"https://localhost\", \
             serves: [metrics], client_certificates: required, \
             authorities: [file:trust/operators-ca.pem], revocation: { \
             crl: [file:trust/partners.crl], refuse_when_older_than: 24h }, limits: standard }
tls:
  - names",
            ),
            NAMES,
        ],
    ),
    edit(
        "revocation-without-metrics",
        &[(
            "    serves: [api, token]",
            "    serves: [api, token]\n    revocation: none",
        )],
    ),
    edit(
        "metrics-beside-api",
        &[("serves: [api, token]", "serves: [api, token, metrics]")],
    ),
    edit(
        "authorities-without-metrics",
        &[(
            "    serves: [api, token]",
            "    serves: [api, token]\n    authorities: [file:trust/bank-ca.pem]",
        )],
    ),
    edit(
        "health-lost-its-url",
        &[(
            LISTENERS_END,
            "  probes: { address: \"127.0.0.1:9080\", serves: [health, token], \
             client_certificates: none, limits: standard }
tls:
  - names",
        )],
    ),
];
