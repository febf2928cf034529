//! What a new revocation list, or a new standing, does after a restart to clients that had access.

use std::time::Duration;

use kit::{
    Client, Dial, HouseBuilder, Identity, Partner, SWIFTRIDE, TestHouse, Version, intermediate,
    issue, partner_leaf, revocation_list, serial,
};

use super::BRANCHES;
use crate::tokens::is_oauth_error;

struct Access {
    partner: Partner,
    token: String,
    dials: [Dial; 2],
}

impl Access {
    /// A partner that calls with success, in both versions.
    async fn of(house: &TestHouse, partner: Partner, target: &str, scope: &str) -> Self {
        let token = partner.bearer(house, scope).await;
        let dials = Version::BOTH.map(|version| partner.dial(house, version));
        let access = Self {
            partner,
            token,
            dials,
        };
        for mut client in access.clients(house).await {
            client
                .get(target, &[("authorization", &access.token)])
                .await
                .ok();
        }
        access
    }

    async fn clients(&self, house: &TestHouse) -> Vec<Client> {
        let mut clients = Vec::new();
        for dial in &self.dials {
            clients.push(dial.connect(house.api()).await.expect("a connection"));
        }
        clients
    }

    /// The same partner with the same token and the same sessions is refused.
    async fn is_refused(&self, house: &TestHouse, status: u16, code: &str, says: &str) {
        for mut client in self.clients(house).await {
            let answer = client
                .get(BRANCHES, &[("authorization", &self.token)])
                .await;
            answer.refused_saying(status, code, says);
        }
    }

    /// Its certificate is revoked: for the road, and for the token endpoint.
    async fn is_revoked(&self, house: &TestHouse) {
        self.is_refused(house, 401, "certificate_refused", "is revoked")
            .await;
        self.is_refused_a_token(house, 401, "invalid_client", "is revoked")
            .await;
    }

    /// It gets no token either.
    async fn is_refused_a_token(&self, house: &TestHouse, status: u16, code: &str, says: &str) {
        let answer = self.partner.ask_token(house, "branches").await;
        is_oauth_error(&answer, status, code, says);
    }
}

async fn cartwheel(house: &TestHouse) -> Access {
    let partner = Partner::of(house, "cartwheel-app");
    Access::of(house, partner, "/catalogue/v1/products", "catalogue").await
}

async fn is_served(other: &Access, house: &TestHouse) {
    for mut client in other.clients(house).await {
        let headers = [("authorization", other.token.as_str())];
        client.get("/catalogue/v1/products", &headers).await.ok();
    }
}

#[tokio::test]
async fn a_certificate_on_a_new_list_is_refused_after_a_restart_and_the_other_partner_is_not() {
    let house = HouseBuilder::new().restartable().start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let access = Access::of(&house, partner, BRANCHES, "branches").await;
    let other = cartwheel(&house).await;
    let pem = kit::text(&house.files("swiftride-app").certificate);
    let house = house
        .rebuild()
        .await
        .revoking(&[&serial(&pem)])
        .start()
        .await;
    access.is_revoked(&house).await;
    is_served(&other, &house).await;
}

#[tokio::test]
async fn a_partner_suspended_in_the_file_is_refused_after_a_restart_and_the_other_is_not() {
    let house = HouseBuilder::new().restartable().start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let access = Access::of(&house, partner, BRANCHES, "branches").await;
    let other = cartwheel(&house).await;
    let active = "swiftride.example\n    standing: active";
    let suspended = "swiftride.example\n    standing: suspended";
    let house = house.rebuild().await.edit(active, suspended).start().await;
    access
        .is_refused(&house, 403, "partner_suspended", "suspended")
        .await;
    access
        .is_refused_a_token(&house, 400, "unauthorized_client", "suspended")
        .await;
    is_served(&other, &house).await;
}

/// A house whose partners' authority has another one under it, whose certificate `SwiftRide` shows.
struct Under {
    house: TestHouse,
    access: Access,
    intermediate: kit::TestCa,
    leaf: kit::Issued,
}

async fn under() -> Under {
    let builder = HouseBuilder::new().restartable();
    let (now, hour) = (builder.now(), Duration::from_hours(1));
    let intermediate = intermediate(&builder.partner_authority(), "Partners, east", now, hour);
    let leaf = issue(&intermediate, &partner_leaf(Some(SWIFTRIDE), now, hour));
    let house = builder
        .write("trust/east.crl", &revocation_list(&intermediate, &[], now))
        .edit(
            "crl: [file:trust/partners.crl]",
            "crl: [file:trust/partners.crl, file:trust/east.crl]",
        )
        .start()
        .await;
    let mut partner = Partner::of(&house, "swiftride-app");
    partner.identity = Identity::issued(&leaf);
    let access = Access::of(&house, partner, BRANCHES, "branches").await;
    Under {
        house,
        access,
        intermediate,
        leaf,
    }
}

#[tokio::test]
async fn a_certificate_under_an_intermediate_works_until_the_intermediate_revokes_it() {
    let Under {
        house,
        access,
        intermediate,
        leaf,
    } = under().await;
    let builder = house.rebuild().await;
    let list = revocation_list(&intermediate, &[&leaf.serial], builder.now());
    let house = builder.write("trust/east.crl", &list).start().await;
    access.is_revoked(&house).await;
}

#[tokio::test]
async fn a_revoked_intermediate_takes_its_certificates_with_it() {
    let Under {
        house,
        access,
        intermediate,
        ..
    } = under().await;
    let revoked = serial(intermediate.certificate());
    let house = house.rebuild().await.revoking(&[&revoked]).start().await;
    access.is_revoked(&house).await;
}

#[tokio::test]
async fn an_intermediate_without_a_list_of_its_own_is_not_believed() {
    let Under { house, access, .. } = under().await;
    let house = house
        .rebuild()
        .await
        .edit(
            "crl: [file:trust/partners.crl, file:trust/east.crl]",
            "crl: [file:trust/partners.crl]",
        )
        .start()
        .await;
    access
        .is_refused(
            &house,
            401,
            "certificate_refused",
            "no current revocation list",
        )
        .await;
    access
        .is_refused_a_token(&house, 401, "invalid_client", "cannot tell whether")
        .await;
}
