//! The table of keys against the code that reads it, the example, the defaults of the rooms, and
//! its own JSON Schema.

use std::collections::BTreeMap;

use upstream::UpstreamLimits;

use super::ours;
use crate::file::FILE;
use crate::fixture::{EXAMPLE, Fixture, MINIMAL};
use crate::shape::{Key, Kind, Need, Shape};

/// Every key of the table by its path, names as `*`.
fn table() -> BTreeMap<String, (*const Shape, &'static Key)> {
    fn section(
        shape: &'static Shape,
        path: &str,
        keys: &mut BTreeMap<String, (*const Shape, &'static Key)>,
    ) {
        for key in shape.keys {
            let path = format!("{path}{}", key.name);
            keys.insert(path.clone(), (std::ptr::from_ref(shape), key));
            kind(&key.kind, &path, keys);
        }
    }
    fn kind(
        kind_: &'static Kind,
        path: &str,
        keys: &mut BTreeMap<String, (*const Shape, &'static Key)>,
    ) {
        match kind_ {
            Kind::Section(shape) | Kind::Standard(shape) => {
                section(shape, &format!("{path}."), keys);
            }
            Kind::Named(shape, _) => section(shape, &format!("{path}.*."), keys),
            Kind::List { item, .. } | Kind::Each(item, _) => {
                kind(item, &format!("{path}.*"), keys);
            }
            Kind::Or(_, other) => kind(other, path, keys),
            _ => {}
        }
    }
    let mut keys = BTreeMap::new();
    section(&FILE, "", &mut keys);
    keys
}

#[test]
fn every_key_of_the_table_is_read_and_stands_in_the_example() {
    let fixture = Fixture::new();
    let house = fixture.load(EXAMPLE).map_err(|m| m.to_string());
    house.expect("the example (config/gateway.yaml) has no mistake");
    let keys = fixture.keys(EXAMPLE);
    let mut wrong = Vec::new();
    for (path, (shape, key)) in table() {
        if !keys.asked.contains(&(shape, key.name)) {
            wrong.push(format!(
                "{path} is in the table but nothing reads it: read it with `section.value`, or \
                 remove its `Key`"
            ));
        } else if !keys.found.contains(&(shape, key.name)) {
            wrong.push(format!(
                "{path} is not in config/gateway.yaml: add it, with a comment and its default"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(table().len() > 95, "{}", table().len());
}

#[test]
fn every_key_says_what_it_does_in_a_sentence() {
    for (path, (_, key)) in table() {
        assert!(
            key.doc.ends_with('.') && key.doc.len() > 10,
            "{path}: the table says \"{}\"",
            key.doc
        );
        let first = key.doc.chars().next();
        assert!(first.is_some_and(char::is_uppercase), "{path}: {}", key.doc);
    }
}

/// The line of the example at which a key first stands, and whether a comment goes with it: on the
/// line, or on the lines above the section that it opens.
#[test]
fn every_key_of_the_example_has_a_comment_and_shows_its_default() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    let mut wrong = Vec::new();
    for (path, (_, key)) in table() {
        let written = format!("{}:", key.name);
        let mut places = lines.iter().enumerate().filter(|(_, line)| {
            line.trim_start()
                .trim_start_matches("- ")
                .starts_with(&written)
        });
        let explained = |(at, line): (usize, &&str)| {
            line.contains('#')
                || lines
                    .get(at + 1)
                    .is_some_and(|next| next.trim_start().starts_with('#'))
                || at
                    .checked_sub(1)
                    .is_some_and(|above| lines[above].starts_with('#'))
        };
        if !places.any(explained) {
            wrong.push(format!("{path} has no comment in config/gateway.yaml"));
        }
        if let Need::Default(default) | Need::DefaultUnless(_, default) = key.need {
            let shows = format!("{written} {default}");
            if !lines.iter().any(|line| line.contains(&shows)) {
                wrong.push(format!(
                    "config/gateway.yaml does not show `{shows}` ({path})"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_defaults_of_the_table_are_those_of_the_example_and_of_the_rooms() {
    let fixture = Fixture::new();
    let written = fixture.load(EXAMPLE).expect("the example loads");
    let silent = fixture.load(MINIMAL).expect("the minimum loads");
    for house in [&written, &silent] {
        assert_eq!(house.listeners[0].edge.limits, edge::Limits::default());
        assert_eq!(
            format!("{:?}", house.banks[0].upstreams[0].limits),
            format!("{:?}", UpstreamLimits::default())
        );
    }
    let (a, b) = (&written.banks[0], &silent.banks[0]);
    assert_eq!(ours(a).algorithm, ours(b).algorithm);
    assert_eq!(written.drain, silent.drain);
    let told = |settings: &audit::Settings| {
        let settings = settings.clone();
        (
            settings.node,
            settings.linger,
            settings.segment_bytes,
            settings.queue_bytes_max,
        )
    };
    assert_eq!(told(&written.audit), told(&silent.audit));
}

/// The schema that editors read beside the example. `MORTISE_GOLDEN=write` writes it anew.
#[test]
fn the_schema_is_the_agreed_one() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/gateway.schema.json");
    let text = format!("{:#}\n", crate::schema(crate::SchemaOf::Whole));
    if std::env::var_os("MORTISE_GOLDEN").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let agreed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        agreed == text,
        "config/gateway.schema.json is not the schema of the table: run this test with \
         MORTISE_GOLDEN=write and read the difference"
    );
}
