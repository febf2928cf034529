//! A page as its elements: enough of HTML for what our pages are made of, and nothing else. What a
//! browser might read otherwise than this does is refused, so that what is found here is what a
//! customer sees.

use std::collections::BTreeSet;
use std::ops::Range;

/// Elements without an end.
const VOID: &[&str] = &["br", "hr", "input", "meta", "wbr"];
/// Elements that a page may have.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "blockquote",
    "br",
    "button",
    "cite",
    "code",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "fieldset",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "header",
    "hr",
    "html",
    "i",
    "input",
    "label",
    "legend",
    "li",
    "main",
    "meta",
    "nav",
    "ol",
    "p",
    "q",
    "section",
    "small",
    "span",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "time",
    "title",
    "ul",
    "wbr",
    "head",
    "body",
    "u",
];
/// Attributes that they may have, beside `aria-…`.
const ATTRIBUTES: &[&str] = &[
    "action",
    "autocapitalize",
    "autocomplete",
    "autofocus",
    "charset",
    "checked",
    "class",
    "content",
    "datetime",
    "dir",
    "disabled",
    "for",
    "formnovalidate",
    "href",
    "hreflang",
    "http-equiv",
    "id",
    "inputmode",
    "lang",
    "maxlength",
    "method",
    "name",
    "open",
    "rel",
    "required",
    "reversed",
    "role",
    "spellcheck",
    "start",
    "tabindex",
    "title",
    "translate",
    "type",
    "value",
    "pattern",
];

/// An element.
#[derive(Debug)]
pub(super) struct Element<'h> {
    pub(super) name: &'h str,
    pub(super) attributes: Vec<(&'h str, &'h str)>,
    /// The one around it.
    pub(super) parent: Option<usize>,
    /// Where it stands in the page, from its first sign to its last.
    pub(super) span: Range<usize>,
    /// Where what is in it stands.
    pub(super) inner: Range<usize>,
}

impl Element<'_> {
    /// The value of an attribute; empty of one that has none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter();
        all.find(|(its, _)| *its == name).map(|(_, value)| *value)
    }
}

/// What is wrong with a page, and a piece of it by which the place is found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) what: String,
    pub(super) help: String,
    /// What to look for in the template.
    pub(super) needle: Option<String>,
}

impl Misfit {
    /// What a page says is shown as people write it: its slashes are escaped there.
    pub(super) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            what: what.into().replace("&#x2f;", "/"),
            help: help.into(),
            needle: None,
        }
    }

    pub(super) fn at(mut self, needle: impl Into<String>) -> Self {
        self.needle = Some(needle.into());
        self
    }
}

/// A page.
pub(super) struct Markup<'h> {
    pub(super) html: &'h str,
    pub(super) elements: Vec<Element<'h>>,
    /// Where what people read stands.
    texts: Vec<Range<usize>>,
}

impl<'h> Markup<'h> {
    /// Reads a page.
    pub(super) fn read(html: &'h str) -> Result<Self, Misfit> {
        let mut reading = Reading {
            html,
            at: 0,
            elements: Vec::new(),
            texts: Vec::new(),
            open: Vec::new(),
        };
        reading.all()?;
        Ok(Self {
            html,
            elements: reading.elements,
            texts: reading.texts,
        })
    }

    /// The element of this id.
    pub(super) fn by_id(&self, id: &str) -> Option<&Element<'h>> {
        let mut all = self.elements.iter();
        all.find(|element| element.get("id") == Some(id))
    }

    /// What stands in an element, as it is written.
    pub(super) fn inner(&self, element: &Element<'h>) -> &'h str {
        self.html.get(element.inner.clone()).unwrap_or_default()
    }

    /// An element as it is written, but for the spaces at the ends of its lines.
    pub(super) fn written(&self, element: &Element<'h>) -> String {
        let whole = self.html.get(element.span.clone()).unwrap_or_default();
        let lines = whole.lines().map(str::trim);
        lines.filter(|line| !line.is_empty()).collect()
    }

    /// Whether one stands in an element of this name.
    pub(super) fn is_within(&self, element: &Element<'_>, name: &str) -> bool {
        self.around(element).any(|outer| outer.name == name)
    }

    /// The elements around one, the nearest first.
    pub(super) fn around(&self, element: &Element<'_>) -> impl Iterator<Item = &Element<'h>> {
        let mut next = element.parent;
        std::iter::from_fn(move || {
            let outer = self.elements.get(next?)?;
            next = outer.parent;
            Some(outer)
        })
    }

    /// What people read on the page: all that stands between the elements, but title and style
    /// sheet.
    pub(super) fn text(&self) -> String {
        let pieces = self.texts.iter();
        pieces
            .filter_map(|range| self.html.get(range.clone()))
            .collect()
    }
}

struct Reading<'h> {
    html: &'h str,
    at: usize,
    elements: Vec<Element<'h>>,
    texts: Vec<Range<usize>>,
    /// Those that have begun and not ended.
    open: Vec<usize>,
}

impl<'h> Reading<'h> {
    fn rest(&self) -> &'h str {
        self.html.get(self.at..).unwrap_or_default()
    }

    fn all(&mut self) -> Result<(), Misfit> {
        let begins = self.html.trim_start();
        self.at = self.html.len() - begins.len();
        if !self.eat("<!doctype html>") {
            return Err(Misfit::new(
                "the page does not begin with `<!doctype html>`",
                "let it begin so",
            ));
        }
        while let Some(next) = self.rest().find('<') {
            let begin = self.at + next;
            let outer = self.open.last().and_then(|open| self.elements.get(*open));
            if outer.is_none_or(|outer| outer.name != "title") {
                self.texts.push(self.at..begin);
            }
            self.at = begin;
            self.at += 1;
            match self.rest().as_bytes().first() {
                Some(b'/') => self.end(begin)?,
                Some(first) if first.is_ascii_lowercase() => self.begin(begin)?,
                _ => return Err(self.unread()),
            }
        }
        match self.open.last().and_then(|open| self.elements.get(*open)) {
            None => Ok(()),
            Some(open) => {
                let what = format!("`<{}>` has no end", open.name);
                let needle = format!("<{}", open.name);
                Err(Misfit::new(what, format!("write `</{}>`", open.name)).at(needle))
            }
        }
    }

    fn eat(&mut self, text: &str) -> bool {
        let is_there = self.rest().starts_with(text);
        if is_there {
            self.at += text.len();
        }
        is_there
    }

    /// Takes signs of a name.
    fn name(&mut self) -> &'h str {
        let rest = self.rest();
        let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let length = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn unread(&self) -> Misfit {
        let from = self
            .html
            .get(..self.at)
            .and_then(|before| before.rfind('<'));
        let piece: String = self
            .html
            .get(from.unwrap_or(self.at)..)
            .unwrap_or_default()
            .chars()
            .take_while(|c| *c != '\n')
            .take(24)
            .collect();
        Misfit::new(
            format!("`{piece}` is no markup that pages of ours are made of"),
            "write elements in small letters, each value in double quotes, and comments as \
             `{# … #}`",
        )
        .at(piece)
    }

    fn begin(&mut self, begin: usize) -> Result<(), Misfit> {
        let name = self.name();
        if !ELEMENTS.contains(&name) {
            return Err(Misfit::new(
                format!("a page has no `<{name}>`"),
                "a page runs nothing, loads nothing and has our style sheet alone",
            )
            .at(format!("<{name}")));
        }
        let attributes = self.attributes(name)?;
        let outer = self.open.last().and_then(|open| self.elements.get(*open));
        if outer.is_some_and(|outer| outer.name == "title") {
            return Err(self.unread());
        }
        let index = self.elements.len();
        self.elements.push(Element {
            name,
            attributes,
            parent: self.open.last().copied(),
            span: begin..self.at,
            inner: self.at..self.at,
        });
        if name == "style" {
            let end = self.rest().find("</style>").unwrap_or(self.rest().len());
            self.at += end;
        }
        if !VOID.contains(&name) {
            self.open.push(index);
        }
        Ok(())
    }

    fn attributes(&mut self, element: &str) -> Result<Vec<(&'h str, &'h str)>, Misfit> {
        let mut found = Vec::new();
        let mut names = BTreeSet::new();
        loop {
            let rest = self.rest();
            let spaces = rest.len() - rest.trim_start().len();
            self.at += spaces;
            if self.eat(">") {
                return Ok(found);
            }
            let name = self.name();
            if spaces == 0 || name.is_empty() || !names.insert(name) {
                return Err(self.unread());
            }
            if !ATTRIBUTES.contains(&name) && !name.starts_with("aria-") {
                return Err(Misfit::new(
                    format!("`<{element}>` has the attribute `{name}`"),
                    "a page runs nothing, loads nothing and has our style sheet alone",
                )
                .at(format!(" {name}")));
            }
            let mut value = "";
            if self.eat("=") {
                if !self.eat("\"") {
                    return Err(self.unread());
                }
                let length = self.rest().find('"').ok_or_else(|| self.unread())?;
                value = self.rest().get(..length).unwrap_or_default();
                if value.contains('<') {
                    return Err(self.unread());
                }
                self.at += length + 1;
            }
            found.push((name, value));
        }
    }

    fn end(&mut self, begin: usize) -> Result<(), Misfit> {
        self.at += 1;
        let name = self.name();
        if !self.eat(">") {
            return Err(self.unread());
        }
        let open = self.open.pop();
        let element = open.and_then(|open| self.elements.get_mut(open));
        match element.filter(|element| element.name == name) {
            Some(element) => {
                element.inner.end = begin;
                element.span.end = self.at;
                Ok(())
            }
            None => Err(Misfit::new(
                format!("`</{name}>` ends what has not begun, or not last"),
                "end each element in the one that it began in",
            )
            .at(format!("</{name}>"))),
        }
    }
}
