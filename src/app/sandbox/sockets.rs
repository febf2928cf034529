//! The sandbox's sockets. All are bound before a new folder is written and before the log opens:
//! a start that fails for a busy port leaves nothing behind.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::fs::{File, TryLockError};
use std::io::{self, Read as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use model::ListenerId;

/// The most bytes of a lock file that are read.
const LOCK_BYTES_MAX: u64 = 64;

/// Bound sockets: the house's by listener, and the model bank's.
pub(super) struct Sockets {
    pub(super) house: HashMap<ListenerId, TcpListener>,
    pub(super) bank: TcpListener,
}

/// Why a sandbox does not open, when a person at a terminal can mend it.
#[derive(Debug)]
pub(crate) enum NotOpened {
    /// Another process works on this folder.
    Running {
        /// The folder.
        dir: PathBuf,
        /// That process, if its id could be read.
        pid: Option<u32>,
    },
    /// Addresses cannot be bound.
    Unbound {
        /// Each of them; never empty.
        places: Vec<Unbound>,
        /// The file that names them; none when the folder is new.
        file: Option<PathBuf>,
    },
}

/// An address that cannot be bound.
#[derive(Debug)]
pub(crate) struct Unbound {
    /// The listener; none is the model bank.
    listener: Option<ListenerId>,
    address: SocketAddr,
    source: io::Error,
}

impl Sockets {
    /// Binds all of them, or says of each that is not free. `file` names them; none when the
    /// folder is new.
    pub(super) fn bind(
        listeners: impl IntoIterator<Item = (ListenerId, SocketAddr)>,
        bank: SocketAddr,
        file: Option<&Path>,
    ) -> Result<Self, NotOpened> {
        let mut house = HashMap::new();
        let mut places = Vec::new();
        for (id, address) in listeners {
            match edge::bind(address) {
                Ok(socket) => {
                    house.insert(id, socket);
                }
                Err(source) => places.push(Unbound {
                    listener: Some(id),
                    address,
                    source,
                }),
            }
        }
        let bank = edge::bind(bank).map_err(|source| Unbound {
            listener: None,
            address: bank,
            source,
        });
        match bank {
            Ok(bank) if places.is_empty() => return Ok(Self { house, bank }),
            Ok(_) => {}
            Err(unbound) => places.push(unbound),
        }
        Err(NotOpened::Unbound {
            places,
            file: file.map(Path::to_owned),
        })
    }
}

/// Refuses a folder whose audit log another process writes. Nothing is written and the lock is
/// not kept: the log takes it when it opens.
pub(super) fn refuse_when_running(dir: &Path, audit: &Path) -> Result<(), NotOpened> {
    let Ok(mut lock) = File::open(audit.join("lock")) else {
        // No log yet, or one that cannot be read: opening it will say so.
        return Ok(());
    };
    if !matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return Ok(());
    }
    let mut owner = String::new();
    let read = lock
        .by_ref()
        .take(LOCK_BYTES_MAX)
        .read_to_string(&mut owner);
    let pid = read.ok().and_then(|_| {
        let first = owner.split_whitespace().next()?;
        first.parse().ok()
    });
    Err(NotOpened::Running {
        dir: dir.to_owned(),
        pid,
    })
}

impl NotOpened {
    /// What is wrong and what would be right, a line each.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        for line in self.errors() {
            let _ = writeln!(text, "error: {line}");
        }
        for line in self.help() {
            let _ = writeln!(text, "help: {line}");
        }
        text
    }

    fn errors(&self) -> Vec<String> {
        match self {
            Self::Running { dir, pid } => {
                let process = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
                vec![format!(
                    "another mortise{process} runs on {}",
                    dir.display()
                )]
            }
            Self::Unbound { places, .. } => places.iter().map(ToString::to_string).collect(),
        }
    }

    fn help(&self) -> Vec<String> {
        let (places, file) = match self {
            Self::Running { .. } => {
                return vec![
                    "stop it first, or give another folder with --dir DIR, or use --ephemeral"
                        .to_owned(),
                ];
            }
            Self::Unbound { places, file } => (places, file),
        };
        let Some(file) = file else {
            let options: Vec<_> = places.iter().map(Unbound::option).collect();
            return vec![
                format!(
                    "choose what is free, nothing was written yet: {}",
                    options.join(" ")
                ),
                "or use --ephemeral: a temporary folder and free ports".to_owned(),
            ];
        };
        let mut help = vec![format!(
            "{} says where the sandbox listens; free the address, or edit in this file:",
            file.display()
        )];
        help.extend(places.iter().map(Unbound::edit));
        help.push("or use --ephemeral: a temporary folder and free ports".to_owned());
        help
    }
}

impl fmt::Display for NotOpened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.errors().join("; "))
    }
}

impl std::error::Error for NotOpened {}

impl Unbound {
    fn name(&self) -> Option<&str> {
        self.listener.as_ref().map(ListenerId::as_str)
    }

    /// The option that says where a new folder's sandbox is to listen.
    fn option(&self) -> &'static str {
        match self.name() {
            Some("api") => "--api ADDRESS",
            Some(_) => "--issuer ADDRESS",
            None => "--bank ADDRESS",
        }
    }

    /// What to edit in the folder's file.
    fn edit(&self) -> String {
        let (bank, upstream) = (sandbox::BANK, sandbox::UPSTREAM);
        match self.name() {
            Some("issuer") => format!(
                "`address` and `url` of the listener `issuer`, and the issuer's `url` in the bank \
                 `{bank}`"
            ),
            Some(id) => format!("`address` and `url` of the listener `{id}`"),
            None => format!("`endpoints` of the upstream `{upstream}` in the bank `{bank}`"),
        }
    }
}

impl fmt::Display for Unbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some("api") => f.write_str("the APIs")?,
            Some("issuer") => f.write_str("the issuer")?,
            Some(id) => write!(f, "the listener `{id}`")?,
            None => f.write_str("the model bank")?,
        }
        write!(f, " cannot listen on {}: ", self.address)?;
        if self.source.kind() == io::ErrorKind::AddrInUse {
            f.write_str("the address is in use already")
        } else {
            write!(f, "{}", self.source)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held() -> (TcpListener, SocketAddr) {
        let socket = edge::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let address = socket.local_addr().expect("an address");
        (socket, address)
    }

    fn refused(file: Option<&Path>) -> String {
        let (_api, api) = held();
        let (_bank, bank) = held();
        let free: SocketAddr = ([127, 0, 0, 1], 0).into();
        let listeners = [("api", api), ("issuer", free)]
            .map(|(id, address)| (ListenerId::parse(id).expect("an id"), address));
        let refused = Sockets::bind(listeners, bank, file).err();
        let text = refused.expect("busy ports").render();
        let errors = format!(
            "error: the APIs cannot listen on {api}: the address is in use already\n\
             error: the model bank cannot listen on {bank}: the address is in use already\n"
        );
        let help = text.strip_prefix(&errors);
        help.unwrap_or_else(|| panic!("{text}")).to_owned()
    }

    #[test]
    fn all_busy_addresses_of_a_new_folder_are_told_with_their_options() {
        let help = refused(None);
        assert!(help.contains(": --api ADDRESS --bank ADDRESS\n"), "{help}");
        assert!(
            help.contains("nothing was written") && help.contains("--ephemeral"),
            "{help}"
        );
    }

    #[test]
    fn of_a_folder_that_is_there_the_file_is_told_and_what_to_edit_in_it() {
        let help = refused(Some(Path::new("/a folder/gateway.yaml")));
        for part in [
            "/a folder/gateway.yaml says",
            "help: `address` and `url` of the listener `api`\n",
            "help: `endpoints` of the upstream `core` in the bank `harbour`\n",
            "--ephemeral",
        ] {
            assert!(help.contains(part), "{part}: {help}");
        }
        assert!(!help.contains("--api"), "{help}");
    }
}
