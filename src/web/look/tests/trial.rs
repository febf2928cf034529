//! What a bank may put in the place of ours, and what it may not.

use super::*;

/// The review page of a bank's own: other words, another order, the same form.
const OWN: &str = r#"{% extends "frame.html" %}
{% from "macros.html" import accounts, allow_or_refuse, clusters, error_summary, not_shared, reach, separate, values, who_asks %}
{% block main %}
<p>A page of our own.</p>
{% if page.errors %}{{ error_summary(page.errors) }}{% endif %}
<aside>{{ who_asks(page.who) }}</aside>
<form id="review-form" method="post" action="/review">
{{ clusters(page.clusters) }}
{{ separate(page.who.app, page.sensitive, page.separate_problem) }}
{{ accounts(page.kind, t("which-accounts"), page.accounts, page.accounts_problem) }}
{{ not_shared(page.not_shared) }}
{{ values(page.terms) }}
<dl>{{ reach(page.who) }}</dl>
{{ allow_or_refuse("allow", "refuse") }}
</form>
{% endblock %}
"#;
const FACTS: &[&str] = &[
    "Harbour Bank",
    "auth.harbour.example",
    "TPP-0042",
    "22 May 2027",
];
const IDS: &[&str] = &["review-form", "account-*", "separate", "correlation-id"];

fn drawn(pages: &Pages, language: Language) -> Result<Drawings, Fault> {
    let heading = text::name("SwiftRide asks")?;
    let pages = [false, true].map(|is_amiss| {
        let sheet = Sheet {
            frame: frame(language),
            status: StatusCode::OK,
            template: "review.html",
            is_wrong: is_amiss,
            heading: heading.clone(),
            page: review(language, is_amiss),
        };
        ("review.html", sheet.make(pages))
    });
    Ok(pages.into())
}

fn tried(own: &OwnPages) -> Tried {
    let source = source();
    let trial = Trial {
        source: &source,
        draw: &drawn,
        ids: IDS,
        facts: FACTS,
    };
    trial.of(own).expect("our own pages")
}

fn template(name: &str, text: &str) -> OwnPages {
    OwnPages {
        templates: [(name.to_owned(), text.to_owned())].into(),
        ..OwnPages::default()
    }
}

/// What is wrong with a template: the lines, and what.
fn amiss(name: &str, text: &str) -> Vec<(usize, String)> {
    let unfit = tried(&template(name, text)).unfit;
    let each = unfit.into_iter().map(|unfit| (unfit.line, unfit.what));
    each.collect()
}

#[tokio::test]
async fn a_banks_own_page_is_shown_in_the_place_of_ours() {
    let own = template("review.html", OWN);
    let tried = tried(&own);
    assert!(tried.unfit.is_empty(), "{tried:?}");
    let names = ["frame.html", "kept.html", "review.html", "values.html"];
    assert!(tried.templates.iter().eq(names.iter()), "{tried:?}");
    let pages = Pages::dressed(&source(), &own).expect("templates");
    let mut drawn = drawn(&pages, Language::En).expect("pages");
    let html = html(drawn.remove(0).1.expect("a page")).await;
    assert!(html.contains("<p>A page of our own.</p>"), "{html}");
    let unchanged = Pages::dressed(&source(), &OwnPages::default()).expect("templates");
    assert_ne!(pages.text_version(), unchanged.text_version());
}

const BAR: &str = "{{ allow_or_refuse(\"allow\", \"refuse\") }}";
const BAR_AMISS: &str = "the answer bar, with its two buttons that weigh the same, is not as ours";

/// What is replaced in the page, by what; the line that is told, and what.
const AMISS: &[(&str, &str, usize, &str)] = &[
    (
        "{{ not_shared(page.not_shared) }}",
        "<script>x()</script>",
        11,
        "a page has no `<script>`",
    ),
    (
        "<aside>",
        "<aside onclick=\"x()\">",
        6,
        "`<aside>` has the attribute `onclick`",
    ),
    (
        "<aside>",
        "<aside style=\"display:none\">",
        6,
        "`<aside>` has the attribute `style`",
    ),
    (
        "<p>A page",
        "<p><img src=\"https://a.example/x\">A page",
        4,
        "a page has no `<img>`",
    ),
    (
        "<p>A page",
        "<a href=\"https://a.example/\">x</a><p>A page",
        4,
        "the link to `https://a.example/` is not in ours",
    ),
    (
        "</aside>",
        "",
        3,
        "`</main>` ends what has not begun, or not last",
    ),
    (
        "<p>A page",
        "<!-- x --><p>A page",
        4,
        "`<!-- x --><p>A page of o` is no markup that pages of ours are made of",
    ),
    (
        "<p>A page",
        "<h1>Allow</h1><p>A page",
        4,
        "`<h1>` is not as ours",
    ),
    (
        "id=\"review-form\" ",
        "",
        3,
        "`<form id=\"review-form\">` is missing",
    ),
    (
        "<aside>",
        "<aside id=\"separate\">",
        6,
        "the id `separate` stands twice",
    ),
    (
        "<dl>{{ reach(page.who) }}</dl>",
        "",
        3,
        "the page does not say what ours says: here `TPP-0042`",
    ),
    (
        BAR,
        "<div class=\"bar\"><button id=\"allow\" name=\"act\" value=\"allow\">Allow</button></div><button id=\"refuse\" name=\"act\" value=\"refuse\">Refuse</button>",
        14,
        BAR_AMISS,
    ),
    (
        BAR,
        "<details><summary>x</summary>{{ allow_or_refuse(\"allow\", \"refuse\") }}</details>",
        14,
        "`<button>` stands in `<details>`, which may be folded away",
    ),
    (
        "<dl>",
        "<input type=\"hidden\" name=\"x\" value=\"y\"><dl>",
        13,
        "`<input name=\"x\" type=\"hidden\" value=\"y\">` is not in ours",
    ),
    (
        "{% if page.errors %}",
        "{% if page.nothing %}",
        5,
        "no page can be made of it: undefined value",
    ),
];

#[test]
fn what_programs_and_rules_rely_on_is_missed_where_it_stood() {
    for (old, new, line, what) in AMISS {
        assert!(OWN.contains(old), "{old}");
        let found = amiss("review.html", &OWN.replacen(old, new, 1));
        assert!(
            found.contains(&(*line, (*what).to_owned())),
            "{new}: {found:#?}"
        );
    }
    assert!(!amiss("review.html", &OWN.replace("{% endblock %}", "")).is_empty());
    let wrapped = OWN.replace(BAR, &format!("<section>{BAR}</section>"));
    let found = amiss("review.html", &wrapped);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_frame_of_a_banks_own_keeps_head_and_foot() {
    let ours = include_str!("../frame.html");
    let own = ours.replace("<main>", "<p>Welcome</p>\n<main>");
    let found = amiss("frame.html", &own);
    assert!(found.is_empty(), "{found:#?}");
    for (old, what) in [
        ("<style>{{ style }}</style>\n", "`<style>` is not as ours"),
        (
            "{{ header(frame) }}\n",
            "the page does not say what ours says: here `auth.harbour.example`",
        ),
        (
            "{{ footer(\"correlation-id\", frame) }}\n",
            "`<code id=\"correlation-id\">` is missing",
        ),
        (" lang=\"{{ frame.tag }}\"", "`<html>` is not as ours"),
        ("<h1>{{ heading }}</h1>\n", "`<h1>` is not as ours"),
    ] {
        assert!(ours.contains(old), "{old}");
        let found = amiss("frame.html", &ours.replace(old, ""));
        assert!(
            found.iter().any(|(_, told)| told == what),
            "{what}: {found:#?}"
        );
    }
    // What a frame lets a page put elsewhere is looked at with that page.
    let both = OwnPages {
        templates: [
            (
                "frame.html".to_owned(),
                own.replace("</main>", "</main>{% block aside %}{% endblock %}"),
            ),
            (
                "review.html".to_owned(),
                format!("{OWN}{{% block aside %}}<script>{{% endblock %}}"),
            ),
        ]
        .into(),
        ..OwnPages::default()
    };
    let found = tried(&both).unfit;
    assert!(
        found
            .iter()
            .any(|one| one.what == "a page has no `<script>`"),
        "{found:#?}"
    );
}

#[test]
fn a_template_by_itself_extends_the_frame_asks_for_known_texts_and_escapes() {
    for (text, line, what) in [
        (
            OWN.replace("{% extends \"frame.html\" %}\n", ""),
            1,
            "it does not begin by extending the frame",
        ),
        (
            OWN.replace("which-accounts", "which"),
            10,
            "no text has the key `which`",
        ),
        (
            format!("{OWN}{{% autoescape false %}}{{% endautoescape %}}"),
            17,
            "it speaks of escaping",
        ),
    ] {
        assert_eq!(amiss("review.html", &text), [(line, what.to_owned())]);
    }
    // The parts that pages are made of are nobody's to replace.
    let parts = template("macros.html", "");
    assert!(tried(&parts).unfit.is_empty());
    let pages = Pages::dressed(&source(), &parts).expect("templates");
    assert!(
        drawn(&pages, Language::En)
            .expect("pages")
            .remove(0)
            .1
            .is_ok()
    );
}

fn texts(zh_cn: &str, en: &str) -> OwnPages {
    OwnPages {
        texts: Some(InBoth {
            zh_cn: zh_cn.to_owned(),
            en: en.to_owned(),
        }),
        ..OwnPages::default()
    }
}

#[tokio::test]
async fn a_banks_own_words_stand_in_the_place_of_ours() {
    let own = texts(
        "# 本行的文字\nwhich-accounts = 哪些账户？\n",
        "which-accounts =\n    Which of\n    your accounts?\n",
    );
    assert!(tried(&own).unfit.is_empty());
    let pages = Pages::dressed(&source(), &own).expect("texts");
    let html = html(
        drawn(&pages, Language::En)
            .expect("pages")
            .remove(0)
            .1
            .expect("a page"),
    )
    .await;
    assert!(html.contains("<h2>Which of\nyour accounts?</h2>"), "{html}");
    let unchanged = Pages::dressed(&source(), &OwnPages::default()).expect("texts");
    assert_ne!(pages.text_version(), unchanged.text_version());
    // What no page of the room asks for is another room's.
    assert!(
        tried(&texts("other = 甲\n", "other = A\n"))
            .unfit
            .is_empty()
    );
}

#[test]
fn words_of_a_banks_own_are_there_in_both_languages_with_our_variables() {
    let both = |text: &str| texts(text, text);
    for (own, file, line, what) in [
        (
            texts("go-on = 好\n", ""),
            "texts.zh-CN.ftl",
            1,
            "`go-on` is not in `texts.en.ftl`",
        ),
        (
            both("\ngo-on = { $x }\n"),
            "texts.en.ftl",
            2,
            "`go-on` has other variables than ours: `$x`",
        ),
        (
            both("look-separate-agree = A\n"),
            "texts.en.ftl",
            1,
            "`look-separate-agree` has other variables than ours: none",
        ),
        (
            both("look-separate-agree = I agree to $app.\n"),
            "texts.en.ftl",
            1,
            "`look-separate-agree` does not say `$app`",
        ),
        (
            both("go-on = A\ngo-on = B\n"),
            "texts.zh-CN.ftl",
            2,
            "`go-on` stands twice",
        ),
        (
            both("go-on = { stop }\n"),
            "texts.en.ftl",
            1,
            "`go-on` cannot be said",
        ),
        (
            both("go-on = { NUMBER(1) }\n"),
            "texts.en.ftl",
            1,
            "`go-on` cannot be said",
        ),
        (
            both("go-on = {\n"),
            "texts.en.ftl",
            1,
            "`go-on` cannot be said",
        ),
        (
            both("go-on =\n    .x = A\n"),
            "texts.en.ftl",
            1,
            "`go-on` cannot be said",
        ),
        (
            both("-term = A\n"),
            "texts.en.ftl",
            1,
            "this line belongs to no message",
        ),
        (
            both("asked-for = A\n"),
            "texts.en.ftl",
            1,
            "`asked-for` is said by nobody otherwise: it decides, or is measured",
        ),
        (
            both("look-refuse = Perhaps later\n"),
            "texts.en.ftl",
            1,
            "`look-refuse` is said by nobody otherwise: it decides, or is measured",
        ),
    ] {
        let unfit = tried(&own).unfit;
        let is_it = |one: &Unfit| one.file == file && one.line == line && one.what == what;
        assert!(unfit.iter().any(is_it), "{what}: {unfit:#?}");
    }
    let long = format!("go-on = {}\n", "x".repeat(1_000));
    let unfit = tried(&both(&long)).unfit;
    assert_eq!(unfit.len(), 2);
    assert_eq!(unfit[0].what, "`go-on` is longer than 1000 characters");
}
