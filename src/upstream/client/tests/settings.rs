//! Settings that make no upstream.

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use model::{MovedClock, UpstreamId};

use crate::{BadUpstream, ClientTls, EndpointSettings, Upstream, UpstreamLimits, UpstreamSettings};

use super::bank::Pki;

fn refused(hosts: &[&str], tls: Option<ClientTls>) -> BadUpstream {
    let endpoint = |host: &&str| EndpointSettings {
        host: (*host).to_owned(),
        port: 8443,
    };
    let settings = UpstreamSettings {
        id: UpstreamId::parse("ledger").expect("valid"),
        endpoints: hosts.iter().map(endpoint).collect(),
        tls,
        limits: UpstreamLimits::default(),
    };
    let clock = Arc::new(MovedClock::stopped());
    Upstream::new(settings, clock, TaskTracker::new()).expect_err("bad settings")
}

#[test]
fn the_number_of_endpoints_is_bounded() {
    assert!(matches!(
        refused(&[], None),
        BadUpstream::Endpoints { count: 0 }
    ));
    let many = ["127.0.0.1"; 65];
    assert!(matches!(
        refused(&many, None),
        BadUpstream::Endpoints { count: 65 }
    ));
}

#[test]
fn one_endpoint_on_another_machine_is_enough_to_refuse_plain_http() {
    let bad = refused(&["127.0.0.1", "10.0.0.11"], None);
    assert!(matches!(bad, BadUpstream::Plain { host } if host == "10.0.0.11"));
}

#[test]
fn tls_needs_an_authority_that_can_be_read_and_a_key_that_fits() {
    let (ours, theirs) = (Pki::new(), Pki::new());
    let mut tls = ours.client_tls();
    tls.authorities.clear();
    assert!(matches!(
        refused(&["10.0.0.11"], Some(tls)),
        BadUpstream::NoAuthority
    ));

    let mut tls = ours.client_tls();
    tls.authorities.push(b"no certificate".to_vec().into());
    let bad = refused(&["10.0.0.11"], Some(tls));
    assert!(matches!(bad, BadUpstream::Authority { index: 1, .. }));

    let mut tls = ours.client_tls();
    let chain = tls.identity.take().map(|(chain, _)| chain);
    let key = theirs.client_tls().identity.map(|(_, key)| key);
    tls.identity = chain.zip(key);
    let bad = refused(&["10.0.0.11"], Some(tls));
    assert!(matches!(bad, BadUpstream::Identity(_)), "{bad:?}");
}
