//! Products that a room of the gateway answers: the API's file describes just what the room serves.

use consent::{SERVED, Served};
use openapi::Class;

use crate::compile::Compiler;
use crate::compile::openapi_file::Described;
use crate::file::Bank;
use crate::house::Room;
use crate::mistake::{Code, listed};
use crate::source::{At, Span};

/// Consents are asked for where customers give some.
pub(super) fn refuse_unasked(c: &mut Compiler<'_>, bank: &Bank, room: &At<Room>) {
    if bank.consent.is_some() {
        return;
    }
    let what = format!("`{}` asks no customer for consent", bank.id.value);
    c.reader
        .collector
        .mistake(Code::Contradiction, room.at, what)
        .see(bank.id.at, "the bank")
        .help("write `consent` at the bank, or `upstream` in the place of `room`");
}

/// Refuses a file that describes another thing than the room serves.
pub(super) fn refuse_unserved(c: &mut Compiler<'_>, room: &At<Room>, described: &Described) {
    for (operation, at) in described.operations() {
        let served = SERVED.iter().find(|served| served.id == operation.id);
        let is_as_served = served.is_some_and(|served| {
            served.method == operation.method && served.values == values(&operation.template)
        });
        if !is_as_served {
            refuse_other(c, room, &operation.id, at);
        } else if operation.class != Class::Partner {
            let what = format!("`{}` is served to partners alone", operation.id);
            c.reader
                .collector
                .mistake(Code::Contradiction, at, what)
                .see(room.at, "the room that serves it")
                .help("write `x-mortise-class: partner`");
        }
    }
    refuse_missing(c, room, described);
}

/// How many parameters a path template has.
fn values(template: &str) -> usize {
    let segments = template.split('/');
    segments
        .filter(|segment| openapi::is_parameter(segment))
        .count()
}

fn refuse_other(c: &mut Compiler<'_>, room: &At<Room>, operation: &str, at: Span) {
    let of = |served: &Served| {
        let parameters = match served.values {
            0 => "no parameter",
            _ => "one parameter",
        };
        let (id, method) = (served.id, &served.method);
        format!("{id}: {method}, with {parameters} in its path")
    };
    let served: Vec<String> = SERVED.iter().map(of).collect();
    c.reader
        .collector
        .mistake(
            Code::Contradiction,
            at,
            format!(
                "the room `{}` serves no such operation: `{operation}`",
                room.value.as_str()
            ),
        )
        .see(room.at, "the room")
        .help(format!("it serves {}", served.join("; ")));
}

fn refuse_missing(c: &mut Compiler<'_>, room: &At<Room>, described: &Described) {
    let operations = &described.description().operations;
    let is_described = |served: &&Served| operations.iter().any(|one| one.id == served.id);
    let missing: Vec<&str> = SERVED
        .iter()
        .filter(|served| !is_described(served))
        .map(|served| served.id)
        .collect();
    if missing.is_empty() {
        return;
    }
    let name = room.value.as_str();
    let what = format!(
        "the API's file lacks what the room `{name}` serves: {}",
        listed(missing.iter().copied())
    );
    c.reader
        .collector
        .mistake(Code::Contradiction, room.at, what)
        .help(
            "take `apis/consents.yaml` as it ships: what a partner can ask for, it can take back",
        );
}
