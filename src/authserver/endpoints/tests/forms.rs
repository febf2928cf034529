//! What every endpoint of clients asks of a form and of whoever sends it (PA-01, CA-02), and how
//! much may be pushed (PA-09).

use http::Method;
use jiff::Timestamp;

use model::ports::{Grants, Push, PushedRequest};

use super::unkept::{APP, ask, of_request};
use super::{Answer, Change, ClientId, Clock, Endpoint, House, bank};

const ENDPOINTS: [Endpoint; 4] = [
    Endpoint::Token,
    Endpoint::Par,
    Endpoint::Revoke,
    Endpoint::Introspect,
];

/// What is changed of a good request, the status, the error, how its words begin.
type Row = (&'static str, Change, u16, &'static str, &'static str);

const ROWS: &[Row] = &[
    (
        "PA-01 by GET",
        |_, ask| ask.method = Method::GET,
        405,
        "invalid_request",
        "This endpoint takes POST only.",
    ),
    (
        "PA-01 by PUT",
        |_, ask| ask.method = Method::PUT,
        405,
        "invalid_request",
        "This endpoint takes POST only.",
    ),
    (
        "PA-01 as JSON",
        |_, ask| ask.headers = vec![("content-type", "application/json".into())],
        400,
        "invalid_request",
        "The Content-Type must be application/x-www-form-urlencoded.",
    ),
    (
        "PA-01 as nothing",
        |_, ask| ask.headers.clear(),
        400,
        "invalid_request",
        "The Content-Type must be application/x-www-form-urlencoded.",
    ),
    (
        "PA-09 too much",
        |_, ask| ask.set("state", &"s".repeat(64 * 1024)),
        413,
        "invalid_request",
        "The form must not be longer than 65536 bytes.",
    ),
    (
        "PA-11 a parameter twice",
        |_, ask| {
            ask.form.push(("client_id", Some(APP.to_owned())));
            ask.form.push(("client_id", Some(APP.to_owned())));
        },
        400,
        "invalid_request",
        "The parameter client_id must not stand more than once.",
    ),
    (
        "PA-02 by nobody",
        |_, ask| {
            ask.unset("client_assertion");
            ask.unset("client_assertion_type");
        },
        401,
        "invalid_client",
        "This server authenticates clients by",
    ),
    (
        "PA-02 by whoever names a client",
        |_, ask| {
            ask.unset("client_assertion");
            ask.unset("client_assertion_type");
            ask.set("client_id", APP);
        },
        401,
        "invalid_client",
        "No registered client of this client_id proves itself",
    ),
    (
        "PA-02 by another's key",
        |_, ask| ask.signer = "mall-app",
        401,
        "invalid_client",
        "No registered client has a key that made this assertion",
    ),
];

/// A request that is good at this endpoint.
fn good(house: &House, endpoint: Endpoint) -> super::Ask {
    match endpoint {
        Endpoint::Token => house.ask(APP),
        Endpoint::Par => ask(house, &of_request()),
        _ => ask(house, &[("token", "some-token")]),
    }
}

#[tokio::test]
async fn ca_02_each_endpoint_of_clients_takes_a_form_by_post_of_a_client_that_proves_itself() {
    for endpoint in ENDPOINTS {
        let house = House::with_customers().await;
        let answer = house.send_to(endpoint, good(&house, endpoint)).await;
        assert!(answer.status < 300, "{endpoint:?}: {}", answer.body);
        for (row, change, status, error, words) in ROWS {
            let mut ask = good(&house, endpoint);
            change(&house, &mut ask);
            let answer = house.send_to(endpoint, ask).await;
            let at = format!("{row} at {endpoint:?}: {}", answer.body);
            assert_eq!(answer.status, *status, "{at}");
            assert_eq!(answer.body["error"], *error, "{at}");
            let told = answer.body["error_description"].as_str().expect("words");
            assert!(told.starts_with(words), "{at}");
            let allow = (*status == 405).then_some("POST");
            assert_eq!(answer.header("allow"), allow, "{at}");
        }
    }
}

async fn push(house: &House, client: &'static str) -> Answer {
    let mut ask = house.ask(client);
    ask.unset("grant_type");
    for (name, value) in of_request() {
        ask.set(name, value);
    }
    house.send_to(Endpoint::Par, ask).await
}

#[tokio::test]
async fn pa_09_a_client_with_too_many_requests_that_wait_is_told_to_wait_and_no_other_is() {
    /// As many as a store keeps for one client.
    const FULL: u32 = 10_000;
    let house = House::with_customers().await;
    let now = house.clock.now();
    let until = now.checked_add(std::time::Duration::from_secs(90));
    let until = until.expect("an instant");
    let fill = |number: u32, expires: Timestamp| {
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&number.to_be_bytes());
        PushedRequest {
            digest,
            client: ClientId::parse(APP).expect("valid"),
            request: b"{}".to_vec(),
            expires,
        }
    };
    for number in 1..FULL {
        let pushed = house.store.push(&bank(), fill(number, until), now).await;
        assert_eq!(pushed.expect("a store"), Push::Kept);
    }
    assert_eq!(push(&house, APP).await.status, 201, "there is room for one");
    let answer = push(&house, APP).await;
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert_eq!(answer.body["error"], "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.body.get("request_uri"), None);
    let durable = house.durable();
    let record = durable.last().expect("a record");
    assert_eq!(
        (record.status, record.code),
        (429, Some("temporarily_unavailable"))
    );
    assert_eq!(push(&house, "mall-app").await.status, 201, "another client");
    house.clock.advance(std::time::Duration::from_secs(90));
    assert_eq!(push(&house, APP).await.status, 201, "they are over");
}
