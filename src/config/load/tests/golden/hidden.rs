//! Pages for browsers, and what would answer where they are.

use super::grants::{LOG_IN, PAGES};
use super::{Case, FX_FILE, api, edit};

/// The product, served at the issuer's listener.
const SERVED_THERE: &[(&str, &str)] = &[
    LOG_IN,
    PAGES,
    ("listeners: [api]", "listeners: [api, issuer]"),
    ("token, authorize]", "token, authorize, api]"),
    ("client_certificates: none", "client_certificates: optional"),
];

/// A bank whose issuer is where another's customers keep what they gave.
const BELOW_PERMISSIONS: &str = "  quay:
    issuer:
      url: https://auth.harbour.example/permissions/quay
      access_token_lifetime: 300s
      profile: fapi2
      keys: { kek: file:keys/kek }
    partner_ca: { authorities: [file:trust/partners-ca.pem], revocation: none }
    upstreams: { core: { endpoints: [\"[::1]:7444\"], tls: none, limits: standard } }
    products: {}
partners:
";

pub(super) const CASES: &[Case] = &[
    api(
        "page-hides-operation",
        &[
            (FX_FILE, "/fx }", "/ }"),
            (FX_FILE, "  /rates:", "  /log-in:"),
        ],
    )
    .with(SERVED_THERE),
    api(
        "permissions-hide-operation",
        &[
            (FX_FILE, "/fx }", "/ }"),
            (FX_FILE, "  /rates:", "  /permissions/rates:"),
        ],
    )
    .with(SERVED_THERE),
    edit(
        "permissions-hide-issuer",
        &[LOG_IN, PAGES, ("partners:\n", BELOW_PERMISSIONS)],
    ),
];
