//! How often one value may be looked at. A schema that leads back to itself on the same value would
//! never end; one whose branches each look at the same part doubles the work with every level, and
//! whoever sends the value chooses its depth. Both are refused when the description is read.

use std::collections::HashMap;

use serde_json::Value;

use super::convert::LIST;

/// The deepest nesting of a value that is held to a schema.
pub(super) const DEPTH_MAX: usize = 64;
/// The most often that one value may be looked at.
const WAYS_MAX: u64 = 1_024;
/// The most that is worked out for one schema.
const WORK_MAX: usize = 2_000_000;
/// The most schemas that stand within each other while a value is looked at: each takes some of the
/// stack.
const WITHIN_MAX: u32 = 400;

/// Why a schema is not held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endless {
    /// It leads back to itself.
    Circle,
    /// It looks at a value too often.
    TooOften,
    /// Too many schemas stand within each other.
    TooDeep,
}

/// Which parts of a value a schema looks at, each by the schemas that it is held to.
#[derive(Debug, Default)]
struct Parts<T> {
    named: HashMap<String, T>,
    /// Members of all other names.
    other: T,
    items: T,
    names: T,
}

/// A schema: those that hold the same value, and those that hold its parts.
#[derive(Debug, Default)]
struct Node {
    same: Vec<usize>,
    parts: Parts<Vec<usize>>,
    /// Whether a keyword asks what the others have looked at: those that hold the same value are
    /// tried once more for it, and those within them with each of them.
    asks: bool,
}

/// Checks a schema whose references lead to its own `$defs`.
pub(super) fn check(schema: &Value) -> Result<(), Endless> {
    let nodes = Nodes::read(schema);
    let order = nodes.order().ok_or(Endless::Circle)?;
    if nodes.within(&order) > WITHIN_MAX {
        return Err(Endless::TooDeep);
    }
    let sizes = nodes.sizes(&order);
    let mut deep = sizes.clone();
    let mut work = 0_usize;
    for _ in 0..DEPTH_MAX {
        let next = nodes
            .level(&order, &sizes, &deep, &mut work)
            .ok_or(Endless::TooOften)?;
        // The root is the first node.
        if next.first().is_some_and(|ways| *ways > WAYS_MAX) {
            return Err(Endless::TooOften);
        }
        if next == deep {
            break;
        }
        deep = next;
    }
    Ok(())
}

/// A schema that is still to be read, and the place where its number belongs.
struct Open<'a> {
    schema: &'a Value,
    number: usize,
}

struct Nodes {
    list: Vec<Node>,
}

impl Nodes {
    fn read(root: &Value) -> Self {
        let mut nodes = Self {
            list: vec![Node::default()],
        };
        let mut open = vec![Open {
            schema: root,
            number: 0,
        }];
        let mut defined: HashMap<&str, usize> = HashMap::new();
        let definitions = root.get("$defs").and_then(Value::as_object);
        for (name, schema) in definitions.into_iter().flatten() {
            defined.insert(name, nodes.push(schema, &mut open));
        }
        while let Some(Open { schema, number }) = open.pop() {
            let node = nodes.node(schema, &defined, &mut open);
            if let Some(place) = nodes.list.get_mut(number) {
                *place = node;
            }
        }
        nodes
    }

    fn push<'a>(&mut self, schema: &'a Value, open: &mut Vec<Open<'a>>) -> usize {
        let number = self.list.len();
        self.list.push(Node::default());
        open.push(Open { schema, number });
        number
    }

    fn node<'a>(
        &mut self,
        schema: &'a Value,
        defined: &HashMap<&str, usize>,
        open: &mut Vec<Open<'a>>,
    ) -> Node {
        let mut node = Node::default();
        let Some(members) = schema.as_object() else {
            return node;
        };
        for (key, value) in members {
            let mut all = |values: &mut dyn Iterator<Item = &'a Value>| -> Vec<usize> {
                values.map(|one| self.push(one, open)).collect()
            };
            let lists = value.as_array().into_iter().flatten();
            let maps = value.as_object().into_iter().flatten();
            let mut one = std::iter::once(value);
            match key.as_str() {
                "$ref" => {
                    let name = value
                        .as_str()
                        .and_then(|text| text.strip_prefix("#/$defs/"));
                    node.same.extend(name.and_then(|name| defined.get(name)));
                }
                "prefixItems" => node.parts.items.extend(all(&mut lists.into_iter())),
                list if LIST.contains(&list) => node.same.extend(all(&mut lists.into_iter())),
                "not" | "if" | "then" | "else" => node.same.extend(all(&mut one)),
                "dependentSchemas" => node.same.extend(all(&mut maps.map(|(_, one)| one))),
                "properties" => {
                    for (name, one) in maps {
                        let numbers = all(&mut std::iter::once(one));
                        node.parts.named.insert(name.clone(), numbers);
                    }
                }
                "patternProperties" => node.parts.other.extend(all(&mut maps.map(|(_, one)| one))),
                "additionalProperties" => node.parts.other.extend(all(&mut one)),
                "items" | "contains" => node.parts.items.extend(all(&mut one)),
                "propertyNames" => node.parts.names.extend(all(&mut one)),
                "unevaluatedProperties" => {
                    node.asks = true;
                    node.parts.other.extend(all(&mut one));
                }
                "unevaluatedItems" => {
                    node.asks = true;
                    node.parts.items.extend(all(&mut one));
                }
                _ => {}
            }
        }
        // A member that is named may fit patterns too.
        if members.contains_key("patternProperties") {
            let other = node.parts.other.clone();
            for numbers in node.parts.named.values_mut() {
                numbers.extend_from_slice(&other);
            }
        }
        node
    }

    /// The nodes, each behind those that hold the same value for it; nothing where there is a
    /// circle.
    fn order(&self) -> Option<Vec<usize>> {
        let mut waiting: Vec<usize> = self.list.iter().map(|node| node.same.len()).collect();
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); self.list.len()];
        for (number, node) in self.list.iter().enumerate() {
            for same in &node.same {
                users.get_mut(*same)?.push(number);
            }
        }
        let free = waiting.iter().enumerate().filter(|(_, count)| **count == 0);
        let mut order: Vec<usize> = free.map(|(number, _)| number).collect();
        let mut at = 0;
        while let Some(number) = order.get(at).copied() {
            at += 1;
            for user in users.get(number)? {
                let count = waiting.get_mut(*user)?;
                *count -= 1;
                if *count == 0 {
                    order.push(*user);
                }
            }
        }
        (order.len() == self.list.len()).then_some(order)
    }

    /// How many schemas stand within each other, the root around all, in a value of the greatest
    /// depth.
    fn within(&self, order: &[usize]) -> u32 {
        let mut deep = vec![0_u32; self.list.len()];
        for _ in 0..=DEPTH_MAX {
            let mut level = vec![0_u32; self.list.len()];
            for number in order {
                let Some(node) = self.list.get(*number) else {
                    continue;
                };
                let same = node.same.iter().filter_map(|one| level.get(*one));
                let parts = node.parts.all().filter_map(|one| deep.get(*one));
                let most = same.chain(parts).copied().max().unwrap_or(0);
                if let Some(place) = level.get_mut(*number) {
                    *place = most + 1;
                }
            }
            if level == deep {
                break;
            }
            deep = level;
        }
        deep.first().copied().unwrap_or(0)
    }

    /// How many schemas hold the same value, by each node.
    fn sizes(&self, order: &[usize]) -> Vec<u64> {
        let mut sizes = vec![1_u64; self.list.len()];
        let mut asked = vec![0_u64; self.list.len()];
        for number in order {
            let Some(node) = self.list.get(*number) else {
                continue;
            };
            let same = sum(&node.same, &sizes);
            let again = same.saturating_add(sum(&node.same, &asked));
            let size = same.saturating_add(if node.asks { again } else { 0 });
            if let (Some(size_place), Some(asked_place)) =
                (sizes.get_mut(*number), asked.get_mut(*number))
            {
                *size_place = size.saturating_add(1);
                *asked_place = again;
            }
        }
        sizes
    }

    /// How often a value is looked at by each node, of those one level deeper than `deep` tells;
    /// nothing when that is too much to work out.
    fn level(
        &self,
        order: &[usize],
        sizes: &[u64],
        deep: &[u64],
        work: &mut usize,
    ) -> Option<Vec<u64>> {
        let empty = || {
            let mut all: Vec<Parts<u64>> = Vec::new();
            all.resize_with(self.list.len(), Parts::default);
            all
        };
        let (mut looks, mut asked) = (empty(), empty());
        let mut level = sizes.to_vec();
        for number in order {
            let node = self.list.get(*number)?;
            let mut parts = node.parts.counted(deep);
            let mut again = Parts::default();
            for same in &node.same {
                let (same, inner) = (looks.get(*same)?, asked.get(*same)?);
                *work += same.named.len() + inner.named.len() + parts.named.len() + 1;
                parts.add(same);
                again.add(same);
                again.add(inner);
            }
            if node.asks {
                parts.add(&again);
            }
            if *work > WORK_MAX {
                return None;
            }
            let place = level.get_mut(*number)?;
            *place = (*place).max(parts.most());
            *looks.get_mut(*number)? = parts;
            *asked.get_mut(*number)? = again;
        }
        Some(level)
    }
}

impl Parts<Vec<usize>> {
    fn all(&self) -> impl Iterator<Item = &usize> {
        let named = self.named.values().flatten();
        named
            .chain(&self.other)
            .chain(&self.items)
            .chain(&self.names)
    }

    fn counted(&self, deep: &[u64]) -> Parts<u64> {
        let named = self.named.iter();
        Parts {
            named: named
                .map(|(name, numbers)| (name.clone(), sum(numbers, deep)))
                .collect(),
            other: sum(&self.other, deep),
            items: sum(&self.items, deep),
            names: sum(&self.names, deep),
        }
    }
}

impl Parts<u64> {
    fn add(&mut self, more: &Self) {
        for (name, count) in &mut self.named {
            *count = count.saturating_add(*more.named.get(name).unwrap_or(&more.other));
        }
        for (name, count) in &more.named {
            let other = self.other;
            self.named
                .entry(name.clone())
                .or_insert_with(|| count.saturating_add(other));
        }
        self.other = self.other.saturating_add(more.other);
        self.items = self.items.saturating_add(more.items);
        self.names = self.names.saturating_add(more.names);
    }

    fn most(&self) -> u64 {
        let named = self.named.values().copied().max().unwrap_or(0);
        named.max(self.other).max(self.items).max(self.names)
    }
}

fn sum(numbers: &[usize], of: &[u64]) -> u64 {
    let counts = numbers.iter().filter_map(|number| of.get(*number));
    counts.fold(0, |sum, count| sum.saturating_add(*count))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_goes_round_once_a_level_is_held_and_what_doubles_is_not() {
        let of = |root: Value, a: Value| {
            let mut schema = root;
            schema["$defs"] = json!({ "A": a });
            check(&schema)
        };
        let a = || json!({ "$ref": "#/$defs/A" });
        let in_member = |name: &str| json!({ "properties": { name: a() } });
        for (schema, expected) in [
            (in_member("a"), Ok(())),
            (
                json!({ "additionalProperties": a(), "properties": { "a": a() } }),
                Ok(()),
            ),
            (
                json!({ "items": a(), "additionalProperties": a(), "propertyNames": {} }),
                Ok(()),
            ),
            (
                json!({ "oneOf": [in_member("a"), { "type": "string" }] }),
                Ok(()),
            ),
            (json!({ "anyOf": [in_member("a"), in_member("b")] }), Ok(())),
            (
                json!({ "unevaluatedProperties": false, "properties": { "a": a() } }),
                Ok(()),
            ),
            (
                json!({ "anyOf": [in_member("a"), in_member("a")] }),
                Err(Endless::TooOften),
            ),
            (
                json!({ "patternProperties": { "^a": a() }, "properties": { "a": a() } }),
                Err(Endless::TooOften),
            ),
            (
                json!({ "allOf": [in_member("a"), { "additionalProperties": a() }] }),
                Err(Endless::TooOften),
            ),
            (
                json!({ "items": a(), "contains": a() }),
                Err(Endless::TooOften),
            ),
            (
                json!({ "unevaluatedProperties": false, "allOf": [in_member("a")] }),
                Err(Endless::TooOften),
            ),
            (json!({ "not": a() }), Err(Endless::Circle)),
            (
                json!({ "dependentSchemas": { "a": a() } }),
                Err(Endless::Circle),
            ),
            (json!({ "if": { "allOf": [a()] } }), Err(Endless::Circle)),
        ] {
            assert_eq!(of(a(), schema.clone()), expected, "{schema}");
        }
    }

    #[test]
    fn branches_on_branches_are_counted() {
        let mut schema = json!({ "type": "string" });
        for _ in 0..9 {
            schema = json!({ "anyOf": [schema.clone(), schema] });
        }
        // 2 + 4 + … + 512 branches, and the root.
        assert_eq!(check(&schema), Ok(()));
        assert_eq!(
            check(&json!({ "anyOf": [schema.clone(), schema] })),
            Err(Endless::TooOften)
        );
    }
}
