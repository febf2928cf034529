//! Pages for people: HTML made on the server, its headers, and the way to the next page.
//!
//! The headers are as strict as a page without scripts allows (checklist AZ-07, T-03;
//! specs/consent.md §1): nothing is loaded, the one style sheet is known by its hash, forms go to
//! this origin, nobody frames the page, and no address of ours is told to another site.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    LOCATION, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use model::{Fault, Response};

use crate::language::Language;
use crate::texts::{Arg, Texts, digest};

/// How many instructions of a template one page may take.
const FUEL: u64 = 500_000;

/// The templates of a room, its texts and its one style sheet, read once.
pub struct Pages {
    /// One environment a language: what a template says is said in that language, however deep.
    zh_cn: Environment<'static>,
    en: Environment<'static>,
    policy: HeaderValue,
    texts: Arc<Texts>,
    version: [u8; 32],
    /// The same without a bank's own templates, where it has any.
    pub(crate) ours: Option<Box<Self>>,
}

/// A template: its name and its text.
pub(crate) type Template = (&'static str, Cow<'static, str>);

impl Pages {
    /// Reads the templates, each by its name, and the style sheet, which they find under the name
    /// `style`; there are no texts but the view's. Fails when a template cannot be read.
    pub fn new(
        style: &'static str,
        templates: &[(&'static str, &'static str)],
    ) -> Result<Self, Fault> {
        let templates = templates
            .iter()
            .map(|(name, text)| (*name, Cow::from(*text)));
        Self::read(
            style,
            &templates.collect::<Vec<_>>(),
            Texts::read(&[], &[])?,
        )
    }

    /// Reads templates that find these texts by the function `t`.
    pub(crate) fn read(style: &str, templates: &[Template], texts: Texts) -> Result<Self, Fault> {
        let texts = Arc::new(texts);
        let mut parts = vec![style];
        for (name, text) in templates {
            parts.extend([name, text.as_ref()]);
        }
        let mut version = digest(&parts).to_vec();
        version.extend_from_slice(&texts.version);
        let policy = HeaderValue::from_str(&policy(style))
            .map_err(|cause| Fault::caused("writing the content security policy", cause))?;
        Ok(Self {
            zh_cn: environment(Language::ZhCn, style, templates, &texts)?,
            en: environment(Language::En, style, templates, &texts)?,
            policy,
            version: crypto::sha256(&version),
            texts,
            ours: None,
        })
    }

    /// SHA-256 of all that makes a page but its view: style sheet, templates and texts. A consent
    /// is kept with it, so that what was shown can be told from what is shown now.
    pub fn text_version(&self) -> [u8; 32] {
        self.version
    }

    /// A text by its key, with its variables filled in. Fails when there is no such text, and when
    /// a variable is missing or one too many.
    pub fn words(
        &self,
        language: Language,
        key: &str,
        args: &[(&str, Arg<'_>)],
    ) -> Result<String, Fault> {
        self.texts.words(language, key, args)
    }

    /// An answer with the page of this template. Every text of the view is escaped. Where one of a
    /// bank's own fails, ours is shown in its place, and the log says so. Fails when there is no
    /// such template, when it names what the view does not have, or when it runs on and on.
    pub fn page(
        &self,
        status: StatusCode,
        language: Language,
        template: &str,
        view: &impl Serialize,
    ) -> Result<Response, Fault> {
        let html = match (self.rendered(language, template, view), &self.ours) {
            (Err(fault), Some(ours)) => {
                tracing::error!(
                    error = &fault as &dyn std::error::Error,
                    "one of the bank's own templates failed: ours is shown"
                );
                ours.rendered(language, template, view)?
            }
            (rendered, _) => rendered?,
        };
        let length = HeaderValue::from(html.len());
        let mut response = Response::new(model::full(html));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        headers.insert(CONTENT_LENGTH, length);
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        guard(headers);
        Ok(response)
    }

    fn rendered(
        &self,
        language: Language,
        template: &str,
        view: &impl Serialize,
    ) -> Result<String, Fault> {
        let environment = match language {
            Language::ZhCn => &self.zh_cn,
            Language::En => &self.en,
        };
        environment
            .get_template(template)
            .and_then(|template| template.render(Value::from(Serde(view))))
            .map_err(|cause| Fault::caused(format!("rendering the page {template}"), cause))
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages")
    }
}

/// The way to another page: 303 See Other, so that what was posted is never posted on (AZ-06,
/// RFC 9700 §4.12). Fails when the location cannot stand in a header.
pub fn see_other(location: &str) -> Result<Response, Fault> {
    let location = HeaderValue::from_str(location)
        .map_err(|cause| Fault::caused("writing the header Location", cause))?;
    let mut response = Response::new(model::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    guard(headers);
    Ok(response)
}

fn environment(
    language: Language,
    style: &str,
    templates: &[Template],
    texts: &Arc<Texts>,
) -> Result<Environment<'static>, Fault> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(syntax()?);
    environment.set_fuel(Some(FUEL));
    environment.add_global("style", Value::from_safe_string(style.to_owned()));
    let texts = Arc::clone(texts);
    environment.add_function("t", move |key: &str, args: Kwargs| {
        say(&texts, language, key, &args)
    });
    for (name, text) in templates {
        environment
            .add_template_owned(*name, text.clone())
            .map_err(|cause| Fault::caused(format!("reading the template {name}"), cause))?;
    }
    Ok(environment)
}

/// A text as a template asks for it: `t("KEY", NAME=VALUE)`. It is escaped like every other.
fn say(texts: &Texts, language: Language, key: &str, args: &Kwargs) -> Result<String, Error> {
    let mut values = Vec::new();
    for name in args.args() {
        values.push((name, args.get::<Value>(name)?));
    }
    let mut given = Vec::new();
    for (name, value) in &values {
        let number = || u32::try_from(value.clone()).ok().map(Arg::Number);
        let arg = value.as_str().map(Arg::Text).or_else(number);
        let arg = arg.ok_or_else(|| amiss(format!("{name} is no text and no number")))?;
        given.push((*name, arg));
    }
    let said = texts.words(language, key, &given);
    said.map_err(|fault| amiss("saying a text").with_source(fault))
}

fn amiss(what: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

/// Lines that hold nothing but a statement leave no trace.
fn syntax() -> Result<SyntaxConfig, Fault> {
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .map_err(|cause| Fault::caused("choosing the syntax of templates", cause))
}

/// What every answer to a browser says.
fn guard(headers: &mut HeaderMap) {
    let rules = [
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (HeaderName::from_static("permissions-policy"), NOTHING),
    ];
    for (name, rule) in rules {
        headers.insert(name, HeaderValue::from_static(rule));
    }
}

/// Every power of a page that browsers let it give up.
const NOTHING: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), \
     encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), \
     local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), \
     publickey-credentials-create=(), publickey-credentials-get=(), screen-wake-lock=(), \
     serial=(), storage-access=(), usb=(), xr-spatial-tracking=()";

/// `form-action` has no origin of an app: the way back there leads over a page of ours
/// (specs/consent.md §9).
fn policy(style: &str) -> String {
    let hash = crypto::base64(&crypto::sha256(style.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'"
    )
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    const STYLE: &str = "p{color:red}\n";
    const FRAME: &str = "<style>{{ style }}</style>{% block main %}{% endblock %}";

    #[derive(Serialize)]
    struct View<'a> {
        text: &'a str,
        none: Option<&'a str>,
    }

    fn pages(template: &'static str) -> Pages {
        Pages::new(STYLE, &[("frame.html", FRAME), ("page", template)]).expect("templates")
    }

    async fn shown(template: &'static str, text: &str) -> String {
        let view = View { text, none: None };
        let response = pages(template)
            .page(StatusCode::OK, Language::En, "page", &view)
            .expect("a page");
        let body = response.into_body().collect().await.expect("whole");
        String::from_utf8(body.to_bytes().to_vec()).expect("text")
    }

    #[tokio::test]
    async fn az_07_an_answer_forbids_whatever_a_page_does_not_need() {
        let view = View {
            text: "",
            none: None,
        };
        let response = pages("x")
            .page(StatusCode::BAD_REQUEST, Language::ZhCn, "page", &view)
            .expect("a page");
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let mut lines: Vec<String> = response
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
            .collect();
        lines.sort();
        let expected = [
            "cache-control: no-store",
            "content-language: zh-CN",
            "content-length: 1",
            "content-security-policy: default-src 'none'; \
             style-src 'sha256-IRiifYtMqt5ga9xwciISArWMn7oOzi4olaUVL5ocDZk='; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'",
            "content-type: text/html; charset=utf-8",
            "cross-origin-opener-policy: same-origin",
            &format!("permissions-policy: {NOTHING}"),
            "referrer-policy: no-referrer",
            "strict-transport-security: max-age=31536000",
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn the_powers_are_named_in_the_headers_form() {
        assert!(NOTHING.split(", ").all(|power| power.ends_with("=()")));
        assert_eq!(NOTHING.split(", ").count(), 23);
    }

    #[tokio::test]
    async fn a_text_of_the_view_is_text_wherever_it_stands() {
        let template = "{% extends \"frame.html\" %}{% block main %}<a title=\"{{ text }}\">\
                        {{ text }}</a>{% endblock %}";
        let html = shown(template, "<b a='\"'>&迅").await;
        let escaped = "&lt;b a=&#x27;&quot;&#x27;&gt;&amp;迅";
        assert_eq!(
            html,
            format!("<style>{STYLE}</style><a title=\"{escaped}\">{escaped}</a>")
        );
        // A template within a text is text.
        assert_eq!(shown("{{ text }}", "{{ 1 + 1 }}").await, "{{ 1 + 1 }}");
        assert_eq!(shown("{% if none %}x{% endif %}y", "").await, "y");
    }

    #[test]
    fn what_a_template_cannot_find_is_a_fault() {
        let view = View {
            text: "",
            none: None,
        };
        let shown = |template, name| {
            let shown = pages(template).page(StatusCode::OK, Language::En, name, &view);
            shown.map(drop).map_err(|fault| fault.doing)
        };
        assert!(shown("{{ text }}", "page").is_ok());
        let fault = Err("rendering the page page".to_owned());
        for missing in [
            "{{ missing }}",
            "{% if missing %}{% endif %}",
            "{% for one in missing %}{% endfor %}",
            "{% extends \"missing\" %}",
        ] {
            assert_eq!(shown(missing, "page"), fault, "{missing}");
        }
        assert!(shown("x", "missing").is_err());
        let unread = Pages::new("", &[("page", "{% if %}")]).expect_err("no template");
        assert_eq!(unread.doing, "reading the template page");
    }

    #[test]
    fn a_template_that_runs_on_is_stopped() {
        #[derive(Serialize)]
        struct Rows {
            rows: Vec<u16>,
        }
        let each = "{% for row in rows %}{% for cell in rows %}.{% endfor %}{% endfor %}";
        let shown = |rows: u16| {
            let view = Rows {
                rows: (0..rows).collect(),
            };
            pages(each).page(StatusCode::OK, Language::En, "page", &view)
        };
        assert!(shown(100).is_ok());
        assert!(shown(1000).is_err());
    }

    #[test]
    fn az_06_the_way_on_is_303_and_tells_nobody_where_it_came_from() {
        let response = see_other("/done?request=1").expect("an answer");
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let headers = response.headers();
        assert_eq!(headers[LOCATION], "/done?request=1");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[STRICT_TRANSPORT_SECURITY], "max-age=31536000");
        assert!(see_other("https://app.example/\r\nset-cookie: a=1").is_err());
    }
}
