//! What a partner's certificates are known by.

use super::{Case, edit};

const KNOWN_BY: &str = "      organization_id: PSDCN-SWIFTRIDE-001";

const SECOND: &str = "  cartwheel:
    name: { legal: Cartwheel }
    privacy_contact: privacy@cartwheel.example
    standing: active
    certificate: { subject_dn: \"cn=API, O = Cartwheel, organizationIdentifier=psdcn-swiftride-001\" }
agreements:
  - { partner: cartwheel, bank: harbour, products: [fx], plan: gold, from: 2026-01-01, until: 2027-12-31 }
";

/// The client of the shortest configuration.
const PROVES: &str = "        auth: private_key_jwt
        jwks: file:partners/swiftride.jwks.json
";

const RESPONSES: &str = "        auth: private_key_jwt
        jwks: file:partners/swiftride.jwks.json
        redirect_uris: [https://app.swiftride.example/callback]
        response_modes: [query, fragment]
";

const SAME_KEY: &str = "  cartwheel:
    name: { legal: Cartwheel }
    privacy_contact: privacy@cartwheel.example
    standing: active
    certificate: { organization_id: PSDCN-CARTWHEEL-001 }
    clients:
      cartwheel-app: { auth: self_signed_tls_client_auth, bound_by: mtls, jwks: file:partners/swiftride.jwks.json }
agreements:
  - { partner: cartwheel, bank: harbour, products: [fx], plan: gold, from: 2026-01-01, until: 2027-12-31 }
";

pub(super) const CASES: &[Case] = &[
    edit(
        "certificate-known-by-nothing",
        &[(
            "certificate:\n      organization_id: PSDCN-SWIFTRIDE-001",
            "certificate: {}",
        )],
    ),
    edit(
        "certificate-known-by-two",
        &[(
            KNOWN_BY,
            "      organization_id: PSDCN-SWIFTRIDE-001\n      san_dns: api.swiftride.example",
        )],
    ),
    edit(
        "certificate-subject-unescaped",
        &[(
            KNOWN_BY,
            "      subject_dn: O=SwiftRide Technology Co., Ltd.,C=CN",
        )],
    ),
    edit(
        "certificate-subject-type",
        &[(KNOWN_BY, "      subject_dn: CN=api,organisation=SwiftRide")],
    ),
    edit(
        "certificate-wildcard",
        &[(KNOWN_BY, "      san_dns: \"*.swiftride.example\"")],
    ),
    edit(
        "certificate-uri",
        &[(KNOWN_BY, "      san_uri: swiftride.example/app")],
    ),
    edit(
        "certificate-address",
        &[(KNOWN_BY, "      san_ip: 192.0.2.0/24")],
    ),
    edit(
        "certificate-mail",
        &[(KNOWN_BY, "      san_email: swiftride.example")],
    ),
    edit(
        "partners-subject-holds-organization",
        &[("agreements:\n", SECOND)],
    ),
    edit(
        "client-tls-without-certificate",
        &[(PROVES, "        auth: tls_client_auth\n")],
    ),
    edit("response-mode-of-no-code", &[(PROVES, RESPONSES)]),
    edit(
        "client-assertion-beside-certificate",
        &[(
            PROVES,
            "        auth: private_key_jwt\n        certificate: { organization_id: PSDCN-A }\n",
        )],
    ),
    edit(
        "client-certificate-known-by-nothing",
        &[(
            PROVES,
            "        auth: tls_client_auth\n        certificate: {}\n",
        )],
    ),
    edit(
        "clients-share-a-certificate-key",
        &[
            ("auth: private_key_jwt", "auth: self_signed_tls_client_auth"),
            ("agreements:\n", SAME_KEY),
        ],
    ),
];
