//! Bank "harbour": three read APIs, computed, behind the gateway, and its customers' log-in.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use model::{Breach, Clock, Connection, Handler, Request, Response};

mod asked;
mod assertion;
mod branches;
mod catalogue;
mod customers;
mod decimal;
mod fx;
mod paging;
mod query;
mod refused;
mod routes;
mod seed;

use asked::Asked;
use assertion::{Assertions, Callers};
use customers::Customers;
pub use customers::{CUSTOMERS, PASSWORD};
use refused::Refused;
use routes::OPERATIONS;
use seed::Seed;

/// The model bank: answers as the bank "harbour" behind the gateway.
///
/// Same seed, same date and same query give the same bytes. Operations of class `partner` are
/// answered only with the gateway's identity assertion (header `x-mortise-identity`); those of
/// class `open` need none, and neither does the log-in of its customers, for which no partner calls
/// and which is for the gateway alone: it is not in the API files. Every refusal is a problem
/// document (RFC 9457).
pub struct ModelBank {
    seed: Seed,
    clock: Arc<dyn Clock>,
    assertions: Assertions,
    customers: Customers,
    gateway: Option<[u8; 32]>,
    calls: AtomicU64,
    calls_by_operation: [AtomicU64; OPERATIONS.len()],
}

impl ModelBank {
    /// A bank whose data follow from `seed` and whose dates follow from `clock`, in the bank's
    /// zone (UTC+8). `callers` gives the present issuers of the gateway's identity assertions, each
    /// `iss` with its keys; `audience` is the `aud` that assertions must carry.
    pub fn new(seed: u64, clock: Arc<dyn Clock>, callers: Callers, audience: String) -> Self {
        Self {
            seed: Seed::new(seed),
            clock,
            assertions: Assertions::new(callers, audience),
            customers: Customers::new(),
            gateway: None,
            calls: AtomicU64::new(0),
            calls_by_operation: [const { AtomicU64::new(0) }; OPERATIONS.len()],
        }
    }

    /// Answers only connections whose client certificate is this one (SHA-256 over its DER): the
    /// gateway's. The listener proves possession only; this says whose.
    #[must_use]
    pub fn pinned_to(mut self, gateway_certificate: [u8; 32]) -> Self {
        self.gateway = Some(gateway_certificate);
        self
    }

    /// How many requests came, the refused and the unroutable ones too.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many requests came for the operation with this `operationId`, the refused ones too.
    pub fn calls_of(&self, operation_id: &str) -> u64 {
        OPERATIONS
            .iter()
            .zip(&self.calls_by_operation)
            .filter(|(operation, _)| operation.id == operation_id)
            .map(|(_, calls)| calls.load(Ordering::Relaxed))
            .sum()
    }

    async fn answer(&self, connection: &Connection, request: Request) -> Result<Response, Refused> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let shown = connection.chain.as_ref().map(|chain| chain.leaf_thumbprint);
        if self.gateway.is_some() && self.gateway != shown {
            return Err(Refused::NotTheGateway);
        }
        let now = self.clock.now();
        if request.uri().path() == customers::PATH {
            return self.customers.log_in(request, now).await;
        }
        let (index, argument) = routes::find(request.uri().path()).ok_or(Refused::NoRoute)?;
        let operation = &OPERATIONS[index];
        self.calls_by_operation[index].fetch_add(1, Ordering::Relaxed);
        if request.method() != http::Method::GET {
            return Err(Refused::Method { allow: "GET" });
        }
        if let Some(scope) = operation.scope {
            self.assertions.check(request.headers(), scope, now)?;
        }
        (operation.answer)(&Asked {
            seed: self.seed,
            today: seed::date_at_the_bank(now),
            path: request.uri().path(),
            argument,
            query: request.uri().query(),
        })
    }
}

impl fmt::Debug for ModelBank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelBank")
            .field("seed", &self.seed)
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}

impl Handler for ModelBank {
    fn handle(&self, connection: Arc<Connection>, request: Request) -> BoxFuture<'_, Response> {
        async move {
            let answer = self.answer(&connection, request).await;
            answer.unwrap_or_else(Refused::into_response)
        }
        .boxed()
    }

    fn refuse(&self, _: &Connection, _: &http::request::Parts, breach: Breach) -> Response {
        Refused::Malformed(breach).into_response()
    }
}

#[cfg(test)]
mod tests;
