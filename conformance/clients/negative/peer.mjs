// oidc-provider, an authorization server that we did not write, set up as what we are: FAPI 2.0,
// private_key_jwt, DPoP, requests that are pushed. It listens on the loopback without TLS, so that
// its tokens are bound to keys alone.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'

import { Provider } from 'oidc-provider'

/** What its customers can be asked for. */
export const SCOPE = 'branches'
const CUSTOMER = 'customer'
/** Where its pages stand. */
const PAGES = '/pages/'

/** A client as it registers one. */
const registered = ({ client_id, jwks, redirect_uri }) => ({
  client_id,
  redirect_uris: [redirect_uri],
  jwks,
  grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
  response_types: ['code'],
  scope: `openid ${SCOPE}`,
  token_endpoint_auth_method: 'private_key_jwt',
  id_token_signed_response_alg: 'ES256',
  dpop_bound_access_tokens: true,
})

// What it tells of, it tells of standing in a test.
Object.assign(console, { info() {}, warn() {} })

/** Starts it with these clients. Gives its issuer and `close()`. */
export async function peer(clients) {
  const server = createServer()
  await new Promise((done) => { server.listen(0, '127.0.0.1', done) })
  const issuer = `http://127.0.0.1:${server.address().port}`
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signing = { ...privateKey.export({ format: 'jwk' }), kid: 'peer', alg: 'ES256', use: 'sig' }
  const provider = new Provider(issuer, {
    clients: clients.map(registered),
    jwks: { keys: [signing] },
    scopes: ['openid', SCOPE],
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: {
      clientAuthSigningAlgValues: ['ES256', 'PS256', 'EdDSA'],
      requestObjectSigningAlgValues: ['ES256', 'PS256', 'EdDSA'],
      dPoPSigningAlgValues: ['ES256', 'PS256', 'EdDSA'],
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: false,
    interactions: { url: (_, { uid }) => `${PAGES}${uid}` },
    renderError(context, { error }) {
      context.type = 'html'
      context.body = `<code id="error">${error}</code>`
    },
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
  const answers = provider.callback()
  server.on('request', (request, response) => {
    const answer = request.url.startsWith(PAGES) ? page : answers
    answer(request, response)
  })

  /** Its pages: whoever comes is the customer, and allows what is asked. */
  async function page(request, response) {
    const { prompt, params } = await provider.interactionDetails(request, response)
    const result = prompt.name === 'login'
      ? { login: { accountId: CUSTOMER } }
      : { consent: { grantId: await granted(params) } }
    await provider.interactionFinished(request, response, result)
  }

  async function granted({ client_id, scope }) {
    const grant = new provider.Grant({ accountId: CUSTOMER, clientId: client_id })
    grant.addOIDCScope(scope)
    return grant.save()
  }
  return { issuer, close: () => server.close() }
}
