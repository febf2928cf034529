//! `mortise partner …`: tools for partners and their shells.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;

use config::{BankPlan, House, Mode};
use crypto::{SigningKey, SystemRandom};
use model::{ClientId, Clock, SystemClock};

use crate::cli::config_file::ConfigFile;
use crate::cli::{check, environment, say, warn};

/// Tools for partners.
#[derive(Debug, Subcommand)]
pub(crate) enum Partner {
    /// Print a fresh client assertion (RFC 7523), valid for a minute and good for one use.
    Assertion {
        /// The client it speaks for.
        #[arg(value_name = "CLIENT")]
        client: String,
        #[command(flatten)]
        config: ConfigFile,
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
        let config = config.path();
        let clock = SystemClock::new();
        // Nothing is served here: the sandbox's certificates are as good as any.
        let house = match config::load(&config, Mode::Sandbox, &environment, clock.now()) {
            Ok(house) => house,
            Err(mistakes) => return Ok(check::refuse(&mistakes, false)),
        };
        let (client, issuer) = match registered(&house, &config, &client, bank.as_deref()) {
            Ok(found) => found,
            Err(wrong) => {
                warn(&wrong.0);
                return Ok(ExitCode::from(2));
            }
        };
        let key = match key {
            Some(path) => Some(read_key(&path, kid.as_deref())?),
            None => own_key(&config, client)?,
        };
        let Some(key) = key else {
            warn(&format!(
                "error: no private key of `{client}` lies beside {}\n\
                 help: say where it is: --key FILE\n",
                config.display()
            ));
            return Ok(ExitCode::from(2));
        };
        let assertion = authserver::assertion(client, issuer, &key, clock.now(), &SystemRandom)
            .context("signing the assertion")?;
        say(&format!("{assertion}\n"));
        Ok(ExitCode::SUCCESS)
    }
}

/// Wrong usage: what to print, `error:` and `help:` lines.
struct Wrong(String);

impl Wrong {
    fn new(error: &str) -> Self {
        Self(format!("error: {error}\n"))
    }

    fn help(mut self, help: &str) -> Self {
        let _ = writeln!(self.0, "help: {help}");
        self
    }

    /// Helps with the name that was probably meant, and with all there are.
    fn known(self, meant: &str, kind: &str, mut names: Vec<&str>) -> Self {
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return self.help(&format!("it has no {kind}"));
        }
        let wrong = match nearest(meant, &names) {
            Some(name) => self.help(&format!("did you mean `{name}`?")),
            None => self,
        };
        let shown: Vec<_> = names
            .iter()
            .take(SHOWN_MAX)
            .map(|n| format!("`{n}`"))
            .collect();
        let more = if names.len() > SHOWN_MAX { ", …" } else { "" };
        wrong.help(&format!("its {kind}: {}{more}", shown.join(", ")))
    }
}

/// How many names are shown.
const SHOWN_MAX: usize = 10;

/// The name that was probably meant: at most a third of it is written otherwise.
fn nearest<'n>(meant: &str, names: &[&'n str]) -> Option<&'n str> {
    let allowed = (meant.chars().count() / 3).max(1);
    names
        .iter()
        .map(|name| (strsim::osa_distance(meant, name), *name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The client, and the issuer that it is registered with.
fn registered<'h>(
    house: &'h House,
    file: &Path,
    client: &str,
    wanted: Option<&str>,
) -> Result<(&'h ClientId, &'h str), Wrong> {
    let file = file.display();
    let is_wanted = |bank: &&BankPlan| wanted.is_none_or(|id| bank.id.as_str() == id);
    let banks: Vec<_> = house.banks.iter().filter(is_wanted).collect();
    if let (Some(id), true) = (wanted, banks.is_empty()) {
        let names = house.banks.iter().map(|bank| bank.id.as_str()).collect();
        return Err(Wrong::new(&format!("{file} has no bank `{id}`")).known(id, "banks", names));
    }
    let of = |bank: &'h BankPlan| {
        let mut clients = bank.issuer.clients.keys();
        clients.find(|id| id.as_str() == client)
    };
    let found: Vec<_> = banks
        .iter()
        .filter_map(|bank| Some((bank.id.as_str(), of(bank)?, bank.issuer.url.as_str())))
        .collect();
    match found.as_slice() {
        [(_, client, issuer)] => Ok((client, issuer)),
        [] => {
            let place = match wanted {
                Some(id) => format!("the bank `{id}` of {file}"),
                None => file.to_string(),
            };
            let clients = banks.iter().flat_map(|bank| bank.issuer.clients.keys());
            let names = clients.map(ClientId::as_str).collect();
            let wrong = Wrong::new(&format!("{place} has no client `{client}`"));
            let other = house.banks.iter().find(|bank| of(bank).is_some());
            Err(match other {
                Some(bank) => wrong.help(&format!("the bank `{0}` has it: --bank {0}", bank.id)),
                None => wrong.known(client, "clients", names),
            })
        }
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|(id, ..)| format!("--bank {id}"))
                .collect();
            let wrong = Wrong::new(&format!(
                "several banks of {file} have the client `{client}`"
            ));
            Err(wrong.help(&format!("say which: {}", names.join(" or "))))
        }
    }
}

fn read_key(path: &Path, kid: Option<&str>) -> anyhow::Result<SigningKey> {
    let pem = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    SigningKey::from_pem(kid, &pem)
        .with_context(|| format!("reading the key in {}", path.display()))
}

/// The key that the sandbox made for its own clients, beside its file.
#[cfg(feature = "sandbox")]
fn own_key(config: &Path, client: &ClientId) -> anyhow::Result<Option<SigningKey>> {
    let dir = config.parent().unwrap_or(Path::new("."));
    Ok(sandbox::signing_key(dir, client.as_str())?)
}

#[cfg(not(feature = "sandbox"))]
#[expect(clippy::unnecessary_wraps, reason = "the sandbox's may fail")]
fn own_key(_config: &Path, _client: &ClientId) -> anyhow::Result<Option<SigningKey>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_right_is_offered_and_another_is_not() {
        let names = ["swiftride-app", "ledgerly"];
        assert_eq!(nearest("swiftrider-app", &names), Some("swiftride-app"));
        assert_eq!(nearest("nobody", &names), None);
    }
}
