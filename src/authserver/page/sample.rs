//! Each page of values made up, for the trial of a bank's own templates and texts.

use http::StatusCode;
use jiff::Timestamp;
use model::{Fault, RequestId};
use web::{Drawings, Frame, Language, Pages};

use super::approve::{Approve, Line, Permission, approve};
use super::done::{Done, Kept, done};
use super::error::{Failure, sheet};
use super::log_in::{LogIn, Notice, log_in};
use super::onward::{Onward, onward};
use super::{Cause, Ending, OwnForm};

/// What customers read and decide by on these pages.
pub(super) const FACTS: &[&str] = &[
    BANK,
    HOST,
    CORRELATION,
    LEGAL,
    CONTACT,
    CUSTOMER,
    "Sample permission",
    "Sample line",
    "Sample member",
    "Sample value",
    "invalid_request_uri",
];
const BANK: &str = "Sample Bank";
const HOST: &str = "bank.example";
const APP: &str = "Sample App";
const LEGAL: &str = "Sample Company";
const CONTACT: &str = "privacy@app.example";
const CUSTOMER: &str = "sample-customer";
/// What the request's id begins with, of the instant of these pages.
const CORRELATION: &str = "01a3185c-5000";
const LOCATION: &str = "https://app.example/callback?code=c-1";

fn frame(language: Language, is_switched: bool) -> Result<Frame<'static>, Fault> {
    let now = instant(1_800_000_000)?;
    Ok(Frame {
        language,
        bank: BANK,
        host: HOST,
        switch: is_switched.then_some("/page?ui_locales=x"),
        correlation: RequestId::new(now, [7; 10]),
        help: None,
        complaint: None,
    })
}

fn instant(second: i64) -> Result<Timestamp, Fault> {
    let instant = Timestamp::from_second(second);
    instant.map_err(|cause| Fault::caused("making up the values of a page", cause))
}

const FORM: OwnForm<'static> = OwnForm {
    action: "/sample",
    csrf: "p-1",
    request: "r-1",
};

/// Draws them all.
pub(super) fn draw(pages: &Pages, language: Language) -> Result<Drawings, Fault> {
    let mut drawn = log_ins(pages, frame(language, true)?);
    drawn.extend(approvals(pages, frame(language, true)?)?);
    let frame = frame(language, false)?;
    let kept = Kept {
        until: Timestamp::from_second(1_800_000_000).unwrap_or_default(),
        permission: Some("/sample/c-1".to_owned()),
    };
    for (ending, kept) in [
        (Ending::Allowed, Some(&kept)),
        (Ending::Allowed, None),
        (Ending::Refused, None),
        (Ending::TakenBack, None),
        (Ending::Stopped, None),
    ] {
        let view = Done {
            frame,
            app: APP,
            ending,
            kept,
            location: LOCATION,
        };
        drawn.push(("done.html", done(pages, &view)));
    }
    for app in [Some(APP), None] {
        let view = Onward {
            frame,
            app,
            location: "https://provider.example/auth?state=s-1",
        };
        drawn.push(("onward.html", onward(pages, &view)));
    }
    for description in [Some("Sample line"), None] {
        let view = Failure {
            frame,
            status: StatusCode::BAD_REQUEST,
            cause: Cause::NoSuchRequest,
            code: "invalid_request_uri",
            description,
        };
        drawn.push(("error.html", sheet(pages, &view)));
    }
    Ok(drawn)
}

fn log_ins(pages: &Pages, frame: Frame<'_>) -> Drawings {
    let wrong = Notice::Wrong { tries_left: 2 };
    let views = [
        (Some(APP), None),
        (Some(APP), Some(wrong)),
        (None, None),
        (None, Some(wrong)),
    ];
    let drawn = views.map(|(app, notice)| {
        let view = LogIn {
            frame,
            app,
            user_name: CUSTOMER,
            notice,
            form: FORM,
        };
        ("log-in.html", log_in(pages, &view))
    });
    drawn.into()
}

fn approvals(pages: &Pages, frame: Frame<'_>) -> Result<Drawings, Fault> {
    let until = instant(1_815_000_000)?;
    let permissions = [Permission {
        title: "Sample permission".to_owned(),
        lines: vec![
            Line::of("Sample line".to_owned()),
            Line::named("Sample member".to_owned(), "Sample value".to_owned()),
        ],
    }];
    let drawn = [None, Some("see")].map(|act| {
        let view = Approve {
            frame,
            app: APP,
            act,
            legal: LEGAL,
            contact: CONTACT,
            customer: CUSTOMER,
            permissions: &permissions,
            until,
            form: FORM,
        };
        ("approve.html", approve(pages, &view))
    });
    Ok(drawn.into())
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
