//! OpenAPI files: read with their places, so that what `openapi` finds is told at line and column.

use std::sync::Arc;

use openapi::{ApiDescription, Class, OperationDescription};
use serde_json::{Map, Number, Value};

use super::{Compiler, unbuilt};
use crate::files::FileRef;
use crate::kept::ApiFile;
use crate::mistake::Code;
use crate::source::{At, Span};
use crate::yaml::{self, Kind, Node, Reading, reading};

/// Longest API description that is read.
const OPENAPI_BYTES_MAX: u64 = 8 << 20;

/// A description and where its parts stand.
pub(super) struct Described {
    file: Arc<ApiFile>,
    /// The number of its text among this load's.
    source: usize,
}

impl Described {
    /// A description that was made of the file with this number, and where each of its operations
    /// stands there.
    pub(super) fn made(description: ApiDescription, places: Vec<Span>, source: usize) -> Self {
        let file = ApiFile {
            description: Arc::new(description),
            places,
        };
        Self {
            file: Arc::new(file),
            source,
        }
    }

    /// The description.
    pub(super) fn description(&self) -> &Arc<ApiDescription> {
        &self.file.description
    }

    /// The operations and where they stand.
    pub(super) fn operations(&self) -> impl Iterator<Item = (&OperationDescription, Span)> {
        let Self { file, source } = self;
        let places = file.places.iter().map(|place| Span {
            source: *source,
            ..*place
        });
        file.description.operations.iter().zip(places)
    }
}

/// Reads a description; notes its problems in its own file. Operations of class `customer` are such
/// a problem where no customer is asked for consent.
pub(super) fn read(
    c: &mut Compiler<'_>,
    reference: &At<FileRef>,
    asks_consent: bool,
) -> Option<Described> {
    let content = c
        .files
        .content(&mut c.reader, reference, OPENAPI_BYTES_MAX)?;
    let digest = crypto::sha256(&content.bytes);
    let source = c.reader.text_source(content.shown, &content.bytes)?;
    if let Some(file) = c.kept.api(&digest) {
        let mut operations = file.description.operations.iter();
        if operations.all(|operation| unbuilt::is_built(operation.class, asks_consent)) {
            return Some(Described { file, source });
        }
    }
    let before = c.reader.collector.count();
    let tree = yaml::parse(&mut c.reader.collector, source)?;
    if c.reader.collector.count() > before {
        return None;
    }
    let mut document = to_json(&tree);
    let unbuilt = unbuilt::take_out(&mut document, asks_consent);
    match ApiDescription::read(&document) {
        Ok(description) => {
            // Those taken out are not among these; what got past that is refused all the same.
            for operation in &description.operations {
                if !unbuilt::is_built(operation.class, asks_consent) {
                    let mark = unbuilt::mark(&operation.pointer);
                    refuse_unbuilt(c, &tree, &mark, operation.class);
                }
            }
            let operations = description.operations.iter();
            let places = operations.map(|operation| place(&tree, &operation.pointer));
            let file = Arc::new(ApiFile {
                places: places.collect(),
                description: Arc::new(description),
            });
            if c.reader.collector.count() == before {
                c.kept.keep_api(digest, &file);
            }
            Some(Described { file, source })
        }
        Err(problems) => {
            let met: Vec<_> = unbuilt.iter().filter(|u| u.is_met(&problems)).collect();
            for operation in &met {
                refuse_unbuilt(c, &tree, &operation.mark(), operation.class);
            }
            for problem in problems {
                if met.iter().any(|operation| operation.holds(&problem)) {
                    continue;
                }
                c.reader
                    .collector
                    .mistake(Code::Api, place(&tree, &problem.pointer), problem.what)
                    .help(problem.help);
            }
            None
        }
    }
}

/// Classes whose proofs do not exist yet cannot be served.
fn refuse_unbuilt(c: &mut Compiler<'_>, tree: &Node, mark: &str, class: Class) {
    let (what, help) = if class == Class::Customer {
        (
            "the class `customer` demands consents, and this bank asks no customer for one",
            "write `consent` at the bank, or leave the operation out of the file: a lower class \
             would leave it unguarded",
        )
    } else {
        (
            "the class `payment` is not available in this version",
            "this version serves `open`, `partner` and `customer`; leave the operation out of the \
             file until its class is there: a lower class would leave it unguarded",
        )
    };
    c.reader
        .collector
        .mistake(Code::Api, place(tree, mark), what)
        .help(help);
}

/// Where a JSON Pointer (RFC 6901) points: the key of the member named last; where the pointer
/// leads nowhere, the deepest place on its way.
pub(super) fn place(root: &Node, pointer: &str) -> Span {
    let mut span = root.span;
    let mut node = root;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        match &node.kind {
            Kind::Map(pairs) => {
                let Some(pair) = pairs.iter().find(|pair| pair.key == token) else {
                    break;
                };
                span = pair.key_span;
                node = &pair.value;
            }
            Kind::List(items) => {
                let Some(item) = token.parse().ok().and_then(|index: usize| items.get(index))
                else {
                    break;
                };
                span = item.span;
                node = item;
            }
            Kind::Scalar { .. } | Kind::Broken => break,
        }
    }
    match &node.kind {
        Kind::Scalar { .. } if node.span.end > node.span.start => node.span,
        _ => span,
    }
}

/// The tree as JSON, plain scalars read by YAML's core schema.
pub(super) fn to_json(node: &Node) -> Value {
    match &node.kind {
        Kind::Broken => Value::Null,
        Kind::List(items) => Value::Array(items.iter().map(to_json).collect()),
        Kind::Map(pairs) => Value::Object(
            pairs
                .iter()
                .map(|pair| (pair.key.clone(), to_json(&pair.value)))
                .collect::<Map<_, _>>(),
        ),
        Kind::Scalar { text, plain: false } => Value::String(text.clone()),
        Kind::Scalar { text, plain: true } => match reading(text) {
            Reading::Null => Value::Null,
            Reading::Boolean(value) => Value::Bool(value),
            Reading::Number => number(text).unwrap_or_else(|| Value::String(text.clone())),
            Reading::OldBoolean | Reading::Text => Value::String(text.clone()),
        },
    }
}

fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let whole = match (digits.strip_prefix("0x"), digits.strip_prefix("0o")) {
        (Some(hex), _) => u64::from_str_radix(hex, 16).ok().map(Number::from),
        (_, Some(octal)) => u64::from_str_radix(octal, 8).ok().map(Number::from),
        _ => (digits.parse::<u64>().map(Number::from))
            .or_else(|_| digits.parse::<i64>().map(Number::from))
            .ok(),
    };
    whole
        .or_else(|| Number::from_f64(digits.parse().ok()?))
        .map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture::APIS;
    use crate::mistake::Collector;

    const CATALOGUE: &str = include_str!("../../../config/consent/catalogue.yaml");

    fn tree(text: &str) -> Node {
        let mut collector = Collector::default();
        let source = collector.sources.add("a".to_owned(), text.to_owned());
        let tree = yaml::parse(&mut collector, source).expect("YAML");
        assert_eq!(collector.count(), 0);
        tree
    }

    #[test]
    fn scalars_become_json_by_the_core_schema() {
        let text = "a: 1\nb: -2.5\nc: '1'\nd: yes\ne: ~\nf: [true, 0x10, .inf, 1.0.0]\n\"200\": x";
        assert_eq!(
            to_json(&tree(text)),
            json!({
                "a": 1, "b": -2.5, "c": "1", "d": "yes", "e": null,
                "f": [true, 16, ".inf", "1.0.0"], "200": "x"
            })
        );
    }

    #[test]
    fn a_pointer_finds_its_bytes() {
        let text = "paths:\n  /a/{b}:\n    get: { tags: [x, y~z], deep: { k: 1 } }\n";
        let tree = tree(text);
        let found = |pointer: &str| {
            let span = place(&tree, pointer);
            &text[span.start..span.end]
        };
        assert_eq!(found("/paths/~1a~1{b}/get"), "get");
        assert_eq!(found("/paths/~1a~1{b}/get/tags/1"), "y~z");
        assert_eq!(found("/paths/~1a~1{b}/get/deep"), "deep");
        assert_eq!(found("/paths/~1a~1{b}/get/deep/k"), "1");
        assert_eq!(found("/paths/~1nowhere/get"), "paths");
    }

    #[test]
    fn the_consent_catalogue_that_ships_has_the_scopes_of_the_apis_that_ship() {
        let catalogue = consent::Catalogue::read(&to_json(&tree(CATALOGUE)));
        let catalogue = catalogue.unwrap_or_else(|problems| panic!("{problems:#?}"));
        let mut scopes = 0;
        // Consents are asked for by partners for themselves: no customer gives that.
        let is_given = |name: &str| name != "apis/consents.yaml";
        for (name, text) in APIS.into_iter().filter(|(name, _)| is_given(name)) {
            let api = ApiDescription::read(&to_json(&tree(text))).expect("an API");
            for scope in api.operations.iter().filter_map(|of| of.scope.as_deref()) {
                let scope = model::Scope::parse(scope).expect("a scope");
                assert!(catalogue.scope(&scope).is_some(), "{name}: {scope}");
                scopes += 1;
            }
        }
        assert!(scopes > 0);
    }

    #[test]
    fn the_profiles_that_ship_differ_in_what_the_law_differs() {
        use consent::{ReviewPage, SeparateConsent};
        use model::ConsentState;
        let [cn, uk] = consent::PROFILES.map(|(name, text)| {
            let rules = consent::ProfileRules::read(&to_json(&tree(text)));
            rules.unwrap_or_else(|problems| panic!("{name}: {problems:#?}"))
        });
        assert_eq!(cn.separate_consent, SeparateConsent::Sensitive);
        assert_eq!(cn.review_page, ReviewPage::OwnStep);
        assert!(cn.recipient_contact && cn.lifetime_max_days <= 180);
        assert_eq!(uk.separate_consent, SeparateConsent::None);
        assert_eq!(uk.review_page, ReviewPage::WithFactor);
        assert_eq!(uk.status(ConsentState::Reviewing), "AWAU");
        assert_eq!(uk.status(ConsentState::Withdrawn), "CANC");
        assert_eq!(cn.status(ConsentState::Lapsed), "lapsed");
        assert_eq!((cn.remind_days, uk.remind_days), (90, 90));
    }

    #[test]
    fn a_mistake_in_a_consent_catalogue_is_told_where_it_stands() {
        for (line, mistaken, told) in [
            (
                "{ zh-CN: 账户余额, en: Balances }",
                "{ zh-CN: Balances, en: Balances }",
                "Balances",
            ),
            ("keep: P1D", "keep: 1d", "1d"),
            ("balance:\n    class: C2", "balance:\n    klass: C2", "C2"),
            (
                "clusters: [account_list, balance]",
                "clusters: [account_list, money]",
                "money",
            ),
            ("    bound: none\n", "", "accounts"),
        ] {
            assert!(CATALOGUE.contains(line), "{line}");
            let text = CATALOGUE.replacen(line, mistaken, 1);
            let tree = tree(&text);
            let problems = consent::Catalogue::read(&to_json(&tree)).expect_err("a mistake");
            let span = place(&tree, &problems[0].pointer);
            assert_eq!(&text[span.start..span.end], told, "{problems:#?}");
        }
    }
}
