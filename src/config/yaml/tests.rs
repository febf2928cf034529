//! The span tree.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> (Option<Node>, Vec<String>) {
    let mut collector = Collector::default();
    let source = collector.sources.add("a.yaml".to_owned(), text.to_owned());
    let node = parse(&mut collector, source);
    let mistakes = collector.finish().map_or_else(Vec::new, |mistakes| {
        mistakes
            .iter()
            .map(|m| format!("{}:{} {}", m.line, m.column, m.what))
            .collect()
    });
    (node, mistakes)
}

/// The tree as text, each scalar followed by the source that its span covers.
fn drawn(text: &str) -> String {
    fn draw(node: &Node, text: &str) -> String {
        let span = &text[node.span.start..node.span.end];
        match &node.kind {
            Kind::Scalar { text, plain } => {
                format!("{text}{}<{span}>", if *plain { "" } else { "!" })
            }
            Kind::List(items) => {
                let items: Vec<String> = items.iter().map(|item| draw(item, text)).collect();
                format!("[{}]", items.join(", "))
            }
            Kind::Map(pairs) => {
                let pairs: Vec<String> = pairs
                    .iter()
                    .map(|pair| {
                        assert_eq!(
                            text[pair.key_span.start..pair.key_span.end].trim_matches('"'),
                            pair.key
                        );
                        format!("{}: {}", pair.key, draw(&pair.value, text))
                    })
                    .collect();
                format!("{{{}}}", pairs.join(", "))
            }
            Kind::Broken => "broken".to_owned(),
        }
    }
    let (node, mistakes) = read(text);
    assert_eq!(mistakes, Vec::<String>::new());
    draw(&node.expect("a node"), text)
}

#[test]
fn every_scalar_and_key_knows_its_bytes() {
    assert_eq!(
        drawn("a: 1 # one\n迅行: { b: [\"x y\", 'z'], c: }\nd: |\n  l\n"),
        "{a: 1<1>, 迅行: {b: [x y!<\"x y\">, z!<'z'>], c: ~<>}, d: l\n!<l\n>}"
    );
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    assert_eq!(drawn("\u{feff}a: 1\n"), "{a: 1<1>}");
}

#[test]
fn json_is_read_too_tabs_and_all() {
    assert_eq!(
        drawn("{\n\t\"a\":{\"b\":[1,2.5,\"\\u00e9\"]},\n\t\"c\":true\n}\n"),
        "{a: {b: [1<1>, 2.5<2.5>, é!<\"\\u00e9\">]}, c: true<true>}"
    );
}

#[test]
fn all_duplicate_keys_are_found_in_one_run() {
    let (node, mistakes) = read("a: 1\nb: { c: 1, c: 2 }\na: { d: 1 }\n");
    assert!(node.is_some());
    assert_eq!(
        mistakes,
        [
            "2:12 the key `c` is written twice",
            "3:1 the key `a` is written twice",
        ]
    );
}

#[test]
fn anchors_aliases_tags_and_merge_keys_are_refused() {
    let (_, mistakes) = read("a: &x { b: 1 }\nc: *x\nd: !!str 1\ne: { <<: 1 }\n");
    assert_eq!(
        mistakes,
        [
            "1:4 YAML anchors and aliases are not read",
            "3:4 YAML tags are not read",
            "4:6 YAML merge keys are not read",
        ]
    );
}

#[test]
fn what_is_not_one_document_of_yaml_is_refused_where_it_ends() {
    for (text, mistake) in [
        ("", "1:1 the file is empty"),
        ("# only\n", "1:1 the file is empty"),
        (
            "a: 1\n---\nb: 2\n",
            "2:1 a second YAML document begins here",
        ),
        ("? [a]\n: 1\n", "1:3 a key must be a text"),
    ] {
        let (_, mistakes) = read(text);
        assert_eq!(mistakes, [mistake], "{text:?}");
    }
    let (node, mistakes) = read("a: [1, 2\nb: 3\n");
    assert!(node.is_none());
    assert!(mistakes[0].contains("this is not YAML"), "{mistakes:?}");
}

#[test]
fn depth_and_number_are_bounded() {
    let (node, mistakes) = read(&"[".repeat(10_000));
    assert!(node.is_none());
    assert_eq!(mistakes.len(), 1);
    let (node, mistakes) = read(&"- ".repeat(10_000));
    assert!(node.is_none());
    assert_eq!(mistakes.len(), 1);
    let (node, mistakes) = read(&format!("[{}]", "1,".repeat(NODES_MAX + 1)));
    assert!(node.is_none());
    assert!(mistakes[0].contains("too many"), "{mistakes:?}");
}

#[test]
fn plain_scalars_read_as_yaml_1_2_says() {
    for (text, expected) in [
        ("", Reading::Null),
        ("~", Reading::Null),
        ("true", Reading::Boolean(true)),
        ("yes", Reading::OldBoolean),
        ("NO", Reading::OldBoolean),
        ("12", Reading::Number),
        ("-1.5e3", Reading::Number),
        ("0x1F", Reading::Number),
        (".inf", Reading::Number),
        ("1.2.3", Reading::Text),
        ("e", Reading::Text),
        ("2026-11", Reading::Text),
        ("50/s", Reading::Text),
        ("Norway", Reading::Text),
    ] {
        assert_eq!(reading(text), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "(?s).{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn no_text_of_yaml_signs_panics(text in "[-a:\\[\\]{},&*!|>'\"%@`?# \n\t<0é\u{feff}]{0,80}") {
        let _ = read(&text);
    }
}

#[test]
fn an_anchor_and_a_tag_are_told_where_they_stand() {
    let at = |text: &str| read(text).1;
    let anchor = |place: &str| [format!("{place} YAML anchors and aliases are not read")];
    let tag = |place: &str| [format!("{place} YAML tags are not read")];
    assert_eq!(at("a:\n  gold: &g\n    x: 1\n"), anchor("2:9"));
    assert_eq!(at("gold: !plan\n  x: 1\n"), tag("1:7"));
    assert_eq!(at("gold: # a & b!\n\n  &g\n  x: 1\n"), anchor("3:3"));
    assert_eq!(at("- a: 1\n- &g\n  - 1\n"), anchor("2:3"));
    assert_eq!(at("a: [x, &g {b: 1}]\n"), anchor("1:8"));
    assert_eq!(at("a: &迅 1\nb: 2\n"), anchor("1:4"));
    assert_eq!(at("&k a: 1\n"), anchor("1:1"));
}
