// Holds the checks against pages with one fault each: every fault is noticed, and nothing else.
//
//   node conformance/browser/faults.mjs
//
// Prints a line for each, `ok` or what the checks said instead. Exit code: 0 all are ok, 1 some are
// not.
import { open } from './chromium.mjs'
import { checked, enlarged, unstyled } from './checks.mjs'

const POLICY = "default-src 'none'; style-src 'sha256-a'; form-action 'self'"

/** What a good page is made of; a fault replaces a part. */
const GOOD = {
  head: '',
  language: 'en',
  heading: '<h1>A page</h1>',
  body: '<p>All is well.</p>',
  policy: POLICY,
  status: 200,
  bytes: 1000,
}

const button = (style) => `<p><button style="${style}">Go on</button></p>`
const big = 'min-width:48px;min-height:48px'

/** Each fault, and what the checks must say. */
const FAULTS = [
  ['a small button', { body: button('width:43px;height:48px') }, 'small: button'],
  ['a small link', { body: '<p><a href="/">Go on</a></p>' }, 'small: a'],
  ['a small box', { body: '<p><label><input type="checkbox"> So</label></p>' }, 'small: input'],
  ['a page too wide', { body: '<p style="width:900px">Wide</p>' }, 'too wide'],
  ['another language', { language: 'zh-CN' }, 'its language'],
  ['unmarked Chinese', { body: '<p>中文</p>' }, 'unmarked Chinese'],
  ['two headings', { heading: '<h1>One</h1><h1>Two</h1>' }, 'its h1 are'],
  ['a box ticked before', {
    body: `<label style="display:block;${big}"><input type="checkbox" checked> So</label>`,
  }, 'ticked: input'],
  ['a focus that does not show', {
    head: '<style>:focus{outline:none}</style>', body: button(big),
  }, 'does not show'],
  ['a focus that is covered', {
    body: `${button(big)}<div style="position:fixed;inset:0;background:#fff">Over</div>`,
  }, 'covers button'],
  ['an order of its own', {
    body: [3, 2, 1].map((at) => `<button tabindex="${at}" style="${big}">${at}</button>`).join(' '),
  }, 'the order of the focus'],
  ['pale words', { body: '<p style="color:#aaa">Pale</p>' }, 'axe color-contrast'],
  ['a field without a name', { body: `<p><input style="${big}"></p>` }, 'axe label'],
  ['a page that is too wide at 400 %', {
    body: '<p style="width:330px">Wide</p>',
  }, '18 px too wide'],
  ['a control that only its style names', {
    head: '<style>button::before{content:"Go on"}</style>',
    body: `<p><button aria-label="Go on" style="${big}"></button></p>`,
  }, 'called nothing without styles'],
  ['a policy with unsafe parts', { policy: `${POLICY}; style-src 'unsafe-inline'` }, 'lets in'],
  ['no policy', { policy: '' }, 'the policy is'],
  ['another status', { status: 500 }, 'the status is 500'],
  ['a heavy page', { bytes: 30 * 1024 + 1 }, 'it weighs'],
]

function html({ head, language, heading, body }) {
  return `<!doctype html><html lang="${language}"><meta charset="utf-8">` +
    '<meta name="viewport" content="width=device-width,initial-scale=1"><title>A page</title>' +
    `<style>:focus-visible{outline:3px solid #1A5FD0}</style>${head}<main>${heading}${body}</main>`
}

/** What the checks say of a page. */
async function said(page, parts) {
  await page.setContent(html(parts))
  const { status, bytes, policy } = parts
  const answer = { status, bytes, headers: { 'content-security-policy': policy } }
  const { wrong } = await checked(page, answer, { language: 'en' })
  return [...wrong, ...await enlarged(page), ...await unstyled(page)]
}

const browser = await open()
try {
  const page = await browser.newPage({ viewport: { width: 360, height: 640 } })
  const rows = [['nothing', {}, undefined], ...FAULTS]
  for (const [name, fault, words] of rows) {
    const wrong = await said(page, { ...GOOD, ...fault })
    const isOk = words === undefined ? wrong.length === 0 : wrong.some((one) => one.includes(words))
    console.log(isOk ? `ok ${name}` : `FAILED ${name}: ${wrong.join('; ')}`)
    if (!isOk) process.exitCode = 1
  }
} finally {
  await browser.close()
}
