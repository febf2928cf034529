//! The sandbox's directory: made on the first run, looked after on every later one.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crypto::{BadSigningKey, KeyEncryptionKey, Random, SigningKey};
use model::Clock;

use crate::test_ca::CannotMake;

mod authorities;
mod directory;
mod leaf;
mod partners;
mod settings;

use authorities::{Authorities, BANK_SERVER, GATEWAY_CLIENT, HOUSE};
use directory::{Access, Directory};

/// The id of the model bank in `gateway.yaml`.
pub const BANK: &str = "harbour";
/// The id of the bank's upstream in `gateway.yaml`: the audience of identity assertions.
pub const UPSTREAM: &str = "core";

const KEY_ENCRYPTION_KEY: &str = "keys/kek";

/// Where the sandbox is to listen, and as what. Used when `gateway.yaml` is written; later the file
/// decides.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The APIs and the token endpoint, with client certificates.
    pub api: SocketAddr,
    /// The issuer, without client certificates.
    pub issuer: SocketAddr,
    /// The model bank.
    pub bank: SocketAddr,
    /// The demo app of SwiftRide: customers come back to it.
    pub swiftride: SocketAddr,
    /// The demo app of Cartwheel.
    pub cartwheel: SocketAddr,
    /// What `gateway.yaml` is written from; `None` for the sandbox's own. In it `@API_ADDRESS@`,
    /// `@API_URL@`, `@ISSUER_ADDRESS@`, `@ISSUER_URL@`, `@BANK_ADDRESS@`, `@SWIFTRIDE_URL@`,
    /// `@CARTWHEEL_URL@`, `@FROM@` and `@UNTIL@` stand for what is known here alone, and
    /// `file:partners/NAME…` for the files of a made-up partner.
    pub template: Option<String>,
}

/// What [`prepare`] found or made; every path is absolute.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The directory.
    pub dir: PathBuf,
    /// `gateway.yaml`.
    pub config: PathBuf,
    /// Whether `gateway.yaml` was written just now.
    pub first_run: bool,
    /// What was written just now, in order: empty when all was there and fresh.
    pub written: Vec<PathBuf>,
    /// The authority of the servers: what a client trusts (PEM).
    pub server_authority: PathBuf,
    /// The authority of the partners' certificates (PEM).
    pub partner_authority: PathBuf,
    /// The model bank's server certificate (PEM chain) …
    pub bank_certificate: PathBuf,
    /// … and its private key.
    pub bank_key: PathBuf,
    /// The certificate that the gateway shows the bank (PEM chain): what the bank pins.
    pub gateway_certificate: PathBuf,
    /// The folder of the audit log.
    pub audit: PathBuf,
    /// The files of the made-up partners that `gateway.yaml` names, SwiftRide first.
    pub partners: Vec<PartnerFiles>,
    /// The APIs' URL by the plan. Where `gateway.yaml` was there before, it may say another: set
    /// it before printing commands.
    pub api_url: String,
    /// The issuer's URL by the plan, as above.
    pub issuer_url: String,
    /// The token endpoint that takes client certificates (RFC 8705 §5), as above.
    pub token_endpoint: String,
}

/// What a made-up partner holds: on its own machine in life, here in one folder.
#[derive(Debug, Clone)]
pub struct PartnerFiles {
    /// The partner's id.
    pub partner: &'static str,
    /// Its first client's `client_id`; its other clients hold the same keys.
    pub client: &'static str,
    /// Its client certificate (PEM chain).
    pub certificate: PathBuf,
    /// The private key of that certificate.
    pub key: PathBuf,
    /// The private key that signs its client assertions (ES256, PEM, PKCS#8).
    pub signing_key: PathBuf,
    /// The public part of that key as a JWK Set.
    pub jwks: PathBuf,
}

/// Why the directory cannot be prepared. It can be tried again: each file is whole or absent.
#[derive(Debug, thiserror::Error)]
pub enum PrepareFailed {
    /// The file system refused.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was being done: "read".
        doing: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file of the sandbox's own cannot be read as what it is.
    #[error("{} is broken: delete it to have it made again", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A certificate or a list cannot be made.
    #[error("cannot make {}", path.display())]
    Certificate {
        /// The file it was for.
        path: PathBuf,
        /// Why not.
        #[source]
        source: CannotMake,
    },
    /// A signing key cannot be made.
    #[error("cannot make {}", path.display())]
    SigningKey {
        /// The file it was for.
        path: PathBuf,
        /// Why not.
        #[source]
        source: BadSigningKey,
    },
}

/// Whether `dir` holds a `gateway.yaml`: then the file decides where the sandbox listens.
pub fn is_prepared(dir: &Path) -> bool {
    dir.join(settings::CONFIG).exists()
}

/// Fills `dir` with what the sandbox needs and it lacks, and renews what is near its end: leaves
/// with less than 7 of their 30 days left, a revocation list older than a day. Otherwise nothing
/// is written; `gateway.yaml` and the API files are written once and are the person's from then
/// on. Each file is written whole or not at all, `gateway.yaml` last, so an interrupted first run
/// is repeated by calling again. Private keys have mode 0600, new folders 0700. Blocks on files.
pub fn prepare(
    dir: &Path,
    plan: &Plan,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<Prepared, PrepareFailed> {
    let mut directory = Directory::open(dir)?;
    let now = clock.now();
    let settings = settings::of(&directory, plan, now)?;
    let named = partners::named_in(&settings.text);
    let partners = named.as_slice();
    Authorities {
        now,
        random,
        partners,
    }
    .keep(&mut directory)?;
    for partner in partners {
        partner.keep_signing_key(&mut directory)?;
    }
    if directory.read(KEY_ENCRYPTION_KEY)?.is_none() {
        let text = KeyEncryptionKey::generate_text(random) + "\n";
        directory.write(KEY_ENCRYPTION_KEY, text.as_bytes(), Access::Private)?;
    }
    let first_run = settings.is_new;
    settings.keep(&mut directory)?;
    Ok(Prepared {
        config: directory.path(settings::CONFIG),
        first_run,
        server_authority: directory.path(HOUSE.certificate),
        partner_authority: directory.path(authorities::PARTNERS.certificate),
        bank_certificate: directory.path(BANK_SERVER.certificate),
        bank_key: directory.path(BANK_SERVER.key),
        gateway_certificate: directory.path(GATEWAY_CLIENT.certificate),
        audit: directory.path(settings::AUDIT),
        partners: partners
            .iter()
            .map(|partner| partner.files(&directory))
            .collect(),
        api_url: settings::url(plan.api),
        issuer_url: settings::url(plan.issuer),
        token_endpoint: format!("{}/token", settings::url(plan.api)),
        dir: directory.root().to_owned(),
        written: directory.into_written(),
    })
}

/// The private key of a made-up partner's client, for client assertions (RFC 7523); `None` when
/// the sandbox made no such client. `dir` is the folder of `gateway.yaml`.
pub fn signing_key(dir: &Path, client_id: &str) -> Result<Option<SigningKey>, PrepareFailed> {
    let Some(partner) = partners::PARTNERS
        .iter()
        .find(|partner| partner.clients.contains(&client_id))
    else {
        return Ok(None);
    };
    let path = dir.join(partner.signing_key);
    let file = std::fs::read(&path).map_err(|source| PrepareFailed::File {
        doing: "read",
        path: path.clone(),
        source,
    })?;
    SigningKey::from_pem(None, &file)
        .map(Some)
        .map_err(|source| PrepareFailed::Broken {
            path,
            source: source.into(),
        })
}

#[cfg(test)]
mod tests;
