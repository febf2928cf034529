//! What is found wrong when templates and texts are read.

use super::*;

fn refused(source: &LookSource) -> String {
    Pages::dressed(source).map(drop).expect_err("a fault").doing
}

fn with(templates: &'static [(&'static str, &'static str)]) -> LookSource {
    LookSource {
        templates,
        texts: [(Language::ZhCn, "a = 甲\n"), (Language::En, "a = A\n")],
        keys: &[],
        required_ids: &[],
        overrides: Vec::new(),
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
    assert!(Pages::dressed(&by_code).is_ok());
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
        let pages = Pages::dressed(&source).expect("templates");
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

/// The review page with a bank's own template in the place of this one.
fn replaced(name: &str, text: &str) -> Result<Pages, Fault> {
    Pages::dressed(&LookSource {
        overrides: vec![(name.to_owned(), text.to_owned())],
        ..source()
    })
}

const OWN: &str = "{% extends \"frame.html\" %}{% block main %}<p>ours</p><button id=\"allow\">\
                   </button><button id=\"refuse\"></button>{{ t(\"asked-for\") }}{% endblock %}";

#[tokio::test]
async fn a_banks_own_template_is_shown_in_the_place_of_ours() {
    let pages = replaced("review.html", OWN).expect("templates");
    let sheet = Sheet {
        frame: frame(Language::En),
        status: StatusCode::OK,
        template: "review.html",
        is_wrong: false,
        heading: "x".to_owned(),
        page: review(Language::En, false),
    };
    let html = html(sheet.make(&pages).expect("a page")).await;
    assert!(
        html.contains("<p>ours</p>") && html.contains("correlation-id"),
        "{html}"
    );
    let unchanged = Pages::dressed(&source()).expect("templates");
    assert_ne!(pages.text_version(), unchanged.text_version());
}

#[test]
fn a_banks_own_template_keeps_what_programs_and_rules_rely_on() {
    let fault = |name: &str, text: &str| replaced(name, text).map(drop).expect_err("a fault").doing;
    let amiss = |what: &str| format!("reading the bank's review.html: {what}");
    for (text, what) in [
        (OWN.replace("refuse", "no"), "the id \"refuse\" is missing"),
        (OWN.replace("asked-for", "b"), "the text b is not there"),
        (
            OWN.replace("{% extends \"frame.html\" %}", ""),
            "it does not begin by extending the frame",
        ),
        (
            format!("{OWN}{{% autoescape false %}}{{% endautoescape %}}"),
            "it speaks of escaping",
        ),
    ] {
        assert_eq!(fault("review.html", &text), amiss(what));
    }
    let broken = OWN.replace("{% endblock %}", "");
    assert_eq!(
        fault("review.html", &broken),
        "reading the template review.html"
    );
    let nameless = "reading the bank's other.html: no template has this name";
    assert_eq!(fault("other.html", OWN), nameless);
    let macros = "reading the bank's macros.html: no template has this name";
    assert_eq!(fault("macros.html", ""), macros);
    let frame = "reading the bank's frame.html: the id \"correlation-id\" is missing";
    assert_eq!(fault("frame.html", "<html>"), frame);
    let twice = LookSource {
        overrides: vec![("review.html".to_owned(), OWN.to_owned()); 2],
        ..source()
    };
    assert_eq!(
        refused(&twice),
        "reading the bank's review.html: it is there twice"
    );
}
