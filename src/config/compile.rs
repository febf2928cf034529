//! The file as written to settings of the rooms: names are joined, what is referred to is read,
//! and what contradicts what is noted.

mod agreements;
mod authorization;
mod banks;
mod certificates;
mod clients;
mod consent;
mod details;
mod fetch;
mod issuers;
mod listeners;
mod openapi_file;
mod operators;
mod partners;
mod places;
mod products;
mod resource_servers;
mod routes;
mod trust;
mod unbuilt;
mod upstreams;

use std::collections::HashMap;

use jiff::Timestamp;
use model::PlanId;

use crate::explain::InForce;
use crate::file::{File, Plan};
use crate::files::Files;
use crate::house::{GatePlan, House, Loaded, Mode, PlanSettings};
use crate::kept::Kept;
use crate::mistake::Mistakes;
use crate::reader::Reader;

pub(crate) use products::block_tests;

/// What compiling needs at hand.
pub(crate) struct Compiler<'e> {
    pub(crate) reader: Reader,
    pub(crate) files: Files<'e>,
    pub(crate) kept: &'e mut Kept,
    pub(crate) mode: Mode,
    pub(crate) now: Timestamp,
    /// What holds of things that are not written, where the table of keys cannot tell.
    pub(crate) told: Vec<InForce>,
}

impl Compiler<'_> {
    /// The house, if there is no mistake, and what was read for it.
    pub(crate) fn finish(self, house: Option<House>) -> Loaded {
        let (files, digest) = self.files.finish();
        let digest = crypto::hex(&digest);
        let good = |house| {
            Ok(House {
                digest: digest.clone(),
                ..house
            })
        };
        let (house, lapsed) = match (self.reader.collector.finish(), house) {
            (None, Some(house)) => (good(house), None),
            (Some(mistakes), Some(house)) if mistakes.are_lapses() => (good(house), Some(mistakes)),
            (Some(mistakes), _) => (Err(mistakes), None),
            (None, None) => (Err(Mistakes::unexplained()), None),
        };
        self.kept.end(house.is_ok());
        Loaded {
            house,
            lapsed,
            digest,
            files,
        }
    }
}

/// Compiles the whole file. A house is believed only when no mistake was noted on the way.
pub(crate) fn compile(c: &mut Compiler<'_>, file: &File) -> Option<House> {
    let listeners = listeners::compile(c, file);
    let plans = plans(&file.plans);
    let partners = partners::compile(c, file);
    let agreements = agreements::compile(c, file);
    let banks = banks::compile(c, file, &agreements);
    let audit = file.audit.as_ref().and_then(|audit| {
        Some(audit::Settings {
            dir: c.files.path(audit.dir.as_ref()?),
            node: audit.node.clone()?,
            segment_bytes: audit.segment_bytes?,
            linger: audit.linger?,
            queue_bytes_max: audit.queue_bytes_max?,
        })
    });
    let store = file.store.as_ref().map(|path| c.files.path(path));
    let gate = file.gate.as_ref().and_then(|gate| {
        Some(GatePlan {
            rate: gate.rate?,
            burst: gate.burst?,
        })
    });
    places::check(c, file);
    if c.reader.collector.has_mistakes() {
        return None;
    }
    Some(House {
        listeners,
        banks,
        partners,
        plans,
        agreements,
        gate: gate?,
        store: store?,
        audit: audit?,
        drain: file.drain?,
        digest: String::new(),
    })
}

fn plans(plans: &[Plan]) -> HashMap<PlanId, PlanSettings> {
    plans
        .iter()
        .filter_map(|plan| {
            let settings = PlanSettings {
                rate: plan.rate?,
                burst: plan.burst?,
                concurrent: plan.concurrent?,
            };
            Some((plan.id.value.clone(), settings))
        })
        .collect()
}
