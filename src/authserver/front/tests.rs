//! What a listener's limits keep away as a rule, and what takes longer than a journey may.

mod consent;
mod consent_ends;
mod crowd;
mod desk;
mod details;
mod links;
mod methods;
mod permissions;
mod permissions_api;
mod provider;
mod told;
mod visitor;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Method, Request};
use http_body_util::{BodyExt, StreamBody};

use model::ports::{CustomerAuth, CustomersUnavailable, LogIn};
use model::{InteractionId, MessageBody, RequestId, Response};

use self::visitor::Page;
use crate::test_house::{House, asked, bank};
use crate::{Authorization, Customers, Endpoint};

/// A bank that has no customers.
struct Nobody;

impl CustomerAuth for Nobody {
    fn log_in<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: RequestId,
        _: &'a InteractionId,
        _: Duration,
    ) -> BoxFuture<'a, Result<LogIn, CustomersUnavailable>> {
        async { Ok(LogIn::Wrong { tries_left: 1 }) }.boxed()
    }
}

async fn house() -> House {
    House::open_with(|settings| {
        settings.authorization = Some(Authorization {
            customers: Customers::Password(Arc::new(Nobody)),
            acr_values: Vec::new(),
            grant_lifetime: Duration::from_hours(1),
            desk: None,
            permissions: None,
            own: Arc::default(),
        });
    })
    .await
}

async fn is_bad_request(response: Response, says: &str) {
    assert_eq!(response.status(), 400);
    let bytes = response
        .into_body()
        .collect()
        .await
        .expect("a page")
        .to_bytes();
    let page = String::from_utf8_lossy(&bytes);
    assert!(
        page.contains("<code id=\"error\">invalid_request</code>"),
        "{page}"
    );
    assert!(page.contains(says), "{page}");
}

/// Asserts that a browser was shown this error, with these words, and led nowhere.
#[track_caller]
fn is_bad_page(page: &Page, error: &str, says: &str) {
    assert_eq!((page.status, &page.location), (400, &None), "{}", page.html);
    let error = format!("<code id=\"error\">{error}</code>");
    assert!(page.html.contains(&error), "{}", page.html);
    assert!(page.html.contains(says), "{}", page.html);
}

#[tokio::test(start_paused = true)]
async fn a_browsers_form_that_never_arrives_is_not_waited_for_for_ever() {
    let house = house().await;
    for endpoint in [Endpoint::Authorize, Endpoint::LogIn, Endpoint::Approve] {
        let frames = futures_util::stream::pending::<Result<_, model::BodyError>>();
        let body: MessageBody = StreamBody::new(frames).boxed_unsync();
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        let form = "application/x-www-form-urlencoded";
        request
            .headers_mut()
            .insert("content-type", form.parse().expect("a header"));
        let started = tokio::time::Instant::now();
        let (response, _) = house
            .server
            .answer(&bank(), endpoint, asked(request, None))
            .await;
        assert_eq!(started.elapsed().as_secs(), 10);
        is_bad_request(response, "came too slowly").await;
    }
}
