// The table: what a client proves itself by, what its tokens are bound to, how its request is sent,
// and what it asks for. Every combination of these is led through the whole way of `way.mjs`; one
// more name in a column is one more half of the table.
import { X509Certificate } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'

import * as oc from 'openid-client'

/** How a client proves itself (CA-01); with the binding, the client's name in the house's file. */
const METHODS = {
  private_key_jwt: async (client) => oc.PrivateKeyJwt(await client.signing),
  tls_client_auth: async () => oc.TlsClientAuth(),
  self_signed_tls_client_auth: async () => oc.TlsClientAuth(),
}

/** What tokens are bound to: the scheme they are sent in, what goes with each request of a client
 * and with those of a thief, and whether the claims of an access token say so. */
const BINDINGS = {
  mtls: {
    scheme: 'bearer',
    proving: async () => ({}),
    isBound: (claims, client) => claims.cnf?.['x5t#S256'] === thumbprint(client.certificate),
  },
  dpop: {
    scheme: 'dpop',
    proving: async (config) => {
      const DPoP = oc.getDPoPHandle(config, await oc.randomDPoPKeyPair('ES256'))
      return { DPoP }
    },
    isBound: async (claims, client, { DPoP }) =>
      claims.cnf?.jkt === await DPoP.calculateThumbprint() && !('x5t#S256' in claims.cnf),
  },
}

/** Pushes the parameters as they are, or signed: the link for the browser. */
const push = (config, parameters, proof) =>
  oc.buildAuthorizationUrlWithPAR(config, parameters, proof)
const pushSigned = async (config, parameters, proof, client) => {
  const link = await oc.buildAuthorizationUrlWithJAR(config, parameters, await client.signing)
  return push(config, link.searchParams, proof)
}

/** How a request reaches the server, and its response the app: signed (JAR, JARM) or not. */
const REQUESTS = {
  plain: { push, isSignedBack: false },
  jar: { push: pushSigned, isSignedBack: false },
  jarm: { push, isSignedBack: true },
  'jar+jarm': { push: pushSigned, isSignedBack: true },
}

/** How old a log-in may be, in seconds. */
const MAX_AGE = 600

/** What is asked for: the parameters that say so, what of them the library is to hold against the
 * answer, and whether the answer gives just that. */
const ASKED = {
  scope: {
    parameters: (house) => ({ scope: house.scope }),
    isGiven: (tokens, house) => tokens.scope === house.scope && !tokens.authorization_details,
    resource: (house) => house.resource,
  },
  openid: {
    parameters: (house) => ({
      scope: `openid ${house.scope}`,
      nonce: oc.randomNonce(),
      max_age: String(MAX_AGE),
    }),
    checks: ({ nonce }) => ({ expectedNonce: nonce, maxAge: MAX_AGE, idTokenExpected: true }),
    isGiven: (tokens, house) => {
      const scopes = tokens.scope.split(' ').sort().join()
      return scopes === [house.scope, 'openid'].sort().join() && Boolean(tokens.claims()?.auth_time)
    },
    resource: (house) => house.resource,
  },
  details: {
    parameters: (house) => ({ authorization_details: JSON.stringify(house.details) }),
    isGiven: (tokens, house) => !tokens.scope && isDetailed(tokens, house),
  },
  both: {
    parameters: (house) => ({
      scope: house.scope,
      authorization_details: JSON.stringify(house.details),
    }),
    isGiven: (tokens, house) => tokens.scope === house.scope && isDetailed(tokens, house),
    resource: (house) => house.detailed,
  },
}

/** Whether an answer gives the details that were asked for (RFC 9396 §7). */
function isDetailed(tokens, house) {
  return isDeepStrictEqual(tokens.authorization_details, house.details)
}

/** The thumbprint of a certificate (RFC 8705 §3.1). */
function thumbprint(certificate) {
  const { fingerprint256 } = new X509Certificate(certificate)
  return Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
}

/** Every combination, with its name. */
export const COMBINATIONS = Object.entries(METHODS).flatMap(([method, authentication]) =>
  Object.entries(BINDINGS).flatMap(([binding, bound]) =>
    Object.entries(REQUESTS).flatMap(([request, { push, isSignedBack }]) =>
      Object.entries(ASKED).map(([asks, asked]) => ({
        name: `${method}, ${binding}, ${request}, ${asks}`,
        client: `${method}, ${binding}`,
        authentication, bound, push, isSignedBack, asked,
      })))))
