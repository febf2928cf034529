//! What the commands about blocks print: for people, and as JSON.

use std::fmt::Write as _;

use blocks::diff::{Change, Kind};
use blocks::plan::Operation;
use blocks::trial::{Difference, Point, Report, Tried};
use serde_json::{Value, json};

use super::Found;
use crate::cli::check::counted;

/// What each operation asks for and reads.
pub(super) fn checked(found: &[Found<'_>], is_json: bool) -> String {
    if is_json {
        let blocks: Vec<Value> = found.iter().map(block).collect();
        return format!("{}\n", json!({ "blocks": blocks }));
    }
    let mut text = String::new();
    for found in found {
        let plan = &found.block.plan;
        let (bank, product) = (&found.bank.id, &found.product.id);
        let _ = writeln!(text, "{bank}/{product} {} is good", dotted(plan.version));
        for operation in &plan.operations {
            let _ = writeln!(text, "  {}", line(operation));
            for step in &operation.steps {
                let _ = writeln!(text, "    reads {}.{}", step.source, step.operation);
            }
            for cluster in operation.clusters() {
                let _ = writeln!(text, "    tells {cluster}");
            }
        }
    }
    let operations = found.iter().map(|found| found.block.plan.operations.len());
    let (blocks, operations) = (found.len(), operations.sum());
    let _ = writeln!(
        text,
        "{}, {}",
        counted(blocks, "block"),
        counted(operations, "operation")
    );
    text
}

fn line(operation: &Operation) -> String {
    let asks = operation.consent.as_ref().map(|needs| {
        let scopes: Vec<&str> = needs.scopes.iter().map(AsRef::as_ref).collect();
        format!(", asks for {} for {}", scopes.join(" "), needs.purpose)
    });
    format!(
        "{} {} {} (class {}{}): {}, {}, within {} ms",
        operation.name,
        operation.method,
        operation.path,
        operation.class.as_str(),
        asks.unwrap_or_default(),
        counted(operation.steps.len(), "read"),
        counted(operation.checks.len(), "check"),
        operation.deadline.as_millis(),
    )
}

fn block(found: &Found<'_>) -> Value {
    let plan = &found.block.plan;
    let operations = plan.operations.iter().map(|operation| {
        let scopes = operation.consent.iter().flat_map(|needs| &needs.scopes);
        let reads = operation.steps.iter();
        let reads = reads.map(|step| format!("{}.{}", step.source, step.operation));
        json!({
            "operation": &*operation.name,
            "method": operation.method.as_str(),
            "path": &*operation.path,
            "class": operation.class.as_str(),
            "scopes": scopes.map(AsRef::as_ref).collect::<Vec<&str>>(),
            "purpose": operation.consent.as_ref().map(|needs| &*needs.purpose),
            "clusters": operation.clusters().iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
            "reads": reads.collect::<Vec<_>>(),
            "checks": operation.checks.len(),
            "deadline_ms": u64::try_from(operation.deadline.as_millis()).unwrap_or(u64::MAX),
        })
    });
    json!({
        "bank": found.bank.id.as_str(),
        "product": found.product.id.as_str(),
        "block": &*plan.name,
        "version": dotted(plan.version),
        "operations": operations.collect::<Vec<_>>(),
    })
}

/// What came of the tests of each block.
pub(super) fn tested(reports: &[(&str, Report)], coverage: bool, is_json: bool) -> String {
    if is_json {
        let all: Vec<Value> = reports
            .iter()
            .map(|(product, report)| {
                json!({
                    "product": product,
                    "tests": report.tests.iter().map(test).collect::<Vec<_>>(),
                    "coverage": report.coverage.points.iter().map(point).collect::<Vec<_>>(),
                })
            })
            .collect();
        return format!("{}\n", json!({ "blocks": all }));
    }
    let mut text = String::new();
    for (product, report) in reports {
        let _ = writeln!(text, "{product}");
        for test in &report.tests {
            let mark = if test.differences.is_empty() {
                "ok     "
            } else {
                "FAILED "
            };
            let _ = writeln!(text, "  {mark}{}", test.name);
            for difference in &test.differences {
                let _ = writeln!(text, "    {}", told(difference));
            }
        }
        if coverage {
            let all = report.coverage.points.len();
            let missing: Vec<&Point> = report.coverage.missing().collect();
            let reached = all - missing.len();
            let _ = writeln!(text, "  {reached} of {} reached", counted(all, "part"));
            for point in missing {
                let _ = writeln!(
                    text,
                    "    not reached: {} {}",
                    point.pointer,
                    point.way.as_str()
                );
            }
        }
    }
    let tests = reports.iter().flat_map(|(_, report)| &report.tests);
    let (passed, failed): (Vec<&Tried>, Vec<&Tried>) =
        tests.partition(|test| test.differences.is_empty());
    let _ = writeln!(
        text,
        "{} passed, {} failed",
        counted(passed.len(), "test"),
        failed.len()
    );
    text
}

fn told(difference: &Difference) -> String {
    let Difference {
        pointer,
        what,
        expected,
        got,
    } = difference;
    let mut text = format!("{pointer}: {what}");
    for (name, value) in [("expected", expected), ("got", got)] {
        if let Some(value) = value {
            let _ = write!(text, "; {name} {value}");
        }
    }
    text
}

fn test(test: &Tried) -> Value {
    let differences = test.differences.iter().map(|difference| {
        json!({
            "pointer": difference.pointer,
            "what": difference.what,
            "expected": difference.expected,
            "got": difference.got,
        })
    });
    json!({
        "name": test.name,
        "pointer": test.pointer,
        "operation": &*test.operation,
        "passed": test.differences.is_empty(),
        "differences": differences.collect::<Vec<_>>(),
    })
}

fn point(point: &Point) -> Value {
    json!({
        "operation": &*point.operation,
        "pointer": point.pointer,
        "way": point.way.as_str(),
        "tests": point.tests,
    })
}

/// What changes from one version to another.
pub(super) fn compared(
    (old, new): ([u32; 3], [u32; 3]),
    changes: &[Change],
    lowest: [u32; 3],
    is_json: bool,
) -> String {
    let word = |change: &Change| match change.kind {
        Kind::Breaking => "breaking",
        Kind::Compatible => "compatible",
    };
    if is_json {
        let changes: Vec<Value> = changes
            .iter()
            .map(|its| json!({ "kind": word(its), "operation": its.operation, "what": its.what }))
            .collect();
        let report = json!({
            "from": dotted(old), "to": dotted(new), "lowest": dotted(lowest), "changes": changes,
        });
        return format!("{report}\n");
    }
    let mut text = String::new();
    for change in changes {
        let _ = writeln!(
            text,
            "{:<10}  {}: {}",
            word(change),
            change.operation,
            change.what
        );
    }
    let (old, new) = (dotted(old), dotted(new));
    let lowest = dotted(lowest);
    let _ = match changes {
        [] => writeln!(text, "nothing changes for partners from {old} to {new}"),
        _ => writeln!(text, "{old} to {new}: the version is at least {lowest}"),
    };
    text
}

fn dotted([major, minor, patch]: [u32; 3]) -> String {
    format!("{major}.{minor}.{patch}")
}
