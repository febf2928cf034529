//! What an operation demands of its callers, as the road takes it.

use gateway::Class;
use model::{DetailType, Scope};
use openapi::OperationDescription;

/// The class of an operation.
///
/// Errors: a class that is not available, or a scope where none belongs, or none where one does.
pub(super) fn class_of(operation: &OperationDescription) -> anyhow::Result<Class> {
    let scope = operation.scope.as_deref().map(Scope::parse).transpose()?;
    let detail = operation.detail.as_deref().map(DetailType::parse);
    let detail = detail.transpose()?;
    match (operation.class, scope) {
        (openapi::Class::Open, None) => Ok(Class::Open),
        (openapi::Class::Partner, Some(scope)) => Ok(Class::Partner { scope, detail }),
        (openapi::Class::Open | openapi::Class::Partner, _) => {
            anyhow::bail!(
                "operation {}: its class and its scope disagree",
                operation.id
            )
        }
        (openapi::Class::Customer | openapi::Class::Payment, _) => {
            anyhow::bail!("operation {}: its class is not available", operation.id)
        }
    }
}
