// An authorization server that is asked what no client should ask. `oauth4webapi` makes each
// request as a client should; what a case changes, it changes in the form, in what `jose` signs, or
// in what is sent.
import { createHash, randomBytes } from 'node:crypto'

import * as jose from 'jose'
import * as oauth from 'oauth4webapi'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const random = () => randomBytes(32).toString('base64url')
const now = () => Math.floor(Date.now() / 1000)

/** A key pair of ES256. */
export async function keys() {
  return jose.generateKeyPair('ES256', { extractable: true })
}

/** A JWS of these claims. What `sign` is, if it is there, makes it from header and claims. */
async function signed(header, claims, key, sign) {
  if (sign) return sign(header, claims, key)
  return new jose.SignJWT(claims).setProtectedHeader(header).sign(key)
}

/** A JWS whose signature somebody else fills in. */
export function unsigned(header, claims, signature = '') {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.${signature}`
}

/**
 * A server, and clients of it: `{ client_id, kid, key, redirect_uri }`. `approve(url, client)` leads
 * a customer from a link to the code.
 *
 * What a case may change, each by a function: `form(URLSearchParams)`; `assertion(header, claims)`
 * and `assertionBy(header, claims, key)`, which signs it; `proof(header, claims)` and
 * `proofBy(header, claims, key)`; `sent(init)`, the request as it leaves.
 */
export class Server {
  #fetch
  #nonce

  constructor({ metadata, clients, scope, fetch, approve }) {
    Object.assign(this, { metadata, clients, scope, approve })
    this.#fetch = fetch
  }

  /** Pushes a request; `verifier` is the code's. */
  async push(change = {}, { client = this.clients[0], verifier = random() } = {}) {
    const parameters = new URLSearchParams({
      response_type: 'code',
      redirect_uri: client.redirect_uri,
      scope: this.scope,
      state: random(),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })
    return this.#ask('pushed_authorization_request_endpoint', client, change, (...rest) =>
      oauth.pushedAuthorizationRequest(...rest.slice(0, 3), parameters, rest[3]))
  }

  /** A code that a customer gave, with what redeems it. */
  async code(change = {}, { client = this.clients[0], verifier = random() } = {}) {
    const pushed = await this.push(change, { client, verifier })
    if (pushed.status !== 201) throw new Error(`not pushed: ${pushed.said}`)
    const code = await this.approve(pushed.json.request_uri, client)
    return { code, code_verifier: verifier, redirect_uri: client.redirect_uri }
  }

  /** Asks for tokens. */
  async token(grant, parameters = {}, change = {}, { client = this.clients[0] } = {}) {
    return this.#ask('token_endpoint', client, change, (...rest) =>
      oauth.genericTokenEndpointRequest(...rest.slice(0, 3), grant, parameters, rest[3]))
  }

  /** Redeems a code. */
  redeem(code, change, options) {
    return this.token('authorization_code', code, change, options)
  }

  /** Asks for the client's own access. */
  own(change, options) {
    return this.token('client_credentials', { scope: this.scope }, change, options)
  }

  /** Revokes a token. */
  async revoke(token, change = {}, { client = this.clients[0] } = {}) {
    return this.#ask('revocation_endpoint', client, change, (...rest) =>
      oauth.revocationRequest(...rest.slice(0, 3), token, rest[3]))
  }

  /** Asks about a token. */
  async introspect(token, change = {}, { client = this.clients[0] } = {}) {
    return this.#ask('introspection_endpoint', client, change, (...rest) =>
      oauth.introspectionRequest(...rest.slice(0, 3), token, rest[3]))
  }

  /** Asks once, and once more when a nonce is wanted. */
  async #ask(endpoint, client, change, request) {
    const first = await this.#send(endpoint, client, change, request)
    return first.error === 'use_dpop_nonce' ? this.#send(endpoint, client, change, request) : first
  }

  async #send(endpoint, client, change, request) {
    const authentication = async (_, __, body) => {
      const header = { alg: 'ES256', kid: client.kid }
      const claims = {
        iss: client.client_id, sub: client.client_id, aud: this.metadata.issuer,
        jti: random(), iat: now(), exp: now() + 60,
      }
      change.assertion?.(header, claims)
      const assertion = await signed(header, claims, client.key, change.assertionBy)
      body.set('client_assertion_type', ASSERTION_TYPE)
      body.set('client_assertion', assertion)
      change.form?.(body)
    }
    const send = async (url, init) => {
      // Proofs are of tokens, and of requests that are to be bound to a key from the start.
      if (endpoint === 'token_endpoint' || change.proof || change.proofBy) {
        init.headers.dpop = await this.#proof(url, client, change)
      }
      change.sent?.(init)
      const answer = await this.#fetch(url, init)
      this.#nonce = answer.headers.get('dpop-nonce') ?? this.#nonce
      return answer
    }
    const options = { [oauth.customFetch]: send, [oauth.allowInsecureRequests]: true }
    const known = { client_id: client.client_id }
    const answer = await request(this.metadata, known, authentication, options)
    return read(answer)
  }

  async #proof(url, client, change) {
    const pair = client.proof ??= await keys()
    const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: await jose.exportJWK(pair.publicKey) }
    const claims = { jti: random(), htm: 'POST', htu: String(url), iat: now() }
    if (this.#nonce) claims.nonce = this.#nonce
    change.proof?.(header, claims)
    return signed(header, claims, pair.privateKey, change.proofBy)
  }
}

/** What an answer says, as `STATUS error`, and its JSON. */
async function read(answer) {
  const text = await answer.text()
  const json = text.startsWith('{') ? JSON.parse(text) : {}
  const { error } = json
  return { status: answer.status, error, json, said: `${answer.status} ${error ?? ''}`.trim() }
}
