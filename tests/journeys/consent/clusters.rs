//! A kind of data that a customer was not asked for does not leave: not when the bank says later
//! that a scope opens it, and not by an operation that has it beside another.

use std::collections::BTreeSet;

use kit::{Answer, HouseBuilder, TestHouse};
use model::MovedClock;

use super::giving::{Given, give, unhurried};
use super::markers::clusters;
use super::operations::{Operation, asks, operations};
use crate::grants::App;

const CATALOGUE: &str = "consent/catalogue.yaml";
const API: &str = "apis/accounts.yaml";

/// What a bank's files say.
struct Files {
    catalogue: String,
    api: String,
}

impl Files {
    fn of(builder: &HouseBuilder) -> Self {
        let read = |file| kit::text(&builder.dir().join(file));
        Self {
            catalogue: read(CATALOGUE),
            api: read(API),
        }
    }

    /// All clusters of the catalogue.
    fn clusters(&self) -> Vec<String> {
        let (all, _) = self.catalogue.split_once("\nscopes:\n").expect("scopes");
        let (_, all) = all.split_once("\nclusters:\n").expect("clusters");
        let names = all.lines().filter_map(|line| line.strip_prefix("  "));
        let names = names.filter(|line| !line.starts_with([' ', '#']));
        names
            .map(|line| line.trim_end_matches(':').to_owned())
            .collect()
    }

    /// As the bank had them before it knew this cluster: what is of it now was of this other one.
    fn before(&self, cluster: &str, other: &str) -> Self {
        let mark = |name: &str| format!("x-mortise-cluster: {name}");
        let mut catalogue = String::new();
        let mut is_its = false;
        for line in self.catalogue.lines() {
            if !line.starts_with("   ") {
                is_its = line == format!("  {cluster}:");
            }
            if !is_its {
                catalogue.push_str(&in_list(line, cluster, other));
                catalogue.push('\n');
            }
        }
        let mut api = String::new();
        for line in self.api.lines() {
            let is_mark = line.contains(&mark(cluster));
            let line = if is_mark {
                line.replace(&mark(cluster), &mark(other))
            } else {
                line.to_owned()
            };
            api.push_str(&line);
            api.push('\n');
        }
        assert!(
            catalogue.len() < self.catalogue.len(),
            "{cluster} is not there"
        );
        assert_ne!(api, self.api, "nothing is of {cluster}");
        Self { catalogue, api }
    }

    fn put(&self, house: &TestHouse) {
        house.write(CATALOGUE, &self.catalogue);
        house.write(API, &self.api);
    }
}

/// A scope's list of clusters with the other one in the place of this, each once.
fn in_list(line: &str, cluster: &str, other: &str) -> String {
    let list = line.strip_prefix("    clusters: [");
    let Some(list) = list.and_then(|list| list.strip_suffix(']')) else {
        return line.to_owned();
    };
    let mut names: Vec<&str> = Vec::new();
    for name in list.split(", ") {
        let name = if name == cluster { other } else { name };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    format!("    clusters: [{}]", names.join(", "))
}

/// What each operation says of the account that was chosen.
async fn answers(app: &mut App<'_>, operations: &[Operation], given: &Given) -> Vec<Answer> {
    let mut answers = Vec::new();
    for operation in operations {
        let call = operation.about(&given.chosen[0]);
        answers.push(call.made(app, &given.bearer()).await);
    }
    answers
}

#[tokio::test]
async fn a_cluster_that_a_consent_has_not_is_in_no_answer_under_it() {
    let builder = unhurried(MovedClock::running());
    let files = Files::of(&builder);
    let house = builder.start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let today = operations(&house);
    let given = give(&house, &mut app, asks(&today), ("li-lei", &[1])).await;
    let whole = answers(&mut app, &today, &given).await;
    let all = files.clusters();
    assert!(all.len() >= 5, "{all:?}");
    let mut told = BTreeSet::new();
    for cluster in &all {
        let other = all.iter().find(|other| *other != cluster).expect("another");
        files.before(cluster, other).put(&house);
        house.reload().await;
        let old = give(&house, &mut app, asks(&today), ("li-lei", &[1])).await;
        files.put(&house);
        house.reload().await;
        let left = answers(&mut app, &today, &old).await;
        for ((operation, whole), left) in today.iter().zip(&whole).zip(&left) {
            let had = clusters(operation, whole);
            told.extend(had.clone());
            let mut expected = had.clone();
            expected.remove(cluster);
            let what = format!("{} without {cluster}", operation.id());
            if left.status.is_success() {
                assert_eq!(clusters(operation, left), expected, "{what}");
            } else {
                left.refused(403, "not_covered");
                assert!(had.contains(cluster), "{what} is refused");
            }
        }
    }
    let all: BTreeSet<String> = all.into_iter().collect();
    assert_eq!(told, all, "a cluster is in no answer");
}

#[tokio::test]
async fn a_scope_that_does_not_open_what_its_operations_tell_is_not_loaded() {
    let builder = unhurried(MovedClock::running());
    let files = Files::of(&builder);
    let house = builder.start().await;
    let mut tried = 0;
    for line in files.catalogue.lines() {
        let list = line.strip_prefix("    clusters: [");
        let Some(list) = list.and_then(|list| list.strip_suffix(']')) else {
            continue;
        };
        for cluster in list.split(", ") {
            let others: Vec<&str> = list.split(", ").filter(|its| *its != cluster).collect();
            let fewer = format!("    clusters: [{}]", others.join(", "));
            house.write(CATALOGUE, &files.catalogue.replacen(line, &fewer, 1));
            let told = house.refuses_to_reload().await;
            assert!(told.contains(cluster) || others.is_empty(), "{told}");
            tried += 1;
        }
    }
    assert!(tried >= 6, "{tried}");
    files.put(&house);
    house.reload().await;
}
