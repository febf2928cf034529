use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use model::{
    Access, BankId, Body, By, Channel, ClientId, ClusterId, ConsentPart, ConsentSeen, ConsentState,
    Decision, End, Ended, EventId, Extent, GrantAction, GrantEvent, InteractionId, Object,
    OperationId, PartnerId, ProductId, ProtectionClass, RequestId, SealedDetails, StepSeen, Timing,
};

use super::*;

fn at() -> Timestamp {
    "2026-11-22T10:00:00.5Z".parse().unwrap()
}

fn who() -> Who {
    Who {
        partner: Some(PartnerId::parse("swiftride").unwrap()),
        client: Some(ClientId::parse("swiftride-app").unwrap()),
        certificate: Some([1; 32]),
        key: Some([4; 32]),
        token_jti: Some([2; 32]),
    }
}

fn access() -> Access {
    Access {
        request: RequestId::parse("019ab0c1-7a00-7000-8000-000000000001").unwrap(),
        interaction: InteractionId::parse("93bac548-d2de-4546-b106-880a5018460d").unwrap(),
        peer: "203.0.113.77".parse().unwrap(),
        who: who(),
        object: Some(Arc::new(Object {
            bank: BankId::parse("harbour").unwrap(),
            product: ProductId::parse("fx").unwrap(),
            operation: OperationId::parse("getRate").unwrap(),
            class: ProtectionClass::Partner,
            method: http::Method::GET,
            template: Arc::from("/rates/{pair}"),
            written: OnceLock::new(),
        })),
        consent: None,
        steps: Vec::new(),
        decision: Decision::Refused,
        status: 403,
        code: Some("insufficient_scope"),
        rule: Some("the operation asks for scope fx:read".to_owned()),
        trouble: Some("reset"),
        timing: Timing {
            duration_us: 1_234,
            upstream_us: Some(1_000),
        },
        answer: Some(Body {
            length: 9,
            sha256: Some([3; 32]),
        }),
        snapshot: 4,
    }
}

fn token() -> TokenIssue {
    TokenIssue {
        endpoint: model::OauthEndpoint::Token,
        request: access().request,
        interaction: access().interaction,
        peer: "2001:db8:1:2:3::4".parse().unwrap(),
        bank: BankId::parse("harbour").unwrap(),
        who: who(),
        grant_type: Some("client_credentials"),
        scope: Some("fx:read".to_owned()),
        details: None,
        audience: Some("https://api.example https://auth.example".to_owned()),
        grant: None,
        decision: Decision::Allowed,
        status: 200,
        code: None,
        rule: None,
        duration_us: 77,
    }
}

fn grant(action: GrantAction) -> GrantEvent {
    GrantEvent {
        id: EventId::parse("019ab0c1-7a00-7000-8000-00000000000a").unwrap(),
        at: at(),
        request: access().request,
        interaction: access().interaction,
        network: Network::of(access().peer),
        bank: BankId::parse("harbour").unwrap(),
        who: who(),
        grant: Some([4; 32]),
        extent: None,
        consent: None,
        action,
        code: None,
        rule: None,
    }
}

fn whole(happened: &AuditEvent) -> String {
    let mut json = Prefix::new("node-1", "boot")
        .of(7, happened.partner().map(|_| 3))
        .to_vec();
    json.extend(event(at(), happened));
    String::from_utf8(json).unwrap()
}

#[test]
fn an_access_is_pinned_to_the_byte() {
    assert_eq!(
        whole(&AuditEvent::Access(Box::new(access()))),
        "{\"v\":1,\"node\":\"node-1\",\"boot\":\"boot\",\"seq\":7,\"pseq\":3,\
         \"ts\":\"2026-11-22T10:00:00.500000000Z\",\"type\":\"api.access\",\
         \"req\":\"019ab0c1-7a00-7000-8000-000000000001\",\
         \"iid\":\"93bac548-d2de-4546-b106-880a5018460d\",\"net\":\"203.0.113.0/24\",\
         \"partner\":{\"id\":\"swiftride\",\"client\":\"swiftride-app\"},\
         \"auth\":{\"x5t\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\",\
         \"jkt\":\"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\",\
         \"jti\":\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\"},\
         \"object\":{\"bank\":\"harbour\",\"product\":\"fx\",\"op\":\"getRate\",\
         \"class\":\"partner\",\"method\":\"GET\",\"path\":\"/rates/{pair}\"},\
         \"outcome\":{\"decision\":\"refused\",\"status\":403,\"code\":\"insufficient_scope\",\
         \"rule\":\"the operation asks for scope fx:read\"},\
         \"trouble\":\"reset\",\"timing\":{\"us\":1234,\"up_us\":1000},\
         \"resp\":{\"len\":9,\"sha256\":\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\"},\"cfg\":4}"
    );
}

#[test]
fn an_access_under_a_consent_says_what_of_it_went_out() {
    let cluster = |id: &str| ClusterId::parse(id).unwrap();
    let mut access = access();
    access.consent = Some(Box::new(ConsentSeen {
        digest: [5; 32],
        clusters: vec![cluster("account_list"), cluster("balance")],
        kept: 2,
        dropped: 1,
        attended: true,
    }));
    let written = whole(&AuditEvent::Access(Box::new(access)));
    let part = "\"path\":\"/rates/{pair}\"},\
                \"consent\":{\"gid\":\"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU\",\
                \"clusters\":[\"account_list\",\"balance\"],\"kept\":2,\"dropped\":1,\
                \"attended\":true},\"outcome\":";
    assert!(written.contains(part), "{written}");
}

#[test]
fn a_composed_operation_says_what_it_read() {
    let mut access = access();
    let step = |step: &str, took_us, fault| StepSeen {
        step: step.into(),
        calls: 2,
        began_us: 10,
        took_us,
        fault,
    };
    access.steps = vec![
        step("kyc", Some(900), None),
        step("score", Some(5), Some("timed_out")),
        step("late", None, None),
    ];
    let written = whole(&AuditEvent::Access(Box::new(access.clone())));
    let part = "\"steps\":[{\"step\":\"kyc\",\"calls\":2,\"at_us\":10,\"us\":900},\
                {\"step\":\"score\",\"calls\":2,\"at_us\":10,\"us\":5,\"fault\":\"timed_out\"},\
                {\"step\":\"late\",\"calls\":2,\"at_us\":10}],\"outcome\":";
    assert!(written.contains(part), "{written}");
    access.steps = (0..100)
        .map(|at| step(&format!("s{at}"), None, None))
        .collect();
    let written = whole(&AuditEvent::Access(Box::new(access)));
    assert!(
        written.contains("\"s63\"") && !written.contains("\"s64\""),
        "{written}"
    );
}

#[test]
fn the_other_events_are_pinned_to_the_byte() {
    let end = End {
        request: access().request,
        partner: None,
        bytes_in: 1,
        bytes_out: 2,
        duration_us: 3,
        ended: Ended::Cut,
        trouble: Some("truncated"),
    };
    let front = "{\"v\":1,\"node\":\"node-1\",\"boot\":\"boot\",\"seq\":7,";
    let time = "\"ts\":\"2026-11-22T10:00:00.500000000Z\"";
    let request = "\"req\":\"019ab0c1-7a00-7000-8000-000000000001\"";
    let ended = whole(&AuditEvent::End(end));
    assert_eq!(
        ended,
        format!(
            "{front}{time},\"type\":\"api.end\",{request},\"ended\":\"cut\",\
             \"trouble\":\"truncated\",\"bytes\":{{\"in\":1,\"out\":2}},\"timing\":{{\"us\":3}}}}"
        )
    );
    let token = whole(&AuditEvent::Token(Box::new(token())));
    let rest = token.strip_prefix(&format!(
        "{front}\"pseq\":3,{time},\"type\":\"oauth.token\",{request},"
    ));
    assert_eq!(
        rest.unwrap(),
        "\"iid\":\"93bac548-d2de-4546-b106-880a5018460d\",\"net\":\"2001:db8:1::/48\",\
         \"partner\":{\"id\":\"swiftride\",\"client\":\"swiftride-app\"},\
         \"auth\":{\"x5t\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\",\
         \"jkt\":\"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\",\
         \"jti\":\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\"},\
         \"object\":{\"bank\":\"harbour\"},\"grant\":\"client_credentials\",\"scope\":\"fx:read\",\
         \"aud\":\"https://api.example https://auth.example\",\
         \"outcome\":{\"decision\":\"allowed\",\"status\":200},\"timing\":{\"us\":77}}"
    );
    let applied = AuditEvent::ConfigApply {
        digest: Arc::from("abc"),
        snapshot: 7,
    };
    let applied = whole(&applied);
    assert!(
        applied.ends_with("\"type\":\"config.apply\",\"cfg\":7,\"digest\":\"abc\"}"),
        "{applied}"
    );
    let rejected = AuditEvent::ConfigReject {
        digest: Arc::from("abc"),
        snapshot: 7,
        count: 2,
        rule: "gateway.yaml:3: wrong".to_owned(),
    };
    let rejected = whole(&rejected);
    assert!(
        rejected.ends_with(
            "\"type\":\"config.reject\",\"cfg\":7,\"digest\":\"abc\",\"count\":2,\
             \"rule\":\"gateway.yaml:3: wrong\"}"
        ),
        "{rejected}"
    );
}

#[test]
fn a_step_of_a_grant_is_pinned_to_the_byte() {
    let refused = GrantEvent {
        grant: None,
        who: Who::default(),
        code: Some("access_denied".to_owned()),
        rule: Some("the customer declined".to_owned()),
        ..grant(GrantAction::Refuse)
    };
    let front = "{\"v\":1,\"node\":\"node-1\",\"boot\":\"boot\",\"seq\":7,";
    let middle = "\"ts\":\"2026-11-22T10:00:00.500000000Z\",\"type\":\"oauth.grant\",\
                  \"eid\":\"019ab0c1-7a00-7000-8000-00000000000a\",\
                  \"req\":\"019ab0c1-7a00-7000-8000-000000000001\",\
                  \"iid\":\"93bac548-d2de-4546-b106-880a5018460d\",\"net\":\"203.0.113.0/24\",";
    assert_eq!(
        whole(&AuditEvent::Grant(Box::new(grant(GrantAction::Redeem)))),
        format!(
            "{front}\"pseq\":3,{middle}\
             \"partner\":{{\"id\":\"swiftride\",\"client\":\"swiftride-app\"}},\
             \"auth\":{{\"x5t\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\",\
             \"jkt\":\"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\",\
             \"jti\":\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\"}},\
             \"object\":{{\"bank\":\"harbour\"}},\"action\":\"code.redeem\",\
             \"gid\":\"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\",\
             \"outcome\":{{\"decision\":\"allowed\"}}}}"
        )
    );
    assert_eq!(
        whole(&AuditEvent::Grant(Box::new(refused))),
        format!(
            "{front}{middle}\"object\":{{\"bank\":\"harbour\"}},\"action\":\"grant.refuse\",\
             \"outcome\":{{\"decision\":\"refused\",\"code\":\"access_denied\",\
             \"rule\":\"the customer declined\"}}}}"
        )
    );
}

#[test]
fn what_was_approved_is_told_and_its_details_by_types_and_a_seal() {
    let approved = GrantEvent {
        extent: Some(Extent {
            scope: "fx:read".to_owned(),
            details: Some(SealedDetails {
                types: "branch_visit payment".to_owned(),
                hmac: [1; 32],
            }),
            resource: Some("https://files.example/v1".to_owned()),
            until: Some("2027-02-20T10:00:00Z".parse().unwrap()),
        }),
        ..grant(GrantAction::Approve)
    };
    let json = whole(&AuditEvent::Grant(Box::new(approved)));
    let said = "\"gid\":\"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\",\"scope\":\"fx:read\",\
                \"details\":{\"types\":\"branch_visit payment\",\
                \"hmac\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\"},\
                \"resource\":\"https://files.example/v1\",\
                \"until\":\"2027-02-20T10:00:00.000000000Z\",\"outcome\"";
    assert!(json.contains(said), "{json}");
}

fn consent() -> ConsentPart {
    ConsentPart {
        from: Some(ConsentState::Authorised),
        to: ConsentState::Withdrawn,
        by: By::Customer,
        channel: Channel::Page,
        text_version: Some([1; 32]),
        customer: Some([2; 32]),
        clusters: ["account_list", "balance"]
            .map(|id| ClusterId::parse(id).unwrap())
            .into(),
        resources: 3,
        evidence_digest: Some([3; 32]),
    }
}

#[test]
fn what_happened_to_a_consent_is_told_without_a_name_or_an_account() {
    let told = |part| {
        whole(&AuditEvent::Grant(Box::new(GrantEvent {
            consent: Some(part),
            ..grant(GrantAction::ConsentWithdraw)
        })))
    };
    let json = told(consent());
    let said = "\"action\":\"consent.withdraw\",\
                \"gid\":\"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\",\
                \"consent\":{\"from\":\"authorised\",\"to\":\"withdrawn\",\"by\":\"customer\",\
                \"channel\":\"page\",\"text\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\",\
                \"psu\":\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\",\
                \"clusters\":\"account_list balance\",\"resources\":3,\
                \"evidence_digest\":\"03030303030303030303030303030303\
                03030303030303030303030303030303\"},\
                \"outcome\":{\"decision\":\"allowed\"}}";
    assert!(json.ends_with(said), "{json}");
    let made = told(ConsentPart {
        from: None,
        text_version: None,
        customer: None,
        ..consent()
    });
    let said =
        "\"consent\":{\"to\":\"withdrawn\",\"by\":\"customer\",\"channel\":\"page\",\"clusters\"";
    assert!(made.contains(said), "{made}");
}

#[test]
fn an_address_becomes_its_network() {
    let cases = [
        ("203.0.113.255", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:ffff:ffff::1", "2001:db8:ffff::/48"),
        ("::1", "::/48"),
    ];
    for (address, expected) in cases {
        assert_eq!(
            model::Network::of(address.parse::<IpAddr>().unwrap()).to_string(),
            expected
        );
    }
}

#[test]
fn the_longest_texts_are_cut_with_length_and_digest_and_the_record_keeps_its_limit() {
    // Each byte of it becomes six in JSON.
    let long = "\u{1}".repeat(100_000);
    let mut access = access();
    access.interaction = InteractionId::parse("93bac548-d2de-4546-b106-880a5018460d").unwrap();
    access.rule = Some(long.clone());
    if let Some(object) = access.object.as_mut().and_then(Arc::get_mut) {
        object.template = Arc::from(long.as_str());
        object.method = http::Method::from_bytes(&b"M".repeat(3_000)).unwrap();
        object.bank = BankId::parse(&"b".repeat(64)).unwrap();
        object.operation = OperationId::parse(&"o".repeat(128)).unwrap();
    }
    let mut token = token();
    token.scope = Some(long.clone());
    token.audience = Some(long.clone());
    token.rule = Some(long.clone());
    let details = SealedDetails {
        types: vec!["t".repeat(128); 20].join(" "),
        hmac: [6; 32],
    };
    token.details = Some(details.clone());
    let mut grant = grant(GrantAction::Refuse);
    grant.code = Some(long.clone());
    grant.rule = Some(long.clone());
    grant.extent = Some(Extent {
        scope: long.clone(),
        details: Some(details),
        resource: Some(long.clone()),
        until: Some(at()),
    });
    grant.consent = Some(ConsentPart {
        clusters: vec![ClusterId::parse(&"c".repeat(64)).unwrap(); 1_000],
        ..consent()
    });
    let digest = base64url(&sha256(long.as_bytes()));
    for happened in [
        AuditEvent::Access(Box::new(access)),
        AuditEvent::Token(Box::new(token)),
        AuditEvent::Grant(Box::new(grant)),
    ] {
        let json = whole(&happened);
        assert!(json.len() <= RECORD_BYTES_MAX, "{}", json.len());
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        let rule = read["outcome"]["rule"].as_str().unwrap();
        assert!(rule.starts_with(&"\u{1}".repeat(TEXT_BYTES_MAX)));
        assert!(rule.ends_with(&format!("… (cut: 100000 bytes, sha256 {digest})")));
    }
    assert!(
        PREFIX_BYTES_MAX
            >= Prefix::new(&"n".repeat(64), &"b".repeat(22))
                .of(u64::MAX, Some(u64::MAX))
                .len()
    );
}

#[test]
fn a_text_is_cut_between_characters() {
    let text = "界".repeat(400);
    assert!(cut(&text, 1_024).starts_with(&"界".repeat(341)));
    assert_eq!(cut(&text, 1_200), text);
}

#[test]
fn what_a_caller_writes_stays_one_text_of_one_record() {
    let mut access = access();
    let nasty = "a\r\n{\"v\":1}\u{0}\u{1b}[31m\"\\\u{202e}z";
    access.rule = Some(nasty.to_owned());
    let json = whole(&AuditEvent::Access(Box::new(access)));
    assert!(json.bytes().all(|byte| byte >= 0x20), "{json}");
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["outcome"]["rule"], nasty);
}
