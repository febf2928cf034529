// Every other ending: what people see who refuse, take too long, guess, or come by a broken link.
import { disconnected } from './dashboard.mjs'
import { allow, connect, logIn } from './way.mjs'

/** A code that the bank never sends: it has as many digits. */
const WRONG_CODE = '000000'
/** Longer than a request waits for its answer, in minutes. */
const TOO_LONG = 50

/** From the app to the page on which a customer decides. */
async function review(visitor) {
  await visitor.go(visitor.sandbox.app(visitor.kind.app))
  await connect(visitor)
  await logIn(visitor)
  await visitor.page.locator('#approve-form').waitFor()
}

/** Presses what ends the visit; the app says that it got nothing. */
async function ends(visitor, selector, ending) {
  const { sandbox, kind } = visitor
  await visitor.pressed(selector, { before: sandbox.app(kind.app) })
  await visitor.sees('#return', `bank/${ending}`)
  await visitor.press('#return')
  await visitor.page.locator('#notice').waitFor()
}

async function cancelled(visitor) {
  await visitor.go(visitor.sandbox.app(visitor.kind.app))
  await connect(visitor)
  await ends(visitor, '#cancel', 'cancelled')
  await visitor.sees('#notice', 'app/front/declined')
}

/** A name that is nobody's is locked as anybody's is. */
async function locked(visitor) {
  await visitor.go(visitor.sandbox.app(visitor.kind.app))
  await connect(visitor)
  const name = `guess-${visitor.name}`
  await logIn(visitor, name, 'guess')
  await visitor.sees('#notice', 'bank/log-in-again', { status: 403 })
  for (let guess = 0; guess < 4; guess += 1) {
    await visitor.page.locator('#notice').waitFor()
    await logIn(visitor, name, `guess ${guess}`)
  }
  await visitor.sees('#notice', 'bank/log-in-again/locked', { status: 403 })
}

/** A customer refuses; and the link that led there is of no use again. */
async function refused(visitor) {
  await review(visitor)
  const link = visitor.page.url()
  await ends(visitor, '#refuse', 'refused')
  await visitor.go(link)
  await visitor.sees('#error', 'bank/no-request/used', { status: 400 })
}

async function guessed(visitor) {
  await review(visitor)
  await allow(visitor)
  for (let guess = 0; guess < 2; guess += 1) {
    await visitor.fill('#code', WRONG_CODE)
    await visitor.press('#allow')
    await visitor.page.locator('#error-summary').waitFor()
  }
  await visitor.fill('#code', WRONG_CODE)
  await ends(visitor, '#allow', 'locked')
}

async function lapsed(visitor) {
  await review(visitor)
  visitor.sandbox.forward(TOO_LONG)
  await ends(visitor, '#allow', 'timed-out')
}

/** A page of ours in a browser that has lost its cookies. */
async function foreign(visitor) {
  await visitor.go(visitor.sandbox.app(visitor.kind.app))
  await connect(visitor)
  await visitor.forget()
  await logIn(visitor)
  await visitor.sees('#error', 'bank/foreign-form', { status: 403 })
}

/** Links that lead nowhere: a page says so, and sends nobody on. */
async function broken(visitor) {
  const { sandbox, kind } = visitor
  const app = sandbox.app(kind.app)
  const client = kind.app === 'swiftride' ? 'swiftride-demo' : 'cartwheel-shop'
  const urn = 'urn:ietf:params:oauth:request_uri:nothing'
  const links = [
    ['bank/no-request', `${sandbox.bank}/authorize?client_id=${client}&request_uri=${urn}`, 400],
    ['bank/no-app', `${sandbox.bank}/authorize?client_id=nobody&request_uri=${urn}`, 400],
    ['bank/bad-request', `${sandbox.bank}/authorize?client_id=${client}`, 400],
    ['bank/no-request/elsewhere', `${sandbox.bank}/done?to=nowhere`, 400],
    ['app/not-ours', `${app}/callback?code=a&state=b`, 400],
    ['app/nowhere', `${app}/nowhere`, 404],
    ['start/nowhere', `${sandbox.start}/nowhere`, 404],
    ['start/no-call', `${sandbox.start}/calls/nothing`, 404],
  ]
  for (const [name, link, status] of links) {
    await visitor.go(link)
    const isStill = new URL(visitor.page.url()).origin === new URL(link).origin
    visitor.holds(`${name}/stays`, isStill, `it leads to ${visitor.page.url()}`)
    await visitor.sees('h1', name, { status })
  }
}

/** All of them. */
export async function endings(visitor) {
  for (const ending of [disconnected, cancelled, locked, refused, guessed, foreign,
    broken, lapsed]) {
    await visitor.forget()
    await ending(visitor)
  }
}
