//! What went wrong inside. Never shown to a partner, who sees `internal` and the request id.

/// A fault with what was being done and, where there is one, its cause.
#[derive(Debug, thiserror::Error)]
#[error("{doing}")]
pub struct Fault {
    /// What was being done, as a clause: "reading the key ring".
    pub doing: String,
    /// What stopped it.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// A fault without a cause of its own.
    pub fn new(doing: impl Into<String>) -> Self {
        Self {
            doing: doing.into(),
            source: None,
        }
    }

    /// A fault with its cause.
    pub fn caused(
        doing: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            doing: doing.into(),
            source: Some(source.into()),
        }
    }
}
