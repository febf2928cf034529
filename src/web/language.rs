//! The languages of our pages, and which one a customer gets (specs/consent.md, screen C1).

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use crate::cookie::Cookie;

/// How many entries of a list of languages are read.
const ENTRIES_MAX: usize = 32;
/// The longest list that a browser may send, in bytes.
const LIST_BYTES_MAX: usize = 1024;

/// The quality of an entry without one (RFC 9110 §12.4.2), in thousandths.
const WHOLE: u16 = 1000;

/// A language that every page is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Chinese as written in the mainland.
    ZhCn,
    /// English.
    En,
}

impl Language {
    /// All of them, the first for whoever says nothing.
    pub const ALL: [Self; 2] = [Self::ZhCn, Self::En];
    /// The cookie that remembers the customer's choice; its value is the tag.
    pub const COOKIE: Cookie<'static> = Cookie::named("language");

    /// The language's tag (RFC 5646).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::ZhCn => Self::En,
            Self::En => Self::ZhCn,
        }
    }

    /// The language for a customer: what `ui_locales` asks for (OpenID Connect Core §3.1.2.1: tags
    /// in order, with spaces between), or what the customer chose before, or what the browser
    /// prefers, or Chinese. What cannot be read counts as not said. The link that switches the
    /// language is a `ui_locales` of the page's own address, and comes before the app's.
    pub fn chosen(ui_locales: Option<&str>, headers: &HeaderMap) -> Self {
        ui_locales
            .and_then(Self::of_ui_locales)
            .or_else(|| Self::of_cookie(headers))
            .or_else(|| Self::of_accept_language(headers))
            .unwrap_or(Self::ZhCn)
    }

    fn of_ui_locales(list: &str) -> Option<Self> {
        list.split(' ').take(ENTRIES_MAX).find_map(Self::of_tag)
    }

    fn of_cookie(headers: &HeaderMap) -> Option<Self> {
        let value = Self::COOKIE.read(headers).ok().flatten()?;
        Self::ALL
            .into_iter()
            .find(|language| language.tag().as_bytes() == value)
    }

    /// The language with the highest quality, the first of two equal ones; `*` speaks for those
    /// that are not named (RFC 9110 §12.5.4).
    fn of_accept_language(headers: &HeaderMap) -> Option<Self> {
        let list = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
        if list.len() > LIST_BYTES_MAX {
            return None;
        }
        let mut named: Vec<(Self, u16)> = Vec::new();
        let mut others = 0;
        for entry in list.split(',').take(ENTRIES_MAX) {
            let Some((range, quality)) = range(entry) else {
                continue;
            };
            if range == "*" {
                others = quality;
            } else if let Some(language) = Self::of_tag(range)
                && !named.iter().any(|(known, _)| *known == language)
            {
                named.push((language, quality));
            }
        }
        for language in Self::ALL {
            if !named.iter().any(|(known, _)| *known == language) {
                named.push((language, others));
            }
        }
        let best = named.iter().map(|(_, quality)| *quality).max()?;
        named
            .into_iter()
            .find(|(_, quality)| *quality == best && best > 0)
            .map(|(language, _)| language)
    }

    /// By the tag's language alone: whoever reads some Chinese is better served with ours than
    /// with English, and the other way round.
    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        Self::ALL.into_iter().find(|language| {
            let ours = language.tag().split('-').next();
            ours.is_some_and(|ours| primary.eq_ignore_ascii_case(ours))
        })
    }
}

/// A range and its quality in thousandths (RFC 9110 §12.4.2); nothing when the quality is none.
fn range(entry: &str) -> Option<(&str, u16)> {
    let (range, weight) = entry.split_once(';').unwrap_or((entry, ""));
    let weight = weight.trim();
    let quality = match weight.split_once('=') {
        None if weight.is_empty() => WHOLE,
        Some((name, quality)) if name.eq_ignore_ascii_case("q") => thousandths(quality)?,
        _ => return None,
    };
    Some((range.trim(), quality))
}

/// `0` or `1`, with at most three digits after a point.
fn thousandths(quality: &str) -> Option<u16> {
    let (whole, part) = quality.split_once('.').unwrap_or((quality, ""));
    let is_quality = matches!(whole, "0" | "1")
        && part.len() <= 3
        && part.bytes().all(|byte| byte.is_ascii_digit());
    let part: u16 = format!("{part:0<3}").parse().ok()?;
    let quality = whole.parse::<u16>().ok()? * WHOLE + part;
    (is_quality && quality <= WHOLE).then_some(quality)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::COOKIE;
    use proptest::prelude::*;

    use super::*;
    use Language::{En, ZhCn};

    fn accepting(list: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(list.as_bytes()).expect("a value");
        headers.insert(ACCEPT_LANGUAGE, value);
        headers
    }

    fn remembering(language: Language, headers: &HeaderMap) -> HeaderMap {
        let written = Language::COOKIE.set(language.tag().as_bytes());
        let written = written.expect("written");
        let pair = written.to_str().expect("text").split(';').next();
        let mut headers = headers.clone();
        let pair = HeaderValue::from_str(pair.expect("a pair")).expect("a value");
        headers.insert(COOKIE, pair);
        headers
    }

    #[test]
    fn c1_what_the_app_asks_for_comes_first_then_the_cookie_then_the_browser() {
        let english = accepting("en-GB,en;q=0.9");
        let nothing = HeaderMap::new();
        assert_eq!(Language::chosen(None, &nothing), ZhCn);
        assert_eq!(Language::chosen(None, &english), En);
        let chinese = remembering(ZhCn, &english);
        assert_eq!(Language::chosen(None, &chinese), ZhCn);
        assert_eq!(Language::chosen(Some("en"), &chinese), En);
        assert_eq!(Language::chosen(Some("fr"), &chinese), ZhCn);
        assert_eq!(Language::chosen(Some(""), &remembering(En, &nothing)), En);
    }

    #[test]
    fn ui_locales_are_taken_in_their_order() {
        let nothing = HeaderMap::new();
        for (list, language) in [
            ("fr-CA en zh-CN", En),
            ("zh-Hans-CN en", ZhCn),
            ("ZH", ZhCn),
            ("EN-us", En),
            ("eng zhx e", ZhCn),
            ("fr de", ZhCn),
        ] {
            assert_eq!(Language::chosen(Some(list), &nothing), language, "{list}");
        }
    }

    #[test]
    fn the_browsers_list_is_weighed() {
        for (list, language) in [
            ("en, zh", En),
            ("zh, en", ZhCn),
            ("zh;q=0.2, en;q=0.9", En),
            ("zh;q=0.900, en;q=0.9", ZhCn),
            ("fr, en;q=0.001", En),
            ("fr", ZhCn),
            ("fr, *;q=0.5", ZhCn),
            ("zh;q=0, *", En),
            ("zh;q=0, en;q=0", ZhCn),
            ("en;q=0.5, *", ZhCn),
            ("en ; q=1.000 , zh;Q=0.999", En),
            // Entries that are none are passed over.
            ("en;q=2, zh;q=0.1", ZhCn),
            ("zh;q=x, en;q=0.1", En),
            ("zh;level=1, en;q=0.1", En),
            ("zh;q=0.0001, en;q=0.1", En),
            ("zh;q=+1, en;q=0.1", En),
            (";;,=,en", En),
        ] {
            assert_eq!(Language::chosen(None, &accepting(list)), language, "{list}");
        }
    }

    #[test]
    fn a_list_is_read_as_far_as_its_limits() {
        let far = format!("{}en", "fr,".repeat(ENTRIES_MAX));
        assert_eq!(Language::chosen(None, &accepting(&far)), ZhCn);
        let near = format!("{}en", "fr,".repeat(ENTRIES_MAX - 1));
        assert_eq!(Language::chosen(None, &accepting(&near)), En);
        let long = format!("en,{}", "x".repeat(LIST_BYTES_MAX));
        assert_eq!(Language::chosen(None, &accepting(&long)), ZhCn);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_choice_panic(
            ui_locales in ".{0,60}",
            list in "([ -~\t]|é|,|;q=|zh|en|\\*|[01]\\.[0-9]{0,4}){0,60}",
        ) {
            let chosen = Language::chosen(Some(&ui_locales), &accepting(&list));
            prop_assert!(Language::ALL.contains(&chosen));
        }
    }
}
