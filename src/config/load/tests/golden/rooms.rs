//! Products that a room of the gateway answers.

use super::{Case, edit};
use crate::fixture::CONSENTING;

/// The API that the room serves.
const API: &str = "apis/consents.yaml";

/// The configuration in which customers consent, with a product that begins so.
const fn with(name: &'static str, edits: &'static [(&'static str, &'static str)]) -> Case {
    Case {
        text: CONSENTING,
        ..edit(name, edits)
    }
}

/// The product as it is meant.
const PRODUCT: &[(&str, &str)] = &[(
    "    consent:\n",
    "      lodging:
        { openapi: file:apis/consents.yaml, room: consent, listeners: [api], deadline: 9s }
    consent:\n",
)];

/// An edit of the API beside it.
const fn beside(
    name: &'static str,
    files: &'static [(&'static str, &'static str, &'static str)],
) -> Case {
    Case {
        files,
        ..with(name, PRODUCT)
    }
}

pub(super) const CASES: &[Case] = &[
    with(
        "room-beside-an-upstream",
        &[(
            "    consent:\n",
            "      consents:
        openapi: file:apis/consents.yaml
        room: consent
        upstream: ledger
        listeners: [api]
        deadline: 9s
    consent:\n",
        )],
    ),
    with(
        "room-nor-an-upstream",
        &[(
            "    consent:\n",
            "      lodging:
        { openapi: file:apis/consents.yaml, listeners: [api], deadline: 9s }
    consent:\n",
        )],
    ),
    with(
        "room-unknown",
        &[(
            "    consent:\n",
            "      lodging:
        { openapi: file:apis/consents.yaml, room: consnt, listeners: [api], deadline: 9s }
    consent:\n",
        )],
    ),
    edit(
        "room-of-a-bank-without-consent",
        &[(
            "        openapi: file:apis/fx.yaml\n        upstream: ledger\n",
            "        openapi: file:apis/consents.yaml\n        room: consent\n",
        )],
    ),
    with(
        "room-with-another-api",
        &[(
            "        openapi: file:apis/fx.yaml\n        upstream: ledger\n",
            "        openapi: file:apis/fx.yaml\n        room: consent\n",
        )],
    ),
    beside(
        "room-with-less",
        &[(API, "operationId: endConsent", "operationId: stopConsent")],
    ),
    beside(
        "room-with-another-method",
        &[(API, "    delete:\n", "    put:\n")],
    ),
    beside(
        "room-open-to-all",
        &[(
            API,
            "      operationId: readConsent
      summary: What became of a consent
      x-mortise-class: partner
      x-mortise-effect: none
      x-mortise-scope: consents
      x-mortise-authorization-details: none
      x-mortise-authentication: none
",
            "      operationId: readConsent
      summary: What became of a consent
      x-mortise-class: open
      x-mortise-effect: none
",
        )],
    ),
];
