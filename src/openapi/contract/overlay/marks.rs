//! Marks that an overlay adds, or makes stricter.

use serde_json::{Map, Value};

use super::Tighten;
use crate::marks::{
    AUTHENTICATION, BOUND, CLASS, CLUSTER, Class, DATE, DETAILS, EFFECT, EffectMark, IDEMPOTENT,
    NONE, RESOURCE,
};
use crate::problem::quoted;
use crate::reference::Site;

impl Tighten {
    /// Adds a mark where there is none, or puts a stricter one in its place. Whether it is a mark,
    /// and well written, is seen when the document is read.
    pub(super) fn mark(&mut self, members: &mut Map<String, Value>, key: &str, new: &Site<'_>) {
        let old = members.get(key);
        if old.is_none_or(|old| is_stricter(key, old, new.value)) {
            members.insert(key.to_owned(), new.value.clone());
            return;
        }
        let old = old.map(Value::to_string).unwrap_or_default();
        self.refuse(
            new,
            format!(
                "`{key}` would protect less, or something else, than {}",
                quoted(&old)
            ),
            "an overlay adds a mark, or makes it stricter",
        );
    }
}

/// Whether a mark protects as much as another, and in the same way.
fn is_stricter(key: &str, old: &Value, new: &Value) -> bool {
    if old == new {
        return true;
    }
    let (old, written) = (old.as_str().unwrap_or_default(), new.as_str());
    match key {
        CLASS => {
            let new = written.and_then(Class::parse);
            new.is_some() && new > Class::parse(old)
        }
        EFFECT => {
            let new = written.and_then(EffectMark::parse).map(rank);
            new.is_some() && new > EffectMark::parse(old).map(rank)
        }
        // `none` says that nothing is held to it, or that nobody's data is in it.
        CLUSTER | RESOURCE | BOUND | DATE | DETAILS | AUTHENTICATION => old == NONE,
        IDEMPOTENT => written == Some(NONE),
        _ => false,
    }
}

fn rank(effect: EffectMark) -> u8 {
    match effect {
        EffectMark::None => 0,
        EffectMark::Change => 1,
        EffectMark::Money => 2,
    }
}
