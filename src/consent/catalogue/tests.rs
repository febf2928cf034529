use proptest::prelude::*;
use serde_json::json;

use super::*;

fn base() -> Value {
    json!({
        "clusters": {
            "account_list": {
                "class": "C2",
                "sensitive": true,
                "say": { "zh-CN": "账户名称和尾号", "en": "Account names and last digits" },
                "more": { "zh-CN": "你所选账户的名称。", "en": "The name of each account." },
                "not": { "zh-CN": "不含完整账号。", "en": "Not the full account number." },
            },
            "shop": {
                "class": "C1",
                "sensitive": false,
                "say": { "zh-CN": "常用网点", "en": "Your usual branch" },
                "more": { "zh-CN": "你常去的网点。", "en": "The branch you go to." },
            },
        },
        "scopes": {
            "accounts": {
                "clusters": ["account_list", "shop"],
                "bound": "none",
                "resources": ["account"],
                "needs": { "second_factor": true, "accounts": "some" },
                "refuse_effect": { "zh-CN": "应用看不到账户。", "en": "The app sees no account." },
            },
            "pay:once": {
                "clusters": [],
                "bound": "payment_once",
                "resources": ["account"],
                "needs": { "second_factor": true, "accounts": "one" },
                "refuse_effect": { "zh-CN": "不会付款。", "en": "Nothing is paid." },
            },
            "shop_data": {
                "clusters": ["shop"],
                "bound": "none",
                "needs": { "second_factor": false, "accounts": "none" },
                "refuse_effect": { "zh-CN": "应用看不到网点。", "en": "The app sees no branch." },
            },
            "branches": { "clusters": [] },
        },
        "purposes": {
            "overview": {
                "say": { "zh-CN": "在一处查看账户", "en": "See your accounts in one place" },
                "keep": "P30D",
            },
        },
    })
}

fn told(value: &Value) -> Vec<String> {
    let problems = Catalogue::read(value).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

/// The base with the value at a pointer replaced, or added to its mapping.
fn with(pointer: &str, value: Value) -> Value {
    let mut changed = base();
    let (parent, key) = pointer.rsplit_once('/').expect("a member");
    let key = key.replace("~1", "/");
    match changed.pointer_mut(parent).expect("a parent") {
        Value::Object(members) => drop(members.insert(key, value)),
        Value::Array(items) => items[key.parse::<usize>().expect("an index")] = value,
        _ => panic!("nothing is below {parent}"),
    }
    changed
}

fn without(pointer: &str) -> Value {
    let mut changed = base();
    let (parent, key) = pointer.rsplit_once('/').expect("a member");
    match changed.pointer_mut(parent).expect("a parent") {
        Value::Object(members) => drop(members.remove(key)),
        Value::Array(items) => drop(items.remove(key.parse().expect("an index"))),
        _ => panic!("nothing is below {parent}"),
    }
    changed
}

/// Every pointer into a value, but the root's.
fn pointers(value: &Value) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(key, value)| (key.replace('/', "~1"), value))
                .collect()
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(at, value)| (at.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (key, value) in below {
        found.push(format!("/{key}"));
        found.extend(pointers(value).iter().map(|rest| format!("/{key}{rest}")));
    }
    found
}

#[test]
fn a_catalogue_says_what_was_written() {
    let catalogue = Catalogue::read(&base()).expect("nothing is wrong");
    let id = ClusterId::parse("account_list").expect("a name");
    let cluster = catalogue.cluster(&id).expect("a cluster");
    assert_eq!((cluster.class, cluster.sensitive), (Class::C2, true));
    assert_eq!(
        cluster.say.in_language(web::Language::ZhCn),
        "账户名称和尾号"
    );
    assert_eq!(
        cluster.more.in_language(web::Language::En),
        "The name of each account."
    );
    assert_eq!(
        cluster.not.as_ref().map(|not| not.zh_cn.as_str()),
        Some("不含完整账号。")
    );

    let scope = |text| catalogue.scope(&Scope::parse(text).expect("a scope"));
    let accounts = scope("accounts")
        .and_then(ScopeEntry::consented)
        .expect("consented");
    let clusters: Vec<&str> = accounts.clusters.iter().map(ClusterId::as_str).collect();
    assert_eq!(clusters, ["account_list", "shop"]);
    assert_eq!(
        (accounts.second_factor, accounts.accounts),
        (true, Accounts::Some)
    );
    assert_eq!(
        accounts.resources,
        [ResourceKind::parse("account").expect("a name")]
    );
    assert_eq!(accounts.bound, None);
    let paid = scope("pay:once")
        .and_then(ScopeEntry::consented)
        .expect("consented");
    assert_eq!(
        paid.bound.as_ref().map(DetailType::as_str),
        Some("payment_once")
    );
    assert_eq!(scope("branches"), Some(&ScopeEntry::Plain));
    assert_eq!(scope("loans"), None);

    let id = PurposeId::parse("overview").expect("a name");
    assert_eq!(
        catalogue.purpose(&id).map(|purpose| purpose.keep_days),
        Some(30)
    );
    assert_eq!(
        (catalogue.clusters().count(), catalogue.scopes().count()),
        (2, 4)
    );
}

#[test]
fn the_version_is_of_what_is_said() {
    let version = Catalogue::read(&base())
        .expect("nothing is wrong")
        .version();
    let same = serde_json::from_str(&base().to_string()).expect("JSON");
    assert_eq!(Catalogue::read(&same).expect("the same").version(), version);
    let other = with("/clusters/shop/say/en", json!("Your branch"));
    assert_ne!(Catalogue::read(&other).expect("another").version(), version);
}

/// Where what is written instead, and everything that is told.
type Row = (&'static str, Value, Vec<&'static str>);

fn expect(rows: Vec<Row>) {
    for (pointer, value, expected) in rows {
        assert_eq!(told(&with(pointer, value)), expected, "{pointer}");
    }
}

#[test]
fn what_is_wrong_with_a_cluster_is_told_where_it_stands() {
    let both = |zh: &str, en: &str| json!({ "zh-CN": zh, "en": en });
    let rows: Vec<Row> = vec![
        (
            "/profiles",
            json!({}),
            vec!["/profiles: unknown key: `profiles`; the keys here: clusters, scopes, purposes"],
        ),
        (
            "/clusters/shop/sensitve",
            json!(true),
            vec![
                "/clusters/shop/sensitve: unknown key: `sensitve`; \
             the keys here: class, sensitive, say, more, not",
            ],
        ),
        (
            "/scopes/branches/cluster",
            json!([]),
            vec![
                "/scopes/branches/cluster: unknown key: `cluster`; \
             the keys here: clusters, bound, resources, needs, refuse_effect",
            ],
        ),
        (
            "/clusters/shop/class",
            json!("C4"),
            vec!["/clusters/shop/class: unknown word: `C4`; one of: C1, C2, C3"],
        ),
        (
            "/clusters/shop/sensitive",
            json!("yes"),
            vec!["/clusters/shop/sensitive: neither true nor false; write true or false"],
        ),
        // Both languages, and each its own.
        (
            "/clusters/shop/say",
            json!({ "en": "Your branch" }),
            vec!["/clusters/shop/say: missing: `zh-CN`; add `zh-CN`: it has no default"],
        ),
        (
            "/clusters/shop/say",
            json!("Your branch"),
            vec!["/clusters/shop/say: no mapping; write keys with their values"],
        ),
        (
            "/clusters/shop/say/fr",
            json!("Votre agence"),
            vec!["/clusters/shop/say/fr: unknown key: `fr`; the keys here: zh-CN, en"],
        ),
        (
            "/clusters/shop/say",
            both("Your branch", "常用网点"),
            vec![
                "/clusters/shop/say/zh-CN: no Chinese in the Chinese text; write it in Chinese",
                "/clusters/shop/say/en: Chinese in the English text; write it in English",
            ],
        ),
        (
            "/clusters/shop/say",
            both(" 网点", ""),
            vec![
                "/clusters/shop/say/zh-CN: spaces around the text; leave them out",
                "/clusters/shop/say/en: an empty text; say it in the reader's words",
            ],
        ),
        (
            "/clusters/shop/say/en",
            json!("pay 1\u{202e}000"),
            vec![
                "/clusters/shop/say/en: a sign that no text needs: `\\u{202e}`; use letters, digits \
             and the usual signs of punctuation: with others, a text may read otherwise than it is",
            ],
        ),
        (
            "/clusters/shop/more/en",
            json!("A third party provider sees it."),
            vec![
                "/clusters/shop/more/en: not a customer's word: `third party provider`; say `the app`",
            ],
        ),
        (
            "/clusters/shop/more/en",
            json!("All TPPs see it."),
            vec!["/clusters/shop/more/en: not a customer's word: `tpps`; say `the app`"],
        ),
        (
            "/clusters/shop/more/zh-CN",
            json!("提供给第三方查看。"),
            vec!["/clusters/shop/more/zh-CN: not a customer's word: `第三方`; say `the app`"],
        ),
        (
            "/clusters/shop/more/zh-CN",
            json!("Your branch 的."),
            vec![
                "/clusters/shop/more/zh-CN: more words of another language than Chinese; \
             write it in Chinese",
            ],
        ),
    ];
    expect(rows);
}

#[test]
fn what_is_wrong_with_a_scope_or_a_purpose_is_told_where_it_stands() {
    let see = json!({ "zh-CN": "查看", "en": "See" });
    let rows: Vec<Row> = vec![
        (
            "/scopes/openid",
            json!({ "clusters": [] }),
            vec![
                "/scopes/openid: `openid` cannot be a scope of a catalogue; \
             it must be left out: what it means is built in",
            ],
        ),
        (
            "/scopes/a b",
            json!({ "clusters": [] }),
            vec![
                "/scopes/a b: `a b` cannot be a scope; \
             it must be 1 to 128 visible ASCII characters other than '\"' and '\\'",
            ],
        ),
        (
            "/scopes/accounts/clusters/0",
            json!("account-list"),
            vec![
                "/scopes/accounts/clusters/0: no such cluster: `account-list`; \
             describe it under `clusters`, or name one that is there",
                "/clusters/account_list: no scope opens this cluster; \
             name it under a scope's `clusters`, or leave it out",
            ],
        ),
        (
            "/scopes/accounts/clusters/0",
            json!("shop"),
            vec![
                "/scopes/accounts/clusters/1: named twice; name it once",
                "/clusters/account_list: no scope opens this cluster; \
             name it under a scope's `clusters`, or leave it out",
            ],
        ),
        (
            "/scopes/accounts/clusters/0",
            json!("A"),
            vec![
                "/scopes/accounts/clusters/0: `A` cannot be a cluster's id; it must be 1 to 64 \
             characters of a-z, 0-9, '-' and '_', beginning with a letter or digit",
            ],
        ),
        (
            "/scopes/accounts/needs/second_factor",
            json!(false),
            vec![
                "/scopes/accounts/needs/second_factor: no second factor, and `account_list` is \
             sensitive; write `second_factor: true`",
            ],
        ),
        (
            "/scopes/accounts/needs/accounts",
            json!("none"),
            vec![
                "/scopes/accounts: resources of which the customer chooses none; \
             write `accounts: one` or `accounts: some`, or leave `resources` out",
            ],
        ),
        (
            "/scopes/accounts/resources",
            json!([]),
            vec![
                "/scopes/accounts: the customer chooses accounts, but there is no kind of resource; \
             add `resources`, such as [account], or write `accounts: none`",
            ],
        ),
        (
            "/scopes/branches/resources",
            json!(["account"]),
            vec![
                "/scopes/branches/resources: nothing of a customer's is asked for: neither data nor \
             bound values; name clusters or what is bound, or leave this out",
            ],
        ),
        (
            "/purposes/overview/keep",
            json!("30 days"),
            vec![
                "/purposes/overview/keep: no number of days: `30 days`; \
             write P1D to P3650D, such as P30D for 30 days",
            ],
        ),
        (
            "/purposes/Overview",
            json!({ "say": see, "keep": "P1D" }),
            vec![
                "/purposes/Overview: `Overview` cannot be a purpose's id; it must be 1 to 64 \
             characters of a-z, 0-9, '-' and '_', beginning with a letter or digit",
            ],
        ),
    ];
    expect(rows);
}

#[test]
fn bound_values_are_confirmed_by_a_second_factor() {
    let at = "/scopes/pay:once/needs/second_factor";
    let expected =
        format!("{at}: no second factor, and values are bound; write `second_factor: true`");
    assert_eq!(told(&with(at, json!(false))), [expected]);
}

#[test]
fn a_scope_that_asks_for_nothing_says_nothing_more() {
    let expected = ["bound", "resources", "needs", "refuse_effect"].map(|key| {
        format!(
            "/scopes/pay:once/{key}: nothing of a customer's is asked for: neither data nor bound \
             values; name clusters or what is bound, or leave this out"
        )
    });
    assert_eq!(
        told(&with("/scopes/pay:once/bound", json!("none"))),
        expected
    );
}

#[test]
fn technical_names_stand_in_no_text() {
    for (pointer, text, name) in [
        (
            "/clusters/shop/more/en",
            "The account_list of yours.",
            "account_list",
        ),
        (
            "/clusters/shop/more/en",
            "Asked as PAY:ONCE, once.",
            "pay:once",
        ),
        (
            "/purposes/overview/say/en",
            "For payment_once",
            "payment_once",
        ),
        (
            "/scopes/shop_data/refuse_effect/en",
            "No shop_data.",
            "shop_data",
        ),
        (
            "/clusters/shop/more/zh-CN",
            "需要accounts权限。",
            "accounts",
        ),
        ("/clusters/shop/more/zh-CN", "这是 shop 数据。", "shop"),
    ] {
        let expected = format!(
            "{pointer}: a technical name in a text for customers: `{name}`; \
             say what it means, in the reader's words"
        );
        let told = told(&with(pointer, json!(text)));
        assert!(told.contains(&expected), "{told:?}");
    }
    for (pointer, text) in [
        // A word of the language, and parts of longer words.
        (
            "/clusters/shop/more/en",
            "The accounts you have at this shop.",
        ),
        ("/clusters/shop/more/en", "Prepay:once, or pay:onces."),
        ("/clusters/shop/more/zh-CN", "你在Workshop的网点。"),
    ] {
        assert_eq!(
            told(&with(pointer, json!(text))),
            Vec::<String>::new(),
            "{text}"
        );
    }
}

#[test]
fn texts_are_as_long_as_allowed_and_no_longer() {
    // By characters of the name, then of the explanation; the sentences are short enough.
    for (pointer, max) in [
        ("/clusters/shop/say", 60),
        ("/clusters/shop/more", 200),
        ("/clusters/account_list/not", 200),
        ("/scopes/accounts/refuse_effect", 200),
        ("/purposes/overview/say", 200),
    ] {
        let text = |chars: usize| {
            let zh: String = "网点网点网点网点网。".chars().cycle().take(chars).collect();
            json!({ "zh-CN": zh, "en": "e".repeat(chars) })
        };
        assert_eq!(
            told(&with(pointer, text(max))),
            Vec::<String>::new(),
            "{pointer}"
        );
        let long = format!("too long: {} characters; at most {max}", max + 1);
        assert_eq!(
            told(&with(pointer, text(max + 1))),
            [
                format!("{pointer}/zh-CN: {long}"),
                format!("{pointer}/en: {long}")
            ]
        );
    }
}

#[test]
fn chinese_sentences_are_short_on_average() {
    let pointer = "/clusters/shop/more/zh-CN";
    let sentence = |chars: usize| format!("{}。", "网".repeat(chars));
    for (text, average) in [
        (sentence(40), None),
        (sentence(41), Some(41)),
        (sentence(60) + &sentence(20), None),
        (sentence(60) + &sentence(21), Some(40)),
        ("网".repeat(41), Some(41)),
        // Ends that end nothing make no sentence.
        (sentence(41) + "！？。", Some(41)),
    ] {
        let expected = average.map(|average| {
            format!(
                "{pointer}: sentences of {average} characters on average; at most 40: make more \
                 sentences, or shorter ones"
            )
        });
        assert_eq!(
            told(&with(pointer, json!(text))),
            Vec::from_iter(expected),
            "{text}"
        );
    }
}

#[test]
fn names_and_entries_are_bounded() {
    let many: serde_json::Map<String, Value> = (0..1_001)
        .map(|n| (format!("scope{n}"), json!({ "clusters": [] })))
        .collect();
    let expected = "/scopes: too many entries: 1001; at most 1000";
    assert_eq!(told(&with("/scopes", Value::Object(many))), [expected]);
    let many: Vec<String> = (0..65).map(|n| format!("c{n}")).collect();
    let told = told(&with("/scopes/accounts/clusters", json!(many)));
    assert_eq!(
        told,
        ["/scopes/accounts/clusters: too many entries: 65; at most 64"]
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mut value = base();
    value["clusters"]["shop"]["class"] = json!(1);
    value["scopes"]["accounts"]["needs"]["second_factor"] = json!(null);
    value["scopes"]["shop_data"]["clusters"] = json!(["shops"]);
    value["purposes"]["overview"]["keep"] = json!("P0D");
    let places = |value: &Value| -> Vec<String> {
        let problems = Catalogue::read(value).expect_err("mistakes");
        problems
            .into_iter()
            .map(|problem| problem.pointer)
            .collect()
    };
    let parts = [
        "/clusters/shop/class",
        "/scopes/accounts/needs/second_factor",
        "/purposes/overview/keep",
    ];
    assert_eq!(places(&value)[..3], parts);
    // Between the parts, too: what could not be read is not judged again.
    assert_eq!(places(&value)[3..], ["/scopes/shop_data/clusters/0"]);
    value["clusters"] = json!(null);
    assert_eq!(places(&value), ["/clusters", parts[1], parts[2]]);
}

/// No line of a catalogue that is lost loosens it (promise P1): what still reads opens no more
/// than before, and asks the customer for no less.
#[test]
fn no_lost_line_loosens() {
    let whole = Catalogue::read(&base()).expect("nothing is wrong");
    let mut read = Vec::new();
    for pointer in pointers(&base()) {
        let Ok(less) = Catalogue::read(&without(&pointer)) else {
            continue;
        };
        for (scope, entry) in less.scopes() {
            let before = whole.scope(scope).and_then(ScopeEntry::consented);
            let Some(after) = entry.consented() else {
                assert_eq!(before, None, "{pointer}");
                continue;
            };
            let before = before.expect("a scope of before");
            assert!(
                after.clusters.iter().all(|id| before.clusters.contains(id)),
                "{pointer}"
            );
            let rules = |entry: &Consented| {
                let bound = entry.bound.clone();
                (
                    bound,
                    entry.second_factor,
                    entry.accounts,
                    entry.resources.clone(),
                )
            };
            assert_eq!(rules(after), rules(before), "{pointer}");
        }
        read.push(pointer);
    }
    assert_eq!(
        read,
        [
            "/clusters/account_list/not",
            "/purposes/overview",
            "/scopes/accounts/clusters/1",
            "/scopes/branches",
            "/scopes/pay:once",
            "/scopes/shop_data",
        ]
    );
}

proptest! {
    /// Whatever stands in a file: it is refused, or what came of it holds together.
    #[test]
    fn what_reads_holds_together(
        at in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        junk in prop_oneof![
            Just(json!(null)), Just(json!(true)), Just(json!(false)), Just(json!("none")),
            Just(json!([])), Just(json!({})), Just(json!("shop")), Just(json!(-1)),
            "\\PC{0,8}".prop_map(Value::from),
        ],
    ) {
        let pointers = pointers(&base());
        let mut value = with(&pointers[at.index(pointers.len())], junk.clone());
        if let Some(place) = value.pointer_mut(&pointers[other.index(pointers.len())]) {
            *place = junk;
        }
        let Ok(catalogue) = Catalogue::read(&value) else {
            return Ok(());
        };
        for (_, entry) in catalogue.scopes() {
            let Some(entry) = entry.consented() else {
                continue;
            };
            prop_assert!(!entry.clusters.is_empty() || entry.bound.is_some());
            prop_assert_eq!(entry.resources.is_empty(), entry.accounts == Accounts::None);
            for id in &entry.clusters {
                let cluster = catalogue.cluster(id).expect("a cluster that is there");
                prop_assert!(entry.second_factor || !cluster.sensitive);
            }
        }
    }
}
