//! Schemas drawn by chance, bodies drawn to fit them, and two readers of both.

use serde_json::Map;

use super::*;

const CLUSTERS: [&str; 5] = ["none", "one", "two", "three", "four"];

impl Dice {
    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        let count = u64::try_from(of.len()).expect("few");
        of[usize::try_from(self.below(count)).expect("few")]
    }

    fn leaf_schema(&mut self) -> Json {
        let kinds = ["string", "string", "number", "integer", "boolean"];
        let mut leaf = json!({
            "type": self.one_of(&kinds),
            "x-mortise-cluster": self.one_of(&CLUSTERS),
            "x-mortise-total": "none",
        });
        match (leaf["type"] == "string", self.below(6)) {
            (true, 0) => {
                leaf["format"] = json!(self.one_of(&["date", "date-time"]));
                leaf["x-mortise-date"] = json!(self.one_of(&["of", "of", "none"]));
            }
            (true, 1) => leaf["enum"] = json!(["mk-first", "mk-second"]),
            (_, 2) => leaf["type"] = json!([leaf["type"], "null"]),
            (_, 3) => leaf = json!({ "allOf": [leaf, { "minLength": 1 }] }),
            _ => {}
        }
        leaf
    }

    fn undated_schema(&mut self) -> Json {
        loop {
            let leaf = self.leaf_schema();
            if !leaf.to_string().contains("\"of\"") {
                return leaf;
            }
        }
    }

    fn owner_schema(&mut self) -> Json {
        json!({
            "type": "string",
            "x-mortise-cluster": self.one_of(&CLUSTERS),
            "x-mortise-resource": self.one_of(&["account", "account", "account", "none"]),
        })
    }

    /// An object that says whose it is.
    fn object_schema(&mut self, depth: u64) -> Json {
        let mut members = Map::new();
        members.insert("whose".to_owned(), self.owner_schema());
        for name in 0..self.below(4) {
            members.insert(format!("m{name}"), self.schema(depth));
        }
        let mut object = json!({ "type": "object", "properties": members });
        if self.below(4) == 0 {
            let value = self.object_schema(depth.saturating_sub(1));
            object["additionalProperties"] = value;
            object["propertyNames"] = self.owner_schema();
        }
        // What a map says of its members it would say of those that are described beside it.
        let is_map = object.get("additionalProperties").is_some();
        match self.below(5) {
            0 => object["type"] = json!(["object", "null"]),
            1 if !is_map => {
                let beside = json!({ "properties": { "beside": self.leaf_schema() } });
                object = json!({ "allOf": [object, beside] });
            }
            2 if !is_map => {
                let whose = self.owner_schema();
                let mut branch = |name: &str| {
                    let leaf = self.undated_schema();
                    json!({ "properties": { "which": whose, name: leaf } })
                };
                object["oneOf"] = json!([branch("b"), branch("c")]);
            }
            _ => {}
        }
        object
    }

    fn schema(&mut self, depth: u64) -> Json {
        match self.below(if depth == 0 { 3 } else { 6 }) {
            0..3 => self.leaf_schema(),
            3 => self.object_schema(depth - 1),
            _ => json!({ "type": "array", "items": self.object_schema(depth - 1) }),
        }
    }

    /// A value that fits a node.
    fn value(&mut self, shape: &AnswerShape, node: usize) -> Json {
        let node = shape.node(node);
        if node.is_nullable && self.below(6) == 0 {
            return Json::Null;
        }
        match &node.kind {
            NodeKind::Leaf(leaf) => self.leaf(leaf),
            NodeKind::List { item } => self.list(3, |dice| dice.value(shape, *item)),
            NodeKind::Never => Json::Null,
            NodeKind::Object { members, rest } => {
                let mut object = json!({});
                for member in members {
                    self.maybe(&mut object, &member.name, |dice| {
                        dice.value(shape, member.node)
                    });
                }
                self.maybe(
                    &mut object,
                    "extra",
                    |dice| json!([{ "deep": dice.marker("extra") }]),
                );
                for _ in 0..rest.map_or(0, |_| self.below(4)) {
                    let name = self.id(false);
                    let value = rest.map(|rest| self.value(shape, rest.value));
                    let name = name.as_str().expect("a text").to_owned();
                    object[name] = value.expect("a map");
                }
                if rest.is_some() {
                    object.as_object_mut().expect("an object").remove("extra");
                }
                object
            }
        }
    }

    fn leaf(&mut self, leaf: &Leaf) -> Json {
        if let Some(values) = &leaf.values {
            let count = u64::try_from(values.len()).expect("few");
            return values[usize::try_from(self.below(count)).expect("few")].clone();
        }
        if leaf.resource.is_some() {
            return self.id(false);
        }
        if leaf.is_date {
            return json!(self.one_of(&[
                "2026-01-31",
                "2026-02-01",
                "2026-02-28T15:59:59Z",
                "2026-02-28T16:00:00Z",
                "2026-01-31T20:00:00-01:00",
                "mk-soon",
            ]));
        }
        match leaf.types {
            types if types.text => self.marker("leaf"),
            types if types.number => self.number(),
            types if types.integer => json!(self.below(1_000)),
            _ => json!(self.below(2) == 0),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn two_readers_leave_the_same_of_every_schema(seed: u64, given: u64, february: bool) {
        let mut dice = Dice(seed);
        let shape = shape_of(dice.object_schema(3));
        let dates = february.then(|| (date(2026, 2, 1), date(2026, 2, 28)));
        let covers = Covers { clusters: given, resource: &is_mine, dates, zone: &CHINA };
        let rules = Rules { shape: &shape, covers: &covers };
        for _ in 0..8 {
            let answer = dice.value(&shape, shape.root());
            let mut body = String::new();
            dice.spell(&answer, &mut body);
            let expected = rules.left(&Tree::read(&body).expect("JSON"));
            let (mut planted, mut allowed) = <(BTreeSet<_>, BTreeSet<_>)>::default();
            markers(&answer, &mut planted);
            match run(&shape, &covers, &body) {
                Ok((text, kept)) => {
                    prop_assert_eq!(Tree::read(&text), expected.clone(), "{}", &body);
                    markers(&json_of(&expected.expect("covered")), &mut allowed);
                    for marker in planted.difference(&allowed) {
                        prop_assert!(!text.contains(marker), "{} in {}", marker, text);
                    }
                    prop_assert_eq!(kept.clusters & !given, 0);
                }
                Err(unfit) => {
                    prop_assert!(matches!(unfit, Unfit::Root | Unfit::Empty), "{:?}", unfit);
                    prop_assert_eq!(expected, None, "{}", body);
                }
            }
        }
    }
}
