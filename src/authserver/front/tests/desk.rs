//! A consent desk that says what a test wants, and whom it was asked about.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use model::ports::{
    AgreedConsent, Answer, AskedFor, ConsentDesk, DeskAgreed, DeskEnding, DeskFault, DeskOver,
    DeskSaid, DeskStep, MayAsk, Seat, StoreUnavailable,
};
use model::{
    By, Channel, ClientId, ConsentId, ConsentPart, ConsentState, Edge, Evidence, Response, Scope,
    ScopeSet, SignedRequest, Terms,
};

use super::visitor::{self, Page, Visitor};
use crate::test_house::{House, LiLei, locked};
use crate::{Customers, Endpoint, IssuerSettings};

/// What a desk says to a seat, and to an answer where there is one.
pub(super) type Script = Box<dyn Fn(&Seat<'_>, Option<&Answer<'_>>) -> DeskSaid + Send + Sync>;

/// What a desk was asked, once.
#[derive(Clone)]
pub(super) struct Heard {
    pub(super) details: String,
    pub(super) signed: SignedRequest,
    pub(super) who: [String; 4],
    pub(super) customer: (String, String, [u8; 32]),
    pub(super) page: [String; 4],
    /// What the form said, and was made to say.
    pub(super) answer: Option<(String, Vec<(String, String)>)>,
}

/// The desk.
pub(super) struct Scripted {
    pub(super) scopes: Mutex<ScopeSet>,
    /// `None`: it cannot say.
    pub(super) may_ask: Mutex<Option<MayAsk>>,
    pub(super) script: Mutex<Script>,
    pub(super) heard: Mutex<Vec<Heard>>,
    /// For what it was asked whether that may be asked for.
    pub(super) asked_for: Mutex<Vec<(ClientId, String, String)>>,
}

impl Scripted {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            scopes: Mutex::new(ScopeSet::parse("rates branches").expect("valid")),
            may_ask: Mutex::new(Some(MayAsk::Yes)),
            script: Mutex::new(Box::new(usual)),
            heard: Mutex::default(),
            asked_for: Mutex::default(),
        })
    }

    pub(super) fn says(&self, script: Script) {
        *locked(&self.script) = script;
    }

    fn hear(&self, seat: &Seat<'_>, answer: Option<&Answer<'_>>) -> DeskSaid {
        let text = |text: &str| text.to_owned();
        let (who, customer, page) = (&seat.who, &seat.customer, &seat.page);
        locked(&self.heard).push(Heard {
            details: text(seat.asked.details),
            signed: seat.signed.clone(),
            who: [who.app, who.legal, who.number, who.contact].map(text),
            customer: (
                text(customer.subject),
                text(customer.shown),
                customer.pseudonym,
            ),
            page: [page.language, page.bank, page.host, page.switch].map(text),
            answer: answer.map(|answer| (text(answer.beside), answer.members.to_vec())),
        });
        locked(&self.script)(seat, answer)
    }
}

impl ConsentDesk for Scripted {
    fn has_scope(&self, scope: &Scope) -> bool {
        locked(&self.scopes).contains(scope)
    }

    fn may_ask<'a>(
        &'a self,
        asked: AskedFor<'a>,
    ) -> BoxFuture<'a, Result<MayAsk, StoreUnavailable>> {
        let (scopes, details) = (asked.scopes.to_string(), asked.details.to_owned());
        locked(&self.asked_for).push((asked.client.clone(), scopes, details));
        let said = locked(&self.may_ask).ok_or(StoreUnavailable {
            doing: "testing",
            source: None,
        });
        async { said }.boxed()
    }

    fn show<'a>(&'a self, seat: Seat<'a>) -> BoxFuture<'a, DeskSaid> {
        let said = self.hear(&seat, None);
        async { said }.boxed()
    }

    fn act<'a>(&'a self, seat: Seat<'a>, answer: Answer<'a>) -> BoxFuture<'a, DeskSaid> {
        let said = self.hear(&seat, Some(&answer));
        async { said }.boxed()
    }
}

/// A page with one form.
pub(super) fn page(seat: &Seat<'_>) -> Response {
    let form = (seat.page.form)("review.0");
    let html = format!(
        "<form action=\"{}\"><input type=\"hidden\" name=\"csrf\" value=\"{}\">\
         <input type=\"hidden\" name=\"request\" value=\"{}\"></form>",
        form.action, form.csrf, form.request
    );
    http::Response::new(model::full(html))
}

/// A page, and what its buttons lead to.
fn usual(seat: &Seat<'_>, answer: Option<&Answer<'_>>) -> DeskSaid {
    let act = answer.map(|answer| {
        let mut members = answer.members.iter();
        let act = members.find(|(name, _)| name == "act");
        act.map_or("", |(_, value)| value.as_str())
    });
    let step = match act {
        None => Ok(DeskStep::Page(page(seat))),
        Some("allow") => Ok(agreed(seat, "consent-1")),
        Some("refuse") => Ok(over(DeskEnding::Refused, "access_denied")),
        Some("more") => Ok(DeskStep::Again),
        Some(_) => Err(DeskFault::Form("The form says nothing that is known.")),
    };
    (step, Vec::new())
}

pub(super) fn over(ending: DeskEnding, error: &'static str) -> DeskStep {
    DeskStep::Over(Box::new(DeskOver {
        error,
        ending,
        declined: None,
    }))
}

/// What records tell of a consent that got into this state.
pub(super) fn part(to: ConsentState) -> ConsentPart {
    ConsentPart {
        from: None,
        to,
        by: By::Customer,
        channel: Channel::Page,
        text_version: Some([4; 32]),
        customer: Some([5; 32]),
        clusters: Vec::new(),
        resources: 0,
        evidence_digest: None,
    }
}

/// A consent of this id that is made by the yes.
pub(super) fn agreed(seat: &Seat<'_>, id: &str) -> DeskStep {
    DeskStep::Agreed(Box::new(agreed_to(seat, id)))
}

pub(super) fn agreed_to(seat: &Seat<'_>, id: &str) -> DeskAgreed {
    let id = ConsentId::parse(id).expect("an id");
    let until = seat.latest_end;
    DeskAgreed {
        consent: AgreedConsent {
            id: id.clone(),
            from: None,
            edge: Edge::Authorise,
            terms: Terms {
                id,
                customer: seat.customer.subject.into(),
                clusters: [].into(),
                resources: [].into(),
                purpose: None,
                per_day_unattended: 4,
                data_from: None,
                data_until: None,
                bound: Vec::new(),
                authorised_at: seat.asked.now,
                reauth_at: None,
                expires: until,
            },
            evidence: Evidence {
                edge: Edge::Authorise,
                at: seat.asked.now,
                by: By::Customer,
                text_version: [4; 32],
                sealed: b"sealed".to_vec(),
            },
            replaces: None,
        },
        details: seat.asked.details.to_owned(),
        until,
        part: part(ConsentState::Authorised),
        superseded: None,
    }
}

/// A house whose customers consent at this desk.
pub(super) async fn house(desk: &Arc<Scripted>) -> House {
    house_with(desk, |_| ()).await
}

pub(super) async fn house_with(
    desk: &Arc<Scripted>,
    change: impl FnOnce(&mut IssuerSettings),
) -> House {
    let desk: Arc<dyn ConsentDesk> = desk.clone();
    House::open_with(|settings| {
        visitor::grants(settings, Customers::Password(Arc::new(LiLei)));
        let authorization = settings.authorization.as_mut().expect("customers grant");
        authorization.desk = Some(desk);
        change(settings);
    })
    .await
}

/// A browser that has logged in for a request with these parameters, and where that led it.
pub(super) async fn logged_in(house: &House, more: &[(&'static str, &str)]) -> (Visitor, String) {
    let link = visitor::link(house, more).await;
    let mut visitor = Visitor::default();
    let page = visitor.get(house, Endpoint::Authorize, &link).await;
    let page = visitor
        .post(house, Endpoint::LogIn, page.log_in("li-lei", "right"))
        .await;
    assert_eq!(page.status, 303, "{page:?}");
    (visitor, page.location.expect("a link"))
}

/// The page of the desk that such a browser sees.
pub(super) async fn seated(house: &House, more: &[(&'static str, &str)]) -> (Visitor, Page) {
    let (mut visitor, link) = logged_in(house, more).await;
    let page = visitor.get(house, Endpoint::Authorize, &link).await;
    (visitor, page)
}

/// What a page of ours leads to that follows a form: where the app is told, and the page's text.
pub(super) async fn done(house: &House, visitor: &mut Visitor, page: &Page) -> (String, String) {
    assert_eq!(page.status, 303, "{page:?}");
    let to = page.location.as_deref().expect("a link");
    assert!(to.starts_with("/done?"), "{to}");
    let done = visitor.get(house, Endpoint::Done, to).await;
    assert_eq!(done.status, 200, "{done:?}");
    let (_, rest) = done
        .html
        .split_once("id=\"return\" href=\"")
        .expect("a link");
    let (location, _) = rest.split_once('"').expect("its end");
    let location = location.replace("&amp;", "&").replace("&#x2f;", "/");
    (location, done.html.clone())
}
