//! The record of a step in the life of a customer's grant.

use std::borrow::Cow;

use crypto::{base64url, hex};
use model::{ClusterId, ConsentPart, ConsentState, EventId, GrantEvent, Network, RequestId};
use serde::Serialize;

use super::{
    AuthPart, BankPart, DetailsPart, Nanoseconds, PartnerPart, TEXT_BYTES_MAX, URLS_BYTES_MAX,
    WORD_BYTES_MAX, cut, shown,
};

/// `oauth.grant`: what was done to which grant, by whom. Never a code or a token.
#[derive(Serialize)]
pub(super) struct GrantRecord<'a> {
    #[serde(serialize_with = "shown")]
    eid: EventId,
    #[serde(serialize_with = "shown")]
    req: RequestId,
    iid: &'a str,
    #[serde(serialize_with = "shown")]
    net: Network,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<PartnerPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<AuthPart>,
    object: BankPart<'a>,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<DetailsPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Nanoseconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<ConsentRecord>,
    outcome: Outcome<'a>,
}

/// Of the clusters of a consent, which are few and bear short names.
const CLUSTERS_BYTES_MAX: usize = 128;

/// What it did to a consent. Never an account, a name or an amount.
#[derive(Serialize)]
struct ConsentRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    to: &'static str,
    by: &'static str,
    channel: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    psu: Option<String>,
    clusters: String,
    resources: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence_digest: Option<String>,
}

impl ConsentRecord {
    fn of(part: &ConsentPart) -> Self {
        let digest = |its: &Option<[u8; 32]>| its.as_ref().map(|digest| base64url(digest));
        let clusters: Vec<_> = part.clusters.iter().map(ClusterId::as_str).collect();
        Self {
            from: part.from.map(ConsentState::as_str),
            to: part.to.as_str(),
            by: part.by.as_str(),
            channel: part.channel.as_str(),
            text: digest(&part.text_version),
            psu: digest(&part.customer),
            clusters: cut(&clusters.join(" "), CLUSTERS_BYTES_MAX).into_owned(),
            resources: part.resources,
            evidence_digest: part.evidence_digest.as_ref().map(|digest| hex(digest)),
        }
    }
}

/// The decision, and why. No status: the answer may go to a browser, or have failed since.
#[derive(Serialize)]
struct Outcome<'a> {
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Cow<'a, str>>,
}

impl<'a> GrantRecord<'a> {
    pub(super) fn of(event: &'a GrantEvent) -> Self {
        let cut_to = |bytes_max| move |text: &'a str| cut(text, bytes_max);
        let extent = event.extent.as_ref();
        Self {
            eid: event.id,
            req: event.request,
            iid: event.interaction.as_str(),
            net: event.network,
            partner: PartnerPart::of(&event.who),
            auth: AuthPart::of(&event.who),
            object: BankPart {
                bank: event.bank.as_str(),
            },
            action: event.action.as_str(),
            gid: event.grant.map(|digest| base64url(&digest)),
            scope: extent.map(|extent| cut(&extent.scope, TEXT_BYTES_MAX)),
            details: extent
                .and_then(|extent| extent.details.as_ref())
                .map(DetailsPart::of),
            resource: extent
                .and_then(|extent| extent.resource.as_deref())
                .map(cut_to(URLS_BYTES_MAX)),
            until: extent.and_then(|extent| extent.until).map(Nanoseconds),
            consent: event.consent.as_ref().map(ConsentRecord::of),
            outcome: Outcome {
                decision: event.action.decision().as_str(),
                code: event.code.as_deref().map(cut_to(WORD_BYTES_MAX)),
                rule: event.rule.as_deref().map(cut_to(TEXT_BYTES_MAX)),
            },
        }
    }
}
