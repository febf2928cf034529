//! What a request says that is held against a consent: whose it asks for, of which days, and values
//! that were consented to one by one.

mod body;

use crate::bound::Bound;
use crate::leaves::Budget;
use crate::marks::{BOUND, DATE, DETAILS, NONE, RESOURCE};
use crate::parameter::{Location, Parameter};
use crate::placement::stated_name;
use crate::problem::{Problems, quoted};
use crate::reference::{Document, Site};
use crate::total::Step;

pub use body::BodyShape;

/// What the requests of an operation say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestDescription {
    /// Every parameter that is declared, the operation's own before those of its path; at most 512.
    pub parameters: Vec<ParameterDescription>,
    /// The values in the JSON body that name a resource or are bound, in no order. All others are
    /// said to name none.
    pub body: Vec<BodyPart>,
    /// All that the JSON body may hold; `None`: no body is described.
    pub shape: Option<BodyShape>,
}

/// A parameter, as far as consents go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterDescription {
    /// Its name; that of a header in lower case.
    pub name: String,
    /// Where it stands.
    pub location: Location,
    /// Whether a request without it is none. A path parameter is always there.
    pub is_required: bool,
    /// The kind of customer's resource that it names (`x-mortise-resource`): each value of it, and
    /// each part of a value between commas.
    pub resource: Option<String>,
    /// The end of the days that it names (`x-mortise-date`); query parameters only, each end once.
    pub date: Option<DateEnd>,
    /// What it is held to (`x-mortise-bound`).
    pub bound: Option<Bound>,
}

/// Which end of the days that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateEnd {
    /// The first day.
    From,
    /// The last day.
    Until,
}

/// A value in the JSON body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyPart {
    /// The way to it from the body's root, at most 16 steps; none: it is the body.
    pub path: Vec<Step>,
    /// Whether every body that is as described has it.
    pub is_required: bool,
    /// The kind of customer's resource that it names.
    pub resource: Option<String>,
    /// What it is held to.
    pub bound: Option<Bound>,
}

/// Where the request of an operation is described.
pub(crate) struct Standing<'a, 'p> {
    pub(crate) operation: &'p Site<'a>,
    pub(crate) parameters: &'p [Parameter<'a>],
    /// Whether the operation demands authorization details.
    pub(crate) has_details: bool,
}

impl RequestDescription {
    /// Reads the parameters, as they are written.
    pub(crate) fn of_parameters(parameters: &[Parameter<'_>]) -> Self {
        Self {
            parameters: parameters.iter().map(description).collect(),
            ..Self::default()
        }
    }

    /// Reads what class `customer` and those above demand to be said.
    pub(crate) fn read<'a>(
        document: Document<'a>,
        standing: &Standing<'a, '_>,
        budget: &mut Budget,
        problems: &mut Problems,
    ) -> Self {
        let mut request = Self::of_parameters(standing.parameters);
        for parameter in standing.parameters {
            check_parameter(document, standing, parameter, problems);
        }
        request.check_days(standing, problems);
        if let Some(body) = standing.operation.child("requestBody")
            && let Ok(body) = document.resolve(body)
            && body.value.is_object()
            && let Some((shape, parts)) =
                body::read(document, &body, standing.has_details, budget, problems)
        {
            request.body = parts;
            request.shape = Some(shape);
        }
        request.check_bounds(standing, problems);
        request
    }

    /// Whether a request names the resource that the answer is of, when the answer names these
    /// kinds: a path of another kind, a branch say, holds nobody's accounts.
    pub fn holds(&self, kinds: &[String]) -> bool {
        let in_path = self
            .parameters
            .iter()
            .filter(|p| p.location == Location::Path);
        let in_path = in_path.filter_map(|parameter| parameter.resource.as_ref());
        let in_body = self
            .body
            .iter()
            .filter(|part| part.is_required && part.path.iter().all(|step| *step != Step::Item));
        let in_body = in_body.filter_map(|part| part.resource.as_ref());
        let named: Vec<&String> = in_path.chain(in_body).collect();
        !named.is_empty() && kinds.iter().all(|kind| named.contains(&kind))
    }

    /// Whether a request can say the first and the last day.
    pub(crate) fn has_window(&self) -> bool {
        [DateEnd::From, DateEnd::Until]
            .iter()
            .all(|end| self.parameters.iter().any(|p| p.date == Some(*end)))
    }

    /// Each end of the days is named once: of two, the bank may take another than was cut.
    fn check_days(&self, standing: &Standing<'_, '_>, problems: &mut Problems) {
        for end in [DateEnd::From, DateEnd::Until] {
            let count = self
                .parameters
                .iter()
                .filter(|p| p.date == Some(end))
                .count();
            if count > 1 {
                problems.add(
                    &standing.operation.pointer,
                    "two parameters name one end of the days",
                    format!("keep one `{DATE}: from` and one `{DATE}: until`"),
                );
            }
        }
    }

    /// What is demanded as details binds something, and what is bound was consented to.
    fn check_bounds(&self, standing: &Standing<'_, '_>, problems: &mut Problems) {
        let of_parameters = self.parameters.iter().map(|p| p.bound.is_some());
        let mut all = of_parameters.chain(self.body.iter().map(|part| part.bound.is_some()));
        let is_bound = all.any(|is_bound| is_bound);
        if is_bound && !standing.has_details {
            problems.add(
                &standing.operation.pointer,
                format!("a part of the request has `{BOUND}`, and there is nothing to hold it to"),
                format!("name the type of details in `{DETAILS}`, or write `{BOUND}: {NONE}`"),
            );
        }
        if !is_bound && standing.has_details {
            problems.add(
                &standing.operation.pointer,
                format!("`{DETAILS}` is demanded, and no part of the request is held to it"),
                format!("mark what was consented to with `{BOUND}`"),
            );
        }
    }
}

fn description(parameter: &Parameter<'_>) -> ParameterDescription {
    let declared = parameter.declared.value;
    let said = |mark: &str| declared.get(mark).and_then(serde_json::Value::as_str);
    let resource = stated_name(declared, RESOURCE).filter(|kind| *kind != NONE);
    ParameterDescription {
        name: match parameter.location {
            Location::Header => parameter.name.to_ascii_lowercase(),
            Location::Path | Location::Query | Location::Cookie => parameter.name.to_owned(),
        },
        location: parameter.location,
        is_required: declared.get("required") == Some(&serde_json::Value::Bool(true)),
        resource: resource.map(str::to_owned),
        date: match said(DATE) {
            Some("from") => Some(DateEnd::From),
            Some("until") => Some(DateEnd::Until),
            _ => None,
        },
        bound: said(BOUND).and_then(Bound::parse),
    }
}

fn check_parameter<'a>(
    document: Document<'a>,
    standing: &Standing<'a, '_>,
    parameter: &Parameter<'a>,
    problems: &mut Problems,
) {
    let declared = &parameter.declared;
    let name = quoted(parameter.name);
    let mut refuse = |what: String, help: String| problems.add(&declared.pointer, what, help);
    let resource = stated_name(declared.value, RESOURCE);
    if is_id_like(parameter.name) && resource.is_none() {
        refuse(
            format!("the parameter looks like an id and has no `{RESOURCE}`: {name}"),
            format!("add `{RESOURCE}` with the kind of resource it names, or `{NONE}`"),
        );
    }
    let names = resource.is_some_and(|kind| kind != NONE);
    if names && standing.has_details && declared.child(BOUND).is_none() {
        refuse(
            format!("the parameter names a resource and has no `{BOUND}`: {name}"),
            format!("add `{BOUND}` with what it is held to, as `same account`, or `{NONE}`"),
        );
    }
    let schema = declared
        .child("schema")
        .map(|schema| document.resolve(schema));
    let schema = schema.and_then(Result::ok);
    let says = |key: &str| schema.as_ref().and_then(|schema| schema.child(key));
    let format = says("format").and_then(|format| format.value.as_str());
    let is_day = format.is_some_and(|format| format.starts_with("date"));
    let date = declared.value.get(DATE).and_then(serde_json::Value::as_str);
    if is_day && parameter.location == Location::Query && date.is_none() {
        refuse(
            format!("the parameter is a date and has no `{DATE}`: {name}"),
            format!("add `{DATE}` with `from`, `until` or `{NONE}`"),
        );
    }
    if parameter.location != Location::Query && date.is_some_and(|date| date != NONE) {
        refuse(
            format!("only a query parameter is cut to the days of a consent: {name}"),
            format!("write `{DATE}: {NONE}`, or move it into the query"),
        );
    }
    let is_object = says("properties").is_some()
        || says("additionalProperties").is_some()
        || says("type").is_some_and(|kind| *kind.value == "object");
    let style = declared.child("style");
    let is_list = |style: &Site<'_>| *style.value == "form" || *style.value == "simple";
    let is_styled = style.is_some_and(|style| !is_list(&style));
    if is_object || is_styled || declared.child("content").is_some() {
        refuse(
            format!("the parameter has parts of its own: {name}"),
            "describe each part as a parameter, without `style` and `content`: what is in it \
             could not be held against a consent"
                .to_owned(),
        );
    }
}

/// Whether a name ends as the names of ids do.
pub(crate) fn is_id_like(name: &str) -> bool {
    let ends = |end: &str| {
        let start = name.len().checked_sub(end.len());
        let tail = start.and_then(|start| name.get(start..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    ends("id") || ends("ids")
}

#[cfg(test)]
mod tests;
