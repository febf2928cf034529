//! Promise P1: no deletion of a line lets in what the intact file refuses. A house is rendered as
//! the set of all that it lets in; without a line the file is refused, or lets in no more.

use std::collections::BTreeSet;

use identity::Certificates;
use jiff::{Timestamp, ToSpan};
use model::PresentedChain;
use openapi::{AnswerBody, Answers, OperationDescription, RequestDescription};

use crate::fixture::{APIS, CONSENTING, EXAMPLE, Fixture, INCLUDED, MINIMAL, now, sandbox};
use crate::house::{BankPlan, ConsentPlan, House, Mode, ProductPlan, TokensPlan};

/// What a house lets in, a line each: a house that lets in more has one that the other lacks. Of an
/// upstream's TLS the `name` is left out: where none is written the bank's certificate must bear
/// the endpoint's own name, which is another demand and no smaller one.
fn let_in(house: &House, chains: &[(&str, PresentedChain)]) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let gate = &house.gate;
    lines.insert(format!("{gate:?} {:?} {:?}", house.store, house.audit.dir));
    for listener in &house.listeners {
        let id = &listener.edge.id;
        let certificates = listener
            .edge
            .tls
            .as_ref()
            .map(|tls| tls.client_certificates);
        lines.insert(format!(
            "{id} at {} {:?} asks for {certificates:?} within {:?}",
            listener.address,
            listener.origin(),
            listener.edge.limits
        ));
        lines.extend(
            listener
                .serves
                .iter()
                .map(|service| format!("{id} serves {service:?}")),
        );
    }
    for listener in &house.listeners {
        let id = &listener.edge.id;
        let Some(operators) = &listener.operators else {
            continue;
        };
        lines.insert(format!("{id} is for operators"));
        let enters =
            |(_, chain): &&(&str, PresentedChain)| operators.judge(Some(chain), now()).is_ok();
        let entering = chains.iter().filter(enters);
        lines.extend(entering.map(|(name, _)| format!("{id} lets {name} in")));
    }
    for agreement in &house.agreements {
        let plan = &house.plans[&agreement.plan];
        lines.extend(agreement.products.iter().map(|product| {
            format!(
                "{} may use {product} of {} from {} until {} within {plan:?}",
                agreement.partner, agreement.bank, agreement.from, agreement.until
            )
        }));
    }
    for plan in &house.partners {
        let partner = &plan.partner;
        let known = (&plan.known_by, partner.standing);
        lines.insert(format!("{} is known as {known:?}", partner.id));
    }
    for bank in &house.banks {
        of_bank(bank, &mut lines);
        if let Some(plan) = &bank.consent {
            of_consent(bank, plan, &mut lines);
        }
        for product in &bank.products {
            of_product(bank, product, &mut lines);
        }
        of_trust(bank, chains, &mut lines);
    }
    lines
}

fn of_bank(bank: &BankPlan, lines: &mut BTreeSet<String>) {
    let (id, issuer) = (&bank.id, &bank.issuer);
    let (url, tokens) = (&issuer.url, &issuer.tokens);
    lines.insert(format!("{id} has tokens of {url} {}", of_tokens(tokens)));
    if let TokensPlan::Ours(ours) = tokens {
        let asking = ours.authorization.iter();
        let strengths = asking.flat_map(|asking| &asking.acr_values);
        lines.extend(strengths.map(|acr| format!("{id} has log-ins of {acr}")));
    }
    let gateway = &issuer.assertion_issuer;
    lines.insert(format!("{id} knows the gateway as {gateway}"));
    lines.extend(
        issuer
            .audience
            .iter()
            .map(|url| format!("{id} issues for {url}")),
    );
    lines.extend(
        issuer
            .endpoints
            .iter()
            .map(|place| format!("{id} answers at {place:?}")),
    );
    for (client, plan) in &issuer.clients {
        let who = format!("{client} of {} {:?}", plan.partner, plan.standing);
        let keys = plan.jwks.to_json().to_string();
        lines.insert(format!("{id} knows {who} by {keys}"));
        lines.insert(format!("{id} binds tokens of {who} by {:?}", plan.bound_by));
        lines.insert(format!(
            "{id} is told by {:?} who customers of {who} are",
            plan.userinfo
        ));
        let uris = plan.redirect_uris.iter();
        lines.extend(uris.map(|uri| format!("{id} sends customers of {who} to {uri}")));
        let modes = plan.response_modes.iter();
        lines.extend(modes.map(|mode| format!("{id} answers {who} by {mode:?}")));
        for agreed in plan.agreements.iter() {
            let term = format!("{who} from {} until {}", agreed.from, agreed.until);
            let details = agreed.details.iter();
            lines.extend(details.map(|detail| format!("{id} gives details {detail} to {term}")));
            let scopes = agreed.scopes.iter();
            lines.extend(scopes.map(|scope| format!("{id} gives {scope} to {term}")));
            let resources = agreed.resources.iter();
            lines.extend(resources.map(|url| format!("{id} gives tokens for {url} to {term}")));
            let products = agreed.products.iter();
            lines.extend(products.map(|(url, resource)| {
                format!("{id} gives tokens for {resource}, as {url}, to {term}")
            }));
        }
    }
    for (server, plan) in &issuer.resource_servers {
        let keys = plan.jwks.to_json().to_string();
        let (by, about) = (&plan.authentication, &plan.audience);
        lines.insert(format!("{id} tells {server} of {about} by {by:?} {keys}"));
        let products = plan.products.iter();
        lines.extend(products.map(|product| format!("{id} tells {server} of {product}")));
    }
    for upstream in &bank.upstreams {
        let tls = upstream.tls.as_ref().map(|tls| {
            let ours = tls.identity.as_ref().map(|(chain, _)| chain);
            format!("{:?} as {ours:?}", tls.authorities)
        });
        lines.extend(upstream.endpoints.iter().map(|endpoint| {
            format!(
                "{id}/{} at {endpoint:?} by {tls:?} within {:?}",
                upstream.id, upstream.limits
            )
        }));
    }
}

fn of_tokens(tokens: &TokensPlan) -> String {
    match tokens {
        TokensPlan::Ours(ours) => {
            let mut ours = ours.clone();
            // Of these there is a line each.
            if let Some(asking) = &mut ours.authorization {
                asking.acr_values.clear();
            }
            format!("{ours:?}")
        }
        TokensPlan::Elsewhere(keys) => keys.to_json().to_string(),
    }
}

fn of_product(bank: &BankPlan, product: &ProductPlan, lines: &mut BTreeSet<String>) {
    for listener in &product.listeners {
        for operation in &product.description.operations {
            let clusters = operation.answers.bodies().flat_map(clusters);
            lines.extend(clusters.map(|cluster| format!("{} tells {cluster}", operation.id)));
            // A parameter that is not declared lets nothing in; one whose mark is lost does.
            let (id, request) = (&operation.id, &operation.request);
            let parameters = request.parameters.iter();
            lines.extend(parameters.map(|one| {
                let held = (&one.resource, one.date, &one.bound);
                format!(
                    "{id} takes {:?} {} held to {held:?}",
                    one.location, one.name
                )
            }));
            let parts = request.body.iter();
            lines.extend(parts.map(|part| format!("{id} takes a body with {part:?}")));
            let asked = OperationDescription {
                request: RequestDescription::default(),
                answers: Answers::default(),
                ..operation.clone()
            };
            lines.insert(format!(
                "{}/{} at {listener} {}{} {asked:?} to {:?} within {:?}",
                bank.id,
                product.id,
                product.description.base_path,
                operation.template,
                product.destination,
                product.deadline
            ));
        }
    }
}

fn clusters(body: &AnswerBody) -> Vec<&str> {
    match body {
        AnswerBody::None => Vec::new(),
        AnswerBody::Json(shape) => shape.clusters().iter().map(String::as_str).collect(),
        AnswerBody::Opaque { cluster } => cluster.iter().map(String::as_str).collect(),
    }
}

/// What customers may be asked for, and by whom. Of its words nothing is said.
fn of_consent(bank: &BankPlan, plan: &ConsentPlan, lines: &mut BTreeSet<String>) {
    let id = &bank.id;
    let (accounts, factor) = (&plan.accounts, &plan.second_factor);
    lines.insert(format!("{id} asks {accounts:?} for accounts"));
    lines.insert(format!("{id} asks {factor:?} for second factors"));
    lines.insert(format!("{id} asks customers by {:?}", plan.profile));
    for (scope, entry) in plan.catalogue.scopes() {
        lines.insert(format!("customers of {id} give {scope}"));
        let Some(entry) = entry.consented() else {
            continue;
        };
        let opened = entry.clusters.iter();
        lines.extend(opened.map(|cluster| format!("{scope} of {id} opens {cluster}")));
        let (bound, chosen) = (&entry.bound, &entry.resources);
        let how = (entry.second_factor, entry.accounts, bound, chosen);
        lines.insert(format!("{scope} of {id} is given by {how:?}"));
    }
    for (cluster, told) in plan.catalogue.clusters() {
        let how = (told.class, told.sensitive);
        lines.insert(format!("{cluster} of {id} is {how:?}"));
    }
    for (client, purposes) in &plan.purposes {
        let purposes = purposes.iter();
        lines.extend(purposes.map(|purpose| format!("{client} asks {id} for {purpose}")));
    }
}

/// Which chains the bank believes, today and when its lists are old.
fn of_trust(bank: &BankPlan, chains: &[(&str, PresentedChain)], lines: &mut BTreeSet<String>) {
    let judge = Certificates::new(16);
    for hours in [0, 13, 24 * 40] {
        let then: Timestamp = now() + hours.hours();
        for (name, chain) in chains {
            if let Ok(verdict) = judge.verdict(&bank.trust, chain, then) {
                let partner = (&verdict.partner.id, verdict.partner.standing);
                lines.insert(format!(
                    "{} takes {name} for {partner:?} at {then}",
                    bank.id
                ));
            }
        }
    }
}

fn chains(fixture: &Fixture) -> Vec<(&'static str, PresentedChain)> {
    ["good", "revoked", "stranger", "operator", "gone"]
        .map(|name| (name, fixture.shown(name)))
        .into()
}

/// Each text without one of its lines, and that line.
fn deletions(text: &str) -> impl Iterator<Item = (&str, String)> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    (0..lines.len()).map(move |deleted| {
        let left: String = [&lines[..deleted], &lines[deleted + 1..]].concat().concat();
        (lines[deleted].trim(), left)
    })
}

/// Deletes each line of a configuration; gives those without which it still loads.
fn delete_each(fixture: &Fixture, text: &str, mode: Mode) -> Vec<String> {
    let chains = chains(fixture);
    let whole = fixture.load_as(text, mode).expect("the whole file loads");
    let whole = let_in(&whole, &chains);
    let mut spared = Vec::new();
    for (line, left) in deletions(text) {
        let Ok(house) = fixture.load_as(&left, mode) else {
            continue;
        };
        let left = let_in(&house, &chains);
        let more: Vec<_> = left.difference(&whole).collect();
        assert!(more.is_empty(), "without `{line}` also: {more:#?}");
        if !line.is_empty() && !line.starts_with('#') {
            let key = line.split(':').next().unwrap_or(line);
            spared.push(key.to_owned());
        }
    }
    spared
}

#[test]
fn no_lost_line_of_the_example_loosens_and_few_are_not_missed() {
    let spared = delete_each(&Fixture::new(), EXAMPLE, Mode::Serve);
    let spared_lines = [
        "include",
        "algorithm",
        "acr_values",
        "name",
        "name",
        "light",
        "dark",
        "folder",
        "shown",
        "en",
        "zh-CN",
        "userinfo",
        "- { partner",
        "- { partner",
        "node",
        "linger",
        "segment",
        "queue_max",
        "drain",
    ];
    assert_eq!(spared, spared_lines);
}

#[test]
fn no_lost_line_of_an_included_file_loosens() {
    let fixture = Fixture::new();
    let chains = chains(&fixture);
    let whole = let_in(&fixture.load(EXAMPLE).expect("it loads"), &chains);
    let mut refused = 0;
    for (line, left) in deletions(INCLUDED) {
        fixture.write("partners/cartwheel.yaml", left);
        let Ok(house) = fixture.load(EXAMPLE) else {
            refused += 1;
            continue;
        };
        let left = let_in(&house, &chains);
        let more: Vec<_> = left.difference(&whole).collect();
        assert!(more.is_empty(), "without `{line}` also: {more:#?}");
    }
    assert!(refused > 5, "{refused}");
}

#[test]
fn no_lost_line_of_the_shortest_file_loosens() {
    assert_eq!(
        delete_each(&Fixture::new(), MINIMAL, Mode::Serve),
        ["zh-CN"]
    );
}

#[test]
fn no_lost_line_of_where_customers_consent_loosens() {
    let spared = delete_each(&Fixture::new(), CONSENTING, Mode::Serve);
    assert_eq!(spared, ["zh-CN"]);
}

#[test]
fn no_lost_line_of_a_consent_catalogue_loosens() {
    let fixture = Fixture::new();
    let chains = chains(&fixture);
    let whole = let_in(&fixture.load(CONSENTING).expect("it loads"), &chains);
    let path = fixture.path("consent/small.yaml");
    let text = std::fs::read_to_string(path).expect("a catalogue");
    let mut refused = 0;
    for (line, left) in deletions(&text) {
        fixture.write("consent/small.yaml", left);
        let Ok(house) = fixture.load(CONSENTING) else {
            refused += 1;
            continue;
        };
        let left = let_in(&house, &chains);
        let more: Vec<_> = left.difference(&whole).collect();
        assert!(more.is_empty(), "without `{line}` also: {more:#?}");
    }
    assert!(refused > 20, "{refused}");
}

/// Where the example shows the wider of two words, a line that is lost could not widen it.
#[test]
fn no_lost_line_of_what_is_tighter_than_the_example_loosens() {
    let tighter = [
        ("profile: fapi2 ", "profile: fapi2_message_signing "),
        ("bound_by: mtls", "bound_by: dpop"),
        ("response_modes: [query, jwt]", "response_modes: [jwt]"),
    ];
    let text = tighter.iter().fold(EXAMPLE.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "the example lacks `{old}`");
        text.replace(old, new)
    });
    let spared = delete_each(&Fixture::new(), &text, Mode::Serve);
    for key in ["profile", "bound_by", "redirect_uris", "response_modes"] {
        assert!(!spared.iter().any(|spared| spared == key), "{key}");
    }
}

#[test]
fn no_lost_line_of_the_sandbox_loosens() {
    let spared = delete_each(&Fixture::of_sandbox(), &sandbox(), Mode::Sandbox);
    // Of a partner's two clients either may go.
    assert_eq!(spared, ["name", "fx", "cartwheel-app", "pages"]);
}

#[test]
fn no_lost_line_of_the_apis_loosens() {
    for (name, text) in APIS {
        delete_each_of_an_api(name, text);
    }
}

#[test]
fn no_lost_line_of_an_operation_that_demands_much_loosens() {
    let (name, text) = APIS[1];
    let none = "x-mortise-authentication: none\n";
    let much = "x-mortise-authentication:
        acr_values: [urn:harbour:password]
        max_age: 5min
";
    assert!(text.contains(none), "{name} lacks {none}");
    delete_each_of_an_api(name, &text.replace(none, much));
}

/// Deletes each line of an API of the sandbox.
fn delete_each_of_an_api(name: &str, text: &str) {
    let fixture = Fixture::of_sandbox();
    let chains = chains(&fixture);
    let load = || fixture.load_as(sandbox(), Mode::Sandbox);
    fixture.write(name, text);
    let whole = let_in(&load().expect("it loads"), &chains);
    let mut refused = 0;
    for (line, left) in deletions(text) {
        fixture.write(name, left);
        let Ok(house) = load() else {
            refused += 1;
            continue;
        };
        let left = let_in(&house, &chains);
        let more: Vec<_> = left.difference(&whole).collect();
        assert!(more.is_empty(), "{name} without `{line}` also: {more:#?}");
    }
    assert!(refused > 10, "{name}: {refused}");
}

#[test]
fn whatever_lets_in_more_is_seen() {
    let fixture = Fixture::new();
    let chains = chains(&fixture);
    let whole = let_in(&fixture.load(EXAMPLE).expect("it loads"), &chains);
    let lists = "      revocation:                       # must be said; `revocation: none` lets \
                 revoked ones in\n        crl: [file:trust/partners.crl]  # PEM or DER, one for \
                 each authority\n        refuse_when_older_than: 24h ";
    let operators_lists = "    revocation:                         # must be said; `revocation: \
                           none` lets revoked ones in\n      crl: \
                           [file:trust/operators.crl]   # PEM or DER, one for each authority\n      \
                           refuse_when_older_than: 24h ";
    let with_authorities = format!("[file:trust/partners-ca.pem]\n{lists}");
    for (old, new) in [
        (
            "serves: [discovery, token, authorize]",
            "serves: [discovery, token, authorize, api]",
        ),
        ("body_max: 10 MiB", "body_max: 11 MiB"),
        ("rate: 50/s", "rate: 51/s"),
        ("burst: 100 requests", "burst: 101 requests"),
        ("concurrent: 64 requests", "concurrent: 65 requests"),
        ("lifetime: 300s", "lifetime: 301s"),
        ("grant_lifetime: 90d", "grant_lifetime: 91d"),
        (
            "audience: https://files.harbour.example",
            "audience: https://other.harbour.example",
        ),
        ("path: /customers/v1/log-in", "path: /customers/v1/any"),
        (
            "[https://app.swiftride.example/callback]",
            "[https://app.swiftride.example/callback, https://app.swiftride.example/]",
        ),
        ("refuse_when_older_than: 24h", "refuse_when_older_than: 48h"),
        (lists, "      revocation: none"),
        (operators_lists, "    revocation: none"),
        ("waiting: 1024 requests", "waiting: 1025 requests"),
        ("deadline: 30s", "deadline: 31s"),
        ("from: 2026-01-01", "from: 2025-12-31"),
        ("until: 2027-12-31", "until: 2028-01-01"),
        ("rate: 200/s", "rate: 201/s"),
        (
            &with_authorities,
            "[file:trust/partners-ca.pem, file:trust/bank-ca.pem]\n      revocation: none",
        ),
    ] {
        assert!(EXAMPLE.contains(old), "the example lacks `{old}`");
        let house = fixture.load(EXAMPLE.replace(old, new));
        let house = house
            .map_err(|mistakes| format!("{new}: {mistakes}"))
            .expect("it loads");
        let left = let_in(&house, &chains);
        assert!(!left.is_subset(&whole), "`{new}` is not seen");
    }
    let suspended = EXAMPLE.replace("standing: active", "standing: suspended");
    let suspended = let_in(&fixture.load(suspended).expect("it loads"), &chains);
    assert!(!whole.is_subset(&suspended));
}
