//! `banks.*.partner_ca`: who issues the partners' certificates, and what is revoked.

use std::time::Duration;

use crate::files::FileRef;
use crate::reader::{Reader, Section, Value};
use crate::source::{At, Span};
use crate::yaml::Kind;

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
    let value = section.required(
        reader,
        "partner_ca",
        "{ authorities: [file:PATH], revocation: … }",
    )?;
    let at = value.key_span;
    let mut section = reader.section(value.node, at, "a partner CA", "banks.*.partner_ca")?;
    let authorities = section.required(reader, "authorities", "[file:PATH]");
    let revocation = section.demanded(
        reader,
        "revocation",
        "write `revocation: { crl: [file:PATH], refuse_when_older_than: 24h }`, or \
         `revocation: none` when revoked certificates are to be let in",
    );
    section.finish(reader);
    Some(PartnerCa {
        at,
        authorities: authorities.and_then(|value| reader.files(value)),
        revocation: revocation.and_then(|value| read_revocation(reader, value)),
    })
}

fn read_revocation(reader: &mut Reader, value: Value<'_>) -> Option<Revocation> {
    if let Kind::Scalar { .. } = &value.node.kind {
        return reader
            .word(value, &[("none", ())])
            .map(|_| Revocation::None);
    }
    let path = "banks.*.partner_ca.revocation";
    let mut section = reader.section(value.node, value.key_span, "`revocation`", path)?;
    let crl = section.required(reader, "crl", "[file:PATH]");
    let age = section.demanded(
        reader,
        "refuse_when_older_than",
        "write how old a list may be, such as `24h`: past that age everyone is refused",
    );
    section.finish(reader);
    let range = Duration::from_mins(1)..=Duration::from_hours(24 * 31);
    Some(Revocation::Lists {
        crl: crl.and_then(|value| reader.files(value)),
        refuse_when_older_than: age
            .and_then(|value| reader.duration(value, range))
            .map(|at| at.value),
    })
}
