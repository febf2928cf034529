//! Types of authorization details: their schemas, and that each has one meaning at a bank.

use std::collections::BTreeMap;
use std::sync::Arc;

use authserver::{BadDetailSchema, DetailSchema};
use model::DetailType;

use super::Compiler;
use super::certificates::unreadable;
use super::openapi_file::Described;
use crate::file::{Bank, Detail, Product, Tokens};
use crate::house::DetailPlan;
use crate::mistake::Code;

/// Longest schema that is read.
const SCHEMA_BYTES_MAX: u64 = 64 << 10;

/// Compiles a product's types.
pub(super) fn compile(c: &mut Compiler<'_>, product: &Product) -> BTreeMap<DetailType, DetailPlan> {
    let mut plans = BTreeMap::new();
    for detail in &product.details {
        let schema = schema(c, detail);
        let (Some(schema), Some(zh_cn), Some(en)) = (schema, &detail.zh_cn, &detail.en) else {
            continue;
        };
        let plan = DetailPlan {
            schema: Arc::new(schema),
            zh_cn: zh_cn.clone(),
            en: en.clone(),
        };
        plans.insert(detail.id.value.clone(), plan);
    }
    plans
}

fn schema(c: &mut Compiler<'_>, detail: &Detail) -> Option<DetailSchema> {
    let reference = detail.schema.as_ref()?;
    let content = c
        .files
        .content(&mut c.reader, reference, SCHEMA_BYTES_MAX)?;
    let problem = match DetailSchema::read(&detail.id.value, &content.bytes) {
        Ok(schema) => return Some(schema),
        Err(problem) => problem,
    };
    if let BadDetailSchema::OtherType(other) = &problem {
        let what = format!(
            "the schema of `{}` is that of details with the type `{other}`",
            detail.id.value
        );
        c.reader
            .collector
            .mistake(Code::Contradiction, reference.at, what)
            .see(detail.id.at, "the type")
            .help("name the file of this type, or leave `const` out of its `properties.type`");
    } else {
        unreadable(c, reference.at, &content, "schema of details", &problem);
    }
    None
}

/// Notes a type that two products of a bank have: which schema would hold?
pub(super) fn refuse_shared(c: &mut Compiler<'_>, bank: &Bank) {
    let mut known: BTreeMap<&DetailType, &Detail> = BTreeMap::new();
    for detail in bank.products.iter().flat_map(|product| &product.details) {
        if let Some(first) = known.insert(&detail.id.value, detail) {
            c.reader
                .collector
                .mistake(
                    Code::Clash,
                    detail.id.at,
                    format!("two products have the type `{}`", detail.id.value),
                )
                .see(first.id.at, "the first")
                .help("a type means one thing at a bank: give each its own");
        }
    }
}

/// Notes operations that demand a detail of a type which is not their product's own, where the
/// issuer is ours: an agreement gives the product and its types together, or neither.
pub(super) fn refuse_unknown(
    c: &mut Compiler<'_>,
    bank: &Bank,
    product: &Product,
    described: &Described,
) {
    let ours = bank.issuer.as_ref().map(|issuer| &issuer.tokens);
    if !matches!(ours, Some(Tokens::Ours { .. })) {
        return;
    }
    for (operation, at) in described.operations() {
        let Some(demanded) = operation.detail.as_deref() else {
            continue;
        };
        let mut own = product.details.iter();
        if own.any(|detail| detail.id.value.as_str() == demanded) {
            continue;
        }
        c.reader
            .collector
            .mistake(
                Code::DanglingName,
                at,
                format!(
                    "the product `{}` has no authorization details of type `{demanded}`",
                    product.id.value
                ),
            )
            .see(product.id.at, "the product")
            .help("write the type into its `authorization_details`");
    }
}
