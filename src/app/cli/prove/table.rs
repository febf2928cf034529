//! The proof for people: by bank and product, operations that are guarded alike told together.

use std::fmt::Write as _;

use gateway::{Answer, Attack, Granted, Guard, Operation};
use jiff::{SignedDuration, Timestamp};

use crate::cli::check::counted;
use crate::cli::prove::{counts, spelt};

/// The narrowest terminal on which two answers stand in one line.
const TWO_COLUMNS: usize = 98;
/// How wide an answer's column is.
const COLUMN: usize = 48;

/// Writes marks that a terminal shows as colours, or leaves them out.
struct Paint(bool);

impl Paint {
    fn wrap(&self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn strong(&self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn alarm(&self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    fn good(&self, text: &str) -> String {
        self.wrap("32", text)
    }
}

/// The whole table, with a summary at its end.
pub(super) fn render(operations: &[Operation], is_terminal: bool, width: usize) -> String {
    let paint = Paint(is_terminal);
    let mut text = String::new();
    let mut left = operations;
    while let Some(first) = left.first() {
        let alike = left.iter().take_while(|next| is_like(first, next)).count();
        let (group, rest) = left.split_at(alike);
        write_group(&mut text, group, &paint, width);
        left = rest;
    }
    summary(&mut text, operations, &paint);
    text
}

/// Whether two operations of one product are guarded, and answer, alike.
fn is_like(a: &Operation, b: &Operation) -> bool {
    let place = |o: &Operation| (o.object.bank.clone(), o.object.product.clone());
    place(a) == place(b)
        && a.listener == b.listener
        && a.object.class == b.object.class
        && a.goal == b.goal
        && a.guards == b.guards
        && a.caller == b.caller
        && a.honest == b.honest
        && a.attacks == b.attacks
}

fn write_group(text: &mut String, group: &[Operation], paint: &Paint, width: usize) {
    let Some(first) = group.first() else {
        return;
    };
    let object = &first.object;
    let head = format!("{} / {}", object.bank, object.product);
    let _ = writeln!(
        text,
        "{}  class {}, listener {}, to {}",
        paint.strong(&head),
        paint.strong(object.class.as_str()),
        first.listener,
        first.goal
    );
    for operation in group {
        let object = &operation.object;
        let place = format!("{:<7}{}", object.method.as_str(), object.template);
        let _ = writeln!(
            text,
            "  {place:<46} {}",
            paint.dim(object.operation.as_str())
        );
    }
    let _ = writeln!(text, "  {}", paint.dim("checks, in this order"));
    for guard in &first.guards {
        let (name, setting) = told(guard);
        line(text, name, &setting, width);
    }
    let evidence = if first.waits_for_evidence {
        "durable before the answer's head"
    } else {
        "queued with the answer"
    };
    line(text, "evidence", evidence, width);
    let _ = writeln!(text, "  {}", paint.dim("answers"));
    answers(text, first, paint, width);
    text.push('\n');
}

/// A check's name, and its settings folded under each other where they are long.
fn line(text: &mut String, name: &str, setting: &str, width: usize) {
    let room = width.saturating_sub(18).max(20);
    let mut name = name;
    let mut row = String::new();
    for word in setting.split(' ') {
        if !row.is_empty() && row.chars().count() + 1 + word.chars().count() > room {
            let _ = writeln!(text, "    {name:<13} {row}");
            (name, row) = ("", String::new());
        }
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(word);
    }
    let _ = writeln!(text, "    {name:<13} {row}");
}

fn told(guard: &Guard) -> (&'static str, String) {
    match guard {
        Guard::Host { authority } => ("host", authority.clone()),
        Guard::Address { rate, burst } => {
            let text = format!("{} from one address, {burst} at once", spelt(*rate));
            ("address", text)
        }
        Guard::Certificate {
            authorities,
            lists_until,
        } => {
            let lists = match lists_until {
                Some(until) => format!("revocation lists believed until {}", minute(*until)),
                None => "revocation is not asked".to_owned(),
            };
            (
                "certificate",
                format!("of {}; {lists}", authorities.join(", ")),
            )
        }
        Guard::Token { issuer, audience } => {
            let bound = "bound to the certificate or to a proved key (DPoP)";
            let text = format!("of {issuer} for {audience}, {bound}");
            ("token", text)
        }
        Guard::Limit { granted } => ("limit", each(granted, limit)),
        Guard::Agreement { granted } => ("agreement", each(granted, agreement)),
        Guard::Scope { scope } => ("scope", scope.clone()),
        Guard::LogIn { demanded } => ("log-in", format!("of a customer, {demanded}")),
        Guard::Detail { detail } => ("details", detail.clone()),
        Guard::Consent { clusters } => ("consent", consent(clusters)),
    }
}

fn consent(clusters: &[String]) -> String {
    let of = match clusters {
        [] => String::new(),
        clusters => format!(" to {}", clusters.join(", ")),
    };
    format!("a customer's live one{of}; nothing else leaves")
}

fn each(granted: &[Granted], one: fn(&Granted) -> String) -> String {
    if granted.is_empty() {
        return "nobody has one".to_owned();
    }
    granted.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn limit(granted: &Granted) -> String {
    let plan = &granted.plan;
    format!(
        "{} by {}: {}, {} at once, {} open",
        granted.partner,
        plan.id,
        spelt(plan.rate),
        plan.burst,
        plan.concurrent
    )
}

fn agreement(granted: &Granted) -> String {
    let last = granted.until.saturating_sub(SignedDuration::from_secs(1));
    let last = last.unwrap_or(granted.until);
    let force = if granted.is_in_force {
        ""
    } else {
        " (not in force)"
    };
    format!(
        "{} from {} to {}{force}",
        granted.partner,
        day(granted.from),
        day(last)
    )
}

fn answers(text: &mut String, operation: &Operation, paint: &Paint, width: usize) {
    let honest = match &operation.caller {
        Some(caller) => format!("honest, by {caller}"),
        None => "honest".to_owned(),
    };
    let shown = match operation.honest {
        Answer::In => paint.good("in"),
        refused => paint.alarm(&word(refused)),
    };
    let _ = writeln!(text, "    {honest:<21} {shown}");
    let is_open = operation.object.class == model::ProtectionClass::Open;
    let cells = operation.attacks.iter().map(|(attack, answer)| {
        let name = title(*attack);
        let plain = match answer {
            Answer::In if is_open && attack.is_of_identity() => "in, by class open".to_owned(),
            answer => word(*answer),
        };
        let is_alarm = operation.unguarded().any(|unguarded| unguarded == *attack);
        let padding = COLUMN.saturating_sub(22 + plain.chars().count());
        let shown = if is_alarm { paint.alarm(&plain) } else { plain };
        (format!("{name:<21} {shown}"), padding)
    });
    let cells: Vec<(String, usize)> = cells.collect();
    let columns = if width >= TWO_COLUMNS { 2 } else { 1 };
    let rows = cells.len().div_ceil(columns);
    for row in 0..rows {
        let mut written = String::from("    ");
        let mut padding = 0;
        for column in 0..columns {
            if let Some((cell, pad)) = cells.get(column * rows + row) {
                written.push_str(&" ".repeat(padding));
                written.push_str(cell);
                padding = *pad;
            }
        }
        let _ = writeln!(text, "{written}");
    }
}

/// An attack in words.
fn title(attack: Attack) -> String {
    match attack {
        Attack::OtherPartnersToken => "another's token".to_owned(),
        attack => attack.as_str().replace('_', " "),
    }
}

fn word(answer: Answer) -> String {
    match answer {
        Answer::In => "in".to_owned(),
        Answer::Refused { status, code } => format!("{status} {code}"),
        Answer::NoConnection => "no TLS connection".to_owned(),
    }
}

fn summary(text: &mut String, operations: &[Operation], paint: &Paint) {
    let counts = counts(operations);
    let _ = write!(
        text,
        "{}: {} guarded, {} open, ",
        counted(operations.len(), "operation"),
        counts.guarded,
        counts.open
    );
    let unguarded = format!("{} unguarded", counts.unguarded);
    let _ = match counts.unguarded {
        0 => write!(text, "{unguarded}"),
        _ => write!(text, "{}", paint.alarm(&unguarded)),
    };
    if counts.shut > 0 {
        let _ = write!(text, "; {} shut to the honest call", counts.shut);
    }
    text.push('\n');
    for operation in operations {
        for attack in operation.unguarded() {
            let object = &operation.object;
            let told = format!(
                "unguarded: {} {} of {}/{} lets in: {}",
                object.method,
                object.template,
                object.bank,
                object.product,
                attack.as_str()
            );
            let _ = writeln!(text, "{}", paint.alarm(&told));
        }
    }
}

/// The day of an instant, in UTC.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// The minute of an instant, in UTC.
fn minute(at: Timestamp) -> String {
    let text: String = at.to_string().chars().take(16).collect();
    format!("{} UTC", text.replace('T', " "))
}
