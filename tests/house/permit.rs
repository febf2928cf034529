//! What `permit.rs` of the gateway says: the classes, the proofs of each, and how the pipeline
//! admits by them. Whatever it says in a form that is not understood here is an error.

use std::collections::BTreeMap;

/// One class: a variant of `Admitted`.
pub(crate) struct Class {
    /// Its constructor's name.
    pub(crate) name: String,
    pub(crate) variant: String,
    /// The struct that holds its proofs.
    pub(crate) permit: String,
    /// The fields of that struct, each with its type.
    pub(crate) fields: Vec<(String, String)>,
    /// The constructor's parameters, each with its type.
    pub(crate) parameters: Vec<(String, String)>,
}

/// The classes of `permit.rs`.
pub(crate) fn classes(permit: &str) -> Result<Vec<Class>, String> {
    let variants = block(permit, "enum Admitted {", "\n}")?;
    let constructors: Vec<&str> = permit
        .split("fn ")
        .skip(1)
        .filter(|text| text.split('{').next().is_some_and(makes_admitted))
        .collect();
    let variants: Vec<&str> = items(variants);
    if constructors.len() != variants.len() {
        return Err(format!(
            "permit.rs: {} classes, {} functions that give an `Admitted`",
            variants.len(),
            constructors.len()
        ));
    }
    variants
        .into_iter()
        .map(|variant| class(permit, variant, &constructors))
        .collect()
}

fn makes_admitted(signature: &str) -> bool {
    let given = signature.split("->").nth(1).unwrap_or("");
    given.contains("Self") || given.contains("Admitted")
}

fn class(permit: &str, variant: &str, constructors: &[&str]) -> Result<Class, String> {
    let (variant, held) = variant
        .strip_suffix(')')
        .and_then(|variant| variant.split_once('('))
        .filter(|(_, held)| held.chars().all(char::is_alphanumeric))
        .ok_or_else(|| format!("permit.rs: the variant {variant} does not hold one permit"))?;
    let makes = format!("Self::{variant}(");
    let constructor = constructors
        .iter()
        .find(|text| text.split("\n    }").next().unwrap_or("").contains(&makes))
        .ok_or_else(|| format!("permit.rs: no constructor of the class {variant}"))?;
    let class = Class {
        name: constructor.split('(').next().unwrap_or("").to_owned(),
        variant: variant.to_owned(),
        permit: held.to_owned(),
        fields: typed(block(permit, &format!("struct {held} {{"), "\n}")?)?,
        parameters: typed(block(constructor, "(", ")")?)?,
    };
    let types = |named: &[(String, String)]| {
        let mut types: Vec<String> = named.iter().map(|(_, ty)| ty.clone()).collect();
        types.sort();
        types
    };
    if types(&class.fields) != types(&class.parameters) {
        return Err(format!(
            "permit.rs: {held} does not hold exactly what {}() takes",
            class.name
        ));
    }
    Ok(class)
}

/// Each type that `permit.rs` takes from a stage, with that stage.
pub(crate) fn stages(permit: &str) -> BTreeMap<String, String> {
    let mut stages = BTreeMap::new();
    for import in permit.split("use crate::stage::").skip(1) {
        let Some((stage, types)) = import.split(';').next().and_then(|i| i.split_once("::")) else {
            continue;
        };
        for proof in types.trim_matches(['{', '}']).split(',') {
            stages.insert(proof.trim().to_owned(), stage.to_owned());
        }
    }
    stages
}

/// An expression that would make this proof, were its fields not private to its stage; and the
/// compiler's word for it.
pub(crate) fn forgery(
    stage: &str,
    proof: &str,
    text: &str,
) -> Result<(String, &'static str), String> {
    let head = format!("struct {proof}");
    let rest = text.split(&head).nth(1).unwrap_or("");
    let path = format!("crate::stage::{stage}::{proof}");
    if rest.starts_with('(') {
        let fields = block(rest, "(", ");")?.split(',').map(|_| ANY);
        let fields = fields.collect::<Vec<_>>().join(", ");
        Ok((format!("{path}({fields})"), "E0603"))
    } else if rest.starts_with(" {") {
        let fields = typed(block(rest, "{", "\n}")?)?;
        Ok((format!("{path} {{ {} }}", filled(&fields)), "E0451"))
    } else {
        Err(format!(
            "stage/{stage}.rs: {proof} is no struct with a private field, so anyone can make it"
        ))
    }
}

/// A value of any type, for the compiler.
pub(crate) const ANY: &str = "any()";

/// The fields of a struct's literal.
pub(crate) fn filled(fields: &[(String, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(n, _)| format!("{n}: {ANY}")).collect();
    fields.join(", ")
}

/// How the pipeline admits by this class: the call, and its arguments.
pub(crate) fn admission(pipeline: &str, class: &str) -> Result<(String, Vec<String>), String> {
    let head = format!("Admitted::{class}(");
    let mut calls = pipeline.split(&head).skip(1);
    let (Some(call), None) = (calls.next(), calls.next()) else {
        return Err(format!("pipeline.rs does not call {head}…) exactly once"));
    };
    let arguments = call.split(')').next().unwrap_or("");
    let names = arguments.split(',').map(str::trim);
    let names: Vec<String> = names.filter(|n| !n.is_empty()).map(str::to_owned).collect();
    Ok((format!("{head}{arguments})"), names))
}

/// What stands between the first `open` and the next `close`.
fn block<'a>(text: &'a str, open: &str, close: &str) -> Result<&'a str, String> {
    text.split_once(open)
        .and_then(|(_, rest)| rest.split_once(close))
        .map(|(inside, _)| inside)
        .ok_or_else(|| format!("not found: {open}"))
}

/// The items of a list, without comments and attributes.
fn items(list: &str) -> Vec<&str> {
    list.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//") && !line.starts_with('#'))
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .collect()
}

fn typed(list: &str) -> Result<Vec<(String, String)>, String> {
    items(list)
        .into_iter()
        .map(|item| {
            let (name, ty) = item
                .split_once(": ")
                .ok_or_else(|| format!("not understood as `name: Type`: {item}"))?;
            let name = name.rsplit(' ').next().unwrap_or(name);
            Ok((name.to_owned(), ty.to_owned()))
        })
        .collect()
}
