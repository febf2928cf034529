use proptest::prelude::*;

use super::*;
use crate::{BoundTo, DetailType};

fn account(id: &str) -> Resource {
    Resource {
        kind: ResourceKind::parse("account").expect("valid"),
        id: ResourceId::parse(id).expect("valid"),
    }
}

fn bound(value: BoundTo) -> BoundValue {
    BoundValue {
        detail: DetailType::parse("funds_check").expect("valid"),
        member: "payee".to_owned(),
        value,
    }
}

#[test]
fn printed_they_name_neither_the_customer_nor_what_is_theirs() {
    let values = [
        BoundTo::Text("han-meimei".to_owned()),
        BoundTo::Account(account("acc-private")),
        BoundTo::Money {
            amount: "3000.00".to_owned(),
            currency: *b"CNY",
        },
    ];
    let terms = Terms {
        customer: "li-lei".into(),
        clusters: [ClusterId::parse("balance").expect("valid")].into(),
        resources: [account("acc-private")].into(),
        bound: values.map(bound).into(),
        ..Drawn::default().terms()
    };
    let shown = format!("{terms:?} {:?} {:?}", terms.bound, terms.resources);
    for said in ["balance", "account", "payee", "Money"] {
        assert!(shown.contains(said), "{shown}");
    }
    for hidden in ["li-lei", "acc-private", "han-meimei", "3000", "CNY", "67"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[test]
fn terms_are_live_then_paused_then_over_each_from_its_instant_on() {
    let at = |second| Timestamp::from_second(second).expect("in range");
    let terms = Terms {
        reauth_at: Some(at(100)),
        expires: at(200),
        ..Drawn::default().terms()
    };
    for (second, standing) in [
        (99, TermsStanding::Live),
        (100, TermsStanding::Paused),
        (199, TermsStanding::Paused),
        (200, TermsStanding::Over),
    ] {
        assert_eq!(terms.standing(at(second)), standing, "{second}");
    }
    let never = Terms {
        reauth_at: None,
        ..terms.clone()
    };
    assert_eq!(never.standing(at(199)), TermsStanding::Live);
    let at_its_end = Terms {
        reauth_at: Some(at(200)),
        ..terms
    };
    assert_eq!(at_its_end.standing(at(199)), TermsStanding::Live);
    assert_eq!(at_its_end.standing(at(200)), TermsStanding::Over);
}

/// Terms of few choices, so that of two of them one is often within the other. Of what is chosen
/// from, a bit each; of days, 0 is none.
#[derive(Debug, Clone, Copy, Default)]
struct Drawn {
    clusters: u8,
    resources: u8,
    bound: u8,
    purpose: u8,
    per_day: u32,
    first: i8,
    last: i8,
    expires: i64,
}

/// Which of a few are chosen.
fn chosen(bits: u8) -> impl Iterator<Item = u8> {
    (0..3).filter(move |bit| bits & (1 << bit) != 0)
}

fn day(number: i8) -> Option<Date> {
    (number > 0).then(|| Date::constant(2026, 1, number))
}

impl Drawn {
    fn terms(self) -> Terms {
        let cluster = |bit: u8| ClusterId::parse(&format!("cluster-{bit}")).expect("valid");
        let purpose = PurposeId::parse(&format!("purpose-{}", self.purpose)).expect("valid");
        Terms {
            id: ConsentId::parse("g").expect("valid"),
            customer: "li-lei".into(),
            clusters: chosen(self.clusters).map(cluster).collect(),
            resources: chosen(self.resources)
                .map(|bit| account(&bit.to_string()))
                .collect(),
            purpose: Some(purpose),
            per_day_unattended: self.per_day,
            data_from: day(self.first),
            data_until: day(self.last),
            bound: chosen(self.bound)
                .map(|bit| bound(BoundTo::Text(bit.to_string())))
                .collect(),
            authorised_at: Timestamp::UNIX_EPOCH,
            reauth_at: None,
            expires: Timestamp::from_second(self.expires).expect("in range"),
        }
    }

    /// These, but for what the mask takes from others.
    fn mixed(self, others: Self, mask: u8) -> Self {
        let takes = |bit: u8| mask & (1 << bit) != 0;
        let (a, b) = (self, others);
        Self {
            clusters: if takes(0) { b.clusters } else { a.clusters },
            resources: if takes(1) { b.resources } else { a.resources },
            bound: if takes(2) { b.bound } else { a.bound },
            purpose: if takes(3) { b.purpose } else { a.purpose },
            per_day: if takes(4) { b.per_day } else { a.per_day },
            first: if takes(5) { b.first } else { a.first },
            last: if takes(6) { b.last } else { a.last },
            expires: if takes(7) { b.expires } else { a.expires },
        }
    }

    /// Whether it lets one ask for data of this kind and day of this account, after so many times,
    /// held to this bound value, for this purpose.
    fn covers(self, bit: u8, day: i8, times: u32, purpose: u8) -> bool {
        let is_day = (self.first == 0 || self.first <= day) && (self.last == 0 || day <= self.last);
        let has = |bits: u8| bits & (1 << bit) != 0;
        let is_asked = has(self.clusters) || has(self.resources) || has(self.bound);
        is_asked && is_day && times < self.per_day && purpose == self.purpose
    }
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let chosen = (0_u8..8, 0_u8..8, 0_u8..4, 0_u8..2);
    (chosen, 0_u32..3, 0_i8..4, 0_i8..4, 0_i64..3).prop_map(
        |(chosen, per_day, first, last, expires)| Drawn {
            clusters: chosen.0,
            resources: chosen.1,
            bound: chosen.2,
            purpose: chosen.3,
            per_day,
            first,
            last,
            expires,
        },
    )
}

proptest! {
    #[test]
    fn what_is_within_covers_nothing_that_the_others_do_not(
        own in drawn(), others in drawn(), mask in any::<u8>(),
    ) {
        let own = own.mixed(others, mask);
        if own.terms().is_within(&others.terms()) {
            for bit in 0..3 {
                for (day, times) in [(1, 0), (1, 1), (2, 0), (3, 1), (4, 0)] {
                    for purpose in [0, 1] {
                        let is_covered = own.covers(bit, day, times, purpose);
                        let by_others = others.covers(bit, day, times, purpose);
                        prop_assert!(!is_covered || by_others, "{own:?} {others:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_takes_away_is_within_and_what_it_was_taken_from_is_not(
        full in drawn(), mask in any::<u8>(),
    ) {
        let less = Drawn {
            clusters: full.clusters & mask,
            resources: full.resources & (mask >> 3),
            per_day: full.per_day.saturating_sub(u32::from(mask >> 7)),
            first: if mask & 1 == 0 { full.first } else { full.first + 1 },
            last: if mask & 2 == 0 || full.last < 2 { full.last } else { full.last - 1 },
            ..full
        };
        prop_assert!(less.terms().is_within(&full.terms()));
        let is_same = less.terms() == full.terms();
        prop_assert_eq!(full.terms().is_within(&less.terms()), is_same);
    }
}

#[test]
fn who_when_and_how_it_was_proved_does_not_widen_but_whose_and_what_for_does() {
    let terms = Drawn::default().terms();
    let later = Terms {
        authorised_at: Timestamp::MAX,
        reauth_at: Some(Timestamp::MAX),
        expires: Timestamp::MAX,
        ..terms.clone()
    };
    assert!(later.is_within(&terms));
    let another = Terms {
        id: ConsentId::parse("h").expect("valid"),
        ..terms.clone()
    };
    let anothers = Terms {
        customer: "han-meimei".into(),
        ..terms.clone()
    };
    let aimless = Terms {
        purpose: None,
        ..terms.clone()
    };
    let wider = Terms {
        bound: vec![bound(BoundTo::Text("more".to_owned()))],
        ..terms.clone()
    };
    for other in [another, anothers, aimless, wider] {
        assert!(!other.is_within(&terms));
        assert!(!terms.is_within(&other));
    }
}
