//! What the members of a type's details are called, for whoever shows them in lines of its own.

use std::collections::VecDeque;

use serde_json::Value;
use web::Language;

use super::DetailSchema;
use crate::page::labels::TITLE;

/// What a member is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberTitle {
    /// Its name.
    pub member: String,
    /// In Chinese; at most 60 characters.
    pub zh_cn: String,
    /// In English; likewise.
    pub en: String,
}

impl DetailSchema {
    /// What its members are called, each name once: one that stands at several places is called as
    /// at the one nearest to the top.
    pub fn titles(&self) -> Vec<MemberTitle> {
        let mut found: Vec<MemberTitle> = Vec::new();
        let mut left = VecDeque::from([&self.schema]);
        while let Some(value) = left.pop_front() {
            let properties = value.get("properties").and_then(Value::as_object);
            for (name, schema) in properties.into_iter().flatten() {
                let is_known = found.iter().any(|one| one.member == *name);
                found.extend(self.title(name, schema).filter(|_| !is_known));
            }
            match value {
                Value::Object(members) => left.extend(members.values()),
                Value::Array(items) => left.extend(items),
                _ => {}
            }
        }
        found
    }

    /// What the schema of a member says that it is called, or the definition that it names.
    fn title(&self, name: &str, schema: &Value) -> Option<MemberTitle> {
        let definition = || {
            let named = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
            self.schema.get("$defs")?.get(named)?.get(TITLE)
        };
        let title = schema.get(TITLE).or_else(definition)?;
        let text = |language: Language| title.get(language.tag())?.as_str().map(str::to_owned);
        Some(MemberTitle {
            member: name.to_owned(),
            zh_cn: text(Language::ZhCn)?,
            en: text(Language::En)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use model::DetailType;
    use serde_json::json;

    use super::*;

    #[test]
    fn ra_03_each_member_is_called_as_the_schema_says_nearest_to_the_top() {
        let titled = |zh_cn: &str, en: &str| json!({ "zh-CN": zh_cn, "en": en });
        let schema = json!({
            "properties": {
                "to": { "$ref": "#/$defs/account" },
                "amount": {
                    TITLE: titled("金额", "Amount"),
                    "properties": {
                        "value": { "type": "string", TITLE: titled("值", "Value") },
                        "to": { "type": "string", TITLE: titled("别的", "Other") },
                    },
                },
                "bare": { "type": "string" },
            },
            "$defs": { "account": { "type": "string", TITLE: titled("账户", "Account") } },
        });
        let its = DetailType::parse("payment").expect("valid");
        let schema = DetailSchema::read(&its, schema.to_string().as_bytes());
        let mut titles = schema.expect("a schema").titles();
        titles.sort_by(|one, other| one.member.cmp(&other.member));
        let expected = [
            ("amount", "金额", "Amount"),
            ("to", "账户", "Account"),
            ("value", "值", "Value"),
        ];
        let expected = expected.map(|(member, zh_cn, en)| MemberTitle {
            member: member.to_owned(),
            zh_cn: zh_cn.to_owned(),
            en: en.to_owned(),
        });
        assert_eq!(titles, expected);
    }
}
