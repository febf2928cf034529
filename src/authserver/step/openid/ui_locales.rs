//! Step: in which language the customer had better be asked (OIDC Core §3.1.2.1).

use crate::step::form::Parameters;

/// The most tags of `ui_locales` that are kept, and the characters of each (RFC 5646 §4.4.1).
const LOCALES_MAX: usize = 8;
const TAG_CHARS_MAX: usize = 35;

/// The first tags of the client's wish that are any. What is none, or too much, is passed over: it
/// is no reason to turn a customer away.
pub(crate) fn wished(form: &Parameters) -> Option<String> {
    let is_tag = |tag: &&str| {
        (1..=TAG_CHARS_MAX).contains(&tag.len())
            && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let tags = form.get("ui_locales")?.split(' ').filter(is_tag);
    let kept: Vec<&str> = tags.take(LOCALES_MAX).collect();
    (!kept.is_empty()).then(|| kept.join(" "))
}
