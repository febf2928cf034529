//! An authorization detail (RFC 9396), as lines that a customer reads and as values that a request
//! is held to: every member, none of them cut (RA-03).

use std::collections::HashSet;

use model::{BoundTo, BoundValue, Decimal, DetailType, Resource};
use serde_json::{Map, Value};
use web::Language;

/// The member that bears the account which the customer chose.
pub(crate) const ACCOUNT: &str = model::ports::CHOSEN_ACCOUNT;
/// The most lines of one detail, and the most characters of one.
const LINES_MAX: usize = 50;
const LINE_CHARS_MAX: usize = 500;
/// How deep members of members go.
const DEPTH_MAX: usize = 8;
/// What joins the names of members of members.
const JOINT: &str = " \u{b7} ";

/// One authorization detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Detail {
    /// Its type.
    pub(crate) kind: DetailType,
    /// Whether a scope that is asked for binds it.
    pub(crate) is_bound: bool,
    /// Its members but for the type, those of members each by itself.
    pub(crate) members: Vec<Member>,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// The names on the way to it, the outermost first.
    pub(crate) path: Vec<String>,
    /// What it says.
    pub(crate) told: Told,
}

/// What a member says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// Money.
    Money {
        /// How much.
        amount: Decimal,
        /// Of which currency (ISO 4217).
        currency: [u8; 3],
    },
    /// Anything else.
    Text(String),
}

impl Detail {
    /// Reads a detail; `None` of one that has no type, or that cannot be shown whole.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        let kind = DetailType::parse(members.get("type")?.as_str()?).ok()?;
        let mut lines = Lines::default();
        for (name, value) in members.iter().filter(|(name, _)| *name != "type") {
            lines.put(&[], name, value)?;
        }
        Some(Self {
            kind,
            is_bound: false,
            members: lines.members,
        })
    }

    /// Whether it has this member.
    pub(crate) fn has(&self, name: &str) -> bool {
        let is_it = |member: &Member| member.path.first().is_some_and(|first| first == name);
        self.members.iter().any(is_it)
    }

    /// What a request is held to, the account that was chosen among it.
    pub(crate) fn bound(&self, account: Option<&Resource>) -> Vec<BoundValue> {
        let of = |member: String, value: BoundTo| BoundValue {
            detail: self.kind.clone(),
            member,
            value,
        };
        let chosen = account.map(|account| {
            let value = BoundTo::Account(account.clone());
            of(ACCOUNT.to_owned(), value)
        });
        let own = self.members.iter().map(|member| {
            let value = match &member.told {
                Told::Money { amount, currency } => BoundTo::Money {
                    amount: amount.canonical(),
                    currency: *currency,
                },
                Told::Text(text) => BoundTo::Text(text.clone()),
            };
            of(member.path.join("."), value)
        });
        own.chain(chosen).collect()
    }
}

impl Member {
    /// The amount that it says, if it says one, as it is read.
    pub(crate) fn amount(&self, language: Language) -> Option<String> {
        match &self.told {
            Told::Money { amount, currency } => {
                let code = std::str::from_utf8(currency).ok()?;
                Some(web::money(amount, code, language))
            }
            Told::Text(_) => None,
        }
    }
}

#[derive(Default)]
struct Lines {
    members: Vec<Member>,
    called: HashSet<String>,
}

impl Lines {
    fn put(&mut self, of: &[String], name: &str, value: &Value) -> Option<()> {
        if of.len() >= DEPTH_MAX || !is_one_name(name) {
            return None;
        }
        let path: Vec<String> = of.iter().cloned().chain([name.to_owned()]).collect();
        if let Some(told) = value.as_object().and_then(money) {
            return self.push(path, told);
        }
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (name, value) in members {
                    self.put(&path, name, value)?;
                }
                Some(())
            }
            Value::Array(items) if !items.is_empty() => {
                for (at, value) in items.iter().enumerate() {
                    self.put(&path, &(at + 1).to_string(), value)?;
                }
                Some(())
            }
            Value::String(text) => self.push(path, Told::Text(text.clone())),
            other => self.push(path, Told::Text(other.to_string())),
        }
    }

    fn push(&mut self, path: Vec<String>, told: Told) -> Option<()> {
        let called = path.join(JOINT);
        let chars = match &told {
            Told::Text(text) if !is_whole(text) => return None,
            Told::Text(text) => text.chars().count(),
            Told::Money { .. } => 0,
        };
        let is_short = called.chars().count() + chars <= LINE_CHARS_MAX;
        if !is_short || self.members.len() >= LINES_MAX || !self.called.insert(called) {
            return None;
        }
        self.members.push(Member { path, told });
        Some(())
    }
}

/// An amount with its currency, and nothing else. An amount below zero is no money that moves.
fn money(members: &Map<String, Value>) -> Option<Told> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let amount = text("amount").or_else(|| text("value"))?;
    let currency: [u8; 3] = text("currency")?.as_bytes().try_into().ok()?;
    let is_code = currency.iter().all(u8::is_ascii_uppercase);
    let amount = Decimal::parse(amount)
        .ok()
        .filter(|_| !amount.starts_with('-'))?;
    (is_code && members.len() == 2).then_some(Told::Money { amount, currency })
}

/// Whether a text is seen as it is: blanks stand only between words and one at a time, and no sign
/// is there that is not seen or turns the writing (Unicode TR 36).
fn is_whole(text: &str) -> bool {
    let has_no_gap = text
        .split(char::is_whitespace)
        .all(|word| !word.is_empty() || text.is_empty());
    has_no_gap && is_honest(text)
}

/// Whether a member's own name reads as one, and not as one of another, or a sentence.
fn is_one_name(name: &str) -> bool {
    let is_of_names =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '@' | '#');
    !name.is_empty() && is_honest(name) && name.chars().all(is_of_names)
}

/// Whether a page shows every sign of a text as it is.
fn is_honest(text: &str) -> bool {
    web::text::line(text).is_ok_and(|shown| shown == text)
}
