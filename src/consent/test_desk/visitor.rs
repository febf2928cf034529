//! A customer at a desk, with a browser: they see pages and send their forms.

use std::sync::Mutex;

use http_body_util::BodyExt;
use jiff::Timestamp;
use model::ports::{
    Answer, Approval, AskedFor, Code, Consent, ConsentDesk, Consents, DeskAgreed, DeskFault,
    DeskForm, DeskOver, DeskPage, DeskSaid, DeskStep, Finish, Grant, Grants, MayAsk, PushedRequest,
    Seat, SeatedCustomer, WhoAsks,
};
use model::{
    ClientId, EventId, GrantAction, GrantEvent, GrantId, InteractionId, Network, RequestId,
    ScopeSet, SignedRequest, Who,
};

use super::{CLIENT, TestDesk, at, bank_id, client};

/// A customer, and what an app asks of them.
pub(crate) struct Visitor<'a> {
    pub(crate) test: &'a TestDesk,
    pub(crate) scopes: &'static str,
    pub(crate) details: &'a str,
    /// SHA-256 of the reference of the request.
    pub(crate) request: [u8; 32],
    pub(crate) client: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) language: &'static str,
    /// The app's name in that language.
    pub(crate) app: &'static str,
    pub(crate) now: i64,
    /// When the link was opened first.
    pub(crate) opened_at: i64,
    pub(crate) latest_end: Timestamp,
    /// What the last page's form says beside.
    pub(crate) beside: Mutex<String>,
    /// The actions of the events that were made.
    pub(crate) actions: Mutex<Vec<GrantAction>>,
}

/// What came of a call.
#[derive(Debug)]
pub(crate) enum Came {
    /// This page.
    Page(String),
    /// The same again.
    Again,
    Agreed(Box<DeskAgreed>),
    Over(Box<DeskOver>),
}

impl Came {
    #[track_caller]
    pub(crate) fn page(self) -> String {
        match self {
            Self::Page(page) => page,
            other => panic!("no page: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn again(&self) {
        assert!(matches!(self, Self::Again), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn agreed(self) -> Box<DeskAgreed> {
        match self {
            Self::Agreed(agreed) => agreed,
            other => panic!("not agreed: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn over(self) -> Box<DeskOver> {
        match self {
            Self::Over(over) => over,
            other => panic!("not over: {other:?}"),
        }
    }
}

impl<'a> Visitor<'a> {
    pub(crate) fn of(test: &'a TestDesk, scopes: &'static str, details: &'a str) -> Self {
        Self {
            test,
            scopes,
            details,
            request: [5; 32],
            client: CLIENT,
            subject: "li-lei",
            language: "en",
            app: "SwiftRide",
            now: 10,
            opened_at: 0,
            latest_end: at(365 * 86_400),
            beside: Mutex::default(),
            actions: Mutex::default(),
        }
    }

    pub(crate) fn accounts(test: &'a TestDesk) -> Self {
        Self::of(test, "openid accounts", "[]")
    }

    pub(crate) async fn may_ask(&self) -> MayAsk {
        let bank = bank_id();
        let client = ClientId::parse(self.client).expect("valid");
        let scopes = ScopeSet::parse(self.scopes).expect("scopes");
        let asked = AskedFor {
            bank: &bank,
            client: &client,
            scopes: &scopes,
            details: self.details,
            now: at(self.now),
        };
        self.test
            .desk
            .may_ask(asked)
            .await
            .expect("a store in memory")
    }

    /// Has the store keep what was agreed, as the issuer does.
    pub(crate) async fn settled(&self, agreed: DeskAgreed) -> Finish {
        let (bank, store) = (bank_id(), self.test.store.as_ref());
        let pushed = PushedRequest {
            digest: self.request,
            client: client(),
            request: Vec::new(),
            expires: at(self.now + 60),
        };
        store.push(&bank, pushed, at(self.now)).await.expect("kept");
        let id = agreed.consent.id.grant().clone();
        let grant = Grant {
            id: id.clone(),
            client: client(),
            subject: self.subject.to_owned(),
            granted: Vec::new(),
            made_at: at(self.now),
            expires: agreed.until,
        };
        let code = Code {
            digest: crypto::sha256(&self.request),
            grant: id.clone(),
            bound: Vec::new(),
            expires: at(self.now + 60),
        };
        let number = 100 + 2 * usize::from(self.request[0]);
        let of = |action, id: &GrantId, part, number| GrantEvent {
            consent: part,
            ..event(action, Some(id), number)
        };
        let former = agreed.consent.replaces.as_ref().map(|(id, _)| id.clone());
        let approval = Approval {
            event: of(GrantAction::Approve, &id, Some(agreed.part), number),
            superseded: former.map(|id| {
                let (action, part) = (GrantAction::ConsentSupersede, agreed.superseded);
                of(action, id.grant(), part, number + 1)
            }),
            consent: Some(agreed.consent),
            ..Approval::plain(grant, code, event(GrantAction::Approve, None, 0))
        };
        let finished = store.approve(&bank, self.request, approval, at(self.now));
        finished.await.expect("as the desk may say it")
    }

    pub(crate) async fn show(&self) -> Came {
        self.came(None).await.expect("a step")
    }

    /// Sends the form of the last page.
    pub(crate) async fn send(&self, members: &[(&str, &str)]) -> Came {
        self.try_send(members).await.expect("a step")
    }

    pub(crate) async fn try_send(&self, members: &[(&str, &str)]) -> Result<Came, DeskFault> {
        let beside = self.beside();
        self.send_beside(&beside, members).await
    }

    pub(crate) async fn send_beside(
        &self,
        beside: &str,
        members: &[(&str, &str)],
    ) -> Result<Came, DeskFault> {
        let members: Vec<(String, String)> = members
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let members = members.as_slice();
        self.came(Some(Answer { beside, members })).await
    }

    /// Sends a form, is sent on, and sees the next page.
    pub(crate) async fn go_on(&self, members: &[(&str, &str)]) -> String {
        self.send(members).await.again();
        self.show().await.page()
    }

    /// The consent of the request, as the store has it.
    pub(crate) async fn consent(&self) -> Option<Consent> {
        let bank = bank_id();
        let found = self.test.store.of_request(&bank, self.request);
        found.await.expect("a store in memory")
    }

    pub(crate) fn beside(&self) -> String {
        self.beside.lock().expect("no panic within").clone()
    }

    pub(crate) fn actions(&self) -> Vec<GrantAction> {
        self.actions.lock().expect("no panic within").clone()
    }

    async fn came(&self, answer: Option<Answer<'_>>) -> Result<Came, DeskFault> {
        let (step, posted) = self.called(answer).await;
        let step = step?;
        if !posted.is_empty() {
            assert!(self.actions().len() >= posted.len());
        }
        Ok(match step {
            DeskStep::Page(response) => {
                let bytes = response
                    .into_body()
                    .collect()
                    .await
                    .expect("whole")
                    .to_bytes();
                Came::Page(String::from_utf8(bytes.to_vec()).expect("text"))
            }
            DeskStep::Again => Came::Again,
            DeskStep::Agreed(agreed) => Came::Agreed(agreed),
            DeskStep::Over(over) => Came::Over(over),
        })
    }

    async fn called(&self, answer: Option<Answer<'_>>) -> DeskSaid {
        let (bank, client) = (bank_id(), client());
        let scopes = ScopeSet::parse(self.scopes).expect("scopes");
        let signed = SignedRequest::Form("scope=accounts".to_owned());
        let interaction = InteractionId::new([9; 16]);
        let event = |action, grant: Option<&GrantId>| {
            let mut actions = self.actions.lock().expect("no panic within");
            actions.push(action);
            event(action, grant, actions.len())
        };
        let form = |beside: &str| {
            beside.clone_into(&mut self.beside.lock().expect("no panic within"));
            DeskForm {
                action: "/authorize".to_owned(),
                csrf: "csrf-1".to_owned(),
                request: "request-1".to_owned(),
            }
        };
        let seat = Seat {
            asked: AskedFor {
                bank: &bank,
                client: &client,
                scopes: &scopes,
                details: self.details,
                now: at(self.now),
            },
            request: self.request,
            signed: &signed,
            who: WhoAsks {
                app: self.app,
                legal: "SwiftRide Mobility Co., Ltd.",
                number: "PSDCN-SR-0001",
                contact: "privacy@swiftride.example",
            },
            app_elsewhere: match self.app {
                "SwiftRide" => "迅达出行",
                _ => "SwiftRide",
            },
            customer: SeatedCustomer {
                subject: self.subject,
                shown: "lilei",
                acr: None,
                pseudonym: [3; 32],
            },
            page: DeskPage {
                language: self.language,
                bank: "Harbour Bank",
                host: "auth.harbour.example",
                switch: "/authorize?ui_locales=zh-CN",
                form: &form,
            },
            opened_at: at(self.opened_at),
            latest_end: self.latest_end,
            tokens_until: at(self.now + 300),
            event: &event,
            request_id: RequestId::new(at(self.now), [1; 10]),
            interaction: &interaction,
        };
        match answer {
            None => self.test.desk.show(seat).await,
            Some(answer) => self.test.desk.act(seat, answer).await,
        }
    }
}

pub(crate) fn event(action: GrantAction, grant: Option<&GrantId>, number: usize) -> GrantEvent {
    let mut random = [0; 10];
    random[0] = u8::try_from(number).expect("few events");
    GrantEvent {
        id: EventId::new(at(0), random),
        at: at(0),
        request: RequestId::new(at(0), random),
        interaction: InteractionId::new([9; 16]),
        network: Network::of([203, 0, 113, 77].into()),
        bank: bank_id(),
        who: Who {
            partner: None,
            client: Some(client()),
            certificate: None,
            key: None,
            token_jti: None,
        },
        grant: grant.map(|id| crypto::sha256(id.as_str().as_bytes())),
        extent: None,
        consent: None,
        action,
        code: None,
        rule: None,
    }
}
