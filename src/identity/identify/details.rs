//! A token's authorization details, read once more from the request that brought it. They are not
//! kept with the tokens that are remembered: they may be as long as a token.

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use model::DetailType;

use super::credentials::credentials;
use crate::access_token::of_here;
use crate::{Caller, Issuer};

/// Details of one type, each to the byte as the token has it: whoever reads an amount reads what
/// the issuer wrote. Written as a JSON array of objects.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct TokenDetails(Vec<Box<RawValue>>);

#[derive(Deserialize)]
struct Claims<'a> {
    #[serde(borrow)]
    authorization_details: Vec<&'a RawValue>,
}

/// The details of this type in the caller's token that are to be used at this issuer's audience:
/// those without `locations`, and those that name it (RFC 9396 §2.2, §9.1). The headers are those
/// that the caller was identified by.
///
/// `None`: they do not bring the caller's token, to the byte, or it holds no list of details.
pub fn details(
    caller: &Caller,
    headers: &HeaderMap,
    issuer: &Issuer,
    its: &DetailType,
) -> Option<TokenDetails> {
    let (_, token) = credentials(headers, None).ok()?;
    // Its signature was verified with this digest, now or before.
    if crypto::sha256(token.as_bytes()) != caller.token().digest {
        return None;
    }
    let payload = crypto::from_base64url(token.split('.').nth(1)?)?;
    let claims: Claims<'_> = serde_json::from_slice(&payload).ok()?;
    let is_it = |detail: &&&RawValue| {
        let detail: Option<Value> = serde_json::from_str(detail.get()).ok();
        detail.and_then(|detail| of_here(&detail, issuer.audience())) == Some(its.clone())
    };
    let details = claims.authorization_details.iter().filter(is_it);
    let details = details.map(|&detail| detail.to_owned());
    Some(TokenDetails(details.collect()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::AUTHORIZATION;
    use serde_json::json;

    use super::*;
    use crate::test_house::{
        AUDIENCE, NOW, ProofKey, at, claims_bound, issuer, key, partner_known,
    };
    use crate::{AccessTokens, binding};

    /// A caller whose token has these details, and what brought it.
    fn calling(details: &str) -> (Caller, HeaderMap, Issuer) {
        let (key, own) = (key(), ProofKey::es256());
        let mut claims = claims_bound(json!({ "jkt": crypto::base64url(&own.thumbprint) }));
        let details = RawValue::from_string(details.to_owned()).expect("JSON");
        let claims = claims.as_object_mut().expect("claims");
        let mut written: std::collections::BTreeMap<&str, Box<RawValue>> = claims
            .iter()
            .map(|(name, claim)| (name.as_str(), raw(&claim.to_string())))
            .collect();
        written.insert("authorization_details", details);
        let text = key.sign("at+jwt", &written).expect("signs");
        let issuer = issuer(&key);
        let token = AccessTokens::new(1).verify(&issuer, &text, at(NOW));
        let bound = binding(token.expect("good"), None, Some(&own.proved())).expect("bound");
        let owner = std::sync::Arc::new(partner_known("swiftride", model::Standing::Active));
        let caller = Caller::join(None, bound, Some(&owner)).expect("a caller");
        let mut headers = HeaderMap::new();
        let value = HeaderValue::try_from(format!("DPoP {text}")).expect("a value");
        headers.insert(AUTHORIZATION, value);
        (caller, headers, issuer)
    }

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).expect("JSON")
    }

    fn payment() -> DetailType {
        DetailType::parse("payment").expect("valid")
    }

    #[test]
    fn ra_05_details_are_told_to_the_byte_as_the_issuer_wrote_them() {
        let one = r#"{ "type":"payment", "amount": 12.300, "to":"\u674e" }"#;
        let (caller, headers, issuer) = calling(&format!(r#"[{{"type":"other"}},{one}]"#));
        let told = details(&caller, &headers, &issuer, &payment()).expect("details");
        let told = serde_json::to_string(&told).expect("text");
        assert_eq!(told, format!("[{one}]"));
    }

    #[test]
    fn ra_05_only_details_of_the_type_and_of_here_are_told() {
        let all = json!([
            { "type": "payment", "n": 1 },
            { "type": "payment", "n": 2, "locations": [AUDIENCE] },
            { "type": "payment", "n": 3, "locations": ["https://elsewhere.example"] },
            { "type": "payment", "n": 4, "locations": [] },
            { "type": "payment", "n": 5, "locations": AUDIENCE },
            { "type": "payments", "n": 6 },
            "payment",
        ]);
        let (caller, headers, issuer) = calling(&all.to_string());
        let told = details(&caller, &headers, &issuer, &payment()).expect("details");
        let told = serde_json::to_value(&told).expect("JSON");
        assert_eq!(told, json!([all[0], all[1]]));
    }

    #[test]
    fn another_token_than_the_callers_tells_nothing() {
        let (caller, own, issuer) = calling(r#"[{"type":"payment"}]"#);
        let (_, others, _) = calling(r#"[{"type":"payment","amount":"9"}]"#);
        assert!(details(&caller, &own, &issuer, &payment()).is_some());
        assert!(details(&caller, &others, &issuer, &payment()).is_none());
        assert!(details(&caller, &HeaderMap::new(), &issuer, &payment()).is_none());
    }
}
