//! The sound house: the example that ships, with files that exist, another bank with partners'
//! authorities of its own, a suspended partner, and limits that are soon met.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crypto::{Algorithm, Jwks, SigningKey};
use kit::{
    Attackers, EchoBank, HouseBuilder, Identity, Leaf, SWIFTRIDE, TestCa, Version, certificates_of,
    issue, other_authority, partner_leaf, revocation_list,
};

/// The example that ships.
const EXAMPLE: &str = include_str!("../../config/gateway.yaml");
/// The schema of details that it names.
const DETAIL: &str = include_str!("../../config/apis/currency-exchange.json");
/// The pages of a bank's own that it names.
const PAGES: [(&str, &str); 3] = [
    (
        "pages/harbour/done.html",
        include_str!("../../config/pages/harbour/done.html"),
    ),
    (
        "pages/harbour/texts.zh-CN.ftl",
        include_str!("../../config/pages/harbour/texts.zh-CN.ftl"),
    ),
    (
        "pages/harbour/texts.en.ftl",
        include_str!("../../config/pages/harbour/texts.en.ftl"),
    ),
];
/// The file that it includes.
const INCLUDED: &str = include_str!("../../config/partners/cartwheel.yaml");
/// The organizationIdentifier of the suspended partner's certificates.
const FROZEN: &str = "PSDCN-FROZEN-001";
/// Partners that call beside the first, each known by another thing that its certificate says.
pub(crate) const GUESTS: [&str; 4] = ["cartwheel", "by-subject", "by-dns-name", "by-address"];
/// How many calls an agreement's plan lets in at once.
pub(crate) const BURST: usize = 12;
/// How many calls of one address the gate lets in at once.
pub(crate) const GATE_BURST: usize = 40;

/// The files that are corrupted.
pub(crate) const FILES: [&str; 6] = [
    "gateway.yaml",
    "partners/cartwheel.yaml",
    "apis/fx.yaml",
    "apis/branches.yaml",
    "apis/catalogue.yaml",
    "apis/consents.yaml",
];

/// The house's files and sockets, its counting bank, and who attacks it.
pub(crate) struct Sound {
    pub(crate) builder: HouseBuilder,
    pub(crate) bank: EchoBank,
    /// Signs the tokens of the bank Quay, which has an issuer of its own.
    quay: SigningKey,
    /// Bound for as long as the campaign lasts; each house gets its own handle.
    pub(crate) sockets: BTreeMap<&'static str, TcpListener>,
    /// The intact files of [`FILES`].
    pub(crate) files: BTreeMap<&'static str, String>,
}

/// The certificates that an authority of partners issued.
pub(crate) struct Certified {
    good: Identity,
    stranger: Identity,
    revoked: Identity,
    serial: Vec<u8>,
    expired: Identity,
    suspended: Identity,
}

impl Sound {
    /// Builds it in a folder of its own.
    pub(crate) async fn build() -> (Self, [Certified; 2]) {
        let builder = HouseBuilder::new();
        let now = builder.now();
        let lantern = other_authority("Partners of Lantern", now);
        let operators = other_authority("Operators", now);
        let certified = [
            Certified::by(&builder.partner_authority(), &builder),
            Certified::by(&lantern, &builder),
        ];
        let list = revocation_list(&lantern, &[&certified[1].serial], now);
        let builder = builder
            .revoking(&[&certified[0].serial])
            .write("trust/lantern-ca.pem", lantern.certificate())
            .write("trust/lantern.crl", &list)
            .write("trust/operators-ca.pem", operators.certificate())
            .write(
                "trust/operators.crl",
                &revocation_list(&operators, &[], now),
            );
        let key = || SigningKey::generate(Algorithm::Es256).expect("a key");
        let quay = key();
        let public = |key: &SigningKey| {
            let keys = Jwks::from_keys(vec![key.verification_key()]);
            keys.to_json().to_string()
        };
        let mut builder = builder
            .write("trust/quay.jwks.json", &public(&quay))
            .write("trust/statements.jwks.json", &public(&key()))
            .write("apis/currency-exchange.json", DETAIL);
        let pages = builder.dir().join("pages/harbour");
        std::fs::create_dir_all(pages).expect("a folder");
        for (name, text) in PAGES {
            builder = builder.write(name, text);
        }
        for partner in ["frozen"].into_iter().chain(GUESTS) {
            builder = builder.write(&format!("partners/{partner}.jwks.json"), &public(&key()));
        }
        let bank = EchoBank::tls(&builder, Version::Http2).await;
        let bind = |name| (name, TcpListener::bind("127.0.0.1:0").expect("a free port"));
        let sockets = ["api", "issuer", "operators", "probes"].map(bind);
        let at = |socket: &(_, TcpListener)| socket.1.local_addr().expect("an address");
        let addresses = sockets.each_ref().map(at);
        let year = now.to_string()[..4].parse().expect("a year");
        let text = derived(addresses, bank.address, year);
        let builder = builder
            .write("gateway.yaml", &text)
            .write("partners/cartwheel.yaml", &in_force(INCLUDED, year));
        let read = |file: &'static str| {
            let text = std::fs::read_to_string(builder.dir().join(file));
            (file, text.expect("a file of the house"))
        };
        let files = FILES.into_iter().map(read).collect();
        let sound = Self {
            builder,
            bank,
            quay,
            sockets: BTreeMap::from(sockets),
            files,
        };
        (sound, certified)
    }

    /// The issuer of one of our banks, with its key, once the house has stood.
    pub(crate) async fn issuer_of(&self, bank: &str) -> (String, SigningKey) {
        let (store, kek) = (self.path("data/mortise.sqlite"), self.path("keys/kek"));
        let key = kit::issuer_key(&store, &kek, bank).await;
        (format!("{}/{bank}", self.url("issuer")), key)
    }

    /// The partners that call the bank Quay beside the first, with certificates of its authority.
    pub(crate) fn guests(&self) -> Vec<(&'static str, Attackers)> {
        let (authority, now) = (self.builder.partner_authority(), self.builder.now());
        let certified = Certified::by(&authority, &self.builder);
        let guest = |partner: &'static str| {
            let attackers = certified.attackers(self, self.issuer_of_quay(), None);
            let guest = Attackers {
                good: Identity::issued(&issue(&authority, &guest_leaf(partner, now))),
                client: format!("{partner}-app"),
                ..attackers
            };
            (partner, guest)
        };
        GUESTS.map(guest).into()
    }

    /// The issuer of the bank that has its own, with its key.
    pub(crate) fn issuer_of_quay(&self) -> (String, SigningKey) {
        let key = kit::under_kid(&self.quay, self.quay.kid());
        ("https://login.quay.example".to_owned(), key)
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.builder.dir().join(file)
    }

    /// Where a listener is.
    pub(crate) fn at(&self, listener: &str) -> SocketAddr {
        self.sockets[listener].local_addr().expect("an address")
    }

    /// The URL of a listener.
    fn url(&self, listener: &str) -> String {
        format!("https://localhost:{}", self.at(listener).port())
    }
}

/// The certificate that one of [`GUESTS`] is known by.
fn guest_leaf(partner: &str, now: Timestamp) -> Leaf {
    let plain = partner_leaf(None, now, Duration::from_hours(24));
    match partner {
        "cartwheel" => Leaf {
            organization_id: Some("PSDCN-CARTWHEEL-001".to_owned()),
            ..plain
        },
        "by-subject" => Leaf {
            common_name: "api".to_owned(),
            organization: Some("A, Ltd.".to_owned()),
            ..plain
        },
        "by-dns-name" => Leaf {
            names: vec!["api.b.example".to_owned()],
            ..plain
        },
        "by-address" => Leaf {
            names: vec!["192.0.2.7".to_owned()],
            ..plain
        },
        other => panic!("no guest {other}"),
    }
}

impl Certified {
    fn by(authority: &TestCa, builder: &HouseBuilder) -> Self {
        let now = builder.now();
        let (good, stranger, (revoked, serial), expired) =
            certificates_of(authority, SWIFTRIDE, now);
        let frozen = partner_leaf(Some(FROZEN), now, Duration::from_hours(24));
        Self {
            good,
            stranger,
            revoked,
            serial,
            expired,
            suspended: Identity::issued(&issue(authority, &frozen)),
        }
    }

    /// Who attacks a bank that believes this authority, with this issuer. What is foreign to one
    /// bank is good at another, where there is one.
    pub(crate) fn attackers(
        &self,
        sound: &Sound,
        (issuer, issuer_key): (String, SigningKey),
        other: Option<&Self>,
    ) -> Attackers {
        let foreign = other.map_or(&self.stranger, |other| &other.good);
        Attackers {
            good: self.good.clone(),
            foreign: foreign.clone(),
            revoked: self.revoked.clone(),
            revoked_serial: self.serial.clone(),
            expired: self.expired.clone(),
            suspended: self.suspended.clone(),
            client: "swiftride-app".to_owned(),
            suspended_client: "frozen-app".to_owned(),
            issuer_key,
            issuer,
            audience: sound.url("api"),
        }
    }
}

/// The example without its block, which only customers' tokens may call: nobody here logs in.
fn without_blocks(text: &str) -> String {
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what}"));
    let (from, to) = (place("      account-verify:\n"), place("      consents:\n"));
    format!("{}{}", &text[..from], &text[to..])
}

/// The example with these addresses, and what makes it a house.
fn derived(
    [api, issuer, operators, probes]: [SocketAddr; 4],
    bank: SocketAddr,
    year: u16,
) -> String {
    let term = format!("from: {}-01-01, until: {}-12-31", year - 1, year + 1);
    let (api_url, issuer_url) = (
        format!("https://localhost:{}", api.port()),
        format!("https://localhost:{}", issuer.port()),
    );
    let mut text = without_blocks(EXAMPLE);
    for (old, new) in [
        ("0.0.0.0:8443", api.to_string()),
        ("0.0.0.0:443", issuer.to_string()),
        ("127.0.0.1:9443", operators.to_string()),
        ("127.0.0.1:9080", probes.to_string()),
        (
            "https://ops.harbour.example",
            format!("https://localhost:{}", operators.port()),
        ),
        ("https://api.harbour.example", api_url),
        (
            "\n      url: https://auth.harbour.example #",
            format!("\n      url: {issuer_url}/harbour #"),
        ),
        ("https://auth.harbour.example", issuer_url.clone()),
        (
            "[api.harbour.example, auth.harbour.example, ops.harbour.example]",
            "[localhost]".to_owned(),
        ),
        (
            "[\"10.0.0.11:8443\", \"10.0.0.12:8443\"]",
            format!("[\"{bank}\"]"),
        ),
        ("[\"10.0.2.11:8443\"]", format!("[\"{bank}\"]")),
        ("[\"10.0.3.11:8443\"]", format!("[\"{bank}\"]")),
        (
            "file:trust/bank-ca.pem",
            "file:trust/servers-ca.pem".to_owned(),
        ),
        ("keys.swiftride.example", "localhost:1".to_owned()),
        (
            "file:trust/public-ca.pem",
            "file:trust/servers-ca.pem".to_owned(),
        ),
        (
            "file:keys/login.key",
            "file:tls/gateway-client.key".to_owned(),
        ),
        ("ledger.harbour.example", "core.harbour.example".to_owned()),
        (
            r#""CN=api,O=A\\, Ltd.,C=CN""#,
            r#""CN=api,O=A\\, Ltd.""#.to_owned(),
        ),
        ("rate: 50/s", "rate: 20/s".to_owned()),
        ("burst: 100 requests", format!("burst: {BURST} requests")),
        (
            "concurrent: 64 requests",
            "concurrent: 16 requests".to_owned(),
        ),
        (
            "burst: 400 requests",
            format!("burst: {GATE_BURST} requests"),
        ),
        ("segment: 256 MiB", "segment: 4 MiB".to_owned()),
        (
            "\nplans:\n",
            "\nplans:\n  silver: { rate: 10/s, burst: 6 requests, concurrent: 8 requests }\n"
                .to_owned(),
        ),
        (
            "\npartners:\n",
            format!(
                "\npartners:\n  frozen:\n    name: {{ legal: Frozen Co. Ltd. }}\n    \
                 privacy_contact: privacy@frozen.example\n    standing: suspended\n    \
                 certificate: {{ organization_id: {FROZEN} }}\n    clients:\n      frozen-app: \
                 {{ auth: private_key_jwt, bound_by: mtls, \
                 jwks: file:partners/frozen.jwks.json }}\n"
            ),
        ),
        (
            "\nagreements:\n",
            format!(
                "\nagreements:\n  - {{ partner: frozen, bank: quay, products: \
                 [branches], plan: silver, {term} }}\n  - {{ partner: frozen, bank: lantern, \
                 products: [catalogue], plan: silver, {term} }}\n  - {{ partner: frozen, bank: \
                 harbour, products: [consents], plan: silver, {term} }}\n{}",
                guests_agreements(&term)
            ),
        ),
    ] {
        assert!(text.contains(old), "the example lacks `{old}`");
        text = text.replace(old, &new);
    }
    in_force(&with_clients(text), year)
}

/// Agreements of [`GUESTS`] with the bank Quay.
fn guests_agreements(term: &str) -> String {
    let agreement = |partner| {
        format!(
            "  - {{ partner: {partner}, bank: quay, products: [branches], plan: silver, {term} }}\n"
        )
    };
    GUESTS.map(agreement).concat()
}

/// The text with a client for each of [`GUESTS`] that has none.
fn with_clients(mut text: String) -> String {
    for partner in &GUESTS[1..] {
        let head = format!("\n  {partner}:\n");
        assert!(text.contains(&head), "the example lacks {partner}");
        let clients = format!(
            "{head}    clients:\n      {partner}-app: {{ auth: private_key_jwt, bound_by: mtls, \
             jwks: file:partners/{partner}.jwks.json }}\n"
        );
        text = text.replace(&head, &clients);
    }
    text
}

/// The text with its agreements in force, whatever the year.
fn in_force(text: &str, year: u16) -> String {
    let from = format!("{}-01-01", year - 1);
    let until = format!("{}-12-31", year + 1);
    text.replace("2026-01-01", &from)
        .replace("2027-12-31", &until)
}
