//! Other origins: no page of another site is told anything by a browser on its behalf (T-04).

use kit::{FORM, Method, TestHouse, Version};

/// Every endpoint, with a method it takes.
const ENDPOINTS: [(&str, &str); 14] = [
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/jwks"),
    ("GET", "/jwks/upstream"),
    ("POST", "/token"),
    ("POST", "/par"),
    ("POST", "/revoke"),
    ("GET", "/authorize"),
    ("POST", "/authorize"),
    ("POST", "/log-in"),
    ("POST", "/approve"),
    ("GET", "/done"),
    ("GET", "/.well-known/oauth-protected-resource/fx/v1"),
    ("GET", "/fx/v1/rates"),
    ("GET", "/branches/v1/branches"),
];

#[tokio::test]
async fn no_endpoint_answers_another_origin_nor_its_preflight() {
    let house = TestHouse::start().await;
    let mut known = 0;
    for listener in [house.issuer(), house.api()] {
        for (method, target) in ENDPOINTS {
            let dial = house.dial(None, Version::Http2);
            let mut client = dial.connect(listener).await.expect("a connection");
            let origin = ("origin", "https://elsewhere.example");
            let asked = [
                origin,
                ("access-control-request-method", method),
                ("access-control-request-headers", "authorization, dpop"),
            ];
            let preflight = client.call(Method::OPTIONS, target, &asked, "").await;
            let preflight = preflight.expect("an answer");
            assert!(!preflight.status.is_success(), "{target}: {preflight:?}");
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let asked = client.call(method, target, &[origin, FORM], "").await;
            let asked = asked.expect("an answer");
            known += usize::from(asked.status != 404);
            for answer in [preflight, asked] {
                let mut names = answer.headers.keys();
                let says = names.any(|name| name.as_str().starts_with("access-control-"));
                assert!(!says, "{target}: {answer:?}");
            }
        }
    }
    assert!(known >= ENDPOINTS.len(), "{known}: each is somewhere");
}
