//! The checkout as text.

use std::fs;
use std::path::{Path, PathBuf};

/// One file: its path from the root, and its text.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// The text up to the first unit-test module.
    pub(crate) fn without_tests(&self) -> &str {
        match self.text.find("\n#[cfg(test)]\nmod ") {
            Some(at) => &self.text[..at],
            None => &self.text,
        }
    }

    /// Whether the file holds nothing but tests. The bench is a program.
    pub(crate) fn is_tests(&self) -> bool {
        (self.path.starts_with("tests/") && !self.path.starts_with("tests/bench/"))
            || self.path.ends_with("/tests.rs")
            || self.path.contains("/tests/")
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the checkout")
}

/// All files below a folder of the checkout with this ending, sorted by path.
pub(crate) fn sources(below: &str, ending: &str) -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    walk(&root.join(below), &mut |path| {
        let name = path.to_string_lossy();
        if name.ends_with(ending) {
            let text = fs::read_to_string(path).expect("a readable file");
            let path = path.strip_prefix(&root).expect("below the root");
            found.push(Source {
                path: path.to_string_lossy().into_owned(),
                text,
            });
        }
    });
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if ["target", ".git", "node_modules"]
            .iter()
            .any(|skipped| name == *skipped)
        {
            continue;
        }
        if path.is_dir() {
            walk(&path, visit);
        } else {
            visit(&path);
        }
    }
}

/// The rooms: the folders of `src`.
pub(crate) fn rooms() -> Vec<String> {
    let mut rooms: Vec<String> = fs::read_dir(root().join("src"))
        .expect("src")
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    rooms.sort();
    rooms
}

/// Fails with every complaint at once.
pub(crate) fn none_of(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
