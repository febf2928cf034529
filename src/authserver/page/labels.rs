//! What the members of a detail are called on the page: the schema of its type says it, as
//! `x-mortise-title: { "zh-CN": TEXT, "en": TEXT }` (RA-03).

use std::collections::HashSet;

use serde_json::{Map, Value};

use web::Language;

/// The keyword that titles a member.
pub(crate) const TITLE: &str = "x-mortise-title";
/// The most characters of a title.
const CHARS_MAX: usize = 60;

/// Whether a title is one: two texts that can stand on a page.
pub(crate) fn is_title(value: &Value) -> bool {
    let in_language = |language: Language| {
        let text = value.get(language.tag()).and_then(Value::as_str);
        text.is_some_and(|text| {
            let is_short = (1..=CHARS_MAX).contains(&text.chars().count());
            is_short && web::text::line(text).is_ok_and(|shown| shown == text)
        })
    };
    let has_no_more = value.as_object().is_some_and(|title| title.len() == 2);
    has_no_more && in_language(Language::ZhCn) && in_language(Language::En)
}

/// What a schema says of one part of a detail.
#[derive(Clone)]
pub(crate) struct Labels<'a> {
    definitions: Option<&'a Value>,
    schemas: Vec<&'a Map<String, Value>>,
}

impl<'a> Labels<'a> {
    /// Of a whole detail.
    pub(crate) fn of(schema: &'a Value) -> Self {
        let labels = Self {
            definitions: schema.get("$defs"),
            schemas: Vec::new(),
        };
        labels.at([schema])
    }

    /// Of a member.
    pub(crate) fn member(&self, name: &str) -> Self {
        let schemas = self.schemas.iter();
        self.at(schemas.filter_map(|schema| schema.get("properties")?.get(name)))
    }

    /// Of an item of a list, counted from 0.
    pub(crate) fn item(&self, at: usize) -> Self {
        let schemas = self.schemas.iter();
        self.at(schemas.filter_map(|schema| {
            let own = schema.get("prefixItems").and_then(|items| items.get(at));
            own.or_else(|| schema.get("items"))
        }))
    }

    /// What it is called, where the schema says so.
    pub(crate) fn title(&self, language: Language) -> Option<&'a str> {
        let mut titles = self.schemas.iter().filter_map(|schema| schema.get(TITLE));
        titles.find_map(|title| title.get(language.tag())?.as_str())
    }

    /// These schemas of a part, and all that always describe the same part: each once, so that
    /// references in circles end.
    fn at(&self, schemas: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut found: Vec<&'a Map<String, Value>> = Vec::new();
        let mut seen = HashSet::new();
        let mut left: Vec<&'a Value> = schemas.into_iter().collect();
        left.reverse();
        while let Some(value) = left.pop() {
            let Some(schema) = value
                .as_object()
                .filter(|_| seen.insert(std::ptr::from_ref(value)))
            else {
                continue;
            };
            found.push(schema);
            let name = schema.get("$ref").and_then(Value::as_str);
            let name = name.and_then(|text| text.strip_prefix("#/$defs/"));
            left.extend(name.and_then(|name| self.definitions?.get(name)));
            let all = schema.get("allOf").and_then(Value::as_array);
            left.extend(all.into_iter().flatten());
        }
        Self {
            definitions: self.definitions,
            schemas: found,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn titled(zh_cn: &str, en: &str) -> Value {
        json!({ "zh-CN": zh_cn, "en": en })
    }

    #[test]
    fn ra_03_a_member_has_the_title_that_is_nearest_to_it() {
        let schema = json!({
            "properties": {
                "from": { "$ref": "#/$defs/amount", TITLE: titled("兑出", "From") },
                "to": { "$ref": "#/$defs/amount" },
                "list": { "items": { "allOf": [{}, { TITLE: titled("项", "Item") }] } },
                "node": { "$ref": "#/$defs/node" },
            },
            "$defs": {
                "amount": {
                    TITLE: titled("金额", "Amount"),
                    "properties": { "value": { TITLE: titled("值", "Value") } },
                },
                "node": { "allOf": [{ "$ref": "#/$defs/node" }, { TITLE: titled("点", "Node") }] },
            },
        });
        let all = Labels::of(&schema);
        let (zh, en) = (Language::ZhCn, Language::En);
        assert_eq!(all.title(en), None);
        assert_eq!(all.member("from").title(en), Some("From"));
        assert_eq!(all.member("from").member("value").title(zh), Some("值"));
        assert_eq!(all.member("to").title(zh), Some("金额"));
        assert_eq!(all.member("list").title(en), None);
        assert_eq!(all.member("list").item(3).title(en), Some("Item"));
        assert_eq!(all.member("node").title(en), Some("Node"));
        assert_eq!(all.member("none").member("value").title(en), None);
    }

    #[test]
    fn a_title_is_two_short_texts_that_read_as_they_are() {
        assert!(is_title(&titled("金额", &"x".repeat(60))));
        let mut more = titled("金额", "Amount");
        more["de"] = json!("Betrag");
        for bad in [
            json!("Amount"),
            json!({ "en": "Amount" }),
            titled("", "Amount"),
            titled("金额", &"x".repeat(61)),
            titled("金额", "A\u{202e}mount"),
            more,
        ] {
            assert!(!is_title(&bad), "{bad}");
        }
    }
}
