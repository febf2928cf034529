//! Distinguished names, compared as directories do (RFC 4517 §4.2.15, RFC 5280 §7.1; RFC 8705
//! §2.1.2): by attribute, never by how they are written. The order of the parts counts, the order
//! within a part does not; letters match in either case, and spaces at the ends or repeated do not
//! count. Two things are stricter than RFC 4518: a text with control or invisible characters equals
//! only itself, and letters beyond ASCII must be composed alike.

use std::fmt;

use der::asn1::{Any, ObjectIdentifier};
use der::{Decode, Encode, Tag, Tagged};
use x509_cert::name::Name;

/// X.520 organizationIdentifier, where ETSI EN 319 412-1 §5.1.4 puts the PSD2 number of a partner.
pub(crate) const ORGANIZATION_IDENTIFIER: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.5.4.97");

/// Attribute types by their names: the table of RFC 4514 §3, and what partners' certificates have.
const NAMES: &[(&str, &str)] = &[
    ("CN", "2.5.4.3"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("C", "2.5.4.6"),
    ("STREET", "2.5.4.9"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("commonName", "2.5.4.3"),
    ("localityName", "2.5.4.7"),
    ("stateOrProvinceName", "2.5.4.8"),
    ("organizationName", "2.5.4.10"),
    ("organizationalUnitName", "2.5.4.11"),
    ("countryName", "2.5.4.6"),
    ("serialNumber", "2.5.4.5"),
    ("surname", "2.5.4.4"),
    ("SN", "2.5.4.4"),
    ("givenName", "2.5.4.42"),
    ("GN", "2.5.4.42"),
    ("title", "2.5.4.12"),
    ("businessCategory", "2.5.4.15"),
    ("postalCode", "2.5.4.17"),
    ("organizationIdentifier", "2.5.4.97"),
    ("emailAddress", "1.2.840.113549.1.9.1"),
    ("E", "1.2.840.113549.1.9.1"),
    ("jurisdictionCountryName", "1.3.6.1.4.1.311.60.2.1.3"),
    ("jurisdictionC", "1.3.6.1.4.1.311.60.2.1.3"),
];

/// A name in the form in which it is compared. Equal values match.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DistinguishedName {
    /// The relative names, most specific last as in a certificate; each sorted.
    parts: Vec<Vec<(ObjectIdentifier, Value)>>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Value {
    /// Of any string type: prepared for comparison.
    Text(String),
    /// Anything else: its DER.
    Der(Vec<u8>),
}

/// Why a text is no distinguished name (RFC 4514 §3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// There is nothing, or nothing before or after a separator.
    #[error("a part of it is empty")]
    Empty,
    /// A part is not of the form `TYPE=value`.
    #[error("`{part}` is not of the form TYPE=value; within a value write `\\,` and `\\+`")]
    NoType {
        /// The part.
        part: String,
    },
    /// The attribute type has no name here.
    #[error("the attribute type `{name}` is not known by name; write its number, such as 2.5.4.97")]
    UnknownType {
        /// The name.
        name: String,
    },
    /// A character that must be escaped is not.
    #[error("`{character}` must be written as `\\{character}`")]
    Unescaped {
        /// The character.
        character: char,
    },
    /// After `\` stands neither a character that may be escaped nor two hexadecimal digits.
    #[error("after `\\` comes one of ` \"#+,;<=>\\`, or two hexadecimal digits")]
    Escape,
    /// A value's bytes are not UTF-8, or it has control or invisible characters.
    #[error("a value is not readable text")]
    Text,
    /// What stands after `#` is not the hexadecimal form of one DER value.
    #[error("after `#` comes the DER of one value in hexadecimal")]
    Hexadecimal,
}

impl DistinguishedName {
    /// Reads a name from its string form, most specific part first (RFC 4514). Spaces around
    /// separators, which older writers put, do not count.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let mut parts = Vec::new();
        let mut part = Vec::new();
        let mut rest = text;
        loop {
            let (kind, value) = rest.split_once('=').ok_or_else(|| match rest.trim() {
                "" => BadName::Empty,
                part => BadName::NoType {
                    part: part.to_owned(),
                },
            })?;
            if let Some((part, _)) = kind.split_once([',', '+']) {
                let part = part.trim().to_owned();
                return Err(if part.is_empty() {
                    BadName::Empty
                } else {
                    BadName::NoType { part }
                });
            }
            let kind = attribute_type(kind.trim())?;
            let (value, end, after) = value_at(value.trim_start_matches(' '))?;
            part.push((kind, value));
            rest = after;
            if end != Some('+') {
                part.sort();
                parts.push(std::mem::take(&mut part));
            }
            if end.is_none() {
                parts.reverse();
                return Ok(Self { parts });
            }
        }
    }

    /// The name as it stands in a certificate.
    pub(crate) fn of(name: &Name) -> Result<Self, der::Error> {
        let part = |part: &x509_cert::name::RelativeDistinguishedName| {
            let mut values = part
                .iter()
                .map(|one| Ok((one.oid, Value::of(&one.value)?)))
                .collect::<Result<Vec<_>, der::Error>>()?;
            values.sort();
            Ok::<_, der::Error>(values)
        };
        let parts = name.iter_rdn().map(part).collect::<Result<_, _>>()?;
        Ok(Self { parts })
    }

    /// Whether the name has this organizationIdentifier (2.5.4.97), compared as its values are.
    pub fn has_organization_id(&self, organization_id: &str) -> bool {
        let Some(wanted) = prepared(organization_id).map(Value::Text) else {
            return false;
        };
        let mut values = self.parts.iter().flatten();
        values.any(|(kind, value)| *kind == ORGANIZATION_IDENTIFIER && *value == wanted)
    }
}

/// Equal for equal names, and different for others.
impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().rev().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            for (index, (kind, value)) in part.iter().enumerate() {
                let plus = if index == 0 { "" } else { "+" };
                match value {
                    Value::Text(text) => write!(f, "{plus}{kind}={text:?}")?,
                    Value::Der(der) => write!(f, "{plus}{kind}=#{}", crate::hex(der))?,
                }
            }
        }
        Ok(())
    }
}

impl Value {
    fn of(value: &Any) -> Result<Self, der::Error> {
        let text = match value.tag() {
            Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
                std::str::from_utf8(value.value()).ok().and_then(prepared)
            }
            Tag::BmpString => utf16(value.value()).as_deref().and_then(prepared),
            _ => None,
        };
        match text {
            Some(text) => Ok(Self::Text(text)),
            None => value.to_der().map(Self::Der),
        }
    }
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let (pairs, []) = bytes.as_chunks::<2>() else {
        return None;
    };
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

/// A text as it is compared (RFC 4518): `None` when it is not to be compared as text.
fn prepared(text: &str) -> Option<String> {
    let mut prepared = String::with_capacity(text.len());
    for word in text
        .split(char::is_whitespace)
        .filter(|word| !word.is_empty())
    {
        if !prepared.is_empty() {
            prepared.push(' ');
        }
        for character in word.chars() {
            if character.is_control() || is_invisible(character) {
                return None;
            }
            prepared.extend(character.to_lowercase());
        }
    }
    Some(prepared)
}

/// Characters that RFC 4518 §2.2 maps to nothing, or forbids, and that no one sees.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{1806}'
            | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffd}'
            | '\u{e0000}'..='\u{10ffff}'
    )
}

/// A type by name, in either case, or by number (RFC 4512 §1.4).
fn attribute_type(name: &str) -> Result<ObjectIdentifier, BadName> {
    let known = NAMES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    let number = known.map_or(name, |(_, number)| number);
    ObjectIdentifier::new(number).map_err(|_| match name {
        "" => BadName::Empty,
        name => BadName::UnknownType {
            name: name.to_owned(),
        },
    })
}

/// A value from where it begins: the value, the separator after it, and what follows.
fn value_at(text: &str) -> Result<(Value, Option<char>, &str), BadName> {
    let (bytes, end, after) = unescaped(text)?;
    if text.starts_with('#') {
        return Ok((hexadecimal(&bytes)?, end, after));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| BadName::Text)?;
    match prepared(text).ok_or(BadName::Text)? {
        text if text.is_empty() => Err(BadName::Empty),
        text => Ok((Value::Text(text), end, after)),
    }
}

/// The bytes up to the next separator that is not escaped.
fn unescaped(text: &str) -> Result<(Vec<u8>, Option<char>, &str), BadName> {
    let mut bytes = Vec::new();
    let mut rest = text;
    let mut utf8 = [0; 4];
    while let Some(character) = rest.chars().next() {
        let after = rest.get(character.len_utf8()..).unwrap_or("");
        rest = after;
        match character {
            ',' | '+' => return Ok((bytes, Some(character), after)),
            '"' | ';' | '<' | '>' | '\0' => return Err(BadName::Unescaped { character }),
            '\\' => rest = escape(after, &mut bytes)?,
            plain => bytes.extend(plain.encode_utf8(&mut utf8).as_bytes()),
        }
    }
    Ok((bytes, None, rest))
}

/// Takes what stands after a `\`; gives what follows.
fn escape<'t>(text: &'t str, bytes: &mut Vec<u8>) -> Result<&'t str, BadName> {
    if let Some(character) = text.chars().next()
        && " \"#+,;<=>\\".contains(character)
    {
        bytes.push(u8::try_from(character).map_err(|_| BadName::Escape)?);
        return Ok(text.get(1..).unwrap_or(""));
    }
    let (digits, after) = text.split_at_checked(2).ok_or(BadName::Escape)?;
    let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let byte = u8::from_str_radix(digits, 16)
        .ok()
        .filter(|_| is_hexadecimal);
    bytes.push(byte.ok_or(BadName::Escape)?);
    Ok(after)
}

/// `#` and the hexadecimal form of a DER value (RFC 4514 §2.4).
fn hexadecimal(written: &[u8]) -> Result<Value, BadName> {
    let digits = written
        .strip_prefix(b"#")
        .unwrap_or(written)
        .trim_ascii_end();
    let (pairs, []) = digits.as_chunks::<2>() else {
        return Err(BadName::Hexadecimal);
    };
    let byte = |pair: &[u8; 2]| {
        let digits = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(digits, 16)
            .ok()
            .filter(|_| pair.iter().all(u8::is_ascii_hexdigit))
    };
    let der: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    let value = der.and_then(|der| Any::from_der(&der).ok());
    Value::of(&value.ok_or(BadName::Hexadecimal)?).map_err(|_| BadName::Hexadecimal)
}

#[cfg(test)]
mod tests;
