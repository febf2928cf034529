//! Fuzz targets. One line each: the name of the folder beside this file that holds its corpus, and
//! what reads its bytes. Each is a function of its room, whose own tests run the corpus too.
#![no_main]

use std::sync::OnceLock;

/// What reads bytes, and panics when it is broken.
type Target = fn(&[u8]);

const TARGETS: &[(&str, Target)] = &[
    ("answer_filter", gateway::fuzz_answer_filter),
    ("assertion", authserver::fuzz_assertion),
    ("authorization_details", authserver::fuzz_authorization_details),
    ("claims", authserver::fuzz_claims),
    ("consent_wish", consent::fuzz_wish),
    ("dpop_proof", identity::fuzz_proof),
    ("form", web::fuzz_form),
    ("jwks", crypto::fuzz_jwks),
    ("jws", crypto::fuzz_jws),
    ("provider", authserver::fuzz_provider),
    ("request_object", authserver::fuzz_request_object),
];

/// The target that `MORTISE_FUZZ_TARGET` names.
fn target() -> Target {
    static TARGET: OnceLock<Target> = OnceLock::new();
    *TARGET.get_or_init(|| {
        let name = std::env::var("MORTISE_FUZZ_TARGET").expect("MORTISE_FUZZ_TARGET names a target");
        let mut targets = TARGETS.iter();
        let found = targets.find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("no target {name}")).1
    })
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target()(bytes));
