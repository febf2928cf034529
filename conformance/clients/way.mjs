// The way of an app and its customer: discover, push, log in and approve, redeem, call, refresh,
// revoke; and that of a customer who says no. The library checks what a client must: `iss` and
// `state` of the way back, the form of every answer. What we demand beside it stands in `demand`.
import * as oc from 'openid-client'

import { Browser } from './browser.mjs'
import { demand } from './house.mjs'

/** What a challenge says of a token that is not good here (RFC 6750 §3.1). */
const BAD = { code: 'invalid_token' }

/** The library at this house as the client of a combination. */
async function configured(house, { method, authentication }) {
  const client = house.clients[method]
  demand(client, `the house's file has no client for ${method}`)
  const config = await oc.discovery(
    new URL(house.issuer),
    client.client_id,
    { use_mtls_endpoint_aliases: true },
    await authentication(client),
    { algorithm: 'oauth2', [oc.customFetch]: client.fetch },
  )
  oc.enableNonRepudiationChecks(config)
  return { client, config }
}

/** Pushes a request and lets the customer answer it: the URL that came back, and what to hold
 * against it. */
async function asked(house, { asked, push }, config, buttons, at) {
  at('the pushed request')
  const pkceCodeVerifier = oc.randomPKCECodeVerifier()
  const expectedState = oc.randomState()
  const link = await push(config, {
    redirect_uri: house.redirect_uri,
    state: expectedState,
    code_challenge: await oc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...asked.parameters(house),
  })
  at('the pages')
  const back = await new Browser(house).follow(link, buttons)
  return { back, checks: { pkceCodeVerifier, expectedState } }
}

/** What an operation that must fail fails with. */
async function refusal(operation, words) {
  try {
    await operation
  } catch (error) {
    return error
  }
  throw new Error(words)
}

/** Demands that the server refused in this OAuth error's name. */
async function isRefused(operation, code) {
  const error = await refusal(operation, `not refused: ${code} expected`)
  if (error.error !== code) throw error
}

/** Calls the protected resource; its answer must be good. */
async function call(house, config, token) {
  const url = new URL(house.resource)
  const headers = new Headers({ 'x-fapi-interaction-id': crypto.randomUUID() })
  const answer = await oc.fetchProtectedResource(config, token, url, 'GET', undefined, headers)
  demand(answer.status === 200, `the resource answers ${answer.status}`)
  const echoed = answer.headers.get('x-fapi-interaction-id')
  demand(echoed === headers.get('x-fapi-interaction-id'), `another interaction id: ${echoed}`)
  await answer.json()
}

/** Demands that the road refuses a token, that its challenge gives this error or none, and that it
 * says where tokens come from (RFC 6750 §3, RFC 9728 §5.1). */
async function isTurnedAway(house, config, token, { code }) {
  const error = await refusal(call(house, config, token), 'the road takes the token')
  const bearer = Array.isArray(error.cause) && error.cause.find(({ scheme }) => scheme === 'bearer')
  if (error.status !== 401 || !bearer) throw error
  const { error: told, resource_metadata: metadata } = bearer.parameters
  demand(told === code, `the challenge says: ${told}`)
  const { origin, pathname } = new URL(house.product)
  const place = `${origin}/.well-known/oauth-protected-resource${pathname}`
  demand(metadata === place, `the challenge names: ${metadata}`)
}

/** The same client on other connections: with this `fetch`. */
function elsewhere(config, fetch) {
  const { client_id: client } = config.clientMetadata()
  const thief = new oc.Configuration(config.serverMetadata(), client, {}, oc.None())
  thief[oc.customFetch] = fetch
  return thief
}

/** The claims of an access token, unverified: no client need read them. */
function claims(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString('utf8'))
}

/** The customer allows it: the app gets in, stays in, and leaves. */
export async function allowed(house, combination, at) {
  at('discovery')
  const { client, config } = await configured(house, combination)
  const buttons = { atLogin: 'login', atApproval: 'allow' }
  const { back, checks } = await asked(house, combination, config, buttons, at)

  at('the code')
  const tokens = await oc.authorizationCodeGrant(config, back, checks)
  demand(combination.asked.isGiven(tokens, house), 'another access was given than asked for')
  demand(tokens.expires_in > 0, 'the access token has no end')
  demand(combination.isBound(claims(tokens.access_token), client), 'the token is not bound')
  at('the resource')
  await call(house, config, tokens.access_token)
  at('the resource with the token of another')
  const other = Object.values(house.clients).find((other) => other !== client)
  await isTurnedAway(house, elsewhere(config, other.fetch), tokens.access_token, BAD)
  // Without a certificate the token is not judged, and so nothing is said of it.
  await isTurnedAway(house, elsewhere(config, house.browse), tokens.access_token, {})

  at('the refresh')
  const fresh = await oc.refreshTokenGrant(config, tokens.refresh_token)
  demand(combination.asked.isGiven(fresh, house), 'another access was given than before')
  demand(fresh.access_token !== tokens.access_token, 'the same access token again')
  demand(combination.isBound(claims(fresh.access_token), client), 'the token is not bound')
  at('the resource after the refresh')
  await call(house, config, fresh.access_token)

  at('the revocation')
  await oc.tokenRevocation(config, tokens.refresh_token)
  at('a refresh after the revocation')
  await isRefused(oc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant')
  at('the resource after the revocation')
  await isTurnedAway(house, config, tokens.access_token, BAD)
  await isTurnedAway(house, config, fresh.access_token, BAD)
  at('a code once used')
  await isRefused(oc.authorizationCodeGrant(config, back, checks), 'invalid_grant')
}

/** The customer says no, at the log-in or at the approval: the app is told, and nothing more. */
export async function refused(house, combination, at) {
  at('discovery')
  const { config } = await configured(house, combination)
  for (const buttons of [{ atLogin: 'cancel' }, { atLogin: 'login', atApproval: 'refuse' }]) {
    const { back, checks } = await asked(house, combination, config, buttons, at)
    at('the way back without a code')
    await isRefused(oc.authorizationCodeGrant(config, back, checks), 'access_denied')
  }
}
