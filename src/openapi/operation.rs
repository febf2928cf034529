//! One operation: what it is called and what it demands.

use http::Method;
use serde_json::Value;

use crate::answer::{Answers, answers};
use crate::authentication::{self, Authentication};
use crate::leaves::{Budget, Leaves, leaves, unmarked_leaf};
use crate::marks::{self, CLASS, CLUSTER, Class, EffectMark};
use crate::parameter::{self, Parameter};
use crate::problem::{Problems, quoted};
use crate::reference::{Document, Site};
use crate::request::{self, RequestDescription};
use crate::responses::{Successes, successes};
use crate::template::Template;

/// The longest `operationId`, in bytes.
const ID_BYTES_MAX: usize = 128;

/// An operation that a gateway may carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationDescription {
    /// The `operationId`: 1 to 128 visible ASCII characters, unique in the document.
    pub id: String,
    /// The method: GET, PUT, POST, DELETE, OPTIONS, HEAD or PATCH.
    pub method: Method,
    /// The path template without the base path, as `/rates/{pair}`; `/` has no segment.
    pub template: String,
    /// Where the operation stands in the document: a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// How it is protected (`x-mortise-class`); never below its floor.
    pub class: Class,
    /// What it does to the world (`x-mortise-effect`).
    pub effect: EffectMark,
    /// The scope a token must have (`x-mortise-scope`): present from [`Class::Partner`] up.
    pub scope: Option<String>,
    /// The type of authorization details that a token must have beside its scope
    /// (`x-mortise-authorization-details`), where one is demanded.
    pub detail: Option<String>,
    /// What is demanded of the customer's log-in (`x-mortise-authentication`), if anything.
    pub authentication: Option<Authentication>,
    /// Whether a request may carry a body.
    pub has_request_body: bool,
    /// What its requests say that is held against a consent. Below [`Class::Customer`] the marks
    /// are as written and nothing demands them, and nothing is said of a body.
    pub request: RequestDescription,
    /// What the bodies of its successful answers hold and whose it is, from [`Class::Customer`] up;
    /// below, nothing.
    pub answers: Answers,
}

/// Where an operation stands.
pub(crate) struct Standing<'a, 'p> {
    pub(crate) site: Site<'a>,
    pub(crate) method: Method,
    /// `None` when the template is refused.
    pub(crate) template: Option<&'p Template>,
    /// The parameters of its path item.
    pub(crate) of_path: &'p [Parameter<'a>],
}

impl OperationDescription {
    /// Reads one operation; `None` when something about it is refused.
    pub(crate) fn read<'a>(
        document: Document<'a>,
        standing: Standing<'a, '_>,
        budget: &mut Budget,
        problems: &mut Problems,
    ) -> Option<Self> {
        let Standing {
            site,
            method,
            template,
            of_path,
        } = standing;
        if !is_plain_object(&site, problems) {
            return None;
        }
        let id = operation_id(&site, problems);
        let class = marks::class(&site, problems);
        let effect = marks::effect(&site, &method, problems);
        let scope = marks::scope(&site, class, problems);
        let detail = marks::detail(&site, class, problems);
        let authentication = authentication::authentication(&site, class, problems);
        let own = Parameter::list(&document, &site, problems);
        let parameters = parameter::merge(of_path, own);
        if let Some(template) = template {
            parameter::check_path(template, &parameters, &site, problems);
        }
        let has_request_body = request_body(&document, &site, &method, problems);
        let successes = successes(&document, &site, problems);
        let carried = check_answers(document, &site, class, &successes, budget, problems);
        if let Some(class) = class {
            check_floors(&site, class, effect, &carried, problems);
        }
        let (request, answers) = if class >= Some(Class::Customer) {
            let standing = request::Standing {
                operation: &site,
                parameters: &parameters,
                has_details: detail.as_ref().is_some_and(|detail| detail.0.is_some()),
            };
            let request = RequestDescription::read(document, &standing, budget, problems);
            let answers = answers(document, &successes, &request, budget, problems);
            (request, answers)
        } else {
            let request = RequestDescription::of_parameters(&parameters);
            (request, Answers::default())
        };
        Some(Self {
            id: id?,
            method,
            template: template?.as_str().to_owned(),
            pointer: site.pointer,
            class: class?,
            effect: effect?,
            scope: scope?.0,
            detail: detail?.0,
            authentication: authentication?.0,
            has_request_body: has_request_body?,
            request,
            answers,
        })
    }
}

fn is_plain_object(site: &Site<'_>, problems: &mut Problems) -> bool {
    let Value::Object(members) = site.value else {
        problems.add(
            &site.pointer,
            "the operation is not an object",
            "describe it with `operationId`, `responses` and its marks",
        );
        return false;
    };
    if members.contains_key("$ref") {
        problems.add(
            site.pointer_to("$ref"),
            "an operation cannot be a reference",
            "write the operation here, or refer to a whole path item",
        );
        return false;
    }
    refuse_servers(site, problems);
    true
}

pub(crate) fn operation_id(site: &Site<'_>, problems: &mut Problems) -> Option<String> {
    let Some(id) = site.child("operationId") else {
        problems.add(
            &site.pointer,
            "the operation has no `operationId`",
            "add one: settings, logs and evidence name the operation by it",
        );
        return None;
    };
    let text = id.value.as_str().unwrap_or_default();
    let is_legal = (1..=ID_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    if !is_legal {
        problems.add(
            id.pointer,
            format!("the `operationId` is not usable: {}", quoted(text)),
            format!("write 1 to {ID_BYTES_MAX} visible ASCII characters other than `\"` and `\\`"),
        );
        return None;
    }
    Some(text.to_owned())
}

fn request_body<'a>(
    document: &Document<'a>,
    site: &Site<'a>,
    method: &Method,
    problems: &mut Problems,
) -> Option<bool> {
    let Some(body) = site.child("requestBody") else {
        return Some(false);
    };
    if marks::is_read(method) {
        // RFC 9110 §9.3.1: content in a GET has no meaning and is a known way to smuggle requests.
        problems.add(
            body.pointer,
            format!("a {method} operation has a request body"),
            "use query parameters, or another method",
        );
        return None;
    }
    match document.resolve(body) {
        Ok(body) if body.value.is_object() => Some(true),
        Ok(body) => {
            problems.add(
                body.pointer,
                "the request body is not an object",
                "describe it with `content`",
            );
            None
        }
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

/// Looks at the answers. From `customer` up each leaf must say its cluster, for what has none
/// could not be held against a consent.
fn check_answers<'a>(
    document: Document<'a>,
    site: &Site<'a>,
    class: Option<Class>,
    successes: &Successes<'a>,
    budget: &mut Budget,
    problems: &mut Problems,
) -> Leaves {
    let carried = leaves(document, successes.schemas(), budget, problems);
    if class < Some(Class::Customer) {
        return carried;
    }
    if !successes.is_described {
        problems.add(
            &site.pointer,
            "the operation describes no successful answer, which its class demands",
            "add `responses` with a 2xx status",
        );
    }
    for pointer in successes.without_schema() {
        problems.add(
            pointer,
            "the answer's body has no `schema`, which the operation's class demands",
            format!("describe it, each leaf with `{CLUSTER}`"),
        );
    }
    for pointer in &carried.unmarked {
        problems.push(unmarked_leaf(pointer));
    }
    carried
}

/// A class may not lie below its floor.
fn check_floors(
    site: &Site<'_>,
    class: Class,
    effect: Option<EffectMark>,
    carried: &Leaves,
    problems: &mut Problems,
) {
    if effect == Some(EffectMark::Money) && class < Class::Payment {
        problems.add(
            site.pointer_to(CLASS),
            format!("the class `{}` is too low: money moves", class.as_str()),
            "write `payment`",
        );
    }
    if let (Some((cluster, pointer)), true) = (&carried.personal, class < Class::Customer) {
        problems.add(
            site.pointer_to(CLASS),
            format!(
                "the class `{}` is too low: the answer carries the personal cluster {}",
                class.as_str(),
                quoted(cluster)
            ),
            format!("write `customer`, or `none` at {pointer} if that is not personal"),
        );
    }
}

/// Refuses servers of a single path or operation: its path would be another than the one routed.
pub(crate) fn refuse_servers(site: &Site<'_>, problems: &mut Problems) {
    if let Some(servers) = site.child("servers") {
        problems.add(
            servers.pointer,
            "only the document itself may have `servers`",
            "move the path of the url into the path, or into a document of its own",
        );
    }
}

#[cfg(test)]
mod tests;
