//! One line for each request, at every door. Never a path, a query or a header of the partner's.

use std::time::Duration;

use http::Method;

use model::{Connection, InteractionId, RequestId, Response};

/// Writes the line when the answer's head is ready.
pub(crate) fn line(
    connection: &Connection,
    method: &Method,
    request: RequestId,
    interaction: &InteractionId,
    response: &Response,
    duration: Duration,
) {
    tracing::info!(
        target: "access",
        {
            request.id = request.text().as_str(),
            interaction.id = interaction.as_str(),
            listener.id = connection.listener.as_str(),
            http.method = word(method),
            http.status = response.status().as_u16(),
            duration_ms = duration.as_secs_f64() * 1000.0,
        },
        "answered"
    );
}

/// A method as the log shows it: one that is registered for APIs, or `other`. A client may invent
/// a token as long as the head may be.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
