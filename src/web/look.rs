//! How pages of the bank look: the frame, the macros, the style sheet and their words are the same
//! for every room (specs/look.md); a room brings its own templates and texts.
//!
//! A bank may put colours, templates and texts of its own in the place of ours. Rules that they
//! cannot change: texts are escaped, ids and forms that programs rely on stay, two answers weigh
//! the same, what customers decide by is shown, and every text is there in both languages.

mod check;
mod colour;
mod fit;
mod markup;
mod own;
pub mod text;
mod trial;
mod words;

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::StatusCode;
use serde::Serialize;

use model::{Fault, RequestId, Response};

use crate::language::Language;
use crate::page::{Pages, Template};
use crate::texts::{Arg, Texts};

pub use self::colour::{BadColour, Colours, Palette, Scheme};
pub use self::own::{InBoth, OwnPages, Unfit};
pub use self::trial::{Drawings, Trial, Tried};
pub use self::words::own_messages;

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
    /// The keys of texts by which something is decided, or whose length programs rely on: a bank
    /// does not say them otherwise.
    pub fixed: &'static [&'static str],
}

impl LookSource {
    /// The texts of the look and of the room.
    fn own_texts(&self) -> Result<Texts, Fault> {
        Texts::read(&[TEXTS, self.texts].concat(), &[])
    }
}

impl Pages {
    /// Reads a room's templates and texts, in our look, with the bank's own in their place, which a
    /// [`Trial`] has passed. Fails when one cannot be read; when a text is there in one language
    /// only, is asked for and not there, or is there and not asked for.
    pub fn dressed(source: &LookSource, own: &OwnPages) -> Result<Self, Fault> {
        let mut pages = Self::worn(source, own)?;
        if !own.templates.is_empty() {
            let without = OwnPages {
                templates: BTreeMap::new(),
                ..own.clone()
            };
            // What is tried with made-up values can still fail with those that life brings.
            pages.ours = Some(Box::new(Self::worn(source, &without)?));
        }
        Ok(pages)
    }

    /// The same, with nothing that stands in for one of the bank's own.
    fn worn(source: &LookSource, own: &OwnPages) -> Result<Self, Fault> {
        let ours: Vec<(&'static str, &'static str)> = [MACROS, FRAME]
            .into_iter()
            .chain(source.templates.iter().copied())
            .collect();
        let mut texts = source.own_texts()?;
        check::keys(&ours, &[&[WRONG], source.keys].concat(), &texts)?;
        if let Some(said) = &own.texts {
            let sources = [TEXTS, source.texts].concat();
            texts = Texts::read(&sources, &words::worn(said, &texts))?;
        }
        let templates: Vec<Template> = ours
            .into_iter()
            .map(|(name, text)| (name, worn(name, text, own)))
            .collect();
        Self::read(&own.colours.style(), &templates, texts)
    }
}

/// The template that stands under this name: the bank's, or ours.
fn worn(name: &str, text: &'static str, own: &OwnPages) -> Cow<'static, str> {
    let own = own.templates.get(name).filter(|_| check::is_page(name));
    own.map_or(Cow::from(text), |text| Cow::from(text.clone()))
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
