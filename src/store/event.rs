//! An event as the outbox of a file keeps it: one JSON object, whose members are closed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use model::{
    BankId, By, Channel, ClientId, ClusterId, ConsentPart, ConsentState, EventId, Extent,
    GrantAction, GrantEvent, InteractionId, Network, PartnerId, RequestId, SealedDetails, Who,
};

/// What is in an outbox is no event.
#[derive(Debug, thiserror::Error)]
#[error("what waits in the outbox is no event")]
pub(crate) struct NoEvent(#[source] Option<serde_json::Error>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptDetails {
    types: String,
    hmac: [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptConsent {
    from: Option<String>,
    to: String,
    by: String,
    channel: String,
    text_version: Option<[u8; 32]>,
    customer: Option<[u8; 32]>,
    clusters: Vec<String>,
    resources: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence_digest: Option<[u8; 32]>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    id: String,
    at: Timestamp,
    request: String,
    interaction: String,
    network: std::net::IpAddr,
    bank: String,
    partner: Option<String>,
    client: Option<String>,
    certificate: Option<[u8; 32]>,
    key: Option<[u8; 32]>,
    token_jti: Option<[u8; 32]>,
    grant: Option<[u8; 32]>,
    scope: Option<String>,
    details: Option<KeptDetails>,
    resource: Option<String>,
    until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consent: Option<KeptConsent>,
    action: String,
    code: Option<String>,
    rule: Option<String>,
}

/// The text of an event.
pub(crate) fn written(event: &GrantEvent) -> String {
    let extent = event.extent.as_ref();
    let details = extent.and_then(|extent| extent.details.as_ref());
    let kept = Kept {
        id: event.id.to_string(),
        at: event.at,
        request: event.request.to_string(),
        interaction: event.interaction.as_str().to_owned(),
        network: event.network.address(),
        bank: event.bank.to_string(),
        partner: event.who.partner.as_ref().map(PartnerId::to_string),
        client: event.who.client.as_ref().map(ClientId::to_string),
        certificate: event.who.certificate,
        key: event.who.key,
        token_jti: event.who.token_jti,
        grant: event.grant,
        scope: extent.map(|extent| extent.scope.clone()),
        details: details.map(|details| KeptDetails {
            types: details.types.clone(),
            hmac: details.hmac,
        }),
        resource: extent.and_then(|extent| extent.resource.clone()),
        until: extent.and_then(|extent| extent.until),
        consent: event.consent.as_ref().map(KeptConsent::of),
        action: event.action.as_str().to_owned(),
        code: event.code.clone(),
        rule: event.rule.clone(),
    };
    serde_json::to_string(&kept).expect("texts, instants and bytes must make JSON")
}

/// The event of a text.
pub(crate) fn read(text: &str) -> Result<GrantEvent, NoEvent> {
    let kept: Kept = serde_json::from_str(text).map_err(|cause| NoEvent(Some(cause)))?;
    kept.event().ok_or(NoEvent(None))
}

impl KeptConsent {
    fn of(part: &ConsentPart) -> Self {
        Self {
            from: part.from.map(|from| from.as_str().to_owned()),
            to: part.to.as_str().to_owned(),
            by: part.by.as_str().to_owned(),
            channel: part.channel.as_str().to_owned(),
            text_version: part.text_version,
            customer: part.customer,
            clusters: part.clusters.iter().map(ClusterId::to_string).collect(),
            resources: part.resources,
            evidence_digest: part.evidence_digest,
        }
    }

    fn part(self) -> Option<ConsentPart> {
        let clusters = self.clusters.iter().map(|id| ClusterId::parse(id));
        Some(ConsentPart {
            from: match self.from {
                None => None,
                Some(word) => Some(ConsentState::parse(&word)?),
            },
            to: ConsentState::parse(&self.to)?,
            by: By::parse(&self.by)?,
            channel: Channel::parse(&self.channel)?,
            text_version: self.text_version,
            customer: self.customer,
            clusters: clusters.collect::<Result<_, _>>().ok()?,
            resources: self.resources,
            evidence_digest: self.evidence_digest,
        })
    }
}

impl Kept {
    fn event(self) -> Option<GrantEvent> {
        let partner = self.partner.as_deref().map(PartnerId::parse).transpose();
        let client = self.client.as_deref().map(ClientId::parse).transpose();
        let details = self.details.map(|kept| SealedDetails {
            types: kept.types,
            hmac: kept.hmac,
        });
        let extent = self.scope.map(|scope| Extent {
            scope,
            details,
            resource: self.resource,
            until: self.until,
        });
        Some(GrantEvent {
            id: EventId::parse(&self.id)?,
            at: self.at,
            request: RequestId::parse(&self.request)?,
            interaction: InteractionId::parse(&self.interaction)?,
            network: Network::of(self.network),
            bank: BankId::parse(&self.bank).ok()?,
            who: Who {
                partner: partner.ok()?,
                client: client.ok()?,
                certificate: self.certificate,
                key: self.key,
                token_jti: self.token_jti,
            },
            grant: self.grant,
            extent,
            consent: match self.consent {
                None => None,
                Some(kept) => Some(kept.part()?),
            },
            action: GrantAction::parse(&self.action)?,
            code: self.code,
            rule: self.rule,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(action: GrantAction) -> GrantEvent {
        let at = Timestamp::new(1_800_000_000, 123_456_789).expect("in range");
        GrantEvent {
            id: EventId::new(at, [1; 10]),
            at,
            request: RequestId::new(at, [2; 10]),
            interaction: InteractionId::new([3; 16]),
            network: Network::of([203, 0, 113, 77].into()),
            bank: BankId::parse("harbour").expect("valid"),
            who: Who {
                partner: Some(PartnerId::parse("swiftride").expect("valid")),
                client: Some(ClientId::parse("app").expect("valid")),
                certificate: Some([4; 32]),
                key: Some([7; 32]),
                token_jti: Some([5; 32]),
            },
            grant: Some([6; 32]),
            extent: Some(Extent {
                scope: "fx:read".to_owned(),
                details: Some(SealedDetails {
                    types: "branch_visit payment".to_owned(),
                    hmac: [8; 32],
                }),
                resource: Some("https://files.example/v1".to_owned()),
                until: Some(at),
            }),
            consent: Some(ConsentPart {
                from: Some(ConsentState::Reviewing),
                to: ConsentState::Authorised,
                by: By::Customer,
                channel: Channel::Page,
                text_version: Some([9; 32]),
                customer: Some([10; 32]),
                clusters: vec![ClusterId::parse("balance").expect("valid")],
                resources: 3,
                evidence_digest: Some([11; 32]),
            }),
            action,
            code: Some("access_denied".to_owned()),
            rule: Some("\"a\" \\ \u{1} 界".to_owned()),
        }
    }

    #[test]
    fn every_event_reads_back_as_it_was_written() {
        for action in GrantAction::ALL {
            let full = event(action);
            let bare = GrantEvent {
                who: Who::default(),
                grant: None,
                extent: None,
                consent: None,
                code: None,
                rule: None,
                network: Network::of(std::net::Ipv6Addr::LOCALHOST.into()),
                ..full.clone()
            };
            for event in [full, bare] {
                assert_eq!(read(&written(&event)).expect("reads"), event);
            }
        }
    }

    #[test]
    fn what_was_approved_before_its_end_was_kept_reads_without() {
        let mut earlier = event(GrantAction::Approve);
        let text = written(&earlier);
        let mut kept: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let members = kept.as_object_mut().expect("an object");
        for later in ["resource", "until"] {
            assert!(members.remove(later).is_some_and(|its| !its.is_null()));
        }
        if let Some(extent) = &mut earlier.extent {
            (extent.resource, extent.until) = (None, None);
        }
        assert_eq!(read(&kept.to_string()).expect("reads"), earlier);
    }

    #[test]
    fn what_was_written_before_there_were_consents_reads_without() {
        let plain = GrantEvent {
            consent: None,
            ..event(GrantAction::Redeem)
        };
        let text = written(&plain);
        assert!(!text.contains("consent"), "as it was written before");
        assert_eq!(read(&text).expect("reads"), plain);
        let made = ConsentPart {
            from: None,
            to: ConsentState::Requested,
            by: By::Partner,
            channel: Channel::Api,
            text_version: None,
            customer: None,
            clusters: Vec::new(),
            resources: 0,
            evidence_digest: None,
        };
        let lodged = GrantEvent {
            consent: Some(made),
            ..event(GrantAction::ConsentLodge)
        };
        let text = written(&lodged);
        assert!(!text.contains("evidence"), "as before evidence was told of");
        assert_eq!(read(&text).expect("reads"), lodged);
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        let text = written(&event(GrantAction::Redeem));
        for (whole, broken) in [
            ("{", "["),
            ("\"bank\"", "\"banque\""),
            ("harbour", "Harbour"),
            ("code.redeem", "code.forget"),
            ("swiftride", "swift ride"),
            ("203.0.113.0", "203.0.113"),
            ("{", "{\"more\":1,"),
            ("\"from\"", "\"more\":1,\"from\""),
            ("reviewing", "reading"),
            ("authorised", "authorized"),
            ("\"customer\",\"channel\"", "\"nobody\",\"channel\""),
            ("\"page\"", "\"leaf\""),
            ("balance", "Balance"),
        ] {
            assert!(text.contains(whole), "{whole}");
            assert!(read(&text.replacen(whole, broken, 1)).is_err(), "{broken}");
        }
    }

    #[test]
    fn the_callers_own_address_is_not_written() {
        assert!(!written(&event(GrantAction::Redeem)).contains("203.0.113.77"));
    }
}
