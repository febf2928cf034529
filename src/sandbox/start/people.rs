//! The model bank's people as cards: who they are, what they hold, what each is for. All of it is
//! read from what the bank itself goes by.

use serde::Serialize;

use web::Language;

use crate::bank::{Holder, PEOPLE, Person, State};

/// From how many movements a day on an account is one of many pages.
const MANY_A_DAY: u32 = 20;

/// One person.
#[derive(Debug, Serialize)]
pub(super) struct Card {
    pub(super) user_name: &'static str,
    name: &'static str,
    holds: Vec<&'static str>,
    pub(super) traits: Vec<&'static str>,
}

/// Everybody, in the bank's order.
pub(super) fn cards(language: Language) -> Vec<Card> {
    let all = PEOPLE.iter();
    all.map(|person| Card::of(person, language)).collect()
}

impl Card {
    fn of(person: &Person, language: Language) -> Self {
        let zh = language == Language::ZhCn;
        let said = |words: crate::bank::Words| if zh { words.zh } else { words.en };
        let holds = person.holds.iter();
        Self {
            user_name: person.user_name,
            name: said(person.name),
            holds: holds.map(|one| said(one.kind.name(one.holder))).collect(),
            traits: traits(person)
                .into_iter()
                .map(|(en, zh_cn)| if zh { zh_cn } else { en })
                .collect(),
        }
    }
}

/// What is unlike with others; for whom nothing is, that.
fn traits(person: &Person) -> Vec<(&'static str, &'static str)> {
    let any = |test: fn(&crate::bank::Holding) -> bool| person.holds.iter().any(test);
    let all = [
        (
            !person.may_log_in,
            ("Too young: log-in is refused.", "未成年：无法登录。"),
        ),
        (
            person.fails > 0,
            (
                "The right password and the right code are taken for wrong twice; the third time \
                 is good.",
                "密码和验证码即使正确，前两次也会被判错，第三次通过。",
            ),
        ),
        (
            any(|one| one.holder == Holder::Joint),
            (
                "One account is shared with somebody: it cannot be chosen.",
                "有一个联名账户：不能选择。",
            ),
        ),
        (
            any(|one| one.state == State::Frozen),
            (
                "One account is frozen: it cannot be chosen.",
                "有一个冻结账户：不能选择。",
            ),
        ),
        (
            any(|one| one.habit.a_day.0 >= MANY_A_DAY),
            (
                "Ten thousand payments, on many pages.",
                "一万笔收支，分为很多页。",
            ),
        ),
        (
            person.holds.len() == 1,
            ("One account only.", "只有一个账户。"),
        ),
    ];
    let found: Vec<_> = all
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, say)| say)
        .collect();
    if found.is_empty() {
        return vec![("Everything is well.", "一切正常。")];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CUSTOMERS;

    #[test]
    fn everybody_who_can_be_logged_in_as_has_a_card_with_a_trait_in_both_languages() {
        for language in Language::ALL {
            let cards = cards(language);
            let names: Vec<_> = cards.iter().map(|card| card.user_name).collect();
            assert_eq!(names, CUSTOMERS);
            assert!(cards.iter().all(|card| !card.traits.is_empty()));
        }
    }

    #[test]
    fn what_a_person_is_for_is_told_of_them_alone() {
        let of = |user_name: &str| {
            let cards = cards(Language::En);
            let card = cards.into_iter().find(|card| card.user_name == user_name);
            card.expect("a card").traits.join(" ")
        };
        assert_eq!(of("li-lei"), "Everything is well.");
        assert_eq!(of("han-meimei"), "One account only.");
        assert!(of("wu-otp-fail").contains("third time"));
        assert!(of("zhao-joint").contains("shared"));
        assert!(of("sun-frozen").contains("frozen"));
        assert!(of("qian-rich").contains("Ten thousand"));
        assert!(of("zheng-minor").contains("refused"));
    }
}
