//! Days and times of day, always the same for all: Beijing's, and named so (specs/consent.md §6C).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{self, Offset};

use crate::language::Language;

/// Beijing's offset. It has been the same since 1991; nothing of ours is older.
const BEIJING: Offset = tz::offset(8);

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The instant in Beijing, to the minute: `2026年12月22日 10:30（北京时间）` or
/// `22 December 2026, 10:30 (Beijing)`. Seconds are left out, not rounded: what ends at the instant
/// holds at least until the minute that is told.
pub fn moment(at: Timestamp, language: Language) -> String {
    let there = BEIJING.to_datetime(at);
    let day = date(there.date(), language);
    let (hour, minute) = (there.hour(), there.minute());
    match language {
        Language::ZhCn => format!("{day} {hour:02}:{minute:02}（北京时间）"),
        Language::En => format!("{day}, {hour:02}:{minute:02} (Beijing)"),
    }
}

/// The day: `2026年12月22日` or `22 December 2026`.
pub fn date(day: Date, language: Language) -> String {
    let (year, month, number) = (day.year(), day.month(), day.day());
    match language {
        Language::ZhCn => format!("{year}年{month}月{number}日"),
        Language::En => {
            let at = usize::try_from(month - 1).unwrap_or(0);
            let name = MONTHS.get(at).copied().unwrap_or_default();
            format!("{number} {name} {year}")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Language::{En, ZhCn};

    #[test]
    fn instants_are_told_in_beijing() {
        for (at, zh, en) in [
            (
                "2026-12-22T02:30:00Z",
                "2026年12月22日 10:30（北京时间）",
                "22 December 2026, 10:30 (Beijing)",
            ),
            // Another day there.
            (
                "2026-12-31T16:00:00Z",
                "2027年1月1日 00:00（北京时间）",
                "1 January 2027, 00:00 (Beijing)",
            ),
            (
                "2026-12-31T15:59:59.999Z",
                "2026年12月31日 23:59（北京时间）",
                "31 December 2026, 23:59 (Beijing)",
            ),
            // No summer time.
            (
                "2028-02-29T01:05:59Z",
                "2028年2月29日 09:05（北京时间）",
                "29 February 2028, 09:05 (Beijing)",
            ),
            (
                "2026-07-01T04:00:00Z",
                "2026年7月1日 12:00（北京时间）",
                "1 July 2026, 12:00 (Beijing)",
            ),
        ] {
            let at: Timestamp = at.parse().expect("an instant");
            assert_eq!(moment(at, ZhCn), zh);
            assert_eq!(moment(at, En), en);
        }
    }

    #[test]
    fn every_month_has_its_name() {
        for (month, name) in (1..).zip(MONTHS) {
            let day = Date::new(2026, month, 9).expect("a day");
            assert_eq!(date(day, En), format!("9 {name} 2026"));
            assert_eq!(date(day, ZhCn), format!("2026年{month}月9日"));
        }
    }

    #[test]
    fn the_ends_of_time_can_be_told() {
        for at in [Timestamp::MIN, Timestamp::MAX] {
            for language in Language::ALL {
                assert!(!moment(at, language).is_empty());
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_told_is_never_later_than_the_instant(second in 0_i64..4_102_444_800) {
            let at = Timestamp::from_second(second).expect("in range");
            let told = moment(at, ZhCn);
            let told = told.strip_suffix("（北京时间）").expect("the place is named");
            let read = jiff::civil::DateTime::strptime("%Y年%m月%d日 %H:%M", told).expect("a time");
            let read = BEIJING.to_timestamp(read).expect("in range");
            prop_assert!((0..60).contains(&(second - read.as_second())), "{}", told);
        }
    }
}
