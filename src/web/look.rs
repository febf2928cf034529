//! How pages of the bank look: the frame, the macros, the style sheet and their words are the same
//! for every room (specs/look.md); a room brings its own templates and texts.
//!
//! Rules that a bank's own templates cannot change: texts are escaped, ids that programs rely on
//! stay, and every text is there in both languages.

mod check;
pub mod text;

use std::borrow::Cow;

use http::StatusCode;
use serde::Serialize;

use model::{Fault, RequestId, Response};

use crate::language::Language;
use crate::page::{Pages, Template};
use crate::texts::{Arg, Texts};

const STYLE: &str = include_str!("look/style.css");
const MACROS: (&str, &str) = ("macros.html", include_str!("look/macros.html"));
const FRAME: (&str, &str) = ("frame.html", include_str!("look/frame.html"));
const TEXTS: [(Language, &str); 2] = [
    (Language::ZhCn, include_str!("look/zh-CN.ftl")),
    (Language::En, include_str!("look/en.ftl")),
];
/// The one text that is asked for here and not by a template.
const WRONG: &str = "look-wrong";

/// What a room brings to its pages. Keys of our own begin with `look-`; a room's do not.
#[derive(Debug)]
pub struct LookSource {
    /// The room's templates, each by its name. They extend `frame.html`, whose blocks are `head`
    /// and `main`, and import from `macros.html`, whose head says what there is.
    pub templates: &'static [(&'static str, &'static str)],
    /// The room's texts, as Fluent writes them.
    pub texts: [(Language, &'static str); 2],
    /// The keys of texts that code asks for by [`Pages::words`]. Every other text is one that a
    /// template asks for.
    pub keys: &'static [&'static str],
    /// The ids that programs rely on, by the template that has them.
    pub required_ids: &'static [(&'static str, &'static [&'static str])],
    /// A bank's own templates in the place of the room's or of `frame.html`, by their names.
    pub overrides: Vec<(String, String)>,
}

impl Pages {
    /// Reads a room's templates and texts, in our look. Fails when one cannot be read; when a text
    /// is there in one language only, is asked for and not there, or is there and not asked for;
    /// when a bank's template stands for none of ours, lacks an id that is required, stands
    /// outside the frame, or turns escaping off.
    pub fn dressed(source: &LookSource) -> Result<Self, Fault> {
        let texts = Texts::read(&[TEXTS, source.texts].concat())?;
        let ours: Vec<(&'static str, &'static str)> = [MACROS, FRAME]
            .into_iter()
            .chain(source.templates.iter().copied())
            .collect();
        check::keys(&ours, &[&[WRONG], source.keys].concat(), &texts)?;
        for (name, text) in &source.overrides {
            check::replacement(name, text, source, &texts)?;
        }
        let templates: Vec<Template> = ours
            .into_iter()
            .map(|(name, text)| (name, worn(name, text, &source.overrides)))
            .collect();
        Self::read(STYLE, &templates, texts)
    }
}

/// The template that stands under this name: the bank's, or ours.
fn worn(name: &str, text: &'static str, overrides: &[(String, String)]) -> Cow<'static, str> {
    let own = overrides.iter().find(|(of, _)| of == name);
    own.map_or(Cow::from(text), |(_, text)| Cow::from(text.clone()))
}

/// What stands on every page.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The page's language.
    pub language: Language,
    /// The bank's name in that language; at most 200 characters.
    pub bank: &'a str,
    /// The host that the customer should find in the address bar.
    pub host: &'a str,
    /// The address of the same page in the other language, from its path on; `None` where there is
    /// none to come back to.
    pub switch: Option<&'a str>,
    /// The request's id: what the customer tells the bank's desk.
    pub correlation: RequestId,
    /// Where the bank helps: an address of `https:`, `mailto:` or `tel:`.
    pub help: Option<&'a str>,
    /// Where the bank hears complaints, likewise.
    pub complaint: Option<&'a str>,
}

/// A page to be made.
#[derive(Debug)]
pub struct Sheet<'a, T> {
    /// What stands on every page.
    pub frame: Frame<'a>,
    /// The answer's status.
    pub status: StatusCode,
    /// The template's name.
    pub template: &'static str,
    /// Whether the title says first that something is wrong (WCAG 2.2, 3.3.1).
    pub is_wrong: bool,
    /// The `h1`: the app, and what it would do.
    pub heading: String,
    /// What the template finds under the name `page`.
    pub page: T,
}

impl<T: Serialize> Sheet<'_, T> {
    /// Makes the page. The template finds `frame`, `title`, `heading` and `page`. Fails when a name
    /// of the frame is too long, a link of it leads elsewhere than the web, mail or a telephone, or
    /// the template names what there is not.
    pub fn make(self, pages: &Pages) -> Result<Response, Fault> {
        let frame = &self.frame;
        let language = frame.language;
        let title = if self.is_wrong {
            let args = [("heading", Arg::Text(&self.heading))];
            pages.words(language, WRONG, &args)?
        } else {
            self.heading.clone()
        };
        let view = View {
            frame: FrameView {
                tag: language.tag(),
                other_tag: language.other().tag(),
                bank: text::name(frame.bank)?,
                host: text::name(frame.host)?,
                switch: frame.switch,
                correlation: frame.correlation.to_string(),
                help: frame.help.map(link).transpose()?,
                complaint: frame.complaint.map(link).transpose()?,
            },
            title,
            heading: self.heading,
            page: self.page,
        };
        pages.page(self.status, language, self.template, &view)
    }
}

/// A link that runs nothing in the page.
fn link(address: &str) -> Result<&str, Fault> {
    let schemes = ["https://", "mailto:", "tel:"];
    let is_link = schemes.iter().any(|scheme| address.starts_with(scheme));
    let is_text = address.bytes().all(|byte| byte.is_ascii_graphic());
    if is_link && is_text {
        Ok(address)
    } else {
        Err(Fault::new(
            "linking to what is no web, mail or telephone address",
        ))
    }
}

/// What the templates find.
#[derive(Serialize)]
struct View<'a, T> {
    frame: FrameView<'a>,
    title: String,
    heading: String,
    page: T,
}

#[derive(Serialize)]
struct FrameView<'a> {
    tag: &'static str,
    other_tag: &'static str,
    bank: String,
    host: String,
    switch: Option<&'a str>,
    correlation: String,
    help: Option<&'a str>,
    complaint: Option<&'a str>,
}

#[cfg(test)]
mod tests;
