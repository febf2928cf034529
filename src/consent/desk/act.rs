//! What a customer's form leads to: the one place that says which page follows which.

use std::time::Duration;

use jiff::Timestamp;
use model::ports::{Answer, Changed, DeskEnding, DeskFault, DeskStep, OwnAccount};
use model::{ClusterId, EXTENSIONS_MAX, Edge, GrantAction};

use super::course::Course;
use super::{Case, MEMBERS_MAX, Stepped, Visit, end};
use crate::asked::Wish;
use crate::catalogue::{Accounts, Cluster};
use crate::draft::{Chooser, ChosenAccount, Draft, Stage};
use crate::page::Wrong;
use crate::profile::SeparateConsent;

/// How much time a customer takes at once.
const MORE_TIME: Duration = Duration::from_mins(15);
/// The most accounts of one consent.
const CHOSEN_MAX: usize = 50;

/// What a button says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Allow,
    Refuse,
    /// Refuse, and withdraw what was given before.
    Stop,
    Extend,
    /// Another code, in the place of the one that was sent.
    Resend,
}

/// What a form says.
#[derive(Debug)]
pub(super) struct Said<'a> {
    pub(super) act: Act,
    /// Whether the separate consent is ticked.
    pub(super) is_separate: bool,
    /// The accounts, by the bank's ids.
    pub(super) accounts: Vec<&'a str>,
    pub(super) code: Option<&'a str>,
}

impl<'a> Said<'a> {
    /// Reads a form. Errors: it has a member that no page of ours has, one that stands twice, or no
    /// answer.
    pub(super) fn read(members: &'a [(String, String)]) -> Result<Self, DeskFault> {
        if members.len() > MEMBERS_MAX {
            return Err(DeskFault::Form("the form has too many members"));
        }
        let (mut act, mut separate, mut code) = (None, None, None);
        let mut accounts = Vec::new();
        for (name, value) in members {
            let value = value.as_str();
            let former = match name.as_str() {
                "act" => act.replace(value),
                "separate" => separate.replace(value),
                "code" => code.replace(value),
                "account" => {
                    accounts.push(value);
                    None
                }
                _ => return Err(DeskFault::Form("the form has an unknown member")),
            };
            if former.is_some() {
                return Err(DeskFault::Form("a member of the form stands twice"));
            }
        }
        let act = match act {
            Some("allow") => Act::Allow,
            Some("refuse") => Act::Refuse,
            Some("stop") => Act::Stop,
            Some("extend") => Act::Extend,
            Some("resend") => Act::Resend,
            _ => {
                return Err(DeskFault::Form(
                    "the form says neither to allow nor to refuse",
                ));
            }
        };
        let is_separate = match separate {
            None => false,
            Some("yes") => true,
            Some(_) => return Err(DeskFault::Form("a box of the form says neither yes nor no")),
        };
        Ok(Self {
            act,
            is_separate,
            accounts,
            code,
        })
    }
}

impl Said<'_> {
    /// That the customer allows, and the box where the page has one, as evidence has them.
    pub(super) fn answers(&self, has_box: bool) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let separate = (has_box && self.is_separate).then(|| pair("separate", "yes"));
        separate.into_iter().chain([pair("act", "allow")]).collect()
    }
}

impl Visit<'_> {
    pub(super) async fn act(&mut self, answer: Answer<'_>) -> Stepped {
        let mut wish = match self.wish() {
            Ok(wish) => wish,
            Err(over) => return Ok(DeskStep::Over(over)),
        };
        let said = Said::read(answer.members)?;
        if self.is_plain(&wish) {
            return self.act_plain(&wish, answer, &said).await;
        }
        let mut case = match self.seated(&mut wish).await? {
            Ok(case) => case,
            Err(over) => return Ok(DeskStep::Over(over)),
        };
        if !case
            .draft
            .is_answered_by(answer.beside, case.consent.version)
        {
            return Ok(DeskStep::Again);
        }
        let stage = case.draft.stage;
        match said.act {
            Act::Refuse => {
                note(&mut case.draft, answer.members);
                self.refused(&case, &wish, DeskEnding::Refused)
            }
            Act::Stop => self.stop(case, &wish, answer.members).await,
            Act::Extend => self.extend(&case, &wish).await,
            Act::Resend if stage == Stage::Confirm => self.resend(case, &wish).await,
            Act::Resend => Err(DeskFault::Form("no code was sent yet")),
            Act::Allow if stage == Stage::Confirm => self.confirm(case, &wish, &said).await,
            Act::Allow => self.allow(case, &wish, answer, &said).await,
        }
    }

    /// The customer allows what a page before the second factor says.
    async fn allow(
        &mut self,
        mut case: Case,
        wish: &Wish<'_>,
        answer: Answer<'_>,
        said: &Said<'_>,
    ) -> Stepped {
        let stage = case.draft.stage;
        let (mut chosen, mut wrong) = (case.draft.accounts.clone(), Vec::new());
        let is_apart = !self.apart(&case.course, wish).is_empty();
        if stage == Stage::Review && is_apart && !said.is_separate {
            wrong.push(Wrong::NotSeparate);
        }
        if is_choice(&case.draft) {
            let listed = self.accounts(wish).await?;
            match choose(wish.accounts, &listed, &said.accounts)? {
                Ok(accounts) => chosen = accounts,
                Err(problem) => wrong.push(problem),
            }
        }
        if !wrong.is_empty() {
            return self.present(case, wish, Some(said), &wrong).await;
        }
        let is_chosen_now = is_choice(&case.draft);
        note(&mut case.draft, answer.members);
        case.draft.accounts = chosen;
        let next = self.next(&case, wish);
        // What was chosen on an earlier page is looked for once more before anything comes of it.
        let is_last = matches!(next, Some(Stage::Confirm) | None);
        if is_last && !is_chosen_now && self.loses(&mut case, wish).await? {
            return self.choose_again(case, wish).await;
        }
        match next {
            Some(Stage::Confirm) => self.begin(case, wish).await,
            Some(stage) => {
                case.draft.stage = stage;
                case.draft.turn.clear();
                self.keep(&mut case, DeskStep::Again).await
            }
            None => self.agreed(&case, wish, None),
        }
    }

    /// The page after this one; `None`: there is nothing left to ask.
    fn next(&self, case: &Case, wish: &Wish<'_>) -> Option<Stage> {
        let draft = &case.draft;
        // The page of a renewal has the values, and so has the one page.
        let has_values = case.is_renewal() || self.is_on_one_page(wish);
        let pages = [
            (Stage::Accounts, draft.chooser == Chooser::Apart),
            (Stage::Values, wish.has_values() && !has_values),
            (Stage::Confirm, wish.second_factor),
        ];
        let mut later = pages.into_iter().filter(|(stage, _)| *stage > draft.stage);
        later
            .find(|(_, is_asked)| *is_asked)
            .map(|(stage, _)| stage)
    }

    /// The customer takes more time, twice at most.
    async fn extend(&mut self, case: &Case, wish: &Wish<'_>) -> Stepped {
        let consent = &case.consent;
        if consent.extended >= EXTENSIONS_MAX || case.is_renewal() {
            return Ok(DeskStep::Again);
        }
        let until = consent.decide_until.checked_add(MORE_TIME);
        let mut change = end::change(consent, Edge::Extend);
        change.decide_until = Some(until.unwrap_or(Timestamp::MAX));
        self.take(case, wish, GrantAction::ConsentExtend, change)
            .await
    }

    /// Takes an edge by which the customer stays at the desk.
    pub(super) async fn take(
        &mut self,
        case: &Case,
        wish: &Wish<'_>,
        action: GrantAction,
        change: model::ports::Change,
    ) -> Stepped {
        let (desk, now) = (self.desk, self.seat.asked.now);
        let (id, from) = (&case.consent.id, change.from);
        let to = end::after(from, change.edge)?;
        let mut event = (self.seat.event)(action, Some(id.grant()));
        event.consent = Some(self.part(Some(from), to, wish, case.draft.accounts.len()));
        let consents = desk.ports.consents.as_ref();
        let changed = consents.change(&desk.settings.bank, id, change, now, event);
        if let Changed::Done(posted) = changed.await? {
            self.posted.push(posted);
        }
        // If another tab was faster, or the time is over, that is shown next.
        Ok(DeskStep::Again)
    }

    /// The data that the customer decides on apart: what is sensitive, where the profile wants that
    /// (PIPL Art. 29); of an amendment what is new, and of a renewal nothing, as nothing is.
    pub(super) fn apart<'w>(&self, course: &Course, wish: &Wish<'w>) -> Vec<&'w ClusterId> {
        let is_separated =
            self.desk.settings.profile.separate_consent == SeparateConsent::Sensitive;
        let is_apart = |id: &ClusterId, cluster: &Cluster| match course {
            Course::Give => is_separated && cluster.sensitive,
            Course::Renew(_) => false,
            Course::Amend(former) => !former.terms.clusters.contains(id),
        };
        let clusters = wish.clusters.iter();
        clusters
            .filter(|(id, cluster)| is_apart(id, cluster))
            .map(|(id, _)| *id)
            .collect()
    }
}

/// The accounts that a form chooses from those listed; or what is wrong about that. Errors: it
/// chooses as no page of ours does.
fn choose(
    accounts: Accounts,
    listed: &[OwnAccount],
    wanted: &[&str],
) -> Result<Result<Vec<ChosenAccount>, Wrong>, DeskFault> {
    let mut ids = wanted.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != wanted.len() || (accounts == Accounts::One && wanted.len() > 1) {
        return Err(DeskFault::Form("the form chooses accounts as no page does"));
    }
    if wanted.is_empty() {
        return Ok(Err(Wrong::NoAccount));
    }
    if wanted.len() > CHOSEN_MAX {
        return Ok(Err(Wrong::TooManyAccounts));
    }
    let is_free = |account: &&OwnAccount| account.unavailable.is_none();
    let is_wanted = |account: &&OwnAccount| wanted.contains(&account.id.as_str());
    let chosen: Vec<ChosenAccount> = listed
        .iter()
        .filter(is_free)
        .filter(is_wanted)
        .map(ChosenAccount::of)
        .collect();
    if chosen.len() != wanted.len() {
        // One was there when the page was made, and cannot be chosen any more.
        return Ok(Err(Wrong::AccountGone));
    }
    Ok(Ok(chosen))
}

/// Notes what a form said about what its page asked; never a code.
pub(super) fn note(draft: &mut Draft, members: &[(String, String)]) {
    let (stage, is_choice) = (draft.stage, is_choice(draft));
    let is_asked = |name: &str| match name {
        "act" => true,
        "separate" => matches!(stage, Stage::Review | Stage::Confirm),
        "account" => is_choice,
        _ => false,
    };
    let members = members.iter().filter(|(name, _)| is_asked(name));
    draft.said.extend(members.cloned());
}

/// Whether the page that is shown has accounts to choose.
fn is_choice(draft: &Draft) -> bool {
    match draft.stage {
        Stage::Review => draft.chooser == Chooser::OnReview,
        Stage::Accounts => true,
        Stage::Values | Stage::Confirm => false,
    }
}
