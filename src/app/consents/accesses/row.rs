//! A record of the log as an access under a consent, as a customer is told of it.

use jiff::Timestamp;
use model::ports::AccessRow;
use model::{ClusterId, OperationId, PartnerId, ProductId, RequestId};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The members of `api.access` that a customer is told of.
#[derive(Deserialize)]
struct Told<'a> {
    ts: Timestamp,
    req: &'a str,
    #[serde(borrow)]
    partner: Partner<'a>,
    #[serde(borrow)]
    object: Object<'a>,
    #[serde(borrow)]
    consent: Consent<'a>,
    outcome: Outcome,
}

#[derive(Deserialize)]
struct Partner<'a> {
    id: Option<&'a str>,
}

#[derive(Deserialize)]
struct Object<'a> {
    product: &'a str,
    op: &'a str,
}

#[derive(Deserialize)]
struct Consent<'a> {
    gid: &'a str,
    clusters: Vec<String>,
    attended: bool,
}

#[derive(Deserialize)]
struct Outcome {
    status: u16,
    code: Option<String>,
}

/// What any record has that tells of an access under a consent.
#[derive(Deserialize)]
struct Any<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    consent: Option<IgnoredAny>,
}

/// It tells of an access under a consent, and not as such records are written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unread;

/// The access that a record tells of; `None` of a record of another kind, or under no consent.
pub(super) fn row(json: &[u8]) -> Result<Option<AccessRow>, Unread> {
    // What is no record at all the log would not have given out.
    let any: Any<'_> = serde_json::from_slice(json).map_err(|_| Unread)?;
    if any.kind != "api.access" || any.consent.is_none() {
        return Ok(None);
    }
    read(json).map(Some).ok_or(Unread)
}

fn read(json: &[u8]) -> Option<AccessRow> {
    let told: Told<'_> = serde_json::from_slice(json).ok()?;
    let (consent, object) = (told.consent, told.object);
    let clusters = consent.clusters.iter().map(|id| ClusterId::parse(id));
    Some(AccessRow {
        digest: crypto::from_base64url(consent.gid)?.try_into().ok()?,
        at: told.ts,
        request: RequestId::parse(told.req)?,
        partner: PartnerId::parse(told.partner.id?).ok()?,
        product: ProductId::parse(object.product).ok()?,
        operation: OperationId::parse(object.op).ok()?,
        clusters: clusters.collect::<Result<_, _>>().ok()?,
        status: told.outcome.status,
        code: told.outcome.code,
        attended: consent.attended,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "019abcde-0000-7000-8000-000000000001";

    /// A record as the log writes it.
    fn record() -> String {
        format!(
            "{{\"v\":1,\"node\":\"n\",\"boot\":\"b\",\"seq\":7,\"pseq\":3,\
             \"ts\":\"2026-11-22T10:00:00.500000000Z\",\"type\":\"api.access\",\
             \"req\":\"{REQUEST}\",\"iid\":\"i\",\"net\":\"203.0.113.0/24\",\
             \"partner\":{{\"id\":\"swiftride\",\"client\":\"swiftride-app\"}},\
             \"object\":{{\"bank\":\"harbour\",\"product\":\"accounts\",\"op\":\"listAccounts\",\
             \"class\":\"customer\",\"method\":\"GET\",\"path\":\"/accounts\"}},\
             \"consent\":{{\"gid\":\"{}\",\"clusters\":[\"balances\",\"names\"],\"kept\":1,\
             \"dropped\":2,\"attended\":true}},\
             \"outcome\":{{\"decision\":\"allowed\",\"status\":200}},\"cfg\":1}}",
            crypto::base64url(&[5; 32])
        )
    }

    #[test]
    fn an_access_under_a_consent_is_read_and_nothing_else_is() {
        let read = row(record().as_bytes())
            .expect("a record")
            .expect("an access");
        let clusters = ["balances", "names"].map(|id| ClusterId::parse(id).expect("an id"));
        let expected = AccessRow {
            digest: [5; 32],
            at: "2026-11-22T10:00:00.5Z".parse().expect("an instant"),
            request: RequestId::parse(REQUEST).expect("an id"),
            partner: PartnerId::parse("swiftride").expect("an id"),
            product: ProductId::parse("accounts").expect("an id"),
            operation: OperationId::parse("listAccounts").expect("an id"),
            clusters: clusters.to_vec(),
            status: 200,
            code: None,
            attended: true,
        };
        assert_eq!(read, expected);
        let refused = record().replace(
            "\"status\":200",
            "\"status\":403,\"code\":\"not_covered\",\"rule\":\"a \\\"rule\\\"\"",
        );
        let refused = row(refused.as_bytes())
            .expect("a record")
            .expect("an access");
        assert_eq!(refused.code.as_deref(), Some("not_covered"));
        for (whole, other, wanted) in [
            ("\"consent\":", "\"former\":", Ok(None)),
            ("api.access", "api.end", Ok(None)),
            ("\"op\":\"listAccounts\",", "", Err(Unread)),
            ("BQUFBQ", "BQ", Err(Unread)),
            ("\"v\":1,", "\"v\":1", Err(Unread)),
        ] {
            let text = record();
            assert!(text.contains(whole), "{whole}");
            let found = row(text.replacen(whole, other, 1).as_bytes());
            assert_eq!(found, wanted, "{other}");
        }
    }
}
