//! Amounts of money in digits (specs/consent.md §6C).

use model::Decimal;

use crate::language::Language;

/// What we know of a currency.
struct Currency {
    /// Its code (ISO 4217).
    code: &'static str,
    /// Its name in Chinese.
    zh: &'static str,
    /// How many decimals its amounts have (ISO 4217, minor unit).
    decimals: usize,
}

const fn currency(code: &'static str, zh: &'static str, decimals: usize) -> Currency {
    Currency { code, zh, decimals }
}

const YUAN: &str = "CNY";

const CURRENCIES: [Currency; 25] = [
    currency("AED", "阿联酋迪拉姆", 2),
    currency("AUD", "澳大利亚元", 2),
    currency("CAD", "加拿大元", 2),
    currency("CHF", "瑞士法郎", 2),
    currency(YUAN, "人民币", 2),
    currency("DKK", "丹麦克朗", 2),
    currency("EUR", "欧元", 2),
    currency("GBP", "英镑", 2),
    currency("HKD", "港元", 2),
    currency("IDR", "印尼卢比", 2),
    currency("JPY", "日元", 0),
    currency("KRW", "韩元", 0),
    currency("KWD", "科威特第纳尔", 3),
    currency("MOP", "澳门元", 2),
    currency("MYR", "马来西亚林吉特", 2),
    currency("NOK", "挪威克朗", 2),
    currency("NZD", "新西兰元", 2),
    currency("PHP", "菲律宾比索", 2),
    currency("SAR", "沙特里亚尔", 2),
    currency("SEK", "瑞典克朗", 2),
    currency("SGD", "新加坡元", 2),
    currency("THB", "泰铢", 2),
    currency("TWD", "新台币", 2),
    currency("USD", "美元", 2),
    currency("VND", "越南盾", 0),
];

/// The amount in digits: `¥3,000.00 人民币` or `CNY 3,000.00`, other currencies by name or code.
/// It is shown with the decimals of its currency (ISO 4217), with more when it has more, and
/// exactly: what a customer agrees to is never rounded. The sign ¥ stands for yuan alone, for it
/// means yen as well. `code` is a code of ISO 4217; one that is not known here is shown as it is.
pub fn money(amount: &Decimal, code: &str, language: Language) -> String {
    let known = CURRENCIES.iter().find(|currency| currency.code == code);
    let text = match known {
        Some(_) => amount.canonical(),
        None => amount.to_string(),
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.as_str()),
    };
    let digits = grouped(digits, known.map_or(0, |currency| currency.decimals));
    match language {
        Language::En => format!("{code} {sign}{digits}"),
        Language::ZhCn => {
            let mark = if code == YUAN { "¥" } else { "" };
            let name = known.map_or(code, |currency| currency.zh);
            format!("{sign}{mark}{digits} {name}")
        }
    }
}

/// The digits in groups of three before the point, with at least so many behind it.
fn grouped(digits: &str, decimals: usize) -> String {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut text = String::with_capacity(digits.len() * 2);
    for (at, digit) in whole.char_indices() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let fraction = format!("{fraction:0<decimals$}");
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(&fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Language::{En, ZhCn};

    fn shown(amount: &str, code: &str, language: Language) -> String {
        money(&Decimal::parse(amount).expect("a decimal"), code, language)
    }

    #[test]
    fn amounts_are_shown_in_both_languages() {
        for (amount, code, zh, en) in [
            ("3000", "CNY", "¥3,000.00 人民币", "CNY 3,000.00"),
            ("3000.00", "CNY", "¥3,000.00 人民币", "CNY 3,000.00"),
            ("0", "CNY", "¥0.00 人民币", "CNY 0.00"),
            ("0.5", "CNY", "¥0.50 人民币", "CNY 0.50"),
            ("999.99", "CNY", "¥999.99 人民币", "CNY 999.99"),
            ("1000", "CNY", "¥1,000.00 人民币", "CNY 1,000.00"),
            ("-3000.1", "CNY", "-¥3,000.10 人民币", "CNY -3,000.10"),
            (
                "123456789.01",
                "CNY",
                "¥123,456,789.01 人民币",
                "CNY 123,456,789.01",
            ),
            // Never rounded; zeros that say nothing are left out.
            ("0.005", "CNY", "¥0.005 人民币", "CNY 0.005"),
            ("1.0000", "CNY", "¥1.00 人民币", "CNY 1.00"),
            // Each currency by its own decimals, and no other by ¥.
            ("3000", "JPY", "3,000 日元", "JPY 3,000"),
            ("3000.00", "JPY", "3,000 日元", "JPY 3,000"),
            ("3000.5", "JPY", "3,000.5 日元", "JPY 3,000.5"),
            ("3000", "KWD", "3,000.000 科威特第纳尔", "KWD 3,000.000"),
            ("12", "USD", "12.00 美元", "USD 12.00"),
            ("12.5", "HKD", "12.50 港元", "HKD 12.50"),
            // Unknown here: as it came.
            ("1234.50", "XTS", "1,234.50 XTS", "XTS 1,234.50"),
            ("1234", "XTS", "1,234 XTS", "XTS 1,234"),
        ] {
            assert_eq!(shown(amount, code, ZhCn), zh);
            assert_eq!(shown(amount, code, En), en);
        }
    }

    #[test]
    fn the_currencies_are_sorted_and_each_stands_once() {
        assert!(CURRENCIES.is_sorted_by(|one, other| one.code < other.code));
        for currency in &CURRENCIES {
            assert!(currency.code.len() == 3 && !currency.zh.is_empty());
        }
    }

    proptest! {
        #[test]
        fn the_digits_shown_are_the_amount(
            units in -(10_i128.pow(18))..10_i128.pow(18),
            scale in 0_u8..=4,
            at in 0..CURRENCIES.len(),
        ) {
            let amount = Decimal::new(units, scale).expect("within limits");
            for language in Language::ALL {
                let text = money(&amount, CURRENCIES[at].code, language);
                let digits: String = text
                    .chars()
                    .filter(|c| c.is_ascii_digit() || matches!(c, '-' | '.'))
                    .collect();
                prop_assert_eq!(Decimal::parse(&digits), Ok(amount), "{}", text);
                let groups = text.split(['.', ' ']).find(|part| part.contains(','));
                for group in groups.into_iter().flat_map(|part| part.split(',').skip(1)) {
                    prop_assert_eq!(group.len(), 3, "{}", text);
                }
            }
        }
    }
}
