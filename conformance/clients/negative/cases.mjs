// The negative cases that a client can bring about (conformance/requirements/negative.toml): what
// is asked, and what we answer.
import { createHmac } from 'node:crypto'

import * as jose from 'jose'

import { keys, unsigned } from './server.mjs'

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
  if (by) return by(header, all, server)
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

/** HS256 with what everybody knows of the client. */
function byMac(head, claims) {
  const text = unsigned({ ...head, alg: 'HS256' }, claims).slice(0, -1)
  return `${text}.${createHmac('sha256', 'public').update(text).digest('base64url')}`
}

async function byRs256(head, claims) {
  const { privateKey } = await jose.generateKeyPair('RS256')
  return new jose.SignJWT(claims).setProtectedHeader({ ...head, alg: 'RS256' }).sign(privateKey)
}

const byZeros = (head, claims) => unsigned(head, claims, Buffer.alloc(64).toString('base64url'))

/** All cases, in their order. */
export const CASES = [
  pushed('OA-03', 'pushed by PUT',
    { sent: (init) => { init.method = 'PUT' } }, '405 invalid_request'),
  pushed('OA-04', 'request_uri beside it', set('request_uri', 'urn:example:1'), REQUEST),
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
  own('OA-45', 'by RS256', { assertionBy: byRs256 }, CLIENT),
  own('OA-45', 'by none', { assertionBy: byNone }, CLIENT),
  own('OA-45', 'by HS256', { assertionBy: byMac }, CLIENT),
  own('OA-46', 'a proof as an assertion', header('typ', 'dpop+jwt'), CLIENT),
  own('OA-46', 'a request object as an assertion', header('typ', 'oauth-authz-req+jwt'), CLIENT),
  own('OA-48', 'jku', header('jku', 'https://127.0.0.1:9/keys'), CLIENT),
  own('OA-49', 'an unknown crit', {
    assertionBy: (head, claims) => unsigned({ ...head, crit: ['x'], x: 1 }, claims, 'AA'),
  }, CLIENT),
  own('OA-51', 'a signature of zeros', { assertionBy: byZeros }, CLIENT),
  object('OA-55', 'a request object by none', { by: byNone }, OBJECT),
  object('OA-57', "a request object by another's key", { by: byAnother }, OBJECT),
  object('OA-57', 'a request object by RS256', { by: byRs256 }, OBJECT),
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
      const [client] = server.clients
      const before = client.proof
      client.proof = await keys()
      const answer = await server.redeem(code)
      client.proof = before
      return answer
    } },
  own('OA-70', 'a proof that is no JWT', { proofBy: () => 'no.jwt' }, PROOF),
  own('OA-70', 'a proof of another typ', proofHeader('typ', 'JWT'), PROOF),
  own('OA-70', 'a proof by none', { proofBy: byNone }, PROOF),
  own('OA-70', 'a proof by HS256', { proofBy: byMac }, PROOF),
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
