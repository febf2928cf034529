//! The JSON body of a request, value by value.

mod shape;

use crate::answer::value::{Kinds, Value};
use crate::bound::Bound;
use crate::leaves::Budget;
use crate::marks::{BOUND, NONE, RESOURCE};
use crate::media_type::{essence, is_json};
use crate::problem::{Problems, quoted};
use crate::reference::{Document, Site};
use crate::request::{BodyPart, is_id_like};
use crate::total::{STEPS_MAX, Step};

pub use shape::BodyShape;

/// The most parts of a body that are marked.
const PARTS_MAX: usize = 256;

/// Reads what a request's body may hold, and the parts of it that are marked. Each leaf whose name
/// looks like an id says whether it names a resource; with details, each says what it is held to.
pub(super) fn read<'a>(
    document: Document<'a>,
    body: &Site<'a>,
    has_details: bool,
    budget: &mut Budget,
    problems: &mut Problems,
) -> Option<(BodyShape, Vec<BodyPart>)> {
    let (media_type, schema) = schema(body, problems)?;
    let is_required = body.value.get("required") == Some(&serde_json::Value::Bool(true));
    let mut walk = Walk {
        document,
        has_details,
        budget,
        problems,
        shape: BodyShape::new(media_type),
        parts: Vec::new(),
        pending: vec![Visit {
            sites: vec![schema],
            path: Vec::new(),
            is_required,
            is_bound: false,
            is_id: false,
        }],
    };
    while let Some(visit) = walk.pending.pop() {
        walk.look_at(&visit);
    }
    Some((walk.shape, walk.parts))
}

/// The one media type of the body, and its schema: of two, nobody would know by which the bank
/// reads.
fn schema<'a>(body: &Site<'a>, problems: &mut Problems) -> Option<(String, Site<'a>)> {
    let content = body.child("content");
    let media: Vec<(&str, Site<'a>)> = content.iter().flat_map(Site::members).collect();
    match media.as_slice() {
        [(name, described)] if is_json(&essence(name)) => {
            let schema = described.child("schema");
            if schema.is_none() {
                problems.add(
                    &described.pointer,
                    "the request's body has no `schema`, which the operation's class demands",
                    format!("describe it, each id with `{RESOURCE}`"),
                );
            }
            schema.map(|schema| (essence(name), schema))
        }
        _ => {
            problems.add(
                &body.pointer,
                "the request's body is not of one media type that is JSON, which the operation's \
                 class demands",
                "describe it under `content` as `application/json` alone",
            );
            None
        }
    }
}

/// A value still to be looked at.
struct Visit<'a> {
    sites: Vec<Site<'a>>,
    path: Vec<Step>,
    is_required: bool,
    /// Whether what it stands in is held to something.
    is_bound: bool,
    /// Whether its name looks like an id.
    is_id: bool,
}

struct Walk<'a, 'p> {
    document: Document<'a>,
    has_details: bool,
    budget: &'p mut Budget,
    problems: &'p mut Problems,
    shape: BodyShape,
    parts: Vec<BodyPart>,
    pending: Vec<Visit<'a>>,
}

impl<'a> Walk<'a, '_> {
    fn look_at(&mut self, visit: &Visit<'a>) {
        let pointer = visit
            .sites
            .first()
            .map_or_else(String::new, |site| site.pointer.clone());
        if visit.path.len() > STEPS_MAX {
            self.problems.add(
                pointer,
                "the request's body is nested too deep, or without end",
                format!("at most {STEPS_MAX} steps from its root"),
            );
            return;
        }
        let value = Value::read(self.document, &visit.sites, self.budget, self.problems);
        if value.is_refused {
            return;
        }
        // What nothing fits is as good as undescribed.
        if !value.is_never || value.kinds != Kinds::default() {
            self.shape.add(&visit.path);
        }
        let is_bound = visit.is_bound || value.bound.is_some();
        self.keep(visit, &value, &pointer);
        match (value.kinds.object, value.kinds.list, value.kinds.plain) {
            (true, false, false) => self.object(visit, value, &pointer, is_bound),
            (false, true, false) => self.list(visit, value, is_bound),
            (false, false, true) => self.leaf(visit, &value, pointer, is_bound),
            (false, false, false) if value.kinds.null || value.is_never => {}
            _ => self.problems.add(
                pointer,
                "it is not said what this is, so the request cannot be held against a consent",
                "describe it to its last leaf: `properties`, `items`, or one plain `type`",
            ),
        }
    }

    /// Keeps what the marks of a value say.
    fn keep(&mut self, visit: &Visit<'a>, value: &Value<'a>, pointer: &str) {
        let resource = value.resource.as_ref().filter(|kind| kind.text != NONE);
        let bound = value
            .bound
            .as_ref()
            .and_then(|bound| Bound::parse(bound.text));
        if matches!(bound, Some(Bound::AtMost(_))) && !self.is_money(value) {
            self.problems.add(
                pointer,
                "what is held to a limit is no money",
                "mark an object of the texts `currency` and `value` and no others",
            );
        }
        if resource.is_none() && bound.is_none() {
            return;
        }
        if self.parts.len() == PARTS_MAX {
            self.problems.add(
                pointer,
                "the request's body has too many marked parts",
                format!("at most {PARTS_MAX}"),
            );
            return;
        }
        self.parts.push(BodyPart {
            path: visit.path.clone(),
            is_required: visit.is_required,
            resource: resource.map(|kind| kind.text.to_owned()),
            bound,
        });
    }

    fn is_money(&mut self, value: &Value<'a>) -> bool {
        let names: Vec<&str> = value.members.keys().copied().collect();
        let is_text = value.members.values().all(|sites| {
            let member = Value::read(self.document, sites, self.budget, self.problems);
            let kinds = member.kinds;
            kinds.plain && !kinds.object && !kinds.list && member.types.is_text()
        });
        names == ["currency", "value"] && value.is_closed && is_text
    }

    fn object(&mut self, visit: &Visit<'a>, value: Value<'a>, pointer: &str, is_bound: bool) {
        self.refuse_mark(&value);
        // An open object could hold another's id under any name.
        if !value.is_closed || !value.rest.is_empty() {
            self.problems.add(
                pointer,
                "an object in the request's body may hold what is not described",
                "describe its members and add `additionalProperties: false`",
            );
        }
        for (name, sites) in value.members {
            let mut path = visit.path.clone();
            path.push(Step::Member(name.to_owned()));
            self.pending.push(Visit {
                sites,
                path,
                is_required: visit.is_required && value.required.contains(name),
                is_bound,
                is_id: is_id_like(name),
            });
        }
    }

    fn list(&mut self, visit: &Visit<'a>, value: Value<'a>, is_bound: bool) {
        self.refuse_mark(&value);
        let mut path = visit.path.clone();
        path.push(Step::Item);
        self.pending.push(Visit {
            sites: value.items,
            path,
            is_required: false,
            is_bound,
            is_id: visit.is_id,
        });
    }

    fn leaf(&mut self, visit: &Visit<'a>, value: &Value<'a>, pointer: String, is_bound: bool) {
        let name = match visit.path.last() {
            Some(Step::Member(name)) => quoted(name),
            Some(Step::Item) | None => "an item".to_owned(),
        };
        if visit.is_id && value.resource.is_none() {
            self.problems.add(
                &pointer,
                format!("the member looks like an id and has no `{RESOURCE}`: {name}"),
                format!("add `{RESOURCE}` with the kind of resource it names, or `{NONE}`"),
            );
        }
        if self.has_details && !is_bound {
            self.problems.add(
                pointer,
                format!(
                    "the leaf of the request has no `{BOUND}`, and details are demanded: {name}"
                ),
                format!("add `{BOUND}` with what it is held to, as `same account`, or `{NONE}`"),
            );
        }
    }

    /// A mark that marks nothing would look as if it did.
    fn refuse_mark(&mut self, value: &Value<'a>) {
        if let Some(stated) = &value.resource {
            self.problems.add(
                &stated.pointer,
                format!("`{RESOURCE}` is on an object or an array, where it marks nothing"),
                "mark a leaf inside",
            );
        }
    }
}
