//! A bank's consent desk: by what its file says, with the services of the bank that it asks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::Context as _;
use http::uri::PathAndQuery;

use authserver::Authorization;
use config::{BankPlan, ConsentPlan, DetailPlan, House};
use consent::{
    Both, Desk, DeskPorts, DeskSettings, DetailWords, Keeper, KeeperPorts, KeeperSettings,
    Resource, ResourcePorts,
};
use crypto::KeyEncryptionKey;
use identity::Ending;
use model::ports::{ClientRights, ConsentDesk, Permissions};
use model::{BankId, DetailType, UpstreamId};
use upstream::Upstream;

use super::{BankAccounts, BankFactor};
use crate::standing::Standing;

/// Opens where customers consent, and where they keep what they gave.
pub(super) fn keep(
    asking: &mut Authorization,
    plan: &BankPlan,
    (upstreams, ending): (&HashMap<UpstreamId, Arc<Upstream>>, &Arc<Ending>),
    standing: &Standing,
) -> anyhow::Result<()> {
    asking.desk = desk(plan, upstreams, ending, standing)?;
    asking.permissions = permissions(plan, upstreams, ending, standing)?;
    Ok(())
}

/// The desk of a bank; `None` of one whose customers consent to no data.
fn desk(
    plan: &BankPlan,
    upstreams: &HashMap<UpstreamId, Arc<Upstream>>,
    ending: &Arc<Ending>,
    standing: &Standing,
) -> anyhow::Result<Option<Arc<dyn ConsentDesk>>> {
    let Some(consent) = &plan.consent else {
        return Ok(None);
    };
    let clock = || Arc::clone(&standing.clock);
    let (upstream, path) = at(upstreams, &consent.accounts).context("accounts")?;
    let accounts = BankAccounts::new(upstream, path, clock());
    let (upstream, path) = at(upstreams, &consent.second_factor).context("second_factor")?;
    let factor = BankFactor::new(upstream, path, clock());
    let settings = settings(plan, consent);
    let ports = DeskPorts {
        consents: Arc::clone(ending) as _,
        accounts: Arc::new(accounts),
        factor: Arc::new(factor),
        random: Arc::clone(&standing.random),
    };
    let desk = Desk::new(settings, ports).context("opening the consent desk")?;
    Ok(Some(Arc::new(desk)))
}

/// The consent resource of a bank, for partners.
pub(super) fn resource(
    plan: &BankPlan,
    ending: &Arc<Ending>,
    rights: Arc<dyn ClientRights>,
    standing: &Standing,
) -> anyhow::Result<Resource> {
    let consent = plan.consent.as_ref();
    let consent = consent.context("a bank that asks no customer for consent")?;
    let ports = ResourcePorts {
        consents: Arc::clone(ending) as _,
        rights,
        log: Arc::clone(&standing.log),
        outbox: Arc::clone(&standing.state.outbox),
        random: Arc::clone(&standing.random),
    };
    Ok(Resource::new(settings(plan, consent), ports))
}

/// What desk and resource of a bank go by.
fn settings(plan: &BankPlan, consent: &ConsentPlan) -> DeskSettings {
    DeskSettings {
        bank: plan.id.clone(),
        catalogue: Arc::clone(&consent.catalogue),
        profile: consent.profile.clone(),
        purposes: consent.purposes.clone(),
        details: words(plan),
        kek: Arc::clone(&plan.issuer.kek),
        own: Arc::clone(&plan.pages),
    }
}

/// Where customers see and withdraw what they gave; `None` where they consent to no data.
fn permissions(
    plan: &BankPlan,
    upstreams: &HashMap<UpstreamId, Arc<Upstream>>,
    ending: &Arc<Ending>,
    standing: &Standing,
) -> anyhow::Result<Option<Arc<dyn Permissions>>> {
    let Some(consent) = &plan.consent else {
        return Ok(None);
    };
    let (upstream, path) = at(upstreams, &consent.accounts).context("accounts")?;
    let accounts = BankAccounts::new(upstream, path, Arc::clone(&standing.clock));
    let products = plan.products.iter();
    let products = products.map(|one| (one.id.clone(), one.description.title.clone()));
    let settings = KeeperSettings {
        products: products.collect(),
        remind_days: consent.profile.remind_days,
        bank: plan.id.clone(),
        catalogue: Arc::clone(&consent.catalogue),
        details: words(plan),
        kek: Arc::clone(&plan.issuer.kek),
        own: Arc::clone(&plan.pages),
    };
    let ports = KeeperPorts {
        consents: Arc::clone(ending) as _,
        accesses: Arc::clone(&standing.state.accesses),
        accounts: Arc::new(accounts),
        random: Arc::clone(&standing.random),
    };
    let keeper = Keeper::new(settings, ports).context("opening the keeper of permissions")?;
    Ok(Some(Arc::new(keeper)))
}

/// What seals and opens the evidence of each bank's consents.
pub(super) fn keks(house: &House) -> HashMap<BankId, Arc<KeyEncryptionKey>> {
    let banks = house.banks.iter();
    banks
        .map(|bank| (bank.id.clone(), Arc::clone(&bank.issuer.kek)))
        .collect()
}

/// A service of the bank's, and the path that it is asked at.
fn at(
    upstreams: &HashMap<UpstreamId, Arc<Upstream>>,
    (id, path): &(UpstreamId, String),
) -> anyhow::Result<(Arc<Upstream>, PathAndQuery)> {
    let upstream = upstreams.get(id);
    let upstream = upstream.with_context(|| format!("no upstream {id}"))?;
    Ok((Arc::clone(upstream), path.parse().context("its path")?))
}

/// What authorization details of the bank's products are called.
fn words(plan: &BankPlan) -> BTreeMap<DetailType, DetailWords> {
    let details = plan.products.iter().flat_map(|product| &product.details);
    let words = |(id, detail): (&DetailType, &DetailPlan)| {
        let titles = detail.schema.titles().into_iter();
        let labels = titles.map(|title| {
            let say = Both {
                zh_cn: title.zh_cn,
                en: title.en,
            };
            (title.member, say)
        });
        let say = Both {
            zh_cn: detail.zh_cn.clone(),
            en: detail.en.clone(),
        };
        let labels = labels.collect();
        (id.clone(), DetailWords { say, labels })
    };
    details.map(words).collect()
}
