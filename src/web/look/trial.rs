//! What a bank puts in the place of ours is tried before it is served: each page of a room is made
//! of values made up, once as ours and once as the bank's, and held against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;

use model::{Fault, Response};

use super::fit::{Rules, misfits};
use super::markup::Misfit;
use super::own::{OwnPages, TEXT_FILES, Unfit};
use super::{FRAME, LookSource, check, words};
use crate::language::Language;
use crate::page::Pages;

/// Pages that were drawn, in the order in which they are always drawn: each by its template's name.
pub type Drawings = Vec<(&'static str, Result<Response, Fault>)>;

/// A room's pages, to be held against what a bank puts in their place.
pub struct Trial<'a> {
    /// What the room brings.
    pub source: &'a LookSource,
    /// Draws each page of the room in each of its forms, of values made up.
    pub draw: &'a dyn Fn(&Pages, Language) -> Result<Drawings, Fault>,
    /// The ids that programs rely on; one that ends with `*` stands for all that begin so.
    pub ids: &'a [&'a str],
    /// The texts made up that a page must not leave out where ours has them: what customers decide
    /// by. None of them holds a sign that is escaped.
    pub facts: &'a [&'a str],
}

impl fmt::Debug for Trial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial")
            .field("ids", &self.ids)
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Tried {
    /// The names of templates that the room has, the frame's among them.
    pub templates: BTreeSet<&'static str>,
    /// The keys of the texts that it has.
    pub texts: BTreeSet<String>,
    /// What is wrong.
    pub unfit: Vec<Unfit>,
}

impl Tried {
    /// Both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.templates.extend(other.templates);
        self.texts.extend(other.texts);
        self.unfit.extend(other.unfit);
        self
    }
}

/// One of the bank's templates, with its text.
type Named<'o> = (&'o String, &'o String);

impl Trial<'_> {
    /// Tries what of the bank's is for this room. Fails when our own pages cannot be made.
    pub fn of(&self, own: &OwnPages) -> Result<Tried, Fault> {
        let ours = self.source.own_texts()?;
        let of_room = self.source.templates.iter().map(|(name, _)| *name);
        let mut tried = Tried {
            templates: of_room.filter(|name| check::is_page(name)).collect(),
            texts: ours.keys().map(str::to_owned).collect(),
            unfit: Vec::new(),
        };
        tried.templates.insert(FRAME.0);
        let is_its = |(name, _): &Named<'_>| tried.templates.contains(name.as_str());
        let mine: Vec<Named<'_>> = own.templates.iter().filter(is_its).collect();
        let texts = own.texts.as_ref();
        let is_said = texts.is_some_and(|own| words::touches(own, &ours));
        if mine.is_empty() && !is_said {
            return Ok(tried);
        }
        if let Some(own) = texts {
            let unfit = words::judge(own, &ours, self.source.fixed);
            tried.unfit.extend(unfit);
        }
        for (name, text) in &mine {
            tried.unfit.extend(check::replacement(name, text, &ours));
        }
        if tried.unfit.is_empty() {
            tried.unfit = self.worn(own, &mine)?;
        }
        Ok(tried)
    }

    /// Draws all pages in ours with the bank's texts, then with each of its templates, then with
    /// all of them.
    fn worn(&self, own: &OwnPages, mine: &[Named<'_>]) -> Result<Vec<Unfit>, Fault> {
        let with = |templates: BTreeMap<String, String>| OwnPages {
            templates,
            ..own.clone()
        };
        let base = Pages::worn(self.source, &with(BTreeMap::new()))?;
        let mut unfit = self.unsaid(&base)?;
        let mut sets: Vec<Vec<Named<'_>>> = mine.iter().map(|one| vec![*one]).collect();
        if mine.len() > 1 {
            sets.push(mine.to_vec());
        }
        for set in sets {
            if !unfit.is_empty() && set.len() > 1 {
                break;
            }
            let owned = set
                .iter()
                .map(|(name, text)| ((*name).clone(), (*text).clone()));
            match Pages::worn(self.source, &with(owned.collect())) {
                Ok(pages) => self.compare(&base, &pages, &set, &mut unfit)?,
                Err(fault) => unfit.extend(set.first().map(|named| unread(*named, &fault))),
            }
        }
        unfit.sort();
        unfit.dedup();
        Ok(unfit)
    }

    /// Pages of ours that cannot be made of the bank's texts.
    fn unsaid(&self, base: &Pages) -> Result<Vec<Unfit>, Fault> {
        let mut unfit = Vec::new();
        for (language, file) in TEXT_FILES {
            for (page, drawn) in (self.draw)(base, language)? {
                if let Err(fault) = drawn {
                    let what = format!("with these texts `{page}` cannot be made: {}", why(&fault));
                    unfit.push(Unfit {
                        file: file.to_owned(),
                        line: 1,
                        what,
                        help: None,
                    });
                }
            }
        }
        Ok(unfit)
    }

    fn compare(
        &self,
        base: &Pages,
        theirs: &Pages,
        set: &[Named<'_>],
        unfit: &mut Vec<Unfit>,
    ) -> Result<(), Fault> {
        let rules = Rules {
            ids: self.ids,
            facts: self.facts,
        };
        for language in Language::ALL {
            let ours = (self.draw)(base, language)?;
            let theirs = (self.draw)(theirs, language)?;
            for ((page, ours), (_, theirs)) in ours.into_iter().zip(theirs) {
                let frame = set.iter().find(|(name, _)| *name == FRAME.0);
                let own = set.iter().find(|(name, _)| *name == page);
                let Some(named) = own.or(frame) else {
                    continue;
                };
                match (ours, theirs) {
                    (_, Err(fault)) => unfit.push(unread(*named, &fault)),
                    (Err(fault), Ok(_)) => return Err(fault),
                    (Ok(ours), Ok(theirs)) => {
                        let found = misfits(&html(ours)?, &html(theirs)?, rules);
                        unfit.extend(found.into_iter().map(|misfit| placed(*named, misfit)));
                    }
                }
            }
        }
        Ok(())
    }
}

/// A page of ours, which is whole as soon as it is made.
fn html(page: Response) -> Result<String, Fault> {
    let reading = || Fault::new("reading a page of our own");
    let body = page.into_body().collect().now_or_never();
    let body = body.and_then(Result::ok).ok_or_else(reading)?;
    String::from_utf8(body.to_bytes().to_vec()).map_err(|_| reading())
}

/// A template that cannot be read, or of which a page cannot be made.
fn unread((name, text): Named<'_>, fault: &Fault) -> Unfit {
    let line = cause(fault)
        .filter(|error| error.name() == Some(name.as_str()))
        .and_then(minijinja::Error::line);
    Unfit {
        file: name.clone(),
        line: line.unwrap_or_else(|| line_of(text, None)),
        what: format!("no page can be made of it: {}", why(fault)),
        help: None,
    }
}

fn cause(fault: &Fault) -> Option<&minijinja::Error> {
    fault.source.as_deref()?.downcast_ref()
}

/// What the templates' engine says, or else we.
fn why(fault: &Fault) -> String {
    let Some(error) = cause(fault) else {
        return fault.doing.clone();
    };
    match error.detail() {
        Some(detail) => format!("{} ({detail})", error.kind()),
        None => error.kind().to_string(),
    }
}

fn placed((name, text): Named<'_>, misfit: Misfit) -> Unfit {
    Unfit {
        file: name.clone(),
        line: line_of(text, misfit.needle.as_deref()),
        what: misfit.what,
        help: Some(misfit.help),
    }
}

/// The line with this piece; or else that where the page's own part begins.
fn line_of(text: &str, needle: Option<&str>) -> usize {
    let find = |piece: &str| text.lines().position(|line| line.contains(piece));
    let found = needle.and_then(find).or_else(|| find("block main"));
    found.map_or(1, |at| at + 1)
}
