//! Does the certificate match the token (RFC 8705 §3; checklist MT-07)?

use model::{PresentedChain, Refusal};

use crate::AccessToken;

/// Proof that the holder of a token's key showed it.
#[derive(Debug)]
pub struct Bound(());

/// Compares the shown certificate with the token's `cnf.x5t#S256`, in constant time. Without it a
/// stolen token would serve whoever stole it.
///
/// Errors: [`Refusal::WrongBinding`].
pub fn binding(token: &AccessToken, chain: &PresentedChain) -> Result<Bound, Refusal> {
    if crypto::equal(&token.confirmation, &chain.leaf_thumbprint) {
        Ok(Bound(()))
    } else {
        Err(Refusal::WrongBinding)
    }
}
