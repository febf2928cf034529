//! The tests of a block, read from the file beside it.

use std::path::Path;

use blocks::trial::{Contracts, Tests, TestsFile};

use super::block::{part, tell};
use crate::compile::Compiler;
use crate::compile::openapi_file::{place, to_json};
use crate::house::BlockPlan;
use crate::mistake::Code;
use crate::source::Span;
use crate::yaml;

/// Longest file of tests that is read.
const TESTS_BYTES_MAX: u64 = 1 << 20;

/// Reads the tests and checks them against the block; notes what is wrong where it stands.
pub(crate) fn tests(c: &mut Compiler<'_>, path: &Path, block: &BlockPlan) -> Option<Tests> {
    let shown = path.display().to_string();
    let bytes = match c.files.read(path, TESTS_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(problem) => {
            let collector = &mut c.reader.collector;
            let source = collector.sources.add(shown.clone(), String::new());
            let at = Span {
                source,
                start: 0,
                end: 0,
            };
            collector
                .mistake(
                    Code::Unreadable,
                    at,
                    format!("cannot read `{shown}`: {problem}"),
                )
                .help("write the tests of the block into this file")
                .unreadable();
            return None;
        }
    };
    let source = c.reader.text_source(shown, &bytes)?;
    let tree = yaml::parse(&mut c.reader.collector, source)?;
    if c.reader.collector.has_mistakes() {
        return None;
    }
    let file = TestsFile::read(&to_json(&tree));
    let file = file.map_err(|problems| tell(c, &tree, problems)).ok()?;
    let contracts = block.sources.iter();
    let contracts: Contracts = contracts
        .map(|(name, its)| (name.clone(), its.contracts.as_ref().clone()))
        .collect();
    match Tests::check(&file, &block.plan, &contracts) {
        Ok(tests) => Some(tests),
        Err(mistakes) => {
            for mistake in mistakes {
                let at = place(&tree, &mistake.pointer);
                let at = part(c, &tree, at, mistake.span);
                c.reader
                    .collector
                    .mistake(Code::Block, at, mistake.what)
                    .help(mistake.help);
            }
            None
        }
    }
}
