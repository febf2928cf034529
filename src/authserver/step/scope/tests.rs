//! What is left of scopes that were granted.

use jiff::Timestamp;

use super::*;
use crate::test_house::agreed;

#[test]
fn tk_08_of_scopes_none_of_which_is_open_nothing_is_left() {
    let agreements = agreed("rates branches");
    let open = Open::at(&agreements, Timestamp::UNIX_EPOCH);
    let left = |granted: &str| still_open(granted, open).map(|left| left.to_string());
    for (granted, expected) in [
        ("rates", Some("rates")),
        ("rates payments", Some("rates")),
        ("openid payments", Some("openid")),
        ("payments", None),
        ("payments funds", None),
        // A grant of details alone has none that could be closed.
        ("", Some("")),
        // What no scope is.
        ("rates\"", None),
    ] {
        assert_eq!(left(granted).as_deref(), expected, "{granted:?}");
    }
    let none = Open::at(&[], Timestamp::UNIX_EPOCH);
    assert_eq!(still_open("openid rates", none), None);
}
