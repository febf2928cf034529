//! The reading of contracts, operation by operation.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use http::Method;
use serde_json::Value;

use super::bundle::Bundle;
use super::convert::Direction;
use super::held::Held;
use super::typed::Typed;
use super::{AnswerSchema, BodySchema, Contract, ParameterSchema};
use crate::document::{OPERATIONS_MAX, edition};
use crate::marks::{EFFECT, EffectMark, IDEMPOTENT, NONE, RESOURCE, SCOPE, is_read};
use crate::media_type::{essence, is_json};
use crate::operation::{operation_id, refuse_servers};
use crate::parameter::{Location, Parameter, check_path, merge};
use crate::placement::{self, BY_KEY, stated_name};
use crate::problem::{Problem, Problems, help_words, quoted};
use crate::reference::{Document, Site};
use crate::server;
use crate::template::Template;

/// The most schemas of one document, and the most values in all of them.
const SCHEMAS_MAX: usize = 20_000;
const VALUES_MAX: usize = 2_000_000;
/// The methods that a path item may describe.
const METHODS: [(&str, Method); 7] = [
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("options", Method::OPTIONS),
    ("head", Method::HEAD),
    ("patch", Method::PATCH),
];

/// Reads all contracts of a document, and how much of their schemas is typed.
pub(super) fn read(root: &Value) -> Result<(BTreeMap<String, Contract>, Typed), Vec<Problem>> {
    let mut problems = Problems::default();
    let Some(edition) = edition(root, &mut problems) else {
        return Err(problems.into_vec());
    };
    let document = Document { root, edition };
    if !placement::check(&document, &mut problems) {
        return Err(problems.into_vec());
    }
    let mut load = Load {
        document,
        problems,
        schemas: HashMap::new(),
        values: 0,
        typed: Typed::default(),
        contracts: BTreeMap::new(),
    };
    load.paths();
    if load.problems.is_empty() {
        Ok((load.contracts, load.typed))
    } else {
        Err(load.problems.into_vec())
    }
}

/// What stands before every path.
pub(super) fn base_path(root: &Value) -> Result<String, Vec<Problem>> {
    let mut problems = Problems::default();
    let edition = edition(root, &mut problems);
    let document = edition.map(|edition| Document { root, edition });
    let path = document.and_then(|document| server::base_path(&document, &mut problems));
    path.ok_or_else(|| problems.into_vec())
}

struct Load<'a> {
    document: Document<'a>,
    problems: Problems,
    /// Where a schema stands and which way its values go → the schema, ready; nothing where it is
    /// refused.
    schemas: HashMap<(String, Direction), Option<Arc<Held>>>,
    values: usize,
    typed: Typed,
    contracts: BTreeMap<String, Contract>,
}

impl<'a> Load<'a> {
    fn paths(&mut self) {
        let Some(paths) = self.document.site().child("paths") else {
            let help = "add `paths`, an object, with at least one operation";
            return self.problems.add("", "the document has no `paths`", help);
        };
        for (path, item) in paths.members().filter(|(path, _)| !path.starts_with("x-")) {
            if self.contracts.len() > OPERATIONS_MAX {
                let help = format!("at most {OPERATIONS_MAX}; split the document");
                return self
                    .problems
                    .add("/paths", "the document has too many operations", help);
            }
            let pointer = item.pointer.clone();
            match (Template::parse(path), self.document.resolve(item)) {
                (Ok(template), Ok(item)) => self.path_item(&template, &item),
                (Err(flaws), _) => {
                    for flaw in flaws {
                        self.problems.push(flaw.at(&pointer));
                    }
                }
                (_, Err(problem)) => self.problems.push(problem),
            }
        }
    }

    fn path_item(&mut self, template: &Template, item: &Site<'a>) {
        refuse_servers(item, &mut self.problems);
        let of_path = Parameter::list(&self.document, item, &mut self.problems);
        for (key, method) in METHODS {
            let Some(site) = item.child(key) else {
                continue;
            };
            let Some(id) = operation_id(&site, &mut self.problems) else {
                continue;
            };
            let contract = self.operation(&site, method, template, &of_path);
            if self.contracts.insert(id.clone(), contract).is_some() {
                self.problems.add(
                    site.pointer_to("operationId"),
                    format!("the `operationId` is taken: {}", quoted(&id)),
                    "choose another",
                );
            }
        }
    }

    fn operation(
        &mut self,
        site: &Site<'a>,
        method: Method,
        template: &Template,
        of_path: &[Parameter<'a>],
    ) -> Contract {
        refuse_servers(site, &mut self.problems);
        let own = Parameter::list(&self.document, site, &mut self.problems);
        let parameters = merge(of_path, own);
        check_path(template, &parameters, site, &mut self.problems);
        let said = |mark: &str| site.value.get(mark).and_then(Value::as_str);
        Contract {
            effect: self.effect(site, &method),
            scope: said(SCOPE)
                .filter(|scope| *scope != NONE)
                .map(str::to_owned),
            is_idempotent_by_key: said(IDEMPOTENT) == Some(BY_KEY),
            template: template.as_str().to_owned(),
            pointer: site.pointer.clone(),
            parameters: parameters
                .iter()
                .filter_map(|parameter| self.parameter(parameter))
                .collect(),
            body: self.body(site),
            answers: self.answers(site),
            method,
        }
    }

    fn effect(&mut self, site: &Site<'a>, method: &Method) -> Option<EffectMark> {
        let Some(mark) = site.child(EFFECT) else {
            return is_read(method).then_some(EffectMark::None);
        };
        let written = mark.value.as_str().unwrap_or_default();
        let effect = EffectMark::parse(written);
        if effect.is_none() || (is_read(method) && effect != Some(EffectMark::None)) {
            self.problems.add(
                mark.pointer,
                format!("not an effect of {method}: {}", quoted(written)),
                help_words(written, "the effects", &["none", "change", "money"]),
            );
        }
        effect
    }

    fn parameter(&mut self, parameter: &Parameter<'a>) -> Option<ParameterSchema> {
        let declared = &parameter.declared;
        let name = parameter.name.to_ascii_lowercase();
        // OpenAPI, Parameter Object: these three are described elsewhere.
        let is_ignored = matches!(name.as_str(), "accept" | "content-type" | "authorization");
        if parameter.location == Location::Header && is_ignored {
            return None;
        }
        let schema = self.parameter_schema(parameter)?;
        let holds = self.held(&schema, Direction::Request)?;
        let is_list = super::text::is_list(&holds.schema);
        if is_list.is_none() {
            self.refuse_parts(declared);
        }
        let resource = stated_name(declared.value, RESOURCE).filter(|kind| *kind != NONE);
        Some(ParameterSchema {
            name: match parameter.location {
                Location::Header => name,
                _ => parameter.name.to_owned(),
            },
            location: parameter.location,
            is_required: declared.value.get("required") == Some(&Value::Bool(true)),
            pointer: declared.pointer.clone(),
            schema: Arc::clone(&holds.schema),
            resource: resource.map(str::to_owned),
            is_list: is_list?,
            is_exploded: declared.value.get("explode") != Some(&Value::Bool(false)),
            holds,
        })
    }

    /// The schema of a parameter that is written in the default way.
    fn parameter_schema(&mut self, parameter: &Parameter<'a>) -> Option<Site<'a>> {
        let declared = &parameter.declared;
        if parameter.location == Location::Cookie {
            let help = "remove it, or write it as a header or into the query";
            self.problems
                .add(&declared.pointer, "cookies are not carried to a bank", help);
            return None;
        }
        let usual = match parameter.location {
            Location::Query | Location::Cookie => "form",
            Location::Path | Location::Header => "simple",
        };
        let style = declared.child("style");
        let is_usual = style.is_none_or(|style| style.value == usual);
        if !is_usual || declared.child("content").is_some() {
            self.refuse_parts(declared);
            return None;
        }
        let schema = declared.child("schema");
        if schema.is_none() {
            self.problems.add(
                &declared.pointer,
                format!("the parameter has no `schema`: {}", quoted(parameter.name)),
                "add one, as `schema: { type: string }`",
            );
        }
        schema
    }

    fn refuse_parts(&mut self, declared: &Site<'a>) {
        self.problems.add(
            &declared.pointer,
            "the parameter has parts of its own, or another style than is usual in its place",
            "describe each part as a parameter, without `style` and `content`",
        );
    }

    fn body(&mut self, site: &Site<'a>) -> Option<BodySchema> {
        let body = self.resolved(site.child("requestBody")?)?;
        let (_, media) = self.json(&body)?;
        let schema = media.child("schema")?;
        let holds = self.held(&schema, Direction::Request)?;
        Some(BodySchema {
            is_required: body.value.get("required") == Some(&Value::Bool(true)),
            pointer: schema.pointer,
            schema: Arc::clone(&holds.schema),
            holds,
        })
    }

    fn answers(&mut self, site: &Site<'a>) -> Vec<AnswerSchema> {
        let responses = site.child("responses");
        let written = responses.iter().flat_map(Site::members);
        let written: Vec<(&str, Site<'a>)> = written.collect();
        let mut answers = Vec::new();
        for (status, response) in written {
            if status.starts_with("x-") {
                continue;
            }
            if !is_status(status) {
                self.problems.add(
                    response.pointer,
                    format!("not a status code: {}", quoted(status)),
                    "write a status as `200`, a range as `2XX`, or `default`",
                );
                continue;
            }
            answers.extend(self.answer(status, response));
        }
        answers
    }

    fn answer(&mut self, status: &str, response: Site<'a>) -> Option<AnswerSchema> {
        let response = self.resolved(response)?;
        let json = self.json(&response);
        let schema = json.as_ref().and_then(|(_, media)| media.child("schema"));
        let holds = match &schema {
            Some(schema) => Some(self.held(schema, Direction::Answer)?),
            None => None,
        };
        Some(AnswerSchema {
            status: match status {
                "default" => status.to_owned(),
                _ => status.to_ascii_uppercase(),
            },
            pointer: response.pointer,
            media_type: json.map(|(media_type, _)| media_type),
            schema: holds.as_ref().map(|holds| Arc::clone(&holds.schema)),
            holds,
        })
    }

    /// The JSON that a body may be: `application/json` where that is described, else the only one.
    fn json(&mut self, body: &Site<'a>) -> Option<(String, Site<'a>)> {
        let content = body.child("content")?;
        let all = content
            .members()
            .map(|(name, media)| (essence(name), media));
        let mut json: Vec<(String, Site<'a>)> = all.filter(|(name, _)| is_json(name)).collect();
        if let Some(plain) = json.iter().position(|(name, _)| name == "application/json") {
            return Some(json.swap_remove(plain));
        }
        if json.len() > 1 {
            let what = "the body may be several kinds of JSON, none of them `application/json`";
            self.problems
                .add(content.pointer, what, "describe it as one of them");
            return None;
        }
        json.pop()
    }

    fn resolved(&mut self, site: Site<'a>) -> Option<Site<'a>> {
        let resolved = self.document.resolve(site);
        resolved.map_err(|problem| self.problems.push(problem)).ok()
    }

    /// A schema, ready: each is made once for each direction.
    fn held(&mut self, site: &Site<'a>, direction: Direction) -> Option<Arc<Held>> {
        let key = (site.pointer.clone(), direction);
        if let Some(known) = self.schemas.get(&key) {
            return known.clone();
        }
        let is_full = self.schemas.len() >= SCHEMAS_MAX || self.values >= VALUES_MAX;
        if is_full {
            let help = format!("at most {SCHEMAS_MAX} schemas of {VALUES_MAX} values; split it");
            self.problems
                .add("", "the document has too many schemas", help);
            return None;
        }
        let bundle = Bundle::read(self.document, site, direction, &mut self.problems);
        let made = bundle.and_then(|bundle| {
            self.values += bundle.values;
            self.typed.count(&bundle);
            Held::new(bundle, &mut self.problems)
        });
        let made = made.map(Arc::new);
        self.schemas.insert(key, made.clone());
        made
    }
}

fn is_status(text: &str) -> bool {
    text == "default" || crate::responses::is_status(text)
}
