//! A mapping from names that the writer chooses to values of one kind.

use super::{Reader, Value, Written};
use crate::shape;
use crate::source::At;
use crate::yaml::Kind;

impl Reader {
    /// The names and their values, in the order in which they are written. What is no mapping is
    /// noted.
    pub(crate) fn each<'n>(&mut self, value: Value<'n>) -> Option<Vec<(At<&'n str>, Value<'n>)>> {
        let (shape::Kind::Each(kind, _), Written::Here(node)) = (value.kind, value.written) else {
            return self.misread(value);
        };
        let Kind::Map(pairs) = &node.kind else {
            let what = format!("`{}` must be a mapping from names", value.key.name);
            self.wrong_kind(node, value.key_span, &what);
            return None;
        };
        let members = pairs.iter().map(|pair| {
            let name = At {
                value: pair.key.as_str(),
                at: pair.key_span,
            };
            let value = Value {
                kind,
                key_span: pair.key_span,
                written: Written::Here(&pair.value),
                ..value
            };
            (name, value)
        });
        Some(members.collect())
    }
}
