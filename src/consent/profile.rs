//! Profiles: how the law of a place wants consent to be asked, kept and ended
//! (specs/consent.md §2).

use model::ConsentState;
use serde_json::Value;

use crate::problem::{Problem, Problems, quoted};
use crate::site::{Mapping, Site};

/// The profiles that are built in, each its name and its text in YAML, the first for a bank that
/// names none.
pub const PROFILES: [(&str, &str); 2] = [
    (
        "cn-pipl",
        include_str!("../../config/consent/profiles/cn-pipl.yaml"),
    ),
    (
        "uk-obie",
        include_str!("../../config/consent/profiles/uk-obie.yaml"),
    ),
];

/// The longest life of a consent, in days: a year.
const LIFETIME_DAYS_MAX: u16 = 366;
/// The most calls a day without the customer that a profile may allow.
const UNATTENDED_MAX: u32 = 10_000;
/// The longest status name, in bytes.
const STATUS_BYTES_MAX: usize = 64;

/// What is decided on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeparateConsent {
    /// Sensitive data: a choice of its own, unticked (PIPL Art. 29).
    Sensitive,
    /// Nothing: one decision for all.
    None,
}

/// Where the customer reads what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewPage {
    /// On a page of its own, before the second factor.
    OwnStep,
    /// On the page of the second factor: no step more than the bank's own channel has.
    WithFactor,
}

/// The rules of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRules {
    /// What is decided on by itself.
    pub separate_consent: SeparateConsent,
    /// Where the customer reads what is asked.
    pub review_page: ReviewPage,
    /// Whether the page must tell how to reach whoever receives the data (PIPL Art. 23).
    pub recipient_contact: bool,
    /// The longest life of a consent, in days.
    pub lifetime_max_days: u16,
    /// After how many days the customer confirms it anew; `None`: never while it lives.
    pub reauth_days: Option<u16>,
    /// How often a day data may be asked for while the customer is away.
    pub per_day_unattended: u32,
    /// After how many days the customer is reminded of it, again and again.
    pub remind_days: u16,
    /// By the order of the states.
    statuses: [String; ConsentState::ALL.len()],
}

impl ProfileRules {
    /// Reads a profile, all of whose keys must be written.
    ///
    /// Errors: everything that is wrong with it, each with its place.
    pub fn read(value: &Value) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::default();
        let rules = read(&Site::root(value), &mut problems);
        problems.or(rules)
    }

    /// What partners are told of a consent in this state.
    pub fn status(&self, state: ConsentState) -> &str {
        &self.statuses[state as usize]
    }
}

fn read(root: &Site<'_>, problems: &mut Problems) -> Option<ProfileRules> {
    let keys = [
        "separate_consent",
        "review_page",
        "recipient_contact",
        "lifetime",
        "reauthentication",
        "per_day_unattended",
        "reminder",
        "statuses",
    ];
    let mapping = root.mapping(&keys, problems)?;
    let separate_consent = word(
        &mapping,
        "separate_consent",
        &[
            ("sensitive", SeparateConsent::Sensitive),
            ("none", SeparateConsent::None),
        ],
        problems,
    );
    let review_page = word(
        &mapping,
        "review_page",
        &[
            ("own_step", ReviewPage::OwnStep),
            ("with_second_factor", ReviewPage::WithFactor),
        ],
        problems,
    );
    let contacts = [("required", true), ("optional", false)];
    let recipient_contact = word(&mapping, "recipient_contact", &contacts, problems);
    let per_day_unattended = mapping
        .required("per_day_unattended", problems)
        .and_then(|site| site.count(UNATTENDED_MAX, problems));
    let times = times(&mapping, problems);
    let statuses = mapping
        .required("statuses", problems)
        .and_then(|site| statuses(&site, problems));
    let times = times?;
    Some(ProfileRules {
        separate_consent: separate_consent?,
        review_page: review_page?,
        recipient_contact: recipient_contact?,
        lifetime_max_days: times.lifetime,
        reauth_days: times.reauthentication,
        per_day_unattended: per_day_unattended?,
        remind_days: times.reminder,
        statuses: statuses?,
    })
}

fn word<T: Copy>(
    mapping: &Mapping<'_>,
    key: &str,
    words: &[(&str, T)],
    problems: &mut Problems,
) -> Option<T> {
    mapping.required(key, problems)?.word(words, problems)
}

/// The times of a profile, in days.
struct Times {
    lifetime: u16,
    reauthentication: Option<u16>,
    reminder: u16,
}

/// None of the times is beyond the end of the consent.
fn times(mapping: &Mapping<'_>, problems: &mut Problems) -> Option<Times> {
    let lifetime = mapping.required("lifetime", problems).and_then(|site| {
        let days = site.days(problems)?;
        within(&site, days, LIFETIME_DAYS_MAX, problems)
    });
    let end = lifetime.unwrap_or(LIFETIME_DAYS_MAX);
    let reauthentication = mapping
        .required("reauthentication", problems)
        .and_then(|site| {
            if site.is("none") {
                return Some(None);
            }
            let days = site.days(problems)?;
            within(&site, days, end, problems).map(Some)
        });
    let reminder = mapping.required("reminder", problems).and_then(|site| {
        let days = site.days(problems)?;
        within(&site, days, end, problems)
    });
    Some(Times {
        lifetime: lifetime?,
        reauthentication: reauthentication?,
        reminder: reminder?,
    })
}

fn within(site: &Site<'_>, days: u16, max: u16, problems: &mut Problems) -> Option<u16> {
    if days > max {
        let what = format!("too long: {days} days");
        problems.add(site.pointer(), what, format!("at most {max}: P{max}D"));
    }
    (days <= max).then_some(days)
}

/// A name for each state.
fn statuses(site: &Site<'_>, problems: &mut Problems) -> Option<[String; ConsentState::ALL.len()]> {
    let mapping = site.mapping(&ConsentState::ALL.map(ConsentState::as_str), problems)?;
    let mut named = Vec::new();
    for state in ConsentState::ALL {
        let site = mapping.required(state.as_str(), problems);
        if let Some(name) = site.and_then(|site| status(&site, problems)) {
            told_apart(&mapping, &named, state, &name, problems);
            named.push((state, name));
        }
    }
    let names: Vec<String> = named.into_iter().map(|(_, name)| name).collect();
    names.try_into().ok()
}

fn status(site: &Site<'_>, problems: &mut Problems) -> Option<String> {
    let name = site.text(problems)?;
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_status = (1..=STATUS_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_sign);
    if !is_status {
        problems.add(
            site.pointer(),
            format!("no status: {}", quoted(name)),
            format!("1 to {STATUS_BYTES_MAX} characters of A-Z, a-z, 0-9 and '_'"),
        );
    }
    is_status.then(|| name.to_owned())
}

/// No name is shared by states before a decision, the one that lives, and those at the end: a
/// partner would take a dead consent for a live one, or wait for ever.
fn told_apart(
    mapping: &Mapping<'_>,
    named: &[(ConsentState, String)],
    state: ConsentState,
    name: &str,
    problems: &mut Problems,
) {
    let is_apart = |other: ConsentState| {
        other.is_end() != state.is_end() || other.is_undecided() != state.is_undecided()
    };
    let other = named
        .iter()
        .find(|(other, its)| its == name && is_apart(*other));
    if let Some((other, _)) = other {
        problems.add(
            format!("{}/{}", mapping.pointer(), state.as_str()),
            format!("the status of `{}` too: {}", other.as_str(), quoted(name)),
            "what is asked for, what lives and what has ended must be told apart",
        );
    }
}

#[cfg(test)]
mod tests;
