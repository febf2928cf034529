//! The states of a consent, and the edges between them: one table, which everybody asks.

use jiff::SignedDuration;

words! {
    /// Where a consent stands.
    ConsentState, 9 {
        /// A partner asked for it; its customer has not come yet.
        Requested = "requested",
        /// The customer reads what is asked for.
        Reviewing = "reviewing",
        /// The customer allowed it and proves who they are once more.
        Confirming = "confirming",
        /// It is in force.
        Authorised = "authorised",
        /// It was declined, or the proof failed too often.
        Refused = "refused",
        /// Nobody decided in time.
        Lapsed = "lapsed",
        /// It was in force until the end that its customer read.
        Expired = "expired",
        /// It was in force until somebody withdrew it.
        Withdrawn = "withdrawn",
        /// It was in force until another took its place.
        Superseded = "superseded",
    }
}

words! {
    /// What is done to a consent. To make one is no edge.
    Edge, 11 {
        /// The customer comes.
        Open = "open",
        /// The customer allows it, before the second factor.
        Allow = "allow",
        /// The customer takes more time.
        Extend = "extend",
        /// The customer, the partner or the bank declines.
        Refuse = "refuse",
        /// The second factor failed too often.
        Lock = "lock",
        /// The time to decide is over.
        Lapse = "lapse",
        /// The customer has consented.
        Authorise = "authorise",
        /// The customer has consented once more, to nothing that is wider.
        Renew = "renew",
        /// Its end has come.
        Expire = "expire",
        /// Somebody who may takes it back.
        Withdraw = "withdraw",
        /// Another takes its place.
        Supersede = "supersede",
    }
}

/// How often a customer may take more time to decide.
pub const EXTENSIONS_MAX: u8 = 2;

/// Within what time of its making a consent is decided, or lapses: 15 minutes, and twice 15 more.
pub const DECIDED_WITHIN: SignedDuration = SignedDuration::from_mins(45);

/// From which state which edge leads where. What is not here is not possible; no edge leaves a
/// state that is an end.
const TABLE: [(ConsentState, Edge, ConsentState); 18] = {
    use ConsentState as S;
    use Edge as E;
    [
        (S::Requested, E::Open, S::Reviewing),
        (S::Requested, E::Refuse, S::Refused),
        (S::Requested, E::Lapse, S::Lapsed),
        (S::Reviewing, E::Allow, S::Confirming),
        (S::Reviewing, E::Extend, S::Reviewing),
        (S::Reviewing, E::Refuse, S::Refused),
        (S::Reviewing, E::Lapse, S::Lapsed),
        // No second factor is asked for.
        (S::Reviewing, E::Authorise, S::Authorised),
        (S::Confirming, E::Extend, S::Confirming),
        (S::Confirming, E::Refuse, S::Refused),
        (S::Confirming, E::Lock, S::Refused),
        (S::Confirming, E::Lapse, S::Lapsed),
        (S::Confirming, E::Authorise, S::Authorised),
        (S::Authorised, E::Renew, S::Authorised),
        // Its customer does not renew it: it stays as it is.
        (S::Authorised, E::Refuse, S::Authorised),
        (S::Authorised, E::Expire, S::Expired),
        (S::Authorised, E::Withdraw, S::Withdrawn),
        (S::Authorised, E::Supersede, S::Superseded),
    ]
};

/// A state has no such edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("from {} no edge {} leads anywhere", from.as_str(), edge.as_str())]
pub struct NoEdge {
    /// The state.
    pub from: ConsentState,
    /// The edge.
    pub edge: Edge,
}

impl ConsentState {
    /// The state after an edge.
    pub fn after(self, edge: Edge) -> Result<Self, NoEdge> {
        let found = TABLE
            .iter()
            .find(|(from, by, _)| (*from, *by) == (self, edge));
        found
            .map(|(_, _, to)| *to)
            .ok_or(NoEdge { from: self, edge })
    }

    /// Whether nothing comes after it.
    pub fn is_end(self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Lapsed | Self::Expired | Self::Withdrawn | Self::Superseded
        )
    }

    /// Whether it waits for somebody's decision.
    pub fn is_undecided(self) -> bool {
        matches!(self, Self::Requested | Self::Reviewing | Self::Confirming)
    }
}

/// Why tokens that have not expired are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// They, or their grant, were revoked.
    Revoked,
    /// The consent was withdrawn.
    Withdrawn,
    /// The consent came to its end.
    Expired,
    /// Another consent took the place of theirs.
    Superseded,
}

impl Why {
    /// Why the tokens of a consent in this state are; `None` of one that was never in force, or is.
    pub fn of(state: ConsentState) -> Option<Self> {
        match state {
            ConsentState::Withdrawn => Some(Self::Withdrawn),
            ConsentState::Expired => Some(Self::Expired),
            ConsentState::Superseded => Some(Self::Superseded),
            ConsentState::Requested
            | ConsentState::Reviewing
            | ConsentState::Confirming
            | ConsentState::Authorised
            | ConsentState::Refused
            | ConsentState::Lapsed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row each state, a column each edge, both in the order of `ALL`: where it leads, by the
    /// state's first three letters.
    const PICTURE: &str = "
        requested  rev --- --- ref --- lap --- --- --- --- ---
        reviewing  --- con rev ref --- lap aut --- --- --- ---
        confirming --- --- con ref ref lap aut --- --- --- ---
        authorised --- --- --- aut --- --- --- aut exp wit sup
        refused    --- --- --- --- --- --- --- --- --- --- ---
        lapsed     --- --- --- --- --- --- --- --- --- --- ---
        expired    --- --- --- --- --- --- --- --- --- --- ---
        withdrawn  --- --- --- --- --- --- --- --- --- --- ---
        superseded --- --- --- --- --- --- --- --- --- --- ---
    ";

    #[test]
    fn every_state_has_the_edges_of_the_picture_and_no_others() {
        let rows: Vec<Vec<&str>> = PICTURE
            .lines()
            .map(|line| line.split_whitespace().collect())
            .filter(|row: &Vec<&str>| !row.is_empty())
            .collect();
        assert_eq!(rows.len(), ConsentState::ALL.len());
        let mut pairs = 0;
        for (row, from) in rows.iter().zip(ConsentState::ALL) {
            assert_eq!(row[0], from.as_str());
            assert_eq!(row.len(), 1 + Edge::ALL.len());
            for (expected, edge) in row[1..].iter().zip(Edge::ALL) {
                let shown = match from.after(edge) {
                    Ok(to) => &to.as_str()[..3],
                    Err(no) => {
                        assert_eq!(no, NoEdge { from, edge });
                        "---"
                    }
                };
                assert_eq!(shown, *expected, "{from:?} {edge:?}");
                pairs += 1;
            }
        }
        assert_eq!(pairs, 99);
    }

    #[test]
    fn what_is_an_end_has_no_edge_and_what_is_none_has_one() {
        for state in ConsentState::ALL {
            let has_edge = Edge::ALL.iter().any(|edge| state.after(*edge).is_ok());
            assert_eq!(has_edge, !state.is_end(), "{state:?}");
            let lapses = state.after(Edge::Lapse).is_ok();
            assert_eq!(lapses, state.is_undecided(), "{state:?}");
        }
    }

    #[test]
    fn each_end_of_what_was_in_force_says_why() {
        for state in ConsentState::ALL {
            let was_in_force = Edge::ALL
                .iter()
                .any(|edge| ConsentState::Authorised.after(*edge) == Ok(state) && state.is_end());
            assert_eq!(Why::of(state).is_some(), was_in_force, "{state:?}");
        }
    }

    #[test]
    fn every_word_is_one_of_a_kind_each_way() {
        for state in ConsentState::ALL {
            assert_eq!(ConsentState::parse(state.as_str()), Some(state));
        }
        for edge in Edge::ALL {
            assert_eq!(Edge::parse(edge.as_str()), Some(edge));
        }
        assert_eq!(ConsentState::parse("consumed"), None);
        assert_eq!(Edge::parse("lodge"), None);
    }
}
