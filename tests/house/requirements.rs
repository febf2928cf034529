//! The requirements: each mandatory rule of our profiles, and each attack on them, names the tests
//! that prove it, or says why none does; and none of them goes unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::text::code;
use crate::tree::{none_of, root};

const FOLDER: &str = "conformance/requirements";
const LINE_COLUMNS_MAX: usize = 100;

/// The files, and what a row of each says between its id and its proof.
const FILES: [(&str, [&str; 2]); 2] = [
    ("fapi2.toml", ["clause", "rule"]),
    ("negative.toml", ["case", "answer"]),
];

/// What a row ends with, one of them.
const PROOFS: [&str; 3] = ["test", "gap", "waits"];

/// A file of requirements: the TOML that is needed for it, and no more.
#[derive(Default)]
struct Table {
    gaps_max: Option<usize>,
    /// The sections and how many rows each has, in order.
    sections: Vec<(String, usize)>,
    rows: Vec<Row>,
}

/// A row: where it begins, and its members in order; a text is a list of one.
struct Row {
    line: usize,
    members: Vec<(String, Vec<String>)>,
}

impl Row {
    fn texts(&self, name: &str) -> &[String] {
        let member = self.members.iter().find(|(its, _)| its == name);
        member.map_or(&[], |(_, texts)| texts)
    }

    fn id(&self) -> &str {
        self.texts("id").first().map_or("", String::as_str)
    }

    fn is(&self, proof: &str) -> bool {
        !self.texts(proof).is_empty()
    }
}

/// Reads a file; what is not of its form is an error.
fn read(text: &str) -> Result<Table, String> {
    let mut table = Table::default();
    let mut place = "";
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let unread = || format!("line {number} cannot be read: {line}");
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if ["[rows]", "[[row]]"].contains(&line) {
            place = line;
            if line == "[[row]]" {
                let members = Vec::new();
                table.rows.push(Row {
                    line: number,
                    members,
                });
            }
            continue;
        }
        let (key, value) = line.split_once(" = ").ok_or_else(unread)?;
        match (place, key) {
            ("", "gaps_max") => table.gaps_max = Some(value.parse().map_err(|_| unread())?),
            ("[rows]", section) => {
                let count = value.parse().map_err(|_| unread())?;
                table.sections.push((section.to_owned(), count));
            }
            ("[[row]]", name) => {
                let row = table.rows.last_mut().ok_or_else(unread)?;
                let texts = if value == "[" {
                    list(&mut lines).ok_or_else(unread)?
                } else {
                    vec![quoted(value).ok_or_else(unread)?]
                };
                row.members.push((name.to_owned(), texts));
            }
            _ => return Err(unread()),
        }
    }
    Ok(table)
}

/// The texts up to the bracket that closes their list, one a line.
fn list<'a>(lines: &mut impl Iterator<Item = (usize, &'a str)>) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    loop {
        let (_, line) = lines.next()?;
        if line == "]" {
            return Some(texts);
        }
        texts.push(quoted(line.strip_prefix("  ")?.strip_suffix(',')?)?);
    }
}

/// A text of one line, without escapes.
fn quoted(value: &str) -> Option<String> {
    let text = value.strip_prefix('"')?.strip_suffix('"')?;
    (!text.is_empty() && !text.contains(['"', '\\'])).then(|| text.to_owned())
}

/// The place of an id: its section's, its number, its part. `ID-07/part` comes after `ID-07`.
fn place<'a>(id: &'a str, sections: &[(String, usize)]) -> Option<(usize, u32, &'a str)> {
    let (section, rest) = id.split_once('-')?;
    let at = sections.iter().position(|(name, _)| name == section)?;
    let (number, part) = rest.split_once('/').unwrap_or((rest, ""));
    let is_number = number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_good = is_number && part.bytes().all(is_part) && !rest.ends_with('/');
    is_good.then_some(())?;
    Some((at, number.parse().ok()?, part))
}

/// All that is wrong with a table, but for what its tests are.
fn breaches(table: &Table, says: [&str; 2]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut before = None;
    for row in &table.rows {
        let (id, line) = (row.id(), row.line);
        let members: Vec<&str> = row.members.iter().map(|(name, _)| name.as_str()).collect();
        let is_whole = |proof: &&str| members == ["id", says[0], says[1], proof];
        if !PROOFS.iter().any(is_whole) {
            let all = PROOFS.join(", ");
            let [one, two] = says;
            complaints.push(format!(
                "line {line}: {id} has {members:?}, not id, {one}, {two} and one of {all}"
            ));
        }
        for (name, texts) in row.members.iter().filter(|(name, _)| name != "test") {
            if texts.len() != 1 {
                complaints.push(format!("line {line}: {name} of {id} is not one text"));
            }
        }
        let its = place(id, &table.sections);
        if its.is_none() {
            complaints.push(format!("line {line}: {id:?} is no id of a section"));
        } else if its <= before {
            complaints.push(format!("line {line}: {id} is not where its order puts it"));
        }
        before = its;
    }
    for (section, expected) in &table.sections {
        let of_section = |row: &&Row| row.id().split('-').next() == Some(section);
        let count = table.rows.iter().filter(of_section).count();
        if count != *expected {
            complaints.push(format!(
                "section {section} has {count} rows, not the {expected} that [rows] says"
            ));
        }
    }
    let gaps = table.rows.iter().filter(|row| row.is("gap")).count();
    if table.gaps_max != Some(gaps) {
        complaints.push(format!(
            "{gaps} rows are gaps, and gaps_max is {:?}: a gap that closes lowers it",
            table.gaps_max
        ));
    }
    complaints
}

/// The functions of this source that are tests.
fn tests(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in code(text).lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        } else if !line.is_empty() {
            let function = line.strip_prefix("async ").unwrap_or(line);
            if let Some((name, _)) = function
                .strip_prefix("fn ")
                .and_then(|rest| rest.split_once('('))
                && is_test
            {
                found.push(name.to_owned());
            }
            is_test = false;
        }
    }
    found
}

/// The functions, constants and statics of a source: the name of each, and its lines.
fn items(text: &str) -> Vec<(String, String)> {
    let code = code(text);
    let lines: Vec<_> = code.lines().zip(text.lines()).collect();
    let mut items = Vec::new();
    for (at, (line, _)) in lines.iter().enumerate() {
        let Some(name) = item(line) else { continue };
        let (mut depth, mut its) = (0_i32, String::new());
        for (code, whole) in lines.iter().skip(at) {
            for sign in code.chars() {
                depth += match sign {
                    '(' | '[' | '{' => 1,
                    ')' | ']' | '}' => -1,
                    _ => 0,
                };
            }
            its.push_str(whole);
            its.push('\n');
            if depth <= 0 && code.trim_end().ends_with([';', '}']) {
                break;
            }
        }
        items.push((name.to_owned(), its));
    }
    items
}

/// The words of a line of code.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|sign: char| !sign.is_alphanumeric() && sign != '_');
    words.filter(|word| !word.is_empty())
}

/// The name of the item that begins in this line.
fn item(line: &str) -> Option<&str> {
    const BEFORE: [&str; 6] = ["pub", "crate", "super", "in", "self", "async"];
    let mut words = words(line).skip_while(|word| BEFORE.contains(word));
    let kind = words.next()?;
    let is_item = ["fn", "const", "static"].contains(&kind);
    words.find(|word| *word != "fn").filter(|_| is_item)
}

/// What a test says, with all that it names in its source, and what that names.
fn reach(text: &str, test: &str) -> String {
    let items = items(text);
    let (mut seen, mut next) = (BTreeSet::new(), vec![test.to_owned()]);
    let mut says = String::new();
    while let Some(name) = next.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        for (_, its) in items.iter().filter(|(named, _)| *named == name) {
            next.extend(words(&code(its)).map(str::to_owned));
            says.push_str(its);
        }
    }
    says
}

/// What is wrong with a test that is named: `FILE::NAME`, or `FILE::NAME[ROWS]`. Nothing: it is
/// there, and goes through rows of a table that begin so.
fn missing(named: &str, source: impl FnOnce(&str) -> Option<String>) -> Option<&'static str> {
    let (named, rows) = match named.strip_suffix(']').and_then(|it| it.split_once('[')) {
        Some((named, rows)) => (named, Some(rows)),
        None => (named, None),
    };
    let Some((path, name)) = named.split_once("::") else {
        return Some("no FILE::NAME");
    };
    let Some(text) = source(path) else {
        return Some("no such file");
    };
    if !tests(&text).iter().any(|test| test == name) {
        return Some("no such test in it");
    }
    match rows {
        Some(rows) if !reach(&text, name).contains(&format!("\"{rows} ")) => {
            Some("no row of its begins so")
        }
        _ => None,
    }
}

#[test]
fn every_requirement_names_its_proof_or_says_why_there_is_none() {
    let mut sources: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut complaints = Vec::new();
    for (file, says) in FILES {
        let path = root().join(FOLDER).join(file);
        let text = std::fs::read_to_string(path).expect("the requirements");
        let table = read(&text).unwrap_or_else(|unread| panic!("{file}: {unread}"));
        assert!(table.rows.len() > 50, "the rows of {file} were not found");
        let mut of_file = breaches(&table, says);
        for row in &table.rows {
            for named in row.texts("test") {
                let source = |path: &str| {
                    let read = || std::fs::read_to_string(root().join(path)).ok();
                    sources.entry(path.to_owned()).or_insert_with(read).clone()
                };
                if let Some(problem) = missing(named, source) {
                    of_file.push(format!("line {}: {named}: {problem}", row.line));
                }
            }
        }
        // The name of a test cannot be broken.
        for (number, line) in (1..).zip(text.lines()) {
            if line.chars().count() > LINE_COLUMNS_MAX && !line.starts_with("  \"") {
                of_file.push(format!(
                    "line {number}: longer than {LINE_COLUMNS_MAX} columns"
                ));
            }
        }
        complaints.extend(
            of_file
                .iter()
                .map(|complaint| format!("{file}: {complaint}")),
        );
    }
    none_of(&complaints);
}

/// Two sections with three rows, one of them a gap.
fn good() -> String {
    let mut text = "# Words.\n\ngaps_max = 1\n\n[rows]\nB = 2\nA = 1\n".to_owned();
    for (id, proof) in [
        (
            "B-01",
            "test = [\n  \"a.rs::one\",\n  \"a.rs::two[B-01]\",\n]",
        ),
        ("B-01/part", "waits = \"because\""),
        ("A-10", "gap = \"because\""),
    ] {
        let row = format!("\n[[row]]\nid = \"{id}\"\nclause = \"c\"\nrule = \"r\"\n{proof}\n");
        text.write_str(&row).expect("text takes text");
    }
    text
}

fn judged(text: &str) -> Vec<String> {
    match read(text) {
        Ok(table) => breaches(&table, ["clause", "rule"]),
        Err(unread) => vec![unread],
    }
}

#[test]
fn each_breach_of_a_table_is_told() {
    assert_eq!(judged(&good()), Vec::<String>::new());
    for (old, new, told) in [
        ("gaps_max = 1", "gaps_max = 2", "gaps_max is Some(2)"),
        ("gaps_max = 1", "gaps_max = 0", "gaps_max is Some(0)"),
        ("gaps_max = 1\n", "", "gaps_max is None"),
        ("gaps_max = 1", "gaps_max = one", "cannot be read"),
        ("B = 2", "B = 3", "has 2 rows, not the 3"),
        ("B = 2\nA = 1", "B = 2", "\"A-10\" is no id"),
        ("B = 2\nA = 1", "A = 1\nB = 2", "not where its order"),
        ("id = \"B-01/part\"", "id = \"B-01\"", "not where its order"),
        ("B-01/part", "B-01/Part", "is no id"),
        ("B-01/part", "B-01/", "is no id"),
        ("B-01/part", "B-1", "is no id"),
        ("rule = \"r\"\nwaits", "waits", "B-01/part has"),
        (
            "rule = \"r\"\nwaits",
            "rule = \"r\"\ngap = \"x\"\nwaits",
            "B-01/part has",
        ),
        ("waits = \"because\"\n", "", "B-01/part has"),
        ("waits = \"because\"", "waits = \"\"", "cannot be read"),
        (
            "waits = \"because\"",
            "hopes = \"because\"",
            "B-01/part has",
        ),
        (
            "waits = \"because\"",
            "waits = [\n  \"a\",\n  \"b\",\n]",
            "is not one text",
        ),
        ("waits = \"because\"", "waits = [\n]", "is not one text"),
        ("  \"a.rs::one\",", "\"a.rs::one\",", "cannot be read"),
        ("clause = \"c\"", "clause=\"c\"", "cannot be read"),
        ("[[row]]", "[row]", "cannot be read"),
    ] {
        let text = good().replacen(old, new, 1);
        assert_ne!(text, good(), "{old}");
        let complaints = judged(&text);
        assert!(
            complaints.iter().any(|complaint| complaint.contains(told)),
            "{new:?}: {complaints:?}"
        );
    }
}

#[test]
fn only_a_test_that_is_there_is_a_proof() {
    let text = "
        const ROWS: &[&str] = &[
            \"B-02 } a row\",
        ];
        const OTHERS: [&str; 1] = [\"B-03 a row\"];
        #[test]
        fn one() {}
        #[tokio::test(start_paused = true)]
        // It waits, and has no OTHERS.
        async fn two() { let rows = [\"B-01 a row\"]; helper(); }
        fn helper() {
            for row in ROWS {}
        }
        // #[test] fn gone() {}
        const TEXT: &str = \"
        #[test]
        fn quoted() {}\";
        #[expect(dead_code)]
        fn other() {}";
    assert_eq!(tests(text), ["one", "two"]);
    let source = |path: &str| (path == "a.rs").then(|| text.to_owned());
    for (named, problem) in [
        ("a.rs::one", None),
        ("a.rs::two[B-01]", None),
        ("a.rs::two[B-02]", None),
        ("a.rs::two[B-0]", Some("no row of its begins so")),
        ("a.rs::two[B-03]", Some("no row of its begins so")),
        ("a.rs::one[B-01]", Some("no row of its begins so")),
        ("a.rs::helper", Some("no such test in it")),
        ("a.rs::gone", Some("no such test in it")),
        ("a.rs::quoted", Some("no such test in it")),
        ("b.rs::one", Some("no such file")),
        ("a.rs", Some("no FILE::NAME")),
    ] {
        assert_eq!(missing(named, source), problem, "{named}");
    }
}
