//! What can be stolen, used by whoever has it, wherever anything is read: a table of all thefts by
//! all endpoints. Each cell is refused with its code and its record, changes nothing, and leaves
//! its owner what it was; or it says by which rule it serves.
//!
//! A new endpoint has a column once `Place` names it and `WAYS` says how it is asked; a new thing
//! to steal is a line of `Loot` with how it is got and used in `scene`. Both are then tried
//! everywhere: what `OWN` does not tell apart meets what any foreign text meets there.

mod scene;
mod table;

use std::collections::BTreeSet;

use kit::Answer;
use serde_json::Value;

use scene::{Scene, Stolen};
use table::{OWN, WAYS};

/// What is stolen, good and unused unless it is what it is used again for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loot {
    /// An access token for APIs that is bound to a certificate.
    Token,
    /// An access token for APIs that is bound to a key.
    KeyToken,
    /// An access token for the userinfo endpoint too, bound to a certificate.
    OpenIdToken,
    /// An access token for the userinfo endpoint too, bound to a key.
    OpenIdKeyToken,
    Code,
    RequestUri,
    RefreshToken,
    Assertion,
    /// A proof for the branches, with the token that it is for.
    Proof,
    /// A proof for the userinfo endpoint, with the token that it is for.
    OpenIdProof,
    /// A proof for the token endpoint.
    TokenProof,
    /// The cookie of a customer who logged in.
    Session,
    /// What proves a form of the log-in page.
    LogInForm,
    /// What proves a form of the page of approval.
    ApproveForm,
    /// The sealed way back to the app.
    WayBack,
}

const LOOT: [Loot; 15] = [
    Loot::Token,
    Loot::KeyToken,
    Loot::OpenIdToken,
    Loot::OpenIdKeyToken,
    Loot::Code,
    Loot::RequestUri,
    Loot::RefreshToken,
    Loot::Assertion,
    Loot::Proof,
    Loot::OpenIdProof,
    Loot::TokenProof,
    Loot::Session,
    Loot::LogInForm,
    Loot::ApproveForm,
    Loot::WayBack,
];

/// Who uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thief {
    /// Another partner: with its own client, key and certificate.
    Partner,
    /// Another client of the same partner, with its own key and certificate.
    Sibling,
    /// Whoever has the client's key for assertions and not what its tokens are bound to.
    Unbound,
    /// Whoever has nothing else, with a browser of their own.
    Stranger,
    /// The owner itself, at another bank of the house.
    Elsewhere,
    /// The owner itself, once it was used.
    Twice,
}

const THIEVES: [Thief; 6] = [
    Thief::Partner,
    Thief::Sibling,
    Thief::Unbound,
    Thief::Stranger,
    Thief::Elsewhere,
    Thief::Twice,
];

/// Where it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// An operation of a product.
    Road,
    Token,
    Par,
    Revoke,
    Userinfo,
    Introspect,
    Authorize,
    LogIn,
    Approve,
    Done,
}

/// Endpoints that are the same for everybody and read nothing but their address.
const DOCUMENTS: [&str; 4] = ["Metadata", "OpenIdMetadata", "Jwks", "UpstreamJwks"];

/// What is tried elsewhere, at banks that have it. Where customers come back from a bank's own
/// provider: the state that they bring is of their browser, once (`provider.rs`). And where they
/// look at what they gave: its session and its forms are its own (`consent/dashboard.rs`).
const ELSEWHERE: [&str; 2] = ["LoggedIn", "Permissions"];

/// What becomes of it.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// Refused with this status and code.
    Is(u16, &'static str),
    /// The same, and what its first use gave is dead.
    Ends(u16, &'static str),
    /// The same, and it is used up for its owner too.
    Spent(u16, &'static str),
    /// Answered with this status, as if it were not there: nothing is done.
    Nothing(u16),
    /// It serves, by this rule.
    Serves(&'static str),
    /// There is no such use, and why.
    Moot(&'static str),
}

/// What the table says of one theft in one way, one fate for each of [`THIEVES`].
type Fates = [Fate; 6];

/// A way to use something: where, and as what.
#[derive(Debug, Clone, Copy)]
struct Way {
    place: Place,
    /// The parameter, header or cookie that it is put into.
    into: &'static str,
    /// What any text meets there that is not what is asked for.
    foreign: Fates,
}

/// The fates of this loot in this way.
fn fates(loot: Loot, way: &Way) -> &Fates {
    let own = OWN
        .iter()
        .find(|(whose, place, into, _)| (*whose, *place, *into) == (loot, way.place, way.into));
    own.map_or(&way.foreign, |(_, _, _, fates)| fates)
}

/// What is wrong with an answer and its record, for what the table says.
async fn complaint(scene: &Scene, way: &Way, fate: Fate, answer: &Answer) -> Option<String> {
    let (status, code) = (answer.status.as_u16(), scene::code(answer));
    let record = scene.record(way.place, answer).await;
    let (decision, told) = (&record["outcome"]["decision"], &record["outcome"]["code"]);
    let is_so = match fate {
        Fate::Is(its, says) | Fate::Ends(its, says) | Fate::Spent(its, says) => {
            (status, code.as_str()) == (its, says) && decision == "refused" && told == says
        }
        Fate::Nothing(its) => status == its && decision == "allowed" && !scene.did(answer),
        Fate::Serves(_) => status < 400 && decision == "allowed",
        Fate::Moot(_) => true,
    };
    let recorded = record["outcome"]["status"] == status;
    (!is_so || !recorded).then(|| format!("{fate:?}, not {status} {code}: {record}"))
}

/// Tries a theft in a way by each thief; gives what is not as the table says.
async fn attempt(scene: &mut Scene, loot: Loot, way: &Way) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut stolen: Option<Stolen> = None;
    for (thief, fate) in THIEVES.into_iter().zip(fates(loot, way)) {
        if matches!(fate, Fate::Moot(_)) {
            continue;
        }
        let at = format!("{loot:?} at {:?} as {} by {thief:?}", way.place, way.into);
        let mut held = match stolen.take() {
            Some(held) => held,
            None => scene.steal(loot).await,
        };
        let mut given = Value::Null;
        if thief == Thief::Twice {
            match scene.serves_its_owner(loot, &mut held).await {
                Ok(what) => given = what,
                Err(what) => complaints.push(format!("{at}: its owner has nothing of it: {what}")),
            }
        }
        let answer = scene.use_it(&mut held, way, thief).await;
        if let Some(what) = complaint(scene, way, *fate, &answer).await {
            complaints.push(format!("{at}: {what}"));
        }
        if matches!(fate, Fate::Serves(_)) && way.place == Place::Token {
            let (its, due) = (scene::bound_to(&answer), scene.binds(loot, thief));
            if its != due {
                complaints.push(format!("{at}: its token is bound to {its}, not {due}"));
            }
        }
        match fate {
            Fate::Ends(..) if scene.is_let_in(&given).await => {
                complaints.push(format!("{at}: what it gave before still serves"));
            }
            Fate::Spent(..) if scene.serves_its_owner(loot, &mut held).await.is_ok() => {
                complaints.push(format!("{at}: it serves its owner"));
            }
            // Untouched: the next thief has the same, and then its owner.
            Fate::Is(..) | Fate::Nothing(_) => stolen = Some(held),
            _ => {}
        }
    }
    complaints
}

/// The thefts of one kind, each in each way.
async fn every_way(loot: Loot) {
    let mut scene = Scene::open().await;
    let mut complaints = Vec::new();
    for way in WAYS {
        complaints.extend(attempt(&mut scene, loot, way).await);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[tokio::test]
async fn a_stolen_token_of_a_certificate_serves_nobody_else_anywhere() {
    every_way(Loot::Token).await;
}

#[tokio::test]
async fn a_stolen_token_of_a_key_serves_nobody_else_anywhere() {
    every_way(Loot::KeyToken).await;
}

#[tokio::test]
async fn a_stolen_token_of_a_certificate_tells_nobody_else_who_the_customer_is() {
    every_way(Loot::OpenIdToken).await;
}

#[tokio::test]
async fn a_stolen_token_of_a_key_tells_nobody_else_who_the_customer_is() {
    every_way(Loot::OpenIdKeyToken).await;
}

#[tokio::test]
async fn a_stolen_code_serves_nobody_else_anywhere() {
    every_way(Loot::Code).await;
}

#[tokio::test]
async fn a_stolen_request_uri_serves_nobody_else_anywhere() {
    every_way(Loot::RequestUri).await;
}

#[tokio::test]
async fn a_stolen_refresh_token_serves_nobody_else_anywhere() {
    every_way(Loot::RefreshToken).await;
}

#[tokio::test]
async fn a_stolen_assertion_serves_nobody_else_anywhere() {
    every_way(Loot::Assertion).await;
}

#[tokio::test]
async fn a_stolen_proof_serves_nobody_else_anywhere() {
    every_way(Loot::Proof).await;
}

#[tokio::test]
async fn a_stolen_proof_tells_nobody_else_who_the_customer_is() {
    every_way(Loot::OpenIdProof).await;
}

#[tokio::test]
async fn a_stolen_proof_for_a_token_binds_it_to_a_key_that_the_thief_has_not() {
    every_way(Loot::TokenProof).await;
}

#[tokio::test]
async fn a_stolen_session_serves_at_no_other_bank_and_not_after_its_end() {
    every_way(Loot::Session).await;
}

#[tokio::test]
async fn a_stolen_log_in_form_serves_no_other_browser() {
    every_way(Loot::LogInForm).await;
}

#[tokio::test]
async fn a_stolen_approval_form_serves_no_other_browser() {
    every_way(Loot::ApproveForm).await;
}

#[tokio::test]
async fn a_stolen_way_back_serves_no_other_browser() {
    every_way(Loot::WayBack).await;
}

#[test]
fn every_theft_has_its_test() {
    let source = include_str!("thefts.rs");
    for loot in LOOT {
        let test = format!("every_way(Loot::{loot:?}).await");
        assert!(source.contains(&test), "{loot:?} is stolen by no test");
    }
}

/// The endpoints of an issuer, from the source.
pub(crate) fn endpoints() -> BTreeSet<String> {
    let source = include_str!("../../../src/authserver/endpoints.rs");
    let list = source
        .split("pub enum Endpoint {")
        .nth(1)
        .expect("the endpoints");
    let list = list.split('}').next().unwrap_or_default();
    let names = list
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"));
    names
        .filter_map(|line| line.strip_suffix(','))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn every_endpoint_has_a_column_and_every_way_leads_to_an_endpoint() {
    let mut columns: BTreeSet<String> = DOCUMENTS.map(str::to_owned).into();
    columns.extend(WAYS.iter().map(|way| format!("{:?}", way.place)));
    columns.extend(ELSEWHERE.map(str::to_owned));
    assert!(columns.remove("Road"));
    assert_eq!(columns, endpoints());
    // What clients are told of is among them, by the place where it is asked.
    let scene = Scene::open().await;
    let metadata = scene.metadata().await;
    let members = metadata.as_object().expect("members");
    let told = members
        .iter()
        .filter(|(name, _)| name.ends_with("_endpoint"));
    let issuer = metadata["issuer"].as_str().expect("text");
    let told: BTreeSet<&str> = told
        .map(|(_, url)| url.as_str().and_then(|url| url.strip_prefix(issuer)))
        .map(|path| path.expect("a place below the issuer"))
        .collect();
    let asked: BTreeSet<&str> = WAYS.iter().map(|way| scene::path(way.place)).collect();
    assert!(
        told.is_subset(&asked) && told.len() >= 4,
        "{told:?} {asked:?}"
    );
}

#[test]
fn no_line_of_the_table_is_in_vain() {
    for (loot, place, into, _) in OWN {
        let ways = WAYS
            .iter()
            .filter(|way| way.place == *place && way.into == *into);
        assert_eq!(ways.count(), 1, "{loot:?} at {place:?} as {into}");
        let own = OWN
            .iter()
            .filter(|own| (own.0, own.1, own.2) == (*loot, *place, *into));
        assert_eq!(own.count(), 1, "{loot:?} at {place:?} as {into}");
    }
    for way in WAYS {
        let reasons = way.foreign.iter().filter_map(|fate| match fate {
            Fate::Moot(why) | Fate::Serves(why) => Some(why),
            _ => None,
        });
        assert!(reasons.into_iter().all(|why| !why.is_empty()));
    }
}
