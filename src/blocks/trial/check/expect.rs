//! Expectations: the operation can end as it is expected.

use std::sync::Arc;

use super::super::Expect;
use super::super::compare::{FAULTY_STATUS, OF_READS};
use super::super::file::ExpectFile;
use super::Checking;
use crate::check_line::Outcome;
use crate::plan::Operation;
use crate::slip::{choices, quoted};

impl Checking<'_> {
    pub(super) fn expect(&mut self, file: &ExpectFile) -> Expect {
        if file.problem.is_some() && (file.answer.is_some() || has_body(file)) {
            let what = "a problem is expected, and an answer or a body";
            self.tell(
                "E210",
                "/expect",
                what,
                "a problem has neither: leave it out, or them",
            );
        } else if file.body.is_some() && file.body_has.is_some() {
            let what = "the whole body is expected, and a part of it";
            self.tell("E210", "/expect", what, "leave `body` or `body_has` out");
        } else {
            self.is_possible(file);
        }
        for (name, _) in &file.calls {
            self.is_called(name, "/expect/calls");
        }
        Expect {
            status: file.status,
            body: file.body.clone(),
            body_has: file.body_has.clone(),
            problem: file.problem.clone(),
            answer: file.answer.clone(),
            is_degraded: file.is_degraded,
            calls: file.calls.iter().cloned().collect(),
        }
    }

    /// Whether the operation can end as it is expected.
    fn is_possible(&mut self, file: &ExpectFile) {
        let operation = Arc::clone(self.operation);
        let (problems, answers) = (problems(&operation), answers(&operation));
        for (key, named, known) in [
            ("problem", &file.problem, &problems),
            ("answer", &file.answer, &answers),
        ] {
            let Some(name) = named else { continue };
            let mut same = known.iter().filter(|(_, its)| its == name).peekable();
            if same.peek().is_none() {
                let what = format!("`{}` has no {key} {}", operation.name, quoted(name));
                let help = choices("it has", name, known.iter().map(|(_, its)| *its));
                self.tell("E209", &format!("/expect/{key}"), what, &help);
            } else if same.clone().all(|(status, _)| *status != file.status) {
                let what = format!("`{name}` has another status than {}", file.status);
                let statuses: Vec<String> = same.map(|(status, _)| status.to_string()).collect();
                let help = format!("write {}", statuses.join(" or "));
                self.tell("E209", "/expect/status", what, &help);
            }
        }
        let own = [operation.reply.status, FAULTY_STATUS].into_iter();
        let mut possible: Vec<u16> = problems.iter().chain(&answers).map(|its| its.0).collect();
        possible.extend(own);
        if file.problem.is_none() && file.answer.is_none() && !possible.contains(&file.status) {
            let what = format!("`{}` never ends with {}", operation.name, file.status);
            possible.sort_unstable();
            possible.dedup();
            let possible: Vec<String> = possible.iter().map(u16::to_string).collect();
            let help = format!("it ends with {}", possible.join(", "));
            self.tell("E209", "/expect/status", what, &help);
        }
    }
}

fn has_body(file: &ExpectFile) -> bool {
    file.body.is_some() || file.body_has.is_some()
}

/// The problems that an operation may end with: its checks', and the road's where it reads.
fn problems(operation: &Operation) -> Vec<(u16, &str)> {
    let own = operation
        .checks
        .iter()
        .filter_map(|check| match &check.outcome {
            Outcome::Problem { status, name } => Some((*status, name.as_str())),
            Outcome::Answer { .. } => None,
        });
    let has_reads = !operation.steps.is_empty();
    own.chain(OF_READS.into_iter().filter(|_| has_reads))
        .collect()
}

fn answers(operation: &Operation) -> Vec<(u16, &str)> {
    let answers = operation.answers.iter();
    answers
        .map(|(name, reply)| (reply.status, name.as_ref()))
        .collect()
}
