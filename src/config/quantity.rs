//! Durations, sizes, counts, rates and dates: a number never stands without its unit.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::civil::Date;

use crate::mistake::Code;
use crate::reader::{Reader, Section, Value, Wrong};
use crate::shape::Kind;
use crate::source::At;

/// So many in such a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU32,
    /// In how long: a second, a minute or an hour.
    pub per: Duration,
}

/// The highest rate and count that is read.
pub(crate) const COUNT_MAX: u32 = 1_000_000;

const DURATION_UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("min", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];
const SIZE_UNITS: [(&str, u64); 4] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

impl Reader {
    /// A duration such as `30s` within the range of its key.
    pub(crate) fn duration(&mut self, value: Value<'_>) -> Option<At<Duration>> {
        let Kind::Duration(least, most) = value.kind else {
            return self.misread(value);
        };
        self.parsed(value, |text| {
            let millis = with_unit(text, "a duration", &DURATION_UNITS, "30s")?;
            let found = Duration::from_millis(millis);
            within(value, found, (least, most), |d| shown_duration(*d))
        })
    }

    /// A size such as `10 MiB` within the range of its key, in bytes.
    pub(crate) fn size(&mut self, value: Value<'_>) -> Option<At<u64>> {
        let Kind::Size(least, most) = value.kind else {
            return self.misread(value);
        };
        self.parsed(value, |text| {
            let bytes = with_unit(text, "a size", &SIZE_UNITS, "10 MiB")?;
            within(value, bytes, (least, most), |bytes| shown_size(*bytes))
        })
    }

    /// Bytes per second such as `256 B/s` within the range of its key.
    pub(crate) fn byte_rate(&mut self, value: Value<'_>) -> Option<At<u64>> {
        let Kind::ByteRate(least, most) = value.kind else {
            return self.misread(value);
        };
        self.parsed(value, |text| {
            let Some(size) = text.strip_suffix("/s") else {
                return Err(Wrong::of(
                    Code::Unit,
                    format!("`{text}` does not say in which time"),
                    "write bytes per second, such as `256 B/s`",
                ));
            };
            let bytes = with_unit(size.trim_end(), "a size", &SIZE_UNITS, "256 B/s")?;
            within(value, bytes, (least, most), |bytes| {
                format!("{}/s", shown_size(*bytes))
            })
        })
    }

    /// A count such as `100 requests`, not 0.
    pub(crate) fn count(&mut self, value: Value<'_>) -> Option<At<NonZeroU32>> {
        let counted = self.counted(value)?;
        Some(counted.map(|count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)))
    }

    /// A count such as `100 requests` within the range of its key.
    pub(crate) fn counted(&mut self, value: Value<'_>) -> Option<At<u32>> {
        let Kind::Count(unit, least, most) = value.kind else {
            return self.misread(value);
        };
        let example = format!("100 {unit}");
        self.parsed(value, |text| {
            let singular = unit.strip_suffix('s').unwrap_or(unit);
            let found = with_unit(text, "a count", &[(unit, 1), (singular, 1)], &example)?;
            let found = u32::try_from(found).unwrap_or(u32::MAX);
            within(value, found, (least, most), |count| match count {
                1 => format!("1 {singular}"),
                _ => format!("{count} {unit}"),
            })
        })
    }

    /// Sets a duration from its key.
    pub(crate) fn set_duration(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        target: &mut Duration,
    ) {
        let value = section.value(self, key);
        if let Some(read) = value.and_then(|value| self.duration(value)) {
            *target = read.value;
        }
    }

    /// Sets a number of bytes from its key.
    pub(crate) fn set_size<N: TryFrom<u64>>(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        target: &mut N,
    ) {
        let value = section.value(self, key);
        let read = value.and_then(|value| self.size(value));
        if let Some(read) = read.and_then(|at| N::try_from(at.value).ok()) {
            *target = read;
        }
    }

    /// Sets bytes per second from their key.
    pub(crate) fn set_byte_rate(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        target: &mut u32,
    ) {
        let value = section.value(self, key);
        let read = value.and_then(|value| self.byte_rate(value));
        if let Some(read) = read.and_then(|at| u32::try_from(at.value).ok()) {
            *target = read;
        }
    }

    /// Sets a count from its key.
    pub(crate) fn set_count<N: TryFrom<u32>>(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        target: &mut N,
    ) {
        let value = section.value(self, key);
        let read = value.and_then(|value| self.counted(value));
        if let Some(read) = read.and_then(|at| N::try_from(at.value).ok()) {
            *target = read;
        }
    }

    /// A rate such as `50/s` or `600/min`.
    pub(crate) fn rate(&mut self, value: Value<'_>) -> Option<At<Rate>> {
        if !matches!(value.kind, Kind::Rate) {
            return self.misread(value);
        }
        self.parsed(value, |text| {
            let wrong = |code| {
                Wrong::of(
                    code,
                    format!("`{text}` is not a rate"),
                    "write so many in a second, a minute or an hour: `50/s`, `600/min`, `9000/h`",
                )
            };
            let (count, unit) = text.split_once('/').ok_or_else(|| wrong(Code::Unit))?;
            let per = match unit.trim() {
                "s" => 1,
                "min" => 60,
                "h" => 3_600,
                _ => return Err(wrong(Code::Unit)),
            };
            let count = count.trim();
            if !is_digits(count) {
                return Err(wrong(Code::BadValue));
            }
            let too_large = || {
                let what = format!("`{text}` is too large");
                Wrong::of(
                    Code::OutOfRange,
                    what,
                    format!("it may be up to {COUNT_MAX}/s"),
                )
            };
            let count = count.parse().map_err(|_| too_large())?;
            let count = within(value, count, (&1, &COUNT_MAX), |count| {
                format!("{count}/{}", unit.trim())
            })?;
            Ok(Rate {
                count: NonZeroU32::new(count).ok_or_else(|| wrong(Code::OutOfRange))?,
                per: Duration::from_secs(per),
            })
        })
    }

    /// A date such as `2027-12-31`.
    pub(crate) fn date(&mut self, value: Value<'_>) -> Option<At<Date>> {
        if !matches!(value.kind, Kind::Date) {
            return self.misread(value);
        }
        self.parsed(value, |text| {
            let shaped = text.len() == 10
                && text.bytes().enumerate().all(|(i, b)| match i {
                    4 | 7 => b == b'-',
                    _ => b.is_ascii_digit(),
                });
            let date = shaped.then(|| text.parse::<Date>().ok()).flatten();
            date.ok_or_else(|| {
                Wrong::new(
                    format!("`{text}` is not a date"),
                    "write year, month and day: `2027-12-31`",
                )
            })
        })
    }
}

/// A number and its unit, as a number of the smallest unit.
fn with_unit(text: &str, what: &str, units: &[(&str, u64)], example: &str) -> Result<u64, Wrong> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split).unwrap_or((text, ""));
    let unit = unit.trim();
    let mut names = format!(
        "; the units are {}",
        crate::mistake::listed(units.iter().map(|(name, _)| *name))
    );
    if what == "a count" {
        names.clear();
    }
    if !is_digits(number) {
        return Err(Wrong::of(
            Code::BadValue,
            format!("`{text}` is not {what}"),
            format!("write a whole number and a unit, such as `{example}`"),
        ));
    }
    if unit.is_empty() {
        let first = match units {
            [_, (second, _), ..] if what == "a duration" => second,
            [(first, _), ..] => first,
            [] => "",
        };
        let space = if what == "a duration" { "" } else { " " };
        return Err(Wrong::of(
            Code::Unit,
            format!("`{text}` has no unit"),
            format!("write `{number}{space}{first}`{names}"),
        ));
    }
    match units.iter().find(|(name, _)| *name == unit) {
        Some((_, factor)) => {
            let product = number
                .parse()
                .ok()
                .and_then(|n: u64| n.checked_mul(*factor));
            product.ok_or_else(|| {
                Wrong::of(
                    Code::OutOfRange,
                    format!("`{text}` is too large"),
                    format!("write something such as `{example}`"),
                )
            })
        }
        None => Err(Wrong::of(
            Code::Unit,
            format!("`{unit}` is not a unit of {what}"),
            match near_unit(unit, units) {
                Some(near) => format!("did you mean `{near}`?{}", names.replace("; the", " The")),
                None => format!("write something such as `{example}`{names}"),
            },
        )),
    }
}

/// The unit that another spelling of it stands for.
fn near_unit<'u>(unit: &str, units: &[(&'u str, u64)]) -> Option<&'u str> {
    let meant = match unit {
        "m" | "minute" | "minutes" | "mins" => "min",
        "sec" | "secs" | "second" | "seconds" => "s",
        "hour" | "hours" => "h",
        "day" | "days" => "d",
        "kB" | "KB" | "K" | "k" => "KiB",
        "MB" | "M" => "MiB",
        "GB" | "G" => "GiB",
        "byte" | "bytes" => "B",
        other => crate::mistake::nearest(other, units.iter().map(|(name, _)| *name))?,
    };
    units
        .iter()
        .map(|(name, _)| *name)
        .find(|name| *name == meant)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn within<T: PartialOrd>(
    value: Value<'_>,
    found: T,
    (least, most): (&T, &T),
    shown: impl Fn(&T) -> String,
) -> Result<T, Wrong> {
    if (least..=most).contains(&&found) {
        return Ok(found);
    }
    Err(Wrong::of(
        Code::OutOfRange,
        format!("`{}` cannot be {}", value.key.name, shown(&found)),
        format!("it may be from {} to {}", shown(least), shown(most)),
    ))
}

pub(crate) fn shown_duration(duration: Duration) -> String {
    shown(
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        &DURATION_UNITS,
        "",
    )
}

pub(crate) fn shown_size(bytes: u64) -> String {
    shown(bytes, &SIZE_UNITS, " ")
}

/// A number in the largest unit that divides it.
fn shown(number: u64, units: &[(&str, u64)], space: &str) -> String {
    let unit = units
        .iter()
        .rev()
        .find(|(_, factor)| number != 0 && number.is_multiple_of(*factor))
        .or(units.first());
    match unit {
        Some((name, factor)) => format!("{}{space}{name}", number / factor),
        None => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_need_their_units() {
        let read = |text| with_unit(text, "a duration", &DURATION_UNITS, "30s");
        assert_eq!(read("30s").ok(), Some(30_000));
        assert_eq!(read("2 min").ok(), Some(120_000));
        assert_eq!(read("500ms").ok(), Some(500));
        let help = |text| read(text).err().and_then(|wrong| wrong.help);
        assert_eq!(
            help("30").as_deref(),
            Some("write `30s`; the units are `ms`, `s`, `min`, `h`, `d`")
        );
        assert_eq!(
            help("5m").as_deref(),
            Some("did you mean `min`? The units are `ms`, `s`, `min`, `h`, `d`")
        );
        let what = |text| read(text).err().map(|wrong| wrong.what);
        for large in [
            "30000000000000000000s",
            "18446744073709551615s",
            "99999999999999999999ms",
        ] {
            let told = what(large);
            assert_eq!(told, Some(format!("`{large}` is too large")));
        }
        for bad in ["", "s", "-5s", "1.5s", "1e3s", "999999999999999999d", "٣s"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn quantities_are_shown_as_they_are_written() {
        assert_eq!(shown_duration(Duration::from_millis(1_500)), "1500ms");
        assert_eq!(shown_duration(Duration::from_secs(90)), "90s");
        assert_eq!(shown_duration(Duration::from_hours(48)), "2d");
        assert_eq!(shown_duration(Duration::ZERO), "0ms");
        assert_eq!(shown_size(256 << 20), "256 MiB");
    }
}
