//! `mortise prove`: what guards each operation.

mod table;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use config::Mode;
use gateway::{Answer, Goal, Granted, Guard, Operation, Rate};
use model::{Clock, SystemClock};

use crate::cli::config_file::ConfigFile;
use crate::cli::serve::runtime;
use crate::cli::{check, environment, say};
use crate::environment::Environment;

/// What the exit code says.
pub(crate) const EXIT_CODES: &str = "Exit codes: 0 no operation whose class demands a known \
     caller lets an attack in · 1 one does, or the file has mistakes · 2 wrong usage, or no file to \
     judge · 3 it could not be done";

/// Prove what guards each operation.
#[derive(Debug, Args)]
pub(crate) struct Prove {
    #[command(flatten)]
    config: ConfigFile,
    /// Prove it as the sandbox would run it, which takes the sandbox's certificates.
    #[arg(long)]
    sandbox: bool,
    /// Print the proof as JSON.
    #[arg(long)]
    json: bool,
}

impl Prove {
    /// Loads and compiles the file as `serve` would, opens nothing, and prints the proof.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let now = clock.now();
        let mode = if self.sandbox {
            Mode::Sandbox
        } else {
            Mode::Serve
        };
        let house = match config::load(&self.config.path(), mode, &environment, now) {
            Ok(house) => house,
            Err(mistakes) => return Ok(check::refuse(&mistakes, self.json)),
        };
        let env = Environment::system(clock);
        let operations = runtime()?.block_on(crate::prove::prove(&house, &env, now))?;
        if self.json {
            say(&format!("{}\n", report(&operations)));
        } else {
            let stdout = std::io::stdout();
            let width = rustix::termios::tcgetwinsize(&stdout);
            let width = width.map_or(0, |size| usize::from(size.ws_col));
            let width = if width == 0 { 100 } else { width };
            say(&table::render(&operations, stdout.is_terminal(), width));
        }
        let is_good = counts(&operations).unguarded == 0;
        Ok(ExitCode::from(u8::from(!is_good)))
    }
}

/// How many operations are what.
struct Counts {
    open: usize,
    guarded: usize,
    unguarded: usize,
    /// Of all, those that not even the honest call gets in to.
    shut: usize,
}

fn counts(operations: &[Operation]) -> Counts {
    let count = |is: &dyn Fn(&Operation) -> bool| {
        operations.iter().filter(|operation| is(operation)).count()
    };
    let is_open = |o: &Operation| o.object.class == model::ProtectionClass::Open;
    let is_sound = |o: &Operation| o.unguarded().next().is_none();
    Counts {
        open: count(&|o| is_open(o) && is_sound(o)),
        guarded: count(&|o| !is_open(o) && is_sound(o)),
        unguarded: count(&|o| !is_sound(o)),
        shut: count(&Operation::is_shut),
    }
}

/// The proof as JSON, in one stable shape:
///
/// ```text
/// operations[]: bank, product, operation, class, listener, method, path, upstream
///               guards[]: check, and its settings
///               evidence: "before_the_answer" | "queued"
///               caller: partner | null, honest: ANSWER
///               attacks: { NAME: ANSWER } (on a log-in: where one is demanded)
///               unguarded: [NAME]
/// ANSWER:       { in: true } | { in: false, status, code } | { in: false, connection: false }
/// count:        operations, open, guarded, unguarded, shut
/// ```
fn report(operations: &[Operation]) -> Value {
    let counts = counts(operations);
    json!({
        "operations": operations.iter().map(operation).collect::<Vec<_>>(),
        "count": {
            "operations": operations.len(),
            "open": counts.open,
            "guarded": counts.guarded,
            "unguarded": counts.unguarded,
            "shut": counts.shut,
        },
    })
}

fn operation(operation: &Operation) -> Value {
    let object = &operation.object;
    let attacks = operation.attacks.iter();
    let attacks: serde_json::Map<String, Value> = attacks
        .map(|(attack, answered)| (attack.as_str().to_owned(), answer(*answered)))
        .collect();
    let unguarded = operation.unguarded().map(gateway::Attack::as_str);
    json!({
        "bank": object.bank.as_str(),
        "product": object.product.as_str(),
        "operation": object.operation.as_str(),
        "class": object.class.as_str(),
        "listener": operation.listener.as_str(),
        "method": object.method.as_str(),
        "path": &*object.template,
        "upstream": match &operation.goal {
            Goal::Upstream(upstream) => Some(upstream.as_str()),
            Goal::Block(_) | Goal::Room(_) => None,
        },
        "block": match &operation.goal {
            Goal::Block(block) => Some(&**block),
            Goal::Upstream(_) | Goal::Room(_) => None,
        },
        "room": match operation.goal {
            Goal::Room(room) => Some(room),
            Goal::Upstream(_) | Goal::Block(_) => None,
        },
        "guards": operation.guards.iter().map(guard).collect::<Vec<_>>(),
        "evidence": if operation.waits_for_evidence { "before_the_answer" } else { "queued" },
        "caller": operation.caller.as_ref().map(model::PartnerId::as_str),
        "honest": answer(operation.honest),
        "attacks": attacks,
        "unguarded": unguarded.collect::<Vec<_>>(),
    })
}

fn answer(answer: Answer) -> Value {
    match answer {
        Answer::In => json!({ "in": true }),
        Answer::Refused { status, code } => json!({ "in": false, "status": status, "code": code }),
        Answer::NoConnection => json!({ "in": false, "connection": false }),
    }
}

fn guard(guard: &Guard) -> Value {
    match guard {
        Guard::Host { authority } => json!({ "check": "host", "authority": authority }),
        Guard::Address { rate, burst } => {
            json!({ "check": "address", "rate": spelt(*rate), "burst": burst })
        }
        Guard::Certificate {
            authorities,
            lists_until,
        } => json!({
            "check": "certificate",
            "authorities": authorities,
            "lists_believed_until": lists_until.map(|until| until.to_string()),
        }),
        Guard::Token { issuer, audience } => json!({
            "check": "token",
            "issuer": issuer,
            "audience": audience,
            "bound_to": ["certificate", "key"],
        }),
        Guard::Limit { granted } => {
            let limits = granted.iter().map(limit).collect::<Vec<_>>();
            json!({ "check": "limit", "plans": limits })
        }
        Guard::Agreement { granted } => {
            let agreements = granted.iter().map(agreement).collect::<Vec<_>>();
            json!({ "check": "agreement", "agreements": agreements })
        }
        Guard::Scope { scope } => json!({ "check": "scope", "scope": scope }),
        Guard::LogIn { demanded } => json!({
            "check": "log_in",
            "acr_values": demanded.acr_values,
            "max_age_s": demanded.max_age_s,
        }),
        Guard::Detail { detail } => json!({ "check": "details", "type": detail }),
        Guard::Consent { clusters } => json!({ "check": "consent", "clusters": clusters }),
    }
}

fn limit(granted: &Granted) -> Value {
    let plan = &granted.plan;
    json!({
        "partner": granted.partner.as_str(),
        "plan": plan.id.as_str(),
        "rate": spelt(plan.rate),
        "burst": plan.burst,
        "concurrent": plan.concurrent,
    })
}

fn agreement(granted: &Granted) -> Value {
    json!({
        "partner": granted.partner.as_str(),
        "from": granted.from.to_string(),
        "until": granted.until.to_string(),
        "in_force": granted.is_in_force,
    })
}

/// A rate as the file writes it.
fn spelt(rate: Rate) -> String {
    let unit = match rate.per.as_secs() {
        1 => "s".to_owned(),
        60 => "min".to_owned(),
        3_600 => "h".to_owned(),
        seconds => format!("{seconds}s"),
    };
    format!("{}/{unit}", rate.count)
}
