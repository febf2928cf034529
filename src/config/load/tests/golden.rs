//! Mistakes as they are printed, one file in `golden/` each. To write them anew, set
//! `MORTISE_GOLDEN=write` and read the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::fixture::{FX, Fixture, MINIMAL};
use crate::{Code, Mistakes};

mod across;
mod blocks;
mod consent;
mod fetch;
mod files;
mod grants;
mod hidden;
mod issuers;
mod operators;
mod pages;
mod partners;
mod parts;
mod rooms;
mod text;
mod written;

/// A mistake, seeded.
struct Case {
    name: &'static str,
    /// What is written instead of the shortest configuration.
    text: &'static str,
    /// What is replaced in it.
    edits: &'static [(&'static str, &'static str)],
    /// What is replaced in files beside it; where nothing is replaced, the file is new.
    files: &'static [(&'static str, &'static str, &'static str)],
    /// The file that `parts/a.yaml` is.
    part: &'static str,
}

const fn edit(name: &'static str, edits: &'static [(&'static str, &'static str)]) -> Case {
    with_part(name, edits, "")
}

/// An edit of a file beside it.
const fn api(
    name: &'static str,
    files: &'static [(&'static str, &'static str, &'static str)],
) -> Case {
    Case {
        files,
        ..edit(name, &[])
    }
}

/// Another text altogether.
const fn instead(name: &'static str, text: &'static str) -> Case {
    Case {
        text,
        ..edit(name, &[])
    }
}

/// A file that includes another.
const fn with_part(
    name: &'static str,
    edits: &'static [(&'static str, &'static str)],
    part: &'static str,
) -> Case {
    Case {
        name,
        text: MINIMAL,
        edits,
        files: &[],
        part,
    }
}

impl Case {
    const fn with(self, edits: &'static [(&'static str, &'static str)]) -> Self {
        Self { edits, ..self }
    }

    /// The mistakes that it has, and what it is loaded from.
    fn mistakes(&self) -> (Fixture, Mistakes) {
        let fixture = Fixture::new();
        for (name, old, new) in self.files {
            let path = fixture.path(name);
            let text = if old.is_empty() {
                (*new).to_owned()
            } else {
                let text = std::fs::read_to_string(&path).expect("a file of the fixture");
                assert!(text.contains(old), "{}: `{old}` is not there", self.name);
                text.replace(old, new)
            };
            fixture.write(name, text);
        }
        if !self.part.is_empty() {
            fixture.write("parts/a.yaml", self.part);
        }
        let mut text = self.text.to_owned();
        for (old, new) in self.edits {
            assert!(text.contains(old), "{}: `{old}` is not there", self.name);
            text = text.replace(old, new);
        }
        match fixture.load(text) {
            Ok(_) => panic!("{} is no mistake", self.name),
            Err(mistakes) => (fixture, mistakes),
        }
    }
}

/// A secret that is longer than any.
static LONG: &str = {
    static BYTES: [u8; (64 << 10) + 1] = [b'a'; (64 << 10) + 1];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "",
    }
};
/// Lists in lists.
static DEEP: &str = {
    static BYTES: [u8; 10_000] = [b'['; 10_000];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "",
    }
};

const FX_FILE: &str = "apis/fx.yaml";

fn all() -> impl Iterator<Item = &'static Case> {
    [
        written::CASES,
        across::CASES,
        consent::CASES,
        fetch::CASES,
        files::CASES,
        grants::CASES,
        hidden::CASES,
        issuers::CASES,
        operators::CASES,
        pages::CASES,
        partners::CASES,
        blocks::CASES,
        rooms::CASES,
        parts::CASES,
        text::CASES,
    ]
    .into_iter()
    .flatten()
}

#[test]
fn every_kind_of_mistake_is_printed_as_agreed() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let write = std::env::var_os("MORTISE_GOLDEN").is_some();
    let mut different = Vec::new();
    for case in all() {
        let (fixture, mistakes) = case.mistakes();
        let printed = fixture.without_folder(&mistakes.render(false, 100));
        let path = golden.join(format!("{}.txt", case.name));
        if write {
            std::fs::write(&path, &printed).expect("written");
        }
        let agreed = std::fs::read_to_string(&path).unwrap_or_default();
        if agreed != printed {
            different.push(format!("--- {}\n{printed}", case.name));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// CF-01 and CF-15: every kind of mistake that a file can have is seeded; of each kind at most
/// eight are counted.
#[test]
fn more_than_eighty_mistakes_of_every_kind_are_seeded() {
    let mut seeded: BTreeMap<Code, Vec<&str>> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for case in all() {
        assert!(names.insert(case.name), "{} is seeded twice", case.name);
        let (_, mistakes) = case.mistakes();
        let first = mistakes.iter().next().expect("a mistake");
        seeded.entry(first.code).or_default().push(case.name);
    }
    let counted: usize = seeded.values().map(|names| names.len().min(8)).sum();
    assert!(counted >= 80, "{counted}: {seeded:#?}");
    for code in Code::ALL {
        let count = seeded.get(&code).map_or(0, Vec::len);
        let wanted = if code == Code::Fault {
            0..=0
        } else {
            2..=usize::MAX
        };
        assert!(wanted.contains(&count), "{code:?}: {count}: {seeded:#?}");
    }
}

#[test]
fn ten_mistakes_in_two_files_are_ten() {
    let case = all().find(|case| case.name == "ten-mistakes");
    let (_, mistakes) = case.expect("the case").mistakes();
    assert_eq!((mistakes.count(), mistakes.files()), (10, 2), "{mistakes}");
    let lines: BTreeSet<_> = mistakes.iter().map(|m| (&m.file, m.line)).collect();
    assert_eq!(lines.len(), 10, "{mistakes}");
}

#[test]
fn no_golden_file_is_left_over_and_each_tells_a_mistake() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    for entry in std::fs::read_dir(golden).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a name");
        assert!(all().any(|case| case.name == name), "{name} has no case");
        let text = std::fs::read_to_string(&path).expect("a text");
        assert!(text.starts_with("error: "), "{name}: {text}");
        assert!(!text.contains("bXktc2VjcmV0"), "{name} shows a secret");
    }
    assert!(FX.contains("x-mortise-class"));
}
