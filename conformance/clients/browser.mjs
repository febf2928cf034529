// A customer's browser without a screen: keeps cookies, fills in the forms of the pages by their
// ids, and stops at the link that leads back to the app.
import { demand } from './house.mjs'

/** More pages than any way through has. */
const PAGES_MAX = 10

const SIGNS = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Text of a page as a person reads it. */
function decoded(text) {
  return text.replaceAll(/&(?:#x([0-9a-f]+)|#([0-9]+)|([a-z]+));/gi, (all, hex, number, name) => {
    if (name) return SIGNS[name] ?? all
    return String.fromCodePoint(hex ? parseInt(hex, 16) : Number(number))
  })
}

/** The start tags of a page in order, each with its attributes and where it ends. */
function tags(html) {
  return [...html.matchAll(/<([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*>/g)].map((found) => {
    const pairs = [...found[2].matchAll(/([a-z-]+)(?:="([^"]*)")?/g)]
    const attributes = pairs.map(([, name, value]) => [name, decoded(value ?? '')])
    const end = found.index + found[0].length
    return { tag: found[1], end, ...Object.fromEntries(attributes) }
  })
}

/** The element with this id; none where the page has it not. */
const byId = (html, id) => tags(html).find((element) => element.id === id)

/** What a form sends when its fields hold this and this button is pressed. */
function filled(html, form, fields, button) {
  const inside = html.slice(form.end, html.indexOf('</form>', form.end))
  const sent = new URLSearchParams()
  for (const { tag, name, value } of tags(inside)) {
    if (tag === 'input' && name) sent.append(name, fields[name] ?? value ?? '')
  }
  const pressed = byId(inside, button)
  demand(pressed?.tag === 'button', `the form ${form.id} has no button ${button}`)
  sent.append(pressed.name, pressed.value)
  return sent
}

/** A browser that nobody has used, of the customer that the house's file names. */
export class Browser {
  #house
  #cookies = new Map()

  constructor(house) {
    this.#house = house
  }

  /**
   * Follows a link of an app through its pages, pressing these buttons: at the log-in `login` or
   * `cancel`, at the approval `allow` or `refuse`. Gives the URL that leads back to the app.
   */
  async follow(link, { atLogin, atApproval }) {
    const { user, password, redirect_uri: callback } = this.#house
    let next = { url: link }
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer = await this.#ask(next)
      if (answer.location) {
        next = { url: new URL(answer.location, next.url) }
        if (next.url.href.startsWith(callback)) return next.url
        continue
      }
      const { html } = answer
      const back = byId(html, 'return')
      if (back) return new URL(back.href)
      const login = byId(html, 'login-form')
      const form = login ?? byId(html, 'approve-form')
      const error = /id="error">([^<]*)</.exec(html)?.[1]
      demand(form, `a page without a way on: ${answer.status} ${error ?? ''}`)
      demand(!byId(html, 'notice'), `the log-in is refused: ${answer.status}`)
      const fields = login ? { username: user, password } : {}
      const body = filled(html, form, fields, login ? atLogin : atApproval)
      next = { url: new URL(form.action, next.url), body }
    }
    throw new Error(`no way back after ${PAGES_MAX} pages`)
  }

  async #ask({ url, body }) {
    const headers = { 'accept-language': 'en' }
    if (this.#cookies.size > 0) {
      headers.cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    }
    if (body) headers.origin = url.origin
    const method = body ? 'POST' : 'GET'
    const answer = await this.#house.browse(url, { method, headers, body, redirect: 'manual' })
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(cookie)
      this.#cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    return { status: answer.status, location, html: await answer.text() }
  }
}
