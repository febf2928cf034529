//! A browser without a screen: keeps cookies, fills in forms, follows what a person would click.

use std::collections::BTreeMap;

use http::Method;

use crate::client::{Answer, Dial, Version};
use crate::house::TestHouse;
use crate::partner::FORM;

/// A browser at a house's issuer. Whatever answers a form of a page, and whatever is led to from
/// there, it follows on the same site only: so does Chromium under `form-action 'self'`.
pub struct Browser {
    dial: Dial,
    address: std::net::SocketAddr,
    /// Its cookies, by name.
    pub cookies: BTreeMap<String, String>,
    /// Where the answer to a form leads, which is still under way.
    form_leads_to: Option<String>,
}

impl Browser {
    /// One that nobody has used.
    pub fn new(house: &TestHouse) -> Self {
        Self {
            dial: house.dial(None, Version::Http2),
            address: house.issuer(),
            cookies: BTreeMap::new(),
            form_leads_to: None,
        }
    }

    /// One that dials like this the issuer at this address.
    pub fn dialing(dial: Dial, address: std::net::SocketAddr) -> Self {
        Self {
            dial,
            address,
            cookies: BTreeMap::new(),
            form_leads_to: None,
        }
    }

    /// Goes to an address, from its path on.
    pub async fn get(&mut self, target: &str) -> Answer {
        self.try_get(target).await.expect("an answer")
    }

    /// The same; `None` when the connection broke.
    pub async fn try_get(&mut self, target: &str) -> Option<Answer> {
        let is_of_a_form = self.form_leads_to.as_deref() == Some(target);
        let answer = self.ask(Method::GET, target, String::new()).await?;
        self.form_leads_to = None;
        if is_of_a_form {
            self.follows(&answer);
        }
        Some(answer)
    }

    /// Sends a form.
    pub async fn post(&mut self, target: &str, form: &[(&str, &str)]) -> Answer {
        self.try_post(target, form).await.expect("an answer")
    }

    async fn try_post(&mut self, target: &str, form: &[(&str, &str)]) -> Option<Answer> {
        let mut body = String::new();
        for (name, value) in form {
            if !body.is_empty() {
                body.push('&');
            }
            body.push_str(name);
            body.push('=');
            body.push_str(&encoded(value));
        }
        self.ask(Method::POST, target, body).await
    }

    /// Sends the one form of a page with its hidden fields and these.
    pub async fn send(&mut self, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        self.try_send(page, fields).await.expect("an answer")
    }

    /// The same; `None` when the connection broke.
    pub async fn try_send(&mut self, page: &Answer, fields: &[(&str, &str)]) -> Option<Answer> {
        let (csrf, request) = (hidden(page, "csrf"), hidden(page, "request"));
        let mut form = vec![("csrf", csrf.as_str()), ("request", request.as_str())];
        form.extend(fields);
        let target = attribute(page, "method=\"post\" action=\"");
        let answer = self.try_post(&target, &form).await?;
        self.follows(&answer);
        Some(answer)
    }

    /// Sees to it that what a form is answered with leads to the same site, if anywhere.
    fn follows(&mut self, answer: &Answer) {
        let location = answer.headers.get("location");
        let location = location.map(|to| to.to_str().expect("text").to_owned());
        let is_here = |to: &String| to.starts_with('/') && !to.starts_with("//");
        assert!(
            location.as_ref().is_none_or(is_here),
            "a browser stops this after a form: {location:?}"
        );
        self.form_leads_to = location;
    }

    async fn ask(&mut self, method: Method, target: &str, body: String) -> Option<Answer> {
        let form = [FORM];
        let headers = if method == Method::POST {
            &form[..]
        } else {
            &[]
        };
        self.try_call(method, target, headers, body).await
    }

    /// Asks with these headers and its cookies, as an app does that is no browser.
    pub async fn call(
        &mut self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Answer {
        let answer = self.try_call(method, target, headers, body).await;
        answer.expect("an answer")
    }

    async fn try_call(
        &mut self,
        method: Method,
        target: &str,
        own: &[(&str, &str)],
        body: String,
    ) -> Option<Answer> {
        let mut client = self.dial.connect(self.address).await.ok()?;
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut headers = vec![("accept-language", "en")];
        headers.extend(own);
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        let answer = client.call(method, target, &headers, body).await.ok()?;
        for set in answer.headers.get_all("set-cookie") {
            let set = set.to_str().expect("text");
            let kept = set.strip_suffix("; Max-Age=0").unwrap_or(set);
            assert!(
                kept.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"),
                "{set}"
            );
            let pair = set.split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            assert!(name.starts_with("__Host-"), "{set}");
            if kept.len() < set.len() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Some(answer)
    }
}

/// The page's text.
pub fn html(page: &Answer) -> String {
    String::from_utf8(page.body.to_vec()).expect("text")
}

/// The value of a hidden field.
pub fn hidden(page: &Answer, name: &str) -> String {
    attribute(page, &format!("type=\"hidden\" name=\"{name}\" value=\""))
}

/// The link that leads back to the app.
pub fn way_back(page: &Answer) -> String {
    attribute(page, "id=\"return\" href=\"")
}

/// What stands in an attribute that begins so, unescaped.
pub fn attribute(page: &Answer, begins: &str) -> String {
    let text = html(page);
    let (_, rest) = text
        .split_once(begins)
        .unwrap_or_else(|| panic!("no `{begins}` on the page:\n{text}"));
    let value = rest.split('"').next().expect("an end");
    [
        ("&#x2f;", "/"),
        ("&#x27;", "'"),
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(value.to_owned(), |value, (escaped, sign)| {
        value.replace(escaped, sign)
    })
}

/// A value as a form or a query writes it.
pub fn encoded(text: &str) -> String {
    let sign = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(sign).collect()
}

/// The parameters of an address's query, decoded.
pub fn query(location: &str) -> BTreeMap<String, String> {
    let query = location.split_once('?').map_or("", |(_, query)| query);
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let digit = |byte: Option<u8>| {
                    char::from(byte.expect("a digit"))
                        .to_digit(16)
                        .expect("a digit")
                };
                let value = digit(rest.next()) * 16 + digit(rest.next());
                bytes.push(u8::try_from(value).expect("a byte"));
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).expect("text")
    };
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
