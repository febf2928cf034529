// Walks through every page that people see, in a browser, and holds each against what it must be:
//
//   node conformance/browser/walk.mjs --program PATH [--all] [--shots FOLDER]
//
// `--program` is the binary `mortise`; `--all` walks in every language, width, colour scheme and
// app, with and without scripts, where else few walks have each pair of them; `--shots` keeps a
// picture of each page there, and a sheet of them all, `index.html`. Prints a line for each page,
// `ok` or what is wrong with it, and the counts. Exit code: 0 all are ok, 1 some are not, 2 it
// cannot begin.
import { parseArgs } from 'node:util'

import { Book } from './book.mjs'
import { open } from './chromium.mjs'
import { endings } from './endings.mjs'
import { newcomer } from './newcomer.mjs'
import { Sandbox } from './sandbox.mjs'
import { Visitor, called } from './visitor.mjs'

/** Walks at the same time, each beside a sandbox of its own. */
const LANES = 2

const kind = (language, width, scheme, scripts, app) => ({ language, width, scheme, scripts, app })

/** Each pair of two columns' values is in one of them. */
const FEW = [
  kind('en', 320, 'light', true, 'swiftride'),
  kind('en', 1280, 'dark', false, 'cartwheel'),
  kind('zh-CN', 320, 'dark', false, 'swiftride'),
  kind('zh-CN', 1280, 'light', true, 'cartwheel'),
  kind('en', 360, 'dark', true, 'cartwheel'),
  kind('zh-CN', 360, 'light', false, 'swiftride'),
]

/** All there are. */
const ALL = ['en', 'zh-CN'].flatMap((language) =>
  [320, 360, 1280].flatMap((width) =>
    ['light', 'dark'].flatMap((scheme) =>
      [true, false].flatMap((scripts) =>
        ['swiftride', 'cartwheel'].map((app) => kind(language, width, scheme, scripts, app))))))

/** Both ways of a browser of this kind, and what breaks off. */
async function walked(browser, sandbox, one, book) {
  for (const way of [newcomer, endings]) {
    const visitor = await Visitor.enter(browser, sandbox, one, book)
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
  const sandbox = await Sandbox.open(program)
  try {
    while (kinds.length > 0) await walked(browser, sandbox, kinds.shift(), book)
  } finally {
    await sandbox.close()
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
  const book = new Book(shots)
  const kinds = all ? [...ALL] : [...FEW]
  const walks = kinds.length
  const browser = await open()
  try {
    const lanes = Array.from({ length: LANES }, () => lane(browser, program, kinds, book))
    const ended = await Promise.allSettled(lanes)
    for (const { reason } of ended) if (reason) throw reason
  } finally {
    await browser.close()
    book.sheet()
  }
  console.log(`${walks} walks, ${book.pages} pages checked, ${book.failed} failed`)
  process.exitCode = book.failed > 0 ? 1 : 0
} catch (error) {
  console.error(`it cannot begin: ${error.message}`)
  process.exitCode = 2
}
