// The newcomer's walk: from the sandbox's start page through a demo app to the bank, back with an
// account, and out again.
import { dashboard } from './dashboard.mjs'
import { allow, confirm, connect, logIn } from './way.mjs'

/** The first pages: the sandbox's, and the app's, in both languages. */
async function arrives(visitor) {
  const { kind, sandbox } = visitor
  await visitor.go(sandbox.start)
  await visitor.seesWhole('#people', 'start/front')
  const other = kind.language === 'en' ? 'zh-CN' : 'en'
  await visitor.press(`header a[hreflang="${other}"]`)
  const people = `html[lang="${other}"] #people`
  await visitor.sees(people, 'start/front/other-language', { language: other })
  await visitor.press(`header a[hreflang="${kind.language}"]`)
  await visitor.page.locator(`html[lang="${kind.language}"]`).waitFor()
  await visitor.press(`#apps a[href^="${sandbox.app(kind.app)}"]`)
  await visitor.seesWhole('#unlinked', 'app/front')
}

/** The bank's pages on which a customer decides. */
async function decides(visitor) {
  await connect(visitor, () => visitor.sees('#onward', 'app/onward'))
  await visitor.seesWhole('#login-form', 'bank/log-in')
  await logIn(visitor)
  await visitor.seesWhole('#approve-form', 'bank/review')
  await visitor.areAlike('bank/review/answers', ['allow', 'refuse'])
  if (visitor.kind.width === 360) await visitor.areAtOnceInView('bank/review/fold', '.who, #until')
  for (const row of await visitor.page.locator('main summary').all()) await row.click()
  await visitor.sees('details[open]', 'bank/review/open')
  await visitor.press('#allow')
  await visitor.sees('#error-summary', 'bank/review-again')
  await allow(visitor)
  await visitor.seesWhole('#code', 'bank/confirm')
  await visitor.areAlike('bank/confirm/answers', ['allow', 'refuse'])
}

/** The code, wrong and right, and the way back. */
async function returns(visitor) {
  await visitor.fill('#code', '000000')
  await visitor.press('#allow')
  await visitor.sees('#error-summary', 'bank/confirm-again')
  await confirm(visitor, {
    codes: (page) => visitor.sees('#codes .digits', 'start/front/codes', { page }),
    done: () => visitor.sees('#return', 'bank/done'),
  })
  await visitor.sees('#holdings', 'app/front/linked')
  await visitor.unfold('#happened summary')
  await visitor.sees('#happened[open]', 'app/front/happened')
  await visitor.press('#happened .inspect')
  await visitor.sees('#stages', 'start/call')
  await visitor.press('main a[href^="/calls?"]')
  await visitor.sees('#calls .rows', 'start/calls')
}

/** The whole walk. */
export async function newcomer(visitor) {
  await arrives(visitor)
  await decides(visitor)
  await returns(visitor)
  await dashboard(visitor)
}
