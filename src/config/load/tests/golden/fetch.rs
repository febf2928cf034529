//! The hosts that are asked in a bank's name.

use super::{Case, edit};

const PRODUCTS: &str = "    products:\n";

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
];
