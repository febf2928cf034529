//! Consents that a partner asked for first, and that their customers come to decide about.

use model::ports::{Changed, Consent, Consents as _, DeskEnding, Lodge, MayAsk};
use model::{By, Channel, ConsentId, ConsentPart, ConsentState, Edge, GrantAction, ScopeSet};

use crate::desk::end;
use crate::lodged::Lodged;
use crate::test_desk::bank::CODE;
use crate::test_desk::visitor::{Visitor, event};
use crate::test_desk::{TestDesk, at, bank_id, client};

const ALLOW: (&str, &str) = ("act", "allow");
const TICKED: (&str, &str) = ("separate", "yes");
pub(super) const NAMED: &str = r#"[{"type":"consent","consent_id":"lodged-1"}]"#;

fn id() -> ConsentId {
    ConsentId::parse("lodged-1").expect("valid")
}

/// A consent to these scopes that the client asked for when the story began.
pub(super) async fn lodge(test: &TestDesk, scopes: &str, change: impl FnOnce(&mut Lodged)) {
    let scopes = ScopeSet::parse(scopes).expect("scopes");
    let mut lodged = Lodged::of(&scopes, "[]");
    change(&mut lodged);
    let consent = Consent {
        digest: crypto::sha256(id().as_str().as_bytes()),
        id: id(),
        client: client(),
        subject: None,
        request: None,
        state: ConsentState::Requested,
        version: 0,
        expires: lodged.expires,
        lodged: lodged.kept().expect("text"),
        draft: Vec::new(),
        terms: None,
        made_at: at(0),
        decide_until: at(900),
        extended: 0,
        changed_at: at(0),
        ended_until: None,
        replaces: None,
        replaced_by: None,
        is_lodged: true,
        ended_by: None,
        ended_on: None,
        confirmed_at: None,
        reason: None,
    };
    let event = event(GrantAction::ConsentLodge, None, 99);
    let kept = test.store.lodge(&bank_id(), consent, at(0), event).await;
    assert!(matches!(kept, Ok(Lodge::Kept(_))), "{kept:?}");
}

async fn found(test: &TestDesk) -> Consent {
    let found = test.store.find(&bank_id(), &id()).await;
    found.expect("a store in memory").expect("a consent")
}

#[tokio::test]
async fn its_customer_opens_it_and_gives_what_was_lodged_and_no_more() {
    let test = TestDesk::new();
    lodge(&test, "accounts", |lodged| {
        lodged.expires = Some(at(30 * 86_400));
        lodged.data_from = Some(jiff::civil::date(2026, 1, 1));
        lodged.data_until = Some(jiff::civil::date(2026, 3, 31));
        lodged.per_day_unattended = Some(1);
    })
    .await;
    let visitor = Visitor::of(&test, "openid accounts", NAMED);
    assert_eq!(visitor.may_ask().await, MayAsk::Yes);
    let review = visitor.show().await.page();
    for said in ["1 January 2026 to 31 March 2026", "at most once a day"] {
        assert!(review.contains(said), "{said}: {review}");
    }
    let opened = found(&test).await;
    assert_eq!(opened.state, ConsentState::Reviewing);
    assert_eq!(opened.subject.as_deref(), Some("li-lei"));
    // Asked again, by a reload or by another request of the app's, it is the same.
    visitor.show().await.page();
    visitor.go_on(&[TICKED, ("account", "acc-2"), ALLOW]).await;
    let agreed = visitor.send(&[("code", CODE), ALLOW]).await.agreed();
    assert_eq!(agreed.consent.id, id());
    assert_eq!(agreed.consent.from, Some((ConsentState::Confirming, 2)));
    let terms = &agreed.consent.terms;
    assert_eq!(
        (terms.expires, agreed.until),
        (at(30 * 86_400), at(30 * 86_400))
    );
    assert_eq!(terms.data_from, Some(jiff::civil::date(2026, 1, 1)));
    assert_eq!(terms.data_until, Some(jiff::civil::date(2026, 3, 31)));
    assert_eq!(terms.per_day_unattended, 1);
    assert_eq!(
        agreed.details,
        r#"[{"consent_id":"lodged-1","type":"consent"}]"#
    );
    let actions = [GrantAction::ConsentOpen, GrantAction::ConsentAllow];
    assert_eq!(visitor.actions(), actions);
}

#[tokio::test]
async fn what_is_not_as_it_was_lodged_is_not_asked() {
    let test = TestDesk::new();
    lodge(&test, "accounts", |_| {}).await;
    for (scopes, details) in [
        ("accounts shop_data", NAMED),
        ("shop_data", NAMED),
        ("openid", NAMED),
        (
            "accounts",
            r#"[{"type":"consent","consent_id":"lodged-2"}]"#,
        ),
        (
            "accounts",
            r#"[{"type":"consent","consent_id":"lodged-1"},{"type":"branch_visit","day":"1"}]"#,
        ),
    ] {
        let visitor = Visitor::of(&test, scopes, details);
        assert_eq!(
            visitor.may_ask().await,
            MayAsk::Details,
            "{scopes} {details}"
        );
        let over = visitor.show().await.over();
        assert_eq!(over.error, "invalid_authorization_details");
    }
    assert_eq!(found(&test).await.state, ConsentState::Requested);
}

#[tokio::test]
async fn it_is_one_customers_from_when_they_came() {
    let test = TestDesk::new();
    lodge(&test, "accounts", |_| {}).await;
    Visitor::of(&test, "accounts", NAMED).show().await.page();
    let mut other = Visitor::of(&test, "accounts", NAMED);
    other.subject = "han-meimei";
    let over = other.show().await.over();
    assert_eq!(over.error, "access_denied");
    assert!(over.declined.is_none(), "it stays another's to decide");
    assert_eq!(found(&test).await.subject.as_deref(), Some("li-lei"));
}

#[tokio::test]
async fn nobody_comes_to_it_once_its_time_is_over() {
    let test = TestDesk::new();
    lodge(&test, "accounts", |_| {}).await;
    let mut late = Visitor::of(&test, "accounts", NAMED);
    late.now = 900;
    assert_eq!(late.may_ask().await, MayAsk::Details, "at its last instant");
    let over = late.show().await.over();
    assert_eq!(
        (over.error, over.ending),
        ("access_denied", DeskEnding::TimedOut)
    );
    let declined = over.declined.expect("an edge");
    assert_eq!(declined.change.edge, Edge::Lapse);
    assert_eq!(declined.part.from, Some(ConsentState::Requested));
}

#[tokio::test]
async fn who_read_it_is_told_that_the_partner_took_it_back() {
    let test = TestDesk::new();
    lodge(&test, "accounts", |_| {}).await;
    let visitor = Visitor::of(&test, "accounts", NAMED);
    visitor.show().await.page();
    let consent = found(&test).await;
    let change = end::change(&consent, Edge::Refuse);
    let mut event = event(GrantAction::Refuse, None, 98);
    event.consent = Some(ConsentPart {
        from: Some(consent.state),
        to: ConsentState::Refused,
        by: By::Partner,
        channel: Channel::Api,
        text_version: None,
        customer: None,
        clusters: Vec::new(),
        resources: 0,
        evidence_digest: None,
    });
    let (bank, id) = (bank_id(), id());
    let changed = test.store.change(&bank, &id, change, at(20), event).await;
    assert!(matches!(changed, Ok(Changed::Done(_))));
    assert_eq!(visitor.may_ask().await, MayAsk::Yes);
    let over = visitor.send(&[TICKED, ("account", "acc-1"), ALLOW]).await;
    let over = over.over();
    assert_eq!(
        (over.error, over.ending),
        ("access_denied", DeskEnding::TakenBack)
    );
    // Nobody else is led to it.
    let mut fresh = Visitor::of(&test, "accounts", NAMED);
    fresh.subject = "han-meimei";
    assert_eq!(fresh.show().await.over().error, "access_denied");
}

#[tokio::test]
async fn one_whose_wished_end_has_come_is_not_given() {
    let test = TestDesk::new();
    lodge(&test, "accounts", |lodged| lodged.expires = Some(at(600))).await;
    let mut visitor = Visitor::of(&test, "accounts", NAMED);
    visitor.show().await.page();
    visitor.now = 600;
    let over = visitor.show().await.over();
    assert_eq!(
        (over.error, over.ending),
        ("access_denied", DeskEnding::Failed)
    );
    assert_eq!(over.declined.expect("an edge").change.edge, Edge::Refuse);
}
