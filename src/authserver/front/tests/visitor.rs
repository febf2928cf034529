//! An app that pushes requests, and a browser that keeps its cookies.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, Method, Request};
use http_body_util::BodyExt;

use model::ClientId;

use crate::test_house::{Answer, House, asked, bank};
use crate::{Customers, Endpoint, IssuerSettings};

pub(super) const CALLBACK: &str = "https://app.example/callback";

/// Customers grant to an app that has an address to come back to.
pub(super) fn grants(settings: &mut IssuerSettings, customers: Customers) {
    settings.authorization = Some(crate::Authorization {
        customers,
        acr_values: Vec::new(),
        grant_lifetime: std::time::Duration::from_hours(1),
        desk: None,
        permissions: None,
        own: Arc::default(),
    });
    let id = ClientId::parse("swiftride-app").expect("valid");
    let client = settings.clients.get_mut(&id).expect("a client");
    client.redirect_uris = vec![CALLBACK.to_owned()];
}

/// The link of a request that is pushed now, with these parameters beside.
pub(super) async fn link(house: &House, more: &[(&'static str, &str)]) -> String {
    let mut ask = house.ask("swiftride-app");
    ask.unset("grant_type");
    for (name, value) in [
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("state", "s-1"),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
    ]
    .iter()
    .chain(more)
    {
        ask.set(name, value);
    }
    let pushed: Answer = house.send_to(Endpoint::Par, ask).await;
    assert_eq!(pushed.status, 201, "{}", pushed.body);
    let reference = pushed.body["request_uri"].as_str().expect("text");
    format!("/authorize?client_id=swiftride-app&request_uri={reference}")
}

/// A page, or where it leads.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) html: String,
}

impl Page {
    /// The value of a parameter of the address that it leads to.
    pub(super) fn leads_with(&self, name: &str) -> Option<String> {
        let (_, query) = self.location.as_deref()?.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(its, _)| its == name);
        found.map(|(_, value)| value.into_owned())
    }

    fn hidden(&self, name: &str) -> String {
        let begins = format!("type=\"hidden\" name=\"{name}\" value=\"");
        let (_, rest) = self.html.split_once(&begins).expect("a field");
        let (value, _) = rest.split_once('"').expect("its end");
        value.to_owned()
    }

    /// The one form of the page, filled in.
    pub(super) fn form(&self, fields: &[(&str, &str)]) -> String {
        let (csrf, request) = (self.hidden("csrf"), self.hidden("request"));
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", &csrf);
        form.append_pair("request", &request);
        form.extend_pairs(fields);
        form.finish()
    }

    /// The log-in, filled in.
    pub(super) fn log_in(&self, name: &str, password: &str) -> String {
        let fields = [
            ("username", name),
            ("password", password),
            ("act", "log-in"),
        ];
        self.form(&fields)
    }
}

/// A browser.
#[derive(Clone, Default)]
pub(super) struct Visitor {
    pub(super) cookies: BTreeMap<String, String>,
}

impl Visitor {
    pub(super) async fn get(&mut self, house: &House, endpoint: Endpoint, target: &str) -> Page {
        self.ask(house, endpoint, (Method::GET, target), String::new())
            .await
    }

    pub(super) async fn post(&mut self, house: &House, endpoint: Endpoint, form: String) -> Page {
        self.ask(house, endpoint, (Method::POST, "/"), form).await
    }

    pub(super) async fn ask(
        &mut self,
        house: &House,
        endpoint: Endpoint,
        (method, target): (Method, &str),
        form: String,
    ) -> Page {
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded")];
        self.send(house, endpoint, (method, target), (&headers, form))
            .await
    }

    /// Sends this body under these headers, and its cookies.
    pub(super) async fn send(
        &mut self,
        house: &House,
        endpoint: Endpoint,
        (method, target): (Method, &str),
        (headers, body): (&[(HeaderName, &str)], String),
    ) -> Page {
        let mut request = Request::new(model::full(body));
        *request.method_mut() = method;
        *request.uri_mut() = target.parse().expect("an address");
        for (name, value) in headers {
            let value = value.parse().expect("a header");
            request.headers_mut().append(name, value);
        }
        let cookies = self.cookies.iter();
        let cookies: Vec<_> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ").parse().expect("a header");
        request.headers_mut().insert(COOKIE, cookies);
        let asked = asked(request, None);
        let (response, _) = house.server.answer(&bank(), endpoint, asked).await;
        let (head, body) = response.into_parts();
        for set in head.headers.get_all(SET_COOKIE) {
            let set = set.to_str().expect("text");
            let pair = set.split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            self.cookies.remove(name);
            if !set.ends_with("Max-Age=0") {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = body.collect().await.expect("a body").to_bytes();
        let location = head.headers.get(LOCATION);
        Page {
            status: head.status.as_u16(),
            location: location.map(|to| to.to_str().expect("text").to_owned()),
            html: String::from_utf8(bytes.to_vec()).expect("text"),
            headers: head.headers,
        }
    }
}
