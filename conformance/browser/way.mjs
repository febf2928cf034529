// What a person does on the way through an app and a bank, page by page.
import { PASSWORD } from './sandbox.mjs'

/** Who has three accounts to choose from. */
const CUSTOMER = 'li-lei'

/** From the app to the bank's log-in. */
export async function connect(visitor, look = async () => {}) {
  await visitor.pressed('#connect', { before: visitor.sandbox.bank })
  await look()
  await visitor.press('#onward')
  await visitor.page.locator('#login-form').waitFor()
}

export async function logIn(visitor, user = CUSTOMER, password = PASSWORD) {
  await visitor.fill('#username', user)
  await visitor.fill('#password', password)
  await visitor.press('#login')
}

/** Allows with one account and what is to be ticked; the bank asks for a code. */
export async function allow(visitor) {
  await visitor.page.locator('#separate').check()
  await visitor.page.locator('#account-1').check()
  await visitor.press('#allow')
  await visitor.page.locator('#code').waitFor()
}

/** The newest code that the bank sent to a phone, as the start page tells it. */
export async function newestCode(visitor, look = async () => {}) {
  const tab = await visitor.tab()
  await tab.goto(visitor.sandbox.start)
  await look(tab)
  const code = await tab.locator('#codes .digits').first().textContent()
  await tab.close()
  return code.trim()
}

/** From the page of the code back to the app, which then has what was allowed. */
export async function confirm(visitor, looks = {}) {
  await visitor.fill('#code', await newestCode(visitor, looks.codes))
  const { sandbox, kind } = visitor
  await visitor.pressed('#allow', { before: sandbox.app(kind.app) })
  await looks.done?.()
  await visitor.press('#return')
  await visitor.page.locator('#linked').waitFor()
}
