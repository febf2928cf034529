// The house that is called: connections to it, and the keys of its clients.
import { createPrivateKey, webcrypto } from 'node:crypto'

import { Agent, fetch } from 'undici'

/** A `fetch` that trusts the house's authority and shows this client's certificate, or none. */
export function fetchAs(house, client) {
  const { certificate: cert, key } = client ?? {}
  const dispatcher = new Agent({ connect: { ca: house.ca, cert, key } })
  return (url, options) => fetch(url, { ...options, dispatcher })
}

/** The key of a client that signs with ES256, as the library takes it. */
export async function keyPair(pem, kid) {
  const bytes = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const key = await webcrypto.subtle.importKey('pkcs8', bytes, algorithm, false, ['sign'])
  return { key, kid }
}

/** Fails with these words unless it holds. */
export function demand(holds, words) {
  if (!holds) throw new Error(words)
}
