// Prints what the OpenID Foundation's conformance suite is to be told of a sandbox that runs with
// config/openid-suite.yaml, as the JSON that its form takes:
//
//   node conformance/suite/configuration.mjs READY.json PROFILE METHOD BINDING
//
// READY.json is what `mortise sandbox --ready-file READY.json` wrote; PROFILE is `security` or
// `message-signing`, METHOD `private_key_jwt` or `tls_client_auth`, BINDING `mtls` or `dpop`. It
// serves the suite's `simple` and its `rar` requests: with `rar` the suite asks for DETAILS too. The
// private keys of both clients are in it: it is for a sandbox alone. Exit code 2: something of this
// is not as said.
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What is asked for at an issuer, and the operation that it is asked for. */
export const PROFILES = {
  security: { scope: 'branches', path: '/branches/v1/branches' },
  'message-signing': { scope: 'catalogue', path: '/catalogue/v1/products' },
}
/** How a client proves itself, and how its id says so. */
export const METHODS = { private_key_jwt: 'jwt', tls_client_auth: 'tls' }
/** What its tokens are bound by. */
export const BINDINGS = ['mtls', 'dpop']
/** What is asked for in detail (RFC 9396): both issuers know the type. */
export const DETAILS = [{ type: 'branch_visit', branch: 'branch-shanghai-03', guests: 2 }]
/** The customer of the model bank who logs in. */
export const CUSTOMER = { user: 'li-lei', password: 'mortise-demo' }

/** A client's keys, private parts too, and its certificate. */
function client(folder, place, method, binding) {
  const file = (name) => readFileSync(join(folder, 'partners', `suite-${place}${name}`), 'utf8')
  const [published] = JSON.parse(file('.jwks.json')).keys
  const key = createPrivateKey(file('.signing.key')).export({ format: 'jwk' })
  return {
    client_id: `suite-${place}-${METHODS[method]}-${binding}`,
    jwks: { keys: [{ ...published, ...key }] },
    certificate: file('.pem'),
    key: file('.key'),
  }
}

/** What the names of the suite's modules begin with: both plans take theirs from one profile. */
const MODULE = 'fapi2-security-profile-final-'
/** The module in which the customer says no. */
const REFUSES = 'user-rejects-authentication'
/** The module that opens a reference twice, and gets through the second time. */
const OPENS_AGAIN = 'par-ensure-reused-request-uri-prior-to-auth-completion-succeeds'
/** The module that opens a reference again when it was used. */
const USES_AGAIN = 'par-attempt-reuse-request_uri'
/** Modules that end on our error page without a log-in, and with which error. */
const ERRORS = {
  'par-attempt-to-use-expired-request_uri': 'invalid_request_uri',
  'par-attempt-to-use-request_uri-for-different-client': 'invalid_request_uri',
  'ensure-unsigned-authorization-request-without-using-par-fails': 'invalid_request',
}
const CALLBACK = '/test/a/mortise/callback'

/**
 * What the suite's browser does on an issuer's pages, each by the ids of their elements: as
 * `browser` for every module, and as `override` for those that go another way.
 */
function browsers(issuer) {
  const match = `${issuer}/authorize*`
  const logIn = (...may) => ({
    task: 'Log in',
    match,
    commands: [
      ['text', 'id', 'username', CUSTOMER.user, ...may],
      ['text', 'id', 'password', CUSTOMER.password, ...may],
      ['click', 'id', 'login', ...may],
    ],
  })
  const decide = (act, ...may) => ({
    task: act, match, optional: may.length > 0, commands: [['click', 'id', act, ...may]],
  })
  // The page goes back by itself, at once: whoever wants to click may come too late.
  const back = {
    task: 'Go back',
    match: `${issuer}/done*`,
    optional: true,
    commands: [['wait', 'contains', CALLBACK, 10]],
  }
  const arrive = (optional) => ({
    task: 'Arrive',
    match: `*${CALLBACK}*`,
    optional,
    commands: [['wait', 'id', 'submission_complete', 10]],
  })
  const error = (code, placeholder, optional) => ({
    task: 'Error page', match, optional, commands: [['wait', 'id', 'error', 10, code, placeholder]],
  })
  const through = (act) => [logIn(), decide(act), back, arrive(false)]
  const page = (code) => [error(code, 'update-image-placeholder', false)]
  // Of a module that is not known here: through, or to the error page, whichever comes.
  const either = [
    logIn('optional'),
    decide('allow', 'optional'),
    back,
    error('id="error"', 'update-image-placeholder-optional', true),
    arrive(true),
  ]
  const visits = {
    [REFUSES]: [{ match, tasks: through('refuse') }],
    [OPENS_AGAIN]: [{ match, 'match-limit': 1, tasks: [] }, { match, tasks: through('allow') }],
    [USES_AGAIN]: [
      { match, 'match-limit': 1, tasks: through('allow') },
      { match, tasks: page('invalid_request_uri') },
    ],
  }
  for (const [module, code] of Object.entries(ERRORS)) {
    visits[module] = [{ match, tasks: page(code) }]
  }
  const override = Object.entries(visits).map(([module, browser]) => [MODULE + module, { browser }])
  return { browser: [{ match, tasks: either }], override: Object.fromEntries(override) }
}

/** What the suite is to be told, as an object. */
export function configuration([ready, profile, method, binding]) {
  const { scope, path } = PROFILES[profile] ?? fail(`no profile ${profile}`)
  if (!METHODS[method]) fail(`no method ${method}`)
  if (!BINDINGS.includes(binding)) fail(`no binding ${binding}`)
  const { api, issuer: base, config, authority } = JSON.parse(readFileSync(ready, 'utf8'))
  const issuer = `${base}/${profile}`
  const [one, two] = ['one', 'two'].map((place) => client(dirname(config), place, method, binding))
  const ca = readFileSync(authority, 'utf8')
  const told = ({ client_id, jwks }) => ({ client_id, jwks, scope: `openid ${scope}` })
  const shown = ({ certificate: cert, key }) => ({ cert, key, ca })
  return {
    alias: 'mortise',
    description: `Mortise, ${profile}: ${method}, ${binding}`,
    server: { discoveryUrl: `${issuer}/.well-known/openid-configuration` },
    client: told(one),
    client2: told(two),
    mtls: shown(one),
    mtls2: shown(two),
    resource: { resourceUrl: `${api}${path}`, richAuthorizationRequest: DETAILS },
    ...browsers(issuer),
  }
}

function fail(words) {
  throw new Error(words)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) try {
  console.log(JSON.stringify(configuration(process.argv.slice(2)), null, 2))
} catch (error) {
  console.error(`${error.message}\nusage: configuration.mjs READY.json PROFILE METHOD BINDING`)
  process.exit(2)
}
