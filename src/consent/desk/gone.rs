//! Accounts that were chosen and cannot be shared any more: frozen, closed or made joint since.

use std::collections::BTreeSet;

use model::ports::{DeskFault, OwnAccount};

use super::{Case, Stepped, Visit};
use crate::asked::Wish;
use crate::draft::{Chooser, ChosenAccount, Stage};
use crate::page::Wrong;

impl Visit<'_> {
    /// Takes the accounts out of the draft that cannot be shared any more, by the bank's word of
    /// now; whether there was one.
    pub(super) async fn loses(&self, case: &mut Case, wish: &Wish<'_>) -> Result<bool, DeskFault> {
        if case.draft.accounts.is_empty() {
            return Ok(false);
        }
        let listed = self.accounts(wish).await?;
        let free = |account: &&OwnAccount| account.unavailable.is_none();
        let free: BTreeSet<&str> = listed
            .iter()
            .filter(free)
            .map(|one| one.id.as_str())
            .collect();
        let chosen = case.draft.accounts.len();
        let is_free = |account: &ChosenAccount| free.contains(account.id.as_str());
        case.draft.accounts.retain(is_free);
        Ok(case.draft.accounts.len() < chosen)
    }

    /// Back to where accounts are chosen, or where a renewal names them, with what is wrong: a code
    /// that was sent is of use no more, for it is over an account that is gone.
    pub(super) async fn choose_again(&mut self, mut case: Case, wish: &Wish<'_>) -> Stepped {
        if let Some(proof) = &mut case.draft.proof {
            proof.is_live = false;
        }
        let is_renewal = case.is_renewal();
        let (stage, wrong) = match case.draft.chooser {
            _ if is_renewal => (Stage::Review, Wrong::AccountLeft),
            Chooser::Apart => (Stage::Accounts, Wrong::AccountGone),
            Chooser::OnReview | Chooser::Nowhere => (Stage::Review, Wrong::AccountGone),
        };
        case.draft.stage = stage;
        if !is_renewal {
            case.draft.accounts.clear();
        }
        self.present(case, wish, None, &[wrong]).await
    }
}
