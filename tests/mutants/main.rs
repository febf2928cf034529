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

use mutation::{Mutant, Operator, mutants, sample};
use siege::{HONEST, Outcome, Siege};

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
    refused_at_load: usize,
    refused_at_start: usize,
    shut: usize,
    open: usize,
}

impl Counts {
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
    let each = if is_long { ALL_EACH } else { SAMPLE_EACH };
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
    let intact = &siege.sound.files["gateway.yaml"];
    let Outcome::Stood(lets_in) = siege.besiege("gateway.yaml", intact).await else {
        panic!("the intact house does not stand");
    };
    assert_sound(&siege, &lets_in);
    let honest = calls_of(HONEST, &lets_in);
    let mutants = chosen(&siege, is_long, &SeededRandom::new(seed));
    let mut counts: BTreeMap<Operator, Counts> = BTreeMap::new();
    let mut ways_in = Vec::new();
    for mutant in &mutants {
        let counts = counts.entry(mutant.operator).or_default();
        match siege.besiege(mutant.file, &mutant.text).await {
            Outcome::RefusedAtLoad => counts.refused_at_load += 1,
            Outcome::RefusedAtStart => counts.refused_at_start += 1,
            Outcome::Stood(seen) => {
                if honest.is_subset(&calls_of(HONEST, &seen)) {
                    counts.open += 1;
                } else {
                    counts.shut += 1;
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
    let intact = &siege.sound.files["gateway.yaml"];
    let Outcome::Stood(lets_in) = siege.besiege("gateway.yaml", intact).await else {
        panic!("the intact house does not stand");
    };
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
        let Outcome::Stood(seen) = siege.besiege(file, &text).await else {
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

/// The operations that a call of this name got in to.
fn calls_of(name: &str, seen: &BTreeSet<(usize, &'static str)>) -> BTreeSet<usize> {
    let calls = seen.iter().filter(|(_, attack)| *attack == name);
    calls.map(|(target, _)| *target).collect()
}

/// The intact house lets every honest call in, and of the attacks those on open operations that
/// are no attacks there.
fn assert_sound(siege: &Siege, lets_in: &BTreeSet<(usize, &'static str)>) {
    let open = siege.targets.iter().filter(|target| target.scope.is_none());
    assert_eq!((open.count(), siege.targets.len()), (2, 6));
    for (at, target) in siege.targets.iter().enumerate() {
        let is_open = target.scope.is_none();
        assert!(lets_in.contains(&(at, HONEST)), "{} is shut", target.name);
        for attack in ATTACKS {
            let is_refused = !is_open || ["over_limit", "foreign_host"].contains(&attack);
            assert_eq!(
                lets_in.contains(&(at, attack)),
                !is_refused,
                "{attack} at {}",
                target.name
            );
        }
    }
}

fn total(counts: &BTreeMap<Operator, Counts>) -> Counts {
    let mut total = Counts::default();
    for counts in counts.values() {
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
            "{name:<14}{:>8}{:>8}{:>9}{:>8}{:>8}\n",
            counts.all(),
            counts.refused_at_load,
            counts.refused_at_start,
            counts.shut,
            counts.open
        )
    };
    let mut text = "operator       mutants at load at start    shut    open\n".to_owned();
    for operator in Operator::ALL {
        let counts = counts.get(&operator).copied().unwrap_or_default();
        text.push_str(&row(&format!("{operator:?}"), counts));
    }
    text + &row("all", total(counts))
}
