//! A page as a bank's template makes it against the same page as ours does: whatever programs and
//! rules rely on stands in both. Colours, order and words are the bank's; who asks for what, the
//! form with its fields, and two answers that weigh the same are not.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::markup::{Element, Markup, Misfit};

/// The longest page, in bytes.
const PAGE_BYTES_MAX: usize = 64 * 1024;
/// What stands on a page as ours has it, in the same order: the frame gives it.
const OF_FRAME: [&str; 5] = ["html", "meta", "title", "style", "h1"];
/// What a form sends.
const CONTROLS: [&str; 2] = ["input", "button"];
/// Schemes of addresses that a page may add: they load nothing and lead to no page.
const HARMLESS: [&str; 3] = ["#", "mailto:", "tel:"];

/// What both pages have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    /// Ids that programs rely on, where ours has them; one that ends with `*` stands for all that
    /// begin so.
    pub(super) ids: &'a [&'a str],
    /// Texts that customers decide by, where ours has them.
    pub(super) facts: &'a [&'a str],
}

/// What the bank's page lacks, or has too much.
pub(super) fn misfits(ours: &str, theirs: &str, rules: Rules<'_>) -> Vec<Misfit> {
    if theirs.len() > PAGE_BYTES_MAX {
        let what = format!("the page is longer than {PAGE_BYTES_MAX} bytes");
        return vec![Misfit::new(what, "say it in fewer words")];
    }
    let (ours, theirs) = match (Markup::read(ours), Markup::read(theirs)) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (_, Err(misfit)) | (Err(misfit), _) => return vec![misfit],
    };
    let mut found = Vec::new();
    of_frame(&ours, &theirs, &mut found);
    ids(&ours, &theirs, rules.ids, &mut found);
    forms(&ours, &theirs, &mut found);
    bars(&ours, &theirs, &mut found);
    links(&ours, &theirs, &mut found);
    facts(&ours, &theirs, rules.facts, &mut found);
    found
}

/// Title, heading, language, style sheet, and what the browser is told to do by itself.
fn of_frame(ours: &Markup<'_>, theirs: &Markup<'_>, found: &mut Vec<Misfit>) {
    for name in OF_FRAME {
        let all = |page: &Markup<'_>| -> Vec<String> {
            let its = page.elements.iter().filter(|one| one.name == name);
            its.map(|one| {
                // Of the whole page only its language counts.
                let inner = if name == "html" { "" } else { page.inner(one) };
                format!("{:?} {inner}", one.attributes)
            })
            .collect()
        };
        if all(ours) != all(theirs) {
            let what = format!("`<{name}>` is not as ours");
            let help = "extend `frame.html` and leave it there; a frame of your own has it as ours";
            found.push(Misfit::new(what, help).at(format!("<{name}")));
        }
    }
    for mark in theirs.elements.iter().filter(|one| has_class(one, "mark")) {
        // Small screens do not show it.
        if theirs.inner(mark).chars().count() > 2 {
            let what = "`class=\"mark\"` is for one sign: small screens leave it out";
            found.push(Misfit::new(what, "write it without this class").at("\"mark\""));
        }
    }
}

fn has_class(element: &Element<'_>, class: &str) -> bool {
    let classes = element.get("class").unwrap_or_default();
    classes.split_ascii_whitespace().any(|one| one == class)
}

fn ids(ours: &Markup<'_>, theirs: &Markup<'_>, wanted: &[&str], found: &mut Vec<Misfit>) {
    let mut known = BTreeSet::new();
    for id in theirs.elements.iter().filter_map(|one| one.get("id")) {
        if !known.insert(id) {
            let what = format!("the id `{id}` stands twice");
            found.push(Misfit::new(what, "an id stands once on a page").at(format!("\"{id}\"")));
        }
    }
    for element in &ours.elements {
        let Some(id) = element.get("id").filter(|id| is_wanted(id, wanted)) else {
            continue;
        };
        let its = theirs.by_id(id);
        if its.is_none_or(|its| its.name != element.name) {
            let what = format!("`<{} id=\"{id}\">` is missing", element.name);
            found.push(Misfit::new(
                what,
                "programs find it by its id: leave it there",
            ));
        }
    }
}

fn is_wanted(id: &str, wanted: &[&str]) -> bool {
    wanted.iter().any(|one| {
        one.strip_suffix('*')
            .map_or(*one == id, |begin| id.starts_with(begin))
    })
}

/// The same forms with the same fields and buttons, and none beside.
fn forms(ours: &Markup<'_>, theirs: &Markup<'_>, found: &mut Vec<Misfit>) {
    let all = |page: &Markup<'_>| -> Vec<(String, Vec<String>)> {
        let forms = page.elements.iter().enumerate();
        forms
            .filter(|(_, one)| one.name == "form")
            .map(|(at, form)| (told(form), controls(page, Some(at))))
            .collect()
    };
    let (ours_forms, mut theirs_forms) = (all(ours), all(theirs));
    for (form, wanted) in ours_forms {
        let Some(at) = theirs_forms.iter().position(|(its, _)| *its == form) else {
            let what = format!("`<{form}>` is missing");
            found.push(Misfit::new(what, "leave each form there as ours has it"));
            continue;
        };
        let (_, has) = theirs_forms.remove(at);
        for control in wanted.iter().filter(|one| !has.contains(one)) {
            let what = format!("`<{control}>` is missing in `<{form}>`");
            found.push(Misfit::new(
                what,
                "leave each field and button there as ours has it",
            ));
        }
        let more = has.len() > wanted.len();
        for control in has.iter().filter(|one| more || !wanted.contains(one)) {
            if count(&has, control) > count(&wanted, control) {
                let what = format!("`<{control}>` is not in ours");
                let name = control.split(' ').next().unwrap_or_default();
                let help = "a form sends what ours does, and nothing is ticked before";
                found.push(Misfit::new(what, help).at(format!("<{name}")));
            }
        }
    }
    for (form, _) in theirs_forms {
        let what = format!("`<{form}>` is not in ours");
        found.push(Misfit::new(what, "a page has the forms that ours has").at("<form"));
    }
    for stray in controls(theirs, None) {
        let what = format!("`<{stray}>` stands in no form");
        found.push(Misfit::new(what, "put it into the form, or leave it out"));
    }
    hidden(theirs, found);
}

fn count(all: &[String], one: &str) -> usize {
    all.iter().filter(|other| *other == one).count()
}

/// What folds away hides no field and no button, and no form stands in another.
fn hidden(theirs: &Markup<'_>, found: &mut Vec<Misfit>) {
    for element in &theirs.elements {
        let name = element.name;
        let is_of_form = CONTROLS.contains(&name) || name == "form";
        let is_typed_in = element.get("type") != Some("hidden");
        if is_of_form && is_typed_in && theirs.is_within(element, "details") {
            let what = format!("`<{name}>` stands in `<details>`, which may be folded away");
            found.push(Misfit::new(what, "take it out of there").at("<details"));
        }
        if name == "form" && theirs.is_within(element, "form") {
            found.push(Misfit::new("a form stands in another", "end the one before").at("<form"));
        }
    }
}

/// The fields and buttons of a form, or of none.
fn controls(page: &Markup<'_>, form: Option<usize>) -> Vec<String> {
    let its = page.elements.iter().filter(|one| {
        let mut next = one.parent;
        while let Some(at) = next {
            match page.elements.get(at) {
                Some(outer) if outer.name == "form" => break,
                outer => next = outer.and_then(|outer| outer.parent),
            }
        }
        CONTROLS.contains(&one.name) && next == form
    });
    its.map(told).collect()
}

/// An element with its attributes, but what only describes it.
fn told(element: &Element<'_>) -> String {
    let mut text = element.name.to_owned();
    let mut attributes: Vec<_> = element.attributes.iter().collect();
    attributes.sort_unstable();
    for (name, value) in attributes {
        if *name == "class" || name.starts_with("aria-") {
            continue;
        }
        text.push(' ');
        text.push_str(name);
        if !value.is_empty() {
            // Writing to a string does not fail.
            let _ = write!(text, "=\"{value}\"");
        }
    }
    text
}

/// Two answers look and weigh the same: the bar is as the macro makes it.
fn bars(ours: &Markup<'_>, theirs: &Markup<'_>, found: &mut Vec<Misfit>) {
    let all = |page: &Markup<'_>| -> Vec<String> {
        let bars = page.elements.iter().filter(|one| has_class(one, "bar"));
        bars.map(|bar| page.written(bar)).collect()
    };
    if all(ours) != all(theirs) {
        let what = "the answer bar, with its two buttons that weigh the same, is not as ours";
        let help = "make it by the macro that ours makes it by, and no other element of the class \
                    `bar`";
        found.push(Misfit::new(what, help).at("class=\"bar\""));
    }
}

/// Links lead where ours do.
fn links(ours: &Markup<'_>, theirs: &Markup<'_>, found: &mut Vec<Misfit>) {
    let of = |page: &Markup<'_>| -> BTreeSet<String> {
        let all = page.elements.iter().filter_map(|one| one.get("href"));
        all.map(str::to_owned).collect()
    };
    let (ours, theirs) = (of(ours), of(theirs));
    for href in ours.difference(&theirs).filter(|one| !one.starts_with('#')) {
        let what = format!("the link to `{href}` is missing");
        found.push(Misfit::new(what, "leave each link there"));
    }
    for href in theirs.difference(&ours) {
        if !HARMLESS.iter().any(|scheme| href.starts_with(scheme)) {
            let what = format!("the link to `{href}` is not in ours");
            let help = "a page leads where ours does; `mailto:` and `tel:` may be added";
            found.push(Misfit::new(what, help).at(format!("\"{href}\"")));
        }
    }
}

/// What customers decide by is read on both.
fn facts(ours: &Markup<'_>, theirs: &Markup<'_>, facts: &[&str], found: &mut Vec<Misfit>) {
    let (ours, theirs) = (ours.text(), theirs.text());
    for fact in facts {
        if ours.contains(*fact) && !theirs.contains(*fact) {
            let what = format!("the page does not say what ours says: here `{fact}`");
            let help = "show all that the customer decides by, as ours does";
            found.push(Misfit::new(what, help));
        }
    }
}
