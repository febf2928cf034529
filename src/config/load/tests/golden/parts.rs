//! Included files.

use super::{Case, edit, with_part};

const INCLUDE: (&str, &str) = (
    "edition: 2026-11\n",
    "edition: 2026-11\ninclude: [file:parts/a.yaml]\n",
);

const PARTNER: &str = "\
edition: 2026-11
partners:
  swiftride:
    name: { legal: SwiftRide }
    privacy_contact: privacy@swiftride.example
    standing: suspended
    certificate: { organization_id: PSDCN-OTHER-001 }
";

pub(super) const CASES: &[Case] = &[
    edit("include-missing", &[INCLUDE]),
    edit(
        "include-of-a-folder",
        &[(
            "edition: 2026-11\n",
            "edition: 2026-11\ninclude: [file:partners]\n",
        )],
    ),
    edit(
        "include-of-a-pattern",
        &[(
            "edition: 2026-11\n",
            "edition: 2026-11\ninclude: [\"file:partners/*.yaml\"]\n",
        )],
    ),
    with_part("include-name-twice", &[INCLUDE], PARTNER),
    with_part(
        "include-key-twice",
        &[INCLUDE],
        "edition: 2026-11\ngate: { rate: 9000/s, burst: 9000 requests }\n",
    ),
    with_part(
        "include-circle",
        &[INCLUDE],
        "edition: 2026-11\ninclude: [file:../gateway.yaml]\n",
    ),
    with_part(
        "include-twice",
        &[(
            "edition: 2026-11\n",
            "edition: 2026-11\ninclude: [file:parts/a.yaml, file:./parts/a.yaml]\n",
        )],
        "edition: 2026-11\n",
    ),
    with_part("include-without-edition", &[INCLUDE], "plans: {}\n"),
    with_part("include-no-mapping", &[INCLUDE], "- edition: 2026-11\n"),
    with_part(
        "include-mistakes",
        &[INCLUDE],
        "edition: 2026-11\nplans:\n  silver: { rate: 5, burst: 10 requests }\nroutes: {}\n",
    ),
    with_part(
        "include-wrong-kind",
        &[INCLUDE],
        "edition: 2026-11\npartners: [swiftride]\n",
    ),
    edit(
        "include-one",
        &[(
            "edition: 2026-11\n",
            "edition: 2026-11\ninclude: parts/a.yaml\n",
        )],
    ),
];
