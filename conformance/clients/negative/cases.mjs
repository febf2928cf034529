// The negative cases that a client can bring about (conformance/requirements/negative.toml): what
// is asked, and what we answer.
import { KeyObject, createHmac, createPublicKey, sign } from 'node:crypto'

import * as jose from 'jose'

import { keys, unsigned, wordForWord } from './server.mjs'

const now = () => Math.floor(Date.now() / 1000)
const set = (name, value) => ({ form: (form) => form.set(name, value) })
const drop = (name) => ({ form: (form) => form.delete(name) })
const twice = (name) => ({ form: (form) => form.append(name, form.get(name)) })
const claim = (name, value) => ({ assertion: (_, claims) => { claims[name] = value } })
const header = (name, value) => ({ assertion: (head) => { head[name] = value } })
const proven = (name, value) => ({ proof: (_, claims) => { claims[name] = value } })
const proofHeader = (name, value) => ({ proof: (head) => { head[name] = value } })

const REQUEST = '400 invalid_request'
const CLIENT = '401 invalid_client'
const GRANT = '400 invalid_grant'
const PROOF = '400 invalid_dpop_proof'
const OBJECT = '400 invalid_request_object'
const TOKEN = '401 invalid_token'

const pushed = (id, what, change, ours) => ({ id, what, ours, run: (server) => server.push(change) })
const own = (id, what, change, ours) => ({ id, what, ours, run: (server) => server.own(change) })

/** A code of an honest request, redeemed with these changes. */
const redeemed = (id, what, change, ours, options) => ({
  id, what, ours,
  run: async (server) => server.redeem(await server.code(), change, options?.(server)),
})

/** A pushed request whose parameters stand in a request object, which this changes. */
const object = (id, what, change, ours) => ({
  id, what, ours,
  run: async (server) => {
    const [client] = server.clients
    let text
    const answer = await server.push({
      form: (form) => {
        const outside = ['client_assertion', 'client_assertion_type', 'client_id']
        const inside = [...form].filter(([name]) => !outside.includes(name))
        inside.forEach(([name]) => form.delete(name))
        form.set('request', text)
      },
      assertionBy: async (head, claims, key) => {
        text = await requestObject(server, client, change)
        return new jose.SignJWT(claims).setProtectedHeader(head).sign(key)
      },
    })
    return answer
  },
})

async function requestObject(server, client, { head = {}, claims = {}, by } = {}) {
  const header = { alg: 'ES256', kid: client.kid, typ: 'oauth-authz-req+jwt', ...head }
  const all = {
    iss: client.client_id, client_id: client.client_id, aud: server.metadata.issuer,
    nbf: now(), exp: now() + 300,
    response_type: 'code', redirect_uri: client.redirect_uri, scope: server.scope,
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256',
    ...claims,
  }
  if (by) return by(header, all, client.key, client)
  // What is undefined is left out.
  const claimed = JSON.parse(JSON.stringify(all))
  return new jose.SignJWT(claimed).setProtectedHeader(header).sign(client.key)
}

/** A signature by a key that is not the client's. */
async function byAnother(head, claims) {
  const { privateKey } = await keys()
  return new jose.SignJWT(claims).setProtectedHeader(head).sign(privateKey)
}

const byNone = (head, claims) => unsigned({ ...head, alg: 'none' }, claims)

/** HS256 with a public key, written like this, as its secret. */
const byMac = (written) => (head, claims, key) => {
  const secret = written(key && createPublicKey(KeyObject.from(key)))
  const text = unsigned({ ...head, alg: 'HS256' }, claims).slice(0, -1)
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** How everybody knows a public key. */
const WRITTEN = {
  'PEM': (key) => key.export({ type: 'spki', format: 'pem' }),
  'DER': (key) => key.export({ type: 'spki', format: 'der' }),
  'JWK': (key) => JSON.stringify(key.export({ format: 'jwk' })),
}

/** With the client's registered key of RSA, by this algorithm. */
const byRsa = (alg) => async (head, claims, _, { rsa }) => {
  const key = await jose.importPKCS8(rsa.pem, alg)
  const header = { ...head, alg, kid: rsa.kid }
  return new jose.SignJWT(claims).setProtectedHeader(header).sign(key)
}

/** With a key that its header brings. */
async function byItsOwn(head, claims, _, __, alg = 'ES256') {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg)
  const header = { ...head, alg, jwk: await jose.exportJWK(publicKey) }
  return new jose.SignJWT(claims).setProtectedHeader(header).sign(privateKey)
}

/** A header with these members too, and a signature that holds. */
const byKeyWith = (more) => (head, claims, key) => wordForWord({ ...head, ...more }, claims, key)

/** The signature that other formats than JWS have. */
function byDer(head, claims, key) {
  const text = unsigned(head, claims).slice(0, -1)
  const signature = sign('sha256', Buffer.from(text), KeyObject.from(key))
  return `${text}.${signature.toString('base64url')}`
}

const byZeros = (head, claims) => unsigned(head, claims, Buffer.alloc(64).toString('base64url'))

/** What is sent while its client's proofs are made by another key. */
async function byAnotherKey(server, ask) {
  const [client] = server.clients
  const before = client.proof
  client.proof = await keys()
  const answer = await ask()
  client.proof = before
  return answer
}

/** An access token, shown at the userinfo endpoint with these changes. */
const shown = (id, what, change, ours) => ({
  id, what, ours,
  run: async (server) => {
    const token = await server.access()
    return server.userinfo(token, change(token))
  },
})

/** The claims of an access token, made into another by somebody else; one that is no JWT has none. */
const forged = (what, make) => ({
  id: 'OA-84', what, ours: TOKEN,
  run: async (server) => {
    const token = await server.access()
    const [head, claims] = token.split('.').map((part) => Buffer.from(part, 'base64url'))
    const is = claims !== undefined
    const { keys: [key] } = await server.keys()
    const header = is ? JSON.parse(head) : { alg: key.alg, kid: key.kid, typ: 'at+jwt' }
    return server.userinfo(await make(header, is ? JSON.parse(claims) : {}, key))
  },
})

/** All cases, in their order. */
export const CASES = [
  { id: 'OA-01', what: 'a request that was not pushed', ours: '400 invalid_request',
    run: (server) => {
      const [{ client_id, redirect_uri }] = server.clients
      const plain = { client_id, redirect_uri, response_type: 'code', scope: server.scope }
      return server.open(server.link(plain))
    } },
  pushed('OA-03', 'pushed by PUT',
    { sent: (init) => { init.method = 'PUT' } }, '405 invalid_request'),
  pushed('OA-04', 'request_uri beside it', set('request_uri', 'urn:example:1'), REQUEST),
  { id: 'OA-06', what: 'a reference that was used', ours: '400 invalid_request_uri',
    run: async (server) => {
      const [{ client_id }] = server.clients
      const request_uri = await server.reference()
      await server.approved(request_uri)
      return server.open(server.link({ client_id, request_uri }))
    } },
  { id: 'OA-07', what: 'a reference that was looked at before', ours: 'a code',
    run: async (server) => {
      const [{ client_id }] = server.clients
      const request_uri = await server.reference()
      await server.open(server.link({ client_id, request_uri }))
      const code = await server.approved(request_uri)
      return { said: code ? 'a code' : 'no code' }
    } },
  { id: 'OA-09', what: "another client's reference", ours: '400 invalid_request_uri',
    run: async (server) => {
      const request_uri = await server.reference()
      const [, { client_id }] = server.clients
      return server.open(server.link({ client_id, request_uri }))
    } },
  { id: 'OA-10', what: 'a reference to be fetched', ours: '400 invalid_request_uri',
    run: (server) => {
      const [{ client_id }] = server.clients
      return server.open(server.link({ client_id, request_uri: 'https://127.0.0.1:9/request' }))
    } },
  pushed('OA-12', 'plain', set('code_challenge_method', 'plain'), REQUEST),
  pushed('OA-12', 'no method', drop('code_challenge_method'), REQUEST),
  redeemed('OA-13', 'no verifier', drop('code_verifier'), GRANT),
  redeemed('OA-16', '42 characters', set('code_verifier', 'v'.repeat(42)), GRANT),
  redeemed('OA-16', '129 characters', set('code_verifier', 'v'.repeat(129)), GRANT),
  ...['code id_token', 'token'].map((type) =>
    pushed('OA-18', type, set('response_type', type), '400 unsupported_response_type')),
  { id: 'OA-19', what: 'password', ours: '400 unsupported_grant_type',
    run: (server) => server.token('password', { username: 'a', password: 'b' }) },
  ...['/../x', '?x=1', '#f', '/', '%2e', '.evil.example'].map((more) =>
    pushed('OA-21', `the redirect_uri and ${more}`,
      { form: (form) => form.set('redirect_uri', form.get('redirect_uri') + more) }, REQUEST)),
  pushed('OA-22', 'redirect_uri by http', {
    form: (form) => form.set('redirect_uri', form.get('redirect_uri').replace('https', 'http')),
  }, REQUEST),
  { id: 'OA-30', what: 'a code again', ours: GRANT,
    run: async (server) => {
      const code = await server.code()
      const first = await server.redeem(code)
      if (first.status !== 200) return first
      return server.redeem(code)
    } },
  redeemed('OA-33', "another client's code", {}, GRANT, ({ clients }) => ({ client: clients[1] })),
  redeemed('OA-34', 'another redirect_uri', set('redirect_uri', 'https://app.example/other'), GRANT),
  own('OA-36', "another's client_id", set('client_id', 'someone-else'), CLIENT),
  own('OA-37', 'no assertion', drop('client_assertion'), CLIENT),
  own('OA-39', 'nbf 62 s ahead', { assertion: (_, claims) => { claims.nbf = now() + 62 } }, CLIENT),
  { id: 'OA-40', what: 'nbf 8 s ahead', ours: '200',
    run: (server) => server.own({ assertion: (_, claims) => { claims.nbf = now() + 8 } }) },
  own('OA-42', 'for another server', claim('aud', 'https://other.example'), CLIENT),
  { id: 'OA-43', what: 'for the token URL', ours: CLIENT,
    run: (server) => server.own(claim('aud', server.metadata.token_endpoint)) },
  { id: 'OA-43', what: 'for an array of the issuer', ours: CLIENT,
    run: (server) => server.own(claim('aud', [server.metadata.issuer])) },
  { id: 'OA-43/par', what: 'for the URL that requests are pushed to', ours: CLIENT,
    run: (server) =>
      server.push(claim('aud', server.metadata.pushed_authorization_request_endpoint)) },
  { id: 'OA-45/key', what: 'by PS256 with a key of RSA', ours: '200',
    run: (server) => server.own({ assertionBy: byRsa('PS256') }) },
  own('OA-45', 'by RS256 with the same key', { assertionBy: byRsa('RS256') }, CLIENT),
  own('OA-45', 'by none', { assertionBy: byNone }, CLIENT),
  ...Object.entries(WRITTEN).map(([form, written]) =>
    own('OA-45', `by HS256 with the public key as ${form}`, { assertionBy: byMac(written) }, CLIENT)),
  own('OA-45', 'by ES256K', { assertionBy: byKeyWith({ alg: 'ES256K' }) }, CLIENT),
  own('OA-46', 'a proof as an assertion', header('typ', 'dpop+jwt'), CLIENT),
  own('OA-46', 'a request object as an assertion', header('typ', 'oauth-authz-req+jwt'), CLIENT),
  own('OA-48', 'jku', header('jku', 'https://127.0.0.1:9/keys'), CLIENT),
  own('OA-48', 'x5u', header('x5u', 'https://127.0.0.1:9/chain'), CLIENT),
  own('OA-48', 'x5c', header('x5c', ['MIIB']), CLIENT),
  own('OA-48', 'jwk, which made it', { assertionBy: byItsOwn }, CLIENT),
  own('OA-49', 'an unknown crit', { assertionBy: byKeyWith({ crit: ['x'], x: 1 }) }, CLIENT),
  own('OA-49', 'b64', { assertionBy: byKeyWith({ crit: ['b64'], b64: false }) }, CLIENT),
  own('OA-51', 'a signature of zeros', { assertionBy: byZeros }, CLIENT),
  own('OA-51', 'a signature in DER', { assertionBy: byDer }, CLIENT),
  object('OA-55', 'a request object by none', { by: byNone }, OBJECT),
  object('OA-57', "a request object by another's key", { by: byAnother }, OBJECT),
  object('OA-57/key', 'a request object by PS256 with a key of RSA', { by: byRsa('PS256') }, '201'),
  object('OA-57', 'a request object by RS256 with the same key', { by: byRsa('RS256') }, OBJECT),
  object('OA-57', 'a request object by HS256 with the public key', { by: byMac(WRITTEN.PEM) }, OBJECT),
  object('OA-58', 'a request object without exp', { claims: { exp: undefined } }, OBJECT),
  object('OA-58', 'a request object without nbf', { claims: { nbf: undefined } }, OBJECT),
  object('OA-60', 'a request object for another server',
    { claims: { aud: 'https://other.example' } }, OBJECT),
  object('OA-61', 'a request object that has expired',
    { claims: { nbf: now() - 600, exp: now() - 300 } }, OBJECT),
  own('OA-63', 'scope twice', twice('scope'), REQUEST),
  pushed('OA-63/others', 'state twice', twice('state'), REQUEST),
  pushed('OA-64', 'state of 1500 characters', set('state', 's'.repeat(1500)), '201'),
  pushed('OA-64/nonce', 'nonce of 384 characters', set('nonce', 'n'.repeat(384)), '201'),
  own('OA-66', 'a scope that nobody knows', set('scope', 'everything'), '400 invalid_scope'),
  { id: 'OA-66/refresh', what: 'more scope by refreshing', ours: '400 invalid_scope',
    run: async (server) => {
      const { json } = await server.redeem(await server.code())
      const more = { refresh_token: json.refresh_token, scope: `${server.scope} everything` }
      return server.token('refresh_token', more)
    } },
  own('OA-67/dpop', 'no proof', { sent: (init) => { delete init.headers.dpop } }, PROOF),
  { id: 'OA-69', what: "a code that is bound to another key", ours: GRANT,
    run: async (server) => {
      const code = await server.code({ proof() {} })
      return byAnotherKey(server, () => server.redeem(code))
    } },
  own('OA-70', 'a proof that is no JWT', { proofBy: () => 'no.jwt' }, PROOF),
  own('OA-70', 'a proof of another typ', proofHeader('typ', 'JWT'), PROOF),
  own('OA-70', 'a proof by none', { proofBy: byNone }, PROOF),
  ...Object.entries(WRITTEN).map(([form, written]) =>
    own('OA-70', `a proof by HS256 with its key as ${form}`, { proofBy: byMac(written) }, PROOF)),
  own('OA-70', 'a proof by RS256', {
    proofBy: (head, claims) => byItsOwn(head, claims, null, null, 'RS256'),
  }, PROOF),
  own('OA-72', 'a proof for GET', proven('htm', 'GET'), PROOF),
  own('OA-72', 'a proof for another URL', proven('htu', 'https://other.example/token'), PROOF),
  { id: 'OA-73', what: 'htu with a query', ours: '200',
    run: (server) => server.own({ proof: (_, claims) => { claims.htu += '?x=1' } }) },
  { id: 'OA-75', what: 'a proof 10 s old', ours: '200',
    run: (server) => server.own({ proof: (_, claims) => { claims.iat -= 10 } }) },
  { id: 'OA-76', what: 'a proof a second time', ours: PROOF,
    run: async (server) => {
      let kept
      const keep = { sent: (init) => { kept = init.headers.dpop } }
      const first = await server.own(keep)
      if (first.status !== 200) return first
      return server.own({ sent: (init) => { init.headers.dpop = kept } })
    } },
  shown('OA-78', "with a proof for another token", () => proven('ath', 'A'.repeat(43)),
    '401 invalid_dpop_proof'),
  { id: 'OA-78', what: 'with a proof by another key', ours: TOKEN,
    run: async (server) => {
      const token = await server.access()
      return byAnotherKey(server, () => server.userinfo(token))
    } },
  shown('OA-79', 'as Bearer', (token) => ({
    sent: (init) => { init.headers = { authorization: `Bearer ${token}` } },
  }), '401'),
  shown('OA-79', 'as Bearer with its proof', (token) => ({
    sent: (init) => { init.headers.authorization = `Bearer ${token}` },
  }), '401'),
  shown('OA-79', 'without a proof', () => ({
    sent: (init) => { delete init.headers.dpop },
  }), '401 invalid_dpop_proof'),
  shown('OA-84/genuine', 'as it was given', () => ({}), '200'),
  forged('by none', byNone),
  forged("by HS256 with the issuer's key", (head, claims, jwk) =>
    byMac(() => JSON.stringify(jwk))(head, claims, null)),
  forged('by a key that it brings', byItsOwn),
  { id: 'OA-85', what: 'once it was revoked', ours: TOKEN,
    run: async (server) => {
      const token = await server.access()
      const { status, said } = await server.revoke(token)
      return status === 200 ? server.userinfo(token) : { said: `not revoked: ${said}` }
    } },
  { id: 'OA-87', what: "another client's token, revoked", ours: REQUEST,
    run: async (server) => {
      const { json } = await server.redeem(await server.code())
      return server.revoke(json.refresh_token, {}, { client: server.clients[1] })
    } },
  { id: 'OA-88', what: "another client's refresh token", ours: GRANT,
    run: async (server) => {
      const { json } = await server.redeem(await server.code())
      const parameters = { refresh_token: json.refresh_token }
      return server.token('refresh_token', parameters, {}, { client: server.clients[1] })
    } },
]
