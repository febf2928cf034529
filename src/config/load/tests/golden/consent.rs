//! What customers consent to: catalogue, profile, services, purposes, and the operations that the
//! catalogue must cover.

use super::{Case, edit};
use crate::fixture::CONSENTING;

/// The small catalogue and the API whose answers it covers.
const CATALOGUE: &str = "consent/small.yaml";
const API: &str = "apis/balances.yaml";

/// The section in which all is said.
const SECTION: &str = "    consent:
      catalogue: file:consent/small.yaml
      profile: cn-pipl
      accounts: { upstream: ledger, path: /customers/v1/accounts }
      second_factor: { upstream: ledger, path: /customers/v1/confirmations }
      purposes:
        swiftride-app: [overview, books]
";
const PURPOSES: &str = "      purposes:
        swiftride-app: [overview, books]
";

/// How customers log in.
const LOG_IN_LINES: &str = "      log_in: { upstream: ledger, path: /customers/v1/log-in }
      grant_lifetime: 90d
";

/// An edit of the configuration in which customers consent.
const fn asked(name: &'static str, edits: &'static [(&'static str, &'static str)]) -> Case {
    Case {
        text: CONSENTING,
        ..edit(name, edits)
    }
}

/// An edit of a file beside it.
const fn beside(
    name: &'static str,
    files: &'static [(&'static str, &'static str, &'static str)],
) -> Case {
    Case {
        files,
        ..asked(name, &[])
    }
}

pub(super) const CASES: &[Case] = &[
    asked(
        "consent-lacks-keys",
        &[(SECTION, "    consent: { profile: uk-obie }\n")],
    ),
    asked(
        "consent-no-mapping",
        &[(SECTION, "    consent: file:consent/small.yaml\n")],
    ),
    asked(
        "consent-unknown-key",
        &[("      profile: cn-pipl", "      profil: cn-pipl")],
    ),
    asked("consent-unknown-profile", &[("cn-pipl", "uk-obi")]),
    asked(
        "consent-dangling-upstreams",
        &[(
            "upstream: ledger, path: /customers/v1/a",
            "upstream: leger, path: /customers/v1/a",
        )],
    ),
    asked(
        "consent-bad-paths",
        &[
            ("/customers/v1/accounts", "customers"),
            ("v1/confirmations", "v1/confirmations/"),
        ],
    ),
    asked(
        "consent-without-log-in",
        &[
            (LOG_IN_LINES, ""),
            ("[discovery, token, authorize]", "[discovery, token]"),
        ],
    ),
    asked(
        "consent-elsewhere",
        &[
            (LOG_IN_LINES, ""),
            (
                "      url: https://auth.harbour.example
      access_token_lifetime: 300s
      profile: fapi2
",
                "      url: https://login.harbour.example
      jwks: file:trust/quay.jwks.json
",
            ),
            (
                "file:keys/kek",
                "file:keys/kek\n        url: https://auth.harbour.example",
            ),
            ("[discovery, token, authorize]", "[discovery]"),
            ("[api, token]", "[api]"),
        ],
    ),
    asked(
        "consent-unknown-client",
        &[("        swiftride-app: [o", "        swiftride-ap: [o")],
    ),
    asked(
        "consent-unknown-purposes",
        &[("[overview, books]", "[overvew, Loans]")],
    ),
    asked(
        "consent-purpose-missing",
        &[(PURPOSES, "      purposes: {}\n")],
    ),
    asked(
        "consent-purpose-twice",
        &[("[overview, books]", "[books, books]")],
    ),
    asked(
        "consent-purposes-of-no-kind",
        &[("[overview, books]", "overview")],
    ),
    asked(
        "consent-purposes-of-nobody",
        &[(PURPOSES, "      purposes: [overview]\n")],
    ),
    asked("consent-purposes-empty", &[("[overview, books]", "[]")]),
    asked(
        "consent-catalogue-elsewhere",
        &[("small.yaml", "smal.yaml")],
    ),
    beside(
        "consent-catalogue-bad",
        &[
            (CATALOGUE, "    sensitive: false\n", "    sensitiv: false\n"),
            (CATALOGUE, "clusters: [movement]", "clusters: [movements]"),
        ],
    ),
    beside(
        "consent-catalogue-not-yaml",
        &[(CATALOGUE, "[balance]", "[balance")],
    ),
    beside(
        "consent-scope-unknown",
        &[(API, "x-mortise-scope: balances", "x-mortise-scope: balance")],
    ),
    beside(
        "consent-scope-plain",
        &[(
            API,
            "x-mortise-scope: balances",
            "x-mortise-scope: branches",
        )],
    ),
    beside(
        "consent-cluster-unknown",
        &[(
            API,
            "x-mortise-cluster: balance",
            "x-mortise-cluster: balances",
        )],
    ),
    beside(
        "consent-cluster-not-opened",
        &[(
            API,
            "x-mortise-cluster: balance",
            "x-mortise-cluster: movement",
        )],
    ),
    beside(
        "consent-resource-not-chosen",
        &[(
            API,
            "x-mortise-resource: account",
            "x-mortise-resource: card",
        )],
    ),
    beside(
        "consent-details-not-demanded",
        &[(CATALOGUE, "bound: none", "bound: currency_exchange")],
    ),
    Case {
        files: &[
            (API, "details: none", "details: currency_exchange"),
            (
                API,
                "          x-mortise-resource: account\n",
                "          x-mortise-resource: account\n          x-mortise-bound: same account\n",
            ),
        ],
        ..asked(
            "consent-details-not-bound",
            &[(
                "    consent:\n",
                "        authorization_details:
          currency_exchange:
            schema: file:apis/currency-exchange.json
            title: { zh-CN: 兑换, en: Exchange }
    consent:\n",
            )],
        )
    },
    asked("consent-for-a-class", &[(SECTION, "")]),
];
