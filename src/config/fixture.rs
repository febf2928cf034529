//! A folder with everything that a configuration refers to, for tests.

use std::collections::HashMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;
use model::PresentedChain;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber, date_time_ymd,
};

use crate::compile::Compiler;
use crate::files::Files;
use crate::kept::Kept;
use crate::load;
use crate::reader::{Keys, Reader};
use crate::{House, Mistakes, Mode};

mod shipped;

use self::shipped::{BLOCKS, CATALOGUES, PAGES};

/// The example that ships.
pub(crate) const EXAMPLE: &str = include_str!("../../config/gateway.yaml");

/// The file that it includes.
pub(crate) const INCLUDED: &str = include_str!("../../config/partners/cartwheel.yaml");

/// The shortest configuration that loads.
pub(crate) const MINIMAL: &str = include_str!("golden/minimal.yaml");

/// The shortest configuration in which customers consent.
pub(crate) const CONSENTING: &str = include_str!("golden/consenting.yaml");

/// The APIs that ship.
pub(crate) const APIS: [(&str, &str); 5] = [
    ("apis/fx.yaml", include_str!("../../config/apis/fx.yaml")),
    (
        "apis/branches.yaml",
        include_str!("../../config/apis/branches.yaml"),
    ),
    (
        "apis/catalogue.yaml",
        include_str!("../../config/apis/catalogue.yaml"),
    ),
    (
        "apis/accounts.yaml",
        include_str!("../../config/apis/accounts.yaml"),
    ),
    (
        "apis/consents.yaml",
        include_str!("../../config/apis/consents.yaml"),
    ),
];

/// The schema of details that the sandbox's customers are asked for.
const FUNDS_CHECK: &str = include_str!("../../config/apis/funds-check.json");

/// A small API.
pub(crate) const FX: &str = "\
openapi: 3.1.0
info: { title: FX, version: '1' }
servers: [{ url: /fx }]
paths:
  /rates:
    get:
      operationId: listRates
      x-mortise-class: open
      x-mortise-effect: none
      responses: { '200': { description: Rates } }
  /rates/{pair}:
    get:
      operationId: readRate
      x-mortise-class: partner
      x-mortise-effect: none
      x-mortise-scope: rates
      x-mortise-authorization-details: none
      x-mortise-authentication: none
      parameters: [{ name: pair, in: path, required: true, schema: { type: string } }]
      responses: { '200': { description: A rate } }
";

/// An API of which customers decide what it answers.
const BALANCES: &str = include_str!("golden/balances.yaml");

/// The schema of a type of authorization details.
const DETAIL: &str = include_str!("../../config/apis/currency-exchange.json");

/// The names of the gateway's certificate.
const GATEWAY: &[&str] = &[
    "api.harbour.example",
    "auth.harbour.example",
    "ops.harbour.example",
    "localhost",
];

/// The serial number of the partners' authority that is revoked.
const REVOKED: u64 = 7;

/// A folder that is removed with the value.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let fixture = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        for (name, text) in files() {
            fixture.write(name, text);
        }
        for (name, text) in APIS {
            fixture.write(name, text);
        }
        fixture.write("apis/fx.yaml", FX);
        fixture.write("apis/balances.yaml", BALANCES);
        for (name, text) in CATALOGUES.into_iter().chain(PAGES).chain(BLOCKS) {
            fixture.write(name, text);
        }
        fixture.write("apis/currency-exchange.json", DETAIL);
        fixture.write("partners/cartwheel.yaml", INCLUDED);
        fixture
    }

    /// With the APIs of the sandbox.
    pub(crate) fn of_sandbox() -> Self {
        let fixture = Self::new();
        fixture.write(APIS[0].0, APIS[0].1);
        fixture.write("apis/funds-check.json", FUNDS_CHECK);
        fixture
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, content).expect("written");
        let is_secret = path.extension().is_some_and(|end| end == "key");
        let is_secret = (is_secret || name.starts_with("keys/")) && !name.contains("open");
        let mode = if is_secret { 0o600 } else { 0o644 };
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).expect("set");
    }

    /// A chain as a partner shows it: `good`, `revoked`, or `stranger` of another authority.
    pub(crate) fn shown(&self, name: &str) -> PresentedChain {
        let pem = std::fs::read(self.path(&format!("shown/{name}.pem"))).expect("a file");
        let certificates = crypto::certificates(&pem).expect("a chain");
        let thumbprint = crypto::sha256(&certificates[0]);
        PresentedChain {
            certificates,
            leaf_thumbprint: thumbprint,
            fingerprint: thumbprint,
        }
    }

    pub(crate) fn load(&self, text: impl AsRef<[u8]>) -> Result<House, Mistakes> {
        self.load_as(text, Mode::Serve)
    }

    pub(crate) fn load_as(&self, text: impl AsRef<[u8]>, mode: Mode) -> Result<House, Mistakes> {
        self.write("gateway.yaml", text);
        load(&self.path("gateway.yaml"), mode, &environment, now())
    }

    /// The keys asked for and found while loading.
    pub(crate) fn keys(&self, text: &str) -> Keys {
        self.write("gateway.yaml", text);
        let mut kept = Kept::default();
        let mut compiler = Compiler {
            kept: &mut kept,
            reader: Reader::default(),
            files: Files::new(self.folder.path(), &environment),
            mode: Mode::Serve,
            now: now(),
            told: Vec::new(),
        };
        let root = load::tree(&mut compiler, &self.path("gateway.yaml")).expect("a tree");
        load::compile(&mut compiler, &root);
        compiler.reader.keys
    }

    /// The mistakes as printed, without the folder's name.
    pub(crate) fn printed(&self, text: impl AsRef<[u8]>) -> String {
        match self.load(text) {
            Ok(_) => "no mistake\n".to_owned(),
            Err(mistakes) => self.without_folder(&mistakes.render(false, 100)),
        }
    }

    /// A text without the name of the folder.
    pub(crate) fn without_folder(&self, text: &str) -> String {
        let folder: &Path = self.folder.path();
        text.replace(&format!("{}/", folder.display()), "")
    }
}

/// The sandbox's configuration, its places filled.
pub(crate) fn sandbox() -> String {
    include_str!("../../config/sandbox.yaml")
        .replace("@API_ADDRESS@", "127.0.0.1:0")
        .replace("@API_URL@", "https://localhost:8443")
        .replace("@ISSUER_ADDRESS@", "127.0.0.1:0")
        .replace("@ISSUER_URL@", "https://localhost:9443")
        .replace("@BANK_ADDRESS@", "127.0.0.1:7443")
        .replace("@SWIFTRIDE_URL@", "http://127.0.0.1:8447")
        .replace("@CARTWHEEL_URL@", "http://127.0.0.1:8448")
        .replace("@FROM@", "2026-11-21")
        .replace("@UNTIL@", "2031-11-21")
}

pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("an instant")
}

fn environment(name: &str) -> Option<String> {
    (name == "MORTISE_KEK").then(kek)
}

fn kek() -> String {
    crypto::KeyEncryptionKey::generate_text(&crypto::SeededRandom::new(1))
}

/// Certificates, keys and lists, made once.
fn files() -> &'static HashMap<&'static str, String> {
    static FILES: OnceLock<HashMap<&'static str, String>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut files = HashMap::new();
        let partners = authority(&mut files, "trust/partners-ca.pem", "Partners CA", &[]);
        let bank = authority(&mut files, "trust/bank-ca.pem", "Bank CA", &[]);
        let operators = authority(&mut files, "trust/operators-ca.pem", "Operators CA", &[]);
        let sandbox = [CustomExtension::from_oid_content(
            crypto::SANDBOX_MARKER,
            crypto::SANDBOX_MARKER_VALUE.to_vec(),
        )];
        authority(&mut files, "trust/sandbox-ca.pem", "Sandbox CA", &sandbox);
        lists(&mut files, &partners, &bank, &operators);
        files.insert("trust/public-ca.pem", files["trust/bank-ca.pem"].clone());
        files.insert("trust/servers-ca.pem", files["trust/bank-ca.pem"].clone());
        let gateway = ("tls/gateway.pem", "tls/gateway.key");
        leaf(&mut files, gateway, GATEWAY, 2036, &bank);
        let names = ["api.harbour.example", "*.wild.example"];
        leaf(
            &mut files,
            ("tls/wild.pem", "tls/wild.key"),
            &names,
            2036,
            &bank,
        );
        leaf(
            &mut files,
            ("tls/old.pem", "tls/old.key"),
            &names,
            2025,
            &bank,
        );
        let rsa = ("tls/gateway-rsa.pem", "tls/gateway-rsa.key");
        let names = ["api.harbour.example", "auth.harbour.example"];
        leaf_of(&mut files, rsa, &names, &bank, &rcgen::PKCS_RSA_SHA256);
        let client = ("tls/gateway-client.pem", "tls/gateway-client.key");
        leaf(&mut files, client, &["gateway.example"], 2036, &bank);
        unfit(&mut files, &bank, &sandbox);
        shown(&mut files, "shown/good.pem", 1, &partners);
        shown(&mut files, "shown/revoked.pem", REVOKED, &partners);
        shown(&mut files, "shown/stranger.pem", 1, &bank);
        operator(&mut files, "shown/operator.pem", 1, &operators);
        operator(&mut files, "shown/gone.pem", REVOKED, &operators);
        files.insert("keys/kek", format!("{}\n", kek()));
        files.insert("keys/open", files["keys/kek"].clone());
        files.insert("keys/login.key", files["tls/gateway-client.key"].clone());
        files.insert(
            "trust/lantern-ca.pem",
            files["trust/partners-ca.pem"].clone(),
        );
        files.insert("trust/lantern.crl", files["trust/partners.crl"].clone());
        files.insert("tls/open.key", files["tls/gateway.key"].clone());
        files.insert("keys/short", "c2hvcnQ\n".to_owned());
        for name in [
            "trust/statements.jwks.json",
            "trust/quay.jwks.json",
            "partners/swiftride.jwks.json",
            "partners/cartwheel.jwks.json",
        ] {
            let key = crypto::SigningKey::generate(crypto::Algorithm::Es256).expect("a key");
            let jwks = crypto::Jwks::from_keys(vec![key.verification_key()]);
            files.insert(name, jwks.to_json().to_string());
        }
        files
    })
}

fn authority(
    files: &mut HashMap<&'static str, String>,
    name: &'static str,
    common_name: &str,
    extensions: &[CustomExtension],
) -> Issuer<'static, KeyPair> {
    let mut params = params(common_name, &[], 2036);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.custom_extensions = extensions.to_vec();
    let key = KeyPair::generate().expect("a key");
    files.insert(name, params.self_signed(&key).expect("a certificate").pem());
    Issuer::new(params, key)
}

fn leaf(
    files: &mut HashMap<&'static str, String>,
    (certificate, key): (&'static str, &'static str),
    names: &[&str],
    last_year: i32,
    issuer: &Issuer<'static, KeyPair>,
) {
    let params = params("gateway", names, last_year);
    let pair = KeyPair::generate().expect("a key");
    let signed = params.signed_by(&pair, issuer).expect("a certificate");
    files.insert(certificate, signed.pem());
    files.insert(key, pair.serialize_pem());
}

fn leaf_of(
    files: &mut HashMap<&'static str, String>,
    (certificate, key): (&'static str, &'static str),
    names: &[&str],
    issuer: &Issuer<'static, KeyPair>,
    kind: &'static rcgen::SignatureAlgorithm,
) {
    let pair = KeyPair::generate_for(kind).expect("a key");
    let signed = params("gateway", names, 2036).signed_by(&pair, issuer);
    files.insert(certificate, signed.expect("a certificate").pem());
    files.insert(key, pair.serialize_pem());
}

/// Revocation lists: one that is believed, and those that are not.
fn lists(
    files: &mut HashMap<&'static str, String>,
    partners: &Issuer<'static, KeyPair>,
    bank: &Issuer<'static, KeyPair>,
    operators: &Issuer<'static, KeyPair>,
) {
    let mut under = params("Partners CA under operators", &[], 2036);
    under.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    under.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().expect("a key");
    let signed = under.signed_by(&key, operators).expect("a certificate");
    files.insert("trust/under-operators.pem", signed.pem());
    let under = Issuer::new(under, key);
    let list = |made: (i32, u8, u8), next: (i32, u8, u8)| CertificateRevocationListParams {
        this_update: date_time_ymd(made.0, made.1, made.2),
        next_update: date_time_ymd(next.0, next.1, next.2),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from(REVOKED),
            revocation_time: date_time_ymd(2026, 11, 1),
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    for (name, made, next, by) in [
        (
            "trust/partners.crl",
            (2026, 11, 22),
            (2026, 12, 22),
            partners,
        ),
        ("trust/old.crl", (2026, 11, 1), (2026, 12, 1), partners),
        (
            "trust/overdue.crl",
            (2026, 11, 21),
            (2026, 11, 22),
            partners,
        ),
        ("trust/future.crl", (2026, 11, 24), (2026, 12, 24), partners),
        ("trust/bank.crl", (2026, 11, 22), (2026, 12, 22), bank),
        (
            "trust/operators.crl",
            (2026, 11, 22),
            (2026, 12, 22),
            operators,
        ),
        (
            "trust/under-operators.crl",
            (2026, 11, 22),
            (2026, 12, 22),
            &under,
        ),
    ] {
        let list = list(made, next).signed_by(by).expect("a list");
        files.insert(name, list.pem().expect("PEM"));
    }
}

/// Certificates that cannot do what they are named for.
fn unfit(
    files: &mut HashMap<&'static str, String>,
    bank: &Issuer<'static, KeyPair>,
    sandbox: &[CustomExtension],
) {
    let names = ["api.harbour.example", "auth.harbour.example"];
    let mut sign = |certificate, key, params: CertificateParams| {
        let pair = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&pair, bank).expect("a certificate");
        files.insert(certificate, signed.pem());
        files.insert(key, pair.serialize_pem());
    };
    let mut future = params("gateway", &names, 2036);
    future.not_before = date_time_ymd(2027, 1, 1);
    sign("tls/future.pem", "tls/future.key", future);
    let mut marked = params("gateway", &names, 2036);
    marked.custom_extensions = sandbox.to_vec();
    sign("tls/sandbox.pem", "tls/sandbox.key", marked);
    let mut client = params("gateway", &names, 2036);
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    sign("tls/client-only.pem", "tls/client-only.key", client);
    let mut server = params("gateway", &names, 2036);
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    sign("tls/server-only.pem", "tls/server-only.key", server);
    let mut old = params("Old CA", &[], 2025);
    old.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    sign("trust/old-ca.pem", "trust/old-ca.key", old);
    let disordered = format!(
        "{}{}",
        files["tls/gateway.pem"], files["trust/partners-ca.pem"]
    );
    files.insert("tls/disordered.pem", disordered);
}

/// A certificate that a partner shows.
fn shown(
    files: &mut HashMap<&'static str, String>,
    name: &'static str,
    serial: u64,
    issuer: &Issuer<'static, KeyPair>,
) {
    let mut params = params("SwiftRide", &[], 2036);
    let organization_id = DnType::CustomDnType(vec![2, 5, 4, 97]);
    params
        .distinguished_name
        .push(organization_id, "PSDCN-SWIFTRIDE-001");
    for_clients(files, name, serial, params, issuer);
}

/// A certificate that an operator shows.
fn operator(
    files: &mut HashMap<&'static str, String>,
    name: &'static str,
    serial: u64,
    issuer: &Issuer<'static, KeyPair>,
) {
    for_clients(
        files,
        name,
        serial,
        params("An operator", &[], 2036),
        issuer,
    );
}

fn for_clients(
    files: &mut HashMap<&'static str, String>,
    name: &'static str,
    serial: u64,
    mut params: CertificateParams,
    issuer: &Issuer<'static, KeyPair>,
) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.serial_number = Some(SerialNumber::from(serial));
    let pair = KeyPair::generate().expect("a key");
    let signed = params.signed_by(&pair, issuer).expect("a certificate");
    files.insert(name, signed.pem());
}

fn params(common_name: &str, names: &[&str], last_year: i32) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(last_year, 1, 1);
    params
}
