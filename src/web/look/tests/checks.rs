//! What is found wrong when templates and texts are read.

use super::*;

fn refused(source: &LookSource) -> String {
    let dressed = Pages::dressed(source, &OwnPages::default());
    dressed.map(drop).expect_err("a fault").doing
}

fn with(templates: &'static [(&'static str, &'static str)]) -> LookSource {
    LookSource {
        templates,
        texts: [(Language::ZhCn, "a = 甲\n"), (Language::En, "a = A\n")],
        keys: &[],
        fixed: &[],
    }
}

#[test]
fn a_text_that_is_asked_for_and_not_there_is_a_fault() {
    let missing = "looking for the text b: it is not there";
    assert_eq!(
        refused(&with(&[("p", "{{ t(\"a\") }}{{ t(\"b\") }}")])),
        missing
    );
    assert_eq!(
        refused(&with(&[(
            "p",
            "{% if t( \"b\") %}{{ t(\"a\") }}{% endif %}"
        )])),
        missing
    );
    let by_code = LookSource {
        keys: &["b"],
        ..with(&[("p", "{{ t(\"a\") }}")])
    };
    assert_eq!(refused(&by_code), missing);
}

#[test]
fn a_text_that_nobody_asks_for_is_a_fault() {
    let unused = "looking for the text a: nobody asks for it";
    assert_eq!(refused(&with(&[])), unused);
    assert_eq!(
        refused(&with(&[("p", "{# t(\"a\") #} t(\"a\") { t(\"a\") }")])),
        unused
    );
    let by_code = LookSource {
        keys: &["a"],
        ..with(&[])
    };
    assert!(Pages::dressed(&by_code, &OwnPages::default()).is_ok());
}

#[test]
fn a_key_that_is_made_on_the_way_is_a_fault() {
    let made = "reading the template p: a text is asked for without a key in quotes";
    for template in [
        &[("p", "{{ t(page.key) }}")] as &'static [(&'static str, &'static str)],
        &[("p", "{{ t('a') }}")],
        &[("p", "{{ t(\"a) }}")],
    ] {
        assert_eq!(refused(&with(template)), made);
    }
}

#[test]
fn a_rooms_text_does_not_replace_one_of_the_look() {
    let source = LookSource {
        texts: [
            (Language::ZhCn, "look-allow = 好\n"),
            (Language::En, "look-allow = Fine\n"),
        ],
        ..with(&[])
    };
    assert_eq!(refused(&source), "reading the texts in zh-CN");
}

#[test]
fn a_variable_that_is_missing_or_no_text_is_a_fault_when_the_page_is_made() {
    let texts = [
        (Language::ZhCn, "a = 甲{ $x }\n"),
        (Language::En, "a = A { $x }\n"),
    ];
    let made = |templates: &'static [(&'static str, &'static str)], x: Value| {
        let source = LookSource {
            texts,
            ..with(templates)
        };
        let pages = Pages::dressed(&source, &OwnPages::default()).expect("templates");
        let view = json!({ "x": x });
        pages.page(StatusCode::OK, Language::En, "p", &view).is_ok()
    };
    let right = &[("p", "{{ t(\"a\", x=x) }}")];
    assert!(made(right, json!("迅行")));
    assert!(made(right, json!(7)));
    assert!(!made(right, json!(null)));
    assert!(!made(right, json!(-1)));
    assert!(!made(right, json!(["x"])));
    assert!(!made(&[("p", "{{ t(\"a\") }}")], json!("x")));
    assert!(!made(&[("p", "{{ t(\"a\", y=x) }}")], json!("x")));
    assert!(!made(&[("p", "{{ t(\"a\", x=x, y=x) }}")], json!("x")));
    assert!(!made(&[("p", "{{ t(\"a\", x=missing) }}")], json!("x")));
}

#[tokio::test]
async fn where_a_template_of_the_banks_fails_with_what_life_brings_ours_is_shown() {
    let source = with(&[("p", "{{ t(\"a\") }} of ours: {{ x }}")]);
    let own = OwnPages {
        templates: BTreeMap::from([("p".to_owned(), "theirs: {{ 12 // x }}".to_owned())]),
        ..OwnPages::default()
    };
    let pages = Pages::dressed(&source, &own).expect("pages");
    for (x, shown) in [(4, "theirs: 3"), (0, "A of ours: 0")] {
        let page = pages.page(StatusCode::OK, Language::En, "p", &json!({ "x": x }));
        assert_eq!(html(page.expect("a page")).await, shown);
    }
}
