//! The command line: one file a command. Exit codes: 0 done; 1 the thing asked about is not good
//! (a file with mistakes, a log that does not verify); 2 wrong usage, or nothing to judge; 3 it
//! could not be done (input or output failed).

mod alone;
mod audit;
mod block;
mod check;
mod config_file;
mod consent;
mod keys;
mod partner;
mod prove;
mod reload;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::telemetry::Form;

/// Mortise: an open-banking API gateway.
#[derive(Debug, Parser)]
#[command(
    name = "mortise",
    version,
    about,
    after_help = "Exit codes: 0 done · 1 what was asked about is not good · 2 wrong usage, or \
                  nothing to judge · 3 it could not be done"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the partner sandbox: gateway, model bank and test CA in one process, offline.
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Sandbox),
    /// Run the gateway.
    Serve {
        #[command(flatten)]
        config: config_file::ConfigFile,
        #[command(flatten)]
        log: Log,
    },
    /// Make the running gateway read its configuration again.
    Reload(reload::Reload),
    /// Check a configuration file: every mistake in one run, and nothing is started.
    Check(check::Check),
    /// Print the JSON Schema of the configuration file, for editors.
    Schema {
        /// The schema of a file that the configuration includes, which may lack sections.
        #[arg(long)]
        part: bool,
    },
    /// Prove what guards each operation: the checks in the order of the road, and the road's answer
    /// to an honest call and to each attack.
    #[command(after_help = prove::EXIT_CODES)]
    Prove(prove::Prove),
    /// Check, test, draw, export and compare products that are composed.
    #[command(subcommand)]
    Block(block::Block),
    /// See and rotate the keys that sign access tokens.
    Keys(keys::Keys),
    /// Withdraw a customer's consent, and show the evidence of it.
    Consent(consent::Consent),
    /// Tools for partners.
    #[command(subcommand)]
    Partner(partner::Partner),
    /// Read and verify the audit log.
    #[command(subcommand)]
    Audit(audit::Audit),
}

/// How a command that serves logs.
#[derive(Debug, Args)]
struct Log {
    /// How log lines on standard error look [default: pretty on a terminal, otherwise json].
    #[arg(long, value_name = "FORMAT", value_enum)]
    log_format: Option<LogFormat>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Time, level, message and fields, for people.
    Pretty,
}

impl Log {
    /// What was asked for, or what suits whoever reads standard error. Colours are for terminals,
    /// and not where `NO_COLOR` is set.
    fn form(&self) -> Form {
        self.form_on(std::io::stderr().is_terminal(), no_colour())
    }

    fn form_on(&self, is_terminal: bool, no_colour: bool) -> Form {
        let is_pretty = self
            .log_format
            .map_or(is_terminal, |format| format == LogFormat::Pretty);
        if is_pretty {
            Form::Pretty {
                coloured: is_terminal && !no_colour,
            }
        } else {
            Form::Json
        }
    }
}

/// Whether whoever calls wants no colours: `NO_COLOR` is set and not empty.
fn no_colour() -> bool {
    environment("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    crate::telemetry::hush_panics();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(help) => {
            // Help and version are answers, the rest is wrong usage; clap prints either.
            let _ = help.print();
            return ExitCode::from(if help.use_stderr() { 2 } else { 0 });
        }
    };
    let done = match arguments.command {
        #[cfg(feature = "sandbox")]
        Command::Sandbox(sandbox) => sandbox.run(),
        Command::Serve { config, log } => serve::run(&config.path(), &log),
        Command::Reload(reload) => reload.run(),
        Command::Check(check) => Ok(check.run()),
        Command::Block(block) => block.run(),
        Command::Schema { part } => {
            say_schema(part);
            Ok(ExitCode::SUCCESS)
        }
        Command::Prove(prove) => prove.run(),
        Command::Keys(keys) => keys.run(),
        Command::Consent(consent) => consent.run(),
        Command::Partner(partner) => partner.run(),
        Command::Audit(audit) => audit.run(),
    };
    crate::telemetry::flush();
    if let Some(error) = UNWRITTEN.get() {
        warn(&format!(
            "error: writing to standard output\n  caused by: {error}\n"
        ));
        return ExitCode::from(3);
    }
    done.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::from(3)
    })
}

/// What kept standard output from being written, if anything did.
static UNWRITTEN: OnceLock<std::io::Error> = OnceLock::new();

/// Prints to standard output. A closed pipe is the reader's right; whatever else keeps the text
/// from being written ends the command with an error: evidence sent to a full disk must not look
/// exported.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        let _ = UNWRITTEN.set(error);
    }
}

/// Prints the schema of the configuration file, or of one that it includes.
fn say_schema(part: bool) {
    let of = if part {
        config::SchemaOf::Part
    } else {
        config::SchemaOf::Whole
    };
    say(&format!("{:#}\n", config::schema(of)));
}

/// Prints an error and its causes to standard error.
fn complain(error: &anyhow::Error) {
    let mut text = format!("error: {error}\n");
    for cause in error.chain().skip(1) {
        let _ = writeln!(text, "  caused by: {cause}");
    }
    warn(&text);
}

/// Prints to standard error.
fn warn(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Prints a file's mistakes to standard error, coloured on a terminal and as wide as it is.
fn show(mistakes: &config::Mistakes) {
    let (coloured, width) = terminal();
    warn(&mistakes.render(coloured, width));
}

/// Whether standard error is a terminal, and how wide it is in columns.
fn terminal() -> (bool, usize) {
    let is_terminal = std::io::stderr().is_terminal();
    let width =
        rustix::termios::tcgetwinsize(std::io::stderr()).map_or(0, |size| usize::from(size.ws_col));
    (is_terminal, if width == 0 { 100 } else { width })
}

/// Reads an environment variable, for `env:` references in the configuration.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_for_people_on_a_terminal_and_else_for_programs_unless_asked() {
        let form = |log_format, is_terminal, no_colour| {
            let log = Log { log_format };
            log.form_on(is_terminal, no_colour)
        };
        let pretty = |coloured| Form::Pretty { coloured };
        assert_eq!(form(None, false, false), Form::Json);
        assert_eq!(form(None, true, false), pretty(true));
        assert_eq!(form(None, true, true), pretty(false));
        assert_eq!(form(Some(LogFormat::Json), true, false), Form::Json);
        assert_eq!(form(Some(LogFormat::Pretty), false, false), pretty(false));
        assert_eq!(form(Some(LogFormat::Pretty), true, false), pretty(true));
    }
}
