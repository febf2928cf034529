// A person's browser of one kind: its language, its width, its colours, with or without scripts.
import { readFile } from 'node:fs/promises'

import { checked, enlarged, unstyled } from './checks.mjs'
import { fold, looks, read } from './inside.mjs'

/** How long anything on the way may take, in milliseconds. */
const PATIENCE_MS = 60_000

const HEIGHTS = { 320: 568, 360: 640, 1280: 800 }

/** The name of a walk by a browser of this kind. */
export function called({ language, width, scheme, scripts, app }) {
  return [language, width, scheme, scripts ? 'scripts' : 'plain', app].join('-')
}

export class Visitor {
  #context
  #book
  #answers = new WeakMap()
  #scripts = new WeakMap()
  #faults = []

  /** Opens a browser that nobody has used. */
  static async enter(chromium, sandbox, kind, book) {
    const visitor = new Visitor()
    const { language, width, scheme } = kind
    visitor.kind = kind
    visitor.sandbox = sandbox
    visitor.name = called(kind)
    visitor.#book = book
    visitor.#context = await chromium.newContext({
      locale: language,
      viewport: { width, height: HEIGHTS[width] },
      colorScheme: scheme,
      // The sandbox's own authority.
      ignoreHTTPSErrors: true,
    })
    visitor.#context.setDefaultTimeout(PATIENCE_MS)
    visitor.page = await visitor.tab()
    return visitor
  }

  /** Another tab of the same browser. */
  async tab() {
    const page = await this.#context.newPage()
    this.#scripts.set(page, await this.#context.newCDPSession(page))
    await this.#allowScripts(page, this.kind.scripts)
    page.on('response', (response) => this.#keep(page, response))
    page.on('console', (message) => {
      const isPolicy = /Content.Security.Policy/i.test(message.text())
      if (isPolicy) this.#faults.push(`the browser says: ${message.text()}`)
    })
    page.on('pageerror', (error) => this.#faults.push(`the browser says: ${error.message}`))
    page.on('request', (request) => {
      const { origin } = new URL(request.url())
      if (!this.sandbox.origins.includes(origin)) this.#faults.push(`it asks for ${request.url()}`)
    })
    return page
  }

  /** Its cookies are gone. */
  async forget() {
    await this.#context.clearCookies()
  }

  async close() {
    await this.#context.close()
  }

  /**
   * Presses something; the page that comes wants to lead on to this address by itself, and is kept
   * from it.
   */
  async pressed(selector, { before: url }) {
    const isThere = (asked) => asked.href.startsWith(url)
    let late
    let stop
    const led = new Promise((seen, reject) => {
      late = setTimeout(() => reject(new Error(`nothing leads on to ${url}`)), PATIENCE_MS)
      stop = async (route) => {
        seen()
        await route.abort('aborted')
      }
    })
    await this.page.route(isThere, stop, { times: 1 })
    await this.press(selector)
    await led.finally(() => clearTimeout(late))
  }

  /** Presses what leads to another page, and waits until that has come. */
  async press(selector) {
    const come = this.page.waitForEvent('framenavigated')
    await this.page.locator(selector).first().click({ noWaitAfter: true })
    await come
  }

  /** Opens what is folded. */
  async unfold(selector) {
    await this.page.locator(selector).first().click({ noWaitAfter: true })
  }

  async fill(selector, text) {
    await this.page.locator(selector).fill(text)
  }

  async go(url) {
    await this.page.goto(url)
  }

  /**
   * Waits for this element and looks at its page, of this name: `site/place`, and `/state` where a
   * page has several. `wanted` is { status, ticked, language, page }.
   */
  async sees(selector, name, wanted = {}) {
    const { page = this.page, language = this.kind.language, ...rest } = wanted
    await page.locator(selector).first().waitFor()
    const answer = await this.#answer(page)
    const faults = this.#faults.splice(0)
    const picture = this.#book.picture(this.name, name)
    if (picture) await this.#photographed(page, picture)
    await this.#allowScripts(page, true)
    const { title, wrong } = await checked(page, answer, { language, ...rest })
    await this.#allowScripts(page, this.kind.scripts)
    this.#book.note(this.name, name, title, [...faults, ...wrong])
  }

  /** The same; and the page is of use at 400 %, and without its styles. */
  async seesWhole(selector, name, wanted = {}) {
    await this.sees(selector, name, wanted)
    await this.#allowScripts(this.page, true)
    const [at400, bare] = [await enlarged(this.page), await unstyled(this.page)]
    await this.#allowScripts(this.page, this.kind.scripts)
    this.#book.note(this.name, `${name}/at-400`, `${name}/at-400`, at400)
    this.#book.note(this.name, `${name}/no-style`, `${name}/no-style`, bare)
  }

  /** Presses what gives a file: its name, and its text. */
  async takes(selector) {
    const come = this.page.waitForEvent('download')
    await this.unfold(selector)
    const download = await come
    const text = await readFile(await download.path(), 'utf8')
    return { name: download.suggestedFilename(), text }
  }

  /** Opens a text that was taken, as a file is opened. */
  async opens(text, name) {
    const page = await this.tab()
    await this.#allowScripts(page, true)
    await page.setContent(text)
    const told = await page.evaluate(read, { targetMin: 0 })
    const wrong = told.foreignRuns.map((one) => `unmarked Chinese: ${one}`)
    if (told.language !== this.kind.language) wrong.push(`its language is ${told.language}`)
    if (told.widest > 0) wrong.push(`it is ${told.widest} px too wide`)
    const picture = this.#book.picture(this.name, name)
    if (picture) await this.#photographed(page, picture)
    this.#book.note(this.name, name, name, wrong)
    await page.close()
  }

  /** Notes what must hold beside. */
  holds(name, isSo, words) {
    this.#book.note(this.name, name, name, isSo ? [] : [words])
  }

  /** Two answers weigh the same. */
  async areAlike(name, ids) {
    const [first, second] = await this.page.evaluate(looks, ids)
    const isSo = JSON.stringify(first) === JSON.stringify(second)
    this.holds(name, isSo, `${JSON.stringify(first)} is not ${JSON.stringify(second)}`)
  }

  /** All of these are in the first view of a phone. */
  async areAtOnceInView(name, selector) {
    const { found, down, window } = await this.page.evaluate(fold, selector)
    this.holds(name, found > 0 && down <= window, `${found}, to ${down} of ${window} px`)
  }

  /** What looks at a page is a script too. */
  async #allowScripts(page, isAllowed) {
    const session = this.#scripts.get(page)
    await session.send('Emulation.setScriptExecutionDisabled', { value: !isAllowed })
  }

  /** The whole page, with what sticks to the window's foot where it belongs. */
  async #photographed(page, path) {
    const { width } = this.kind
    const height = await page.evaluate(() => document.documentElement.scrollHeight)
    await page.setViewportSize({ width, height: Math.max(height, HEIGHTS[width]) })
    await page.screenshot({ path, animations: 'disabled' })
    await page.setViewportSize({ width, height: HEIGHTS[width] })
  }

  #keep(page, response) {
    const request = response.request()
    const isRedirect = response.status() >= 300 && response.status() < 400
    if (isRedirect || !request.isNavigationRequest()) return
    const head = { status: response.status(), headers: response.headers() }
    const body = response.body().catch(() => Buffer.alloc(0))
    this.#answers.set(page, { url: response.url(), head, body })
  }

  async #answer(page) {
    const { head, body } = this.#answers.get(page)
    return { ...head, bytes: (await body).length }
  }
}
