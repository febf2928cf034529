//! `mortise block`: a composed product is checked, tested, drawn, exported and compared without any
//! service of the bank's.

use std::path::Path;

use kit::Folder;
use serde_json::Value;

use crate::process::{Finished, finish, mortise};

const BLOCK: &str = "blocks/account-verify.block.yaml";
const TESTS: &str = "blocks/account-verify.block.test.yaml";

fn block(folder: &Folder, arguments: &[&str]) -> Finished {
    let (command, rest) = arguments.split_first().expect("a command");
    let mut program = mortise();
    program.args(["block", command, "--sandbox", "--config"]);
    finish(program.arg(folder.config()).args(rest))
}

fn edit(folder: &Folder, file: &str, old: &str, new: &str) {
    let path = folder.dir().join(file);
    let text = std::fs::read_to_string(&path).expect("a readable file");
    assert!(text.contains(old), "{file} lacks {old}");
    std::fs::write(path, text.replacen(old, new, 1)).expect("a writable file");
}

fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.out).unwrap_or_else(|error| panic!("{error}: {finished:?}"))
}

#[test]
fn a_good_block_is_told_with_what_it_asks_for_and_reads() {
    let folder = Folder::consenting();
    let checked = block(&folder, &["check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    for line in [
        "harbour/account-verify 1.0.0 is good",
        "asks for accounts for account_overview",
        "reads accounts.readAccount",
        "tells account_list",
        "1 block, 1 operation",
    ] {
        assert!(checked.out.contains(line), "{line}: {checked:?}");
    }
    let report = json(&block(&folder, &["check", "--json"]));
    assert_eq!(report["blocks"][0]["operations"][0]["class"], "customer");
}

#[test]
fn a_bad_block_is_told_at_its_line_and_one_that_is_not_there_by_the_names_of_those_that_are() {
    let folder = Folder::consenting();
    let other = block(&folder, &["check", "account-verfy"]);
    assert_eq!(other.code, Some(2), "{other:?}");
    assert!(
        other.err.contains("its blocks: account-verify"),
        "{other:?}"
    );
    edit(&folder, BLOCK, "own.holder", "own.holdr");
    let checked = block(&folder, &["check"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    for words in ["account-verify.block.yaml:24:19", "did you mean `holder`?"] {
        assert!(checked.err.contains(words), "{checked:?}");
    }
}

#[test]
fn the_tests_of_a_block_pass_and_reach_every_part_of_it() {
    let folder = Folder::consenting();
    let tested = block(&folder, &["test", "--coverage"]);
    assert_eq!(tested.code, Some(0), "{tested:?}");
    for line in ["4 of 4 parts reached", "5 tests passed, 0 failed"] {
        assert!(tested.out.contains(line), "{tested:?}");
    }
}

#[test]
fn a_test_that_fails_says_what_was_expected_and_what_came() {
    let folder = Folder::consenting();
    edit(&folder, TESTS, "isSole: true", "isSole: false");
    let tested = block(&folder, &["test"]);
    assert_eq!(tested.code, Some(1), "{tested:?}");
    for words in [
        "FAILED an open account",
        "/0/expect/body/isSole",
        "expected false; got true",
    ] {
        assert!(tested.out.contains(words), "{words}: {tested:?}");
    }
    edit(&folder, TESTS, "state: open", "state: opened");
    let tested = block(&folder, &["test"]);
    assert_eq!(tested.code, Some(1), "{tested:?}");
    assert!(
        tested.err.contains("account-verify.block.test.yaml:17:"),
        "{tested:?}"
    );
    std::fs::remove_file(folder.dir().join(TESTS)).expect("removed");
    let tested = block(&folder, &["test"]);
    assert_eq!(tested.code, Some(2), "{tested:?}");
}

#[test]
fn a_part_that_no_test_reaches_is_named() {
    let folder = Folder::consenting();
    edit(&folder, TESTS, "state: frozen", "state: open");
    let old = "expect: { status: 422, problem: account_frozen }";
    edit(&folder, TESTS, old, "expect: { status: 200 }");
    let tested = block(&folder, &["test", "--coverage"]);
    assert_eq!(tested.code, Some(1), "{tested:?}");
    assert!(
        tested
            .out
            .contains("not reached: /operations/verify/checks/0"),
        "{tested:?}"
    );
}

#[test]
fn an_operation_is_drawn_as_a_picture_and_as_text() {
    let folder = Folder::consenting();
    let svg = block(
        &folder,
        &["graph", "account-verify", "--operation", "verify"],
    );
    assert_eq!(svg.code, Some(0), "{svg:?}");
    assert!(
        svg.out.starts_with("<svg") && svg.out.contains("accounts.readAccount"),
        "{svg:?}"
    );
    let text = block(&folder, &["graph", "--format", "mermaid"]);
    assert!(text.out.contains("422 account_frozen"), "{text:?}");
    let other = block(&folder, &["graph", "--operation", "verfy"]);
    assert_eq!(other.code, Some(2), "{other:?}");
    assert!(other.err.contains("name one of verify"), "{other:?}");
}

#[test]
fn what_a_block_offers_is_exported_for_partners() {
    let folder = Folder::consenting();
    let openapi = json(&block(&folder, &["export"]));
    assert_eq!(openapi["openapi"], "3.1.0");
    let verify = &openapi["paths"]["/account-verify/checks"]["post"];
    assert_eq!(verify["responses"]["422"]["description"], "account_frozen");
    let journey = json(&block(&folder, &["export", "--arazzo"]));
    assert_eq!(journey["arazzo"], "1.1.0");
    let steps = journey["workflows"][0]["steps"].as_array().expect("steps");
    let ids: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["stepId"].as_str())
        .collect();
    assert_eq!(ids.last(), Some(&"verify"), "{ids:?}");
    let server = json(&block(&folder, &["export", "--authorization"]));
    let url = server["servers"][0]["url"].to_string() + &server["paths"].to_string();
    assert!(url.contains("/token"), "{server:#}");
}

#[test]
fn a_newer_file_that_breaks_partners_needs_a_higher_version() {
    let folder = Folder::consenting();
    let former = folder.dir().join("former.yaml");
    copied(folder.dir(), &former);
    let since = former.to_str().expect("a path").to_owned();
    let diff = |folder: &Folder| block(folder, &["diff", "--since", &since]);
    let same = diff(&folder);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(
        same.out.contains("nothing changes for partners"),
        "{same:?}"
    );
    edit(&folder, BLOCK, ", isSole: $isSole }", " }");
    edit(
        &folder,
        BLOCK,
        "    let:\n      isSole: own.holder == \"sole\"\n",
        "",
    );
    let broken = diff(&folder);
    assert_eq!(broken.code, Some(1), "{broken:?}");
    for words in ["breaking", "isSole", "at least 2.0.0"] {
        assert!(broken.out.contains(words), "{words}: {broken:?}");
    }
    edit(&folder, BLOCK, "version: 1.0.0", "version: 2.0.0");
    assert_eq!(diff(&folder).code, Some(0));
}

/// The configuration as it is, beside itself, with a block of its own.
fn copied(dir: &Path, to: &Path) {
    let read = |path: &Path| std::fs::read_to_string(path).expect("a readable file");
    let config = read(&dir.join("gateway.yaml")).replace(BLOCK, "blocks/former.block.yaml");
    std::fs::write(to, config).expect("a writable file");
    std::fs::copy(dir.join(BLOCK), dir.join("blocks/former.block.yaml")).expect("copied");
}
