//! What a client may have back as its `state` (RFC 6749 Appendix A.5).

use super::unkept::{ask, of_request};
use super::{Endpoint, House};

#[tokio::test]
async fn a_state_is_of_visible_ascii_characters_and_spaces() {
    let house = House::with_customers().await;
    let pushed = async |state: &str| {
        let mut ask = ask(&house, &of_request());
        ask.set("state", state);
        house.send_to(Endpoint::Par, ask).await
    };
    for good in [" ", "a b", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"] {
        let answer = pushed(good).await;
        assert_eq!(answer.status, 201, "{good:?}: {}", answer.body);
    }
    for bad in [
        "\u{1}", "a\tb", "a\r\nb", "a\u{1f}", "\u{7f}", "\u{80}", "é", "状态",
    ] {
        let answer = pushed(bad).await;
        assert_eq!(answer.status, 400, "{bad:?}: {}", answer.body);
        assert_eq!(answer.body["error"], "invalid_request", "{bad:?}");
        let told = answer.body["error_description"].as_str();
        let told = told.unwrap_or_default();
        let says = "state must be at most 2048 visible ASCII characters and spaces";
        assert!(told.starts_with(says), "{bad:?}: {told}");
    }
}
