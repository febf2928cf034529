//! What the bank answers its gateway alone, on no partner's behalf: no API file names it, and no
//! assertion comes with it. The gateway is known by its certificate.

/// What is asked of the bank in house: always by POST, with a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InHouse {
    /// Who is this? `/customers/v1/log-in`.
    LogIn,
    /// What may this customer let an app see? `/customers/v1/accounts`.
    Accounts,
    /// Have this customer confirm this: `/customers/v1/confirmations`.
    Confirm,
    /// Is this what they were sent? `/customers/v1/confirmations/{id}`.
    Confirmed {
        /// Of the confirmation, as it was begun.
        id: String,
    },
}

/// What is asked under this path, if anything.
pub(super) fn find(path: &str) -> Option<InHouse> {
    match path.strip_prefix("/customers/v1/")? {
        "log-in" => Some(InHouse::LogIn),
        "accounts" => Some(InHouse::Accounts),
        "confirmations" => Some(InHouse::Confirm),
        deeper => {
            let id = deeper.strip_prefix("confirmations/")?;
            let is_one = !id.is_empty() && !id.contains('/');
            is_one.then(|| InHouse::Confirmed { id: id.to_owned() })
        }
    }
}
