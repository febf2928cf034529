//! What the templates of the inspector's pages are given.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use model::ports::{Called, Stage, Trace, Verdict};
use model::{ClientId, Decision, PartnerId};
use web::{Explained, Language};

use super::filter::{self, Filter, STATUSES};
use super::words::{self, Words};
use crate::inspector::CALLS_MAX;
use crate::start::Frame;

/// How many calls a page of the list has.
const ROWS: usize = 25;
/// How wide the bars are drawn, in their own units.
const WIDTH: u64 = 1_000;

/// A call in a list.
#[derive(Debug, Serialize)]
pub(in crate::start) struct Row {
    request: String,
    sign: &'static str,
    /// `passed`, `refused`, `failed` or `left`.
    kind: &'static str,
    word: &'static str,
    status: u16,
    method: Option<&'static str>,
    path: String,
    at: String,
    partner: Option<String>,
    code: Option<&'static str>,
    stage: Option<&'static str>,
    took: String,
}

impl Row {
    pub(in crate::start) fn of(trace: &Trace, language: Language) -> Self {
        let call = &trace.call;
        let (kind, sign) = kind(call.decision);
        let words = Words::of(language);
        Self {
            request: call.request.to_string(),
            sign,
            kind,
            word: words.decision(call.decision),
            status: call.status,
            method: call.method,
            path: super::path(trace).unwrap_or(words.nothing).to_owned(),
            at: call.at.strftime("%H:%M:%S").to_string(),
            partner: call.partner.as_ref().map(ToString::to_string),
            code: call.code,
            stage: filter::stopped(trace).map(|stage| words::stage(stage, language)),
            took: micros(call.took),
        }
    }
}

/// The list.
#[derive(Serialize)]
pub(in crate::start) struct ListView {
    #[serde(flatten)]
    frame: Frame,
    text: &'static Words,
    kept: usize,
    found: usize,
    fields: Vec<Field>,
    id: String,
    is_live: bool,
    /// The address of the same list that looks again by itself, or of the one that does not.
    other: String,
    rows: Vec<Row>,
    newer: Option<String>,
    older: Option<String>,
}

/// What may be chosen from.
#[derive(Serialize)]
struct Field {
    name: &'static str,
    label: &'static str,
    options: Vec<Choice>,
}

#[derive(Serialize)]
struct Choice {
    value: String,
    text: String,
    is_chosen: bool,
}

impl ListView {
    /// The page of the list that is asked for, of the last calls.
    pub(in crate::start) fn of(last: &[Arc<Trace>], filter: &Filter, language: Language) -> Self {
        let fitting: Vec<_> = last.iter().filter(|trace| filter.fits(trace)).collect();
        let from = filter.page * ROWS;
        let shown = fitting.iter().skip(from).take(ROWS);
        let address = |page| filter.address(page, filter.is_live);
        Self {
            frame: Frame::of(language, &address(filter.page)),
            text: Words::of(language),
            kept: CALLS_MAX,
            found: fitting.len(),
            fields: fields(last, filter, language),
            id: filter.field("id").to_owned(),
            is_live: filter.is_live,
            other: filter.address(filter.page, !filter.is_live),
            rows: shown.map(|trace| Row::of(trace, language)).collect(),
            newer: filter.page.checked_sub(1).map(address),
            older: (fitting.len() > from + ROWS).then(|| address(filter.page + 1)),
        }
    }
}

/// The fields of the form: partners and products are those of calls that are kept.
fn fields(last: &[Arc<Trace>], filter: &Filter, language: Language) -> Vec<Field> {
    let words = Words::of(language);
    let calls = || last.iter().map(Arc::as_ref);
    let partners = calls().filter_map(|trace| trace.call.partner.as_ref());
    let partners: BTreeSet<&str> = partners.map(PartnerId::as_str).collect();
    let products = calls().filter_map(filter::product);
    let products: BTreeSet<&str> = products.map(model::ProductId::as_str).collect();
    let same = |text: &str| (text.to_owned(), text.to_owned());
    let stages = Stage::ALL.into_iter();
    let stages = stages.map(|stage| {
        let text = words::stage(stage, language).to_owned();
        (stage.as_str().to_owned(), text)
    });
    let statuses = STATUSES.into_iter().map(|(name, first)| {
        let text = if first == 0 { words.no_status } else { name };
        (name.to_owned(), text.to_owned())
    });
    vec![
        field("status", words.status, statuses.collect(), filter),
        field(
            "partner",
            words.partner,
            partners.into_iter().map(same).collect(),
            filter,
        ),
        field(
            "product",
            words.product,
            products.into_iter().map(same).collect(),
            filter,
        ),
        field("stage", words.stopped_at, stages.collect(), filter),
    ]
}

/// What is chosen stays, though no call that is kept has it any more.
fn field(
    name: &'static str,
    label: &'static str,
    mut known: Vec<(String, String)>,
    filter: &Filter,
) -> Field {
    let chosen = filter.field(name);
    if !chosen.is_empty() && known.iter().all(|(value, _)| value != chosen) {
        known.push((chosen.to_owned(), chosen.to_owned()));
    }
    let options = known.into_iter().map(|(value, text)| Choice {
        is_chosen: value == chosen,
        value,
        text,
    });
    Field {
        name,
        label,
        options: options.collect(),
    }
}

/// One call.
#[derive(Serialize)]
pub(in crate::start) struct OneView {
    #[serde(flatten)]
    frame: Frame,
    text: &'static Words,
    row: Row,
    facts: Vec<Fact>,
    stages: Vec<Shown>,
    width: u64,
    /// What is said of a refusal.
    problem: Option<Explained>,
}

#[derive(Serialize)]
struct Fact {
    label: &'static str,
    value: String,
    /// Whether it is a word of programs, to be copied.
    is_code: bool,
}

/// A stage with its bar.
#[derive(Debug, Serialize)]
struct Shown {
    name: &'static str,
    kind: &'static str,
    sign: &'static str,
    word: &'static str,
    code: Option<&'static str>,
    took: Option<String>,
    from: u64,
    width: u64,
}

impl OneView {
    pub(in crate::start) fn of(trace: &Trace, language: Language) -> Self {
        let here = format!("/calls/{}?", trace.call.request);
        Self {
            frame: Frame::of(language, &here),
            text: Words::of(language),
            row: Row::of(trace, language),
            facts: facts(trace, language),
            stages: shown(trace, language),
            width: WIDTH,
            problem: super::explained(trace),
        }
    }
}

fn facts(trace: &Trace, language: Language) -> Vec<Fact> {
    let (call, words) = (&trace.call, Words::of(language));
    let (operation, bank) = match &call.called {
        Called::Operation(object) => (Some(&object.operation), Some(&object.bank)),
        Called::Endpoint { bank, .. } => (None, bank.as_ref()),
        Called::Nothing => (None, None),
    };
    let all = [
        (words.request, Some(call.request.to_string()), true),
        (
            words.interaction,
            Some(call.interaction.as_str().to_owned()),
            true,
        ),
        (words.when, Some(format!("{:.3}", call.at)), true),
        (words.bank, bank.map(ToString::to_string), true),
        (
            words.product,
            filter::product(trace).map(ToString::to_string),
            true,
        ),
        (words.operation, operation.map(ToString::to_string), true),
        (
            words.partner,
            call.partner.as_ref().map(ToString::to_string),
            true,
        ),
        (
            words.client,
            call.client.as_ref().map(ClientId::to_string),
            true,
        ),
        (words.took, Some(micros(call.took)), false),
        (words.of_it_bank, call.upstream.map(micros), false),
    ];
    let known = all.into_iter();
    known
        .filter_map(|(label, value, is_code)| {
            let value = value?;
            Some(Fact {
                label,
                value,
                is_code,
            })
        })
        .collect()
}

/// The stages with their bars: each begins where the one that was met before it ends.
fn shown(trace: &Trace, language: Language) -> Vec<Shown> {
    let total: Duration = trace.steps.iter().map(|step| step.took).sum();
    let part = |took: Duration| {
        let part = u128::from(WIDTH) * took.as_nanos() / total.as_nanos().max(1);
        u64::try_from(part).unwrap_or(WIDTH)
    };
    let begins = |stage: Stage, verdict: Verdict| {
        let before = trace.steps.iter();
        let before = before.take_while(|step| (step.stage, step.verdict) != (stage, verdict));
        part(before.map(|step| step.took).sum())
    };
    let told = filter::stopped(trace);
    let words = Words::of(language);
    let all = super::stages(trace).into_iter();
    all.map(|(stage, met)| {
        let (kind, sign, word) = match met.map(|(verdict, _)| verdict) {
            None => ("unmet", "○", words.not_reached),
            Some(Verdict::Passed) => ("passed", "✓", words.passed),
            Some(Verdict::Left) => ("left", "–", words.left),
            Some(Verdict::Stopped(_)) if told == Some(stage) => {
                let word = words.decision(trace.call.decision);
                ("red", "✕", word)
            }
            Some(Verdict::Stopped(_)) => ("aside", "–", words.not_told),
        };
        Shown {
            name: words::stage(stage, language),
            kind,
            sign,
            word,
            code: match met {
                Some((Verdict::Stopped(code), _)) => Some(code),
                _ => None,
            },
            took: met.map(|(_, took)| micros(took)),
            from: met.map_or(0, |(verdict, _)| begins(stage, verdict)),
            // What is met is seen, however short it is.
            width: met.map_or(0, |(_, took)| part(took).max(4)),
        }
    })
    .collect()
}

fn kind(decision: Decision) -> (&'static str, &'static str) {
    match decision {
        Decision::Allowed => ("passed", "✓"),
        Decision::Refused => ("refused", "✕"),
        Decision::Failed => ("failed", "!"),
        Decision::Aborted => ("left", "–"),
    }
}

fn micros(took: Duration) -> String {
    format!("{} µs", took.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspector::fixture::trace;

    #[test]
    fn a_refused_call_has_exactly_one_red_stage_with_a_word_and_a_sign() {
        for (decision, red) in [
            (Decision::Refused, vec!["identify"]),
            (Decision::Failed, vec!["forward"]),
            (Decision::Allowed, vec![]),
        ] {
            let shown = shown(&trace(1, decision), Language::En);
            let found = shown.iter().filter(|stage| stage.kind == "red");
            let found: Vec<_> = found.map(|stage| stage.name).collect();
            assert_eq!(found, red);
            assert!(shown.iter().all(|stage| !stage.word.is_empty()));
            let names: Vec<_> = shown.iter().map(|stage| stage.name).collect();
            let way = Stage::of_class(model::ProtectionClass::Partner).iter();
            assert_eq!(names, way.map(|stage| stage.as_str()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_was_refused_before_its_record_failed_is_not_red() {
        let mut trace = trace(1, Decision::Refused);
        let outcome = trace.steps.last_mut().expect("a step");
        outcome.verdict = Verdict::Stopped("audit_unavailable");
        let shown = shown(&trace, Language::En);
        let kinds: Vec<_> = shown.iter().map(|stage| stage.kind).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "red").count(), 1);
        assert_eq!(kinds.last(), Some(&"red"));
        assert!(kinds.contains(&"aside"));
    }

    #[test]
    fn bars_stand_one_behind_the_other_and_within_their_width() {
        let shown = shown(&trace(1, Decision::Allowed), Language::ZhCn);
        let ends = shown.iter().map(|stage| stage.from + stage.width);
        for (end, next) in ends.clone().zip(shown.iter().skip(1)) {
            assert!(end.abs_diff(next.from) <= 4, "{shown:?}");
        }
        assert!(ends.max().is_some_and(|end| end <= WIDTH), "{shown:?}");
        // 10 of 360 µs, and 80.
        assert_eq!((shown[0].width, shown[7].width), (27, 222));
    }

    #[test]
    fn what_is_chosen_can_be_chosen_again_though_no_call_has_it() {
        let form = web::Form::parse(b"partner=gone").expect("a query");
        let filter = Filter::read(&form).expect("a filter");
        let view = ListView::of(&[], &filter, Language::En);
        let partner = &view.fields[1];
        assert_eq!(partner.name, "partner");
        assert!(
            partner
                .options
                .iter()
                .any(|one| one.value == "gone" && one.is_chosen)
        );
    }
}
