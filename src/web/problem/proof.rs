//! A DPoP proof that is missing or not good, in words.

use model::ProofProblem;

/// What there is to be done about it.
enum Kind {
    Missing,
    Bad,
    Replayed,
    Nonce,
}

fn kind(problem: ProofProblem) -> Kind {
    match problem {
        ProofProblem::Missing => Kind::Missing,
        ProofProblem::Replayed => Kind::Replayed,
        ProofProblem::NonceNeeded | ProofProblem::NonceBad => Kind::Nonce,
        ProofProblem::Several
        | ProofProblem::Malformed
        | ProofProblem::Typ
        | ProofProblem::Algorithm
        | ProofProblem::Key
        | ProofProblem::Signature
        | ProofProblem::Claims
        | ProofProblem::Method
        | ProofProblem::Url
        | ProofProblem::AccessToken
        | ProofProblem::Time => Kind::Bad,
    }
}

pub(super) fn title(problem: ProofProblem) -> &'static str {
    match kind(problem) {
        Kind::Missing => "No DPoP proof",
        Kind::Bad => "Bad DPoP proof",
        Kind::Replayed => "DPoP proof used before",
        Kind::Nonce => "DPoP nonce needed",
    }
}

pub(super) fn detail(problem: ProofProblem) -> &'static str {
    match problem {
        ProofProblem::Missing => {
            "No DPoP proof came with the token, which is bound to a key or was sent as DPoP."
        }
        ProofProblem::Several => "The request has more than one DPoP header.",
        ProofProblem::Malformed => {
            "The proof is not a compact JWS of at most 8 KiB, or its header has a member that is \
             not accepted."
        }
        ProofProblem::Typ => "The proof's typ is not dpop+jwt.",
        ProofProblem::Algorithm => {
            "The proof is signed with an algorithm that is not accepted, or not that of its key."
        }
        ProofProblem::Key => "The proof's header has no jwk that is a usable public key.",
        ProofProblem::Signature => "The key in the proof's header did not make its signature.",
        ProofProblem::Claims => {
            "The proof lacks one of jti, htm, htu and iat, or one of them is malformed."
        }
        ProofProblem::Method => "The proof was made for another method (htm).",
        ProofProblem::Url => "The proof was made for another URL (htu).",
        ProofProblem::AccessToken => "The proof was not made for this access token (ath).",
        ProofProblem::Time => "The proof was made too long ago, or in the future (iat).",
        ProofProblem::Replayed => "The proof was used before: its jti is known.",
        ProofProblem::NonceNeeded => "The proof has no nonce, and needs one now.",
        ProofProblem::NonceBad => "The proof's nonce is not ours, or no longer good.",
    }
}

pub(super) fn expected(problem: ProofProblem) -> &'static str {
    match kind(problem) {
        Kind::Missing => "Authorization: DPoP <access token>, and one DPoP header.",
        Kind::Bad => "One proof as RFC 9449 §4.2, made now for this method, URL and token.",
        Kind::Replayed => "A new proof, with a jti of its own, for every request.",
        Kind::Nonce => "A new proof with the nonce of the header DPoP-Nonce.",
    }
}

pub(super) fn remedy(problem: ProofProblem) -> &'static str {
    match kind(problem) {
        Kind::Missing => "Make a proof with the token's key and send the token as DPoP.",
        Kind::Bad => "Mend the proof as the detail says.",
        Kind::Replayed => "Make a new proof for each request, for repeated ones too.",
        Kind::Nonce => "Repeat the request with a proof that has this nonce.",
    }
}
