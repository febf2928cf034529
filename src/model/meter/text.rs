//! The exposition as Prometheus reads it (text format 0.0.4): families by name, each with its help
//! and type, its series by their labels.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::handles::Buckets;
use super::{Family, Kind, Meter, Number, Watched, load};

/// What is asked for outside of the registry's lock: a watch may take handles itself.
struct Taken {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    labels: &'static [&'static str],
    series: Vec<(Vec<Arc<str>>, Number)>,
    watched: Vec<Arc<Watched>>,
}

pub(super) fn expose(meter: &Meter) -> String {
    let taken: Vec<Taken> = meter.families().values().map(take).collect();
    let mut out = String::with_capacity(16 * 1024);
    for family in &taken {
        let begun = out.len();
        for (values, number) in &family.series {
            let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
            series(&mut out, family, &values, number);
        }
        for watched in &family.watched {
            (watched.0)(&mut |values, value| {
                line(&mut out, family.name, "", family.labels, values, None);
                let _ = writeln!(out, " {value}");
            });
        }
        if out.len() > begun {
            out.insert_str(begun, &head(family));
        }
    }
    out
}

fn take(family: &Family) -> Taken {
    let series = family.series.iter();
    Taken {
        name: family.measure.name,
        kind: family.measure.kind,
        help: family.measure.help,
        labels: family.measure.labels,
        series: series.map(|(k, v)| (k.clone(), v.clone())).collect(),
        watched: family
            .watched
            .iter()
            .filter_map(std::sync::Weak::upgrade)
            .collect(),
    }
}

fn head(family: &Taken) -> String {
    let (name, help) = (family.name, family.help);
    let kind = match family.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Durations(_) | Kind::Sizes(_) => "histogram",
    };
    format!("# HELP {name} {help}\n# TYPE {name} {kind}\n")
}

fn series(out: &mut String, family: &Taken, values: &[&str], number: &Number) {
    match number {
        Number::Counter(number) => {
            line(out, family.name, "", family.labels, values, None);
            let _ = writeln!(out, " {}", load(number));
        }
        Number::Gauge(number) => {
            line(out, family.name, "", family.labels, values, None);
            let _ = writeln!(out, " {}", number.load(Ordering::Relaxed));
        }
        // A thousand operations that nobody calls are no thousand empty tables.
        Number::Histogram(buckets) if buckets.is_empty() => {}
        Number::Histogram(buckets) => histogram(out, family, values, buckets),
    }
}

fn histogram(out: &mut String, family: &Taken, values: &[&str], buckets: &Buckets) {
    let shown = |value: u64| match family.kind {
        Kind::Durations(_) => value as f64 / 1e9,
        _ => value as f64,
    };
    // The sum is read first: what is counted meanwhile may be missing there, never in the counts.
    let sum = load(&buckets.sum);
    let mut count = 0_u64;
    for (at, of_bucket) in buckets.counts.iter().enumerate() {
        count = count.saturating_add(load(of_bucket));
        let bound = match buckets.bounds.get(at) {
            Some(bound) => shown(*bound).to_string(),
            None => "+Inf".to_owned(),
        };
        line(
            out,
            family.name,
            "_bucket",
            family.labels,
            values,
            Some(&bound),
        );
        let _ = writeln!(out, " {count}");
    }
    line(out, family.name, "_sum", family.labels, values, None);
    let _ = writeln!(out, " {}", shown(sum));
    line(out, family.name, "_count", family.labels, values, None);
    let _ = writeln!(out, " {count}");
}

/// The name and the labels of one line.
fn line(
    out: &mut String,
    name: &str,
    ending: &str,
    labels: &[&str],
    values: &[&str],
    bound: Option<&str>,
) {
    let _ = write!(out, "{name}{ending}");
    let pairs = labels.iter().copied().zip(values.iter().copied());
    let pairs = pairs.chain(bound.map(|bound| ("le", bound)));
    let mut is_first = true;
    for (label, value) in pairs {
        out.push(if is_first { '{' } else { ',' });
        is_first = false;
        let _ = write!(out, "{label}=\"");
        for c in value.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                c => out.push(c),
            }
        }
        out.push('"');
    }
    if !is_first {
        out.push('}');
    }
}
