//! The commands that the sandbox prints: each can be pasted alone into a fresh shell, in any
//! folder, and does what its title says. None holds a token or an assertion made beforehand: what
//! it needs it asks for when it runs.

use std::fmt::Write;
use std::path::Path;

use crate::prepare::{PartnerFiles, Prepared};

/// One thing to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What it does, as a heading.
    pub title: &'static str,
    /// What to paste into a POSIX shell; one line or several.
    pub lines: String,
    /// What it shows when all is well.
    pub expects: &'static str,
}

/// The commands, in the order in which a newcomer tries them. `exe` is the program itself, which
/// need not be on the PATH; a relative path is taken from the current folder, now. They are
/// SwiftRide's: where `gateway.yaml` knows it not, there are none.
pub fn commands(prepared: &Prepared, exe: &Path) -> Vec<Command> {
    let exe = std::path::absolute(exe).unwrap_or_else(|_| exe.to_owned());
    let mut partners = prepared.partners.iter();
    let Some(partner) = partners.find(|one| one.partner == "swiftride") else {
        return Vec::new();
    };
    let shell = Shell {
        prepared,
        partner,
        exe: quoted(&exe),
    };
    vec![
        shell.open_call(),
        shell.token(),
        shell.partner_call(),
        shell.refusal(),
        shell.limit(),
        shell.audit_cat(),
        shell.audit_verify(),
    ]
}

/// The commands as text for a terminal: titles and expectations at the margin, what is to be
/// copied alone on its lines, indented by two, without a prompt sign.
pub fn render(commands: &[Command]) -> String {
    let mut text = String::new();
    for command in commands {
        let _ = writeln!(text, "{}\n", command.title);
        for line in command.lines.lines() {
            let _ = writeln!(text, "  {line}");
        }
        let _ = writeln!(text, "\n→ {}\n", command.expects);
    }
    text
}

struct Shell<'a> {
    prepared: &'a Prepared,
    partner: &'a PartnerFiles,
    exe: String,
}

impl Shell<'_> {
    fn open_call(&self) -> Command {
        Command {
            title: "Ask for today's exchange rates, which are open to anyone",
            lines: format!(
                "{}\n  {}",
                continued(&self.curl("-sS -i -w '\\n'")),
                self.url("/fx/v1/rates?base=CNY&quote=EUR")
            ),
            expects: "200 and the rate of CNY-EUR",
        }
    }

    fn token(&self) -> Command {
        Command {
            title: "Get an access token as SwiftRide: a certificate and a signed assertion",
            lines: self.token_request("-sS -i -w '\\n'"),
            expects: "200 and a token that is good only together with SwiftRide's certificate",
        }
    }

    fn partner_call(&self) -> Command {
        Command {
            title: "Call a partner API with certificate and token",
            lines: self.with_token(&format!(
                "{}\n  {}\n  {}",
                continued(&self.curl_as_partner("-sS -i -w '\\n'")),
                continued("-H \"Authorization: Bearer $TOKEN\""),
                self.url("/branches/v1/branches?city=shanghai&type=branch&limit=3")
            )),
            expects: "200 and three branches in Shanghai",
        }
    }

    fn refusal(&self) -> Command {
        Command {
            title: "See a refusal explained: the same call with the certificate, without a token",
            lines: format!(
                "{}\n  {}",
                continued(&self.curl_as_partner("-sS -i -w '\\n'")),
                self.url("/branches/v1/branches?city=shanghai&type=branch&limit=3")
            ),
            expects: "401 and a problem document with the code no_token and how to mend it",
        }
    }

    fn limit(&self) -> Command {
        // One curl makes all thirty calls, by its own loop over the offsets, on one connection:
        // thirty processes could be slow enough to stay within the limit.
        Command {
            title: "Hit the limit: thirty calls in a row, counted by status",
            lines: self.with_token(&format!(
                "{}\n  {}\n  {} |\n  sort | uniq -c",
                continued(&self.curl_as_partner("-sS -o /dev/null -w '%{http_code}\\n'")),
                continued("-H \"Authorization: Bearer $TOKEN\""),
                self.url("/catalogue/v1/products?limit=1&offset=[1-30]")
            )),
            expects: "some 200, and 429 for what goes beyond the plan's burst",
        }
    }

    fn audit_cat(&self) -> Command {
        Command {
            title: "Read the evidence: the last records of the audit log",
            lines: format!("{} audit cat --dir {} | tail -n 5", self.exe, self.audit()),
            expects: "the last five records, refused ones too",
        }
    }

    fn audit_verify(&self) -> Command {
        Command {
            title: "Verify that no record was changed, removed or put in another order",
            lines: format!("{} audit verify --dir {}", self.exe, self.audit()),
            expects: "how many records were read, and that the log is clean",
        }
    }

    /// A command that first puts a fresh token into `TOKEN`.
    fn with_token(&self, then: &str) -> String {
        format!(
            "TOKEN=$({} |\n  sed -n 's/.*\"access_token\" *: *\"\\([^\"]*\\)\".*/\\1/p')\n{then}",
            self.token_request("-sS")
        )
    }

    fn token_request(&self, options: &str) -> String {
        let assertion = format!(
            "{} partner assertion {} --config {}",
            self.exe,
            self.partner.client,
            quoted(&self.prepared.config)
        );
        [
            continued(&self.curl_as_partner(options)),
            continued("  -d grant_type=client_credentials"),
            continued("  --data-urlencode 'scope=branches catalogue'"),
            continued(concat!(
                "  -d client_assertion_type=",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            )),
            continued(&format!("  -d \"client_assertion=$({assertion})\"")),
            format!("  {}", single_quoted(&self.prepared.token_endpoint)),
        ]
        .join("\n")
    }

    fn curl_as_partner(&self, options: &str) -> String {
        format!(
            "{}\n  --cert {} --key {}",
            continued(&self.curl(options)),
            quoted(&self.partner.certificate),
            quoted(&self.partner.key)
        )
    }

    fn curl(&self, options: &str) -> String {
        let authority = quoted(&self.prepared.server_authority);
        format!("curl {options} --cacert {authority}")
    }

    fn url(&self, path_and_query: &str) -> String {
        single_quoted(&format!("{}{path_and_query}", self.prepared.api_url))
    }

    fn audit(&self) -> String {
        quoted(&self.prepared.audit)
    }
}

fn continued(line: &str) -> String {
    format!("{line} \\")
}

fn quoted(path: &Path) -> String {
    single_quoted(&path.to_string_lossy())
}

/// One word for a POSIX shell, whatever it holds: nothing is expanded within single quotes.
fn single_quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
