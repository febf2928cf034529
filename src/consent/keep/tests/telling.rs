//! What is told of accesses, of how a consent stands, and of all that was given.

use std::collections::BTreeSet;

use model::ports::{AccessRow, Accesses, LogIndex, Look};
use model::{
    BoundTo, BoundValue, ClusterId, ConsentId, ConsentState, DetailType, OperationId, PartnerId,
    ProductId, RequestId, ScopeSet,
};

use super::shelf::{consent, id};
use super::{By, House, LI_LEI, LIST, at_one, house};
use crate::lodged::Lodged;
use crate::test_desk::{at, bank_id};

/// An access under a consent, which came as the so-manieth and was answered with this status.
fn access(of: &ConsentId, number: u32, second: i64, status: u16) -> AccessRow {
    let mut random = [0; 10];
    random[..4].copy_from_slice(&number.to_be_bytes());
    AccessRow {
        digest: crypto::sha256(of.as_str().as_bytes()),
        at: at(second),
        request: RequestId::new(at(0), random),
        partner: PartnerId::parse("swiftride").expect("valid"),
        product: ProductId::parse("accounts").expect("valid"),
        operation: OperationId::parse("listAccounts").expect("valid"),
        clusters: vec![ClusterId::parse("balance").expect("valid")],
        status,
        code: None,
        attended: true,
    }
}

impl House {
    async fn note(&self, rows: Vec<AccessRow>) {
        for some in rows.chunks(1_000) {
            let upto = LogIndex {
                index: 1,
                segment: String::new(),
                offset: 0,
            };
            let bank = bank_id();
            let noted = self.accesses.note(&bank, upto, some.to_vec());
            noted.await.expect("a store in memory");
        }
    }
}

fn active(number: u32) -> model::ports::Consent {
    consent(number, "swiftride-app", ConsentState::Authorised)
}

#[tokio::test]
async fn each_access_is_told_by_what_came_of_it_and_only_what_was_given_counts_as_use() {
    let (house, one) = (house(vec![active(1)]), id(1));
    let table = [
        (
            0,
            "unknown",
            "unknown: the app broke off",
            "不明：应用中断了请求",
        ),
        (504, "unanswered", "not answered by this bank", "本行未答复"),
        (403, "refused", "refused", "已拒绝"),
        (429, "refused", "refused", "已拒绝"),
        (201, "given", "given", "已提供"),
        (200, "given", "given", "已提供"),
    ];
    let rows = (0..)
        .zip(table)
        .map(|(number, (status, ..))| access(&one, number, 600 - i64::from(number), status));
    house.note(rows.collect()).await;
    let json = house.json(at_one(&one)).await;
    let told = json["accesses"].as_array().expect("a list");
    assert_eq!(told.len(), table.len());
    for (told, (status, outcome, ..)) in told.iter().zip(table) {
        assert_eq!(
            (&told["status"], &told["outcome"]),
            (&status.into(), &outcome.into())
        );
        assert_eq!(told["is_good"], outcome == "given", "{told}");
        assert_eq!(told["product"], "Account information");
        assert_eq!(told["product_id"], "accounts");
    }
    assert_eq!(json["this_month"], 2);
    let list = house.json(LIST).await;
    let last = &list["groups"][0]["rows"][0]["last_used"]["at"];
    assert_eq!(*last, at(596).to_string(), "{list}");
    for (language, word) in [("en", 2), ("zh-CN", 3)] {
        let page = house.page(By { language, ..LI_LEI }, at_one(&one)).await;
        for row in table {
            let said = [row.1, row.1, row.2, row.3][word];
            assert!(
                page.contains(&format!("</span> {said}</span>")),
                "{said}: {page}"
            );
        }
    }
}

#[tokio::test]
async fn accesses_come_page_by_page_up_to_the_first_each_once_also_while_others_come() {
    const ALL: u32 = 2_130;
    let (house, one) = (house(vec![active(1)]), id(1));
    // Many came in one instant.
    let rows = (0..ALL).map(|number| access(&one, number, i64::from(number / 100), 200));
    house.note(rows.collect()).await;
    let (mut seen, mut after, mut pages) = (BTreeSet::new(), String::new(), 0);
    loop {
        let look = Look::One {
            id: one.as_str(),
            after: &after,
        };
        let json = house.json(look).await;
        for told in json["accesses"].as_array().expect("a list") {
            let request = told["request"].as_str().expect("text").to_owned();
            assert!(seen.insert(request), "{told}");
        }
        assert_eq!(json["latest"].is_null(), after.is_empty());
        pages += 1;
        // What comes meanwhile is before the first page.
        house.note(vec![access(&one, ALL + pages, 900, 200)]).await;
        let Some(next) = json["next"].as_str() else {
            break;
        };
        let (path, place) = next.split_once("?after=").expect("a place");
        assert_eq!(path, "/permissions/consent-1");
        place.clone_into(&mut after);
    }
    assert_eq!((seen.len(), pages), (ALL as usize, ALL.div_ceil(50)));
    let page = house.page(LI_LEI, at_one(&one)).await;
    assert!(
        page.contains("id=\"next\"") && !page.contains("id=\"latest\""),
        "{page}"
    );
    let nowhere = Look::One {
        id: one.as_str(),
        after: "no place",
    };
    let first = house.json(nowhere).await;
    assert_eq!(
        first["accesses"],
        house.json(at_one(&one)).await["accesses"]
    );
}

#[tokio::test]
async fn all_that_was_given_is_told() {
    let mut given = active(1);
    let details = r#"[{"type":"branch_visit","reason":"a <card>"},{"type":"funds_check",
        "limit":{"currency":"CNY","value":"3000.00"}},{"type":"consent","consent_id":"x"}]"#;
    let scopes = ScopeSet::parse("accounts funds").expect("scopes");
    given.lodged = Lodged::of(&scopes, details).kept().expect("text");
    given.replaces = Some(id(8));
    given.replaced_by = Some(id(9));
    let terms = given.terms.as_mut().expect("terms");
    terms.data_from = Some(jiff::civil::date(2026, 1, 2));
    terms.per_day_unattended = 3;
    terms.bound = vec![BoundValue {
        detail: DetailType::parse("funds_check").expect("valid"),
        member: "limit".to_owned(),
        value: BoundTo::Money {
            amount: "3000.00".to_owned(),
            currency: *b"CNY",
        },
    }];
    let (house, one) = (house(vec![given]), id(1));
    let json = house.json(at_one(&one)).await;
    assert_eq!(json["partner_number"], "PSDCN-SR-0001");
    assert_eq!(json["data"]["from"], "2026-01-02");
    assert!(json["data"]["until"].is_null(), "{json}");
    assert_eq!(json["per_day"], 3);
    assert_eq!(json["replaces"]["href"], "/permissions/consent-8");
    assert_eq!(json["replaced_by"]["id"], "consent-9");
    assert_eq!(json["values"].as_array().map(Vec::len), Some(1));
    let tables = json["details"].as_array().expect("a list");
    assert_eq!(
        tables.len(),
        1,
        "what is bound stands among the values: {json}"
    );
    assert_eq!(tables[0]["title"], "A visit");
    assert_eq!(tables[0]["rows"][0]["value"], "a <card>");
    let page = house.page(LI_LEI, at_one(&one)).await;
    for said in [
        "PSDCN-SR-0001",
        "From 2 January 2026 on",
        "Each kind of data of an account at most 3 times a day",
        "href=\"&#x2f;permissions&#x2f;consent-8\"",
        "id=\"replaced-by\"",
        "A visit",
        "a &lt;card&gt;",
        "CNY 3,000.00",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let zh = By {
        language: "zh-CN",
        ..LI_LEI
    };
    let page = house.page(zh, at_one(&one)).await;
    for said in ["2026年1月2日起", "每天最多 3 次"] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[tokio::test]
async fn what_the_app_must_ask_for_again_is_told_so_and_can_be_withdrawn() {
    let mut asleep = active(1);
    asleep.terms.as_mut().expect("terms").reauth_at = Some(at(1_000));
    let (house, one) = (house(vec![asleep, active(2)]), id(1));
    let before = house.json_at(at_one(&one), 999).await;
    assert_eq!(
        (&before["state"], before["paused"].is_null()),
        (&"authorised".into(), true)
    );
    let json = house.json(at_one(&one)).await;
    assert_eq!(
        (&json["state"], &json["is_in_force"]),
        (&"paused".into(), &true.into())
    );
    assert_eq!(json["paused"]["at"], at(1_000).to_string());
    // It is reminded of as what is in force is: it can be withdrawn.
    assert!(json["remind"].is_object(), "{json}");
    let list = house.json(LIST).await;
    let groups: Vec<_> = list["groups"].as_array().expect("groups").iter().collect();
    let named: Vec<_> = groups.iter().map(|group| &group["group"]).collect();
    assert_eq!(named, ["active", "paused"]);
    for (language, says) in [
        ("en", "Paused: the app must ask you again"),
        ("zh-CN", "已暂停：应用须再次征得你的同意"),
    ] {
        let by = By { language, ..LI_LEI };
        for look in [LIST, at_one(&one)] {
            let page = house.page(by, look).await;
            assert!(page.contains(says), "{says}: {page}");
        }
    }
    let page = house.page(LI_LEI, at_one(&one)).await;
    assert!(page.contains("id=\"withdraw\""), "{page}");
    assert_eq!(house.withdraw(LI_LEI, one.as_str()).await.1, 1);
}
