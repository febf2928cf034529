//! `mortise consent evidence`: who consented to what, held against the log, and exported.

use std::path::Path;

use kit::{HouseBuilder, TestHouse, text};
use serde_json::Value;

use super::control::consent;
use super::{first_account, id_of, tokens_of};
use crate::grants::App;
use crate::log_files::segments;
use crate::process::{Finished, finish, mortise};

fn digest(text: &str) -> String {
    crypto::base64url(&crypto::sha256(text.as_bytes()))
}

/// What `mortise audit verify` says of the first record of an export.
fn judged(house: &TestHouse, export: &Path) -> Finished {
    let mut command = mortise();
    command.args(["audit", "verify", "--dir"]);
    command.arg(&house.prepared().audit);
    for (name, ending) in [("--proof", "proof"), ("--record", "record")] {
        let file = export.join(format!("000-authorise.{ending}.json"));
        command.arg(name).arg(file);
    }
    finish(&mut command)
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

    // What is sealed is what its record names, and the log has that record, as its proof says.
    let kept = std::fs::read(folder.join("000-authorise.sealed")).expect("a file");
    let sealed = crypto::hex(&crypto::sha256(&kept));
    assert_eq!(piece["sealed_sha256"], sealed.as_str());
    assert_eq!(piece["log"], "these_bytes");
    let logged = text(&folder.join("000-authorise.record.json"));
    assert!(
        logged.contains(&format!("\"evidence_digest\":\"{sealed}\"")),
        "{logged}"
    );
    let judged = judged(&house, &folder);
    assert_eq!(judged.code, Some(0), "{judged:?}");
    assert!(judged.out.contains("the log has it"), "{judged:?}");
    let broken = logged.replace("customer", "partners");
    std::fs::write(folder.join("000-authorise.record.json"), broken).expect("written");
    let judged = self::judged(&house, &folder);
    assert_eq!(judged.code, Some(1), "{judged:?}");
    assert!(judged.out.contains("of another record"), "{judged:?}");

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

/// Puts other pieces into a store, as somebody could who has its file: of the first consent the
/// two in each other's place, or the second one's in the place of its second.
const PUTS: &str = "
import sqlite3, sys
file, how, one, other = sys.argv[1:]
base = sqlite3.connect(file)
def sealed(*of):
    found = base.execute('SELECT sealed FROM consent_evidence WHERE id = ? AND edge = ?', of)
    return found.fetchone()[0]
def put(edge, bytes):
    where = (bytes, one, edge)
    base.execute('UPDATE consent_evidence SET sealed = ? WHERE id = ? AND edge = ?', where)
if how == 'swap':
    allow, authorise = sealed(one, 'allow'), sealed(one, 'authorise')
    put('allow', authorise)
    put('authorise', allow)
else:
    put('authorise', sealed(other, 'authorise'))
base.commit()
base.close()
";

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_was_put_in_the_place_of_another_is_found_and_named() {
    let house = HouseBuilder::consenting().restartable().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let (tokens, _) = first_account(&house, &mut app, "li-lei").await;
    let (others, _) = first_account(&house, &mut app, "han-meimei").await;
    let (id, other) = (id_of(&tokens), id_of(&others));
    let builder = house.rebuild().await;
    let store = builder.dir().join("mortise.sqlite");
    let shown = |folder: &str| {
        let folder = builder.dir().join(folder);
        let export = folder.to_str().expect("text");
        let asked = ["evidence", id.as_str(), "--export", export];
        consent(&builder.config(), &asked)
    };
    let good = shown("good");
    assert_eq!(good.code, Some(0), "{good:?}");
    assert_eq!(
        good.out.matches("of these very bytes").count(),
        2,
        "{good:?}"
    );
    for (how, pieces) in [
        ("swap", ["of other bytes", "of other bytes"]),
        ("put", ["of other bytes", "it does not open"]),
    ] {
        let mut python = std::process::Command::new("python3");
        python.args(["-c", PUTS]).arg(&store);
        let put = finish(python.args([how, &id, &other]));
        assert_eq!(put.code, Some(0), "{put:?}");
        let found = shown(how);
        assert_eq!(found.code, Some(1), "{how}: {found:?}");
        let (allow, authorise) = found.out.split_once("authorise at ").expect("two pieces");
        let (_, allow) = allow.split_once("allow at ").expect("a piece");
        for (said, piece) in [allow, authorise].into_iter().zip(pieces) {
            assert!(said.contains(piece), "{how}: {said}");
        }
        // What does not open is exported as it is, and told of no further.
        let page = builder.dir().join(how).join("001-authorise.html");
        assert_eq!(page.exists(), how == "swap");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_changed_is_found() {
    let house = HouseBuilder::consenting().start().await;
    let file = house.dir().join("gateway.yaml");
    let mut app = App::of(&house, "swiftride-app").await;
    let id = id_of(&tokens_of(&house, &mut app, "li-lei").await);
    let folder = house.dir().join("evidence");
    let export = ["evidence", &id, "--export", folder.to_str().expect("text")];
    let shown = consent(&file, &export);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let [segment] = &*segments(&house.prepared().audit) else {
        panic!("one segment");
    };
    let mut bytes = std::fs::read(segment).expect("a segment");
    let name = b"evidence_digest\":\"";
    let mut windows = bytes.windows(name.len());
    let at = windows.position(|window| window == name).expect("a record") + name.len();
    bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
    std::fs::write(segment, bytes).expect("written");
    for found in [consent(&file, &["evidence", &id]), judged(&house, &folder)] {
        assert_eq!(found.code, Some(3), "{found:?}");
        assert!(found.err.contains("the audit log is corrupt"), "{found:?}");
    }
}
