//! What a detail says, as lines for whoever approves it: every member, none of them cut (RA-03).

use std::collections::HashSet;

use serde_json::{Map, Value};

use web::Language;

use super::approve::{LINES_MAX, Line};
use super::labels::Labels;

/// What joins the names of members of members.
const JOINT: &str = " \u{b7} ";

/// The lines of a detail, its `type` apart, which the title tells: members of members are called
/// `Member · Member`, items of lists `Member [1]`, each as its schema says. `None` when it has more
/// lines than a page shows, a line that is too long, signs that make a text read otherwise than it
/// is, blanks that could push its end to where a line begins, a name of the client's own that could
/// be taken for more than one name, or two lines that are called the same.
pub(crate) fn lines(
    detail: &Map<String, Value>,
    labels: &Labels<'_>,
    language: Language,
) -> Option<Vec<Line>> {
    let mut page = Page {
        language,
        lines: Vec::new(),
        called: HashSet::new(),
    };
    for (name, value) in detail.iter().filter(|(name, _)| *name != "type") {
        page.member("", name, value, labels)?;
    }
    Some(page.lines)
}

struct Page {
    language: Language,
    lines: Vec<Line>,
    called: HashSet<String>,
}

impl Page {
    fn member(&mut self, of: &str, name: &str, value: &Value, labels: &Labels<'_>) -> Option<()> {
        let labels = labels.member(name);
        let joint = if of.is_empty() { "" } else { JOINT };
        let title = labels.title(self.language);
        let called = title.or_else(|| is_one_name(name).then_some(name))?;
        let place = format!("{of}{joint}{called}");
        self.put(place, value, &labels)
    }

    fn put(&mut self, place: String, value: &Value, labels: &Labels<'_>) -> Option<()> {
        let told = match value {
            Value::Object(members) if !members.is_empty() => {
                for (name, value) in members {
                    self.member(&place, name, value, labels)?;
                }
                return Some(());
            }
            Value::Array(items) if !items.is_empty() => {
                for (at, value) in items.iter().enumerate() {
                    let place = format!("{place} [{}]", at.saturating_add(1));
                    self.put(place, value, &labels.item(at))?;
                }
                return Some(());
            }
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let line = Line::named(place, told);
        let is_whole = line.shown().is_ok_and(|shown| shown == line) && has_no_gap(&line.text);
        if !is_whole || self.lines.len() >= LINES_MAX || !self.called.insert(line.name.clone()?) {
            return None;
        }
        self.lines.push(line);
        Some(())
    }
}

/// Whether blanks stand only between words, and one at a time.
fn has_no_gap(text: &str) -> bool {
    let words = text.split(char::is_whitespace);
    text.is_empty() || words.into_iter().all(|word| !word.is_empty())
}

/// Whether a member's own name reads as one, and not as one of another, an item, or a sentence.
fn is_one_name(name: &str) -> bool {
    let is_of_names =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '@' | '#');
    !name.is_empty() && name.chars().all(is_of_names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(detail: &Value) -> Option<Vec<String>> {
        let detail = detail.as_object().expect("an object");
        told(detail, &Labels::of(&json!({})), Language::En)
    }

    /// The lines in one text each.
    fn told(
        detail: &Map<String, Value>,
        labels: &Labels<'_>,
        language: Language,
    ) -> Option<Vec<String>> {
        let lines = lines(detail, labels, language)?.into_iter();
        let text = |line: Line| format!("{}: {}", line.name.unwrap_or_default(), line.text);
        Some(lines.map(text).collect())
    }

    #[test]
    fn ra_03_every_member_is_a_line_and_the_type_is_none() {
        let detail = json!({
            "type": "payment",
            "amount": { "currency": "CNY", "value": "3000.00" },
            "days": [1, 15],
            "note": "",
            "open": true,
            "none": [],
            "名": "迅行",
        });
        assert_eq!(
            of(&detail).expect("lines"),
            [
                "amount · currency: CNY",
                "amount · value: 3000.00",
                "days [1]: 1",
                "days [2]: 15",
                "none: []",
                "note: ",
                "open: true",
                "名: 迅行",
            ]
        );
        assert_eq!(
            of(&json!({ "type": "payment" })).map(|lines| lines.len()),
            Some(0)
        );
    }

    #[test]
    fn ra_03_members_are_called_as_their_schema_says() {
        let schema = json!({ "properties": {
            "amount": {
                "x-mortise-title": { "zh-CN": "金额", "en": "Amount" },
                "properties": {
                    "currency": { "x-mortise-title": { "zh-CN": "币种", "en": "Currency" } },
                },
            },
            "days": { "x-mortise-title": { "zh-CN": "日期", "en": "Days" } },
        } });
        let detail = json!({ "amount": { "currency": "CNY", "value": "1" }, "days": [[2]] });
        let detail = detail.as_object().expect("an object");
        let of = |language| told(detail, &Labels::of(&schema), language).expect("lines");
        let english = [
            "Amount · Currency: CNY",
            "Amount · value: 1",
            "Days [1] [1]: 2",
        ];
        assert_eq!(of(Language::En), english);
        let chinese = ["金额 · 币种: CNY", "金额 · value: 1", "日期 [1] [1]: 2"];
        assert_eq!(of(Language::ZhCn), chinese);
    }

    #[test]
    fn ra_03_what_cannot_be_shown_whole_is_not_shown() {
        let many: Vec<u32> = (0..51).collect();
        for bad in [
            json!({ "a": "x".repeat(498) }),
            json!({ "a": "1\u{202e}000" }),
            json!({ "a\u{200b}": "1" }),
            json!({ "a": "one\ntwo" }),
            json!({ "a": many }),
            // Blanks that are seen as none, or as a new line.
            json!({ "a": "Li Lei  Fee: 0" }),
            json!({ "a": "Li Lei \u{3000}\u{a0}Fee: 0" }),
            json!({ "a": " 1" }),
            json!({ "a": "1 " }),
            json!({ "a": " " }),
            // Names of the client's own that could be more than one.
            json!({ "amount · value": "1" }),
            json!({ "amount: 1, note": "1" }),
            json!({ "days [1]": 1 }),
            json!({ "": 1 }),
        ] {
            assert_eq!(of(&bad), None, "{bad:.60}");
        }
        assert!(of(&json!({ "a": "x".repeat(497) })).is_some());
        assert!(of(&json!({ "x-swift_ride.fee": "1", "费用": "1" })).is_some());
        assert!(of(&json!({ "a": many[..50] })).is_some());
    }

    #[test]
    fn ra_03_no_two_lines_are_called_the_same() {
        let title = json!({ "zh-CN": "金额", "en": "Amount" });
        let schema = json!({ "properties": {
            "sum": { "x-mortise-title": title }, "fee": { "x-mortise-title": title },
        } });
        let of = |detail: &Value| {
            let detail = detail.as_object().expect("an object");
            told(detail, &Labels::of(&schema), Language::En)
        };
        assert!(of(&json!({ "sum": "1" })).is_some());
        assert_eq!(of(&json!({ "sum": "1", "fee": "2" })), None);
        assert_eq!(of(&json!({ "sum": "1", "Amount": "2" })), None);
    }
}
