//! Promise P1, tried: corruptions of the configuration and of its API descriptions. Each is refused
//! at load, or its house refuses every attack on every operation that the intact house refuses.
//!
//! The house is the example that ships, made complete (`house.rs`); the corruptions are those of
//! `mutation.rs`; what got in is what the bank behind the house saw, and what the gateway's own
//! rooms answered (`siege.rs`). A sample is the
//! default measure; with `MORTISE_LONG=1` every corruption is tried, first those that may leave a
//! house standing, then all others. `MORTISE_SEED` repeats a run.

mod house;
mod mutation;
mod pusher;
mod siege;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crypto::{SeededRandom, SystemRandom};
use kit::ATTACKS;

use house::GUESTS;
use mutation::{Mutant, Operator, mutants, sample};
use siege::{HONEST, Outcome, Seen, Siege};

/// How many are tried in the default measure: of lines that decide (`mutation.rs` says which), of
/// the rest of the configuration, of the rest of the API descriptions.
const SAMPLE: [usize; 3] = [150, 150, 70];
/// How many of an operator whose mutants are nearly always refused stand beside the others.
const REFUSED_EACH: usize = 100;
/// How many are tried at least by the long campaign.
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

/// Every mutant, in two parts. The campaign: those that may well load, which are all of a line that
/// decides, and every deletion, cut and dangling name; and some of the other operators. The others:
/// what remains of misspelt keys, wrong types, shifted and doubled lines.
fn all(siege: &Siege, random: &SeededRandom) -> (Vec<Mutant>, Vec<Mutant>) {
    let files = house::FILES.into_iter();
    let every = files.flat_map(|file| mutants(file, &siege.sound.files[file]));
    let (mut campaign, mut others): (Vec<_>, Vec<_>) =
        every.partition(|mutant| mutant.decides || mutant.operator.may_load());
    for operator in Operator::ALL {
        let (mut of_it, rest) = others
            .into_iter()
            .partition(|mutant| mutant.operator == operator);
        campaign.extend(sample(&mut of_it, REFUSED_EACH, random));
        others = rest;
        others.append(&mut of_it);
    }
    (campaign, others)
}

/// Some of a campaign.
fn some(campaign: Vec<Mutant>, random: &SeededRandom) -> Vec<Mutant> {
    let mut parts = [const { Vec::new() }; 3];
    for mutant in campaign {
        let part = match mutant.file {
            _ if mutant.decides => 0,
            "gateway.yaml" | "partners/cartwheel.yaml" => 1,
            _ => 2,
        };
        parts[part].push(mutant);
    }
    let parts = parts.iter_mut().zip(SAMPLE);
    parts
        .flat_map(|(part, count)| sample(part, count, random))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn long_mutants_let_in_no_attack_that_the_intact_house_refuses() {
    let is_long = std::env::var_os("MORTISE_LONG").is_some();
    let seed = seed();
    println!("seed {seed}, commit {}", commit());
    let siege = Siege::prepare().await;
    let intact = siege.intact().await;
    assert_sound(&siege, &intact);
    let random = SeededRandom::new(seed);
    let (campaign, others) = all(&siege, &random);
    let parts = if is_long {
        vec![("the campaign", campaign), ("all others", others)]
    } else {
        vec![("a sample", some(campaign, &random))]
    };
    let mut totals = Vec::new();
    for (what, mutants) in parts {
        let (counts, ways_in) = tried(&siege, &intact, &mutants).await;
        println!("{what}:\n{}ways in: {}", told(&counts), ways_in.len());
        assert!(ways_in.is_empty(), "ways in: {ways_in:#?}");
        totals.push(total(&counts));
    }
    let total = totals[0];
    if !is_long {
        assert!(total.shut > 0 && total.open > 0, "{total:?}");
        return;
    }
    assert!(total.all() >= ALL_MIN, "{total:?}");
    for (what, count) in [("shut", total.shut), ("open", total.open)] {
        assert!(count * 20 >= total.all(), "too few are {what}: {total:?}");
    }
}

/// Besieges the house of each mutant: how many came to what, and each attack that got in though the
/// intact house refuses it.
async fn tried(
    siege: &Siege,
    intact: &Seen,
    mutants: &[Mutant],
) -> (BTreeMap<Operator, Counts>, Vec<String>) {
    let honest = honest(&intact.calls);
    let mut counts: BTreeMap<Operator, Counts> = BTreeMap::new();
    let mut ways_in = Vec::new();
    for mutant in mutants {
        let counts = counts.entry(mutant.operator).or_default();
        let text = mutant.of(&siege.sound.files[mutant.file]);
        match siege.besiege(mutant.file, &text).await {
            Outcome::Same => counts.same += 1,
            Outcome::RefusedAtLoad => counts.refused_at_load += 1,
            Outcome::RefusedAtStart => counts.refused_at_start += 1,
            Outcome::Stood(Seen { calls, pushed, .. }) => {
                if honest.is_subset(&calls) && pushed == intact.pushed {
                    counts.open += 1;
                } else {
                    counts.shut += 1;
                }
                for (target, attack) in calls.difference(&intact.calls) {
                    let target = &siege.targets[*target].name;
                    ways_in.push(format!("{mutant}: {attack} at {target}"));
                }
            }
        }
    }
    (counts, ways_in)
}

/// An edit that leaves a valid file: what it replaces in which file, which attacks it opens at how
/// many operations, and how many honest calls it shuts.
type Planted<'a> = (
    &'static str,
    &'a [(&'a str, &'a str)],
    &'a [(&'static str, usize)],
    usize,
);

/// Holes that somebody may want, and a wall.
const PLANTED: [Planted<'_>; 7] = [
    (
        "gateway.yaml",
        &[(
            "      revocation:\n        crl: [file:trust/lantern.crl]\n        \
             refuse_when_older_than: 24h\n",
            "      revocation: none\n",
        )],
        &[("revoked_certificate", 2)],
        0,
    ),
    (
        "gateway.yaml",
        &[
            (
                "[file:trust/partners-ca.pem]",
                "[file:trust/partners-ca.pem, file:trust/lantern-ca.pem]",
            ),
            (
                "[file:trust/partners.crl]",
                "[file:trust/partners.crl, file:trust/lantern.crl]",
            ),
        ],
        &[("foreign_certificate", 5)],
        0,
    ),
    (
        "gateway.yaml",
        &[("standing: suspended", "standing: active")],
        &[("suspended_partner", 7)],
        0,
    ),
    (
        "gateway.yaml",
        &[("burst: 12 requests", "burst: 13 requests")],
        &[("over_limit", 7)],
        0,
    ),
    (
        "gateway.yaml",
        &[("burst: 40 requests", "burst: 41 requests")],
        &[("over_limit", 2)],
        0,
    ),
    (
        "apis/branches.yaml",
        &[
            ("x-mortise-class: partner", "x-mortise-class: open"),
            ("      x-mortise-scope: branches\n", ""),
            ("      x-mortise-authorization-details: none\n", ""),
            ("      x-mortise-authentication: none\n", ""),
        ],
        &[
            ("expired_certificate", 2),
            ("foreign_certificate", 2),
            ("missing_proof", 2),
            ("missing_scope", 2),
            ("no_certificate", 2),
            ("no_token", 2),
            ("other_partners_token", 2),
            ("over_limit", 2),
            ("revoked_certificate", 2),
            ("suspended_partner", 2),
            ("unbound_token", 2),
            ("wrong_audience", 2),
        ],
        0,
    ),
    (
        "apis/branches.yaml",
        &[("x-mortise-scope: branches", "x-mortise-scope: other")],
        &[],
        10,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_siege_sees_every_way_in_that_a_valid_file_opens_or_shuts() {
    let siege = Siege::prepare().await;
    let intact = siege.intact().await.calls;
    for (file, edits, wanted, shut) in PLANTED {
        let mut text = siege.sound.files[file].clone();
        for (old, new) in edits {
            assert!(text.contains(old), "{file} lacks `{old}`");
            text = text.replace(old, new);
        }
        let Outcome::Stood(Seen { calls, .. }) = siege.besiege(file, &text).await else {
            panic!("{edits:?} is no valid file");
        };
        let mut opened: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, attack) in calls.difference(&intact) {
            *opened.entry(attack).or_default() += 1;
        }
        let wanted: BTreeMap<&str, usize> = wanted.iter().copied().collect();
        let lost = intact.difference(&calls).count();
        assert_eq!((opened, lost), (wanted, shut), "{edits:?}");
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
        "no_token" => {
            "401 no_token: The request has no Authorization header with a Bearer or DPoP token."
        }
        "unbound_token" => "401 bad_token: The token is not bound to a certificate or key.",
        "missing_proof" => {
            "401 no_proof: No DPoP proof came with the token, which is bound to a key or was sent \
             as DPoP."
        }
        "other_partners_token" => {
            "401 wrong_binding: The token is bound to another certificate or key than what was \
             shown."
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
    assert_eq!((open.count(), siege.targets.len()), (2, 9));
    let pushed = intact.pushed.as_deref().unwrap_or_default();
    assert!(pushed.contains("\"invalid_scope\""), "{pushed}");
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
