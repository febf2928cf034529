//! The people of the model bank: who they are, what they hold, and what each is for.

use super::holding::{BUSTLE, Habit, Holder, Holding, Kind, NEST_EGG, PLASTIC, State, WAGE, Words};

/// A customer. Numbers and user names never change: others have them in their books.
#[derive(Debug)]
pub(crate) struct Person {
    number: u32,
    /// What they type to log in.
    pub(crate) user_name: &'static str,
    /// What they are called.
    pub(crate) name: Words,
    /// What they hold, in the order in which it is shown.
    pub(crate) holds: &'static [Holding],
    /// How often what is right is taken for wrong, before each time that it is taken for right:
    /// their password, and each one-time code.
    pub(crate) fails: u32,
    /// Whether the bank lets them in at all.
    pub(crate) may_log_in: bool,
}

const CURRENT: &[Holding] = &[Holding::own(Kind::Current, &WAGE)];

/// All of them, by their numbers from 101. New ones come last.
pub(crate) const PEOPLE: [Person; 7] = [
    // Everything is well.
    person(
        101,
        ("li-lei", "Li Lei", "李雷"),
        &[
            Holding::own(Kind::Current, &WAGE),
            Holding::own(Kind::Savings, &NEST_EGG),
            Holding::own(Kind::Card, &PLASTIC),
        ],
    ),
    // One account: there is nothing to choose.
    person(102, ("han-meimei", "Han Meimei", "韩梅梅"), CURRENT),
    // What is right is wrong twice.
    Person {
        fails: 2,
        ..person(103, ("wu-otp-fail", "Wu Di", "吴迪"), CURRENT)
    },
    // One account is somebody else's too.
    person(
        104,
        ("zhao-joint", "Zhao Min", "赵敏"),
        &[
            Holding::own(Kind::Current, &WAGE),
            not_free(&NEST_EGG, Holder::Joint, State::Open),
        ],
    ),
    // The one account is frozen.
    person(
        105,
        ("sun-frozen", "Sun Bing", "孙冰"),
        &[not_free(&WAGE, Holder::Sole, State::Frozen)],
    ),
    // 10,000 transactions.
    person(
        106,
        ("qian-rich", "Qian Duoduo", "钱多多"),
        &[Holding::own(Kind::Current, &BUSTLE)],
    ),
    // Too young to have an app read an account.
    Person {
        may_log_in: false,
        ..person(107, ("zheng-minor", "Zheng Xiaoyu", "郑小雨"), &[])
    },
];

/// The same, where they can be pointed at.
static ALL: [Person; PEOPLE.len()] = PEOPLE;

impl Person {
    /// The bank's own id of this customer: what a log-in gives, and an assertion names.
    pub(crate) fn id(&self) -> String {
        format!("harbour-{:06}", self.number)
    }

    /// Their place among the people.
    pub(super) fn place(&self) -> usize {
        let mut places = PEOPLE.iter().map(|person| person.number);
        places.position(|number| number == self.number).unwrap_or(0)
    }
}

/// The customer with this id, if the bank lets them in.
pub(crate) fn by_id(id: &str) -> Option<&'static Person> {
    let mut people = ALL.iter().filter(|person| person.may_log_in);
    people.find(|person| person.id() == id)
}

/// The customer with this user name, if the bank lets them in.
pub(super) fn by_user_name(user_name: &str) -> Option<&'static Person> {
    let mut people = ALL.iter().filter(|person| person.may_log_in);
    people.find(|person| person.user_name == user_name)
}

const fn person(
    number: u32,
    (user_name, en, zh): (&'static str, &'static str, &'static str),
    holds: &'static [Holding],
) -> Person {
    Person {
        number,
        user_name,
        name: Words { en, zh },
        holds,
        fails: 0,
        may_log_in: true,
    }
}

const fn not_free(habit: &'static Habit, holder: Holder, state: State) -> Holding {
    Holding {
        kind: Kind::Current,
        holder,
        state,
        habit,
    }
}
