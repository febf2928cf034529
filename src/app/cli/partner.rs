//! `mortise partner …`: tools for partners and their shells.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Subcommand;

use config::Mode;
use crypto::{SigningKey, SystemRandom};
use model::{ClientId, Clock, SystemClock};

use crate::cli::{environment, say, show};

/// Tools for partners.
#[derive(Debug, Subcommand)]
pub(crate) enum Partner {
    /// Print a fresh client assertion (RFC 7523), valid for a minute and good for one use.
    Assertion {
        /// The client it speaks for.
        #[arg(value_name = "CLIENT")]
        client: String,
        /// The configuration file that names the client and its bank's issuer.
        #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
        config: PathBuf,
        /// The client's private key, PEM (PKCS#8). In a sandbox's folder it is found by itself.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// The key's id, when the client's JWKS gives it one that is not its RFC 7638 thumbprint.
        #[arg(long, value_name = "KID")]
        kid: Option<String>,
        /// The bank whose issuer is meant, when the file has several.
        #[arg(long, value_name = "BANK")]
        bank: Option<String>,
    },
}

impl Partner {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Assertion {
            client,
            config,
            key,
            kid,
            bank,
        } = self;
        let clock = SystemClock::new();
        let client = ClientId::parse(&client).context("reading CLIENT")?;
        // Nothing is served here: the sandbox's certificates are as good as any.
        let house = match config::load(&config, Mode::Sandbox, &environment, clock.now()) {
            Ok(house) => house,
            Err(mistakes) => {
                show(&mistakes);
                return Ok(ExitCode::from(1));
            }
        };
        let issuer = issuer(&house, &client, bank.as_deref())?;
        let key = match key {
            Some(path) => {
                let pem =
                    std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
                SigningKey::from_pem(kid.as_deref(), &pem)
                    .with_context(|| format!("reading the key in {}", path.display()))?
            }
            None => own_key(&config, &client)?,
        };
        let assertion = authserver::assertion(&client, &issuer, &key, clock.now(), &SystemRandom)
            .context("signing the assertion")?;
        say(&format!("{assertion}\n"));
        Ok(ExitCode::SUCCESS)
    }
}

/// The issuer that the client is registered with.
fn issuer(
    house: &config::House,
    client: &ClientId,
    wanted: Option<&str>,
) -> anyhow::Result<String> {
    let mut issuers = house
        .banks
        .iter()
        .filter(|bank| wanted.is_none_or(|id| bank.id.as_str() == id))
        .filter(|bank| bank.issuer.clients.contains_key(client))
        .map(|bank| bank.issuer.url.clone());
    let Some(issuer) = issuers.next() else {
        bail!("no bank of this file has the client {client}");
    };
    if issuers.next().is_some() {
        bail!("several banks have the client {client}: say which with --bank");
    }
    Ok(issuer)
}

#[cfg(feature = "sandbox")]
fn own_key(config: &Path, client: &ClientId) -> anyhow::Result<SigningKey> {
    let dir = config.parent().unwrap_or(Path::new("."));
    sandbox::signing_key(dir, client.as_str())?.with_context(|| {
        format!(
            "no key of {client} lies in {}: give --key FILE",
            dir.display()
        )
    })
}

#[cfg(not(feature = "sandbox"))]
fn own_key(_config: &Path, client: &ClientId) -> anyhow::Result<SigningKey> {
    bail!("the private key of {client} is needed: give --key FILE")
}
