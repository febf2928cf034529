//! A desk for tests: a bank with five accounts of one customer and one code, a store in memory, and
//! a visitor who reads pages and sends their forms.

pub(crate) mod bank;
pub(crate) mod visitor;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crypto::{KeyEncryptionKey, SeededRandom};
use jiff::Timestamp;
use model::{BankId, ClientId, DetailType, PurposeId};
use serde_json::{Value, json};
use store::Memory;

use crate::{Both, Catalogue, Desk, DeskPorts, DeskSettings, DetailWords, ProfileRules};
use bank::Bank;

/// The client that asks.
pub(crate) const CLIENT: &str = "swiftride-app";
/// A detail that goes with the scope `funds`.
pub(crate) const FUNDS: &str =
    r#"[{"type":"funds_check","limit":{"currency":"CNY","value":"3000.00"}}]"#;

/// A desk, and what it asks.
pub(crate) struct TestDesk {
    pub(crate) desk: Desk,
    pub(crate) store: Arc<Memory>,
    pub(crate) bank: Arc<Bank>,
    pub(crate) kek: Arc<KeyEncryptionKey>,
}

/// So many seconds into the story.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("in range")
}

pub(crate) fn bank_id() -> BankId {
    BankId::parse("harbour").expect("valid")
}

pub(crate) fn client() -> ClientId {
    ClientId::parse(CLIENT).expect("valid")
}

pub(crate) fn kek() -> Arc<KeyEncryptionKey> {
    let text = KeyEncryptionKey::generate_text(&SeededRandom::new(7));
    Arc::new(KeyEncryptionKey::from_text(&text).expect("a key"))
}

fn both(zh_cn: &str, en: &str) -> Both {
    Both {
        zh_cn: zh_cn.to_owned(),
        en: en.to_owned(),
    }
}

fn cluster(name: &str, is_sensitive: bool) -> Value {
    json!({
        "class": "C2",
        "sensitive": is_sensitive,
        "say": { "zh-CN": "信息", "en": format!("The {name}") },
        "more": { "zh-CN": "信息的细节。", "en": format!("More on the {name}.") },
        "not": { "zh-CN": "不含其他。", "en": format!("Not beyond the {name}.") },
    })
}

fn scope(clusters: &[&str], bound: &str, accounts: &str, has_factor: bool) -> Value {
    let mut scope = json!({
        "clusters": clusters,
        "bound": bound,
        "needs": { "second_factor": has_factor, "accounts": accounts },
        "refuse_effect": { "zh-CN": "应用得不到。", "en": "The app does without." },
    });
    if accounts != "none" {
        scope["resources"] = json!(["account"]);
    }
    scope
}

/// What the bank lets apps ask for.
pub(crate) fn catalogue() -> Catalogue {
    let value = json!({
        "clusters": {
            "list": cluster("names", true),
            "balance": cluster("balances", true),
            "shop": cluster("usual branch", false),
            "enough": cluster("answer", true),
        },
        "scopes": {
            "accounts": scope(&["list", "balance"], "none", "some", true),
            "funds": scope(&["enough"], "funds_check", "one", true),
            "shop_data": scope(&["shop"], "none", "none", false),
            "branches": { "clusters": [] },
        },
        "purposes": {
            "overview": {
                "say": { "zh-CN": "在一处查看", "en": "See it all in one place" },
                "keep": "P30D",
            },
            "books": {
                "say": { "zh-CN": "代为记账", "en": "Keep your books" },
                "keep": "P10D",
            },
        },
    });
    Catalogue::read(&value).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The profile of the mainland, or one that separates nothing.
pub(crate) fn profile(separate: &str) -> ProfileRules {
    profile_with(separate, "own_step")
}

fn profile_with(separate: &str, review_page: &str) -> ProfileRules {
    let value = json!({
        "separate_consent": separate,
        "review_page": review_page,
        "recipient_contact": "required",
        "lifetime": "P180D",
        "reauthentication": "P90D",
        "reminder": "P30D",
        "per_day_unattended": 4,
        "statuses": {
            "requested": "waiting", "reviewing": "waiting", "confirming": "waiting",
            "authorised": "authorised", "refused": "refused", "lapsed": "lapsed",
            "expired": "expired", "withdrawn": "withdrawn", "superseded": "superseded",
        },
    });
    ProfileRules::read(&value).unwrap_or_else(|problems| panic!("{problems:?}"))
}

pub(crate) fn settings(separate: &str) -> DeskSettings {
    let words = |name: &str| DetailWords {
        say: both("资金确认", name),
        labels: BTreeMap::from([("limit".to_owned(), both("上限", "Up to"))]),
    };
    let kind = |name: &str| DetailType::parse(name).expect("valid");
    let purpose = PurposeId::parse("overview").expect("valid");
    DeskSettings {
        bank: bank_id(),
        catalogue: Arc::new(catalogue()),
        profile: profile(separate),
        purposes: HashMap::from([
            (client(), vec![purpose.clone()]),
            (
                ClientId::parse("cartwheel-app").expect("valid"),
                vec![purpose],
            ),
        ]),
        details: BTreeMap::from([
            (kind("funds_check"), words("Is there enough")),
            (kind("branch_visit"), words("A visit")),
        ]),
        kek: kek(),
        own: Arc::default(),
    }
}

impl TestDesk {
    pub(crate) fn new() -> Self {
        Self::with(settings("sensitive"), 3)
    }

    /// Whose customers read what is asked for on the page of the second factor.
    pub(crate) fn on_one_page() -> Self {
        let settings = DeskSettings {
            profile: profile_with("none", "with_second_factor"),
            ..settings("none")
        };
        Self::with(settings, 3)
    }

    /// With so many accounts that can be chosen.
    pub(crate) fn with(settings: DeskSettings, accounts: usize) -> Self {
        let (store, bank) = (Arc::new(Memory::new()), Arc::new(Bank::new(accounts)));
        let kek = Arc::clone(&settings.kek);
        let ports = DeskPorts {
            consents: Arc::clone(&store) as _,
            accounts: Arc::clone(&bank) as _,
            factor: Arc::clone(&bank) as _,
            random: Arc::new(SeededRandom::new(1)),
        };
        Self {
            desk: Desk::new(settings, ports).expect("texts and templates of ours"),
            store,
            bank,
            kek,
        }
    }
}
