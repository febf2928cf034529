//! What a detail says, as lines for whoever approves it: every member, none of them cut (RA-03).

use serde_json::{Map, Value};

use web::Language;

use super::approve::LINES_MAX;
use super::labels::Labels;
use super::text;

/// What joins the names of members of members.
const JOINT: &str = " \u{b7} ";

/// The lines of a detail, its `type` apart, which the title tells: `Member: value`, members of
/// members as `Member · Member`, items of lists as `Member [1]`, each called as its schema says.
/// `None` when it has more lines than a page shows, a line that is too long, or signs that make a
/// text read otherwise than it is.
pub(crate) fn lines(
    detail: &Map<String, Value>,
    labels: &Labels<'_>,
    language: Language,
) -> Option<Vec<String>> {
    let mut page = Page {
        language,
        lines: Vec::new(),
    };
    for (name, value) in detail.iter().filter(|(name, _)| *name != "type") {
        page.member("", name, value, labels)?;
    }
    Some(page.lines)
}

struct Page {
    language: Language,
    lines: Vec<String>,
}

impl Page {
    fn member(&mut self, of: &str, name: &str, value: &Value, labels: &Labels<'_>) -> Option<()> {
        let labels = labels.member(name);
        let joint = if of.is_empty() { "" } else { JOINT };
        let place = format!("{of}{joint}{}", labels.title(self.language).unwrap_or(name));
        self.put(&place, value, &labels)
    }

    fn put(&mut self, place: &str, value: &Value, labels: &Labels<'_>) -> Option<()> {
        let told = match value {
            Value::Object(members) if !members.is_empty() => {
                for (name, value) in members {
                    self.member(place, name, value, labels)?;
                }
                return Some(());
            }
            Value::Array(items) if !items.is_empty() => {
                for (at, value) in items.iter().enumerate() {
                    let place = format!("{place} [{}]", at.saturating_add(1));
                    self.put(&place, value, &labels.item(at))?;
                }
                return Some(());
            }
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let line = format!("{place}: {told}");
        let is_whole = text::line(&line).is_ok_and(|shown| shown == line);
        if !is_whole || self.lines.len() >= LINES_MAX {
            return None;
        }
        self.lines.push(line);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(detail: &Value) -> Option<Vec<String>> {
        let detail = detail.as_object().expect("an object");
        lines(detail, &Labels::of(&json!({})), Language::En)
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
        let of = |language| lines(detail, &Labels::of(&schema), language).expect("lines");
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
        ] {
            assert_eq!(of(&bad), None, "{bad:.60}");
        }
        assert!(of(&json!({ "a": "x".repeat(497) })).is_some());
        assert!(of(&json!({ "a": many[..50] })).is_some());
    }
}
