//! `banks.*.pages`: how the pages of a bank's customers look, and what the bank is called there.

use web::InBoth;

use crate::reader::{Reader, Section, Value};
use crate::shape::{Id, Key, Kind, Shape};
use crate::source::{At, Span};

/// A colour, as the tokens of the look have them.
const COLOUR: Kind = Kind::Own {
    expected: "a colour in quotes such as `\"#0B5563\"`",
    pattern: "^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$",
};

pub(super) static PAGES: Shape = Shape::new(
    "`pages`",
    &[
        Key::absent(
            "name",
            Kind::Section(&NAME),
            "the bank is called by its id",
            "What the bank is called on its pages.",
        ),
        Key::absent(
            "colours",
            Kind::Section(&COLOURS),
            "the pages have the colours of the house",
            "Colours in the place of ours, by the tokens of the look, each as legible as ours.",
        ),
        Key::absent(
            "folder",
            Kind::Own {
                expected: "a folder such as `pages/harbour`",
                pattern: "^(?!file:).",
            },
            "all pages are ours",
            "A folder with templates and texts in the place of ours, by the same names.",
        ),
    ],
);

static NAME: Shape = Shape::new(
    "a bank's name",
    &[
        Key::required("zh-CN", Kind::Text, "TEXT", "In Chinese."),
        Key::required("en", Kind::Text, "TEXT", "In English."),
    ],
);

static COLOURS: Shape = Shape::new(
    "`colours`",
    &[
        Key::absent(
            "light",
            Kind::Each(&COLOUR, Id::Name),
            "ours",
            "By day, by their tokens.",
        ),
        Key::absent(
            "dark",
            Kind::Each(&COLOUR, Id::Name),
            "ours",
            "Where customers prefer dark pages.",
        ),
    ],
);

/// How a bank's pages differ from ours.
pub(crate) struct Pages {
    /// Where the section is named.
    pub(crate) at: Span,
    pub(crate) name: Option<InBoth>,
    pub(crate) light: Vec<Colour>,
    pub(crate) dark: Vec<Colour>,
    pub(crate) folder: Option<At<String>>,
}

/// A token with its colour, as written.
pub(crate) type Colour = (At<String>, String);

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Option<Pages> {
    let mut section = section.inner(reader, "pages")?;
    let at = section.at;
    let name = section.inner(reader, "name");
    let colours = section.inner(reader, "colours");
    let folder = section.value(reader, "folder");
    section.finish(reader);
    let (light, dark) = colours.map_or_else(Default::default, |mut colours| {
        let light = colours.value(reader, "light");
        let dark = colours.value(reader, "dark");
        colours.finish(reader);
        let mut all =
            |value: Option<Value<'_>>| value.map_or_else(Vec::new, |value| palette(reader, value));
        (all(light), all(dark))
    });
    Some(Pages {
        at,
        name: name.and_then(|name| read_name(reader, name)),
        light,
        dark,
        folder: folder.and_then(|value| reader.parsed(value, |text| Ok(text.to_owned()))),
    })
}

fn palette(reader: &mut Reader, value: Value<'_>) -> Vec<Colour> {
    let members = reader.each(value).unwrap_or_default();
    let each = members.into_iter().filter_map(|(token, colour)| {
        let colour = reader.scalar(colour)?;
        Some((token.map(str::to_owned), colour.value.to_owned()))
    });
    each.collect()
}

fn read_name(reader: &mut Reader, mut section: Section<'_>) -> Option<InBoth> {
    let zh_cn = section.value(reader, "zh-CN");
    let en = section.value(reader, "en");
    section.finish(reader);
    let mut text = |value| reader.text(value).map(|at| at.value);
    let (zh_cn, en) = (zh_cn.and_then(&mut text), en.and_then(&mut text));
    Some(InBoth {
        zh_cn: zh_cn?,
        en: en?,
    })
}
