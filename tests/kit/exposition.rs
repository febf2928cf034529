//! A strict reader of Prometheus' text format, version 0.0.4: what it does not know, it refuses.

use std::collections::{BTreeMap, BTreeSet};

/// All families of an exposition, by name.
#[derive(Debug, Default)]
pub struct Exposition(pub BTreeMap<String, Family>);

/// The samples of one metric.
#[derive(Debug)]
pub struct Family {
    /// What it says.
    pub help: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    /// Its samples, as they stand.
    pub samples: Vec<Sample>,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The metric's name, with the ending of a histogram's part.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Exposition {
    /// Reads a text; panics where it is not as the format demands.
    pub fn read(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line does not end");
        let mut families = BTreeMap::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let help = line.strip_prefix("# HELP ").expect("HELP first");
            let (name, help) = help.split_once(' ').expect("a help");
            assert!(is_name(name), "{name}");
            let line = lines.next().expect("a line after HELP");
            let kind = line.strip_prefix("# TYPE ").expect("TYPE after HELP");
            let (typed, kind) = kind.split_once(' ').expect("a type");
            assert_eq!(typed, name, "HELP and TYPE of one metric");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            let mut samples = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
                samples.push(sample(line));
            }
            let family = Family {
                help: help.to_owned(),
                kind: kind.to_owned(),
                samples,
            };
            family.check(name);
            let before = families.insert(name.to_owned(), family);
            assert!(before.is_none(), "{name} stands twice");
        }
        Self(families)
    }

    /// The value of the one sample with at least these labels; 0 when there is none.
    #[track_caller]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let bare = ["_count", "_sum", "_bucket"]
            .iter()
            .find_map(|ending| name.strip_suffix(ending))
            .filter(|bare| self.0.contains_key(*bare));
        let Some(family) = self.0.get(bare.unwrap_or(name)) else {
            return 0.0;
        };
        let fits = |sample: &&Sample| {
            sample.name == name
                && labels
                    .iter()
                    .all(|(label, value)| sample.labels.get(*label).is_some_and(|v| v == value))
        };
        let found: Vec<&Sample> = family.samples.iter().filter(fits).collect();
        assert!(found.len() <= 1, "{name} {labels:?}: {found:?}");
        found.first().map_or(0.0, |sample| sample.value)
    }

    /// The same for a number of things.
    #[track_caller]
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> i64 {
        let value = self.value(name, labels);
        assert!(value.fract().abs() < f64::EPSILON, "{name}: {value}");
        value as i64
    }
}

impl Family {
    fn check(&self, name: &str) {
        assert!(!self.samples.is_empty(), "{name} has no sample");
        assert!(self.help.ends_with('.'), "{name}: {}", self.help);
        let mut seen = BTreeSet::new();
        for sample in &self.samples {
            let place = (sample.name.clone(), sample.labels.clone());
            assert!(seen.insert(place), "a sample stands twice: {sample:?}");
            let ending = sample
                .name
                .strip_prefix(name)
                .expect("samples of one metric");
            let known: &[&str] = match self.kind.as_str() {
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            assert!(known.contains(&ending), "{sample:?}");
        }
        match self.kind.as_str() {
            "counter" => assert!(name.ends_with("_total"), "{name}"),
            "histogram" => self.check_buckets(),
            _ => {}
        }
    }

    fn check_buckets(&self) {
        let mut series: BTreeMap<BTreeMap<String, String>, Vec<(f64, f64)>> = BTreeMap::new();
        let mut counts = BTreeMap::new();
        for sample in &self.samples {
            let mut labels = sample.labels.clone();
            let bound = labels.remove("le");
            if sample.name.ends_with("_bucket") {
                let bound = bound.expect("a bucket's bound").parse().expect("a number");
                series
                    .entry(labels)
                    .or_default()
                    .push((bound, sample.value));
            } else if sample.name.ends_with("_count") {
                counts.insert(labels, sample.value);
            }
        }
        for (labels, buckets) in series {
            assert!(
                buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1),
                "{labels:?}"
            );
            let last = buckets.last().expect("a bucket");
            assert!(last.0.is_infinite(), "{labels:?} has no +Inf");
            assert_eq!(counts.remove(&labels), Some(last.1), "{labels:?}");
        }
        assert!(counts.is_empty(), "{counts:?}");
    }
}

fn sample(line: &str) -> Sample {
    let (place, value) = line.rsplit_once(' ').expect("a value");
    let (name, labels) = match place.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}').expect("a closed brace")),
        None => (place, ""),
    };
    assert!(is_name(name), "{line}");
    Sample {
        name: name.to_owned(),
        labels: pairs(labels),
        value: value.parse().unwrap_or_else(|e| panic!("{e}: {line}")),
    }
}

fn pairs(mut text: &str) -> BTreeMap<String, String> {
    let mut pairs = BTreeMap::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"").expect("a label");
        assert!(is_name(name) && !name.contains(':'), "{name}");
        let mut value = String::new();
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next().expect("a closed value") {
                (at, '"') => break at,
                (_, '\\') => match chars.next().expect("an escape").1 {
                    'n' => value.push('\n'),
                    c @ ('\\' | '"') => value.push(c),
                    c => panic!("no escape: {c}"),
                },
                (_, c) => value.push(c),
            }
        };
        let before = pairs.insert(name.to_owned(), value);
        assert!(before.is_none(), "{name} stands twice");
        text = &rest[end + 1..];
        if !text.is_empty() {
            text = text.strip_prefix(',').expect("a comma between labels");
            assert!(!text.is_empty(), "a comma at the end");
        }
    }
    pairs
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    chars.next().is_some_and(first) && chars.all(|c| first(c) || c.is_ascii_digit())
}
