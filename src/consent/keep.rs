//! "My permissions": what a customer let apps do, kept in their sight (specs/consent.md §6 B). One
//! file each for what is read of the store, what was given and decided, what is told of it, the
//! reminder, the withdrawal and the page that was read before it, the receipt, the pages, and the
//! JSON. What is told is one value: it is drawn as a page, or written as JSON.

mod api;
mod book;
mod decided;
mod ended;
mod given;
mod moment;
mod one;
mod page;
mod receipt;
mod remind;
mod seen;
mod told;
mod withdrawal;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crypto::{KeyEncryptionKey, Random};
use futures_util::future::BoxFuture;
use model::ports::{
    Accesses, Consents, CustomerAccounts, DeskFault, Look, Looked, Looker, Permissions,
    WithdrawalSaid,
};
use model::{BankId, DetailType, Fault, ProductId, Response};
use web::{Language, OwnPages, Pages};

pub(crate) use self::page::try_pages;
use crate::catalogue::Catalogue;
use crate::settings::DetailWords;

/// What the permissions of one bank's customers are told by.
#[derive(Debug)]
pub struct KeeperSettings {
    /// Which bank.
    pub bank: BankId,
    /// What data and purposes are called.
    pub catalogue: Arc<Catalogue>,
    /// What authorization details of each type (RFC 9396) are called.
    pub details: BTreeMap<DetailType, DetailWords>,
    /// What the bank's products are called, by their ids.
    pub products: BTreeMap<ProductId, String>,
    /// After how many days customers are asked if they still need what they gave.
    pub remind_days: u16,
    /// Opens what the desk kept, and seals what is kept of a withdrawal.
    pub kek: Arc<KeyEncryptionKey>,
    /// What the bank puts in the place of our pages' looks and words; [`crate::try_pages`] has
    /// nothing against it.
    pub own: Arc<OwnPages>,
}

/// Whom the keeper of permissions asks.
#[derive(Clone)]
pub struct KeeperPorts {
    /// The consents of the bank's customers; those that end by it are refused on the road at once.
    pub consents: Arc<dyn Consents>,
    /// What was read under them.
    pub accesses: Arc<dyn Accesses>,
    /// The bank, as the keeper of accounts.
    pub accounts: Arc<dyn CustomerAccounts>,
    /// Chance.
    pub random: Arc<dyn Random>,
}

impl fmt::Debug for KeeperPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeeperPorts")
    }
}

/// The permissions of one bank's customers.
pub struct Keeper {
    settings: KeeperSettings,
    ports: KeeperPorts,
    pages: Pages,
    text_version: [u8; 32],
}

impl Keeper {
    /// A keeper that goes by these settings. Fails when a text or template of ours cannot be read.
    pub fn new(settings: KeeperSettings, ports: KeeperPorts) -> Result<Self, Fault> {
        let pages = page::pages(&settings.own)?;
        let version = [settings.catalogue.version(), pages.text_version()].concat();
        Ok(Self {
            settings,
            ports,
            pages,
            text_version: crypto::sha256(&version),
        })
    }

    async fn looked(&self, looker: &Looker<'_>, look: Look<'_>) -> Result<Looked, DeskFault> {
        let view = page::View::of(self, looker, look)?;
        let response = match look {
            Look::List { search, page } => view.list(&self.list(looker, search, page).await?)?,
            Look::History { page } => view.history(&self.history(looker, page).await?)?,
            Look::One { id, after } => {
                let Some(consent) = self.own(looker, id).await? else {
                    return Ok(Looked::Unknown);
                };
                view.one(&self.one(looker, &consent, after).await?)?
            }
            Look::Withdrawal(id) => {
                let Some(consent) = self.own(looker, id).await? else {
                    return Ok(Looked::Unknown);
                };
                view.stop(&self.read(looker, &consent).await?)?
            }
            Look::Receipt(id) => match self.receipt(looker, id).await? {
                Some(response) => response,
                None => return Ok(Looked::Unknown),
            },
        };
        Ok(Looked::Answer(response))
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("bank", &self.settings.bank)
            .finish_non_exhaustive()
    }
}

impl Permissions for Keeper {
    fn show<'a>(
        &'a self,
        looker: Looker<'a>,
        look: Look<'a>,
    ) -> BoxFuture<'a, Result<Looked, DeskFault>> {
        Box::pin(async move { self.looked(&looker, look).await })
    }

    fn withdraw<'a>(
        &'a self,
        looker: Looker<'a>,
        id: &'a str,
        members: &'a [(String, String)],
    ) -> BoxFuture<'a, WithdrawalSaid> {
        Box::pin(async move {
            let mut posted = Vec::new();
            let said = self.withdrawn(&looker, id, members, &mut posted).await;
            (said, posted)
        })
    }
}

/// The language that a page is asked in.
fn language(looker: &Looker<'_>) -> Result<Language, Fault> {
    Language::ALL
        .into_iter()
        .find(|language| language.tag() == looker.language)
        .ok_or_else(|| Fault::new("showing a page in a language that it is not written in"))
}

/// An answer that nobody keeps: it tells of one customer.
fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, rule) in [
        (http::header::CACHE_CONTROL, "no-store"),
        (http::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (http::header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, http::HeaderValue::from_static(rule));
    }
    response
}

#[cfg(test)]
mod tests;
