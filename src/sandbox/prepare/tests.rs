use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use jiff::Timestamp;

use crypto::{Algorithm, Jwks, SeededRandom};
use model::MovedClock;

use super::*;
use crate::test_ca::{Revoked, TestCa};

struct Bench {
    folder: tempfile::TempDir,
    clock: MovedClock,
    random: SeededRandom,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            clock: MovedClock::stopped(),
            random: SeededRandom::new(3),
        }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("sandbox")
    }

    fn prepare(&self) -> Prepared {
        self.try_prepare().expect("prepared")
    }

    fn try_prepare(&self) -> Result<Prepared, PrepareFailed> {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let plan = Plan {
            api: at(8443),
            issuer: at(9443),
            bank: at(7443),
            swiftride: at(8447),
            cartwheel: at(8448),
            template: None,
        };
        prepare(&self.dir(), &plan, &self.clock, &self.random)
    }

    fn days_later(&self, days: u64) {
        self.clock.advance(Duration::from_secs(days * 86_400));
    }

    /// All files by name: bytes and mode.
    fn files(&self) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.dir()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let mode = fs::metadata(&path).expect("there").permissions().mode();
                    files.insert(path.clone(), (fs::read(&path).expect("read"), mode & 0o777));
                }
            }
        }
        files
    }

    fn names(&self, prepared: &Prepared) -> Vec<String> {
        let name = |path: &PathBuf| {
            let name = path.strip_prefix(self.dir()).expect("inside");
            name.display().to_string()
        };
        prepared.written.iter().map(name).collect()
    }
}

fn facts(path: &Path) -> crypto::CertificateFacts {
    let chain = crypto::certificates(&fs::read(path).expect("read")).expect("a chain");
    crypto::certificate_facts(&chain[0]).expect("facts")
}

#[test]
fn the_first_run_writes_all_and_the_configuration_last() {
    let bench = Bench::new();
    let prepared = bench.prepare();
    assert!(prepared.first_run);
    assert_eq!(prepared.written.last(), Some(&prepared.config));
    let on_disk: Vec<PathBuf> = bench.files().into_keys().collect();
    let mut written = prepared.written.clone();
    written.sort();
    assert_eq!(written, on_disk, "nothing else lies there");
    for named in fs::read_to_string(&prepared.config)
        .expect("read")
        .split(&[' ', '[', ']', '}', ',', '\n'])
        .filter_map(|word| word.strip_prefix("file:"))
    {
        assert!(bench.dir().join(named).is_file(), "{named}");
    }
}

#[test]
fn a_second_run_writes_nothing() {
    let bench = Bench::new();
    bench.prepare();
    let before = bench.files();
    let again = bench.prepare();
    assert!(!again.first_run);
    assert_eq!(bench.names(&again), Vec::<String>::new());
    assert!(bench.files() == before);
}

#[test]
fn private_files_are_their_owners_alone() {
    let bench = Bench::new();
    bench.prepare();
    let private = |path: &Path| {
        path.extension().is_some_and(|end| end == "key") || path.ends_with("keys/kek")
    };
    let (mut keys, mut others) = (0, 0);
    for (path, (bytes, mode)) in bench.files() {
        let holds_key = bytes.windows(12).any(|text| text == b"PRIVATE KEY-");
        assert!(!holds_key || private(&path), "{}", path.display());
        if private(&path) {
            assert_eq!(mode, 0o600, "{}", path.display());
            keys += 1;
        } else {
            assert_eq!(mode, 0o644, "{}", path.display());
            others += 1;
        }
        let folder = fs::metadata(path.parent().expect("a parent")).expect("there");
        assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    }
    assert_eq!((keys, others), (10, 22));
}

#[test]
fn every_certificate_carries_the_marker() {
    let bench = Bench::new();
    bench.prepare();
    let mut seen = 0;
    for (path, (bytes, _)) in bench.files() {
        let Ok(chain) = crypto::certificates(&bytes) else {
            continue;
        };
        for der in chain {
            let facts = crypto::certificate_facts(&der).expect("facts");
            assert!(facts.is_sandbox, "{}", path.display());
            seen += 1;
        }
    }
    assert_eq!(seen, 7);
}

#[test]
fn partners_are_named_in_their_certificates_and_in_the_configuration() {
    let bench = Bench::new();
    let prepared = bench.prepare();
    let settings = fs::read_to_string(&prepared.config).expect("read");
    for (partner, id) in prepared
        .partners
        .iter()
        .zip(["PSDCN-SWIFTRIDE-001", "PSDCN-CARTWHEEL-001"])
    {
        let facts = facts(&partner.certificate);
        assert_eq!(facts.organization_id.as_deref(), Some(id));
        for word in [id, partner.partner, partner.client] {
            assert!(settings.contains(word), "{word}");
        }
        let key = signing_key(&bench.dir(), partner.client);
        let key = key.expect("readable").expect("there");
        assert_eq!(key.algorithm(), Algorithm::Es256);
        let jwks = Jwks::parse(&fs::read(&partner.jwks).expect("read")).expect("keys");
        let token = key.sign("JWT", &serde_json::json!({})).expect("signed");
        let rules = crypto::Rules {
            typ: crypto::Typ::Exactly(&["JWT"]),
            bytes_max: 4096,
        };
        let verified = crypto::verify(&token, &jwks, &rules).expect("verified");
        assert_eq!(verified.kid.as_deref(), Some(key.kid()));
    }
    let none = signing_key(&bench.dir(), "../swiftride").expect("no file is touched");
    assert!(none.is_none());
}

#[test]
fn leaves_are_renewed_for_their_keys_when_less_than_seven_days_remain() {
    let bench = Bench::new();
    let first = bench.prepare();
    let partner = first.partners[0].certificate.clone();
    let before = facts(&partner);
    bench.days_later(22);
    assert_eq!(bench.names(&bench.prepare()), ["trust/partners.crl"]);
    bench.days_later(2);
    let mut renewed = bench.names(&bench.prepare());
    renewed.sort();
    assert_eq!(
        renewed,
        [
            "bank/server.pem",
            "partners/cartwheel.pem",
            "partners/swiftride.pem",
            "tls/gateway-client.pem",
            "tls/gateway.pem",
            "trust/partners.crl",
        ]
    );
    let after = facts(&partner);
    assert_eq!(after.spki, before.spki);
    assert_eq!(after.not_after, before.not_after + 24 * 86_400);
}

#[test]
fn a_new_root_takes_everything_it_issued_along() {
    let bench = Bench::new();
    bench.prepare();
    bench.days_later(5 * 365 - 59);
    let renewed = bench.names(&bench.prepare());
    for root in ["trust/servers-ca.pem", "trust/partners-ca.pem"] {
        assert!(renewed.iter().any(|name| name == root), "{renewed:?}");
    }
    assert_eq!(renewed.len(), 2 * 2 + 5 + 1, "{renewed:?}");
}

#[test]
fn an_interrupted_run_is_repeated() {
    let bench = Bench::new();
    bench.prepare();
    // As if a new root had been made and the run had ended before its leaves were.
    fs::remove_file(bench.dir().join("trust/partners-ca.pem")).expect("removed");
    fs::remove_file(bench.dir().join("gateway.yaml")).expect("removed");
    fs::write(bench.dir().join("trust/.partners-ca.pem.new"), "half").expect("written");
    let again = bench.prepare();
    assert!(again.first_run);
    let names = bench.names(&again);
    assert_eq!(
        names,
        [
            "trust/partners-ca.key",
            "trust/partners-ca.pem",
            "partners/swiftride.pem",
            "partners/cartwheel.pem",
            "trust/partners.crl",
            "gateway.yaml",
        ]
    );
    assert!(!bench.dir().join("trust/.partners-ca.pem.new").exists());
}

#[test]
fn what_a_person_edited_is_left_alone() {
    let bench = Bench::new();
    let prepared = bench.prepare();
    let api = bench.dir().join("apis/fx.yaml");
    fs::write(&prepared.config, "edition: mine\n").expect("written");
    fs::write(&api, "openapi: mine\n").expect("written");
    bench.days_later(40);
    let again = bench.prepare();
    assert!(!again.first_run && !again.written.is_empty());
    assert_eq!(
        fs::read(&prepared.config).expect("read"),
        b"edition: mine\n"
    );
    assert_eq!(fs::read(&api).expect("read"), b"openapi: mine\n");
}

#[test]
fn a_renewed_list_keeps_its_entries_and_a_fresh_one_stays() {
    let bench = Bench::new();
    let prepared = bench.prepare();
    let list = bench.dir().join("trust/partners.crl");
    let read = || crypto::revocation_list(&fs::read(&list).expect("read")).expect("a list");
    let facts = crypto::crl_facts(&read()).expect("facts");
    let now = bench.clock.now().as_second();
    assert_eq!(facts.this_update, now);
    assert_eq!(facts.next_update, Some(now + 30 * 86_400));

    let authority = fs::read_to_string(&prepared.partner_authority).expect("read");
    let key = fs::read_to_string(bench.dir().join("trust/partners-ca.key")).expect("read");
    let authority = TestCa::reload("Mortise sandbox partners", &authority, &key);
    let serial = [0x41; 16];
    let revoked = Revoked {
        serial: serial.to_vec(),
        at: bench.clock.now(),
    };
    let due = Timestamp::from_second(now + 30 * 86_400).expect("in range");
    let signed = authority
        .expect("reloaded")
        .crl(&[revoked], bench.clock.now(), due);
    fs::write(&list, signed.expect("signed")).expect("written");
    assert!(bench.prepare().written.is_empty(), "a fresh list stays");

    bench.days_later(2);
    assert_eq!(bench.names(&bench.prepare()), ["trust/partners.crl"]);
    let renewed = read();
    assert!(renewed.windows(16).any(|bytes| bytes == serial));
    let facts = crypto::crl_facts(&renewed).expect("facts");
    assert_eq!(facts.this_update, bench.clock.now().as_second());
}

#[test]
fn a_broken_list_is_not_forgotten_but_reported() {
    let bench = Bench::new();
    bench.prepare();
    let list = bench.dir().join("trust/partners.crl");
    fs::write(&list, "nonsense").expect("written");
    let failed = bench.try_prepare();
    assert!(matches!(failed, Err(PrepareFailed::Broken { path, .. }) if path == list));
}

#[test]
fn a_key_that_does_not_fit_gets_its_own_certificate() {
    let bench = Bench::new();
    let prepared = bench.prepare();
    let [first, second] = prepared.partners.as_slice() else {
        panic!("two partners");
    };
    fs::copy(&second.key, &first.key).expect("copied");
    assert_eq!(bench.names(&bench.prepare()), ["partners/swiftride.pem"]);
    assert_eq!(
        facts(&first.certificate).spki,
        facts(&second.certificate).spki
    );
}

#[test]
fn the_servers_certificate_is_rsa_and_speaks_of_localhost() {
    let bench = Bench::new();
    bench.prepare();
    let facts = facts(&bench.dir().join("tls/gateway.pem"));
    assert_eq!(facts.dns_names, ["localhost"]);
    // rsaEncryption (RFC 4055 §1.2) in the key's algorithm identifier.
    let rsa = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
    assert!(facts.spki.windows(rsa.len()).any(|bytes| bytes == rsa));
    assert!(facts.spki.len() > 256);
}
