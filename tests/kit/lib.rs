//! The test kit: a whole house in one process, and clients that are not ours.
//!
//! **For**: tests that go through the front door. **Doors**: [`TestHouse`] (the sandbox's house in
//! a temporary folder, on free ports, with a clock that tests move), [`Client`] (hyper and rustls,
//! HTTP/1.1 or HTTP/2, with or without a certificate), [`Partner`] (a client with its certificate
//! and signing key), [`ProofKey`] (a client's key for DPoP), [`ScriptedBank`] and [`FloodBank`]
//! (banks that answer as a test says), [`Operators`] and [`probe`] (listeners for operators and
//! probes), [`KeyHost`] (where a client publishes its keys), [`Exposition`] (a strict reader of
//! metrics), [`EchoBank`] (one that answers with what reached it), [`PaperProvider`] (a bank's
//! OpenID provider that says what it is told), [`Attackers`] (the attack set), [`given_up_after`]
//! and [`Dial::lone_call`] (exchanges polled by hand and given up), [`TestCa`] and the functions
//! beside it (certificates that the sandbox has not), [`Folder`] (a sandbox's folder for tests that
//! start the real program). **How a value goes through**: a test edits the sandbox's `gateway.yaml`
//! as text, starts the house, calls it over real sockets and real TLS. **Absent on purpose**: any
//! short cut past a socket, but for exchanges polled by hand; any mock of a part of the product.

mod attack;
mod authority;
mod bank;
mod browser;
mod by_hand;
mod client;
mod dpop;
mod echo;
mod exposition;
mod flood;
mod folder;
mod house;
mod issuer;
mod key_host;
mod operators;
mod partner;
mod problem;
mod provider;
mod self_signed;

pub use app::{Applied, Left, Load, NotApplied};
pub use attack::{ATTACKS, Attackers, FOREIGN_HOST, Mounted, certificates_of};
pub use authority::{
    SWIFTRIDE, intermediate, issue, other_authority, partner_leaf, revocation_list, serial,
    validity,
};
pub use bank::{Script, ScriptedBank};
pub use browser::{Browser, attribute, encoded, hidden, html, query, way_back};
pub use by_hand::{Moment, given_up_after, read_handled};
pub use client::{
    Answer, Client, Dial, Identity, RequestBody, Version, endless, hesitant, read, untold, whole,
};
pub use dpop::ProofKey;
pub use echo::EchoBank;
pub use exposition::{Exposition, Family, Sample};
pub use flood::{FloodBank, flood, swallow};
pub use folder::{Folder, Reserved};
pub use house::{GRANT_LIFETIME, HouseBuilder, LOG_IN, TestHouse, records};
pub use issuer::{issuer_key, under_kid};
pub use key_host::{KeyHost, Publishes, key_set};
pub use operators::{Operators, Probed, probe};
pub use partner::{FORM, Partner, shared, text, token_form};
pub use provider::{METADATA, PaperProvider, key_file, key_file_of};
pub use self_signed::{SelfSigned, jwks_of, self_signed};

pub use bytes::Bytes;
pub use http::{Method, StatusCode};
pub use sandbox::{Issued, Leaf, Marker, PASSWORD, Purpose, TestCa, Validity};
