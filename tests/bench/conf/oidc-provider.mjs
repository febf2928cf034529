// oidc-provider as a peer of the token endpoint: a certified authorization server on Node, with what
// Mortise does: private_key_jwt, mutual TLS, JWT access tokens (RFC 9068) that are bound to the
// certificate, refresh tokens. What it keeps, it keeps in memory; it keeps no audit log.
//
//   node oidc-provider.mjs SETTINGS.json
//
// Settings: { modules, port, issuer, resource, algorithm, key, certificate, ca, signing, clients,
// jwks, callback }: `modules` is where the package is; `signing` a JWK with its private part.
// `POST /lab/codes?count=N&client=ID&challenge=C` makes codes as if N customers had approved.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:https'
import { pathToFileURL } from 'node:url'

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const find = createRequire(pathToFileURL(`${settings.modules}/`))
const { Provider } = await import(pathToFileURL(find.resolve('oidc-provider')))

/** All that it keeps, by model and id: the package's own example forgets what is over a thousand. */
const kept = new Map()

class Memory {
  constructor(model) {
    this.key = (id) => `${model}:${id}`
  }

  async upsert(id, payload) {
    kept.set(this.key(id), payload)
  }

  async find(id) {
    return kept.get(this.key(id))
  }

  async consume(id) {
    kept.get(this.key(id)).consumed = Math.floor(Date.now() / 1000)
  }

  async destroy(id) {
    kept.delete(this.key(id))
  }

  async revokeByGrantId(grantId) {
    for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key)
  }
}

const SCOPE = 'accounts'
const client = (client_id) => ({
  client_id,
  jwks: settings.jwks,
  token_endpoint_auth_method: 'private_key_jwt',
  tls_client_certificate_bound_access_tokens: true,
  id_token_signed_response_alg: settings.algorithm,
  grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: [settings.callback],
})
const provider = new Provider(settings.issuer, {
  adapter: Memory,
  clients: settings.clients.map(client),
  jwks: { keys: [settings.signing] },
  scopes: [SCOPE],
  clientAuthMethods: ['private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'PS256'] },
  issueRefreshToken: () => true,
  rotateRefreshToken: false,
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      getCertificate: (ctx) => ctx.socket.getPeerX509Certificate(),
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => settings.resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: SCOPE,
        audience: settings.resource,
        accessTokenTTL: 300,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: settings.algorithm } },
      }),
    },
  },
})

/** A code for a grant of one customer. */
async function code(clientId, codeChallenge) {
  const found = await provider.Client.find(clientId)
  const accountId = 'customer'
  const grant = new provider.Grant({ accountId, clientId })
  grant.addResourceScope(settings.resource, SCOPE)
  const grantId = await grant.save()
  const made = new provider.AuthorizationCode({
    accountId, client: found, grantId, codeChallenge, codeChallengeMethod: 'S256',
    gty: 'authorization_code', redirectUri: settings.callback, resource: settings.resource,
    scope: SCOPE, authTime: Math.floor(Date.now() / 1000),
  })
  return made.save()
}

const answer = provider.callback()
const server = createServer({
  key: readFileSync(settings.key),
  cert: readFileSync(settings.certificate),
  ca: readFileSync(settings.ca),
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: 'TLSv1.3',
}, async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, settings.issuer)
  if (pathname !== '/lab/codes') return answer(request, response)
  const codes = []
  for (let left = Number(searchParams.get('count')); left > 0; left -= 1) {
    codes.push(await code(searchParams.get('client'), searchParams.get('challenge')))
  }
  return response.end(JSON.stringify(codes))
})
server.keepAliveTimeout = 60_000
server.listen(settings.port, '127.0.0.1')
