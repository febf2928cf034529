// Asks a running house, and oidc-provider beside it, what no client should ask:
//
//   node conformance/clients/negative.mjs HOUSE.json
//
// The file is that of `run.mjs`; two of its clients take part, `negative` and `stranger`: both
// sign their assertions, and their tokens are bound to keys. `negative` has a key of RSA beside its
// own: `rsa_key` and `rsa_kid`. Prints a line for each case: `ok`,
// with what both answer and why they differ, or `FAILED`. Exit code: 0 all are ok, 1 some failed,
// 2 the file cannot be read.
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import * as jose from 'jose'
import * as oauth from 'oauth4webapi'

import { fetchAs } from './house.mjs'
import { CASES } from './negative/cases.mjs'
import { DIFFERENCES } from './negative/differences.mjs'
import { SCOPE, peer } from './negative/peer.mjs'
import { Server, keys } from './negative/server.mjs'

const discovery = { [oauth.allowInsecureRequests]: true }

/** What a server says of itself. */
async function metadata(issuer, algorithm, fetch) {
  const url = new URL(issuer)
  const options = { ...discovery, algorithm, [oauth.customFetch]: fetch }
  const answer = await oauth.discoveryRequest(url, options)
  return oauth.processDiscoveryResponse(url, answer)
}

/** The house of the file, as a server. */
async function ours(path) {
  const house = JSON.parse(readFileSync(path, 'utf8'))
  const named = (file) => readFileSync(resolve(dirname(path), file), 'utf8')
  house.ca = named(house.ca)
  house.browse = fetchAs(house)
  const client = async ({ client_id, kid, signing_key, rsa_key, rsa_kid, redirect_uri }) => ({
    client_id, kid, redirect_uri: redirect_uri ?? house.redirect_uri,
    key: await jose.importPKCS8(named(signing_key), 'ES256'),
    rsa: rsa_key && { pem: named(rsa_key), kid: rsa_kid },
  })
  const clients = [await client(house.clients.negative), await client(house.clients.stranger)]
  const known = await metadata(house.issuer, 'oauth2', house.browse)
  const told = { metadata: known, clients, scope: house.scope }
  return new Server({ ...told, fetch: house.browse, customer: house })
}

/** The same clients at oidc-provider, with keys of their own. */
async function theirs(clients) {
  const same = await Promise.all(clients.map(async ({ client_id, kid, rsa }) => {
    const { privateKey, publicKey } = await keys()
    const jwks = { keys: [{ ...await jose.exportJWK(publicKey), kid, alg: 'ES256', use: 'sig' }] }
    if (rsa) {
      const own = createPublicKey(rsa.pem).export({ format: 'jwk' })
      jwks.keys.push({ ...own, kid: rsa.kid, use: 'sig' })
    }
    const redirect_uri = `https://${client_id}.example/callback`
    return { client_id, kid, key: privateKey, rsa, jwks, redirect_uri }
  }))
  const { issuer, close } = await peer(same)
  const known = await metadata(issuer, 'oidc', fetch)
  const told = { metadata: known, clients: same, scope: SCOPE }
  return { server: new Server({ ...told, fetch, customer: { browse: fetch } }), close }
}

/** What a server answers to a case. */
async function said(server, run) {
  try {
    return (await run(server)).said
  } catch (error) {
    return `no answer: ${error.message}`.replaceAll(/\s+/g, ' ')
  }
}

/** Asks both; whether all is as it is written. */
async function passes(house, other, { id, what, run, ours: due }) {
  const name = `${id} ${what}`
  const [answer, its] = [await said(house, run), await said(other, run)]
  const [expected, why] = DIFFERENCES[name] ?? [due, '']
  const holds = answer === due && its === expected
  const told = its === answer ? answer : `${answer}; oidc-provider: ${its}`
  const wrong = [answer !== due && `not ${due}`, its !== expected && `not ${expected} there`]
  console.log(holds
    ? `ok ${name}: ${told}${why && `: ${why}`}`
    : `FAILED ${name}: ${told}: ${wrong.filter(Boolean).join(', ')}`)
  return holds
}

let house
try {
  house = await ours(process.argv[2])
} catch (error) {
  console.error(`the house's file cannot be read: ${error.message}`)
  process.exit(2)
}
const { server: other, close } = await theirs(house.clients)
let failed = 0
for (const row of CASES) {
  if (!await passes(house, other, row)) failed += 1
}
const names = new Set(CASES.map(({ id, what }) => `${id} ${what}`))
for (const name of Object.keys(DIFFERENCES).filter((name) => !names.has(name))) {
  console.log(`FAILED ${name}: a difference of no case`)
  failed += 1
}
close()
process.exit(failed ? 1 : 0)
