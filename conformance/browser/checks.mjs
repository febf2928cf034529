// What holds on every page that people see: specs of accessibility, of size and of safety.
import axe from 'axe-core'

import { bared, focused, read, tabStops } from './inside.mjs'

const AXE = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** CSS pixels, both ways. */
const TARGET_MIN = 44
/** A page with all that it loads. */
const BYTES_MAX = 30 * 1024
const PRESSES_MAX = 200

/** Told by axe: each rule that is broken, and by what. */
const RUN_AXE = `${axe.source};axe.run(document, ${JSON.stringify({
  runOnly: { type: 'tag', values: AXE }, resultTypes: ['violations'],
})}).then(({ violations }) => violations.map(({ id, nodes }) =>
  [id, ...nodes.slice(0, 3).map(({ target }) => target.join(' '))]))`

/** What axe has to say: asked in one go, for its text is long and its report longer. */
async function accessible(page) {
  const broken = await page.evaluate(RUN_AXE)
  return broken.map(([rule, ...where]) => `axe ${rule}: ${where.join(', ')}`)
}

/** What the answer's head should say of scripts, and how heavy it all is. */
function sent({ status, headers, bytes }, wanted) {
  const policy = headers['content-security-policy'] ?? ''
  const wrong = []
  if (status !== wanted) wrong.push(`the status is ${status}, not ${wanted}`)
  if (!policy.startsWith("default-src 'none'")) wrong.push(`the policy is “${policy}”`)
  if (/unsafe|\*|data:|script-src/.test(policy)) wrong.push(`the policy lets in: ${policy}`)
  if (bytes > BYTES_MAX) wrong.push(`it weighs ${bytes} bytes`)
  return wrong
}

/** What the page itself should be. */
function built(told, { language, ticked = 0 }) {
  const wrong = []
  if (told.language !== language) wrong.push(`its language is ${told.language}`)
  if (told.title === '') wrong.push('it has no title')
  if (told.headings.length !== 1) wrong.push(`its h1 are ${told.headings.join(' | ')}`)
  if (told.widest > 0) wrong.push(`it is ${told.widest} px too wide: ${told.outside.join(', ')}`)
  if (told.ticked.length !== ticked) wrong.push(`ticked: ${told.ticked.join(', ')}`)
  wrong.push(...told.smallTargets.map((one) => `small: ${one}`))
  wrong.push(...told.foreignRuns.map((one) => `unmarked Chinese: ${one}`))
  return wrong
}

/** What the keyboard cannot reach, or reaches without a sign, or in another order. */
async function keyboard(page) {
  const stops = await page.evaluateHandle(tabStops)
  const count = await stops.evaluate((list) => list.length)
  const wrong = []
  const seen = []
  const presses = Math.min(2 * count + 4, PRESSES_MAX)
  for (let press = 0; seen.length < count && press < presses; press += 1) {
    await page.keyboard.press('Tab')
    const { at, name, isShown, isInFront } = await page.evaluate(focused, stops)
    if (name === 'body' || seen.includes(at)) continue
    if (at < 0) {
      wrong.push(`the focus stops at ${name}`)
      continue
    }
    seen.push(at)
    if (!isShown) wrong.push(`the focus on ${name} does not show`)
    if (!isInFront) wrong.push(`something covers ${name} when it has the focus`)
  }
  await stops.dispose()
  if (seen.length < count) wrong.push(`the keyboard reaches ${seen.length} of ${count}`)
  // It may begin in the middle, where the page has put it.
  const turns = seen.filter((at, place) => at < seen.at(place - 1)).length
  if (turns > 1) wrong.push(`the order of the focus is ${seen.join(' ')}`)
  return wrong
}

/**
 * All that is wrong with the page that is shown. `answer` is { status, headers, bytes }; `wanted`
 * is { language, status, ticked }. Gives the title too.
 */
export async function checked(page, answer, wanted) {
  const told = await page.evaluate(read, { targetMin: TARGET_MIN })
  const wrong = [
    ...sent(answer, wanted.status ?? 200),
    ...built(told, wanted),
    ...await accessible(page),
    ...await keyboard(page),
  ]
  return { title: told.title, wrong }
}

/** A window of 1280 × 1024 px at 400 %, in CSS pixels (WCAG 1.4.10). */
const ENLARGED = { width: 320, height: 256 }

/** What is wrong with a page at 400 %: what is cut off, or covers what has the focus. */
export async function enlarged(page) {
  const before = page.viewportSize()
  await page.setViewportSize(ENLARGED)
  const { widest, outside, smallTargets } = await page.evaluate(read, { targetMin: TARGET_MIN })
  const wrong = [...smallTargets.map((one) => `small: ${one}`), ...await keyboard(page)]
  if (widest > 0) wrong.push(`it is ${widest} px too wide: ${outside.join(', ')}`)
  await page.setViewportSize(before)
  return wrong
}

/** What is wrong with a page without its styles: all of it is there, and in the same order. */
export async function unstyled(page) {
  return page.evaluate(bared)
}
