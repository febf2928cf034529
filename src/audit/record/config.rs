//! Records of configurations: applied, or read and not applied.

use std::borrow::Cow;

use serde::Serialize;

use super::{TEXT_BYTES_MAX, cut};

#[derive(Serialize)]
pub(super) struct ConfigRecord<'a> {
    cfg: u64,
    digest: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Cow<'a, str>>,
}

impl<'a> ConfigRecord<'a> {
    /// The files with this digest came into force as this snapshot.
    pub(super) fn applied(digest: &'a str, snapshot: u64) -> Self {
        Self {
            cfg: snapshot,
            digest: cut(digest, TEXT_BYTES_MAX),
            count: None,
            rule: None,
        }
    }

    /// They did not, for so many reasons and this first of them; this snapshot stayed in force.
    pub(super) fn rejected(digest: &'a str, snapshot: u64, count: u64, rule: &'a str) -> Self {
        Self {
            count: Some(count),
            rule: Some(cut(rule, TEXT_BYTES_MAX)),
            ..Self::applied(digest, snapshot)
        }
    }
}
