//! `banks.*.partner_ca`: who issues the partners' certificates, and what is revoked.

use std::time::Duration;

use crate::files::FileRef;
use crate::reader::{Alternative, Reader, Section, Value};
use crate::shape::{Key, Kind, Shape};
use crate::source::{At, Span};

pub(super) static PARTNER_CA: Shape = Shape::new(
    "a partner CA",
    &[
        Key::required(
            "authorities",
            Kind::List {
                of: "references `file:PATH`",
                item: &Kind::File,
            },
            "[file:PATH]",
            "The CAs that issue the partners' certificates.",
        ),
        Key::demanded(
            "revocation",
            REVOCATION_KIND,
            "write `revocation: { crl: [file:PATH], refuse_when_older_than: 24h }`, or \
             `revocation: none` when revoked certificates are to be let in",
            "What is revoked; `none` lets revoked certificates in.",
        ),
    ],
);

/// What is revoked, wherever authorities issue what others show.
pub(super) const REVOCATION_KIND: Kind = Kind::Or("none", &Kind::Section(&REVOCATION));

static REVOCATION: Shape = Shape::new(
    "`revocation`",
    &[
        Key::required(
            "crl",
            Kind::List {
                of: "references `file:PATH`",
                item: &Kind::File,
            },
            "[file:PATH]",
            "Revocation lists, PEM or DER, one for each authority.",
        ),
        Key::demanded(
            "refuse_when_older_than",
            Kind::Duration(Duration::from_mins(1), Duration::from_hours(24 * 31)),
            "write how old a list may be, such as `24h`: past that age everyone is refused",
            "An older list is not believed: everyone is refused.",
        ),
    ],
);

/// The authorities of a bank's partners.
pub(crate) struct PartnerCa {
    pub(crate) at: Span,
    pub(crate) authorities: Option<Vec<At<FileRef>>>,
    pub(crate) revocation: Option<Revocation>,
}

/// What is known of revocation. It is always stated.
pub(crate) enum Revocation {
    /// `revocation: none`: nothing is revoked, ever.
    None,
    /// Lists, and how old they may be.
    Lists {
        crl: Option<Vec<At<FileRef>>>,
        refuse_when_older_than: Option<Duration>,
    },
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Option<PartnerCa> {
    let mut section = section.inner(reader, "partner_ca")?;
    let authorities = section.value(reader, "authorities");
    let revocation = section.value(reader, "revocation");
    let at = section.at;
    section.finish(reader);
    Some(PartnerCa {
        at,
        authorities: authorities.and_then(|value| reader.files(value)),
        revocation: revocation.and_then(|value| read_revocation(reader, value)),
    })
}

/// `revocation`, as it stands beside authorities.
pub(super) fn read_revocation(reader: &mut Reader, value: Value<'_>) -> Option<Revocation> {
    let value = match reader.alternative(value)? {
        Alternative::Word => return Some(Revocation::None),
        Alternative::Other(value) => value,
    };
    let mut section = reader.section(value)?;
    let crl = section.value(reader, "crl");
    let age = section.value(reader, "refuse_when_older_than");
    section.finish(reader);
    Some(Revocation::Lists {
        crl: crl.and_then(|value| reader.files(value)),
        refuse_when_older_than: age
            .and_then(|value| reader.duration(value))
            .map(|at| at.value),
    })
}
