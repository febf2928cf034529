//! Mocks: each is of what a read calls, and answers as its service describes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use openapi::Contract;

use super::super::file::MockFile;
use super::super::mock::{AFTER, Mock, Turn};
use super::{Checking, called, escaped};
use crate::file::Written;
use crate::plan::Step;
use crate::run::CallFault;
use crate::slip::{choices, quoted};

/// The statuses by which a service says that it is unavailable.
const UNAVAILABLE: [u16; 3] = [502, 503, 504];

impl<'c> Checking<'c> {
    /// The steps that call an operation.
    fn steps(&self, name: &str) -> Vec<&Step> {
        let steps = self.operation.steps.iter();
        steps.filter(|step| called(step) == name).collect()
    }

    pub(super) fn mocks(&mut self) -> Option<BTreeMap<String, Mock>> {
        let mut mocks = BTreeMap::new();
        let mut is_sound = true;
        for (name, turns) in &self.file.mock {
            if self.is_called(name, "/mock")
                && let Some(mock) = self.mock(name, turns)
            {
                mocks.insert(name.clone(), mock);
            } else {
                is_sound = false;
            }
        }
        let operation = Arc::clone(self.operation);
        for step in operation.steps.iter().filter(|step| step.needs.is_empty()) {
            let name = called(step);
            if !self.file.mock.iter().any(|(its, _)| *its == name) {
                let what = format!(
                    "the read `{}` calls `{name}`, and nothing mocks it",
                    step.name
                );
                let help = format!("write `mock: {{ {name}: {{ reply: … }} }}`");
                self.tell("E207", "", what, &help);
            }
        }
        is_sound.then_some(mocks)
    }

    /// Whether a read of the operation calls this.
    pub(super) fn is_called(&mut self, name: &str, place: &str) -> bool {
        let is_called = !self.steps(name).is_empty();
        if !is_called {
            let known: BTreeSet<String> = self.operation.steps.iter().map(called).collect();
            let help = choices("its reads call", name, known.iter().map(String::as_str));
            let what = format!(
                "no read of `{}` calls {}",
                self.operation.name,
                quoted(name)
            );
            self.tell("E206", &format!("{place}/{}", escaped(name)), what, &help);
        }
        is_called
    }

    fn mock(&mut self, name: &str, turns: &[MockFile]) -> Option<Mock> {
        let timeouts = self.steps(name).into_iter().map(|step| step.timeout);
        let timeout = timeouts.max().unwrap_or_default();
        let Some(contract) = self.contract(name) else {
            let help = "give the API files that the block was checked against";
            let what = format!("no API file describes `{name}`");
            self.tell("E208", &format!("/mock/{}", escaped(name)), what, help);
            return None;
        };
        let made: Vec<Option<Turn>> = turns
            .iter()
            .map(|turn| match turn {
                MockFile::Fault(fault) => Some(Turn::of(*fault, timeout)),
                MockFile::Reply {
                    status,
                    body,
                    after,
                } => self.reply(contract, *status, body, *after),
            })
            .collect();
        let turns = made.into_iter().collect::<Option<_>>()?;
        Some(Mock { turns })
    }

    fn contract(&self, name: &str) -> Option<&'c Contract> {
        let (source, operation) = name.split_once('.')?;
        self.contracts.get(source)?.get(operation)
    }

    /// A reply that the service may give.
    fn reply(
        &mut self,
        contract: &Contract,
        status: Option<u16>,
        body: &Written,
        after: Option<Duration>,
    ) -> Option<Turn> {
        let status = status.unwrap_or_else(|| good_status(contract));
        let checked = contract.check_answer(status, &body.value);
        for violation in checked.as_ref().err().into_iter().flatten() {
            // A name that the sender chose is told as `*`.
            let place = violation.pointer.split("/*").next().unwrap_or_default();
            let at = format!("{}{place}", body.pointer);
            let what = format!("no such answer is described: {status} {}", violation.what);
            let help = "write an answer that the service's API file describes";
            self.mistakes.tell("E208", &at, what, help);
        }
        checked.ok()?;
        let with = match status {
            200..=299 => Ok(body.value.clone()),
            _ if UNAVAILABLE.contains(&status) => Err(CallFault::Unavailable),
            _ => Err(CallFault::Refused { status }),
        };
        let after = after.unwrap_or(AFTER);
        Some(Turn::Ends { after, with })
    }
}

/// The status of an answer that ends well, as the service describes it.
fn good_status(contract: &Contract) -> u16 {
    let mut statuses = contract.answers.iter().map(|its| its.status.as_str());
    let good = statuses.find(|status| status.starts_with('2'));
    good.and_then(|status| status.parse().ok()).unwrap_or(200)
}
