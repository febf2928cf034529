//! A bank's own pages: what its folder holds is tried against ours, page by page, before any of it
//! is in force (specs/look.md: a bank overrides tokens and templates, never rules).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use model::Fault;
use web::{BadColour, Colours, InBoth, OwnPages, Palette, Scheme, Tried, Unfit};

use crate::compile::Compiler;
use crate::file::{Bank, Colour, Pages, Tokens};
use crate::files::Entry;
use crate::mistake::{Code, listed, nearest};
use crate::source::{At, Span};

/// Longest template, and longest file of texts, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// The files with a bank's own texts.
const TEXTS: [&str; 2] = ["texts.zh-CN.ftl", "texts.en.ftl"];

/// A file of the bank's folder, as mistakes point into it.
struct OwnFile {
    source: usize,
    text: String,
}

/// What the bank's file says of its pages.
pub(super) fn compile(c: &mut Compiler<'_>, bank: &Bank) -> Arc<OwnPages> {
    let Some(pages) = &bank.pages else {
        return Arc::default();
    };
    refuse_unseen(c, bank, pages);
    let mut own = OwnPages {
        name: pages.name.clone(),
        colours: colours(c, pages),
        ..OwnPages::default()
    };
    if let Some(folder) = &pages.folder {
        put(c, folder, &mut own);
    }
    Arc::new(own)
}

/// Where no customer logs in nobody sees a page.
fn refuse_unseen(c: &mut Compiler<'_>, bank: &Bank, pages: &Pages) {
    let Some(issuer) = &bank.issuer else {
        return;
    };
    let is_seen = match &issuer.tokens {
        Tokens::Ours { log_in, .. } => log_in.is_some(),
        Tokens::Elsewhere { jwks } => jwks.is_none(),
    };
    if is_seen {
        return;
    }
    let what = format!("no customer of `{}` sees a page of ours", bank.id.value);
    c.reader
        .collector
        .mistake(Code::Unused, pages.at, what)
        .see(issuer.at, "its issuer")
        .help("write `log_in` at its issuer, or remove `pages`");
}

fn colours(c: &mut Compiler<'_>, pages: &Pages) -> Colours {
    let palette = |own: &[Colour]| -> Palette {
        let each = own.iter();
        each.map(|(token, colour)| (token.value.clone(), colour.clone()))
            .collect()
    };
    match Colours::read(&palette(&pages.light), &palette(&pages.dark)) {
        Ok(colours) => colours,
        Err(bad) => {
            for one in bad {
                refuse_colour(c, pages, one);
            }
            Colours::default()
        }
    }
}

fn refuse_colour(c: &mut Compiler<'_>, pages: &Pages, bad: BadColour) {
    let written = match bad.scheme {
        Scheme::Light => &pages.light,
        Scheme::Dark => &pages.dark,
    };
    let named = written.iter().find(|(token, _)| token.value == bad.token);
    let at = named.map_or(pages.at, |(token, _)| token.at);
    c.reader
        .collector
        .mistake(Code::BadValue, at, bad.what)
        .help(bad.help);
}

/// Puts what the folder holds into the place of ours, as far as nothing is wrong with it.
fn put(c: &mut Compiler<'_>, written: &At<String>, own: &mut OwnPages) {
    let folder = c.files.path(written);
    let entries = match c.files.folder(&folder) {
        Ok(entries) => entries,
        Err(problem) => {
            let what = format!("cannot read the folder `{}`: {problem}", folder.display());
            c.reader
                .collector
                .mistake(Code::Unreadable, written.at, what);
            return;
        }
    };
    let known = match tried(&OwnPages::default()) {
        Ok(known) => known,
        Err(fault) => return refuse_fault(c, written.at, &fault),
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        if let Some(file) = read(c, written, &known, &entry) {
            files.insert(entry.name, file);
        }
    }
    for name in known.templates.iter().chain(&TEXTS) {
        c.files.await_file(folder.join(name));
    }
    let text = |name: &str| files.get(name).map(|file| file.text.clone());
    let templates = known.templates.iter();
    own.templates = templates
        .filter_map(|name| Some(((*name).to_owned(), text(name)?)))
        .collect();
    own.texts = match TEXTS.map(text) {
        [Some(zh_cn), Some(en)] => Some(InBoth { zh_cn, en }),
        [None, None] => None,
        [zh_cn, _] => {
            refuse_half(c, written.at, &folder, zh_cn.is_some());
            None
        }
    };
    match tried(own) {
        Ok(tried) => {
            refuse_unknown_texts(c, &files, &tried, own);
            for unfit in tried.unfit {
                refuse(c, &files, written.at, unfit);
            }
        }
        Err(fault) => refuse_fault(c, written.at, &fault),
    }
}

/// The pages of all rooms that have some.
fn tried(own: &OwnPages) -> Result<Tried, Fault> {
    Ok(authserver::try_pages(own)?.and(consent::try_pages(own)?))
}

fn read(
    c: &mut Compiler<'_>,
    written: &At<String>,
    known: &Tried,
    entry: &Entry,
) -> Option<OwnFile> {
    let shown = entry.path.display();
    let mut names = known.templates.iter().copied().chain(TEXTS);
    if !names.any(|name| name == entry.name) {
        let names: Vec<&str> = known.templates.iter().copied().chain(TEXTS).collect();
        let help = match nearest(&entry.name, names.iter().copied()) {
            Some(near) => format!("nearest: `{near}`"),
            None => format!("the pages are {}", names.join(", ")),
        };
        let what = format!("{shown}: no such page");
        c.reader
            .collector
            .mistake(Code::DanglingName, written.at, what)
            .help(help);
        return None;
    }
    let problem = match entry.problem {
        Some(problem) => problem.to_owned(),
        None => match c.files.read(&entry.path, FILE_BYTES_MAX) {
            Ok(bytes) => {
                let source = c.reader.text_source(shown.to_string(), &bytes)?;
                let text = c.reader.collector.sources.text(source).to_owned();
                return Some(OwnFile { source, text });
            }
            Err(problem) => problem.to_string(),
        },
    };
    let what = format!("cannot read `{shown}`: {problem}");
    c.reader
        .collector
        .mistake(Code::Unreadable, written.at, what);
    None
}

fn refuse_half(c: &mut Compiler<'_>, at: Span, folder: &Path, has_chinese: bool) {
    let [chinese, english] = TEXTS;
    let (has, lacks) = if has_chinese {
        (chinese, english)
    } else {
        (english, chinese)
    };
    let what = format!("`{}` holds `{has}` and not `{lacks}`", folder.display());
    c.reader
        .collector
        .mistake(Code::Unreadable, at, what)
        .help("say each text in both languages, or in none");
}

/// Notes texts that no page of any room asks for.
fn refuse_unknown_texts(
    c: &mut Compiler<'_>,
    files: &BTreeMap<String, OwnFile>,
    tried: &Tried,
    own: &OwnPages,
) {
    let messages = own.texts.iter().flat_map(web::own_messages);
    for (file, line, key) in messages.filter(|(_, _, key)| !tried.texts.contains(*key)) {
        let Some(file) = files.get(file) else {
            continue;
        };
        let at = line_of(file, line);
        let near = nearest(key, tried.texts.iter().map(String::as_str));
        let help = near.map_or_else(
            || {
                let known = tried.texts.iter().map(String::as_str);
                format!("the texts are {}", listed(known))
            },
            |near| format!("did you mean `{near}`?"),
        );
        c.reader
            .collector
            .mistake(
                Code::DanglingName,
                at,
                format!("no text has the key `{key}`"),
            )
            .help(help);
    }
}

fn refuse(c: &mut Compiler<'_>, files: &BTreeMap<String, OwnFile>, named: Span, unfit: Unfit) {
    let file = files.get(&unfit.file);
    let at = file.map_or(named, |file| line_of(file, unfit.line));
    c.reader
        .collector
        .mistake(Code::Content, at, unfit.what)
        .maybe_help(unfit.help);
}

fn refuse_fault(c: &mut Compiler<'_>, at: Span, fault: &Fault) {
    let what = format!("our own pages cannot be made: {fault}");
    c.reader
        .collector
        .mistake(Code::Fault, at, what)
        .help("this is a fault of the program");
}

/// A line of a file, from 1, without the spaces at its beginning.
fn line_of(file: &OwnFile, line: usize) -> Span {
    let mut start = 0;
    for (at, text) in file.text.split_inclusive('\n').enumerate() {
        if at + 1 == line {
            let own = text.trim_end();
            let indent = own.len() - own.trim_start().len();
            return Span {
                source: file.source,
                start: start + indent,
                end: start + own.len(),
            };
        }
        start += text.len();
    }
    Span {
        source: file.source,
        start: 0,
        end: 0,
    }
}
