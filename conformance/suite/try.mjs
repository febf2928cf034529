// Leads openid-client through a sandbox that runs with config/openid-suite.yaml, as each of its
// eight clients at each issuer, with nothing but what the suite is told, by a scope alone (the suite's
// `simple`) and with authorization details beside it (its `rar`):
//
//   node conformance/suite/try.mjs READY.json
//
// Prints a line for each, `ok` or what failed at which step. Exit code: 0 all are ok, 1 some failed.
import { createPrivateKey } from 'node:crypto'

import { COMBINATIONS } from '../clients/combinations.mjs'
import { fetchAs, keyPair } from '../clients/house.mjs'
import { allowed, refused } from '../clients/way.mjs'
import { BINDINGS, CUSTOMER, METHODS, PROFILES, configuration } from './configuration.mjs'

/** How requests are sent to an issuer, as the table of combinations says it. */
const SENT = { security: 'plain', 'message-signing': 'jar+jarm' }
/** Where customers come back to; openid-client takes none with a query. */
const CALLBACK = 'https://localhost.emobix.co.uk:8443/test/a/mortise/callback'
/** What the suite's requests ask for, as the table of combinations says it. */
const ASKED = { simple: 'scope', rar: 'both' }
const OTHER = { client: 'client2', client2: 'client' }
const SHOWN = { client: 'mtls', client2: 'mtls2' }

/** A client of a configuration, as the driver takes one. */
function client(told, name, house) {
  const [{ kid, ...jwk }] = told[name].jwks.keys
  const pem = createPrivateKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' })
  const { cert: certificate, key } = told[SHOWN[name]]
  const { client_id } = told[name]
  const fetch = fetchAs(house, { certificate, key })
  return { client_id, certificate, key, signing: keyPair(pem, kid), fetch }
}

/** The house as one client of a configuration sees it; the other is there to be a thief. */
function house(told, profile, name, variant) {
  const { resource: { resourceUrl: resource, richAuthorizationRequest: details } } = told
  const { server: { discoveryUrl } } = told
  const seen = {
    ...CUSTOMER,
    ca: told.mtls.ca,
    issuer: discoveryUrl.replace('/.well-known/openid-configuration', ''),
    resource,
    detailed: resource,
    details,
    product: resource.replace(/\/[^/]*$/, ''),
    scope: PROFILES[profile].scope,
    redirect_uri: CALLBACK,
  }
  seen.browse = fetchAs(seen)
  seen.clients = {
    [variant]: client(told, name, seen),
    thief: client(told, OTHER[name], seen),
  }
  return seen
}

let failed = 0
for (const profile of Object.keys(PROFILES)) {
  for (const method of Object.keys(METHODS)) {
    for (const binding of BINDINGS) {
      const told = configuration([process.argv[2], profile, method, binding])
      const variant = `${method}, ${binding}`
      for (const name of ['client', 'client2']) for (const [request, asks] of Object.entries(ASKED)) {
        const wanted = `${variant}, ${SENT[profile]}, ${asks}`
        const combination = COMBINATIONS.find((one) => one.name === wanted)
        let step = 'the beginning'
        const at = (next) => { step = next }
        const title = `${profile}: ${told[name].client_id}, ${request}`
        try {
          const seen = house(told, profile, name, variant)
          await allowed(seen, combination, at)
          await refused(seen, combination, at)
          console.log(`ok ${title}`)
        } catch (error) {
          failed += 1
          const { message, code, error: oauth, error_description: description } = error
          const said = [message, code, oauth, description].filter(Boolean).join(' · ')
          console.log(`FAILED ${title}: at ${step}: ${said}`)
        }
      }
    }
  }
}
process.exit(failed ? 1 : 0)
