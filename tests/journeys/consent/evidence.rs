//! `mortise consent evidence`: who consented to what, held against the log, and exported.

use kit::{HouseBuilder, text};
use serde_json::Value;

use super::control::consent;
use super::{id_of, tokens_of};
use crate::grants::App;

fn digest(text: &str) -> String {
    crypto::base64url(&crypto::sha256(text.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_customer_was_shown_and_said_is_shown_again_and_the_log_bears_it_out() {
    let house = HouseBuilder::consenting().start().await;
    let file = house.dir().join("gateway.yaml");
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = tokens_of(&house, &mut app, "li-lei").await;
    let id = id_of(&tokens);

    let folder = house.dir().join("evidence");
    let export = ["--export", folder.to_str().expect("text")];
    let arguments = [&["evidence", id.as_str(), "--json"][..], &export].concat();
    let shown = consent(&file, &arguments);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let json: Value = serde_json::from_str(&shown.out).expect("JSON");
    assert_eq!(json["is_borne_out"], true, "{json}");
    assert_eq!(json["consent"]["state"], "authorised", "{json}");
    assert_eq!(json["consent"]["client"], "swiftride-app", "{json}");
    assert!(json["consent"]["customer"].is_string(), "{json}");
    let pieces = json["evidence"].as_array().expect("pieces");
    let [piece] = pieces.as_slice() else {
        panic!("{json}")
    };
    assert_eq!(piece["edge"], "authorise", "{piece}");
    assert_eq!(piece["by"], "customer", "{piece}");
    let choices = piece["choices"].as_array().expect("choices");
    assert!(
        choices.contains(&serde_json::json!(["act", "allow"])),
        "{piece}"
    );

    // The files are what was kept, byte for byte.
    let page = text(&folder.join("000-authorise.html"));
    assert!(page.contains("SwiftRide"), "{page}");
    assert_eq!(piece["page_sha256"], digest(&page).as_str());
    let kind = piece["request"].as_str().expect("a kind");
    let request = text(&folder.join(format!("000-authorise.request.{kind}")));
    assert_eq!(piece["request_sha256"], digest(&request).as_str());
    assert!(request.contains("branches"), "{request}");
    let told: Value = serde_json::from_str(&text(&folder.join("consent.json"))).expect("JSON");
    assert_eq!(told, json);

    // The record that it names is the one of the approval; and that somebody looked is recorded.
    let records = house.records();
    let of_bank = records.iter().filter(|one| one["log"] == "bank/harbour");
    let place = piece["record"].as_u64().expect("a record");
    let record = of_bank.clone().nth(usize::try_from(place).expect("small"));
    let record = record.expect("the record");
    assert_eq!(record["action"], "grant.approve", "{record}");
    assert_eq!(record["gid"], json["consent"]["digest"], "{record}");
    assert_eq!(record["consent"]["text"], piece["text"], "{record}");
    let looks = of_bank.filter(|one| one["action"] == "consent.look");
    assert_eq!(looks.count(), 1, "{records:?}");

    // Nothing takes the place of what was exported before, and people can read it too.
    let again = consent(&file, &arguments);
    assert_eq!(again.code, Some(3), "{again:?}");
    let read = consent(&file, &["evidence", &id]);
    assert_eq!(read.code, Some(0), "{read:?}");
    for said in ["authorise at ", "choice    act = allow", "tells of it"] {
        assert!(read.out.contains(said), "{said}: {read:?}");
    }
    let nobodys = consent(&file, &["evidence", "AAAAAAAAAAAAAAAAAAAAAA"]);
    assert_eq!(nobodys.code, Some(1), "{nobodys:?}");
}
