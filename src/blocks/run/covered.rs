//! What a service told of things that the customer did not choose is not read, however careless the
//! service: items of a list that are of others are left out, and an answer that is another's is
//! none.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

/// Leaves out of an answer what names, at these ways, a thing that is not among the customer's;
/// whether anything is left of it. An id that is missing where one has its place is nobody's.
pub(super) fn keep(json: &mut Json, ways: &[Vec<Arc<str>>], own: &BTreeSet<Arc<str>>) -> bool {
    let ways: Vec<&[Arc<str>]> = ways.iter().map(Vec::as_slice).collect();
    prune(json, &ways, own)
}

fn prune(json: &mut Json, ways: &[&[Arc<str>]], own: &BTreeSet<Arc<str>>) -> bool {
    if ways.iter().any(|way| way.is_empty()) && !json.as_str().is_some_and(|id| own.contains(id)) {
        return false;
    }
    let below = |step: &str| -> Vec<&[Arc<str>]> {
        let split = ways.iter().filter_map(|way| way.split_first());
        let same = split.filter(|(first, _)| &***first == step);
        same.map(|(_, rest)| rest).collect()
    };
    match json {
        Json::Array(items) => {
            let below = below("*");
            if !below.is_empty() {
                items.retain_mut(|item| prune(item, &below, own));
            }
            true
        }
        Json::Object(members) => {
            let steps: BTreeSet<&str> = ways
                .iter()
                .filter_map(|way| way.first())
                .map(|step| &**step)
                .collect();
            steps.into_iter().all(|step| {
                let below = below(step);
                match members.get_mut(step) {
                    Some(member) => prune(member, &below, own),
                    None => !below.iter().any(|way| way.is_empty()),
                }
            })
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(mut json: Json, ways: &[&[&str]]) -> Option<Json> {
        let way = |way: &&[&str]| way.iter().map(|step| Arc::from(*step)).collect();
        let ways: Vec<Vec<Arc<str>>> = ways.iter().map(way).collect();
        let own = BTreeSet::from([Arc::from("a-1"), Arc::from("a-2")]);
        keep(&mut json, &ways, &own).then_some(json)
    }

    #[test]
    fn an_answer_of_anothers_is_none() {
        let ways: &[&[&str]] = &[&["account", "id"]];
        for (id, is_left) in [
            (json!("a-1"), true),
            (json!("a-3"), false),
            (json!(null), false),
            (json!(["a-1"]), false),
        ] {
            let answer = json!({ "account": { "id": id }, "n": 1 });
            assert_eq!(kept(answer.clone(), ways), is_left.then_some(answer));
        }
        assert_eq!(kept(json!({ "account": { "n": 1 } }), ways), None);
        assert!(
            kept(json!({ "n": 1 }), ways).is_some(),
            "there is no account"
        );
    }

    #[test]
    fn items_of_others_are_left_out_with_all_that_is_in_them() {
        let ways: &[&[&str]] = &[&["data", "*", "id"], &["data", "*", "to", "id"]];
        let item = |id: &str, to: Json| json!({ "id": id, "to": to });
        let data = [
            item("a-1", json!({ "id": "a-2" })),
            item("a-3", json!({ "id": "a-2" })),
            item("a-2", json!({ "id": "a-3" })),
            json!({ "to": { "id": "a-1" } }),
            json!({ "id": "a-2" }),
        ];
        let left = kept(json!({ "data": data }), ways).expect("a list is left");
        assert_eq!(left, json!({ "data": [data[0], data[4]] }));
        let ids: &[&[&str]] = &[&["*"]];
        assert_eq!(kept(json!(["a-3", "a-1"]), ids), Some(json!(["a-1"])));
    }
}
