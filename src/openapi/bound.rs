//! Bounds: what of a request was consented to, value by value, in authorization details.

/// The longest name of a member, in bytes.
const MEMBER_BYTES_MAX: usize = 64;

/// What a part of a request is held to (`x-mortise-bound`): a member of the authorization details
/// of the operation's type, as the customer consented to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// It says what this member says: `same account`.
    Same(String),
    /// It is money of the currency of this member, and at most as much: `at-most max_amount`. In a
    /// body it is an object of the texts `currency` (ISO 4217) and `value` (a decimal).
    AtMost(String),
}

impl Bound {
    /// Reads the mark: a word, a space, and the name of a member.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (word, member) = text.split_once(' ')?;
        let is_name = (1..=MEMBER_BYTES_MAX).contains(&member.len())
            && member
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let member = is_name.then(|| member.to_owned())?;
        match word {
            "same" => Some(Self::Same(member)),
            "at-most" => Some(Self::AtMost(member)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_a_word_and_a_member() {
        assert_eq!(
            Bound::parse("same account"),
            Some(Bound::Same("account".to_owned()))
        );
        assert_eq!(
            Bound::parse("at-most maxAmount"),
            Some(Bound::AtMost("maxAmount".to_owned()))
        );
        for text in [
            "",
            "same",
            "same ",
            "same  account",
            "Same account",
            "same account ",
            "at_most a",
            "at-most a b",
            "same a\"",
            "same \u{e9}",
            &format!("same {}", "a".repeat(65)),
        ] {
            assert_eq!(Bound::parse(text), None, "{text}");
        }
    }
}
