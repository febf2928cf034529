//! Running tests: the engine that serves partners, in virtual time.

use crypto::SeededRandom;

use super::coverage::Coverage;
use super::mock::{Made, Mocked};
use super::{Report, Test, Tests, Tried, compare};
use crate::run::{AnswerCache, House, Ran, RetryBudget};

impl Tests {
    /// Runs them all, one after the other. Time passes only while everything waits, so that a test
    /// is over at once, however long its reads hang. It makes a runtime of its own: call it from
    /// outside of any.
    ///
    /// Errors: the system gives no runtime.
    pub fn run(&self) -> std::io::Result<Report> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        let mut coverage = Coverage::new(&self.plan);
        let mut tests = Vec::with_capacity(self.tests.len());
        for test in &self.tests {
            let (ran, made) = runtime.block_on(test.run());
            coverage.note(&test.operation, &ran, &made);
            tests.push(Tried {
                name: test.name.clone(),
                pointer: test.pointer.clone(),
                operation: test.operation.name.clone(),
                differences: compare::differences(test, &ran, &made),
                ran,
            });
        }
        Ok(Report { tests, coverage })
    }
}

impl Test {
    async fn run(&self) -> (Ran, Vec<Made>) {
        let mocked = Mocked::new(&self.mocks);
        let house = House {
            caller: &mocked,
            budget: &RetryBudget::default(),
            random: &SeededRandom::new(0),
            cache: &AnswerCache::default(),
            whose: "",
        };
        let ran = self.operation.run(self.given.clone(), &house).await;
        (ran, mocked.into_made())
    }
}
