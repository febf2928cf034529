//! Texts that are no configuration (CF-15 among them), and features of YAML that are not read.

use super::{Case, edit, instead};

pub(super) static CASES: &[Case] = &[
    instead("empty", "# nothing\n"),
    instead("two-documents", "edition: 2026-11\n---\nedition: 2026-11\n"),
    instead("not-a-mapping", "[edition, 2026-11]\n"),
    edit("tab", &[("    rate: 50/s", "\trate: 50/s")]),
    edit("nul", &[("rate: 50/s", "rate: \u{0}50/s")]),
    edit(
        "indent",
        &[("    burst: 100 requests", "   burst: 100 requests")],
    ),
    edit("quote-open", &[("rate: 50/s", "rate: \"50/s")]),
    // CF-15: what a bomb is made of is told once, and nothing is ever expanded.
    instead("bomb-of-aliases", BOMB),
    edit("tag", &[("rate: 50/s", "rate: !!str 50/s")]),
    edit("anchor-on-a-block", &[("  gold:\n", "  gold: &gold\n")]),
    edit("tag-on-a-block", &[("  gold:\n", "  gold: !plan\n")]),
    edit(
        "merge",
        &[("    rate: 50/s", "    <<: { rate: 50/s }\n    rate: 50/s")],
    ),
    instead("deep", super::DEEP),
];

const BOMB: &str = "\
a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]
";
