// How an app that knows an API alone finds who issues its tokens (RFC 9728, RFC 8414).
import * as oauth from 'oauth4webapi'

import { demand } from './house.mjs'

/** From the API's URL to its authorization server's metadata. */
export async function metadata(house, at) {
  const options = { [oauth.customFetch]: house.browse }
  at('the metadata of the resource')
  const product = new URL(house.product)
  const found = await oauth.resourceDiscoveryRequest(product, options)
  const resource = await oauth.processResourceDiscoveryResponse(product, found)
  const [issuer] = resource.authorization_servers
  demand(issuer === house.issuer, `another issuer: ${issuer}`)
  demand(resource.scopes_supported.includes(house.scope), 'the scope is not among its scopes')
  at('the metadata of its issuer')
  const server = new URL(issuer)
  const answer = await oauth.discoveryRequest(server, { ...options, algorithm: 'oauth2' })
  const known = await oauth.processDiscoveryResponse(server, answer)
  demand(known.require_pushed_authorization_requests === true, 'requests need not be pushed')
  const algorithms = known.dpop_signing_alg_values_supported
  demand(algorithms?.includes('ES256'), `proofs are signed with: ${algorithms}`)
  demand(known.authorization_response_iss_parameter_supported === true, 'no iss is promised')
}
