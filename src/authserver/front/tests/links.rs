//! Addresses that browsers come with: too long, another browser's, or of a request that nobody
//! pushed.

use std::sync::Arc;

use model::ports::{Grants, Push, PushedRequest};
use model::{ClientId, Clock};

use super::desk::{done, seated};
use super::is_bad_page;
use super::visitor::{self, CALLBACK, Visitor};
use crate::request::authentication::Authentication;
use crate::request::details::Details;
use crate::request::pushed::URN;
use crate::request::{AuthorizationRequest, to_store};
use crate::test_house::{House, LiLei, bank};
use crate::{Customers, Endpoint, ResponseMode};

const APP: &str = "swiftride-app";
/// The longest query that is read, in bytes.
const LONGEST: usize = 16 * 1024;

async fn house() -> House {
    let customers = Customers::Password(Arc::new(LiLei));
    House::open_with(|settings| visitor::grants(settings, customers)).await
}

#[tokio::test]
async fn a_query_is_read_that_is_no_longer_than_16_kib() {
    let house = house().await;
    let (too_long, in_english) = ("The query is too long.", "<html lang=\"en\">");
    for endpoint in [Endpoint::Authorize, Endpoint::Done] {
        for (bytes, is_read) in [(LONGEST, true), (LONGEST + 1, false), (60_000, false)] {
            let mut query = "ui_locales=en&more=".to_owned();
            query.extend(std::iter::repeat_n('x', bytes - query.len()));
            let mut visitor = Visitor::default();
            let target = format!("/?{query}");
            let page = visitor.get(&house, endpoint, &target).await;
            is_bad_page(&page, "invalid_request", "");
            let (says, is_english) = (page.html.contains(too_long), page.html.contains(in_english));
            assert_eq!(says, !is_read, "{endpoint:?}: {bytes}");
            assert_eq!(is_english, is_read, "{endpoint:?}: {bytes}");
        }
    }
}

#[tokio::test]
async fn the_way_back_to_an_app_is_that_browsers_alone_that_made_it() {
    let house = house().await;
    let (mut owner, page) = seated(&house, &[]).await;
    let form = page.form(&[("act", "refuse")]);
    let page = owner.post(&house, Endpoint::Approve, form).await;
    let to = page.location.clone().expect("a link");
    // Another customer's browser, which has a cookie of its own.
    let (mut other, _) = seated(&house, &[]).await;
    assert!(!other.cookies.is_empty(), "it is known too");
    assert_ne!(owner.cookies, other.cookies);
    for mut stranger in [other.clone(), Visitor::default()] {
        let refused = stranger.get(&house, Endpoint::Done, &to).await;
        is_bad_page(
            &refused,
            "invalid_request",
            "This way back to the app is over",
        );
        assert!(!refused.html.contains(CALLBACK), "{}", refused.html);
    }
    other.cookies.clone_from(&owner.cookies);
    for browser in [&mut owner, &mut other] {
        let (location, _) = done(&house, browser, &page).await;
        assert!(location.starts_with(CALLBACK), "{location}");
        assert!(location.contains("error=access_denied"), "{location}");
    }
}

/// Keeps a good request under this reference, as if it had been pushed.
async fn keep(house: &House, request_uri: &str) {
    let request = AuthorizationRequest {
        redirect_uri: CALLBACK.to_owned(),
        response_mode: ResponseMode::Query,
        state: None,
        scope: "rates".to_owned(),
        authorization_details: Details::default(),
        resource: None,
        challenge: crypto::base64url(&[7; 32]),
        dpop_jkt: None,
        ui_locales: None,
        authentication: Authentication::default(),
        signed: None,
    };
    let now = house.clock.now();
    let kept = PushedRequest {
        digest: crypto::sha256(request_uri.as_bytes()),
        client: ClientId::parse(APP).expect("valid"),
        request: to_store(&request),
        expires: now + std::time::Duration::from_mins(1),
    };
    let kept = house.store.push(&bank(), kept, now).await;
    assert_eq!(kept.expect("a store"), Push::Kept);
}

#[tokio::test]
async fn oa_10_a_request_is_known_by_no_reference_but_one_that_a_push_gave() {
    let house = house().await;
    for (reference, is_known) in [
        (format!("{URN}kept"), true),
        ("https://app.example/request".to_owned(), false),
        ("urn:ietf:params:oauth:other:kept".to_owned(), false),
        ("kept".to_owned(), false),
    ] {
        keep(&house, &reference).await;
        let link = format!("/authorize?client_id={APP}&request_uri={reference}");
        let mut visitor = Visitor::default();
        let page = visitor.get(&house, Endpoint::Authorize, &link).await;
        if is_known {
            assert_eq!(page.status, 200, "{reference}: {}", page.html);
        } else {
            is_bad_page(&page, "invalid_request_uri", "request_uri is unknown");
        }
    }
}
