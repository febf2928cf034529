//! Texts from outside, before they stand on a page: bounded, and without signs that make a text
//! read otherwise than it is.
//!
//! Markup is no matter here: the templates escape it. Controls, line breaks, signs without width
//! and signs that turn the direction of writing are: with them "pay 1" may look like "pay 1000"
//! (Unicode TR 36). Each is shown as U+FFFD.

use model::Fault;

use crate::language::Language;

/// The most characters of a name.
const NAME_CHARS_MAX: usize = 200;
/// The most characters of a line.
const LINE_CHARS_MAX: usize = 500;

/// A name: at most 200 characters, or a fault.
pub fn name(text: &str) -> Result<String, Fault> {
    shown(text, NAME_CHARS_MAX)
}

/// A line: at most 500 characters, or a fault. What a customer approves is never cut.
pub fn line(text: &str) -> Result<String, Fault> {
    shown(text, LINE_CHARS_MAX)
}

/// The beginning of a text that nobody decides by.
pub fn beginning(text: &str) -> String {
    text.chars().take(LINE_CHARS_MAX).map(honest).collect()
}

fn shown(text: &str, chars_max: usize) -> Result<String, Fault> {
    if text.chars().nth(chars_max).is_some() {
        return Err(Fault::new(format!(
            "showing a text of more than {chars_max} characters"
        )));
    }
    Ok(text.chars().map(honest).collect())
}

fn honest(c: char) -> char {
    let is_dishonest = c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
        )
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}')
        // Letters that are blank, what joins nothing, and letters that nobody sees.
        || matches!(
            c,
            '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}'
                | '\u{3164}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
        );
    if is_dishonest { '\u{fffd}' } else { c }
}

/// The tag of a text in the other language than the page's, told by its letters: a screen reader
/// needs it (WCAG 2.2, 3.1.2).
pub fn foreign_tag(text: &str, page: Language) -> Option<&'static str> {
    let is_chinese = text.chars().any(|c| matches!(c, '\u{3400}'..='\u{9fff}'));
    let is_latin = !is_chinese && text.chars().any(|c| c.is_ascii_alphabetic());
    let is_foreign = match page {
        Language::ZhCn => is_latin,
        Language::En => is_chinese,
    };
    is_foreign.then(|| page.other().tag())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn signs_that_deceive_are_seen() {
        let deceiving = "a\u{202e}b\u{2066}c\u{200b}d\ne\0f\u{feff}g\u{2028}h\u{85}";
        assert_eq!(
            name(deceiving).expect("short"),
            "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f\u{fffd}g\u{fffd}h\u{fffd}"
        );
        for unseen in ['\u{3164}', '\u{2800}', '\u{115f}', '\u{e0041}', '\u{34f}'] {
            assert_eq!(name(&format!("1{unseen}0")).expect("short"), "1\u{fffd}0");
        }
        let honest = "迅行 Swift-Ride’s ¥3,000.00 (é) نص 👩‍👩‍👧";
        assert_eq!(name(honest).expect("short"), honest);
    }

    #[test]
    fn a_text_is_as_long_as_allowed_in_characters_and_no_longer() {
        assert_eq!(name(&"迅".repeat(200)).expect("fits").chars().count(), 200);
        let fault = name(&"x".repeat(201)).expect_err("too long");
        assert_eq!(fault.doing, "showing a text of more than 200 characters");
        assert!(line(&"x".repeat(500)).is_ok());
        assert!(line(&"x".repeat(501)).is_err());
        assert_eq!(beginning(&"x".repeat(9000)).len(), 500);
    }

    #[test]
    fn a_text_in_the_other_language_is_marked() {
        use Language::{En, ZhCn};
        assert_eq!(foreign_tag("SwiftRide Co. Ltd.", ZhCn), Some("en"));
        assert_eq!(foreign_tag("SwiftRide Co. Ltd.", En), None);
        assert_eq!(foreign_tag("迅行 SwiftRide 有限公司", En), Some("zh-CN"));
        assert_eq!(foreign_tag("迅行 SwiftRide 有限公司", ZhCn), None);
        assert_eq!(foreign_tag("123", ZhCn), None);
    }

    proptest! {
        #[test]
        fn no_text_brings_a_control_onto_a_page(text in "\\PC{0,50}.{0,50}") {
            let shown = line(&text).expect("short");
            prop_assert_eq!(shown.chars().count(), text.chars().count());
            prop_assert!(!shown.chars().any(char::is_control));
        }
    }
}
