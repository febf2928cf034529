//! The steps of the endpoints, one file each. A step gives a proof that a later step demands; none
//! calls the next: the order stands in `endpoints.rs`.

pub(crate) mod binding;
pub(crate) mod client_authentication;
pub(crate) mod client_id;
pub(crate) mod client_keys;
pub(crate) mod dpop_jkt;
pub(crate) mod form;
pub(crate) mod grant_type;
pub(crate) mod jti;
pub(crate) mod method;
pub(crate) mod openid;
pub(crate) mod pkce;
pub(crate) mod proof;
pub(crate) mod redirect_uri;
pub(crate) mod request_object;
pub(crate) mod resource;
pub(crate) mod response;
pub(crate) mod returned;
pub(crate) mod scope;
pub(crate) mod shown;
pub(crate) mod standing;
