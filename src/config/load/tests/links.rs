//! Symbolic links that lead nowhere.

use std::os::unix::fs::symlink;

use crate::fixture::{Fixture, MINIMAL};

fn told(links: &[(&str, &str)]) -> String {
    let fixture = Fixture::new();
    for (name, target) in links {
        symlink(target, fixture.path(name)).expect("a link");
    }
    fixture.printed(MINIMAL.replace("file:tls/gateway.pem", "file:tls/link.pem"))
}

#[test]
fn a_link_that_leads_nowhere_is_told_with_where_it_leads_and_does_not_suggest_itself() {
    let told_direct = told(&[("tls/link.pem", "nowhere.pem")]);
    let what = "cannot read `tls/link.pem`: it is a link to `nowhere.pem`, which is not there";
    assert!(told_direct.contains(what), "{told_direct}");
    assert!(!told_direct.contains("did you mean"), "{told_direct}");
    let by_another = told(&[
        ("tls/link.pem", "../tls/second.pem"),
        ("tls/second.pem", "nowhere.pem"),
    ]);
    assert!(by_another.contains(what), "{by_another}");
}

#[test]
fn links_that_lead_to_each_other_do_not_suggest_themselves() {
    let told = told(&[
        ("tls/link.pem", "second.pem"),
        ("tls/second.pem", "link.pem"),
    ]);
    assert!(told.contains("cannot read `tls/link.pem`: "), "{told}");
    assert!(!told.contains("there is no such file"), "{told}");
    assert!(!told.contains("did you mean"), "{told}");
}
