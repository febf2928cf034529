//! What a client may ask customers for, told to whoever takes its wishes before there is a request
//! (RFC 9396 §5): by the very rules that a pushed request is held to.

use jiff::Timestamp;
use model::ports::{ClientRights, NotOpen};
use model::{ClientId, ScopeSet};

use super::agreement::Open;
use super::limits::CARRIED_BYTES_MAX;
use super::{Issuer, shown_until};
use crate::request::details::Details;
use crate::step::scope;

/// What a consent adds to what was asked for, in bytes: the account that its customer chose, in
/// each detail, and its own id.
const ADDED_BYTES_MAX: usize = 2 * 1024;

impl ClientRights for Issuer {
    fn may_have(
        &self,
        client: &ClientId,
        scopes: &ScopeSet,
        details: &str,
        now: Timestamp,
    ) -> Result<(), NotOpen> {
        let client = self.clients.get(client).ok_or(NotOpen::Scope)?;
        let open = Open::at(&client.agreements, now);
        if !scope::is_open(scopes, open) {
            return Err(NotOpen::Scope);
        }
        if details != "[]" {
            let of_all = |_| NotOpen::Details {
                pointer: String::new(),
            };
            let details = Details::parse(details).map_err(of_all)?;
            for (at, detail) in details.iter().enumerate() {
                if let Err(within) = scope::details::fits(self, open, detail) {
                    let pointer = format!("/{at}{within}");
                    return Err(NotOpen::Details { pointer });
                }
            }
        }
        let carried = scopes.to_string().len() + details.len() + ADDED_BYTES_MAX;
        if carried > CARRIED_BYTES_MAX {
            return Err(NotOpen::TooLong);
        }
        Ok(())
    }

    fn pseudonym(&self, subject: &str) -> Option<[u8; 32]> {
        let asking = self.authorization.as_ref()?;
        Some(asking.subjects.pseudonym(subject))
    }

    fn shown_until(&self, now: Timestamp) -> Timestamp {
        shown_until(now)
    }
}
