//! What customers may be asked for in detail (RFC 9396), as the authorization server takes it.

use std::collections::HashMap;
use std::sync::Arc;

use authserver::DetailSettings;
use config::{BankPlan, DetailPlan};
use model::DetailType;

/// The types of a bank's products.
pub(super) fn of(plan: &BankPlan) -> HashMap<DetailType, DetailSettings> {
    let details = plan.products.iter().flat_map(|product| &product.details);
    let settings = |(id, plan): (&DetailType, &DetailPlan)| {
        let settings = DetailSettings {
            schema: Arc::clone(&plan.schema),
            zh_cn: plan.zh_cn.clone(),
            en: plan.en.clone(),
        };
        (id.clone(), settings)
    };
    details.map(settings).collect()
}
