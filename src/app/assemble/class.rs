//! What an operation demands of its callers, as the road takes it.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context as _;

use config::ConsentPlan;
use gateway::{Class, Coverage};
use identity::Consents;
use model::{ClusterId, DetailType, Scope};
use openapi::OperationDescription;

/// The classes of a bank's operations.
pub(super) struct Classes<'a> {
    /// What the bank's customers consent to, if to anything.
    pub(super) plan: Option<&'a ConsentPlan>,
    /// What they did.
    pub(super) consents: &'a Arc<Consents>,
}

impl Classes<'_> {
    /// The class of an operation.
    ///
    /// Errors: a class that is not available, or a scope where none belongs, or none where one
    /// does.
    pub(super) fn of(&self, operation: &OperationDescription) -> anyhow::Result<Class> {
        let scope = operation.scope.as_deref().map(Scope::parse).transpose()?;
        let detail = operation.detail.as_deref().map(DetailType::parse);
        let detail = detail.transpose()?;
        match (operation.class, scope) {
            (openapi::Class::Open, None) => Ok(Class::Open),
            (openapi::Class::Partner, Some(scope)) => Ok(Class::Partner { scope, detail }),
            (openapi::Class::Customer, Some(scope)) => {
                let coverage = self.coverage(operation, &scope)?;
                Ok(Class::Customer {
                    scope,
                    detail,
                    coverage: Arc::new(coverage),
                })
            }
            (openapi::Class::Open | openapi::Class::Partner | openapi::Class::Customer, _) => {
                anyhow::bail!(
                    "operation {}: its class and its scope disagree",
                    operation.id
                )
            }
            (openapi::Class::Payment, _) => {
                anyhow::bail!("operation {}: its class is not available", operation.id)
            }
        }
    }

    /// What a customer's request and its answer are held to.
    ///
    /// Errors: customers cannot be asked for the scope.
    fn coverage(
        &self,
        operation: &OperationDescription,
        scope: &Scope,
    ) -> anyhow::Result<Coverage> {
        let entry = self.plan.and_then(|plan| plan.catalogue.scope(scope));
        let consented = entry.and_then(|entry| entry.consented());
        let consented = consented.with_context(|| {
            let id = &operation.id;
            format!("operation {id}: customers do not consent to {scope}")
        })?;
        let clusters: BTreeSet<ClusterId> = consented.clusters.iter().cloned().collect();
        Ok(Coverage {
            consents: Arc::clone(self.consents),
            clusters,
            request: operation.request.clone(),
            answers: operation.answers.clone(),
        })
    }
}
