//! Limits and clocks, in one place (checklist §1). What differs by profile stands in
//! `profile.rs` (L-06, L-07, L-14); proofs of possession have theirs where the road checks
//! them too (`identity`, L-05), keys where they are read (`crypto`, L-12).

/// How far clocks may differ, in seconds: how far ahead `iat` and `nbf` may lie (L-01), and how
/// long after `exp` something is still taken (L-02).
pub(crate) const LEEWAY_S: i64 = 10;

/// How far ahead the `exp` of a client's assertion may lie, in seconds (L-04).
pub(crate) const ASSERTION_AHEAD_S_MAX: i64 = 300;

/// How long a request object may live, and how long ago its life may have begun, in seconds (L-03).
pub(crate) const OBJECT_LIFE_S_MAX: i64 = 3_600;

/// The longest `jti`, in characters (L-04).
pub(crate) const JTI_CHARS_MAX: usize = 128;

/// What codes, references and refresh tokens are drawn from, in bytes: 256 bits (L-06, L-07, L-08).
pub(crate) const SECRET_BYTES: usize = 32;

/// The longest `state`, in characters (L-09).
pub(crate) const STATE_CHARS_MAX: usize = 2048;

/// The longest `nonce`, in characters (L-10): never cut, too long is refused.
pub(crate) const NONCE_CHARS_MAX: usize = 512;

/// The longest form, in bytes (L-11).
pub(crate) const FORM_BYTES_MAX: usize = 64 * 1024;

/// The longest request object, in bytes (L-11).
pub(crate) const OBJECT_BYTES_MAX: usize = 32 * 1024;

/// The longest authorization request that is kept, in bytes, as it is checked and as it came: below
/// what a store takes.
pub(crate) const REQUEST_BYTES_MAX: usize = 60 * 1024;

/// The longest client assertion, in bytes (L-11).
pub(crate) const ASSERTION_BYTES_MAX: usize = 8 * 1024;

/// The longest redirect URI that is read, in bytes (L-11).
pub(crate) const REDIRECT_URI_BYTES_MAX: usize = 2048;

/// The longest `claims`, in bytes (L-11).
pub(crate) const CLAIMS_BYTES_MAX: usize = 8 * 1024;

/// The longest `authorization_details`, in bytes, and the most of them (L-11).
pub(crate) const DETAILS_BYTES_MAX: usize = 16 * 1024;
pub(crate) const DETAILS_MAX: usize = 20;

/// How deep objects and arrays may stand in one another, the array of details included (L-11).
pub(crate) const DETAILS_DEPTH_MAX: usize = 8;

/// The longest scope and details, in bytes, as a token says them together. With all else that it
/// says it is then no longer than [`TOKEN_BYTES_MAX`].
pub(crate) const CARRIED_BYTES_MAX: usize = DETAILS_BYTES_MAX;

/// The longest token of ours, in bytes: the road reads no longer one.
pub(crate) use identity::TOKEN_BYTES_MAX;

/// The longest key set that is fetched, in bytes (L-11).
pub(crate) const SET_BYTES_MAX: usize = 32 * 1024;
