// Leads openid-client, a certified relying party of FAPI 2.0 that we did not write, through every
// combination of `combinations.mjs` at a running house:
//
//   node conformance/clients/run.mjs HOUSE.json
//
// The file says where the house is and who the clients are; its paths are relative to its folder:
//
//   { "issuer": URL, "ca": FILE, "resource": URL to call, "product": URL of its API,
//     "detailed": URL that demands the "details" too, a list of authorization details,
//     "scope": asked for, "alg": that the issuer signs with, "redirect_uri": URL,
//     "user": NAME, "password": TEXT,
//     "clients": { "METHOD, BINDING": { "client_id",
//                    "certificate": FILE and "key": FILE, where it shows one,
//                    "signing_key": FILE of a key for ES256, and its "kid" } } }
//
// Prints a line for each combination, `ok` or what failed at which step. Exit code: 0 all are ok,
// 1 some failed, 2 the file cannot be read.
import { readFileSync } from 'node:fs'
import { resolve, dirname } from 'node:path'

import { COMBINATIONS } from './combinations.mjs'
import { fetchAs, keyPair } from './house.mjs'
import { metadata } from './metadata.mjs'
import { allowed, refused } from './way.mjs'

/** The house as its file says, with what its paths name. */
function read(path) {
  const house = JSON.parse(readFileSync(path, 'utf8'))
  const named = (file) => readFileSync(resolve(dirname(path), file), 'utf8')
  house.ca = named(house.ca)
  house.browse = fetchAs(house)
  for (const client of Object.values(house.clients)) {
    if (client.certificate) {
      client.certificate = named(client.certificate)
      client.key = named(client.key)
    }
    client.signing = keyPair(named(client.signing_key), client.kid)
    client.fetch = fetchAs(house, client)
  }
  return house
}

/** What an error says, and those that caused it, on one line. */
function said(error) {
  const { code, status, error: told, error_description: description, cause } = error
  const parts = [error.message, code, status, told, description]
  const words = parts.filter((part) => part !== undefined && part !== '').join(' · ')
  const text = cause instanceof Error ? `${words} ← ${said(cause)}` : words
  return text.replaceAll(/\s+/g, ' ')
}

/** Runs one row; whether it is ok. */
async function passes(name, row) {
  let step = 'the beginning'
  try {
    await row((next) => { step = next })
    console.log(`ok ${name}`)
    return true
  } catch (error) {
    console.log(`FAILED ${name}: at ${step}: ${said(error)}`)
    return false
  }
}

let house
try {
  house = read(process.argv[2])
} catch (error) {
  console.error(`the house's file cannot be read: ${error.message}`)
  process.exit(2)
}
const rows = [['protected resource metadata', (at) => metadata(house, at)]]
for (const combination of COMBINATIONS) {
  rows.push([combination.name, async (at) => {
    await allowed(house, combination, at)
    await refused(house, combination, at)
  }])
}
let failed = 0
for (const [name, row] of rows) {
  if (!await passes(name, row)) failed += 1
}
process.exit(failed ? 1 : 0)
