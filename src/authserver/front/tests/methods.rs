//! Methods that an endpoint does not take, and what the log has of them.

use std::sync::Arc;

use http::Method;

use model::{Decision, OauthEndpoint};

use super::Nobody;
use super::provider::Bench;
use super::visitor::{self, Visitor};
use crate::test_house::House;
use crate::{Customers, Endpoint};

/// Asserts that the method is refused, and that the log has it.
async fn is_refused(house: &House, endpoint: Endpoint, method: Method, recorded: OauthEndpoint) {
    let before = house.queued().len();
    let mut visitor = Visitor::default();
    let target = (method, "/");
    let page = visitor.ask(house, endpoint, target, String::new()).await;
    let queued = house.queued();
    assert_eq!(queued.len(), before + 1, "{endpoint:?}");
    let last = queued.last().expect("a record");
    assert_eq!(last.decision, Decision::Refused, "{endpoint:?}");
    assert_eq!(last.endpoint, recorded, "{endpoint:?}");
    assert_eq!(last.status, page.status, "{endpoint:?}");
    assert_eq!(page.status, 405, "{endpoint:?}");
}

#[tokio::test]
async fn a_wrong_method_is_in_the_log_at_each_endpoint_that_has_records() {
    let nobody = Customers::Password(Arc::new(Nobody));
    let house = House::open_with(|settings| visitor::grants(settings, nobody)).await;
    for (endpoint, method, recorded) in [
        (
            Endpoint::Authorize,
            Method::DELETE,
            OauthEndpoint::Authorize,
        ),
        (Endpoint::LogIn, Method::GET, OauthEndpoint::Authorize),
        (Endpoint::Approve, Method::GET, OauthEndpoint::Authorize),
        (Endpoint::Done, Method::POST, OauthEndpoint::Authorize),
        (Endpoint::Userinfo, Method::PUT, OauthEndpoint::Userinfo),
        (Endpoint::Token, Method::GET, OauthEndpoint::Token),
        (Endpoint::Par, Method::GET, OauthEndpoint::Par),
        (Endpoint::Revoke, Method::GET, OauthEndpoint::Revoke),
        (Endpoint::Introspect, Method::GET, OauthEndpoint::Introspect),
    ] {
        is_refused(&house, endpoint, method, recorded).await;
    }
    let bench = Bench::open().await;
    let (endpoint, recorded) = (Endpoint::LoggedIn, OauthEndpoint::Authorize);
    is_refused(&bench.house, endpoint, Method::POST, recorded).await;
}
