//! Each page of values made up, for the trial of a bank's own templates and texts.

use model::ports::DeskForm;
use model::{Fault, Response};
use web::{Drawings, Language, Pages};

use super::View;
use crate::keep::ended::Ended;
use crate::keep::one::One;
use crate::keep::told::{List, Stop};
use crate::page::sample::frame;

/// What customers read and decide by on these pages.
pub(super) const FACTS: &[&str] = &[
    "Sample Bank",
    "bank.example",
    "01a3185c-5000",
    "Sample App",
    "Sample Company",
    "privacy@app.example",
    "sample-customer",
    "Sample state",
    "Sample purpose",
    "Sample group",
    "Sample data",
    "Sample details",
    "Sample account",
    "6321",
    "Sample label",
    "Sample value",
    "Sample moment",
    "Sample day",
    "Sample end",
    "Sample who ended it",
    "Sample product",
    "Sample answer",
    "Sample number",
    "Sample pause",
    "Sample reminder",
    "Sample period",
    "Sample reason",
    "Sample decision",
    "Sample time",
    "Sample person",
    "Sample way",
    "Sample table",
    "Sample member",
    "Sample text",
];

/// Draws them all.
pub(super) fn draw(pages: &Pages, language: Language) -> Result<Drawings, Fault> {
    let form = |place: &str| DeskForm {
        action: format!("/permissions/{place}"),
        csrf: "p-1".to_owned(),
        request: place.to_owned(),
    };
    let view = View {
        pages,
        frame: frame(language)?,
        path: "/permissions",
        customer: "sample-customer",
        form: &form,
        own: "/permissions".to_owned(),
        as_json: false,
    };
    let mut drawn = Drawings::new();
    let mut put = |name: &'static str, page: Result<Response, Fault>| drawn.push((name, page));
    for list in [List::sample(), List::default()] {
        put("keep-list.html", view.list(&list));
        put("keep-list.html", view.history(&list));
    }
    for is_in_force in [true, false] {
        put("keep-one.html", view.one(&One::sample(is_in_force)));
        let stop = Stop::sample(is_in_force);
        put("keep-withdraw.html", view.stop(&stop));
    }
    put("keep-ended.html", view.ended(&Ended::sample()));
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::BodyExt;
    use web::OwnPages;

    use super::*;

    /// All pages of ours, one behind the other.
    fn all() -> String {
        let pages = super::super::pages(&OwnPages::default()).expect("pages of ours");
        let drawn = Language::ALL.map(|language| draw(&pages, language).expect("drawn"));
        let html = drawn.into_iter().flatten().map(|(name, page)| {
            let page = page.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
            let body = page.into_body().collect().now_or_never();
            let body = body.expect("whole").expect("whole").to_bytes();
            String::from_utf8(body.to_vec()).expect("text")
        });
        html.collect()
    }

    #[test]
    fn all_that_a_bank_must_keep_is_there_to_be_kept() {
        let all = all();
        for fact in FACTS {
            assert!(all.contains(fact), "no page says {fact}");
        }
        for id in super::super::IDS {
            let begins = id.strip_suffix('*').map(str::to_owned);
            let mark = begins.unwrap_or_else(|| format!("{id}\""));
            assert!(all.contains(&format!(" id=\"{mark}")), "no page has {id}");
        }
    }

    #[test]
    fn what_is_ours_fits_in_the_place_of_ours() {
        let ours = super::super::SOURCE.templates.iter();
        let own = OwnPages {
            templates: ours
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
            ..OwnPages::default()
        };
        let tried = super::super::try_pages(&own).expect("pages of ours");
        assert!(tried.unfit.is_empty(), "{:#?}", tried.unfit);
    }
}
