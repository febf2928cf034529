// Stands in for a bank's own OpenID provider: oidc-provider, which we did not write, with one
// account and a log-in of its own, over TLS on a free port of the loopback:
//
//   node conformance/clients/provider.mjs PROVIDER.json
//
// The file says who may come; its paths are relative to its folder:
//
//   { "certificate": FILE, "key": FILE, "client_id", "jwks": the client's public keys,
//     "redirect_uri": URL, "signs": PS256, ES256 or EdDSA, "account": its claims, "password": TEXT }
//
// Prints `listening at URL` once it does, and runs until it is ended.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { dirname, resolve } from 'node:path'

import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'

/** The longest form of the log-in that is read, in bytes. */
const FORM_BYTES_MAX = 4096

const path = process.argv[2]
const file = JSON.parse(readFileSync(path, 'utf8'))
const named = (name) => readFileSync(resolve(dirname(path), name))

/** A new private key for ID tokens. */
async function signingKey(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...await exportJWK(privateKey), alg, use: 'sig', kid: 'id-tokens' }
}

const key = await signingKey(file.signs)
const server = createServer({ cert: named(file.certificate), key: named(file.key) })
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `https://localhost:${server.address().port}`

const provider = new Provider(url, {
  clients: [{
    client_id: file.client_id,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: file.jwks,
    redirect_uris: [file.redirect_uri],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    id_token_signed_response_alg: file.signs,
  }],
  jwks: { keys: [key] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  claims: { openid: ['sub'], profile: ['preferred_username', 'name'] },
  enabledJWA: { idTokenSigningAlgValues: [file.signs], clientAuthSigningAlgValues: ['ES256'] },
  features: { devInteractions: { enabled: false }, claimsParameter: { enabled: true } },
  acrValues: [file.account.acr],
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  ttl: { AuthorizationCode: 60, Interaction: 600, Session: 600, Grant: 600, IdToken: 60 },
  findAccount: (_, accountId) => ({ accountId, claims: () => file.account }),
  // The gateway asks the customer what an app may have; between it and the bank nobody is asked.
  async loadExistingGrant({ oidc }) {
    const { clientId } = oidc.client
    const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session.accountId })
    grant.addOIDCScope('openid profile')
    grant.addOIDCClaims(['preferred_username'])
    await grant.save()
    return grant
  },
})

const page = (uid) => `<!doctype html><title>Log in</title>
<form method="post" action="/interaction/${uid}"><input name="username"><input name="password">
<button name="act" value="log-in">Log in</button><button name="act" value="cancel">Cancel</button>
</form>`

/** The form of a request. */
async function form(request) {
  let text = ''
  for await (const part of request.setEncoding('utf8')) {
    text += part
    if (text.length > FORM_BYTES_MAX) throw new Error('the form is too long')
  }
  return new URLSearchParams(text)
}

/** The log-in: its page, and what becomes of it. */
async function interact(request, response) {
  const { uid } = await provider.interactionDetails(request, response)
  const html = { 'content-type': 'text/html; charset=utf-8' }
  if (request.method !== 'POST') return response.writeHead(200, html).end(page(uid))
  const said = await form(request)
  if (said.get('act') === 'cancel') {
    const cancelled = { error: 'access_denied', error_description: 'the customer cancelled' }
    return provider.interactionFinished(request, response, cancelled)
  }
  const { sub, preferred_username: name, acr } = file.account
  if (said.get('username') !== name || said.get('password') !== file.password) {
    return response.writeHead(403, html).end(page(uid))
  }
  const login = { accountId: sub, acr }
  return provider.interactionFinished(request, response, { login })
}

const answer = provider.callback()
server.on('request', (request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response)
  return interact(request, response).catch((error) => {
    console.error(error)
    response.writeHead(500).end()
  })
})
provider.on('server_error', (_, error) => console.error(error))
console.log(`listening at ${url}`)
