//! The words of the pages, all in both languages: what one has and the other lacks does not
//! compile. Second person, short sentences, no scope names; the same word for the same thing
//! (specs/consent.md §6, C).

mod en;
mod zh_cn;

use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use serde::Serialize;

use web::Language;

use super::{Cause, Ending};

/// The words of one language. `app` is an app's name, `bank` a bank's.
#[derive(Serialize)]
pub(super) struct Words {
    /// The other language's name, in that language.
    other_language: &'static str,
    reference: &'static str,
    attention: &'static str,
    user_name: &'static str,
    password: &'static str,
    log_in: &'static str,
    cancel: &'static str,
    who_asks: &'static str,
    checked: &'static str,
    contact: &'static str,
    until: &'static str,
    asked_for: &'static str,
    /// Between what something is called and what it is.
    colon: &'static str,
    #[serde(skip)]
    pub(super) who_you_are: &'static str,
    customer: &'static str,
    allow: &'static str,
    refuse: &'static str,
    error_code: &'static str,
    for_the_app: &'static str,
    pub(super) nothing_shared: &'static str,
    nothing_decided: &'static str,
    onward: &'static str,
    /// How a moment of Beijing's time is written, for `strftime`.
    #[serde(skip)]
    moment: &'static str,
    /// A title that says first that something is wrong.
    #[serde(skip)]
    pub(super) wrong: fn(heading: &str) -> String,
    #[serde(skip)]
    pub(super) log_in_to: fn(bank: &str, app: &str) -> String,
    #[serde(skip)]
    pub(super) never_needs: fn(app: &str) -> String,
    #[serde(skip)]
    pub(super) wrong_credentials: fn(tries_left: u32) -> String,
    #[serde(skip)]
    pub(super) locked_until: fn(moment: &str) -> String,
    #[serde(skip)]
    pub(super) wants_to: fn(app: &str, act: &str) -> String,
    #[serde(skip)]
    pub(super) asks: fn(app: &str) -> String,
    #[serde(skip)]
    pub(super) own_number: fn(app: &str) -> String,
    #[serde(skip)]
    pub(super) if_refused: fn(app: &str) -> String,
    #[serde(skip)]
    pub(super) ended: fn(ending: Ending, app: &str) -> String,
    #[serde(skip)]
    pub(super) allowed_only: fn(app: &str) -> String,
    #[serde(skip)]
    pub(super) returning: fn(app: &str) -> String,
    #[serde(skip)]
    pub(super) return_to: fn(app: &str) -> String,
    #[serde(skip)]
    pub(super) happened: fn(cause: Cause) -> &'static str,
    #[serde(skip)]
    pub(super) remedy: fn(cause: Cause) -> &'static str,
}

impl Words {
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::ZhCn => &zh_cn::WORDS,
            Language::En => &en::WORDS,
        }
    }

    /// A moment, to the minute, as Beijing's clocks show it.
    pub(super) fn moment(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned(TimeZone::fixed(offset(8)));
        zoned.strftime(self.moment).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_the_text_rules_say() {
        let at: Timestamp = "2026-12-22T02:30:59Z".parse().expect("a moment");
        let written = |language| Words::of(language).moment(at);
        assert_eq!(written(Language::ZhCn), "2026年12月22日 10:30（北京时间）");
        assert_eq!(written(Language::En), "22 December 2026, 10:30 (Beijing)");
        let early: Timestamp = "2027-01-31T16:05:00Z".parse().expect("a moment");
        let early = |language| Words::of(language).moment(early);
        assert_eq!(early(Language::ZhCn), "2027年2月1日 00:05（北京时间）");
        assert_eq!(early(Language::En), "1 February 2027, 00:05 (Beijing)");
    }

    #[test]
    fn one_try_is_told_apart_from_several() {
        let english = |left| (Words::of(Language::En).wrong_credentials)(left);
        assert!(english(1).ends_with("You can try once more."));
        assert!(english(2).ends_with("You can try 2 more times."));
        let chinese = (Words::of(Language::ZhCn).wrong_credentials)(2);
        assert!(chinese.ends_with("还可以再试 2 次。"));
    }

    #[test]
    fn no_two_endings_and_no_two_causes_read_the_same() {
        for language in Language::ALL {
            let words = Words::of(language);
            let endings: std::collections::BTreeSet<_> = [
                Ending::Allowed,
                Ending::Refused,
                Ending::Cancelled,
                Ending::TimedOut,
                Ending::Locked,
                Ending::Failed,
            ]
            .map(|ending| (words.ended)(ending, "SwiftRide"))
            .into();
            assert_eq!(endings.len(), 6);
            assert!(endings.iter().all(|text| text.contains("SwiftRide")));
            let causes = [
                Cause::NoSuchRequest,
                Cause::BadRequest,
                Cause::UnknownApp,
                Cause::ForeignForm,
                Cause::TooManyTries,
                Cause::Unavailable,
                Cause::Broken,
            ];
            let happened: std::collections::BTreeSet<_> = causes.map(words.happened).into();
            assert_eq!(happened.len(), causes.len());
            assert!(
                causes
                    .into_iter()
                    .all(|cause| !(words.remedy)(cause).is_empty())
            );
        }
    }
}
