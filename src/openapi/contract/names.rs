//! The names that referred schemas have once they are taken out of their document.

use std::collections::{BTreeMap, HashSet, VecDeque};

use crate::reference::Site;

/// The most schemas that one bundle refers to.
pub(super) const REFERRED_MAX: usize = 1_000;
/// The longest name in `$defs`, in bytes, before a number.
const NAME_BYTES_MAX: usize = 64;

/// The names that referred schemas have in `$defs`.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// Where a schema stands in the document → its name.
    pub(super) by_pointer: BTreeMap<String, String>,
    taken: HashSet<String>,
    /// Those whose schema is still to be taken out.
    pub(super) pending: VecDeque<(String, Site<'a>)>,
}

impl<'a> Names<'a> {
    /// The reference to a schema, which is taken out too.
    pub(super) fn reference(&mut self, site: Site<'a>) -> String {
        if let Some(name) = self.by_pointer.get(&site.pointer) {
            return format!("#/$defs/{name}");
        }
        let name = self.free_name(&site.pointer);
        self.taken.insert(name.clone());
        self.by_pointer.insert(site.pointer.clone(), name.clone());
        let reference = format!("#/$defs/{name}");
        // Beyond the limit nothing more is read: the bundle is refused.
        if self.by_pointer.len() <= REFERRED_MAX {
            self.pending.push_back((name, site));
        }
        reference
    }

    fn free_name(&self, pointer: &str) -> String {
        let last = pointer.rsplit('/').next().unwrap_or_default();
        let mut name: String = last
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
            .take(NAME_BYTES_MAX)
            .collect();
        if name.is_empty() {
            name.push_str("schema");
        }
        if !self.taken.contains(&name) {
            return name;
        }
        // One of them is free: fewer are taken.
        let numbered = (2..=self.taken.len() + 2).map(|number| format!("{name}_{number}"));
        let mut numbered = numbered;
        let free = numbered.find(|name| !self.taken.contains(name));
        free.unwrap_or(name)
    }
}
