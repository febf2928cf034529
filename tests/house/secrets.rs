//! Secrets: drawn from the port `Random`, which the system's generator fills, and compared in
//! constant time, by `crypto::equal` (RFC 6749 §10.10, RFC 4086; checklist C-07).
//!
//! What is looked up by its SHA-256 (codes, tokens, sessions) is compared by no one: how long a
//! look-up takes says nothing of a secret of 256 bits.

use crate::tree::{Source, none_of, sources};

/// Where something secret, or what proves a secret, is compared, and how.
const COMPARED: [(&str, &str); 7] = [
    (
        "src/authserver/step/pkce.rs",
        "crypto::equal(&digest, challenge)",
    ),
    (
        "src/identity/binding.rs",
        "crypto::equal(certificate, &chain.leaf_thumbprint)",
    ),
    (
        "src/identity/binding.rs",
        "crypto::equal(key, proved.thumbprint())",
    ),
    (
        "src/identity/dpop/nonce.rs",
        "crypto::equal(self.of(*window).as_bytes(), nonce.as_bytes())",
    ),
    (
        "src/sandbox/bank/customers.rs",
        "crypto::equal(&digests.0, &digests.1)",
    ),
    (
        "src/sandbox/bank/customers/confirmations.rs",
        "crypto::equal(&codes.0, &codes.1)",
    ),
    ("src/web/csrf.rs", "equal(&sent, &self.proof())"),
];

/// What names a secret in a line that compares.
const SECRET: [&str; 7] = [
    "secret",
    "password",
    "verifier",
    "csrf",
    "hmac",
    "credential",
    "refresh_token",
];

/// Ways to draw that are not the port's.
const CHANCE: [&str; 8] = [
    "rand::",
    "getrandom",
    "thread_rng",
    "OsRng",
    "fastrand",
    "RandomState",
    "new_v4",
    "now_v7",
];

/// Where the system's generator is named: the port's one adapter, the keys that the library makes
/// itself, and those who hand the port to the rooms.
const SYSTEM: [&str; 7] = [
    "src/crypto/random.rs",
    "src/crypto/signing_key.rs",
    "src/crypto/lib.rs",
    "src/app/environment.rs",
    "src/app/cli/partner.rs",
    "src/app/prove.rs",
    "src/app/sandbox.rs",
];

/// The lines of the rooms that are no comments and no tests, each with its file.
fn lines(sources: &[Source]) -> impl Iterator<Item = (&str, &str)> {
    let rooms = sources.iter().filter(|source| !source.is_tests());
    let is_of_tests = |path: &str| path.contains("/test_") || path.ends_with("/fixture.rs");
    let rooms = rooms.filter(move |source| !is_of_tests(&source.path));
    rooms.flat_map(|source| {
        let lines = source.without_tests().lines().map(str::trim);
        let code = lines.filter(|line| !line.starts_with("//"));
        code.map(|line| (source.path.as_str(), line))
    })
}

fn complaints(wrong: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let sources = sources("src", ".rs");
    let found = lines(&sources).filter(|(path, line)| wrong(path, line));
    found
        .map(|(path, line)| format!("{path}: {line}"))
        .collect()
}

#[test]
fn what_a_secret_is_compared_with_is_compared_in_constant_time() {
    let all = sources("src", ".rs");
    for (path, call) in COMPARED {
        let found = lines(&all).any(|(its, line)| its == path && line.contains(call));
        assert!(found, "{path} no longer compares by {call}");
    }
    none_of(&complaints(|_, line| compares_a_secret(line)));
}

/// Whether a line compares something secret in another way.
fn compares_a_secret(line: &str) -> bool {
    let ways = [" == ", " != ", ".eq(", ".ne(", "assert_eq"];
    let line = line.to_lowercase();
    // Words that are in the open: names of parameters and members, in quotes.
    let bare: String = line.split('"').step_by(2).collect();
    ways.iter().any(|way| bare.contains(way)) && SECRET.iter().any(|word| bare.contains(word))
}

#[test]
fn a_comparison_of_a_secret_is_seen() {
    for line in [
        "if sent_secret == secret {",
        "let fits = password.as_bytes().eq(given);",
        "if code_verifier != stored {",
        "csrf.proof() == sent",
    ] {
        assert!(compares_a_secret(line), "{line}");
    }
    for line in [
        "if form.get(\"code_verifier\") == None {",
        "crypto::equal(&secret, &sent)",
        "let same = kid == other.kid;",
    ] {
        assert!(!compares_a_secret(line), "{line}");
    }
}

#[test]
fn chance_is_drawn_from_the_port_alone() {
    none_of(&complaints(|path, line| {
        let is_adapter = SYSTEM[..2].contains(&path);
        let foreign = CHANCE.iter().any(|way| line.contains(way));
        let names_system = line.contains("SystemRandom") && !SYSTEM.contains(&path);
        (foreign && !is_adapter) || names_system
    }));
    let sources = sources("src/crypto", "random.rs");
    let [adapter] = sources.as_slice() else {
        panic!("src/crypto/random.rs has gone");
    };
    let filled = adapter.text.split("impl Random for SystemRandom {").nth(1);
    let filled = filled
        .and_then(|text| text.split("\n}").next())
        .unwrap_or("");
    assert!(filled.contains("aws_lc_rs::rand::fill(bytes)"), "{filled}");
}
