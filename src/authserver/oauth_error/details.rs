//! What is said of authorization details that are not to be had (RFC 9396 §5; ER-04): which of
//! them, where in it, and by which rule.

use crate::request::details::DetailsProblem;

/// Longest place that is named, in characters.
const PLACE_MAX: usize = 120;

/// The `error_description`; `place` is `authorization_details`, one of them, or what is inside it.
pub(super) fn description(problem: DetailsProblem, place: &str) -> String {
    let rule = match problem {
        DetailsProblem::Malformed => {
            "must be a JSON array of 1 to 20 objects within 16384 bytes, at most 8 deep, in which \
             no member stands twice and every number is whole, up to 9007199254740991."
        }
        DetailsProblem::Type => {
            "must have a type that is open to this client: see \
             authorization_details_types_supported."
        }
        DetailsProblem::Schema => {
            "must be as the schema of its type says, without members that it does not name."
        }
        DetailsProblem::Location => {
            "must have as locations, if any, a list of resources that take tokens of this server, \
             with the request's resource among them, or else a listener of the bank's products."
        }
        DetailsProblem::Unshowable => {
            "must fit on the page where customers read it: 50 members of 500 characters with their \
             names, without control and invisible characters, and with single blanks between words."
        }
        DetailsProblem::NotGranted => {
            "must each equal one that the customer approved, and stand as often as there."
        }
        DetailsProblem::NoCustomer => "are approved by a customer: this grant has none.",
        DetailsProblem::Consent => {
            "must go with the scopes that they stand beside, and name no consent but one of this \
             client's that can be given."
        }
    };
    format!("{} {rule}", sayable(place))
}

/// A place as far as an `error_description` may say it (RFC 6749 §5.2): it names the client's own
/// members.
fn sayable(place: &str) -> String {
    let is_sayable = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
    let said = place.chars().map(|c| if is_sayable(c) { c } else { '?' });
    said.take(PLACE_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn er_04_a_place_is_named_in_the_characters_that_a_description_may_have() {
        let said = description(
            DetailsProblem::Schema,
            "authorization_details[1]/a\"b\\c\n名/x",
        );
        assert!(
            said.starts_with("authorization_details[1]/a?b?c??/x must be as"),
            "{said}"
        );
        let long = description(DetailsProblem::Schema, &"x".repeat(1_000));
        assert!(
            long.starts_with(&format!("{} must", "x".repeat(PLACE_MAX))),
            "{long}"
        );
    }
}
