// The sandbox that is walked through: the real program on free ports, in a folder of its own, under
// a clock that we move (libfaketime).
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CONFIG = fileURLToPath(new URL('../../config/sandbox.yaml', import.meta.url))

/** The password of all people of the model bank. */
export const PASSWORD = 'mortise-demo'

/** How long it may take to open, or to end, in milliseconds. */
const PATIENCE_MS = 30_000
const LOOK_EVERY_MS = 20

/** Where the loader finds libfaketime: as its own wrapper says. */
const preload = () => execFileSync('faketime', ['-m', '-f', '+0', 'sh', '-c', 'echo $LD_PRELOAD'])
  .toString().trim()

/** A limit that is small so that a person meets it soon. */
const WIDE = ['rate: 5/s, burst: 10 requests', 'rate: 500/s, burst: 1000 requests']
/** The rules of the United Kingdom. */
export const OBIE = [['profile: cn-pipl ', 'profile: uk-obie ']]

/** The sandbox's own file, but for these. */
function config(edits) {
  return [WIDE, ...edits].reduce((text, [old, now]) => {
    if (!text.includes(old)) throw new Error(`${CONFIG} does not say: ${old}`)
    return text.replace(old, now)
  }, readFileSync(CONFIG, 'utf8'))
}

export class Sandbox {
  #folder
  #child
  #minutes = 0
  #said = ''

  /** Starts this program, with its file edited so, and waits until it is open. */
  static async open(program, edits = []) {
    const sandbox = new Sandbox()
    await sandbox.#start(program, edits)
    return sandbox
  }

  /** The start page, by its URL. */
  get start() { return this.ready.start }

  /** Where the bank's pages are, by its origin. */
  get bank() { return this.ready.issuer }

  /** A demo app, by its URL. */
  app(name) { return this.ready.apps[name] }

  /** What people's browsers may speak to. */
  get origins() {
    const urls = [this.start, this.bank, ...Object.values(this.ready.apps)]
    return urls.map((url) => new URL(url).origin)
  }

  /** Moves its clock on. */
  forward(minutes) {
    this.#minutes += minutes
    this.#setClock()
  }

  /**
   * Whether it began and has not ended: what never began has no id, and a signal to it would go to
   * the whole group of processes that this one is of.
   */
  get #isThere() {
    const child = this.#child
    return child.pid !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Ends it, and leaves nothing behind. */
  async close() {
    const child = this.#child
    if (this.#isThere) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
      await ended
      clearTimeout(late)
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #start(program, edits) {
    this.#folder = mkdtempSync(join(tmpdir(), 'mortise-browser-'))
    const named = (name) => join(this.#folder, name)
    writeFileSync(named('sandbox.yaml'), config(edits))
    this.#setClock()
    const asked = ['sandbox', '--ephemeral', '--ready-file', named('ready.json'),
      '--config', named('sandbox.yaml')]
    const env = {
      ...process.env,
      TMPDIR: this.#folder,
      LD_PRELOAD: preload(),
      FAKETIME_TIMESTAMP_FILE: named('clock'),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
    this.#child = spawn(program, asked, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child.stderr.on('data', (bytes) => { this.#said = `${this.#said}${bytes}`.slice(-2000) })
    // Whoever ends the driver ends its sandboxes.
    process.once('exit', () => { if (this.#isThere) this.#child.kill() })
    this.#child.once('error', (error) => { this.#said = error.message })
    this.ready = await this.#written(named('ready.json'))
  }

  /** What it writes once all listeners are open. */
  async #written(file) {
    const until = Date.now() + PATIENCE_MS
    while (!existsSync(file)) {
      const ended = this.#child.exitCode !== null || this.#child.pid === undefined
      if (ended || Date.now() > until) {
        await this.close()
        throw new Error(`the sandbox does not open: ${this.#said}`)
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
    return JSON.parse(readFileSync(file, 'utf8'))
  }

  #setClock() {
    const clock = join(this.#folder, 'clock')
    // It is read at any moment, and whole.
    writeFileSync(`${clock}.new`, `+${this.#minutes}m\n`)
    renameSync(`${clock}.new`, clock)
  }
}
