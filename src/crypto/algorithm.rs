//! The signature algorithms that are allowed.

use std::fmt;

/// A JWS algorithm of FAPI 2.0 §5.4 (C-01). There is no other: `none`, HS*, RS* and the rest have
/// no value here, so nothing inside can ask for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    Es256,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes (RFC 7518 §3.5).
    Ps256,
    /// Ed25519 (RFC 8037 §3.1), also under its newer name `Ed25519` (RFC 9864 §2.2).
    EdDsa,
}

/// The name is not that of an allowed algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the algorithm is not one of ES256, PS256, EdDSA")]
pub struct UnknownAlgorithm;

impl Algorithm {
    /// Reads an `alg` value: `ES256`, `PS256`, `EdDSA` or `Ed25519`, case-sensitive (RFC 7515
    /// §4.1.1).
    pub fn parse(name: &str) -> Result<Self, UnknownAlgorithm> {
        match name {
            "ES256" => Ok(Self::Es256),
            "PS256" => Ok(Self::Ps256),
            "EdDSA" | "Ed25519" => Ok(Self::EdDsa),
            _ => Err(UnknownAlgorithm),
        }
    }

    /// The `alg` value that we write.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_algorithms_and_their_names_are_known_and_no_other() {
        for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
            assert_eq!(Algorithm::parse(algorithm.as_str()), Ok(algorithm));
        }
        assert_eq!(Algorithm::parse("Ed25519"), Ok(Algorithm::EdDsa));
        for refused in [
            "none", "None", "", "HS256", "RS256", "ES256K", "PS384", "ES512", "es256", "Ed448",
        ] {
            assert_eq!(
                Algorithm::parse(refused),
                Err(UnknownAlgorithm),
                "{refused}"
            );
        }
    }
}
