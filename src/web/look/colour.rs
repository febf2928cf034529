//! A bank's own colours: the tokens of specs/look.md §2, in both colour schemes, each as legible as
//! ours have to be (WCAG 2.2, 1.4.3 and 1.4.11).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::STYLE;

/// What begins the tokens of each scheme in our style sheet.
const ROOT: &str = ":root{";
/// The least contrast of texts with what they stand on …
const TEXT: f64 = 4.5;
/// … and of borders of controls.
const BORDER: f64 = 3.0;
/// Each token that is read, with what it stands on and the least contrast.
const LEGIBLE: [(&str, &str, f64); 17] = [
    ("ink", "paper", TEXT),
    ("ink", "surface", TEXT),
    ("soft", "paper", TEXT),
    ("soft", "surface", TEXT),
    ("brand", "paper", TEXT),
    ("brand", "surface", TEXT),
    ("on-brand", "brand", TEXT),
    ("good", "paper", TEXT),
    ("good", "surface", TEXT),
    ("warn", "paper", TEXT),
    ("warn", "surface", TEXT),
    ("bad", "paper", TEXT),
    ("bad", "surface", TEXT),
    ("edge", "paper", BORDER),
    ("edge", "surface", BORDER),
    ("focus", "paper", BORDER),
    ("focus", "surface", BORDER),
];

/// One of the two colour schemes of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// By day.
    Light,
    /// Where the customer prefers dark pages.
    Dark,
}

/// A bank's own colours: what they add to our style sheet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Colours {
    css: String,
}

/// What is wrong with a colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadColour {
    /// In which scheme.
    pub scheme: Scheme,
    /// Which token.
    pub token: String,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub help: String,
}

/// Colours by their tokens, each as `#RRGGBB`.
pub type Palette = BTreeMap<String, String>;

impl Colours {
    /// Reads a bank's colours of both schemes; a token that is not named stays ours.
    ///
    /// Errors: tokens that the look has not, what is no colour, and what cannot be read on what it
    /// stands on.
    pub fn read(light: &Palette, dark: &Palette) -> Result<Self, Vec<BadColour>> {
        let mut bad = Vec::new();
        let (by_day, by_night) = ours();
        for (scheme, own, ours) in [
            (Scheme::Light, light, &by_day),
            (Scheme::Dark, dark, &by_night),
        ] {
            judge(scheme, own, ours, &mut bad);
        }
        if !bad.is_empty() {
            return Err(bad);
        }
        let mut css = String::new();
        if !light.is_empty() {
            let _ = writeln!(css, ":root{{{}}}", declared(light));
        }
        // Ours of the dark scheme stand in front of the bank's of the other: they come once more.
        if !light.is_empty() || !dark.is_empty() {
            let mut whole = by_night;
            whole.extend(dark.clone());
            let declared = declared(&whole);
            let _ = writeln!(
                css,
                "@media(prefers-color-scheme:dark){{:root{{{declared}}}}}"
            );
        }
        Ok(Self { css })
    }

    /// Our style sheet with the bank's colours behind it.
    pub(super) fn style(&self) -> String {
        format!("{STYLE}{}", self.css)
    }
}

fn declared(colours: &Palette) -> String {
    let each = colours
        .iter()
        .map(|(token, colour)| format!("--{token}:{colour}"));
    each.collect::<Vec<_>>().join(";")
}

/// Our own, light and dark, as the style sheet has them.
fn ours() -> (Palette, Palette) {
    let mut schemes = STYLE.split(ROOT).skip(1).map(|rest| {
        let declared = rest.split('}').next().unwrap_or_default().split(';');
        let tokens = declared.filter_map(|one| one.strip_prefix("--")?.split_once(':'));
        tokens
            .map(|(token, colour)| (token.to_owned(), colour.to_owned()))
            .collect()
    });
    let light = schemes.next().unwrap_or_default();
    (light, schemes.next().unwrap_or_default())
}

fn judge(scheme: Scheme, own: &Palette, ours: &Palette, bad: &mut Vec<BadColour>) {
    let mut note = |token: &str, what: String, help: String| {
        bad.push(BadColour {
            scheme,
            token: token.to_owned(),
            what,
            help,
        });
    };
    for (token, colour) in own {
        if !ours.contains_key(token) {
            let known: Vec<&str> = ours.keys().map(String::as_str).collect();
            let what = format!("the look has no token `{token}`");
            note(token, what, format!("the tokens are {}", known.join(", ")));
        } else if channels(colour).is_none() {
            let what = format!("`{colour}` is no colour");
            note(token, what, "write `\"#0B5563\"`".to_owned());
        }
    }
    let of = |token: &str| own.get(token).or_else(|| ours.get(token));
    for (token, ground, least) in LEGIBLE {
        let named = [token, ground]
            .into_iter()
            .find(|name| own.contains_key(*name));
        let pair = of(token).zip(of(ground));
        let contrast = pair.and_then(|(one, other)| contrast(one, other));
        if let (Some(named), Some(contrast)) = (named, contrast)
            && contrast < least
        {
            let what = format!("`{token}` on `{ground}` has a contrast of {contrast:.1}");
            note(named, what, format!("it must be {least} or more"));
        }
    }
}

/// The contrast of two colours, from 1 to 21 (WCAG 2.2, contrast ratio).
fn contrast(one: &str, other: &str) -> Option<f64> {
    let (one, other) = (luminance(one)?, luminance(other)?);
    Some((one.max(other) + 0.05) / (one.min(other) + 0.05))
}

/// How bright a colour is, from 0 to 1 (WCAG 2.2, relative luminance).
fn luminance(colour: &str) -> Option<f64> {
    let [red, green, blue] = channels(colour)?.map(|channel| {
        let part = f64::from(channel) / 255.0;
        if part <= 0.040_45 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    });
    Some(0.2126 * red + 0.7152 * green + 0.0722 * blue)
}

/// Red, green and blue of `#RRGGBB` or `#RGB`.
fn channels(colour: &str) -> Option<[u8; 3]> {
    let digits = colour.strip_prefix('#')?;
    let digits: Option<Vec<u8>> = digits
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits?;
    let whole: Vec<u8> = match digits.len() {
        3 => digits.iter().map(|digit| digit * 17).collect(),
        6 => digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |all, digit| all * 16 + digit))
            .collect(),
        _ => return None,
    };
    whole.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn palette(colours: &[(&str, &str)]) -> Palette {
        let each = colours.iter();
        each.map(|(token, colour)| ((*token).to_owned(), (*colour).to_owned()))
            .collect()
    }

    #[test]
    fn our_own_colours_are_found_and_legible() {
        let (light, dark) = ours();
        assert_eq!(light.len(), 12);
        assert!(light.keys().eq(dark.keys()));
        for (token, ground, least) in LEGIBLE {
            for scheme in [&light, &dark] {
                let contrast = contrast(&scheme[token], &scheme[ground]).expect("colours");
                assert!(contrast >= least, "{token} on {ground}: {contrast}");
            }
        }
        assert!((contrast("#000000", "#FFF").expect("colours") - 21.0).abs() < 0.01);
    }

    #[test]
    fn a_banks_colours_stand_behind_ours_and_the_dark_ones_stay_dark() {
        let colours = Colours::read(&palette(&[("brand", "#7A1F2B")]), &Palette::new());
        let css = colours.expect("legible").css;
        assert!(css.starts_with(":root{--brand:#7A1F2B}\n@media"), "{css}");
        assert!(css.contains("--brand:#7CC7D3"), "{css}");
        assert_eq!(Colours::default().style(), STYLE);
    }

    #[test]
    fn what_cannot_be_read_is_no_colour_of_a_page() {
        let told = |token: &str, colour: &str| {
            let read = Colours::read(&Palette::new(), &palette(&[(token, colour)]));
            let bad = read.expect_err("refused");
            bad.into_iter().map(|one| one.what).collect::<Vec<_>>()
        };
        assert_eq!(
            told("brand", "#123456"),
            [
                "`brand` on `paper` has a contrast of 1.4",
                "`brand` on `surface` has a contrast of 1.3",
                "`on-brand` on `brand` has a contrast of 1.2"
            ]
        );
        assert_eq!(told("shine", "#123456"), ["the look has no token `shine`"]);
        for none in ["red", "#12345", "#12345G", "", "url(x)", "#1234567"] {
            assert_eq!(told("line", none), [format!("`{none}` is no colour")]);
        }
    }
}
