// The way of an app and its customer: discover, push, log in and approve, redeem, call, refresh,
// revoke; and that of a customer who says no. The library checks what a client must: `iss` and
// `state` of the way back, the form of every answer. What we demand beside it stands in `demand`.
import { isDeepStrictEqual } from 'node:util'

import * as oc from 'openid-client'

import { Browser } from './browser.mjs'
import { demand } from './house.mjs'

/** What a challenge says of a token that is not good here (RFC 6750 §3.1). */
const BAD = { code: 'invalid_token' }

/** The library at this house as the client of a combination, and what it proves with each request.
 * One that shows no certificate has no use for the endpoints where it would. */
async function configured(house, combination) {
  const { client: name, authentication, bound, isSignedBack } = combination
  const client = house.clients[name]
  demand(client, `the house's file has no client for ${name}`)
  const config = await oc.discovery(
    new URL(house.issuer),
    client.client_id,
    {
      use_mtls_endpoint_aliases: client.certificate !== undefined,
      introspection_signed_response_alg: house.alg,
    },
    await authentication(client),
    { algorithm: 'oauth2', [oc.customFetch]: client.fetch },
  )
  oc.enableNonRepudiationChecks(config)
  if (isSignedBack) oc.useJwtResponseMode(config)
  return { client, config, proof: await bound.proving(config) }
}

/** Pushes a request and lets the customer answer it: the URL that came back, and what to hold
 * against it. */
async function asked(house, combination, { client, config, proof }, buttons, at) {
  const { asked, push, isSignedBack } = combination
  at('the pushed request')
  const pkceCodeVerifier = oc.randomPKCECodeVerifier()
  const expectedState = oc.randomState()
  const parameters = asked.parameters(house)
  const link = await push(config, {
    redirect_uri: house.redirect_uri,
    state: expectedState,
    code_challenge: await oc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...parameters,
  }, proof, client)
  at('the pages')
  const back = await new Browser(house).follow(link, buttons)
  const names = [...back.searchParams.keys()]
  demand(names.includes('response') === isSignedBack, `what comes back: ${names}`)
  demand(!isSignedBack || names.length === 1, `beside the response: ${names}`)
  return { back, checks: { pkceCodeVerifier, expectedState, ...asked.checks?.(parameters) } }
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

/** Calls a protected resource; its answer must be good. */
async function call(house, { config, proof }, token, resource = house.resource) {
  const url = new URL(resource)
  const headers = new Headers({ 'x-fapi-interaction-id': crypto.randomUUID() })
  const called = oc.fetchProtectedResource(config, token, url, 'GET', undefined, headers, proof)
  const answer = await called
  demand(answer.status === 200, `the resource answers ${answer.status}`)
  const echoed = answer.headers.get('x-fapi-interaction-id')
  demand(echoed === headers.get('x-fapi-interaction-id'), `another interaction id: ${echoed}`)
  await answer.json()
}

/** Demands that a token opens what was asked for; details without a scope open nothing alone. */
async function opens(house, { asked }, app, token) {
  if (asked.resource) return call(house, app, token, asked.resource(house))
  const error = await refusal(call(house, app, token), 'the road takes it without a scope')
  if (error.status !== 403) throw error
}

/** Demands that the road refuses a token, that its challenge in this scheme gives this error or
 * none, and that it says where tokens come from (RFC 6750 §3, RFC 9449 §7.1, RFC 9728 §5.1). */
async function isTurnedAway(house, app, token, scheme, { code }) {
  const error = await refusal(call(house, app, token), 'the road takes the token')
  const its = (challenge) => challenge.scheme === scheme
  const challenge = Array.isArray(error.cause) && error.cause.find(its)
  if (error.status !== 401 || !challenge) throw error
  const { error: told, resource_metadata: metadata } = challenge.parameters
  demand(told === code, `the challenge says: ${told}`)
  const { origin, pathname } = new URL(house.product)
  const place = `${origin}/.well-known/oauth-protected-resource${pathname}`
  demand(metadata === place, `the challenge names: ${metadata}`)
}

/** Demands that a token of one's own is told as active with these claims, or as nothing: where
 * the profile has answers signed, the library verifies that (RFC 9701). */
async function isTold(config, token, expected) {
  const told = await oc.tokenIntrospection(config, token)
  demand(told.active === Boolean(expected), `the token is told as active: ${told.active}`)
  for (const [name, value] of Object.entries(expected ?? {})) {
    demand(isDeepStrictEqual(told[name], value), `another ${name} is told: ${told[name]}`)
  }
  if (!expected) demand(Object.keys(told).length === 1, 'more is told of it than that')
}

/** The same client on other connections: with this `fetch`. */
function elsewhere(config, fetch) {
  const { client_id: client } = config.clientMetadata()
  const thief = new oc.Configuration(config.serverMetadata(), client, {}, oc.None())
  thief[oc.customFetch] = fetch
  return thief
}

/** What others than the client do with its token, and what they are told. */
async function thieves(house, { client, config, proof }, { bound }) {
  if (proof.DPoP) {
    const another = { config, proof: await bound.proving(config) }
    // Without a certificate and without a proof the token is not judged: nothing is said of it.
    return [[another, BAD], [{ config, proof: {} }, client.certificate ? BAD : {}]]
  }
  const others = Object.values(house.clients)
  const other = others.find(({ certificate }) => certificate && certificate !== client.certificate)
  return [
    [{ config: elsewhere(config, other.fetch), proof }, BAD],
    [{ config: elsewhere(config, house.browse), proof }, {}],
  ]
}

/** The claims of an access token, unverified: no client need read them. */
function claims(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString('utf8'))
}

/** Where tokens are bound to keys: the code serves the key that pushed the request alone, and no
 * token comes without a proof (RFC 9449 §5, §10). */
async function isOfItsKey({ config, proof }, { bound }, { back, checks }) {
  if (!proof.DPoP) return
  const another = await bound.proving(config)
  const stolen = oc.authorizationCodeGrant(config, back, checks, undefined, another)
  await isRefused(stolen, 'invalid_grant')
  await isRefused(oc.authorizationCodeGrant(config, back, checks), 'invalid_dpop_proof')
}

/** The customer allows it: the app gets in, stays in, and leaves. */
export async function allowed(house, combination, at) {
  at('discovery')
  const app = await configured(house, combination)
  const { client, config, proof } = app
  const { bound } = combination
  const { scheme } = bound
  const buttons = { atLogin: 'login', atApproval: 'allow' }
  const { back, checks } = await asked(house, combination, app, buttons, at)

  at('the code with another key')
  await isOfItsKey(app, combination, { back, checks })
  at('the code')
  const tokens = await oc.authorizationCodeGrant(config, back, checks, undefined, proof)
  demand(combination.asked.isGiven(tokens, house), 'another access was given than asked for')
  demand(tokens.expires_in > 0, 'the access token has no end')
  demand(tokens.token_type === scheme, `the token is of the type ${tokens.token_type}`)
  const isBound = await bound.isBound(claims(tokens.access_token), client, proof)
  demand(isBound, 'the token is not bound')
  at('the resource')
  await opens(house, combination, app, tokens.access_token)
  const customer = tokens.claims()?.sub
  if (customer) {
    at('the userinfo endpoint')
    const told = await oc.fetchUserInfo(config, tokens.access_token, customer, proof)
    demand(Object.keys(told).join() === 'sub', `more is told than asked for: ${Object.keys(told)}`)
  }
  at('the resource with the token of another')
  for (const [thief, told] of await thieves(house, app, combination)) {
    await isTurnedAway(house, thief, tokens.access_token, scheme, told)
  }

  at('the introspection')
  const { sub, cnf, scope, authorization_details } = claims(tokens.access_token)
  const granted = { sub, scope, authorization_details, client_id: client.client_id }
  await isTold(config, tokens.access_token, { ...granted, cnf })
  await isTold(config, tokens.refresh_token, granted)

  at('the refresh')
  const fresh = await oc.refreshTokenGrant(config, tokens.refresh_token, undefined, proof)
  demand(combination.asked.isGiven(fresh, house), 'another access was given than before')
  demand(fresh.access_token !== tokens.access_token, 'the same access token again')
  const isStill = await bound.isBound(claims(fresh.access_token), client, proof)
  demand(isStill, 'the token is not bound')
  demand(fresh.claims()?.sub === customer, 'another customer than before')
  at('the resource after the refresh')
  await opens(house, combination, app, fresh.access_token)

  at('the revocation')
  await oc.tokenRevocation(config, tokens.refresh_token)
  at('the introspection after the revocation')
  await isTold(config, tokens.refresh_token)
  await isTold(config, fresh.access_token)
  at('a refresh after the revocation')
  const late = oc.refreshTokenGrant(config, tokens.refresh_token, undefined, proof)
  await isRefused(late, 'invalid_grant')
  at('the resource after the revocation')
  await isTurnedAway(house, app, tokens.access_token, scheme, BAD)
  await isTurnedAway(house, app, fresh.access_token, scheme, BAD)
  if (customer) {
    at('the userinfo endpoint after the revocation')
    const asks = oc.fetchUserInfo(config, tokens.access_token, customer, proof)
    const error = await refusal(asks, 'the userinfo endpoint takes the token')
    if (error.status !== 401) throw error
  }
  at('a code once used')
  const again = oc.authorizationCodeGrant(config, back, checks, undefined, proof)
  await isRefused(again, 'invalid_grant')
}

/** The customer says no, at the log-in or at the approval: the app is told, and nothing more. */
export async function refused(house, combination, at) {
  at('discovery')
  const app = await configured(house, combination)
  for (const buttons of [{ atLogin: 'cancel' }, { atLogin: 'login', atApproval: 'refuse' }]) {
    const { back, checks } = await asked(house, combination, app, buttons, at)
    at('the way back without a code')
    const redeemed = oc.authorizationCodeGrant(app.config, back, checks, undefined, app.proof)
    await isRefused(redeemed, 'access_denied')
  }
}
