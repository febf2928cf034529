// A bank that keeps the rules of the United Kingdom: accounts are chosen first, then one page tells
// all that is asked for and takes the code.
import { asked } from './desk.mjs'
import { confirm } from './way.mjs'

/** From an app to its account by that one page. */
export async function obie(visitor) {
  await asked(visitor)
  await visitor.sees('#approve-form', 'bank/accounts')
  await visitor.areAlike('bank/accounts/answers', ['allow', 'refuse'])
  await visitor.press('#allow')
  await visitor.sees('#error-summary', 'bank/accounts/wrong')
  await visitor.page.locator('#account-1').check()
  await visitor.press('#allow')
  await visitor.seesWhole('#code', 'bank/review/with-code')
  await visitor.areAlike('bank/review/with-code/answers', ['allow', 'refuse'])
  await visitor.fill('#code', '000000')
  await visitor.press('#allow')
  await visitor.sees('#error-summary', 'bank/review-again/with-code')
  await confirm(visitor)
}
