//! Promise P1, tried: corruptions of the configuration and of its API descriptions. Each is refused
//! at load, or its house refuses every attack on every operation that the intact house refuses.
//!
//! The house is the example that ships, made complete (`house.rs`); the corruptions are those of
//! `mutation.rs`; what got in is what the bank behind the house saw (`siege.rs`). A sample is the
//! default measure; `MORTISE_LONG=1` tries many times as many, `MORTISE_SEED` repeats a run.

mod house;
mod mutation;
mod siege;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crypto::{SeededRandom, SystemRandom};
use kit::ATTACKS;

use house::GUESTS;
use mutation::{Mutant, Operator, mutants, sample};
use siege::{HONEST, Outcome, Seen, Siege};

/// How many of each operator are tried, where there are so many: in the default measure …
const SAMPLE_EACH: usize = 64;
/// … and in the long one.
const ALL_EACH: usize = 480;
/// How many are tried at least.
const SAMPLE_MIN: usize = 400;
const ALL_MIN: usize = 2_000;

/// How many mutants ended how.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    same: usize,
    refused_at_load: usize,
    refused_at_start: usize,
    shut: usize,
    open: usize,
}

impl Counts {
    /// All that say something else than the intact file.
    fn all(self) -> usize {
        self.refused_at_load + self.refused_at_start + self.shut + self.open
    }
}

/// The commit of this checkout, where git can tell.
fn commit() -> String {
    let mut git = Command::new("git");
    git.args(["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "HEAD"]);
    let told = git.output().ok().filter(|output| output.status.success());
    told.map_or_else(
        || "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn seed() -> u64 {
    let given = std::env::var_os("MORTISE_SEED");
    match given.map(|seed| seed.to_string_lossy().parse()) {
        Some(seed) => seed.expect("a number in MORTISE_SEED"),
        None => u64::from_le_bytes(crypto::random_array(&SystemRandom)),
    }
}

/// Parts of the files: the lines that decide (`mutation.rs` says which), the rest of the
/// configuration, the rest of what the API descriptions say of their operations, and the schemas
/// that follow.
fn parts(siege: &Siege) -> [Vec<Mutant>; 4] {
    let [mut deciding, mut config, mut operations, mut schemas] = [const { Vec::new() }; 4];
    for file in house::FILES {
        let text = &siege.sound.files[file];
        let schemas_from = text.lines().position(|line| line == "components:");
        for mutant in mutants(file, text) {
            let part = match schemas_from {
                Some(from) if mutant.line > from => &mut schemas,
                _ if mutant.decides => &mut deciding,
                None => &mut config,
                Some(_) => &mut operations,
            };
            part.push(mutant);
        }
    }
    [deciding, config, operations, schemas]
}

/// The mutants of a run: of each operator as many, half of them of lines that decide. Few others
/// leave a house that stands and is shut: most are refused, or change nothing.
fn chosen(siege: &Siege, is_long: bool, random: &SeededRandom) -> Vec<Mutant> {
    let each = if std::env::var_os("MORTISE_DUMP").is_some() {
        1 << 30
    } else if is_long {
        ALL_EACH
    } else {
        SAMPLE_EACH
    };
    let mut chosen = Vec::new();
    for (part, eighths) in parts(siege).into_iter().zip([4, 2, 1, 1]) {
        for operator in Operator::ALL {
            let of_it = part.iter().filter(|mutant| mutant.operator == operator);
            let count = each * eighths / 8;
            chosen.extend(sample(of_it.cloned().collect(), count, random));
        }
    }
    chosen
}

#[tokio::test(flavor = "multi_thread")]
async fn long_mutants_let_in_no_attack_that_the_intact_house_refuses() {
    let is_long = std::env::var_os("MORTISE_LONG").is_some();
    let seed = seed();
    println!("seed {seed}, commit {}", commit());
    let siege = Siege::prepare().await;
    let intact = siege.intact().await;
    assert_sound(&siege, &intact);
    let lets_in = intact.calls;
    let honest = honest(&lets_in);
    let mutants = chosen(&siege, is_long, &SeededRandom::new(seed));
    let mut counts: BTreeMap<Operator, Counts> = BTreeMap::new();
    let mut ways_in = Vec::new();
    for mutant in &mutants {
        let counts = counts.entry(mutant.operator).or_default();
        match siege.besiege(mutant.file, &mutant.text).await {
            Outcome::RefusedAtLoad => counts.refused_at_load += 1,
            Outcome::RefusedAtStart => counts.refused_at_start += 1,
            Outcome::Same => counts.same += 1,
            Outcome::Stood(Seen { calls: seen, .. }) => {
                if honest.is_subset(&seen) {
                    counts.open += 1;
                } else {
                    counts.shut += 1;
                }
                if std::env::var_os("MORTISE_DUMP").is_some() {
                    println!("DUMP {} {mutant}", honest.is_subset(&seen));
                }
                for (target, attack) in seen.difference(&lets_in) {
                    let target = &siege.targets[*target].name;
                    ways_in.push(format!("{mutant}: {attack} at {target}"));
                }
            }
        }
    }
    println!("{}ways in: {}", told(&counts), ways_in.len());
    assert!(
        ways_in.is_empty(),
        "{} ways in: {ways_in:#?}",
        ways_in.len()
    );
    let total = total(&counts);
    let enough = if is_long { ALL_MIN } else { SAMPLE_MIN };
    assert!(total.all() >= enough, "{total:?}");
    for (what, count) in [("shut", total.shut), ("open", total.open)] {
        assert!(count * 20 >= total.all(), "too few are {what}: {total:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_siege_sees_every_way_in_that_a_valid_file_opens_or_shuts() {
    let siege = Siege::prepare().await;
    let lets_in = siege.intact().await.calls;
    let lists = "      revocation:\n        crl: [file:trust/lantern.crl]\n        \
                 refuse_when_older_than: 24h\n";
    let (scope, class) = ("x-mortise-scope: branches", "x-mortise-class: partner");
    let (config, api) = ("gateway.yaml", "apis/branches.yaml");
    for (file, edits, attack, opened, shut) in [
        (
            config,
            &[(lists, "      revocation: none\n")][..],
            "revoked_certificate",
            2,
            0,
        ),
        (
            config,
            &[("standing: suspended", "standing: active")],
            "suspended_partner",
            4,
            0,
        ),
        (
            config,
            &[("burst: 12 requests", "burst: 13 requests")],
            "over_limit",
            4,
            0,
        ),
        (
            config,
            &[("burst: 40 requests", "burst: 41 requests")],
            "over_limit",
            2,
            0,
        ),
        (
            api,
            &[
                (class, "x-mortise-class: open"),
                ("      x-mortise-scope: branches\n", ""),
            ],
            "no_certificate",
            2,
            0,
        ),
        (api, &[(scope, "x-mortise-scope: other")], HONEST, 0, 2),
    ] {
        let mut text = siege.sound.files[file].clone();
        for (old, new) in edits {
            assert!(text.contains(old), "{file} lacks `{old}`");
            text = text.replace(old, new);
        }
        let Outcome::Stood(Seen { calls: seen, .. }) = siege.besiege(file, &text).await else {
            panic!("{edits:?} is no valid file");
        };
        let ways = |more: &BTreeSet<_>, less| {
            let more: Vec<_> = more.difference(less).collect();
            more.iter().filter(|(_, call)| *call == attack).count()
        };
        assert_eq!(
            (ways(&seen, &lets_in), ways(&lets_in, &seen)),
            (opened, shut),
            "{attack} after {edits:?}: {seen:?}"
        );
    }
}

/// The honest calls, of whomever.
fn honest(seen: &BTreeSet<(usize, &'static str)>) -> BTreeSet<(usize, &'static str)> {
    let honest = seen.iter().filter(|(_, call)| !ATTACKS.contains(call));
    honest.copied().collect()
}

/// How the intact house refuses an attack on an operation, where it is one: status, code, detail.
fn refusal(attack: &str, is_open: bool) -> Option<&'static str> {
    let told = match attack {
        "foreign_host" => "404 unknown_route: No operation is served at this host and path.",
        "over_limit" if is_open => {
            "429 too_many_requests: This address sends more requests than the gateway takes from \
             one address."
        }
        "over_limit" => "429 rate_limited: The rate of the agreement's plan is used up.",
        _ if is_open => return None,
        "no_certificate" => {
            "401 no_certificate: The connection was made without a client certificate."
        }
        "foreign_certificate" => {
            "401 certificate_refused: The certificate does not chain to an authority of this bank."
        }
        "revoked_certificate" => "401 certificate_refused: The certificate is revoked.",
        "expired_certificate" => {
            "401 certificate_refused: The certificate, or one in its chain, is expired or not yet \
             valid."
        }
        "suspended_partner" => {
            "403 partner_suspended: The gateway's operator has suspended this partner."
        }
        "no_token" => "401 no_token: The request has no Authorization header with a Bearer token.",
        "unbound_token" => "401 bad_token: The token is not bound to a certificate.",
        "other_partners_token" => {
            "401 wrong_binding: The token is bound to another certificate than the one shown."
        }
        "missing_scope" => {
            "403 insufficient_scope: The token does not carry the scope of this operation."
        }
        "wrong_audience" => "401 bad_token: The token is for another audience.",
        other => panic!("no attack {other}"),
    };
    Some(told)
}

/// The intact house lets every honest call in, and refuses every attack for what is wrong with it;
/// on open operations those that are no attacks there get in.
fn assert_sound(siege: &Siege, intact: &Seen) {
    let open = siege.targets.iter().filter(|target| target.scope.is_none());
    assert_eq!((open.count(), siege.targets.len()), (2, 6));
    let mut wanted = BTreeSet::new();
    let mut refused = BTreeSet::new();
    for (at, target) in siege.targets.iter().enumerate() {
        wanted.insert((at, HONEST));
        if target.name.contains("/branches/v1") {
            wanted.extend(GUESTS.map(|guest| (at, guest)));
        }
        for attack in ATTACKS {
            match refusal(attack, target.scope.is_none()) {
                Some(told) => _ = refused.insert((at, attack, told.to_owned())),
                None => _ = wanted.insert((at, attack)),
            }
        }
    }
    assert_eq!(intact.calls, wanted);
    assert_eq!(intact.refused, refused);
}

fn total(counts: &BTreeMap<Operator, Counts>) -> Counts {
    let mut total = Counts::default();
    for counts in counts.values() {
        total.same += counts.same;
        total.refused_at_load += counts.refused_at_load;
        total.refused_at_start += counts.refused_at_start;
        total.shut += counts.shut;
        total.open += counts.open;
    }
    total
}

/// The counts as a table.
fn told(counts: &BTreeMap<Operator, Counts>) -> String {
    let row = |name: &str, counts: Counts| {
        format!(
            "{name:<14}{:>8}{:>8}{:>9}{:>8}{:>8}{:>8}\n",
            counts.all(),
            counts.refused_at_load,
            counts.refused_at_start,
            counts.shut,
            counts.open,
            counts.same
        )
    };
    let mut text = "operator       mutants at load at start    shut    open    same\n".to_owned();
    for operator in Operator::ALL {
        let counts = counts.get(&operator).copied().unwrap_or_default();
        text.push_str(&row(&format!("{operator:?}"), counts));
    }
    text + &row("all", total(counts))
}
