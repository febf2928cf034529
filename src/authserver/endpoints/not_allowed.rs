//! A method that an endpoint does not take.

use http::Method;

use model::{Facts, Refusal, RequestId, Response};

use super::refused;
use crate::evidence::OpenRecord;

/// Refuses it, once that is recorded.
pub(crate) async fn not_allowed(
    record: OpenRecord<'_>,
    allow: Vec<Method>,
    request: RequestId,
) -> (Response, Facts) {
    let refusal = Refusal::MethodNotAllowed { allow };
    let (status, code) = (web::status(&refusal), refusal.code().as_str());
    let rule = web::detail(&refusal).to_owned();
    match record.refused(status, code, rule, false).await {
        Ok(()) => refused(&refusal, request),
        Err(_) => refused(&Refusal::AuditUnavailable, request),
    }
}
