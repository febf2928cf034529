//! The record of a change of signing keys.

use std::borrow::Cow;

use serde::Serialize;

use super::{WORD_BYTES_MAX, cut};

/// `key.rotate`: what is done, with which key. Never the key itself.
#[derive(Serialize)]
pub(super) struct KeyRecord<'a> {
    #[serde(rename = "use")]
    key_use: &'a str,
    action: &'a str,
    kid: Cow<'a, str>,
}

impl<'a> KeyRecord<'a> {
    pub(super) fn of(key_use: &'a str, action: &'a str, kid: &'a str) -> Self {
        let kid = cut(kid, WORD_BYTES_MAX);
        Self {
            key_use,
            action,
            kid,
        }
    }
}
