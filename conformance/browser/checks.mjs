// What holds on every page that people see: specs of accessibility, of size and of safety.
import { AxeBuilder } from '@axe-core/playwright'

import { focused, read, tabStops } from './inside.mjs'

const AXE = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** CSS pixels, both ways. */
const TARGET_MIN = 44
/** A page with all that it loads. */
const BYTES_MAX = 30 * 1024
const PRESSES_MAX = 200

/** What axe has to say. */
async function axe(page) {
  const { violations } = await new AxeBuilder({ page }).withTags(AXE).setLegacyMode().analyze()
  return violations.map(({ id, nodes }) => {
    const where = nodes.map((node) => node.target.join(' ')).slice(0, 3).join(', ')
    return `axe ${id}: ${where}`
  })
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
    ...await axe(page),
    ...await keyboard(page),
  ]
  return { title: told.title, wrong }
}
