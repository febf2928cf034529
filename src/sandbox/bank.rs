//! Bank "harbour": its read APIs, computed, behind the gateway, and what it answers its gateway
//! alone of its customers: who they are, what they hold, whether they confirm.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crypto::Random;
use http::Method;
use model::{Breach, Clock, Connection, Handler, Request, Response};

mod accounts;
mod asked;
mod assertion;
mod body;
mod branches;
mod catalogue;
mod customers;
mod decimal;
mod fx;
mod in_house;
mod paging;
mod query;
mod refused;
mod routes;
mod seed;

use asked::Asked;
use assertion::{Assertions, Callers};
pub use customers::{CUSTOMERS, Message, PASSWORD};
use customers::{Confirmations, Customers};
pub(crate) use customers::{Holder, Holding, PEOPLE, Person, State, Words};
use in_house::InHouse;
use refused::Refused;
use routes::{Answer, OPERATIONS};
use seed::Seed;

/// The model bank: answers as the bank "harbour" behind the gateway.
///
/// Same seed, same date and same query give the same bytes. Operations of class `partner` are
/// answered only with the gateway's identity assertion (header `x-mortise-identity`), those of
/// class `customer` only for the customer whom it names (claim `customer`: the bank's own id);
/// those of class `open` need none, and neither does what is asked for the gateway alone, on no
/// partner's behalf: customers' log-in, their accounts to choose from, their one-time codes. It is
/// not in the API files. Every refusal is a problem document (RFC 9457).
pub struct ModelBank {
    seed: Seed,
    clock: Arc<dyn Clock>,
    assertions: Assertions,
    customers: Customers,
    confirmations: Confirmations,
    gateway: Option<[u8; 32]>,
    calls: AtomicU64,
    calls_by_operation: [AtomicU64; OPERATIONS.len()],
}

impl ModelBank {
    /// A bank whose data follow from `seed` and whose dates follow from `clock`, in the bank's
    /// zone (UTC+8). `callers` gives the present issuers of the gateway's identity assertions, each
    /// `iss` with its keys; `audience` is the `aud` that assertions must carry. One-time codes are
    /// drawn from `random`, for nothing may tell them before.
    pub fn new(
        seed: u64,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        callers: Callers,
        audience: String,
    ) -> Self {
        Self {
            seed: Seed::new(seed),
            clock,
            assertions: Assertions::new(callers, audience),
            customers: Customers::new(),
            confirmations: Confirmations::new(random),
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

    /// The messages with one-time codes that are good at the moment: for whoever sits before the
    /// sandbox. The bank answers none of them to anyone.
    pub fn messages(&self) -> Vec<Message> {
        self.confirmations.messages(self.clock.now())
    }

    async fn answer(&self, connection: &Connection, request: Request) -> Result<Response, Refused> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let shown = connection.chain.as_ref().map(|chain| chain.leaf_thumbprint);
        if self.gateway.is_some() && self.gateway != shown {
            return Err(Refused::NotTheGateway);
        }
        if let Some(asked) = in_house::find(request.uri().path()) {
            return self.answer_in_house(asked, request).await;
        }
        let (parts, sent) = request.into_parts();
        let (index, argument) = routes::find(parts.uri.path()).ok_or(Refused::NoRoute)?;
        let operation = &OPERATIONS[index];
        self.calls_by_operation[index].fetch_add(1, Ordering::Relaxed);
        takes(operation.method(), &parts.method)?;
        let now = self.clock.now();
        let asked = Asked {
            seed: self.seed,
            today: seed::date_at_the_bank(now),
            path: parts.uri.path(),
            argument,
            query: parts.uri.query(),
            shared: None,
        };
        let vouched = |scope| self.assertions.check(&parts.headers, scope, now);
        match operation.answer {
            Answer::Anyone(answer) => answer(&asked),
            Answer::Partner(scope, answer) => {
                vouched(scope)?;
                answer(&asked)
            }
            Answer::Customer(scope, answer) => {
                let vouched = vouched(scope)?;
                let shared = vouched.shared.as_deref();
                answer(&Asked { shared, ..asked }, vouched.customer()?)
            }
            Answer::CustomerBody(scope, answer) => {
                let person = vouched(scope)?.customer()?;
                let sent = body::whole(&parts.headers, sent).await?;
                answer(&asked, person, &sent)
            }
        }
    }

    async fn answer_in_house(&self, asked: InHouse, request: Request) -> Result<Response, Refused> {
        takes(Method::POST, request.method())?;
        let (parts, sent) = request.into_parts();
        let sent = body::whole(&parts.headers, sent).await?;
        let now = self.clock.now();
        match asked {
            InHouse::LogIn => self.customers.log_in(&sent, now),
            InHouse::Accounts => accounts::choice(self.seed, &sent),
            InHouse::Confirm => self.confirmations.begin(&sent, now),
            InHouse::Confirmed { id } => self.confirmations.check(&id, &sent, now),
        }
    }
}

fn takes(allow: Method, method: &Method) -> Result<(), Refused> {
    if *method == allow {
        Ok(())
    } else {
        Err(Refused::Method { allow })
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
