// An authorization server that is asked what no client should ask. `oauth4webapi` makes each
// request as a client should; what a case changes, it changes in the form, in what `jose` signs, or
// in what is sent.
import { createHash, randomBytes, webcrypto } from 'node:crypto'

import * as jose from 'jose'
import * as oauth from 'oauth4webapi'

import { Browser } from '../browser.mjs'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const random = () => randomBytes(32).toString('base64url')
const hash = (text) => createHash('sha256').update(text).digest('base64url')
const now = () => Math.floor(Date.now() / 1000)

/** A key pair of ES256. */
export async function keys() {
  return jose.generateKeyPair('ES256', { extractable: true })
}

/** A JWS of these claims. What `sign` is, if it is there, makes it. */
async function signed(header, claims, key, sign, client) {
  if (sign) return sign(header, claims, key, client)
  return new jose.SignJWT(claims).setProtectedHeader(header).sign(key)
}

/** A JWS whose signature somebody else fills in. */
export function unsigned(header, claims, signature = '') {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.${signature}`
}

/** A JWS whose signature of ES256 holds for header and claims, whatever the header says. */
export async function wordForWord(header, claims, key) {
  const text = unsigned(header, claims).slice(0, -1)
  const how = { name: 'ECDSA', hash: 'SHA-256' }
  const signature = await webcrypto.subtle.sign(how, key, Buffer.from(text))
  return `${text}.${Buffer.from(signature).toString('base64url')}`
}

/**
 * A server, and clients of it: `{ client_id, kid, key, rsa, redirect_uri }`, where `rsa` is another
 * key of the client's, as PEM, with its `kid`. `customer` is what a browser of a customer's is of.
 *
 * What a case may change, each by a function: `form(URLSearchParams)`; `assertion(header, claims)`
 * and `assertionBy(header, claims, key, client)`, which signs it; `proof(header, claims)` and
 * `proofBy(header, claims, key)`; `sent(init)`, the request as it leaves.
 */
export class Server {
  #fetch
  #nonce

  constructor({ metadata, clients, scope, fetch, customer }) {
    Object.assign(this, { metadata, clients, scope, customer })
    this.#fetch = fetch
  }

  /** Pushes a request; `verifier` is the code's. */
  async push(change = {}, { client = this.clients[0], verifier = random() } = {}) {
    const parameters = new URLSearchParams({
      response_type: 'code',
      redirect_uri: client.redirect_uri,
      scope: this.scope,
      state: random(),
      code_challenge: hash(verifier),
      code_challenge_method: 'S256',
    })
    return this.#ask('pushed_authorization_request_endpoint', client, change, (...rest) =>
      oauth.pushedAuthorizationRequest(...rest.slice(0, 3), parameters, rest[3]))
  }

  /** The reference of a pushed request. */
  async reference(change = {}, options = {}) {
    const { json, status, said } = await this.push(change, options)
    if (status !== 201) throw new Error(`not pushed: ${said}`)
    return json.request_uri
  }

  /** The link that leads a customer to the server with these parameters. */
  link(parameters) {
    const link = new URL(this.metadata.authorization_endpoint)
    link.search = new URLSearchParams(parameters)
    return link
  }

  /** What a browser that nobody has used is answered there. */
  async open(link) {
    return read(await this.#fetch(link, { redirect: 'manual' }))
  }

  /** A code that a customer gave for a pushed request. */
  async approved(request_uri, { client_id, redirect_uri } = this.clients[0]) {
    const browser = new Browser({ ...this.customer, redirect_uri })
    const link = this.link({ client_id, request_uri })
    const back = await browser.follow(link, { atLogin: 'login', atApproval: 'allow' })
    return back.searchParams.get('code')
  }

  /** The same of a request with these changes, with what redeems it. */
  async code(change = {}, { client = this.clients[0], verifier = random() } = {}) {
    const code = await this.approved(await this.reference(change, { client, verifier }), client)
    return { code, code_verifier: verifier, redirect_uri: client.redirect_uri }
  }

  /** An access token for what the server tells of a customer. */
  async access() {
    const scope = `openid ${this.scope}`
    const { json, said } = await this.redeem(
      await this.code({ form: (form) => form.set('scope', scope) }))
    if (!json.access_token) throw new Error(`no token: ${said}`)
    return json.access_token
  }

  /** The server's public keys. */
  async keys() {
    return (await read(await this.#fetch(this.metadata.jwks_uri))).json
  }

  /** Asks who the customer of this token is. */
  async userinfo(token, change = {}, { client = this.clients[0] } = {}) {
    return this.#twice(async () => {
      const send = async (url, init) => {
        const method = { htm: 'GET', ath: hash(token) }
        init.headers = { authorization: `DPoP ${token}` }
        init.headers.dpop = await this.#proof(url, client, change, method)
        return this.#sent(url, init, change)
      }
      const options = { [oauth.customFetch]: send, [oauth.allowInsecureRequests]: true }
      try {
        return await read(await oauth.userInfoRequest(
          this.metadata, { client_id: client.client_id }, token, options))
      } catch (error) {
        // The library throws what the server challenges.
        if (error.response) return read(error.response)
        throw error
      }
    })
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
  async #twice(ask) {
    const first = await ask()
    return first.error === 'use_dpop_nonce' ? ask() : first
  }

  async #ask(endpoint, client, change, request) {
    return this.#twice(() => this.#send(endpoint, client, change, request))
  }

  async #sent(url, init, change) {
    change.sent?.(init)
    const answer = await this.#fetch(url, init)
    this.#nonce = answer.headers.get('dpop-nonce') ?? this.#nonce
    return answer
  }

  async #send(endpoint, client, change, request) {
    const authentication = async (_, __, body) => {
      const header = { alg: 'ES256', kid: client.kid }
      const claims = {
        iss: client.client_id, sub: client.client_id, aud: this.metadata.issuer,
        jti: random(), iat: now(), exp: now() + 60,
      }
      change.assertion?.(header, claims)
      const assertion = await signed(header, claims, client.key, change.assertionBy, client)
      body.set('client_assertion_type', ASSERTION_TYPE)
      body.set('client_assertion', assertion)
      change.form?.(body)
    }
    const send = async (url, init) => {
      // Proofs are of tokens, and of requests that are to be bound to a key from the start.
      if (endpoint === 'token_endpoint' || change.proof || change.proofBy) {
        init.headers.dpop = await this.#proof(url, client, change)
      }
      return this.#sent(url, init, change)
    }
    const options = { [oauth.customFetch]: send, [oauth.allowInsecureRequests]: true }
    const known = { client_id: client.client_id }
    const answer = await request(this.metadata, known, authentication, options)
    return read(answer)
  }

  async #proof(url, client, change, more = {}) {
    const pair = client.proof ??= await keys()
    const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: await jose.exportJWK(pair.publicKey) }
    const claims = { jti: random(), htm: 'POST', htu: String(url), iat: now(), ...more }
    if (this.#nonce) claims.nonce = this.#nonce
    change.proof?.(header, claims)
    return signed(header, claims, pair.privateKey, change.proofBy)
  }
}

/** What an answer says, as `STATUS error`, and its JSON. */
async function read(answer) {
  const text = await answer.text()
  const json = text.startsWith('{') ? JSON.parse(text) : {}
  const error = json.error ?? challenged(answer) ?? led(answer) ?? shown(text)
  return { status: answer.status, error, json, said: `${answer.status} ${error ?? ''}`.trim() }
}

/** The error of a challenge, of the way back to an app, and of a page. */
const challenged = ({ headers }) =>
  /error="([^"]*)"/.exec(headers.get('www-authenticate') ?? '')?.[1]
const led = ({ headers }) =>
  new URL(headers.get('location') ?? '/', 'https://nowhere.example').searchParams.get('error')
const shown = (text) => /id="error">([^<]*)</.exec(text)?.[1]
