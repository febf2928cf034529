//! A query string read strictly: unknown and repeated parameters are mistakes, and all mistakes
//! are found in one reading.

use jiff::civil::Date;

use super::refused::{Mistake, Refused};

/// The parameters of one request.
#[derive(Debug)]
pub(super) struct Query {
    given: Vec<(String, String)>,
    mistakes: Vec<Mistake>,
}

impl Query {
    /// Splits the query (`application/x-www-form-urlencoded`); `allowed` are the operation's
    /// parameters.
    pub(super) fn read(raw: Option<&str>, allowed: &[&str]) -> Self {
        let mut query = Self {
            given: Vec::new(),
            mistakes: Vec::new(),
        };
        for (name, value) in form_urlencoded::parse(raw.unwrap_or("").as_bytes()) {
            if !allowed.contains(&name.as_ref()) {
                let rule = match allowed {
                    [] => "is not known here: there is none".to_owned(),
                    some => format!("is not known here: there are {}", some.join(", ")),
                };
                query.mistake(&name, rule);
            } else if query.text(&name).is_some() {
                query.mistake(&name, "may stand only once".to_owned());
            } else {
                query.given.push((name.into_owned(), value.into_owned()));
            }
        }
        query
    }

    /// One of a closed list, or nothing when it was not given.
    pub(super) fn choice(&mut self, name: &str, choices: &[&'static str]) -> Option<&'static str> {
        let given = self.text(name)?;
        let found = choices.iter().copied().find(|choice| *choice == given);
        if found.is_none() {
            self.mistake(name, format!("must be one of {}", choices.join(", ")));
        }
        found
    }

    /// A whole number within bounds, or the default when it was not given.
    pub(super) fn number(&mut self, name: &str, least: u32, most: u32, default: u32) -> u32 {
        let Some(given) = self.text(name) else {
            return default;
        };
        let is_plain = given.bytes().all(|byte| byte.is_ascii_digit());
        match given.parse::<u32>() {
            Ok(number) if is_plain && (least..=most).contains(&number) => number,
            _ => {
                let rule = format!("must be a whole number from {least} to {most}");
                self.mistake(name, rule);
                default
            }
        }
    }

    /// A day between two days, or the later of them when it was not given.
    pub(super) fn day(&mut self, name: &str, earliest: Date, latest: Date) -> Date {
        self.day_or(name, earliest, latest, latest)
    }

    /// A day between two days, or the default when it was not given.
    pub(super) fn day_or(
        &mut self,
        name: &str,
        earliest: Date,
        latest: Date,
        default: Date,
    ) -> Date {
        let Some(given) = self.text(name) else {
            return default;
        };
        let day = (given.len() == 10).then(|| given.parse::<Date>().ok());
        match day.flatten() {
            Some(day) if (earliest..=latest).contains(&day) => day,
            _ => {
                let rule = format!("must be a day (YYYY-MM-DD) from {earliest} to {latest}");
                self.mistake(name, rule);
                default
            }
        }
    }

    /// Notes a mistake of the caller.
    pub(super) fn mistake(&mut self, name: &str, rule: String) {
        // The name is the caller's own text: no longer than a name is, so that a problem stays
        // small; and there are no more mistakes than a person reads.
        if self.mistakes.len() < 16 {
            self.mistakes.push(Mistake {
                parameter: name.chars().take(64).collect(),
                rule,
            });
        }
    }

    /// All is well, or every mistake.
    pub(super) fn finish(self) -> Result<(), Refused> {
        if self.mistakes.is_empty() {
            Ok(())
        } else {
            Err(Refused::Parameters(self.mistakes))
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.given
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(query: Query) -> Vec<String> {
        match query.finish() {
            Err(Refused::Parameters(all)) => all.into_iter().map(|m| m.parameter).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_mistake_is_found_in_one_reading() {
        let mut query = Query::read(
            Some("limit=0&offset=1&offset=2&type=shop&colour=red"),
            &["limit", "offset", "type"],
        );
        assert_eq!(query.number("limit", 1, 100, 20), 20);
        assert_eq!(query.number("offset", 0, 100, 0), 1);
        assert_eq!(query.choice("type", &["branch", "atm"]), None);
        assert_eq!(mistakes(query), ["offset", "colour", "limit", "type"]);
    }

    #[test]
    fn numbers_are_plain_digits() {
        for bad in ["+5", "-1", "5.0", "", " 5", "99999999999"] {
            let raw = form_urlencoded::Serializer::new(String::new())
                .append_pair("limit", bad)
                .finish();
            let mut query = Query::read(Some(&raw), &["limit"]);
            query.number("limit", 1, 100, 20);
            assert_eq!(mistakes(query), ["limit"], "{bad}");
        }
    }

    #[test]
    fn days_are_dates_within_bounds() {
        let (from, to) = ("2026-01-01".parse(), "2026-11-22".parse());
        let (from, to): (Date, Date) = (from.expect("a date"), to.expect("a date"));
        for bad in [
            "2026-11-23",
            "2025-12-31",
            "2026-02-30",
            "20261101",
            "today",
        ] {
            let mut query = Query::read(Some(&format!("date={bad}")), &["date"]);
            assert_eq!(query.day("date", from, to), to);
            assert_eq!(mistakes(query), ["date"], "{bad}");
        }
        let mut query = Query::read(Some("date=2026-01-01"), &["date"]);
        assert_eq!(query.day("date", from, to), from);
    }
}
