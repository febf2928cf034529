//! How a visit to the desk goes on, and the ways in which it ends without a yes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use model::ports::{
    Change, Changed, Consent, Consents, Declined, DeskEnding, DeskFault, DeskOver, DeskSaid,
    DeskStep, Lodge, MayAsk, Posted, Seat, StoreUnavailable,
};
use model::{By, ConsentId, ConsentState, Edge, Fault, GrantAction};

use super::consent::events;
use super::desk::{Script, Scripted, done, house, logged_in, over, page, part, seated};
use super::visitor::{self, CALLBACK, Page, Visitor};
use crate::test_house::{House, ISSUER, LiLei, bank, locked};
use crate::{Customers, Endpoint};

const MORE: Duration = Duration::from_mins(14);

fn id() -> ConsentId {
    ConsentId::parse("consent-9").expect("an id")
}

/// Keeps a consent that the customer of this seat looks at, made when they came.
fn lodged(store: &dyn Consents, seat: &Seat<'_>) -> Vec<Posted> {
    kept(store, seat, looked_at(seat))
}

/// The same that their app lodged before, and that they opened.
fn opened(store: &dyn Consents, seat: &Seat<'_>) -> Vec<Posted> {
    let asked = Consent {
        subject: None,
        request: None,
        state: ConsentState::Requested,
        is_lodged: true,
        ..looked_at(seat)
    };
    let mut posted = kept(store, seat, asked);
    let change = Change {
        from: ConsentState::Requested,
        subject: Some(seat.customer.subject.to_owned()),
        request: Some(seat.request),
        ..declined(0, Edge::Open).change
    };
    let (bank, id, now) = (seat.asked.bank, id(), seat.asked.now);
    let mut event = (seat.event)(GrantAction::ConsentOpen, Some(id.grant()));
    event.consent = Some(part(ConsentState::Reviewing));
    let changed = store.change(bank, &id, change, now, event);
    match changed.now_or_never().expect("at once").expect("answers") {
        Changed::Done(event) => posted.push(event),
        other => panic!("{other:?}"),
    }
    posted
}

/// A consent that the customer of this seat looks at.
fn looked_at(seat: &Seat<'_>) -> Consent {
    let id = id();
    Consent {
        digest: crypto::sha256(id.as_str().as_bytes()),
        id,
        client: seat.asked.client.clone(),
        subject: Some(seat.customer.subject.to_owned()),
        request: Some(seat.request),
        state: ConsentState::Reviewing,
        version: 0,
        lodged: b"asked".to_vec(),
        draft: Vec::new(),
        terms: None,
        made_at: seat.asked.now,
        decide_until: seat.asked.now + Duration::from_mins(15),
        extended: 0,
        changed_at: seat.asked.now,
        expires: None,
        ended_until: None,
        replaces: None,
        replaced_by: None,
        is_lodged: false,
        reason: None,
        ended_by: None,
        ended_on: None,
        confirmed_at: None,
    }
}

fn kept(store: &dyn Consents, seat: &Seat<'_>, consent: Consent) -> Vec<Posted> {
    let id = id();
    let mut event = (seat.event)(GrantAction::ConsentOpen, Some(id.grant()));
    event.consent = Some(part(ConsentState::Reviewing));
    let kept = store.lodge(seat.asked.bank, consent, seat.asked.now, event);
    match kept.now_or_never().expect("at once").expect("answers") {
        Lodge::Kept(posted) => vec![posted],
        Lodge::Known(_) => Vec::new(),
        Lodge::Full => panic!("there is one"),
    }
}

/// That the consent ends by this edge, as somebody knew it at this version.
fn declined(version: u32, edge: Edge) -> Declined {
    Declined {
        consent: id(),
        change: Change {
            from: ConsentState::Reviewing,
            version,
            edge,
            subject: None,
            request: None,
            draft: None,
            decide_until: None,
            evidence: None,
            reason: None,
        },
        part: part(ConsentState::Refused),
    }
}

/// A desk that keeps a consent when it shows its page, and ends it as whoever knows this version.
fn declining(house: &House, version: u32) -> Script {
    let store = Arc::clone(&house.store);
    Box::new(move |seat, answer| {
        let posted = lodged(store.as_ref(), seat);
        let step = match answer {
            None => DeskStep::Page(page(seat)),
            Some(_) => DeskStep::Over(Box::new(DeskOver {
                error: "access_denied",
                ending: DeskEnding::Refused,
                declined: Some(declined(version, Edge::Refuse)),
            })),
        };
        (Ok(step), posted)
    })
}

/// A desk that shows its page, and makes of each form what `of_form` says.
fn answering(of_form: impl Fn() -> Result<DeskStep, DeskFault> + Send + Sync + 'static) -> Script {
    Box::new(move |seat, answer| {
        let step = match answer {
            None => Ok(DeskStep::Page(page(seat))),
            Some(_) => of_form(),
        };
        (step, Vec::new())
    })
}

/// What a form of the desk's page leads to.
async fn sent(house: &House) -> (Visitor, Page) {
    let (mut visitor, page) = seated(house, &[]).await;
    let form = page.form(&[("act", "any")]);
    let page = visitor.post(house, Endpoint::Approve, form).await;
    (visitor, page)
}

async fn state(house: &House) -> ConsentState {
    let consents: &dyn Consents = house.store.as_ref();
    let found = consents.find(&bank(), &id()).await.expect("answers");
    found.expect("a consent").state
}

#[tokio::test]
async fn az_07_the_desk_reads_forms_that_it_gave_this_session_alone() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    let (visitor, page) = seated(&house, &[]).await;
    let (_, other) = seated(&house, &[]).await;
    let good = page.form(&[("act", "allow")]);
    let shown = locked(&desk.heard).len();
    for bad in [
        good.replace("review.0", "review.1"),
        good.replace("review.0", ""),
        good.replace("csrf=", "csrf=x"),
        good.replace("csrf=", "not="),
        other.form(&[("act", "allow")]),
    ] {
        let page = visitor.clone().post(&house, Endpoint::Approve, bad).await;
        assert_eq!(page.status, 403, "{page:?}");
    }
    // Whoever has lost the session logs in again, and decides then.
    let mut stranger = visitor.clone();
    stranger.cookies.retain(|name, _| !name.contains("session"));
    let page = stranger.post(&house, Endpoint::Approve, good.clone()).await;
    assert_eq!(page.status, 303, "{page:?}");
    let to = page.location.unwrap_or_default();
    assert!(to.starts_with("/authorize?"), "{to}");
    assert_eq!(locked(&desk.heard).len(), shown, "nothing of it was read");
    let form = format!("{good}&account=1&account=2");
    visitor.clone().post(&house, Endpoint::Approve, form).await;
    let heard = locked(&desk.heard).pop().expect("an answer");
    let (beside, members) = heard.answer.expect("a form");
    assert_eq!(beside, "review.0");
    let members: Vec<_> = members
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let said = [("act", "allow"), ("account", "1"), ("account", "2")];
    assert_eq!(members, said);
}

#[tokio::test]
async fn az_05_each_ending_is_told_to_the_app_and_on_a_page() {
    for (ending, error, says) in [
        (DeskEnding::Refused, "access_denied", "拒绝"),
        (DeskEnding::TakenBack, "access_denied", "收回"),
        (DeskEnding::Stopped, "access_denied", "全部停止"),
        (DeskEnding::TimedOut, "access_denied", "超时"),
        (DeskEnding::Locked, "access_denied", "次数过多"),
        (DeskEnding::NoAccounts, "access_denied", "未能完成"),
        (DeskEnding::Failed, "invalid_scope", "未能完成"),
    ] {
        let desk = Scripted::new();
        let house = house(&desk).await;
        desk.says(answering(move || Ok(over(ending, error))));
        let (mut visitor, page) = sent(&house).await;
        assert!(!visitor.cookies.keys().any(|name| name.contains("session")));
        let (location, html) = done(&house, &mut visitor, &page).await;
        let expected = format!("{CALLBACK}?error={error}&state=s-1&iss={ISSUER}");
        assert_eq!(location, expected);
        assert!(html.contains(says), "{says}: {html}");
        let event = events(&house).pop().expect("an event");
        assert_eq!(event.action, GrantAction::Refuse);
        assert_eq!(event.code.as_deref(), Some(error));
    }
}

#[tokio::test]
async fn az_06_what_ends_where_no_form_was_sent_leads_straight_to_the_app() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    let (mut visitor, link) = logged_in(&house, &[]).await;
    desk.says(Box::new(|_, _| {
        (Ok(over(DeskEnding::TimedOut, "access_denied")), Vec::new())
    }));
    let link = link.replace("&after=form", "");
    let page = visitor.get(&house, Endpoint::Authorize, &link).await;
    assert_eq!(page.status, 303);
    let location = page.location.expect("a link");
    assert!(location.starts_with(CALLBACK), "{location}");
}

#[tokio::test]
async fn a_consent_ends_with_its_request_and_its_events_are_in_the_log() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    desk.says(declining(&house, 0));
    let (mut visitor, page) = sent(&house).await;
    let (location, _) = done(&house, &mut visitor, &page).await;
    assert!(location.contains("error=access_denied"), "{location}");
    assert_eq!(state(&house).await, ConsentState::Refused);
    let digest = Some(crypto::sha256(b"consent-9"));
    let told: Vec<_> = events(&house)
        .into_iter()
        .filter(|event| event.grant == digest)
        .map(|event| (event.action, event.consent.expect("a consent").to))
        .collect();
    let opened = (GrantAction::ConsentOpen, ConsentState::Reviewing);
    let refused = (GrantAction::Refuse, ConsentState::Refused);
    assert_eq!(told, [opened, refused]);
}

#[tokio::test]
async fn whoever_decides_in_two_tabs_sees_in_the_slower_what_stands() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    desk.says(declining(&house, 7));
    let (_, page) = sent(&house).await;
    assert_eq!(page.status, 303, "{page:?}");
    let to = page.location.expect("a link");
    assert!(
        to.starts_with("/authorize?") && to.ends_with("after=form"),
        "{to}"
    );
    assert_eq!(state(&house).await, ConsentState::Reviewing);
}

/// The fault that an app is told of in this way.
fn fault_of(error: &str) -> DeskFault {
    match error {
        "server_error" => Fault::new("testing").into(),
        _ => DeskFault::from(StoreUnavailable {
            doing: "testing",
            source: None,
        }),
    }
}

#[tokio::test]
async fn er_03_what_broke_at_the_desk_is_told_to_the_app_and_its_events_to_the_log() {
    for error in ["temporarily_unavailable", "server_error"] {
        let desk = Scripted::new();
        let house = house(&desk).await;
        let store = Arc::clone(&house.store);
        desk.says(Box::new(move |seat, _| -> DeskSaid {
            (Err(fault_of(error)), lodged(store.as_ref(), seat))
        }));
        let (mut visitor, page) = seated(&house, &[]).await;
        let (location, _) = done(&house, &mut visitor, &page).await;
        let expected = format!("{CALLBACK}?error={error}&");
        assert!(location.starts_with(&expected), "{location}");
        let actions: Vec<_> = events(&house).iter().map(|event| event.action).collect();
        assert!(actions.contains(&GrantAction::ConsentOpen), "{actions:?}");
        // Nobody can come for its consent any more: it is over as well, then and there.
        assert_eq!(state(&house).await, ConsentState::Refused);
        let event = events(&house).pop().expect("an event");
        assert_eq!(event.action, GrantAction::Refuse);
        let told = event.consent.expect("a consent");
        let expected = (
            Some(ConsentState::Reviewing),
            ConsentState::Refused,
            By::House,
        );
        assert_eq!((told.from, told.to, told.by), expected);
        assert!(told.customer.is_some());
    }
}

#[tokio::test]
async fn a_consent_that_its_partner_lodged_outlives_a_request_that_failed() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    let store = Arc::clone(&house.store);
    desk.says(Box::new(move |seat, _| -> DeskSaid {
        let posted = opened(store.as_ref(), seat);
        (Err(fault_of("server_error")), posted)
    }));
    let (mut visitor, page) = seated(&house, &[]).await;
    let (location, _) = done(&house, &mut visitor, &page).await;
    assert!(location.contains("?error=server_error&"), "{location}");
    assert_eq!(state(&house).await, ConsentState::Reviewing);
}

/// What whoever sent a form, or came by one, is shown where a redirect would not leave the site.
#[track_caller]
fn leads_back(page: &Page, error: &str) {
    assert_eq!((page.status, &page.location), (200, &None), "{page:?}");
    assert!(page.html.contains("id=\"return\" href=\""), "{}", page.html);
    let expected = format!("callback?error={error}&amp;");
    let html = page.html.replace("&#x2f;", "/");
    assert!(html.contains(&expected), "{html}");
}

#[tokio::test]
async fn az_06_no_form_is_answered_by_a_way_off_the_site_though_the_cookie_was_lost() {
    let desk = Scripted::new();
    for endpoint in [Endpoint::Approve, Endpoint::LogIn] {
        let house = house(&desk).await;
        let (mut visitor, page) = seated(&house, &[]).await;
        house.clock.advance(Duration::from_mins(46));
        visitor.cookies.clear();
        let form = page.form(&[("act", "allow")]);
        let page = visitor.post(&house, endpoint, form).await;
        leads_back(&page, "access_denied");
    }
    // Nor is a page that a form led to.
    let house = house(&desk).await;
    let (mut visitor, link) = logged_in(&house, &[]).await;
    assert!(link.ends_with("&after=form"), "{link}");
    house.clock.advance(Duration::from_mins(46));
    visitor.cookies.clear();
    let page = visitor.get(&house, Endpoint::Authorize, &link).await;
    leads_back(&page, "access_denied");
}

#[tokio::test]
async fn az_06_what_breaks_after_a_form_leads_off_the_site_by_a_page_though_the_cookie_was_lost() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    let (mut visitor, link) = logged_in(&house, &[]).await;
    *locked(&desk.may_ask) = None;
    visitor.cookies.retain(|name, _| name.contains("session"));
    let page = visitor.get(&house, Endpoint::Authorize, &link).await;
    leads_back(&page, "temporarily_unavailable");
}

#[tokio::test]
async fn a_form_that_breaks_a_rule_is_a_page_and_the_request_goes_on() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    let (mut visitor, page) = seated(&house, &[]).await;
    let form = page.form(&[("act", "neither")]);
    let bad = visitor.post(&house, Endpoint::Approve, form).await;
    assert_eq!(bad.status, 400);
    assert!(bad.html.contains("nothing that is known"), "{}", bad.html);
    assert!(bad.html.contains("invalid_request"), "{}", bad.html);
    let form = page.form(&[("act", "more")]);
    let again = visitor.post(&house, Endpoint::Approve, form).await;
    assert_eq!(again.status, 303);
    let to = again.location.expect("a link");
    assert!(
        to.starts_with("/authorize?") && to.ends_with("&after=form"),
        "{to}"
    );
    let page = visitor.get(&house, Endpoint::Authorize, &to).await;
    assert_eq!(page.status, 200, "{page:?}");
}

#[tokio::test]
async fn what_may_be_asked_is_decided_again_when_the_customer_comes() {
    for (said, error) in [
        (Some(MayAsk::Scope), "invalid_scope"),
        (Some(MayAsk::Details), "invalid_authorization_details"),
        (None, "temporarily_unavailable"),
    ] {
        let desk = Scripted::new();
        let house = house(&desk).await;
        let (mut visitor, link) = logged_in(&house, &[]).await;
        *locked(&desk.may_ask) = said;
        let page = visitor.get(&house, Endpoint::Authorize, &link).await;
        let (location, _) = done(&house, &mut visitor, &page).await;
        let expected = format!("{CALLBACK}?error={error}&");
        assert!(location.starts_with(&expected), "{location}");
        assert!(locked(&desk.heard).is_empty());
    }
}

#[tokio::test]
async fn az_10_at_the_desk_a_visit_may_take_45_minutes_and_elsewhere_15() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    let (mut visitor, link) = logged_in(&house, &[]).await;
    for _ in 0..3 {
        // The log-in lives for 15 minutes: whoever takes more time may have to prove who they are.
        house.clock.advance(MORE);
        let page = visitor.get(&house, Endpoint::Authorize, &link).await;
        assert_eq!(page.status, 200, "{page:?}");
    }
    let page = visitor.get(&house, Endpoint::Authorize, &link).await;
    assert!(page.html.contains("name=\"password\""), "{}", page.html);
    house.clock.advance(Duration::from_mins(3));
    let page = visitor.get(&house, Endpoint::Authorize, &link).await;
    let (location, _) = done(&house, &mut visitor, &page).await;
    assert!(location.contains("error=access_denied"), "{location}");
}

#[tokio::test]
async fn a_request_of_before_there_was_a_desk_is_to_be_pushed_again() {
    let customers = || Customers::Password(Arc::new(LiLei));
    let plain = House::open_with(|settings| visitor::grants(settings, customers())).await;
    let link = visitor::link(&plain, &[]).await;
    let desk = Scripted::new();
    let house = House::open_on(
        |settings| {
            visitor::grants(settings, customers());
            let authorization = settings.authorization.as_mut().expect("customers grant");
            authorization.desk = Some(desk.clone());
        },
        |ports| {
            ports.grants = plain.store.clone();
            ports.sessions = plain.store.clone();
        },
    )
    .await;
    let mut visitor = Visitor::default();
    let page = visitor.get(&house, Endpoint::Authorize, &link).await;
    let form = page.log_in("li-lei", "right");
    let page = visitor.post(&house, Endpoint::LogIn, form).await;
    let link = page.location.expect("a link");
    let page = visitor.get(&house, Endpoint::Authorize, &link).await;
    let (location, _) = done(&house, &mut visitor, &page).await;
    let expected = format!("{CALLBACK}?error=temporarily_unavailable&");
    assert!(location.starts_with(&expected), "{location}");
    assert!(locked(&desk.heard).is_empty());
}
