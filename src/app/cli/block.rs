//! `mortise block`: products that are composed, checked, tested, drawn, exported and compared, all
//! without a service of the bank's.

mod told;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use blocks::diff::{Version, diff, lowest_version};
use blocks::export::{AuthorizationServer, Facts, arazzo, authorization};
use clap::{Args, Subcommand, ValueEnum};
use config::{BankPlan, BlockPlan, DestinationPlan, House, Mode, ProductPlan};
use model::{Clock, SystemClock};

use crate::cli::{check, environment, say, warn};

/// Check, test, draw, export and compare the blocks of a configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum Block {
    /// Check every block, and say what each operation asks for and reads.
    Check {
        #[command(flatten)]
        of: Of,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run the tests that stand beside each block, in virtual time and without a network.
    Test {
        #[command(flatten)]
        of: Of,
        /// Tell which parts of a block no test reaches; then that is not good either.
        #[arg(long)]
        coverage: bool,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Draw an operation: its reads by level, its checks with what they end with, its reply.
    Graph {
        #[command(flatten)]
        of: Of,
        /// The operation; may be left out where the block has one.
        #[arg(long, value_name = "NAME")]
        operation: Option<String>,
        /// What is drawn.
        #[arg(long, value_enum, default_value_t = Form::Svg)]
        format: Form,
    },
    /// Print what a block offers: OpenAPI 3.1, or the partner's journey as Arazzo 1.1.
    Export {
        #[command(flatten)]
        of: Of,
        /// The journey instead.
        #[arg(long, conflicts_with = "authorization")]
        arazzo: bool,
        /// The authorization server that the journey begins at, as OpenAPI.
        #[arg(long)]
        authorization: bool,
    },
    /// Say what a newer file changes for partners, and whether it breaks what they built.
    Diff {
        #[command(flatten)]
        of: Of,
        /// The configuration that is in force.
        #[arg(long, value_name = "FILE")]
        since: PathBuf,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Which blocks.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// The product; may be left out where there is one block.
    #[arg(value_name = "PRODUCT")]
    product: Option<String>,
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    config: PathBuf,
    /// Read it as the sandbox would, which takes the sandbox's certificates.
    #[arg(long)]
    sandbox: bool,
}

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A picture that stands by itself.
    Svg,
    /// Text that others draw.
    Mermaid,
}

/// A block where it stands.
pub(crate) struct Found<'h> {
    bank: &'h BankPlan,
    product: &'h ProductPlan,
    block: &'h BlockPlan,
}

impl Block {
    /// Does it. Exit codes: 0 good, 1 not, 2 no file to judge or no such block.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Check { of, json } => of.with(json, |found| {
                say(&told::checked(&found, json));
                Ok(ExitCode::SUCCESS)
            }),
            Self::Test { of, coverage, json } => {
                of.with(json, |found| tested(&found, coverage, json))
            }
            Self::Graph {
                of,
                operation,
                format,
            } => of.one(false, |found| Ok(draw(found, operation.as_deref(), format))),
            Self::Export {
                of,
                arazzo,
                authorization,
            } => of.one(false, |found| {
                let document = exported(found, arazzo, authorization)?;
                say(&format!("{}\n", serde_json::to_string_pretty(&document)?));
                Ok(ExitCode::SUCCESS)
            }),
            Self::Diff { of, since, json } => {
                let before = Of {
                    product: of.product.clone(),
                    config: since,
                    sandbox: of.sandbox,
                };
                before.one(json, |old| of.one(json, |new| Ok(compared(old, new, json))))
            }
        }
    }
}

impl Of {
    fn house(&self, json: bool) -> Result<House, ExitCode> {
        let now = SystemClock::new().now();
        let mode = if self.sandbox {
            Mode::Sandbox
        } else {
            Mode::Serve
        };
        let loaded = config::load(&self.config, mode, &environment, now);
        loaded.map_err(|mistakes| check::refuse(&mistakes, json))
    }

    /// With the blocks that are meant: all, where none is named.
    fn with(
        &self,
        json: bool,
        with: impl FnOnce(Vec<Found<'_>>) -> anyhow::Result<ExitCode>,
    ) -> anyhow::Result<ExitCode> {
        let house = match self.house(json) {
            Ok(house) => house,
            Err(code) => return Ok(code),
        };
        let mut found = blocks_of(&house);
        if let Some(product) = &self.product {
            found.retain(|found| found.product.id.as_str() == product);
        }
        if found.is_empty() {
            warn(&self.missing(&house));
            return Ok(ExitCode::from(2));
        }
        with(found)
    }

    /// With the one block that is meant.
    fn one(
        &self,
        json: bool,
        with: impl FnOnce(&Found<'_>) -> anyhow::Result<ExitCode>,
    ) -> anyhow::Result<ExitCode> {
        self.with(json, |found| {
            if let [one] = found.as_slice() {
                return with(one);
            }
            let names = found.iter().map(|found| found.product.id.as_str());
            let names: Vec<&str> = names.collect();
            warn(&format!(
                "error: which block? name one of {}\n",
                names.join(", ")
            ));
            Ok(ExitCode::from(2))
        })
    }

    fn missing(&self, house: &House) -> String {
        let known: Vec<String> = blocks_of(house)
            .iter()
            .map(|found| found.product.id.to_string())
            .collect();
        let config = self.config.display();
        match (&self.product, known.as_slice()) {
            (Some(product), [_, ..]) => format!(
                "error: {config} has no block `{product}`; its blocks: {}\n",
                known.join(", ")
            ),
            _ => format!("error: {config} has no block\n"),
        }
    }
}

/// The blocks of a house, in the file's order.
fn blocks_of(house: &House) -> Vec<Found<'_>> {
    let products = house.banks.iter().flat_map(|bank| {
        let products = bank.products.iter();
        products.map(move |product| (bank, product))
    });
    let blocks = products.filter_map(|(bank, product)| match &product.destination {
        DestinationPlan::Block(block) => Some(Found {
            bank,
            product,
            block,
        }),
        DestinationPlan::Upstream(_) | DestinationPlan::Room(_) => None,
    });
    blocks.collect()
}

fn tested(found: &[Found<'_>], coverage: bool, json: bool) -> anyhow::Result<ExitCode> {
    let mut reports = Vec::new();
    for found in found {
        let tests = match config::block_tests(found.block) {
            Ok(tests) => tests,
            Err(mistakes) => return Ok(check::refuse(&mistakes, json)),
        };
        let report = tests.run().context("running the tests")?;
        reports.push((found.product.id.as_str(), report));
    }
    say(&told::tested(&reports, coverage, json));
    let is_good = reports.iter().all(|(_, report)| {
        let is_reached = !coverage || report.coverage.missing().next().is_none();
        report.is_passed() && is_reached
    });
    Ok(ExitCode::from(u8::from(!is_good)))
}

fn draw(found: &Found<'_>, named: Option<&str>, format: Form) -> ExitCode {
    let operations = &found.block.plan.operations;
    let operation = match (named, operations.as_slice()) {
        (None, [one]) => Some(one),
        (None, _) => None,
        (Some(name), all) => all.iter().find(|operation| *operation.name == *name),
    };
    let Some(operation) = operation else {
        let names: Vec<&str> = operations.iter().map(|its| &*its.name).collect();
        warn(&format!(
            "error: which operation? name one of {}\n",
            names.join(", ")
        ));
        return ExitCode::from(2);
    };
    say(&match format {
        Form::Svg => blocks::drawing::svg(operation),
        Form::Mermaid => blocks::drawing::mermaid(operation),
    });
    ExitCode::SUCCESS
}

fn exported(
    found: &Found<'_>,
    is_journey: bool,
    is_server: bool,
) -> anyhow::Result<serde_json::Value> {
    if !is_journey && !is_server {
        return Ok(found.block.openapi.clone());
    }
    let issuer = found.bank.issuer.url.as_str();
    let at = |path: &str| format!("{issuer}{path}");
    let config::TokensPlan::Ours(ours) = &found.bank.issuer.tokens else {
        anyhow::bail!("another issues the tokens of this bank: its journey begins there");
    };
    let (metadata, push) = (at("/.well-known/oauth-authorization-server"), at("/par"));
    let authorize = at("/authorize");
    let server = AuthorizationServer {
        issuer,
        metadata: &metadata,
        pushed_authorization_request_endpoint: &push,
        authorization_endpoint: &authorize,
        token_endpoint: &ours.token_endpoint,
    };
    if is_server {
        return Ok(authorization(&server));
    }
    let id = found.product.id.as_str();
    let facts = Facts {
        title: &found.block.file.title_en,
        product: &format!("{id}.openapi.json"),
        authorization: "authorization.openapi.json",
        server,
    };
    Ok(arazzo(&found.block.plan, &facts))
}

fn compared(old: &Found<'_>, new: &Found<'_>, json: bool) -> ExitCode {
    let version = |found: &Found<'_>| found.block.plan.version;
    let changes = diff(
        Version {
            file: &old.block.file,
            plan: &old.block.plan,
        },
        Version {
            file: &new.block.file,
            plan: &new.block.plan,
        },
    );
    let lowest = lowest_version(version(old), &changes);
    let is_same = changes.is_empty() && version(old) == version(new);
    let is_good = is_same || version(new) >= lowest;
    say(&told::compared(
        (version(old), version(new)),
        &changes,
        lowest,
        json,
    ));
    ExitCode::from(u8::from(!is_good))
}
