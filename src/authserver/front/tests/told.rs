//! What broke inside, and how the app is told.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::header::LOCATION;
use model::ports::{CustomerAuth, CustomersUnavailable, LogIn};
use model::{ClientId, InteractionId, RequestId};

use crate::test_house::{Answer, Ask, House, asked, bank};
use crate::{Authorization, Customers, Endpoint};

const CALLBACK: &str = "https://app.example/callback";

/// A bank that does not say who anybody is.
struct Silent;

impl CustomerAuth for Silent {
    fn log_in<'a>(
        &'a self,
        _user_name: &'a str,
        _password: &'a str,
        _request: RequestId,
        _interaction: &'a InteractionId,
        _deadline: Duration,
    ) -> BoxFuture<'a, Result<LogIn, CustomersUnavailable>> {
        Box::pin(async {
            Err(CustomersUnavailable {
                doing: "testing",
                source: None,
            })
        })
    }
}

/// A house that asks customers, where the app has a name of so many characters.
async fn house(name_chars: usize) -> House {
    House::open_with(|settings| {
        settings.authorization = Some(Authorization {
            customers: Customers::Password(Arc::new(Silent)),
            acr_values: Vec::new(),
            grant_lifetime: Duration::from_hours(1),
            desk: None,
            permissions: None,
            own: Arc::default(),
        });
        let id = ClientId::parse("swiftride-app").expect("valid");
        let client = settings.clients.get_mut(&id).expect("a client");
        client.redirect_uris = vec![CALLBACK.to_owned()];
        client.app.legal = "x".repeat(name_chars);
    })
    .await
}

/// What a browser is answered that comes by the link of a request that was pushed.
async fn visited(house: &House) -> (u16, Option<String>) {
    let mut ask: Ask = house.ask("swiftride-app");
    ask.unset("grant_type");
    for (name, value) in [
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("state", "s-1"),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
    ] {
        ask.set(name, value);
    }
    let (response, _) = house
        .server
        .answer(&bank(), Endpoint::Par, house.asked(ask))
        .await;
    let pushed = Answer::of(response).await;
    assert_eq!(pushed.status, 201, "{}", pushed.body);
    let reference = pushed.body["request_uri"].as_str().expect("text");
    let link = format!("/authorize?client_id=swiftride-app&request_uri={reference}");
    let mut request = http::Request::new(model::empty());
    *request.uri_mut() = link.parse().expect("an address");
    let asked = asked(request, None);
    let (response, _) = house
        .server
        .answer(&bank(), Endpoint::Authorize, asked)
        .await;
    let location = response.headers().get(LOCATION);
    let location = location.map(|location| location.to_str().expect("text").to_owned());
    (response.status().as_u16(), location)
}

#[tokio::test]
async fn er_03_what_broke_inside_is_told_to_the_app() {
    // A name as long as a page takes, and one that no page can show.
    assert_eq!(visited(&house(200).await).await, (200, None));
    let (status, location) = visited(&house(201).await).await;
    let issuer = crate::test_house::ISSUER;
    let expected = format!("{CALLBACK}?error=server_error&state=s-1&iss={issuer}");
    assert_eq!((status, location), (303, Some(expected)));
}
