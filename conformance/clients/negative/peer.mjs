// oidc-provider, an authorization server that we did not write, set up as what we are: FAPI 2.0,
// private_key_jwt, DPoP, requests that are pushed. It listens on the loopback without TLS, so that
// its tokens are bound to keys alone.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'

import { Provider } from 'oidc-provider'

/** What its customers can be asked for. */
export const SCOPE = 'branches'
const CUSTOMER = 'customer'

/** A client as it registers one. */
const registered = ({ client_id, jwk, redirect_uri }) => ({
  client_id,
  redirect_uris: [redirect_uri],
  jwks: { keys: [jwk] },
  grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
  response_types: ['code'],
  scope: SCOPE,
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: 'ES256',
  id_token_signed_response_alg: 'ES256',
  request_object_signing_alg: 'ES256',
  dpop_bound_access_tokens: true,
})

// What it tells of, it tells of standing in a test.
Object.assign(console, { info() {}, warn() {} })

/**
 * Starts it with these clients. Gives its issuer; `approve(request_uri, client_id)`, which is what a
 * customer does on its pages: a code; and `close()`.
 */
export async function peer(clients) {
  const server = createServer()
  await new Promise((done) => { server.listen(0, '127.0.0.1', done) })
  const issuer = `http://127.0.0.1:${server.address().port}`
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signing = { ...privateKey.export({ format: 'jwk' }), kid: 'peer', alg: 'ES256', use: 'sig' }
  const provider = new Provider(issuer, {
    clients: clients.map(registered),
    jwks: { keys: [signing] },
    scopes: [SCOPE],
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: {
      clientAuthSigningAlgValues: ['ES256', 'PS256', 'EdDSA'],
      requestObjectSigningAlgValues: ['ES256', 'PS256', 'EdDSA'],
      dPoPSigningAlgValues: ['ES256', 'PS256', 'EdDSA'],
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: false,
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      fapi: { enabled: true, profile: '2.0' },
      introspection: { enabled: true },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      requestObjects: { enabled: true },
      revocation: { enabled: true },
    },
  })
  server.on('request', provider.callback())

  /** What its pages would do once the customer allowed it. */
  async function approve(request_uri, client_id) {
    const pushed = await provider.PushedAuthorizationRequest.find(request_uri.split(':').pop())
    const claims = JSON.parse(Buffer.from(pushed.request.split('.')[1], 'base64url'))
    const grant = new provider.Grant({ accountId: CUSTOMER, clientId: client_id })
    grant.addOIDCScope(claims.scope)
    const code = new provider.AuthorizationCode({
      accountId: CUSTOMER,
      client: await provider.Client.find(client_id),
      grantId: await grant.save(),
      codeChallenge: claims.code_challenge,
      codeChallengeMethod: claims.code_challenge_method,
      dpopJkt: pushed.dpopJkt,
      gty: 'authorization_code',
      redirectUri: claims.redirect_uri,
      scope: claims.scope,
      authTime: Math.floor(Date.now() / 1000),
    })
    return code.save()
  }
  return { issuer, approve, close: () => server.close() }
}
