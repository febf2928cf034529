//! English.

use super::Words;
use crate::page::{Cause, Ending};

pub(super) static WORDS: Words = Words {
    other_language: "中文",
    reference: "Reference",
    attention: "Attention:",
    user_name: "User name",
    password: "Password",
    log_in: "Log in",
    cancel: "Cancel",
    who_asks: "Who asks",
    checked: "checked by this bank",
    contact: "Contact",
    colon: ": ",
    until: "Until",
    asked_for: "What it asks for",
    who_you_are: "Who you are",
    customer: "Logged in as",
    allow: "Allow",
    refuse: "Refuse",
    error_code: "Error code",
    for_the_app: "For the app’s developers",
    nothing_shared: "Nothing was shared.",
    nothing_decided: "Nothing is decided yet.",
    onward: "You are being taken to the log-in. If that does not happen, use the button.",
    moment: "%-d %B %Y, %H:%M (Beijing)",
    wrong: |heading| format!("Error: {heading}"),
    log_in_to: |bank, app| format!("Log in to {bank} to go on with {app}"),
    never_needs: |app| {
        format!("{app} never needs your bank password. Type it on this bank’s pages only.")
    },
    wrong_credentials: |left| {
        let more = match left {
            1 => "once more".to_owned(),
            left => format!("{left} more times"),
        };
        format!("The user name or the password is wrong. You can try {more}.")
    },
    locked_until: |moment| format!("Too many wrong tries. Try again after {moment}."),
    wants_to: |app, act| format!("{app} asks to {act}"),
    own_number: |app| {
        format!("A number that only {app} knows you by. Not your name, and not your accounts.")
    },
    asks: |app| format!("{app} asks for your permission"),
    if_refused: |app| format!("If you refuse, this bank shares nothing with {app}."),
    ended: |ending, app| match ending {
        Ending::Allowed => format!("You allowed what {app} asked for"),
        Ending::Refused => format!("You refused what {app} asked for"),
        Ending::Cancelled => format!("You cancelled what {app} asked for"),
        Ending::TimedOut => format!("The request of {app} took too long"),
        Ending::Locked => format!("Too many wrong tries: the request of {app} was stopped"),
        Ending::Failed => format!("The request of {app} could not be finished"),
    },
    allowed_only: |app| format!("{app} gets what you allowed just now, and nothing else."),
    returning: |app| {
        format!("You are being taken back to {app}. If that does not happen, use the button.")
    },
    return_to: |app| format!("Go back to {app}"),
    happened: |cause| match cause {
        Cause::NoSuchRequest => "This request is no longer valid",
        Cause::BadRequest => "The app sent a request with a mistake",
        Cause::UnknownApp => "This bank does not know this app",
        Cause::ForeignForm => "We cannot tell that this page is yours",
        Cause::TooManyTries => "Too many log-ins from your network were wrong",
        Cause::Unavailable => "This bank cannot handle the request right now",
        Cause::Broken => "This bank could not handle the request",
    },
    remedy: |cause| match cause {
        Cause::NoSuchRequest => {
            "It may have been used already, or waited too long. Go back to the app and start again."
        }
        Cause::BadRequest => {
            "You did nothing wrong. Go back to the app; if it happens again, tell the app’s support."
        }
        Cause::UnknownApp => "Please do not go on. If you trust this app, tell its support.",
        Cause::ForeignForm => {
            "The page may have been open too long, or your browser keeps no cookies of this site. \
             Go back to the app and start again."
        }
        Cause::TooManyTries => {
            "Perhaps none of them was yours. Wait a minute, or use another network, then go back to \
             the app and start again."
        }
        Cause::Unavailable => "Go back to the app in a few minutes and start again.",
        Cause::Broken => {
            "Go back to the app and start again; if it happens again, tell this bank’s support the \
             reference below."
        }
    },
};
