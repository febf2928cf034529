//! Products that are composed: the block's file, its sources, and what is laid over them.

use super::Case;
use crate::fixture::EXAMPLE;

const BLOCK: &str = "blocks/account-verify.block.yaml";

/// An edit of the example, which has a block.
const fn edit(name: &'static str, edits: &'static [(&'static str, &'static str)]) -> Case {
    Case {
        text: EXAMPLE,
        ..super::edit(name, edits)
    }
}

/// An edit of the block that ships.
const fn inside(
    name: &'static str,
    files: &'static [(&'static str, &'static str, &'static str)],
) -> Case {
    Case {
        files,
        ..edit(name, &[])
    }
}

pub(super) const CASES: &[Case] = &[
    edit(
        "block-beside-an-api",
        &[(
            "        block: file:blocks/account-verify.block.yaml",
            "        openapi: file:apis/fx.yaml
        block: file:blocks/account-verify.block.yaml",
        )],
    ),
    edit(
        "block-without-sources",
        &[(
            "      consents:\n",
            "      bare: { block: file:blocks/account-verify.block.yaml, listeners: [api], \
             deadline: 9s }
      consents:\n",
        )],
    ),
    edit(
        "block-sources-alone",
        &[(
            "      consents:\n",
            "      bare:
        openapi: file:apis/branches.yaml
        sources: { fx: { openapi: file:apis/fx.yaml, overlay: none, upstream: ledger } }
        upstream: ledger
        listeners: [api]
        deadline: 9s
      consents:\n",
        )],
    ),
    edit(
        "block-source-nowhere",
        &[(
            "            upstream: ledger\n        listeners: [api]\n        deadline: 10s\n      consents",
            "            upstream: ledgr\n        listeners: [api]\n        deadline: 10s\n      consents",
        )],
    ),
    edit(
        "block-source-unread",
        &[(
            "          accounts:\n            openapi: file:apis/accounts.yaml\n",
            "          books: { openapi: file:apis/fx.yaml, overlay: none, upstream: ledger }
          accounts:\n            openapi: file:apis/accounts.yaml\n",
        )],
    ),
    edit(
        "block-overlay-unsaid",
        &[(
            "            overlay: file:blocks/accounts.overlay.yaml    # types",
            "            # types",
        )],
    ),
    inside(
        "block-scope-unknown",
        &[(BLOCK, "scopes: [accounts]", "scopes: [account]")],
    ),
    inside(
        "block-purpose-unknown",
        &[(
            BLOCK,
            "purpose: account_overview",
            "purpose: account_overvew",
        )],
    ),
    inside(
        "block-member-unknown",
        &[(BLOCK, "own.holder", "own.holdr")],
    ),
    inside(
        "block-operation-unknown",
        &[(BLOCK, "accounts.readAccount", "accounts.readAcount")],
    ),
    inside("block-too-late", &[(BLOCK, "deadline: 3s", "deadline: 1s")]),
    inside(
        "block-with-effects",
        &[(BLOCK, "    reply:\n", "    effects: {}\n    reply:\n")],
    ),
    inside(
        "block-without-class",
        &[(BLOCK, "    class: customer\n", "")],
    ),
    inside(
        "block-never-true",
        &[(BLOCK, "own.state == \"open\"", "own.state == \"opened\"")],
    ),
    inside(
        "block-type-mixed",
        &[(BLOCK, "own.holder == \"sole\"", "own.holder == 7")],
    ),
    inside(
        "block-result-unused",
        &[(BLOCK, ", isSole: $isSole }", " }")],
    ),
    inside(
        "block-account-of-nobody",
        &[(
            BLOCK,
            "input: { accountId: account }",
            "input: { accountId: string }",
        )],
    ),
    inside("block-anchor", &[(BLOCK, "title: {", "title: &title {")]),
    inside(
        "block-key-twice",
        &[(
            BLOCK,
            "    effect: none\n",
            "    effect: none\n    effect: none\n",
        )],
    ),
    inside(
        "block-unit-missing",
        &[(BLOCK, "timeout: 1s", "timeout: 1")],
    ),
    inside(
        "block-class-payment",
        &[(BLOCK, "class: customer", "class: payment")],
    ),
    inside(
        "block-computes-in-a-body",
        &[(BLOCK, "isSole: $isSole }", "isSole: $isSole && true }")],
    ),
    inside(
        "block-overlay-loosens",
        &[(
            "blocks/accounts.overlay.yaml",
            "update: { maxLength: 16 }",
            "update: { type: [string, integer] }",
        )],
    ),
    inside(
        "block-overlay-of-nothing",
        &[(
            "blocks/accounts.overlay.yaml",
            "properties.masked",
            "properties.mask",
        )],
    ),
];
