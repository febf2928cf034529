//! The table: in which ways something can be used, and what becomes of it.

use super::Fate::{Ends, Is, Moot, Nothing, Serves, Spent};
use super::{Fate, Fates, Loot, Place, Way};

const BROWSERS: Fate = Moot("browsers have neither key nor certificate of a client's");
const NO_CLIENT: Fate = Is(401, "invalid_client");
/// What is bound to a certificate is asked for with one.
const NO_CERTIFICATE: Fate = Is(400, "invalid_request");
const NO_GRANT: Fate = Is(400, "invalid_grant");
/// The same on the road.
const UNSHOWN: Fate = Is(401, "no_certificate");
const NO_TOKEN: Fate = Is(401, "bad_token");
const NO_REQUEST: Fate = Is(400, "invalid_request_uri");
const NO_FORM: Fate = Is(403, "access_denied");
const NO_WAY: Fate = Is(400, "invalid_request");
const BAD_PROOF: Fate = Is(401, "bad_proof");
/// The same at the issuer.
const NO_PROOF: Fate = Is(400, "invalid_dpop_proof");
const WRONG_BINDING: Fate = Is(401, "wrong_binding");
const UNREAD: Fate = Nothing(200);
const OTHERS_TOKEN: Fate = Is(400, "invalid_request");

/// Of another's token nothing is told.
const TOLD: Fates = [
    UNREAD,
    UNREAD,
    Serves("the client's key is enough to ask about its token"),
    NO_CLIENT,
    UNREAD,
    Serves("its owner asks as often as it likes"),
];

/// A token is given up by its client.
const GIVEN_UP: Fates = [
    OTHERS_TOKEN,
    OTHERS_TOKEN,
    Serves("the client's key is enough to give up its token"),
    NO_CLIENT,
    UNREAD,
    Serves("its owner gives it up"),
];

/// A token of a certificate, shown with one or without.
const BEARER: Fates = [
    WRONG_BINDING,
    WRONG_BINDING,
    UNSHOWN,
    UNSHOWN,
    NO_TOKEN,
    Serves("a token serves its owner until it ends"),
];

/// The same, with a proof by whatever key.
const NO_KEYS: Fates = [
    WRONG_BINDING,
    WRONG_BINDING,
    WRONG_BINDING,
    WRONG_BINDING,
    NO_TOKEN,
    WRONG_BINDING,
];

/// A token of a key, without a proof.
const UNPROVEN: Fates = [
    Is(401, "no_proof"),
    Is(401, "no_proof"),
    UNSHOWN,
    UNSHOWN,
    NO_TOKEN,
    Is(401, "no_proof"),
];

/// The same with a proof, by another key but for the last.
const PROVEN: Fates = [
    WRONG_BINDING,
    WRONG_BINDING,
    WRONG_BINDING,
    WRONG_BINDING,
    NO_TOKEN,
    Serves("a token serves its owner until it ends, with a new proof each time"),
];

/// A proof, with another token, for something else than it was made for, and once more.
const ONCE: Fates = [
    BAD_PROOF,
    BAD_PROOF,
    BAD_PROOF,
    BAD_PROOF,
    NO_TOKEN,
    Is(401, "proof_replayed"),
];

/// All ways, in the order of the thieves: another partner, another client of the same, without the
/// certificate, a stranger, at another bank, twice.
pub(super) const WAYS: &[Way] = &[
    Way {
        place: Place::Road,
        into: "Bearer",
        foreign: [NO_TOKEN, NO_TOKEN, UNSHOWN, UNSHOWN, NO_TOKEN, NO_TOKEN],
    },
    Way {
        place: Place::Road,
        into: "DPoP",
        foreign: [NO_TOKEN; 6],
    },
    Way {
        place: Place::Road,
        into: "dpop",
        foreign: [
            BAD_PROOF, BAD_PROOF, BAD_PROOF, BAD_PROOF, NO_TOKEN, BAD_PROOF,
        ],
    },
    Way {
        place: Place::Token,
        into: "code",
        foreign: [
            NO_GRANT,
            NO_GRANT,
            NO_CERTIFICATE,
            NO_CLIENT,
            NO_GRANT,
            NO_GRANT,
        ],
    },
    Way {
        place: Place::Token,
        into: "refresh_token",
        foreign: [
            NO_GRANT,
            NO_GRANT,
            NO_CERTIFICATE,
            NO_CLIENT,
            NO_GRANT,
            NO_GRANT,
        ],
    },
    Way {
        place: Place::Token,
        into: "client_assertion",
        foreign: [NO_CLIENT; 6],
    },
    Way {
        place: Place::Token,
        into: "dpop",
        foreign: [NO_PROOF, NO_PROOF, NO_PROOF, NO_CLIENT, NO_PROOF, NO_PROOF],
    },
    Way {
        place: Place::Token,
        into: "authorization",
        foreign: [NO_CLIENT; 6],
    },
    Way {
        place: Place::Par,
        into: "request_uri",
        foreign: [NO_WAY, NO_WAY, NO_WAY, NO_CLIENT, NO_WAY, NO_WAY],
    },
    Way {
        place: Place::Par,
        into: "dpop",
        foreign: [NO_PROOF, NO_PROOF, NO_PROOF, NO_CLIENT, NO_PROOF, NO_PROOF],
    },
    Way {
        place: Place::Par,
        into: "client_assertion",
        foreign: [NO_CLIENT; 6],
    },
    Way {
        place: Place::Revoke,
        into: "token",
        foreign: [UNREAD, UNREAD, UNREAD, NO_CLIENT, UNREAD, UNREAD],
    },
    Way {
        place: Place::Revoke,
        into: "client_assertion",
        foreign: [NO_CLIENT; 6],
    },
    // An access token for APIs names no issuer as its audience.
    Way {
        place: Place::Userinfo,
        into: "Bearer",
        foreign: [NO_TOKEN, NO_TOKEN, UNSHOWN, UNSHOWN, NO_TOKEN, NO_TOKEN],
    },
    Way {
        place: Place::Userinfo,
        into: "DPoP",
        foreign: [NO_TOKEN; 6],
    },
    Way {
        place: Place::Userinfo,
        into: "dpop",
        foreign: [
            BAD_PROOF, BAD_PROOF, BAD_PROOF, BAD_PROOF, NO_TOKEN, BAD_PROOF,
        ],
    },
    Way {
        place: Place::Introspect,
        into: "token",
        foreign: [UNREAD, UNREAD, UNREAD, NO_CLIENT, UNREAD, UNREAD],
    },
    Way {
        place: Place::Introspect,
        into: "client_assertion",
        foreign: [NO_CLIENT; 6],
    },
    Way {
        place: Place::Authorize,
        into: "request_uri",
        foreign: [
            NO_REQUEST, NO_REQUEST, BROWSERS, NO_REQUEST, NO_REQUEST, NO_REQUEST,
        ],
    },
    Way {
        place: Place::Authorize,
        into: "session",
        foreign: [UNREAD, UNREAD, BROWSERS, UNREAD, BROWSERS, BROWSERS],
    },
    Way {
        place: Place::LogIn,
        into: "csrf",
        foreign: [NO_FORM, NO_FORM, BROWSERS, NO_FORM, NO_REQUEST, NO_FORM],
    },
    Way {
        place: Place::Approve,
        into: "csrf",
        foreign: [NO_FORM, NO_FORM, BROWSERS, NO_FORM, NO_REQUEST, NO_FORM],
    },
    Way {
        place: Place::Done,
        into: "to",
        foreign: [NO_WAY, NO_WAY, BROWSERS, NO_WAY, NO_WAY, NO_WAY],
    },
];

/// What something meets where it is what is asked for, or is known for what it is.
pub(super) const OWN: &[(Loot, Place, &str, Fates)] = &[
    (Loot::Token, Place::Road, "Bearer", BEARER),
    (Loot::Token, Place::Road, "DPoP", NO_KEYS),
    (Loot::OpenIdToken, Place::Road, "Bearer", BEARER),
    (Loot::OpenIdToken, Place::Road, "DPoP", NO_KEYS),
    (Loot::KeyToken, Place::Road, "Bearer", UNPROVEN),
    (Loot::KeyToken, Place::Road, "DPoP", PROVEN),
    (Loot::OpenIdKeyToken, Place::Road, "Bearer", UNPROVEN),
    (Loot::OpenIdKeyToken, Place::Road, "DPoP", PROVEN),
    (Loot::Proof, Place::Road, "dpop", ONCE),
    (Loot::OpenIdToken, Place::Userinfo, "Bearer", BEARER),
    (Loot::OpenIdToken, Place::Userinfo, "DPoP", NO_KEYS),
    (Loot::OpenIdKeyToken, Place::Userinfo, "Bearer", UNPROVEN),
    (Loot::OpenIdKeyToken, Place::Userinfo, "DPoP", PROVEN),
    (Loot::OpenIdProof, Place::Userinfo, "dpop", ONCE),
    // Its token names no issuer as its audience.
    (
        Loot::Proof,
        Place::Userinfo,
        "dpop",
        [BAD_PROOF, BAD_PROOF, NO_TOKEN, NO_TOKEN, NO_TOKEN, NO_TOKEN],
    ),
    (
        Loot::TokenProof,
        Place::Token,
        "dpop",
        [
            Serves("the token is bound to a key that its owner has alone, and to a certificate"),
            Serves("the token is bound to a key that its owner has alone, and to a certificate"),
            Spent(400, "invalid_request"),
            NO_CLIENT,
            NO_PROOF,
            NO_PROOF,
        ],
    ),
    (
        Loot::Code,
        Place::Token,
        "code",
        [
            NO_GRANT,
            NO_GRANT,
            NO_CERTIFICATE,
            NO_CLIENT,
            NO_GRANT,
            Ends(400, "invalid_grant"),
        ],
    ),
    (
        Loot::RefreshToken,
        Place::Token,
        "refresh_token",
        [
            NO_GRANT,
            NO_GRANT,
            NO_CERTIFICATE,
            NO_CLIENT,
            NO_GRANT,
            Serves("refresh tokens are not rotated (FAPI 2.0 §5.3.2.1)"),
        ],
    ),
    (
        Loot::Assertion,
        Place::Token,
        "client_assertion",
        [
            Spent(401, "invalid_client"),
            Serves("the token is bound to a certificate of the same partner's"),
            Spent(400, "invalid_request"),
            Spent(400, "invalid_request"),
            NO_CLIENT,
            NO_CLIENT,
        ],
    ),
    (
        Loot::Assertion,
        Place::Par,
        "client_assertion",
        [
            Spent(401, "invalid_client"),
            Serves("it pushes what only its client's own redirect URI is told the end of"),
            Serves("it pushes what only its client's own redirect URI is told the end of"),
            Serves("it pushes what only its client's own redirect URI is told the end of"),
            NO_CLIENT,
            NO_CLIENT,
        ],
    ),
    (
        Loot::Assertion,
        Place::Revoke,
        "client_assertion",
        [
            Spent(401, "invalid_client"),
            Serves("it gives up what whoever sends it must have, too"),
            Serves("it gives up what whoever sends it must have, too"),
            Serves("it gives up what whoever sends it must have, too"),
            NO_CLIENT,
            NO_CLIENT,
        ],
    ),
    (Loot::Token, Place::Revoke, "token", GIVEN_UP),
    (Loot::KeyToken, Place::Revoke, "token", GIVEN_UP),
    (Loot::OpenIdToken, Place::Revoke, "token", GIVEN_UP),
    (Loot::OpenIdKeyToken, Place::Revoke, "token", GIVEN_UP),
    (Loot::RefreshToken, Place::Revoke, "token", GIVEN_UP),
    (
        Loot::Assertion,
        Place::Introspect,
        "client_assertion",
        [
            Spent(401, "invalid_client"),
            Serves("it asks about what whoever sends it must have, too"),
            Serves("it asks about what whoever sends it must have, too"),
            Serves("it asks about what whoever sends it must have, too"),
            NO_CLIENT,
            NO_CLIENT,
        ],
    ),
    (Loot::Token, Place::Introspect, "token", TOLD),
    (Loot::KeyToken, Place::Introspect, "token", TOLD),
    (Loot::OpenIdToken, Place::Introspect, "token", TOLD),
    (Loot::OpenIdKeyToken, Place::Introspect, "token", TOLD),
    (Loot::RefreshToken, Place::Introspect, "token", TOLD),
    (
        Loot::RequestUri,
        Place::Authorize,
        "request_uri",
        [
            NO_REQUEST,
            NO_REQUEST,
            BROWSERS,
            Serves("whoever opens a link logs in as nobody but themselves"),
            NO_REQUEST,
            NO_REQUEST,
        ],
    ),
    (
        Loot::Session,
        Place::Authorize,
        "session",
        [
            Moot("a customer's session is not an app's"),
            Moot("a customer's session is not an app's"),
            BROWSERS,
            Serves("a browser is known by its cookie, which no script and no other host can read"),
            UNREAD,
            UNREAD,
        ],
    ),
    (
        Loot::LogInForm,
        Place::LogIn,
        "csrf",
        [
            NO_FORM,
            NO_FORM,
            BROWSERS,
            NO_FORM,
            NO_REQUEST,
            Serves("the same browser may log in again until the customer has decided"),
        ],
    ),
    (
        Loot::ApproveForm,
        Place::Approve,
        "csrf",
        [NO_FORM, NO_FORM, BROWSERS, NO_FORM, NO_REQUEST, NO_REQUEST],
    ),
    (
        Loot::ApproveForm,
        Place::LogIn,
        "csrf",
        [NO_FORM, NO_FORM, BROWSERS, NO_FORM, NO_REQUEST, NO_REQUEST],
    ),
    // Whoever has decided is logged out, and is asked to log in again.
    (
        Loot::Session,
        Place::Approve,
        "csrf",
        [
            NO_FORM,
            NO_FORM,
            BROWSERS,
            NO_FORM,
            NO_REQUEST,
            Nothing(303),
        ],
    ),
    (
        Loot::WayBack,
        Place::Approve,
        "csrf",
        [
            NO_FORM,
            NO_FORM,
            BROWSERS,
            NO_FORM,
            NO_REQUEST,
            Nothing(303),
        ],
    ),
    (
        Loot::WayBack,
        Place::Done,
        "to",
        [
            NO_WAY,
            NO_WAY,
            BROWSERS,
            NO_WAY,
            NO_WAY,
            Serves("the same browser may load its page again, for a minute"),
        ],
    ),
];
