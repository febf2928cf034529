//! `gateway.yaml` and the API files: written once.

use std::net::SocketAddr;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::directory::{Access, Directory};
use super::{Plan, PrepareFailed};

/// The configuration's name.
pub(super) const CONFIG: &str = "gateway.yaml";
/// The audit log's folder, as the template names it.
pub(super) const AUDIT: &str = "audit";

const TEMPLATE: &str = include_str!("../../../config/sandbox.yaml");
const APIS: [(&str, &str); 11] = [
    ("apis/fx.yaml", include_str!("../../../config/apis/fx.yaml")),
    (
        "apis/branches.yaml",
        include_str!("../../../config/apis/branches.yaml"),
    ),
    (
        "apis/catalogue.yaml",
        include_str!("../../../config/apis/catalogue.yaml"),
    ),
    (
        "apis/branch-visit.json",
        include_str!("../../../config/apis/branch-visit.json"),
    ),
    (
        "apis/accounts.yaml",
        include_str!("../../../config/apis/accounts.yaml"),
    ),
    (
        "apis/funds-check.json",
        include_str!("../../../config/apis/funds-check.json"),
    ),
    (
        "apis/consents.yaml",
        include_str!("../../../config/apis/consents.yaml"),
    ),
    (
        "consent/catalogue.yaml",
        include_str!("../../../config/consent/catalogue.yaml"),
    ),
    (
        "blocks/account-verify.block.yaml",
        include_str!("../../../config/blocks/account-verify.block.yaml"),
    ),
    (
        "blocks/account-verify.block.test.yaml",
        include_str!("../../../config/blocks/account-verify.block.test.yaml"),
    ),
    (
        "blocks/accounts.overlay.yaml",
        include_str!("../../../config/blocks/accounts.overlay.yaml"),
    ),
];
const AGREED_YEARS: i64 = 5;

/// The configuration: that of the folder, or the one to be written.
pub(super) struct Settings {
    pub(super) text: String,
    /// Whether it is not there yet.
    pub(super) is_new: bool,
}

/// The folder's own, or that of the plan.
pub(super) fn of(
    directory: &Directory,
    plan: &Plan,
    now: Timestamp,
) -> Result<Settings, PrepareFailed> {
    let found = directory.read(CONFIG)?;
    Ok(Settings {
        is_new: found.is_none(),
        text: match found {
            // What is no text is told by whoever reads it as the configuration.
            Some(file) => String::from_utf8_lossy(&file).into_owned(),
            None => fill(plan, now),
        },
    })
}

impl Settings {
    /// Writes the API files, the consent catalogue and then the configuration, each unless it is
    /// there.
    pub(super) fn keep(self, directory: &mut Directory) -> Result<(), PrepareFailed> {
        for (name, text) in APIS {
            if directory.read(name)?.is_none() {
                directory.write(name, text.as_bytes(), Access::Public)?;
            }
        }
        if self.is_new {
            directory.write(CONFIG, self.text.as_bytes(), Access::Public)?;
        }
        Ok(())
    }
}

/// The URL of a listener: by name, since the server certificate speaks of `localhost`.
pub(super) fn url(address: SocketAddr) -> String {
    format!("https://localhost:{}", address.port())
}

/// The URL of a demo app: plain, at the address that browsers keep its cookies for.
fn plain_url(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn fill(plan: &Plan, now: Timestamp) -> String {
    // A day early: the agreement is in force today in every time zone.
    let from = TimeZone::UTC
        .to_datetime(now)
        .date()
        .saturating_sub(1.day());
    let until = from.saturating_add(AGREED_YEARS.years());
    let template = plan.template.as_deref().unwrap_or(TEMPLATE);
    template
        .replace("@API_ADDRESS@", &plan.api.to_string())
        .replace("@API_URL@", &url(plan.api))
        .replace("@ISSUER_ADDRESS@", &plan.issuer.to_string())
        .replace("@ISSUER_URL@", &url(plan.issuer))
        .replace("@BANK_ADDRESS@", &plan.bank.to_string())
        .replace("@SWIFTRIDE_URL@", &plain_url(plan.swiftride))
        .replace("@CARTWHEEL_URL@", &plain_url(plan.cartwheel))
        .replace("@FROM@", &from.to_string())
        .replace("@UNTIL@", &until.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_in_the_template_is_filled() {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let plan = Plan {
            api: at(8443),
            issuer: at(9443),
            bank: at(7443),
            swiftride: at(8447),
            cartwheel: at(8448),
            template: None,
        };
        let now: Timestamp = "2026-11-22T23:30:00Z".parse().expect("an instant");
        let text = fill(&plan, now);
        let mut after_at = text.split('@').skip(1);
        let is_place = |rest: &str| rest.starts_with(|first: char| first.is_ascii_uppercase());
        assert!(!after_at.any(is_place), "{text}");
        for filled in [
            "\"127.0.0.1:8443\"",
            "https://localhost:9443",
            "[\"127.0.0.1:7443\"]",
            "[http://127.0.0.1:8447/callback]",
            "[http://127.0.0.1:8448/callback]",
            "from: 2026-11-21",
            "until: 2031-11-21",
        ] {
            assert!(text.contains(filled), "{filled}");
        }
    }
}
