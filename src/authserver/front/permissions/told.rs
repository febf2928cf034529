//! What the bank's own app is told by the issuer itself: who must log in and how, that somebody is
//! logged in or out, and why something is refused.

use http::StatusCode;
use serde::Serialize;

use model::ports::DeskForm;
use model::{RequestId, Response};

use super::super::authorize::TO_LOG_IN;
use super::super::{Turned, Visit};
use super::log_in::named;
use super::place::Place;
use crate::Customers;
use crate::page::log_in::Notice;

/// What is refused, and why.
#[derive(Serialize)]
struct Refused<'a, T> {
    error: &'a str,
    error_description: &'a str,
    request_id: String,
    #[serde(flatten)]
    more: T,
}

/// How the customer is found out.
#[derive(Serialize)]
struct Door {
    /// A path: the log-in form is sent there, or a browser goes there.
    log_in: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<OwnForm>,
}

#[derive(Serialize)]
struct OwnForm {
    action: String,
    csrf: String,
    request: String,
}

/// What the log-in page says of the bank's word.
#[derive(Default, Serialize)]
struct Word {
    #[serde(skip_serializing_if = "Option::is_none")]
    tries_left: Option<u32>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_until: Option<String>,
}

/// A session that has begun.
#[derive(Serialize)]
struct Entered<'a> {
    logged_in: bool,
    /// As the customer knows themselves.
    customer: &'a str,
    /// When the session ends at the latest, RFC 3339.
    expires: String,
    /// The path that was asked for before.
    next: String,
}

#[derive(Serialize)]
struct Left {
    logged_in: bool,
    /// Where a session begins.
    log_in: String,
}

impl Visit<'_> {
    /// Nobody is logged in: how it is done, on the way to this place. A browser that has no secret
    /// yet gets one.
    pub(super) fn must_log_in(&self, place: &Place) -> Result<Response, Turned> {
        let (secret, is_new) = self.browser();
        let door = match &self.asking.customers {
            Customers::Password(_) => Door::from(self.log_in_form(&secret, place)),
            Customers::Provider(_) => Door {
                log_in: self.keeper_path(place.as_str()),
                form: None,
            },
        };
        let has_form = door.form.is_some();
        let refused = Refused {
            error: "login_required",
            error_description: "Nobody is logged in to their permissions.",
            request_id: self.request_id.to_string(),
            more: door,
        };
        let response = web::json_for_one(StatusCode::UNAUTHORIZED, &refused);
        self.keeping(response, &secret, is_new && has_form)
    }

    /// The form of the log-in, by this browser alone, on the way to this place.
    pub(super) fn log_in_form(&self, secret: &[u8; 32], place: &Place) -> DeskForm {
        let name = named(place);
        let csrf = web::Csrf {
            secret,
            purpose: TO_LOG_IN,
            form: &name,
        };
        DeskForm {
            action: self.log_in_path(place),
            csrf: csrf.token(),
            request: name,
        }
    }

    /// A customer has a session, and goes on to this place.
    pub(super) fn logged_in_to(
        &self,
        customer: &str,
        expires: jiff::Timestamp,
        place: &Place,
    ) -> Response {
        let entered = Entered {
            logged_in: true,
            customer,
            expires: expires.to_string(),
            next: self.keeper_path(place.as_str()),
        };
        web::json_for_one(StatusCode::OK, &entered)
    }

    /// A customer has a session no more.
    pub(super) fn logged_out(&self) -> Response {
        let left = Left {
            logged_in: false,
            log_in: self.keeper_path(""),
        };
        web::json_for_one(StatusCode::OK, &left)
    }
}

/// Why somebody is turned away, with the page's status and code.
pub(in super::super) fn turned_away(turned: &Turned, request: RequestId) -> Response {
    let refused = Refused {
        error: turned.code,
        error_description: turned.description,
        request_id: request.to_string(),
        more: turned.notice.map(Word::from).unwrap_or_default(),
    };
    web::json_for_one(turned.status, &refused)
}

impl From<DeskForm> for Door {
    fn from(form: DeskForm) -> Self {
        Self {
            log_in: form.action.clone(),
            form: Some(OwnForm {
                action: form.action,
                csrf: form.csrf,
                request: form.request,
            }),
        }
    }
}

impl From<Notice> for Word {
    fn from(notice: Notice) -> Self {
        match notice {
            Notice::Wrong { tries_left } => Self {
                tries_left: Some(tries_left),
                locked_until: None,
            },
            Notice::LockedUntil(end) => Self {
                tries_left: None,
                locked_until: Some(end.to_string()),
            },
        }
    }
}
