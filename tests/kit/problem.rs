//! What a refusal must look like from outside.

use serde_json::Value;

use model::{InteractionId, RequestId};

use crate::client::Answer;

impl Answer {
    /// Asserts that this is the refusal with this status and code, told whole: an RFC 9457 document
    /// that is not stored, says what is wrong, what was expected and how to mend it, and bears our
    /// request id; with an RFC 6750 challenge when the status is 401. Gives the document.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let told = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{code}: {told}");
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{told}"
        );
        assert_eq!(self.header("cache-control"), "no-store", "{told}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{told}");
        assert_eq!(problem["status"], status, "{told}");
        assert_eq!(
            problem["type"],
            format!("urn:mortise:problem:{code}"),
            "{told}"
        );
        for member in ["title", "detail", "expected", "remedy"] {
            let text = problem[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{member} is missing: {told}");
        }
        self.has_ids();
        assert_eq!(problem["explain"], self.header("x-request-id"), "{told}");
        let challenge = self.header("www-authenticate");
        // RFC 6750 §3.1: of what is malformed, credentials alone are challenged.
        let is_malformed = challenge.contains("error=\"invalid_request\"");
        assert_eq!(
            challenge.starts_with("Bearer") || challenge.starts_with("DPoP"),
            status == 401
                || ["insufficient_scope", "insufficient_details"].contains(&code)
                || (status == 400 && is_malformed)
        );
        problem
    }

    /// Asserts that the challenges are these, each with the URL of the metadata of the product with
    /// this base path at the end (RFC 9728 §5.1).
    #[track_caller]
    pub fn challenges(&self, expected: &[&str], metadata: &str) {
        let values = self.headers.get_all("www-authenticate").iter();
        let told: Vec<&str> = values.map(|value| value.to_str().unwrap_or("")).collect();
        let place = format!("resource_metadata=\"{metadata}\"");
        let expected: Vec<String> = expected
            .iter()
            .map(|bare| {
                let comma = if bare.contains(' ') { "," } else { "" };
                format!("{bare}{comma} {place}")
            })
            .collect();
        assert_eq!(told, expected);
    }

    /// The same, with a detail that says this.
    #[track_caller]
    pub fn refused_saying(&self, status: u16, code: &str, detail: &str) -> Value {
        let problem = self.refused(status, code);
        assert!(
            problem["detail"]
                .as_str()
                .unwrap_or_default()
                .contains(detail),
            "{problem}"
        );
        problem
    }

    /// Asserts that the answer bears a request id (UUIDv7) and an interaction id, each once.
    #[track_caller]
    pub fn has_ids(&self) {
        for name in ["x-request-id", "x-fapi-interaction-id"] {
            let count = self.headers.get_all(name).iter().count();
            assert_eq!(count, 1, "{name}: {:?} {:?}", self.status, self.headers);
        }
        let request = self.header("x-request-id");
        assert!(RequestId::parse(request).is_some(), "{request}");
        assert_eq!(request.as_bytes().get(14), Some(&b'7'), "{request}");
        let interaction = self.header("x-fapi-interaction-id");
        assert!(InteractionId::parse(interaction).is_some(), "{interaction}");
    }

    /// Asserts a 200 and gives its JSON.
    #[track_caller]
    pub fn ok(&self) -> Value {
        let told = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), 200, "{told}");
        self.json()
    }
}
