//! The partner's journey as Arazzo 1.1: what is called, in which order, from asking the customer
//! to the block's own operations.
//!
//! The inner composition stays the bank's: of a block this says only what a partner calls. A person
//! takes one of the steps, which Arazzo 1.1 has no word for: it is marked `x-mortise-human`, and
//! whoever runs the journey hands its outcome in.

use std::collections::BTreeSet;

use openapi::Class;
use serde_json::{Map, Value as Json, json};

use super::authorization::AuthorizationServer;
use super::parameters_of;
use crate::expression::Type;
use crate::plan::{Operation, Plan};

/// The name of the source that describes the block's operations.
const PRODUCT: &str = "product";
/// The name of the source that describes the authorization server.
const AUTHORIZATION: &str = "authorization";
/// The media type of what is sent to the authorization server (RFC 6749 appendix B).
const FORM: &str = "application/x-www-form-urlencoded";
/// How a client shows who it is (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a journey is told beside the plan.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'f> {
    /// What people read.
    pub title: &'f str,
    /// Where the description of the block's operations is: a URI reference.
    pub product: &'f str,
    /// Where the description of the authorization server is: a URI reference.
    pub authorization: &'f str,
    /// The authorization server itself.
    pub server: AuthorizationServer<'f>,
}

/// The journey through all operations of a block.
pub fn arazzo(plan: &Plan, facts: &Facts<'_>) -> Json {
    let [major, minor, patch] = plan.version;
    let journey = Journey::of(plan);
    let mut steps = journey.authorization(facts);
    steps.extend(plan.operations.iter().map(|its| called(its)));
    let outputs = plan.operations.iter().map(|its| {
        let answer = format!("$steps.{}.outputs.answer", its.name);
        (its.name.to_string(), answer.into())
    });
    json!({
        "arazzo": "1.1.0",
        "info": {
            "title": facts.title,
            "summary": "What a partner calls, from asking the customer to the answer",
            "description": "Tokens are bound to the client's certificate, which it shows on each \
                            connection. A client that binds them to a key instead writes `DPoP` \
                            for `Bearer`, and sends a proof with each request (RFC 9449).",
            "version": format!("{major}.{minor}.{patch}"),
        },
        "sourceDescriptions": [
            { "name": PRODUCT, "url": facts.product, "type": "openapi" },
            {
                "name": AUTHORIZATION, "url": facts.authorization, "type": "openapi",
                "x-mortise-metadata": facts.server.metadata,
            },
        ],
        "workflows": [{
            "workflowId": plan.name.as_ref(),
            "summary": facts.title,
            "inputs": journey.inputs(plan),
            "steps": steps,
            "outputs": outputs.collect::<Map<String, Json>>(),
        }],
    })
}

/// What the operations need together.
struct Journey<'p> {
    /// The scopes, as they are asked for.
    scopes: BTreeSet<&'p str>,
    /// Whether a customer is asked.
    has_customer: bool,
    /// Whether values are bound into the consent.
    has_bound: bool,
    /// Whether a token is shown.
    has_token: bool,
}

impl<'p> Journey<'p> {
    fn of(plan: &'p Plan) -> Self {
        let needs = || {
            plan.operations
                .iter()
                .filter_map(|its| its.consent.as_ref())
        };
        let scopes = needs().flat_map(|its| &its.scopes);
        Self {
            scopes: scopes.map(AsRef::as_ref).collect(),
            has_customer: needs().next().is_some(),
            has_bound: needs().any(|its| !its.bound.is_empty()),
            has_token: plan.operations.iter().any(|its| has_token(its)),
        }
    }

    fn inputs(&self, plan: &Plan) -> Json {
        let mut inputs = Inputs::default();
        if self.has_token {
            inputs.add("client_id", text("the client's id"));
            let assertion = "a client assertion (RFC 7523), for this request alone";
            inputs.add("token_assertion", text(assertion));
        }
        if self.has_customer {
            let assertion = "a client assertion (RFC 7523), for the pushed request alone";
            inputs.add("par_assertion", text(assertion));
            inputs.add(
                "redirect_uri",
                text("one of the client's, as it is registered"),
            );
            inputs.add("state", text("drawn anew for this journey"));
            let verifier = "drawn anew for this journey (RFC 7636 §4.1)";
            inputs.add("code_verifier", text(verifier));
            let challenge = "BASE64URL(SHA256(code_verifier)) (RFC 7636 §4.2)";
            inputs.add("code_challenge", text(challenge));
        }
        if self.has_bound {
            let details = "the values that the customer allows, as JSON (RFC 9396 §2)";
            inputs.add("authorization_details", text(details));
        }
        for operation in &plan.operations {
            inputs.of_operation(operation);
        }
        super::schema::closed(&inputs.properties, &inputs.required())
    }

    /// The steps until there is a token.
    fn authorization(&self, facts: &Facts<'_>) -> Vec<Json> {
        if !self.has_token {
            return Vec::new();
        }
        let mut token = Map::new();
        let mut add = |name: &str, value: &str| token.insert(name.to_owned(), value.into());
        if self.has_customer {
            add("grant_type", "authorization_code");
            add("code", "$steps.authorise.outputs.code");
            add("redirect_uri", "$inputs.redirect_uri");
            add("code_verifier", "$inputs.code_verifier");
        } else {
            add("grant_type", "client_credentials");
        }
        add("client_id", "$inputs.client_id");
        add("client_assertion_type", ASSERTION_TYPE);
        add("client_assertion", "$inputs.token_assertion");
        let token = json!({
            "stepId": "token",
            "description": "The client redeems it, over the connection or with the key that the \
                            token is bound to.",
            "operationId": source(AUTHORIZATION, "token"),
            "requestBody": { "contentType": FORM, "payload": token },
            "successCriteria": [{ "condition": "$statusCode == 200" }],
            "outputs": { "access_token": "$response.body#/access_token" },
        });
        if self.has_customer {
            vec![self.pushed(), authorised(facts), token]
        } else {
            vec![token]
        }
    }

    /// The client says what it will ask (RFC 9126).
    fn pushed(&self) -> Json {
        let scopes: Vec<&str> = self.scopes.iter().copied().collect();
        let mut payload = json!({
            "response_type": "code",
            "client_id": "$inputs.client_id",
            "redirect_uri": "$inputs.redirect_uri",
            "scope": scopes.join(" "),
            "state": "$inputs.state",
            "code_challenge": "$inputs.code_challenge",
            "code_challenge_method": "S256",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": "$inputs.par_assertion",
        });
        if self.has_bound {
            payload["authorization_details"] = "$inputs.authorization_details".into();
        }
        json!({
            "stepId": "par",
            "description": "The client says what it will ask the customer for.",
            "operationId": source(AUTHORIZATION, "par"),
            "requestBody": { "contentType": FORM, "payload": payload },
            "successCriteria": [{ "condition": "$statusCode == 201" }],
            "outputs": { "request_uri": "$response.body#/request_uri" },
        })
    }
}

/// The customer reads and decides.
fn authorised(facts: &Facts<'_>) -> Json {
    json!({
        "stepId": "authorise",
        "description": "The customer's browser opens this address; the customer logs in, reads \
                        what is asked, and decides. The browser then brings `code`, `state` and \
                        `iss` to the redirect URI: whoever runs the journey hands them in as the \
                        JSON body of this step's answer, with status 200.",
        "operationId": source(AUTHORIZATION, "authorize"),
        "parameters": [
            { "name": "client_id", "in": "query", "value": "$inputs.client_id" },
            { "name": "request_uri", "in": "query", "value": "$steps.par.outputs.request_uri" },
        ],
        "successCriteria": [
            { "condition": "$statusCode == 200" },
            { "condition": "$response.body#/state == $inputs.state" },
            { "condition": format!("$response.body#/iss == '{}'", facts.server.issuer) },
        ],
        "outputs": { "code": "$response.body#/code" },
        "x-mortise-human": true,
    })
}

/// A call of an operation.
fn called(operation: &Operation) -> Json {
    let mut parameters = Vec::new();
    if has_token(operation) {
        parameters.push(json!({
            "name": "Authorization", "in": "header",
            "value": "Bearer {$steps.token.outputs.access_token}",
        }));
    }
    let parts = Parts::of(operation);
    for (name, place) in &parts.parameters {
        let value = format!("$inputs.{}", input_of(operation, name));
        parameters.push(json!({ "name": name, "in": place, "value": value }));
    }
    let good = good_statuses(operation).into_iter();
    let good: Vec<String> = good.map(|its| format!("$statusCode == {its}")).collect();
    let mut step = json!({
        "stepId": operation.name.as_ref(),
        "operationId": source(PRODUCT, &operation.name),
        "parameters": parameters,
        "successCriteria": [{ "condition": good.join(" || ") }],
        "outputs": { "answer": "$response.body" },
    });
    if parts.has_body {
        let payload = format!("$inputs.{}", operation.name);
        step["requestBody"] = json!({ "contentType": "application/json", "payload": payload });
    }
    step
}

/// Where the members of a request go.
struct Parts<'o> {
    /// Those that must be sent in the path or the query. What may be left out is left out: Arazzo
    /// has no parameter that is sent only where there is a value.
    parameters: Vec<(&'o str, &'static str)>,
    has_body: bool,
}

impl<'o> Parts<'o> {
    fn of(operation: &'o Operation) -> Self {
        let mut parts = Self {
            parameters: Vec::new(),
            has_body: false,
        };
        let Type::Object(input) = &operation.input else {
            return parts;
        };
        let in_path = parameters_of(&operation.path);
        for (name, member) in &input.members {
            if in_path.contains(name.as_ref()) {
                parts.parameters.push((name, "path"));
            } else if operation.method != http::Method::GET {
                parts.has_body = true;
            } else if !member.is_optional {
                parts.parameters.push((name, "query"));
            }
        }
        parts
    }
}

/// The inputs of the journey: all must be given.
#[derive(Default)]
struct Inputs {
    properties: Map<String, Json>,
}

impl Inputs {
    fn add(&mut self, name: &str, schema: Json) {
        self.properties.insert(name.to_owned(), schema);
    }

    fn required(&self) -> Vec<&str> {
        self.properties.keys().map(String::as_str).collect()
    }

    fn of_operation(&mut self, operation: &Operation) {
        let Type::Object(input) = &operation.input else {
            return;
        };
        let parts = Parts::of(operation);
        for (name, _) in &parts.parameters {
            if let Some(member) = input.members.get(*name) {
                self.add(&input_of(operation, name), super::schema::of(&member.kind));
            }
        }
        if parts.has_body {
            let (_, body) = super::request(operation);
            let schema = body
                .as_ref()
                .and_then(|body| body.pointer("/content/application~1json/schema"));
            self.add(&operation.name, schema.cloned().unwrap_or_default());
        }
    }
}

/// The name of the input that a parameter of an operation is sent with.
fn input_of(operation: &Operation, parameter: &str) -> String {
    format!("{}.{parameter}", operation.name)
}

fn text(description: &str) -> Json {
    json!({ "type": "string", "description": description })
}

fn source(name: &str, operation: &str) -> String {
    format!("$sourceDescriptions.{name}.{operation}")
}

fn has_token(operation: &Operation) -> bool {
    operation.class >= Class::Partner
}

/// The statuses of a reply and of the answers that checks end with.
fn good_statuses(operation: &Operation) -> BTreeSet<u16> {
    let answers = operation.answers.iter().map(|(_, reply)| reply.status);
    answers.chain([operation.reply.status]).collect()
}

#[cfg(test)]
mod tests;
