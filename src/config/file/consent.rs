//! `banks.*.consent`: what customers may be asked for, by which rules, and whom the bank asks about
//! them.

use model::ClientId;

use super::asked::{self, Asked, PATH_PATTERN};
use super::id;
use crate::files::FileRef;
use crate::reader::{Reader, Value};
use crate::shape::{Id, Key, Kind, Shape};
use crate::source::{At, Span};

pub(super) static CONSENT: Shape = Shape::new(
    "`consent`",
    &[
        Key::required(
            "catalogue",
            Kind::File,
            "file:PATH",
            "The consent catalogue: which data each scope opens, what it is wanted for, and the \
             words for it in Chinese and in English. Of scopes that are not in it no customer is \
             asked.",
        ),
        Key::demanded(
            "profile",
            Kind::Word(&["cn-pipl", "uk-obie"]),
            "write `profile: cn-pipl` or `profile: uk-obie`",
            "How the law of a place wants consent to be asked, kept and ended.",
        ),
        Key::required(
            "accounts",
            Kind::Section(&ACCOUNTS),
            "{ upstream: NAME, path: /customers/v1/accounts }",
            "The bank's service that says which accounts a customer has.",
        ),
        Key::required(
            "second_factor",
            Kind::Section(&SECOND_FACTOR),
            "{ upstream: NAME, path: /customers/v1/confirmations }",
            "The bank's service by which customers prove once more who they are.",
        ),
        Key::required(
            "purposes",
            Kind::Each(
                &Kind::List {
                    of: "purposes",
                    item: &Kind::Name,
                },
                Id::Visible,
            ),
            "{ CLIENT: [PURPOSE] }",
            "What each client wants data for: purposes of the catalogue that the bank has reviewed \
             for it; customers are asked for the first, unless the client lodged another of them.",
        ),
    ],
);

static ACCOUNTS: Shape = Shape::new("`accounts`", &asked_keys("/customers/v1/accounts"));

static SECOND_FACTOR: Shape = Shape::new(
    "`second_factor`",
    &asked_keys("/customers/v1/confirmations"),
);

const fn asked_keys(example: &'static str) -> [Key; 2] {
    [
        Key::required(
            "upstream",
            Kind::Name,
            "NAME",
            "Which of the bank's upstreams it is.",
        ),
        Key::required(
            "path",
            Kind::Own {
                expected: "a path such as `/customers/v1/accounts`",
                pattern: PATH_PATTERN,
            },
            example,
            "Where it is asked there.",
        ),
    ]
}

/// What customers consent to.
pub(crate) struct Consent {
    pub(crate) at: Span,
    pub(crate) catalogue: Option<At<FileRef>>,
    /// The text of one of `consent::PROFILES`.
    pub(crate) profile: Option<At<&'static str>>,
    pub(crate) accounts: Asked,
    pub(crate) second_factor: Asked,
    pub(crate) purposes: Option<Purposes>,
}

/// The purposes of each client.
pub(crate) struct Purposes {
    pub(crate) at: Span,
    pub(crate) list: Vec<(At<ClientId>, Vec<At<String>>)>,
}

/// Reads the section; one that is none is there all the same, so that what needs it is not told
/// that it is missing.
pub(super) fn read(reader: &mut Reader, value: Value<'_>) -> Consent {
    let at = value.key_span;
    let mut read = Consent {
        at,
        catalogue: None,
        profile: None,
        accounts: Asked::default(),
        second_factor: Asked::default(),
        purposes: None,
    };
    let Some(mut section) = reader.section(value) else {
        return read;
    };
    let catalogue = section.value(reader, "catalogue");
    let profile = section.value(reader, "profile");
    let accounts = section.value(reader, "accounts");
    let second_factor = section.value(reader, "second_factor");
    let purposes = section.value(reader, "purposes");
    section.finish(reader);
    read.catalogue = catalogue.and_then(|value| reader.file(value));
    read.profile = profile.and_then(|value| reader.word(value, &consent::PROFILES));
    if let Some(value) = accounts {
        read.accounts = asked::read(reader, value, "where accounts are asked for");
    }
    if let Some(value) = second_factor {
        read.second_factor = asked::read(reader, value, "where second factors are asked for");
    }
    read.purposes = purposes.and_then(|value| read_purposes(reader, value));
    read
}

fn read_purposes(reader: &mut Reader, value: Value<'_>) -> Option<Purposes> {
    let members = reader.each(value)?;
    let list = members.into_iter().filter_map(|(name, purposes)| {
        let purposes = reader.name_list(purposes);
        let client = id(reader, name.value, name.at, ClientId::parse)?;
        Some((client, purposes))
    });
    Some(Purposes {
        at: value.key_span,
        list: list.collect(),
    })
}
