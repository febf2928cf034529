// Walks through every page that people see, in a browser, and holds each against what it must be:
//
//   node conformance/browser/walk.mjs --program PATH [--all] [--shots FOLDER]
//
// `--program` is the binary `mortise`; `--all` walks in every language, width, colour scheme and
// app, with and without scripts, and everywhere, where else few walks have each pair of them, and
// two of them go everywhere; `--shots` keeps a picture of each page there, a sheet of them all,
// `index.html`, and for each walk one that is seen at a glance, `sheet.WALK.html` and `.png`.
// Prints a line for each page, `ok` or what is wrong with it, and the counts; and to standard error
// how far it is. Exit code: 0 all are ok, 1 some are not, 2 it cannot begin.
import { parseArgs } from 'node:util'

import { Book } from './book.mjs'
import { open } from './chromium.mjs'
import { desk } from './desk.mjs'
import { endings } from './endings.mjs'
import { newcomer } from './newcomer.mjs'
import { obie } from './obie.mjs'
import { OBIE, Sandbox } from './sandbox.mjs'
import { Visitor, called } from './visitor.mjs'

/** Walks at the same time, each beside a sandbox of its own. */
const LANES = 2

const kind = (language, width, scheme, scripts, app, everywhere = false) =>
  ({ language, width, scheme, scripts, app, everywhere })

/** Each pair of two columns' values is in one of them. */
const FEW = [
  kind('en', 320, 'light', true, 'swiftride'),
  kind('en', 1280, 'dark', false, 'cartwheel', true),
  kind('zh-CN', 320, 'dark', false, 'swiftride'),
  kind('zh-CN', 1280, 'light', true, 'cartwheel'),
  kind('en', 360, 'dark', true, 'cartwheel'),
  kind('zh-CN', 360, 'light', false, 'swiftride', true),
]

/** All there are. */
const ALL = ['en', 'zh-CN'].flatMap((language) =>
  [320, 360, 1280].flatMap((width) =>
    ['light', 'dark'].flatMap((scheme) =>
      [true, false].flatMap((scripts) =>
        ['swiftride', 'cartwheel'].map((app) =>
          kind(language, width, scheme, scripts, app, true))))))

/** The sandboxes of a lane, each begun when somebody comes. */
class Lane {
  #program
  #opened = new Map()

  constructor(program) {
    this.#program = program
  }

  async sandbox(edits) {
    if (!this.#opened.has(edits)) {
      this.#opened.set(edits, await Sandbox.open(this.#program, edits))
    }
    return this.#opened.get(edits)
  }

  async close() {
    for (const sandbox of this.#opened.values()) await sandbox.close()
  }
}

const HOUSE = []

/** Where a browser of this kind goes, and which file the sandbox has there. */
function ways({ everywhere }) {
  const further = everywhere ? [[desk, HOUSE], [obie, OBIE]] : []
  // The last takes so long that all sessions end.
  return [[newcomer, HOUSE], ...further, [endings, HOUSE]]
}

/** All ways of a browser of this kind, and what breaks off. */
async function walked(browser, lane, one, book) {
  for (const [way, edits] of ways(one)) {
    const visitor = await Visitor.enter(browser, await lane.sandbox(edits), one, book)
    try {
      await way(visitor)
    } catch (error) {
      book.broke(`${called(one)} ${way.name} at ${visitor.page.url()}`, error)
    } finally {
      await visitor.close()
    }
  }
}

async function lane(browser, program, kinds, book) {
  const lane = new Lane(program)
  try {
    while (kinds.length > 0) {
      const one = kinds.shift()
      await walked(browser, lane, one, book)
      book.ended(called(one))
    }
  } finally {
    await lane.close()
  }
}

function asked() {
  const { values } = parseArgs({ options: {
    program: { type: 'string' }, all: { type: 'boolean' }, shots: { type: 'string' },
  } })
  if (!values.program) throw new Error('--program says which binary is walked through')
  return values
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(2))
try {
  const { program, all, shots } = asked()
  const kinds = all ? [...ALL] : [...FEW]
  const walks = kinds.length
  const book = new Book(shots, walks)
  const browser = await open()
  try {
    const lanes = Array.from({ length: LANES }, () => lane(browser, program, kinds, book))
    const ended = await Promise.allSettled(lanes)
    for (const { reason } of ended) if (reason) throw reason
    await book.sheets(browser)
  } finally {
    await browser.close()
  }
  console.log(`${walks} walks, ${book.pages} pages checked, ${book.failed} failed`)
  process.exitCode = book.failed > 0 ? 1 : 0
} catch (error) {
  console.error(`it cannot begin: ${error.message}`)
  process.exitCode = 2
}
