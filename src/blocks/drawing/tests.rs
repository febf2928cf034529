use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use openapi::{Class, EffectMark};

use super::layout::{Layout, Place};
use super::*;
use crate::expression::{Expression, Names, Type};
use crate::plan::{Check, Reply, Template};

fn step(name: &str, call: (&str, &str), needs: &[usize]) -> Step {
    Step {
        resources: Vec::new(),
        name: name.into(),
        source: call.0.into(),
        operation: call.1.into(),
        with: Vec::new(),
        kind: Type::Json,
        needs: needs.iter().copied().collect(),
        lets: BTreeSet::new(),
        timeout: Duration::from_millis(350),
        retries: 0,
        fallback: Fallback::None,
        cache: None,
        pages: None,
        each: None,
    }
}

fn check(outcome: Outcome) -> Check {
    Check {
        outcome,
        condition: Expression::check("true", &Names::default(), None).expect("an expression"),
        needs: BTreeSet::new(),
        lets: BTreeSet::new(),
    }
}

fn reply(status: u16) -> Reply {
    Reply {
        status,
        body: Template::Object(Vec::new()),
        needs: BTreeSet::new(),
        lets: BTreeSet::new(),
        clusters: Vec::new(),
    }
}

fn problem(status: u16, name: &str) -> Outcome {
    let name = name.to_owned();
    Outcome::Problem { status, name }
}

/// Two reads beside each other, one behind both, one behind that: three levels.
fn operation() -> Operation {
    let mut profile = step("profile", ("card", "getSpendingProfile"), &[]);
    profile.cache = Some(Duration::from_mins(10));
    profile.fallback = Fallback::Absent;
    let mut cash = step("cash", ("ledger", "getBalance"), &[]);
    cash.retries = 2;
    let score = step("score", ("risk", "scoreApplicant"), &[0, 1]);
    let plans = step("plans", ("card", "quotePlans"), &[0, 2]);
    let no_offer = "no_offer".to_owned();
    Operation {
        name: "offerPlans".into(),
        method: http::Method::POST,
        path: "/checkout-instalment/plans".into(),
        class: Class::Customer,
        effect: EffectMark::None,
        consent: None,
        deadline: Duration::from_millis(900),
        names: Arc::new(Names::default()),
        input: Type::Json,
        accounts: BTreeSet::new(),
        steps: vec![profile, cash, score, plans],
        lets: Vec::new(),
        checks: vec![
            check(problem(422, "identity_not_verified")),
            check(Outcome::Answer { name: no_offer }),
            check(problem(422, "identity_not_verified")),
        ],
        reply: reply(200),
        answers: vec![("no_offer".into(), reply(203))],
    }
}

#[test]
fn each_read_stands_behind_what_it_needs_and_one_line_leads_there() {
    let scene = Scene::of(&operation());
    assert_eq!(scene.levels, [0, 0, 1, 2]);
    // That the plans need the profile follows from what the score needs.
    assert_eq!(scene.edges, [(0, 2), (1, 2), (2, 3)]);
    assert_eq!(scene.last, [3]);
    let endings = scene
        .endings
        .iter()
        .map(|its| (its.text.as_str(), its.is_refusal));
    let wanted = [("422 identity_not_verified", true), ("203 no_offer", false)];
    assert!(endings.eq(wanted));
    let said: Vec<&str> = scene
        .reads
        .iter()
        .map(|read| read.lines[1].as_str())
        .collect();
    let wanted = [
        "350 ms · kept 10 min · optional",
        "350 ms · retry 2",
        "350 ms",
        "350 ms",
    ];
    assert_eq!(said, wanted);
}

#[test]
fn nothing_stands_on_anything_else_or_outside() {
    let mut bare = operation();
    bare.steps.clear();
    bare.checks.clear();
    for operation in [operation(), bare] {
        let scene = Scene::of(&operation);
        let layout = Layout::of(&scene);
        let mut all = layout.reads.clone();
        all.extend([layout.request, layout.reply]);
        all.extend(layout.checks);
        all.extend(&layout.endings);
        for (number, one) in all.iter().enumerate() {
            assert!(one.x >= 0.0 && one.y >= 0.0, "{one:?}");
            assert!(
                one.right() <= layout.width && one.bottom() <= layout.height,
                "{one:?}"
            );
            for other in &all[..number] {
                assert!(are_apart(*one, *other), "{one:?} on {other:?}");
            }
        }
        for (from, to) in &scene.edges {
            assert!(layout.reads[*from].right() < layout.reads[*to].x);
        }
    }
}

fn are_apart(one: Place, other: Place) -> bool {
    let beside = one.right() <= other.x || other.right() <= one.x;
    beside || one.bottom() <= other.y || other.bottom() <= one.y
}

#[test]
fn the_picture_says_all_in_text_and_in_words() {
    let picture = svg(&operation());
    for text in [
        "<title id=\"title\">offerPlans</title>",
        "POST /checkout-instalment/plans, within 900 ms; then reads profile beside cash; \
         then reads score; then reads plans; then 3 checks, which may end with \
         422 identity_not_verified, 203 no_offer; replies 200.",
        ">card.getSpendingProfile</text>",
        ">203 no_offer</text>",
        "prefers-color-scheme:dark",
    ] {
        assert!(picture.contains(text), "{text}\n{picture}");
    }
    assert_eq!(picture.matches("class=\"no dotted\"").count(), 1);
    assert_eq!(picture.matches("class=\"way dotted\"").count(), 1);
    assert_eq!(picture.matches("class=\"way\"").count(), 2 + 3 + 1 + 1);
    assert_eq!(
        picture.matches("<text").count(),
        picture.matches("</text>").count()
    );
}

#[test]
fn what_is_markup_stays_text() {
    let mut strange = operation();
    strange.steps[0].name = "<a href=\"x\">&\u{1}".into();
    let picture = svg(&strange);
    assert!(picture.contains("&lt;a href=&quot;x&quot;&gt;&amp; </text>"));
    assert!(!picture.contains("<a "));
    let text = mermaid(&strange);
    assert!(text.contains("#lt;a href=#quot;x#quot;#gt;#amp;"), "{text}");
}

#[test]
fn mermaid_draws_the_same_ways() {
    let text = mermaid(&operation());
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    assert_eq!(lines[0], "flowchart LR");
    assert!(lines.contains(&"checks{\"3 checks\"}"), "{text}");
    let ways: Vec<&str> = lines
        .into_iter()
        .filter(|line| line.contains('>'))
        .collect();
    let ways: Vec<&&str> = ways.iter().filter(|line| line.contains("-> ")).collect();
    assert_eq!(
        ways,
        [
            &"request --> read0",
            &"request --> read1",
            &"read0 --> read2",
            &"read1 --> read2",
            &"read2 --> read3",
            &"read3 --> checks",
            &"checks --> reply",
            &"checks -.-> ending0[/\"422 identity_not_verified\"/]",
            &"checks -.-> ending1[/\"203 no_offer\"/]",
        ]
    );
}

#[test]
fn lengths_are_told_in_the_longest_whole_unit() {
    for (millis, told) in [(900, "900 ms"), (1_500, "1500 ms"), (2_000, "2 s")] {
        assert_eq!(length(Duration::from_millis(millis)), told);
    }
    assert_eq!(length(Duration::from_mins(10)), "10 min");
    assert_eq!(length(Duration::from_hours(24)), "24 h");
}
