//! A catalogue as it is written, part by part.

use std::collections::BTreeMap;

use model::{BadId, ClusterId, DetailType, PurposeId, ResourceKind, Scope};

use super::wording::{self, Both, Text};
use super::{Accounts, Catalogue, Class, Cluster, Consented, Purpose, ScopeEntry};
use crate::problem::{Problems, quoted};
use crate::site::{Mapping, Site};

/// The most clusters.
const CLUSTERS_MAX: usize = 1_000;
/// The most scopes.
const SCOPES_MAX: usize = 1_000;
/// The most purposes.
const PURPOSES_MAX: usize = 1_000;
/// The most clusters of one scope: a page tells of each.
const SCOPE_CLUSTERS_MAX: usize = 64;
/// The most kinds of resources of one scope.
const RESOURCES_MAX: usize = 8;
/// The longest name of a cluster for customers, in characters.
const SAY_CHARS_MAX: usize = 60;
/// The longest explanation, in characters.
const MORE_CHARS_MAX: usize = 200;
/// The scope that is built in.
const OPENID: &str = "openid";
/// What `bound` says when no values are bound.
const NONE: &str = "none";

/// What was read so far: of each name, what it stands for, if that could be read.
pub(super) struct Draft {
    pub(super) clusters: BTreeMap<ClusterId, Option<Cluster>>,
    pub(super) scopes: BTreeMap<Scope, Option<ScopeEntry>>,
    pub(super) purposes: BTreeMap<PurposeId, Option<Purpose>>,
    /// Every text, for what can be judged only when everything is read.
    pub(super) texts: Vec<Text>,
}

impl Draft {
    /// The catalogue, if every part of it could be read.
    pub(super) fn finished(self, version: [u8; 32]) -> Option<Catalogue> {
        Some(Catalogue {
            clusters: whole(self.clusters)?,
            scopes: whole(self.scopes)?,
            purposes: whole(self.purposes)?,
            version,
        })
    }
}

fn whole<K: Ord, V>(parts: BTreeMap<K, Option<V>>) -> Option<BTreeMap<K, V>> {
    parts
        .into_iter()
        .map(|(name, part)| Some((name, part?)))
        .collect()
}

/// Reads all parts; nothing when one of them is not there.
pub(super) fn catalogue(root: &Site<'_>, problems: &mut Problems) -> Option<Draft> {
    let mapping = root.mapping(&["clusters", "scopes", "purposes"], problems)?;
    let mut texts = Vec::new();
    let clusters = entries(&mapping, "clusters", CLUSTERS_MAX, problems);
    let clusters = clusters.map(|entries| {
        named(entries, ClusterId::parse, problems, |site, problems| {
            cluster(site, &mut texts, problems)
        })
    });
    let scopes = entries(&mapping, "scopes", SCOPES_MAX, problems);
    let scopes = scopes.map(|entries| {
        named(entries, scope_name, problems, |site, problems| {
            scope(site, &mut texts, problems)
        })
    });
    let purposes = entries(&mapping, "purposes", PURPOSES_MAX, problems);
    let purposes = purposes.map(|entries| {
        named(entries, PurposeId::parse, problems, |site, problems| {
            purpose(site, &mut texts, problems)
        })
    });
    Some(Draft {
        clusters: clusters?,
        scopes: scopes?,
        purposes: purposes?,
        texts,
    })
}

fn entries<'a>(
    mapping: &Mapping<'a>,
    key: &str,
    count_max: usize,
    problems: &mut Problems,
) -> Option<Vec<(&'a str, Site<'a>)>> {
    let site = mapping.required(key, problems)?;
    site.entries(count_max, problems)
}

/// Reads each entry by its name. One whose name is none is told, and read all the same.
fn named<K: Ord, V>(
    entries: Vec<(&str, Site<'_>)>,
    parse: impl Fn(&str) -> Result<K, BadId>,
    problems: &mut Problems,
    mut read: impl FnMut(&Site<'_>, &mut Problems) -> Option<V>,
) -> BTreeMap<K, Option<V>> {
    let mut parts = BTreeMap::new();
    for (key, site) in entries {
        let name = name(key, site.pointer(), &parse, problems);
        let part = read(&site, problems);
        if let Some(name) = name {
            parts.insert(name, part);
        }
    }
    parts
}

fn name<K>(
    text: &str,
    pointer: &str,
    parse: impl Fn(&str) -> Result<K, BadId>,
    problems: &mut Problems,
) -> Option<K> {
    match parse(text) {
        Ok(name) => Some(name),
        Err(problem) => {
            let what = format!("{} cannot be {}", quoted(text), problem.what);
            problems.add(pointer, what, format!("it must be {}", problem.rule));
            None
        }
    }
}

fn scope_name(text: &str) -> Result<Scope, BadId> {
    if text == OPENID {
        return Err(BadId {
            what: "a scope of a catalogue",
            rule: "left out: what it means is built in",
        });
    }
    Scope::parse(text)
}

fn cluster(site: &Site<'_>, texts: &mut Vec<Text>, problems: &mut Problems) -> Option<Cluster> {
    let mapping = site.mapping(&["class", "sensitive", "say", "more", "not"], problems)?;
    let classes = [("C1", Class::C1), ("C2", Class::C2), ("C3", Class::C3)];
    let class = mapping
        .required("class", problems)
        .and_then(|site| site.word(&classes, problems));
    let sensitive = mapping
        .required("sensitive", problems)
        .and_then(|site| site.boolean(problems));
    let say = text(&mapping, "say", SAY_CHARS_MAX, texts, problems);
    let more = text(&mapping, "more", MORE_CHARS_MAX, texts, problems);
    let not = match mapping.optional("not") {
        Some(site) => Some(wording::both(&site, MORE_CHARS_MAX, texts, problems)?),
        None => None,
    };
    Some(Cluster {
        class: class?,
        sensitive: sensitive?,
        say: say?,
        more: more?,
        not,
    })
}

fn purpose(site: &Site<'_>, texts: &mut Vec<Text>, problems: &mut Problems) -> Option<Purpose> {
    let mapping = site.mapping(&["say", "keep"], problems)?;
    let say = text(&mapping, "say", MORE_CHARS_MAX, texts, problems);
    let keep = mapping
        .required("keep", problems)
        .and_then(|site| site.days(problems));
    Some(Purpose {
        say: say?,
        keep_days: keep?,
    })
}

fn text(
    mapping: &Mapping<'_>,
    key: &str,
    chars_max: usize,
    texts: &mut Vec<Text>,
    problems: &mut Problems,
) -> Option<Both> {
    let site = mapping.required(key, problems)?;
    wording::both(&site, chars_max, texts, problems)
}

/// A scope without clusters and without bound values is plain, and says nothing more.
fn scope(site: &Site<'_>, texts: &mut Vec<Text>, problems: &mut Problems) -> Option<ScopeEntry> {
    const OF_CONSENT: [&str; 4] = ["bound", "resources", "needs", "refuse_effect"];
    let keys = ["clusters", "bound", "resources", "needs", "refuse_effect"];
    let mapping = site.mapping(&keys, problems)?;
    let clusters = mapping
        .required("clusters", problems)
        .and_then(|site| names(&site, SCOPE_CLUSTERS_MAX, ClusterId::parse, problems));
    let is_bound = mapping.optional("bound").is_some_and(|site| !site.is(NONE));
    let is_plain = clusters.as_ref().is_some_and(Vec::is_empty) && !is_bound;
    if !is_plain {
        return consented(&mapping, clusters, texts, problems).map(ScopeEntry::Consented);
    }
    for site in OF_CONSENT.iter().filter_map(|key| mapping.optional(key)) {
        problems.add(
            site.pointer(),
            "nothing of a customer's is asked for: neither data nor bound values",
            "name clusters or what is bound, or leave this out",
        );
    }
    Some(ScopeEntry::Plain)
}

fn consented(
    mapping: &Mapping<'_>,
    clusters: Option<Vec<ClusterId>>,
    texts: &mut Vec<Text>,
    problems: &mut Problems,
) -> Option<Consented> {
    // The word for none is written: a line that is lost must not leave values unbound.
    let bound = mapping.required("bound", problems).and_then(|site| {
        if site.is(NONE) {
            return Some(None);
        }
        let text = site.text(problems)?;
        name(text, site.pointer(), DetailType::parse, problems).map(Some)
    });
    let resources = match mapping.optional("resources") {
        Some(site) => names(&site, RESOURCES_MAX, ResourceKind::parse, problems),
        None => Some(Vec::new()),
    };
    let needs = mapping
        .required("needs", problems)
        .and_then(|site| needs(&site, problems));
    let refuse_effect = text(mapping, "refuse_effect", MORE_CHARS_MAX, texts, problems);
    if let (Some(resources), Some((_, accounts))) = (&resources, &needs) {
        choose(mapping.pointer(), resources, *accounts, problems);
    }
    let (second_factor, accounts) = needs?;
    Some(Consented {
        clusters: clusters?,
        resources: resources?,
        bound: bound?,
        second_factor,
        accounts,
        refuse_effect: refuse_effect?,
    })
}

fn needs(site: &Site<'_>, problems: &mut Problems) -> Option<(bool, Accounts)> {
    let mapping = site.mapping(&["second_factor", "accounts"], problems)?;
    let second_factor = mapping
        .required("second_factor", problems)
        .and_then(|site| site.boolean(problems));
    let choices = [
        (NONE, Accounts::None),
        ("one", Accounts::One),
        ("some", Accounts::Some),
    ];
    let accounts = mapping
        .required("accounts", problems)
        .and_then(|site| site.word(&choices, problems));
    Some((second_factor?, accounts?))
}

/// Accounts are chosen exactly where there are kinds of resources to choose from.
fn choose(pointer: &str, resources: &[ResourceKind], accounts: Accounts, problems: &mut Problems) {
    match (accounts, resources) {
        (Accounts::None, [_, ..]) => problems.add(
            pointer,
            "resources of which the customer chooses none",
            "write `accounts: one` or `accounts: some`, or leave `resources` out",
        ),
        (Accounts::One | Accounts::Some, []) => problems.add(
            pointer,
            "the customer chooses accounts, but there is no kind of resource",
            "add `resources`, such as [account], or write `accounts: none`",
        ),
        _ => {}
    }
}

/// A list of names, none twice.
fn names<K: PartialEq>(
    site: &Site<'_>,
    count_max: usize,
    parse: impl Fn(&str) -> Result<K, BadId>,
    problems: &mut Problems,
) -> Option<Vec<K>> {
    let mut names = Vec::new();
    let mut is_whole = true;
    for item in site.items(count_max, problems)? {
        let text = item.text(problems);
        match text.and_then(|text| name(text, item.pointer(), &parse, problems)) {
            Some(name) if names.contains(&name) => {
                problems.add(item.pointer(), "named twice", "name it once");
            }
            Some(name) => names.push(name),
            None => is_whole = false,
        }
    }
    is_whole.then_some(names)
}
