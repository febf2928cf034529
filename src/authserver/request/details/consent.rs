//! The type of authorization details that is ours, where customers consent at a desk: by it a
//! client names a consent, that its customer gives, renews or gives another in place of.

use std::collections::HashMap;
use std::sync::Arc;

use model::{DetailType, Fault};

use super::schema::DetailSchema;
use crate::DetailSettings;

const TYPE: &str = "consent";

/// An id of a consent is as one of a grant: characters of base64url.
const SCHEMA: &[u8] = br#"{
  "required": ["consent_id"],
  "properties": { "consent_id": { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" } }
}"#;

/// Whether this is that type.
pub(crate) fn is_ours(its: &DetailType) -> bool {
    its.as_str() == TYPE
}

/// Puts it beside those of the bank's products. Errors: a product has one of its name.
pub(crate) fn put(details: &mut HashMap<DetailType, DetailSettings>) -> Result<(), Fault> {
    let broken = |cause| Fault::caused("reading the schema of a consent", cause);
    let its = DetailType::parse(TYPE);
    let its = its.map_err(|cause| Fault::caused("naming the details of a consent", cause))?;
    let settings = DetailSettings {
        schema: Arc::new(DetailSchema::read(&its, SCHEMA).map_err(broken)?),
        zh_cn: "已有的授权".to_owned(),
        en: "A consent".to_owned(),
    };
    match details.insert(its, settings) {
        None => Ok(()),
        Some(_) => Err(Fault::new("a product has details of the type consent")),
    }
}
