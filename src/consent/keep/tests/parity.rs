//! The page and the JSON tell the same (specs/consent.md, screen D8): every look, over every state
//! that a consent can have, in both languages, fact by fact and both ways.
//!
//! A fact is a leaf of the JSON that is not for programs alone. Each must stand on the page, as a
//! text or an attribute; and each text of the page must be made of such facts and of words that the
//! template has of itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::ports::{AccessRow, Accesses, Consent, LogIndex, Look};
use model::{
    BoundTo, BoundValue, By as Actor, ClusterId, ConsentState, DetailType, OperationId, PartnerId,
    ProductId, PurposeId, RequestId, Resource, ResourceId, ResourceKind,
};
use serde_json::Value;
use store::Memory;

use super::super::page::KEYS;
use super::shelf::{Shelf, consent, id};
use super::{By, House, LI_LEI};
use crate::keep::{Keeper, KeeperPorts, KeeperSettings};
use crate::test_desk::bank::Bank;
use crate::test_desk::{at, bank_id, catalogue, kek, settings};

/// Members that programs go by, and whose meaning a page says in other words or by where it stands.
const FOR_PROGRAMS: &str = "id state at group status request number count tag self list history \
                            outcome product_id since edge shown by on";
/// Where a fact stands in a text.
const FACT: &str = "\u{1}";
const HOUR: i64 = 3_600;

/// The texts of the page's own, with [`FACT`] for what it is told; those that are told are none.
fn patterns(ftl: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let messages = ftl.lines().fold(Vec::<String>::new(), |mut all, line| {
        match all.last_mut() {
            Some(last) if line.starts_with(' ') => {
                last.push('\n');
                last.push_str(line.trim());
            }
            _ => all.push(line.to_owned()),
        }
        all
    });
    for message in messages {
        let Some((key, text)) = message.split_once(" = ") else {
            continue;
        };
        if KEYS.contains(&key) {
            continue;
        }
        let mut variants = vec![text.to_owned()];
        if let Some((before, rest)) = text.split_once("->\n") {
            let before = before.rsplit_once('{').expect("a choice").0;
            let (choices, after) = rest.rsplit_once('}').expect("its end");
            let choices = choices.lines().filter_map(|line| line.split_once("] "));
            variants = choices
                .map(|(_, said)| format!("{before}{said}{after}"))
                .collect();
        }
        found.extend(variants.iter().map(|text| with_gaps(text)));
    }
    found
}

/// A text with [`FACT`] for each variable.
fn with_gaps(text: &str) -> String {
    let mut parts = text.split('{');
    let mut made = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        made.push_str(FACT);
        made.push_str(part.split_once('}').map_or("", |(_, after)| after));
    }
    made.trim().to_owned()
}

fn unescaped(text: &str) -> String {
    let signs = [
        ("&#x2f;", "/"),
        ("&#x27;", "'"),
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ];
    let text = signs.iter().fold(text.to_owned(), |text, (escaped, sign)| {
        text.replace(escaped, sign)
    });
    text.replace("&amp;", "&")
}

/// The texts of a piece of a page, and the values of its attributes.
fn read(html: &str) -> (Vec<String>, BTreeSet<String>) {
    let (mut texts, mut attributes) = (Vec::new(), BTreeSet::new());
    for piece in html.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        let values = tag.split('"').skip(1).step_by(2);
        attributes.extend(values.map(unescaped));
        let text = unescaped(text.trim());
        // Signs beside a text say the same again.
        if !matches!(text.as_str(), "" | "••••" | "✓" | "×") {
            texts.push(text);
        }
    }
    (texts, attributes)
}

/// The facts of a value, with the name of the member that each stands in.
fn facts(name: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, one)| facts(name, one, found)),
        Value::Array(all) => all.iter().for_each(|one| facts(name, one, found)),
        _ if FOR_PROGRAMS.split(' ').any(|one| one == name) => {}
        Value::String(text) if !text.is_empty() => found.push((name.to_owned(), text.clone())),
        Value::Number(number) => found.push((name.to_owned(), number.to_string())),
        _ => {}
    }
}

/// The facts that a text is made of, between these words.
fn gaps<'f>(text: &str, words: &[&str], facts: &BTreeSet<&'f str>) -> Option<Vec<&'f str>> {
    let (first, others) = words.split_first()?;
    let rest = text.strip_prefix(first)?;
    if others.is_empty() {
        return rest.is_empty().then(Vec::new);
    }
    facts.iter().find_map(|fact| {
        let mut found = gaps(rest.strip_prefix(fact)?, others, facts)?;
        found.push(fact);
        Some(found)
    })
}

/// Whether a piece of a page tells what a value tells, and nothing else.
fn alike(json: &Value, html: &str, own: &BTreeSet<String>) -> Result<(), String> {
    let mut all = Vec::new();
    facts("", json, &mut all);
    let known: BTreeSet<&str> = all.iter().map(|(_, fact)| fact.as_str()).collect();
    let (texts, attributes) = read(html);
    let mut told = BTreeSet::new();
    for text in &texts {
        if own.contains(text) || text.starts_with("✓ ") {
            continue;
        }
        let alone = Some(text.as_str()).filter(|text| known.contains(text));
        let among = || {
            own.iter()
                .find_map(|words| gaps(text, &words.split(FACT).collect::<Vec<_>>(), &known))
        };
        let made_of = alone.map(|text| vec![text]).or_else(among);
        let made_of = made_of.ok_or_else(|| format!("the page says alone: {text}"))?;
        told.extend(made_of);
    }
    for (name, fact) in &all {
        // "Once" is a word, and what there is none of is not told.
        let is_word = fact == "0" || (name == "this_month" && fact == "1");
        let is_number = fact.parse::<u64>().is_ok();
        // A heading has the app's name in it.
        let is_part = !is_number && texts.iter().any(|text| text.contains(fact.as_str()));
        let is_told = told.contains(fact.as_str()) || attributes.contains(fact);
        if !is_word && !is_part && !is_told {
            return Err(format!("the JSON says alone: {name} {fact}"));
        }
    }
    Ok(())
}

/// The part of a page that is of one kind.
fn main_of(page: &str) -> &str {
    let (_, rest) = page.split_once("<main>").expect("a page");
    rest.split_once("</main>").expect("its end").0
}

/// A consent of this state, of which no two facts read alike.
fn standing(number: u32, client: &str, state: ConsentState) -> Consent {
    let was_given = matches!(
        state,
        ConsentState::Authorised
            | ConsentState::Expired
            | ConsentState::Withdrawn
            | ConsentState::Superseded
    );
    let like = if was_given {
        ConsentState::Authorised
    } else {
        state
    };
    let mut one = consent(number, client, like);
    let shift = i64::from(number) * 60;
    one.state = state;
    one.changed_at = at(-2 * HOUR - shift);
    one.ended_by = (state.is_end()).then_some(Actor::Partner);
    if let Some(terms) = one.terms.as_mut() {
        terms.authorised_at = at(-50 * HOUR - shift);
        terms.expires = at(90 * HOUR + shift);
        one.expires = Some(terms.expires);
        terms.purpose = PurposeId::parse("overview").ok();
        terms.resources.insert(Resource {
            kind: ResourceKind::parse("account").expect("valid"),
            id: ResourceId::parse("acc-gone-too").expect("valid"),
        });
        terms.bound = vec![BoundValue {
            detail: DetailType::parse("funds_check").expect("valid"),
            member: "limit".to_owned(),
            value: BoundTo::Money {
                amount: "3000.00".to_owned(),
                currency: *b"CNY",
            },
        }];
    }
    one
}

/// One of each state, with an app that is known and one that is known no more; and ends that have
/// come and that nobody noted.
fn every_state() -> Vec<Consent> {
    let clients = ["swiftride-app", "gone-app"];
    let of_all = clients
        .into_iter()
        .flat_map(|client| ConsentState::ALL.map(|state| (client, state)));
    let mut all: Vec<Consent> = (1..)
        .zip(of_all)
        .map(|(number, (client, state))| standing(number, client, state))
        .collect();
    let mut expired = standing(40, "cartwheel-app", ConsentState::Authorised);
    expired.expires = Some(at(1_000));
    let mut lapsed = standing(41, "cartwheel-app", ConsentState::Confirming);
    lapsed.decide_until = at(1_000);
    all.extend([expired, lapsed]);
    all
}

fn access(number: u32, consent: &Consent) -> AccessRow {
    let mut drawn = [u8::try_from(number).expect("few"); 10];
    drawn[..8].copy_from_slice(&consent.digest[..8]);
    let when = at(-i64::from(number) * 7 * 60);
    AccessRow {
        digest: consent.digest,
        at: when,
        request: RequestId::new(when, drawn),
        partner: PartnerId::parse("swiftride").expect("valid"),
        product: ProductId::parse("product-x").expect("valid"),
        operation: OperationId::parse("listAccounts").expect("valid"),
        clusters: vec![ClusterId::parse("balance").expect("valid")],
        status: if number == 2 { 403 } else { 200 },
        code: None,
        attended: false,
    }
}

/// A house in which four calls were made under each that was in force.
async fn house(consents: Vec<Consent>) -> House {
    let accesses = Arc::new(Memory::new());
    for consent in consents.iter().filter(|one| one.terms.is_some()) {
        let rows = (1..=4).map(|number| access(number, consent)).collect();
        let upto = LogIndex {
            index: 1,
            segment: String::new(),
            offset: 0,
        };
        let noted = accesses.note(&bank_id(), upto, rows).await;
        noted.expect("they are noted");
    }
    let shelf = Arc::new(Shelf::of(consents));
    let settings = KeeperSettings {
        bank: bank_id(),
        catalogue: Arc::new(catalogue()),
        products: std::collections::BTreeMap::new(),
        remind_days: 2,
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

/// Both languages, with the words of their pages.
fn languages() -> [(By, BTreeSet<String>); 2] {
    let by = |language| By { language, ..LI_LEI };
    [
        (by("en"), patterns(include_str!("../page/en.ftl"))),
        (by("zh-CN"), patterns(include_str!("../page/zh-CN.ftl"))),
    ]
}

impl House {
    /// A look as a page's main part and as JSON.
    async fn both(&self, by: By, look: Look<'_>) -> (String, Value) {
        let page = self.page(by, look).await;
        let as_json = By {
            as_json: true,
            ..by
        };
        let json = self.page(as_json, look).await;
        let json = serde_json::from_str(&json).expect("JSON");
        (main_of(&page).to_owned(), json)
    }
}

fn one(id: &str) -> Look<'_> {
    Look::One { id, after: "" }
}

#[tokio::test]
async fn every_list_tells_the_same_as_a_page_and_as_json() {
    let many = (50..110).map(|number| standing(number, "swiftride-app", ConsentState::Authorised));
    let house = house(every_state().into_iter().chain(many).collect()).await;
    for (by, own) in languages() {
        let looks = [1, 2].into_iter().flat_map(|page| {
            [
                Look::List { search: "", page },
                Look::List {
                    search: "swift",
                    page,
                },
                Look::History { page },
            ]
        });
        for look in looks {
            let (page, json) = house.both(by, look).await;
            alike(&json, &page, &own).unwrap_or_else(|why| panic!("{look:?}: {why}\n{page}"));
            let groups = json["groups"].as_array().expect("groups");
            let rows = groups
                .iter()
                .flat_map(|group| group["rows"].as_array().expect("rows"));
            let mut count = 0;
            for row in rows {
                count += 1;
                let begins = format!("<li id=\"permission-{}\">", row["number"]);
                let (_, rest) = page.split_once(&begins).expect("the row");
                let (item, _) = rest.split_once("</li>").expect("its end");
                let item = format!("<li>{item}");
                alike(row, &item, &own).unwrap_or_else(|why| panic!("{row}: {why}\n{item}"));
            }
            assert_eq!(
                page.matches("<li id=\"permission-").count(),
                count,
                "{look:?}"
            );
        }
    }
}

#[tokio::test]
async fn every_state_tells_the_same_as_a_page_and_as_json() {
    let consents = every_state();
    let house = house(consents.clone()).await;
    for (by, own) in languages() {
        for consent in &consents {
            let id = consent.id.as_str();
            let state = consent.state;
            let (page, json) = house.both(by, one(id)).await;
            alike(&json, &page, &own).unwrap_or_else(|why| panic!("{state:?}: {why}\n{page}"));
            let is_in_force = json["is_in_force"] == true;
            assert_eq!(page.contains("id=\"withdraw\""), is_in_force, "{state:?}");
            assert_eq!(json["withdraw"].is_string(), is_in_force, "{state:?}");

            let (page, mut json) = house.both(by, Look::Withdrawal(id)).await;
            if !is_in_force {
                // There is nothing to ask the app about.
                json["contact"] = Value::Null;
            }
            alike(&json, &page, &own).unwrap_or_else(|why| panic!("{state:?}: {why}\n{page}"));
            assert_eq!(
                page.contains("id=\"confirm-withdraw\""),
                is_in_force,
                "{state:?}"
            );
            assert_eq!(json["form"].is_object(), is_in_force, "{state:?}");
        }
    }
}

/// The value without what stands at each of its leaves in turn, of those that are facts.
fn without_each(json: &Value, at: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let children: Vec<(String, &Value)> = match json {
        Value::Object(members) => members
            .iter()
            .map(|(name, one)| (name.clone(), one))
            .collect(),
        Value::Array(all) => all
            .iter()
            .enumerate()
            .map(|(n, one)| (n.to_string(), one))
            .collect(),
        _ => return found.push(at.clone()),
    };
    for (name, child) in children {
        at.push(name);
        without_each(child, at, found);
        at.pop();
    }
}

#[tokio::test]
async fn a_fact_that_one_of_the_two_drops_is_missed() {
    let house = house(every_state()).await;
    let (by, own) = languages().into_iter().next().expect("English");
    let given = id(4);
    let (page, json) = house.both(by, one(given.as_str())).await;
    assert_eq!(json["state"], "authorised", "{json}");
    let mut missed = 0;
    let (texts, _) = read(&page);
    for text in texts.iter().filter(|text| !own.contains(*text)) {
        // Accesses of one product, by one answer, say the same again.
        let is_once = texts.iter().filter(|one| *one == text).count() == 1;
        if !is_once || !page.contains(&format!(">{text}<")) {
            continue;
        }
        missed += 1;
        let less = page.replacen(&format!(">{text}<"), "><", 1);
        assert!(
            alike(&json, &less, &own).is_err(),
            "{text} is not missed on the page"
        );
    }
    assert!(missed > 12, "{missed}: {texts:?}");
    let (mut places, mut missed) = (Vec::new(), 0);
    without_each(&json, &mut Vec::new(), &mut places);
    for place in places {
        let pointer = format!("/{}", place.join("/"));
        let mut less = json.clone();
        let leaf = less.pointer_mut(&pointer).expect("a leaf").take();
        let mut fact = Vec::new();
        facts(
            place
                .iter()
                .rev()
                .find(|name| name.parse::<u8>().is_err())
                .expect("a name"),
            &leaf,
            &mut fact,
        );
        let Some((_, fact)) = fact.pop().filter(|(_, fact)| texts.contains(fact)) else {
            continue;
        };
        if texts.iter().filter(|text| text.contains(&fact)).count() != 1 {
            continue;
        }
        missed += 1;
        assert!(
            alike(&less, &page, &own).is_err(),
            "{pointer} is not missed in the JSON"
        );
    }
    assert!(missed > 10, "{missed}");
}

#[tokio::test]
async fn an_act_by_json_does_what_the_form_does_and_its_record_says_which_it_was() {
    for as_json in [false, true] {
        let house = house(vec![standing(2, "swiftride-app", ConsentState::Authorised)]).await;
        let by = By { as_json, ..LI_LEI };
        let two = id(2);
        let read = house.page(by, Look::Withdrawal(two.as_str())).await;
        let mark = if as_json {
            let json: Value = serde_json::from_str(&read).expect("JSON");
            json["shown"].as_str().expect("a mark").to_owned()
        } else {
            super::mark(&read).to_owned()
        };
        let form = [("act", "withdraw"), ("shown", mark.as_str())];
        let said = house.says(by, two.as_str(), &form).await;
        assert_eq!(said, (model::ports::Withdrawn::Ended, 1));
        let (withdrawal, event) = house.shelf.withdrawals().remove(0);
        let part = event.consent.expect("a consent");
        let channel = if as_json {
            model::Channel::Api
        } else {
            model::Channel::Page
        };
        assert_eq!((part.to, part.channel), (ConsentState::Withdrawn, channel));
        let evidence = withdrawal.evidence.expect("kept");
        let shown = crate::open_evidence(&kek(), &bank_id(), &two, &evidence).expect("opens");
        assert_eq!(shown.page, read, "what was read before is what is kept");
        let (page, json) = house.both(LI_LEI, one(two.as_str())).await;
        assert_eq!(json["state"], "withdrawn", "{json}");
        assert!(!page.contains("id=\"withdraw\""), "{page}");
    }
}
