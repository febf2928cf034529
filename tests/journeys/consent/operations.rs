//! Every operation of class `customer` of a house, as its files describe it, and calls of it: what
//! is added to the files is called too, or the tests fail that cannot call it.

use config::{DestinationPlan, Mode};
use kit::{Answer, Method, TestHouse};
use openapi::{Bound, Class, Location, OperationDescription, ParameterDescription, Step};
use serde_json::{Map, Value, json};

use super::giving::THERE;
use crate::grants::{App, Form};

/// An operation, and where its product is.
pub(super) struct Operation {
    base: String,
    /// Whether a block answers it: then its answer is no service's.
    pub(super) is_composed: bool,
    pub(super) what: OperationDescription,
}

/// All of a house's that are of class `customer`.
pub(super) fn operations(house: &TestHouse) -> Vec<Operation> {
    let path = &house.prepared().config;
    let plan = config::load(path, Mode::Sandbox, &|_| None, house.now());
    let plan = plan.unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let mut found = Vec::new();
    for product in plan.banks.iter().flat_map(|bank| &bank.products) {
        for what in &product.description.operations {
            if what.class == Class::Customer {
                let base = product.description.base_path.clone();
                let is_composed = matches!(product.destination, DestinationPlan::Block(_));
                let what = what.clone();
                found.push(Operation {
                    base,
                    is_composed,
                    what,
                });
            }
        }
    }
    assert!(found.len() >= 7, "the operations were not found");
    found
}

/// A request for all that these operations demand.
pub(super) fn asks(operations: &[Operation]) -> Form {
    let mut scopes: Vec<&str> = operations.iter().filter_map(Operation::scope).collect();
    scopes.sort_unstable();
    scopes.dedup();
    let mut types: Vec<&str> = operations.iter().filter_map(Operation::detail).collect();
    types.sort_unstable();
    types.dedup();
    let details: Vec<Value> = types.into_iter().map(detail).collect();
    let form = Form::request().with("scope", Some(&scopes.join(" ")));
    if details.is_empty() {
        return form;
    }
    form.with("authorization_details", Some(&json!(details).to_string()))
}

/// A detail of this type. One of another type has to be written here first.
fn detail(its: &str) -> Value {
    assert_eq!(its, "funds_check", "nobody says what a detail of it holds");
    json!({ "type": its, "max_amount": { "currency": "CNY", "value": "500.00" } })
}

/// A call of an operation.
#[derive(Debug, Clone)]
pub(super) struct Call {
    method: Method,
    pub(super) path: String,
    /// Names and values as they stand in the query.
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Value>,
}

impl Operation {
    pub(super) fn id(&self) -> &str {
        &self.what.id
    }

    fn scope(&self) -> Option<&str> {
        self.what.scope.as_deref()
    }

    fn detail(&self) -> Option<&str> {
        self.what.detail.as_deref()
    }

    /// A call that asks about this account wherever it has to name one.
    pub(super) fn about(&self, account: &str) -> Call {
        let what = &self.what;
        let mut call = Call {
            method: Method::from_bytes(what.method.as_str().as_bytes()).expect("a method"),
            path: format!("{}{}", self.base, what.template),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
        };
        for parameter in &what.request.parameters {
            let (name, is_own) = (&parameter.name, names_account(parameter));
            if parameter.is_required || parameter.location == Location::Path {
                assert!(is_own, "nobody knows a value for {name} of {}", what.id);
                call.say(parameter, account);
            }
        }
        for part in &what.request.body {
            let value = match (&part.resource, &part.bound) {
                (Some(kind), _) if kind == "account" => json!(account),
                (None, Some(Bound::AtMost(_))) => json!({ "currency": "CNY", "value": "1.00" }),
                _ => panic!("nobody knows a value for {part:?} of {}", what.id),
            };
            put(call.body.get_or_insert(Value::Null), &part.path, value);
        }
        call
    }

    /// The calls that name an account and could name another: each with this one in one place, and
    /// its own everywhere else.
    pub(super) fn naming(&self, own: &str, other: &str) -> Vec<(String, Call)> {
        let mut calls = Vec::new();
        let parameters = self.what.request.parameters.iter();
        for parameter in parameters.filter(|parameter| names_account(parameter)) {
            let mut call = self.about(own);
            call.say(parameter, other);
            calls.push((format!("{} {}", self.what.id, parameter.name), call));
        }
        for part in &self.what.request.body {
            if part.resource.is_some() {
                let mut call = self.about(own);
                put(
                    call.body.get_or_insert(Value::Null),
                    &part.path,
                    json!(other),
                );
                calls.push((format!("{} {:?}", self.what.id, part.path), call));
            }
        }
        calls
    }

    /// The parameters that name no account and may be left out.
    pub(super) fn options(&self) -> impl Iterator<Item = &ParameterDescription> {
        let parameters = self.what.request.parameters.iter();
        parameters.filter(|parameter| !parameter.is_required && !names_account(parameter))
    }
}

fn names_account(parameter: &ParameterDescription) -> bool {
    let kind = parameter.resource.as_deref();
    assert!(kind.is_none_or(|kind| kind == "account"), "{parameter:?}");
    kind.is_some()
}

impl Call {
    /// Says this as this parameter, instead of what it said.
    pub(super) fn say(&mut self, parameter: &ParameterDescription, value: &str) {
        let pair = (parameter.name.clone(), value.to_owned());
        match parameter.location {
            Location::Path => {
                // What stood there before is gone: a call is made anew for each value.
                let place = format!("{{{}}}", parameter.name);
                if self.path.contains(&place) {
                    self.path = self.path.replace(&place, value);
                } else {
                    let own = self.path.split('/').find(|part| part.starts_with("acc-"));
                    let own = own.expect("an account in the path").to_owned();
                    self.path = self.path.replace(&own, value);
                }
            }
            Location::Query => {
                self.query.retain(|(name, _)| *name != parameter.name);
                self.query.push(pair);
            }
            Location::Header => self.headers.push(pair),
            Location::Cookie => panic!("{parameter:?}"),
        }
    }

    /// Path and query.
    fn target(&self) -> String {
        let pairs = self.query.iter();
        let pairs = pairs.map(|(name, value)| format!("{name}={}", kit::encoded(value)));
        match pairs.collect::<Vec<_>>().join("&") {
            query if query.is_empty() => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }

    /// What it is answered, with this token and while the customer is there.
    pub(super) async fn made(&self, app: &mut App<'_>, bearer: &str) -> Answer {
        let mut headers = vec![("authorization", bearer), THERE];
        headers.extend(self.headers.iter().map(|(name, value)| (&**name, &**value)));
        let body = self.body.as_ref().map(Value::to_string);
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let target = self.target();
        let sent = app.client.call(
            self.method.clone(),
            &target,
            &headers,
            body.unwrap_or_default(),
        );
        sent.await.expect("an answer")
    }
}

/// Puts a value where this way leads to.
fn put(root: &mut Value, path: &[Step], value: Value) {
    let Some((step, rest)) = path.split_first() else {
        *root = value;
        return;
    };
    match step {
        Step::Member(name) => {
            if !root.is_object() {
                *root = Value::Object(Map::new());
            }
            put(&mut root[name], rest, value);
        }
        Step::Item => {
            if !root.is_array() {
                *root = json!([null]);
            }
            put(&mut root[0], rest, value);
        }
    }
}
