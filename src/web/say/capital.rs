//! Amounts of yuan in the capital numerals of notes and contracts (人民币大写), which cannot be
//! altered by a stroke.
//!
//! The rules are those for filling in notes (People's Bank of China, 支付结算办法, annex 1:
//! 正确填写票据和结算凭证的基本规定): every digit by its name, 零 once for any run of zeros between
//! digits, 零 behind 元 when there are no 角 but 分, 整 behind 元 and 角, never behind 分. Where the
//! rules leave 零 to the writer (a zero before 万 or 元 with another digit right behind), it is left
//! out.

use model::Decimal;

const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];

/// Amounts from here on would need a word beyond 亿.
const YUAN_END: u64 = 1_000_000_000_000;

/// The amount of yuan in capital numerals, without the word 人民币 before it: `壹仟零伍元零贰分` for
/// 1005.02. Nothing for what a note cannot bear: below zero, 10^12 or more, parts of a 分.
///
/// It speaks of yuan alone: for another currency it must not be asked.
pub fn capital(amount: &Decimal) -> Option<String> {
    let total = u64::try_from(amount.at(2)?).ok()?;
    let (yuan, tenths, hundredths) = (total / 100, total / 10 % 10, total % 10);
    if yuan >= YUAN_END {
        return None;
    }
    let mut text = String::new();
    if yuan > 0 {
        put_yuan(&mut text, yuan);
        text.push('元');
    } else if total == 0 {
        text.push_str("零元");
    }
    if tenths > 0 {
        put_digit(&mut text, tenths, "角");
    } else if hundredths > 0 && yuan > 0 {
        text.push('零');
    }
    if hundredths > 0 {
        put_digit(&mut text, hundredths, "分");
    } else {
        text.push('整');
    }
    Some(text)
}

/// Writes whole yuan by groups of four digits.
fn put_yuan(text: &mut String, yuan: u64) {
    let mut is_group_missing = false;
    for (divisor, unit) in [(100_000_000, "亿"), (10_000, "万"), (1, "")] {
        let group = yuan / divisor % 10_000;
        if group == 0 {
            is_group_missing = true;
            continue;
        }
        if !text.is_empty() && (is_group_missing || group < 1_000) {
            text.push('零');
        }
        put_group(text, group);
        text.push_str(unit);
        is_group_missing = false;
    }
}

/// Writes up to four digits, the zeros between two of them once.
fn put_group(text: &mut String, group: u64) {
    let mut is_begun = false;
    let mut is_zero_due = false;
    for (divisor, unit) in [(1_000, "仟"), (100, "佰"), (10, "拾"), (1, "")] {
        let digit = group / divisor % 10;
        if digit == 0 {
            is_zero_due = is_begun;
            continue;
        }
        if is_zero_due {
            text.push('零');
        }
        put_digit(text, digit, unit);
        is_begun = true;
        is_zero_due = false;
    }
}

fn put_digit(text: &mut String, digit: u64, unit: &str) {
    text.extend(usize::try_from(digit).ok().and_then(|at| DIGITS.get(at)));
    text.push_str(unit);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(amount: &str) -> Option<String> {
        capital(&Decimal::parse(amount).expect("a decimal"))
    }

    #[test]
    fn amounts_are_written_as_on_notes() {
        for (amount, text) in [
            // Amounts that the rules themselves write; of two ways that they allow, the shorter.
            ("1409.50", "壹仟肆佰零玖元伍角整"),
            ("6007.14", "陆仟零柒元壹角肆分"),
            ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
            ("107000.53", "壹拾万柒仟元伍角叁分"),
            ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
            ("325.04", "叁佰贰拾伍元零肆分"),
            // Nothing before the point.
            ("0", "零元整"),
            ("0.00", "零元整"),
            ("0.01", "壹分"),
            ("0.05", "伍分"),
            ("0.1", "壹角整"),
            ("0.5", "伍角整"),
            ("0.10", "壹角整"),
            ("0.99", "玖角玖分"),
            // Nothing behind it.
            ("1", "壹元整"),
            ("10", "壹拾元整"),
            ("11", "壹拾壹元整"),
            ("20.00", "贰拾元整"),
            ("100", "壹佰元整"),
            ("101", "壹佰零壹元整"),
            ("110", "壹佰壹拾元整"),
            ("1000", "壹仟元整"),
            ("1001", "壹仟零壹元整"),
            ("1010", "壹仟零壹拾元整"),
            ("1100", "壹仟壹佰元整"),
            ("1234", "壹仟贰佰叁拾肆元整"),
            ("3000.00", "叁仟元整"),
            ("10000", "壹万元整"),
            ("10001", "壹万零壹元整"),
            ("10010", "壹万零壹拾元整"),
            ("10100", "壹万零壹佰元整"),
            ("11000", "壹万壹仟元整"),
            ("20305", "贰万零叁佰零伍元整"),
            ("100000", "壹拾万元整"),
            ("101000", "壹拾万壹仟元整"),
            ("1000000", "壹佰万元整"),
            ("1010101", "壹佰零壹万零壹佰零壹元整"),
            ("10000000", "壹仟万元整"),
            ("10000001", "壹仟万零壹元整"),
            ("12345678", "壹仟贰佰叁拾肆万伍仟陆佰柒拾捌元整"),
            ("100000000", "壹亿元整"),
            ("100000001", "壹亿零壹元整"),
            ("100001000", "壹亿零壹仟元整"),
            ("100010000", "壹亿零壹万元整"),
            ("110000000", "壹亿壹仟万元整"),
            ("100100100", "壹亿零壹拾万零壹佰元整"),
            ("1000000000", "壹拾亿元整"),
            ("10203040506", "壹佰零贰亿零叁佰零肆万零伍佰零陆元整"),
            (
                "999999999999.99",
                "玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分",
            ),
            // Both.
            ("1005.02", "壹仟零伍元零贰分"),
            ("1.01", "壹元零壹分"),
            ("1.10", "壹元壹角整"),
            ("10.01", "壹拾元零壹分"),
            ("10.10", "壹拾元壹角整"),
            ("100.05", "壹佰元零伍分"),
            ("10000.01", "壹万元零壹分"),
            ("10000.50", "壹万元伍角整"),
            ("100000000.01", "壹亿元零壹分"),
            // More decimals that say nothing.
            ("12.3400", "壹拾贰元叁角肆分"),
        ] {
            assert_eq!(said(amount).as_deref(), Some(text), "{amount}");
        }
    }

    #[test]
    fn what_a_note_cannot_bear_is_not_said() {
        for amount in [
            "-1",
            "-0.01",
            "1000000000000",
            "0.001",
            "1.005",
            "99999999999999999999",
        ] {
            assert_eq!(said(amount), None, "{amount}");
        }
    }

    /// Reads capital numerals by the value of each sign, knowing nothing of how they are written.
    fn read(text: &str) -> u64 {
        let (mut total, mut section, mut digit) = (0, 0, 0);
        for sign in text.chars() {
            if let Some(value) = DIGITS.iter().position(|known| *known == sign) {
                digit = value as u64;
                continue;
            }
            let factor = match sign {
                '拾' => 10,
                '佰' => 100,
                '仟' => 1_000,
                _ => 1,
            };
            section += digit * factor;
            digit = 0;
            let unit = match sign {
                '亿' => 10_000_000_000,
                '万' => 1_000_000,
                '元' => 100,
                '角' => 10,
                '分' => 1,
                _ => continue,
            };
            total += section * unit;
            section = 0;
        }
        total
    }

    proptest! {
        #[test]
        fn what_is_said_reads_back_and_is_well_formed(
            total in prop_oneof![0_u64..10_000, 0_u64..100_000_000_000_000],
            // Zeros are where the rules are: digits are struck out at random.
            struck in 0_u32..(1 << 14),
        ) {
            let keep = |place: u32| struck >> place & 1 == 0;
            let total: u64 = (0..14_u32)
                .filter(|place| keep(*place))
                .map(|place| total / 10_u64.pow(place) % 10 * 10_u64.pow(place))
                .sum();
            let amount = Decimal::new(i128::from(total), 2).expect("within limits");
            let text = capital(&amount).expect("a note can bear it");
            prop_assert_eq!(read(&text), total, "{}", text);
            prop_assert!(!text.contains("零零") && !text.contains("零万") && !text.contains("零亿"));
            prop_assert!(!text.contains("零元") || total == 0, "{}", text);
            prop_assert!(!text.starts_with('零') || total == 0, "{}", text);
            prop_assert_eq!(text.ends_with('整'), total.is_multiple_of(10), "{}", text);
            prop_assert_eq!(text.ends_with('分'), !total.is_multiple_of(10), "{}", text);
        }
    }
}
