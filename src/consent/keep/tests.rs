//! The pages and the JSON of what customers keep, over a shelf of consents.

mod deciding;
mod parity;
mod reminding;
mod shelf;
mod telling;

use std::sync::Arc;

use http_body_util::BodyExt;
use model::ports::{
    Consent, DeskForm, Look, Looked, Looker, Permissions, SeatedCustomer, WhoAsks, Withdrawn,
};
use model::{
    ClientId, ConsentId, ConsentState, Edge, GrantAction, InteractionId, ProductId, RequestId,
    Response,
};
use serde_json::Value;
use store::Memory;

use self::shelf::{Shelf, consent, id};
use super::{Keeper, KeeperPorts, KeeperSettings};
use crate::open_evidence;
use crate::test_desk::bank::Bank;
use crate::test_desk::{at, bank_id, catalogue, kek, settings, visitor};

struct House {
    keeper: Keeper,
    shelf: Arc<Shelf>,
    accesses: Arc<Memory>,
}

fn house(consents: Vec<Consent>) -> House {
    let (shelf, accesses) = (Arc::new(Shelf::of(consents)), Arc::new(Memory::new()));
    let product = ProductId::parse("accounts").expect("valid");
    let settings = KeeperSettings {
        bank: bank_id(),
        products: [(product, "Account information".to_owned())].into(),
        remind_days: 30,
        catalogue: Arc::new(catalogue()),
        details: settings("sensitive").details,
        kek: kek(),
        own: Arc::default(),
    };
    let ports = KeeperPorts {
        consents: Arc::clone(&shelf) as _,
        accesses: Arc::clone(&accesses) as _,
        accounts: Arc::new(Bank::new(3)),
        random: Arc::new(crypto::SeededRandom::new(5)),
    };
    let keeper = Keeper::new(settings, ports).expect("texts and templates of ours");
    House {
        keeper,
        shelf,
        accesses,
    }
}

/// How somebody looks.
#[derive(Clone, Copy)]
struct By {
    subject: &'static str,
    language: &'static str,
    as_json: bool,
    /// When, in seconds of the story.
    now: i64,
}

const LI_LEI: By = By {
    subject: "li-lei",
    language: "en",
    as_json: false,
    now: 1_000,
};

fn form(place: &str) -> DeskForm {
    DeskForm {
        action: format!("/permissions/{place}"),
        csrf: "csrf-1".to_owned(),
        request: place.to_owned(),
    }
}

fn app<'w>(client: &ClientId) -> Option<WhoAsks<'w>> {
    let app = match client.as_str() {
        "swiftride-app" => "SwiftRide",
        "cartwheel-app" => "Cartwheel",
        _ => return None,
    };
    Some(WhoAsks {
        app,
        legal: "SwiftRide Mobility Co., Ltd.",
        number: "PSDCN-SR-0001",
        contact: "privacy@swiftride.example",
    })
}

fn event(action: GrantAction, consent: &Consent) -> model::GrantEvent {
    visitor::event(action, Some(consent.id.grant()), 1)
}

fn looker(by: By, interaction: &InteractionId) -> Looker<'_> {
    Looker {
        customer: SeatedCustomer {
            subject: by.subject,
            shown: "lilei",
            acr: None,
            pseudonym: [3; 32],
        },
        language: by.language,
        bank: "Harbour Bank",
        host: "auth.harbour.example",
        switch: "/permissions?ui_locales=zh-CN",
        path: "/permissions",
        as_json: by.as_json,
        form: &form,
        app: &app,
        event: &event,
        tokens_until: at(2_000),
        now: at(by.now),
        request_id: RequestId::new(at(by.now), [1; 10]),
        interaction,
    }
}

async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.expect("whole");
    String::from_utf8(bytes.to_bytes().to_vec()).expect("text")
}

impl House {
    async fn look(&self, by: By, look: Look<'_>) -> Option<Response> {
        let interaction = InteractionId::new([9; 16]);
        match self.keeper.show(looker(by, &interaction), look).await {
            Ok(Looked::Answer(response)) => Some(response),
            Ok(Looked::Unknown) => None,
            Err(fault) => panic!("{fault:?}"),
        }
    }

    async fn page(&self, by: By, look: Look<'_>) -> String {
        text(self.look(by, look).await.expect("there is one")).await
    }

    async fn json(&self, look: Look<'_>) -> Value {
        self.json_at(look, LI_LEI.now).await
    }

    async fn json_at(&self, look: Look<'_>, now: i64) -> Value {
        let by = By {
            as_json: true,
            now,
            ..LI_LEI
        };
        serde_json::from_str(&self.page(by, look).await).expect("JSON")
    }

    async fn withdraw(&self, by: By, id: &str) -> (Withdrawn, usize) {
        self.says(by, id, &[("act", "withdraw")]).await
    }

    /// What comes of a form with these members.
    async fn says(&self, by: By, id: &str, members: &[(&str, &str)]) -> (Withdrawn, usize) {
        let interaction = InteractionId::new([9; 16]);
        let owned = |(name, said): &(&str, &str)| ((*name).to_owned(), (*said).to_owned());
        let members: Vec<_> = members.iter().map(owned).collect();
        let looker = looker(by, &interaction);
        let (said, posted) = self.keeper.withdraw(looker, id, &members).await;
        (said.expect("it is said"), posted.len())
    }
}

/// The mark on a page of a withdrawal.
fn mark(page: &str) -> &str {
    let (_, mark) = page.split_once("name=\"shown\" value=\"").expect("a mark");
    mark.split('"').next().expect("its end")
}

/// A look at all of a consent, its latest accesses first.
fn at_one(id: &ConsentId) -> Look<'_> {
    Look::One {
        id: id.as_str(),
        after: "",
    }
}

fn three() -> Vec<Consent> {
    vec![
        consent(1, "swiftride-app", ConsentState::Withdrawn),
        consent(2, "cartwheel-app", ConsentState::Authorised),
        consent(3, "swiftride-app", ConsentState::Reviewing),
        consent(4, "swiftride-app", ConsentState::Refused),
        consent(5, "gone-app", ConsentState::Authorised),
    ]
}

const LIST: Look<'_> = Look::List {
    search: "",
    page: 1,
};

#[tokio::test]
async fn a_list_has_what_is_active_first_and_never_what_was_refused() {
    let house = house(three());
    for (language, groups) in [
        ("en", ["Active", "Waiting for you", "Ended"]),
        ("zh-CN", ["有效", "等待你决定", "已结束"]),
    ] {
        let page = house.page(By { language, ..LI_LEI }, LIST).await;
        let places = groups.map(|group| page.find(&format!("<h2>{group}</h2>")));
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{page}"
        );
        for said in [
            "id=\"permissions\"",
            "id=\"search\"",
            "id=\"log-out\"",
            "gone-app",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(page.contains("id=\"permission-4\"") && !page.contains("id=\"permission-5\""));
        assert!(!page.contains("<script"));
    }
    let history = house.json(Look::History { page: 1 }).await;
    assert_eq!(history["count"], 4, "what is undecided is no decision");
}

#[tokio::test]
async fn a_search_finds_apps_by_their_names() {
    let house = house(three());
    let look = Look::List {
        search: " cartWHEEL ",
        page: 1,
    };
    let found = house.json(look).await;
    assert_eq!(found["count"], 1, "{found}");
    assert_eq!(found["groups"][0]["rows"][0]["app"], "Cartwheel");
    let look = Look::List {
        search: "<b>",
        page: 1,
    };
    let none = house.page(LI_LEI, look).await;
    assert!(
        none.contains("There is nothing here.") && !none.contains("<b>\""),
        "{none}"
    );
}

#[tokio::test]
async fn five_hundred_come_in_pages_and_each_once() {
    let state = ConsentState::Authorised;
    let all = (1..=500).map(|number| consent(number, "swiftride-app", state));
    let house = house(all.collect());
    let mut seen = std::collections::BTreeSet::new();
    for page in 1..=13 {
        let list = house.json(Look::List { search: "", page }).await;
        assert_eq!((&list["pages"], &list["count"]), (&13.into(), &500.into()));
        assert_eq!(list["next"].is_null(), page == 13);
        assert_eq!(list["previous"].is_null(), page == 1);
        let rows = list["groups"][0]["rows"].as_array().expect("rows");
        assert_eq!(rows.len(), if page == 13 { 20 } else { 40 });
        seen.extend(rows.iter().map(|row| row["id"].to_string()));
    }
    assert_eq!(seen.len(), 500);
    let beyond = house
        .json(Look::List {
            search: "",
            page: 99,
        })
        .await;
    assert_eq!(beyond["page"], 13);
}

#[tokio::test]
async fn a_page_says_what_the_json_says() {
    let house = house(three());
    let two = id(2);
    let look = at_one(&two);
    let json = house.json(look).await;
    let page = house.page(LI_LEI, look).await;
    let said = [
        &json["app"],
        &json["legal"],
        &json["contact"],
        &json["says"],
        &json["given"]["say"],
        &json["until"]["say"],
        &json["clusters"][0]["say"],
        &json["clusters"][0]["more"],
        &json["accounts"][0]["name"],
        &json["accounts"][0]["masked"],
    ];
    for text in said {
        let text = text.as_str().expect("text");
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.contains("id=\"withdraw\""), "{page}");
    assert_eq!(json["unnamed"], 1, "the bank lists one of them no more");
    let list = house.json(LIST).await;
    let page = house.page(LI_LEI, LIST).await;
    for group in list["groups"].as_array().expect("groups") {
        for row in group["rows"].as_array().expect("rows") {
            assert!(page.contains(row["app"].as_str().expect("text")), "{row}");
            let changed = row["changed"]["say"].as_str().expect("text");
            assert!(page.contains(changed), "{changed}: {page}");
        }
    }
}

#[tokio::test]
async fn what_is_anothers_is_as_unknown_as_what_is_nothing() {
    let house = house(three());
    let two = id(2);
    let others = By {
        subject: "han-meimei",
        ..LI_LEI
    };
    for (by, id) in [
        (others, two.as_str()),
        (LI_LEI, "AAAAAAAAAAAAAAAAAAAAAA"),
        (LI_LEI, "no id"),
        (LI_LEI, ""),
    ] {
        for look in [
            Look::One { id, after: "" },
            Look::Withdrawal(id),
            Look::Receipt(id),
        ] {
            assert!(house.look(by, look).await.is_none(), "{look:?}");
        }
        assert_eq!(house.withdraw(by, id).await, (Withdrawn::Unknown, 0));
    }
    assert_eq!(house.shelf.withdrawals().len(), 0);
}

#[tokio::test]
async fn a_withdrawal_keeps_the_page_that_was_read_and_is_made_once() {
    let house = house(three());
    let two = id(2);
    for (language, says) in [("en", "What stops"), ("zh-CN", "停止的内容")] {
        let by = By { language, ..LI_LEI };
        let page = house.page(by, Look::Withdrawal(two.as_str())).await;
        for said in [says, "id=\"confirm-withdraw\"", "id=\"keep\""] {
            assert!(page.contains(said), "{said}: {page}");
        }
    }
    let read = house.page(LI_LEI, Look::Withdrawal(two.as_str())).await;
    // The form comes in another request than the one that showed the page.
    let later = By {
        now: 1_060,
        ..LI_LEI
    };
    let again = house.page(later, Look::Withdrawal(two.as_str())).await;
    assert_ne!(read, again);
    let form = [("act", "withdraw"), ("shown", mark(&read))];
    assert_eq!(
        house.says(later, two.as_str(), &form).await,
        (Withdrawn::Ended, 1)
    );
    assert_eq!(
        house.withdraw(LI_LEI, two.as_str()).await,
        (Withdrawn::Ended, 0)
    );

    let mut withdrawals = house.shelf.withdrawals();
    assert_eq!(withdrawals.len(), 1);
    let (withdrawal, event) = withdrawals.remove(0);
    assert_eq!(withdrawal.tokens_until, at(2_000));
    let part = event.consent.expect("a consent");
    assert_eq!(
        (part.to, part.customer),
        (ConsentState::Withdrawn, Some([3; 32]))
    );
    let evidence = withdrawal.evidence.expect("kept");
    assert_eq!(evidence.edge, Edge::Withdraw);
    let shown = open_evidence(&kek(), &bank_id(), &two, &evidence).expect("opens");
    assert_eq!(shown.page, read);
    let said = |(name, said): (&str, &str)| (name.to_owned(), said.to_owned());
    assert_eq!(shown.choices, form.map(said));
    let page = house.page(LI_LEI, Look::Withdrawal(two.as_str())).await;
    assert!(!page.contains("id=\"confirm-withdraw\""), "{page}");
}

#[tokio::test]
async fn a_page_that_was_not_proved_to_be_shown_says_so_and_keeps_nobody_from_withdrawing() {
    let two = id(2);
    let (mut others, mut forged) = (String::new(), String::new());
    for number in 0..4 {
        let house = house(three());
        let read = house.page(LI_LEI, Look::Withdrawal(two.as_str())).await;
        if number == 0 {
            let zh = By {
                language: "zh-CN",
                ..LI_LEI
            };
            let page = house.page(zh, Look::Withdrawal(two.as_str())).await;
            mark(&page).clone_into(&mut others);
            forged = mark(&read).replace('.', "!");
        }
        let form = match number {
            0 => vec![("act", "withdraw")],
            1 => vec![("act", "withdraw"), ("shown", others.as_str())],
            2 => vec![("act", "withdraw"), ("shown", forged.as_str())],
            _ => vec![
                ("shown", "x.y"),
                ("act", "withdraw"),
                ("shown", mark(&read)),
            ],
        };
        let ended = house.says(LI_LEI, two.as_str(), &form).await;
        assert_eq!(ended, (Withdrawn::Ended, 1), "{form:?}");
        let (withdrawal, _) = house.shelf.withdrawals().remove(0);
        let evidence = withdrawal.evidence.expect("kept");
        let shown = open_evidence(&kek(), &bank_id(), &two, &evidence).expect("opens");
        let (first, page) = shown.page.split_once('\n').expect("lines");
        assert!(first.contains("what was shown is not known"), "{first}");
        assert!(page.starts_with("<!doctype html>"), "{page}");
    }
}

#[tokio::test]
async fn an_end_that_has_come_is_one_before_anybody_notes_it() {
    let mut ended = consent(1, "swiftride-app", ConsentState::Authorised);
    ended.expires = Some(at(1_000));
    let mut late = consent(2, "swiftride-app", ConsentState::Confirming);
    late.decide_until = at(1_000);
    let house = house(vec![ended, late]);
    let one = id(1);
    let look = at_one(&one);
    assert_eq!(house.json(look).await["state"], "expired");
    assert_eq!(
        house.withdraw(LI_LEI, one.as_str()).await,
        (Withdrawn::Ended, 0)
    );
    assert_eq!(house.shelf.withdrawals().len(), 0);
    let history = house.json(Look::History { page: 1 }).await;
    assert_eq!(history["groups"][0]["rows"][0]["state"], "lapsed");
    assert_eq!(house.json(LIST).await["count"], 1);
}
