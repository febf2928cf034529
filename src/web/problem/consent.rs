//! What a customer's consent does not allow, and what a bank's service refused, in words.

use http::StatusCode;

use model::Refusal;

/// The status of what a bank's service refused: the bank's own where it is about the request alone.
/// Any other is between the gateway and the bank.
pub(super) fn status_of_bank(status: u16) -> StatusCode {
    match status {
        400 => StatusCode::BAD_REQUEST,
        404 => StatusCode::NOT_FOUND,
        409 => StatusCode::CONFLICT,
        422 => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::BAD_GATEWAY,
    }
}

pub(super) fn detail(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoConsent => "The token stands for no consent of a customer.",
        Refusal::ConsentExpired => {
            "The customer's consent has come to its end, or waits for them to log in once more."
        }
        Refusal::ConsentWithdrawn => {
            "The customer has withdrawn this consent, or another one took its place."
        }
        Refusal::TooOften { .. } => {
            "Data was asked for as often today as the consent allows while the customer is away."
        }
        Refusal::ConsentUnavailable => "The gateway cannot look the customer's consent up now.",
        Refusal::BankRefused { .. } => "The bank's service did not do what was asked of it.",
        Refusal::UnknownConsent => "You have no consent of this id.",
        Refusal::TooManyUndecided { .. } => {
            "As many of this client's consents wait for their customers' decision as may."
        }
        // Of what is not covered nothing is told.
        _ => "The customer's consent does not cover this.",
    }
}

pub(super) fn expected(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoConsent => "A token that a customer's consent was given for.",
        Refusal::ConsentExpired | Refusal::ConsentWithdrawn => "A token of a consent in force.",
        Refusal::BankRefused { .. } => "A request that the bank's service can carry out.",
        Refusal::UnknownConsent => "The id of a consent that this client asked for.",
        _ => "A request for what the customer has allowed.",
    }
}

pub(super) fn remedy(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoConsent | Refusal::ConsentWithdrawn => {
            "Ask the customer anew, if they want it: send them to the authorization endpoint."
        }
        Refusal::ConsentExpired => {
            "Send the customer to the authorization endpoint to renew their consent."
        }
        Refusal::TooOften { .. } => {
            "Wait as Retry-After says, or call while the customer is there and send \
             x-fapi-customer-ip-address."
        }
        Refusal::UnknownConsent => "Compare the id with the one that you were given.",
        Refusal::TooManyUndecided { .. } => {
            "Take those back that nobody will decide about, or wait: each lapses within minutes."
        }
        Refusal::BankRefused { .. } => {
            "Compare the request with the API's description; give the bank the explain id."
        }
        _ => "Ask only for what the consent covers, or ask the customer for more.",
    }
}
