// Where oidc-provider 9.13 answers a negative case otherwise than we do, and why. What is not
// listed here is answered alike; a line that is no longer true fails.

/** By id and what is asked: what it answers, and why we do not. */
export const DIFFERENCES = {
  'OA-03 pushed by PUT': ['404',
    'It has no such route; RFC 9110 has 405 for a method that a resource lacks.'],
  'OA-04 request_uri beside it': ['400 request_uri_not_supported',
    'RFC 9126 §2.1 refuses the parameter here without naming a code; the other is for authorization requests.'],
  'OA-16 42 characters': ['400 invalid_request',
    'It judges the form first. RFC 7636 §4.6 gives invalid_grant for a verifier that does not fit.'],
  'OA-16 129 characters': ['400 invalid_request',
    'It judges the form first. RFC 7636 §4.6 gives invalid_grant for a verifier that does not fit.'],
  'OA-18 code id_token': ['400 invalid_request',
    'It knows the type and refuses it to the client; we have no such type at all.'],
  "OA-36 another's client_id": ['400 invalid_request',
    'RFC 7521 §4.2 has the parameter name the client that proved itself: who it is, is what fails.'],
  'OA-37 no assertion': ['400 invalid_request',
    'RFC 6749 §5.2: no client authentication included is invalid_client.'],
  'OA-46 a proof as an assertion': ['200',
    'It looks at no typ of an assertion. We do, by RFC 8725 §3.11.'],
  'OA-46 a request object as an assertion': ['200',
    'It looks at no typ of an assertion. We do, by RFC 8725 §3.11.'],
  'OA-48 jku': ['200',
    'It passes the header over. We refuse it: nobody needs it, and someone may follow it.'],
  'OA-64/nonce nonce of 384 characters': ['400 invalid_request',
    'It takes a nonce with the scope openid alone. Without it there is no ID token to bear the nonce: we keep it, unused.'],
  'OA-66 a scope that nobody knows': ['200',
    'It gives a token without the scope. We refuse by RFC 6749 §5.2, so that nobody learns it later, on the road.'],
  'OA-67/dpop no proof': ['400 invalid_grant',
    'FAPI 2.0 names no code. We say what is missing: the proof.'],
  'OA-76 a proof a second time': ['400 invalid_grant',
    'RFC 9449 §5 has invalid_dpop_proof for a proof that is not good; a used one is not.'],
}
