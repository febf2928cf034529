// "My permissions" at the bank: a customer sees what an app may see, and takes it back; the app's
// next call is refused, and the app says so.
import { allow, confirm, connect, logIn } from './way.mjs'

/** What was shown when it was given, as a file in the words of that time. */
async function receipt(visitor) {
  const { name, text } = await visitor.takes('#receipt')
  visitor.holds('bank/receipt/name', /^receipt-.+\.html$/.test(name), `it is called ${name}`)
  await visitor.opens(text, 'bank/receipt')
}

/** The bank's pages, to the withdrawal and beyond. */
async function withdraws(visitor) {
  await visitor.go(`${visitor.sandbox.bank}/permissions`)
  await visitor.sees('#login-form', 'bank/log-in-own')
  await logIn(visitor)
  await visitor.seesWhole('#permissions', 'bank/permissions')
  await visitor.press('#permission-1 a')
  await visitor.seesWhole('#withdraw', 'bank/permission')
  await receipt(visitor)
  for (const row of await visitor.page.locator('main summary').all()) await row.click()
  await visitor.sees('details[open]', 'bank/permission/open')
  await visitor.press('#withdraw')
  await visitor.seesWhole('#confirm-withdraw', 'bank/withdraw')
  await visitor.areAlike('bank/withdraw/answers', ['confirm-withdraw', 'keep'])
  await visitor.press('#confirm-withdraw')
  await visitor.page.locator('#confirm-withdraw').waitFor({ state: 'detached' })
  await visitor.sees('#receipt', 'bank/permission/withdrawn')
  await visitor.go(`${visitor.sandbox.bank}/permissions`)
  await visitor.press('#history')
  await visitor.sees('#permissions', 'bank/history')
}

/** From an app that has an account to one that may see none. */
export async function dashboard(visitor) {
  const { kind, sandbox } = visitor
  await withdraws(visitor)
  await visitor.go(sandbox.app(kind.app))
  await visitor.sees('#notice', 'app/front/ended')
  const code = (await visitor.page.locator('#code').textContent()).trim()
  visitor.holds('app/front/ended/code', code === 'consent_withdrawn', `the app is told ${code}`)
  await visitor.unfold('#happened summary')
  await visitor.press('#happened li.bad .inspect')
  await visitor.sees('#stages .red', 'start/call/refused')
}

/** The app itself gives back what it got. */
export async function disconnected(visitor) {
  await visitor.go(visitor.sandbox.app(visitor.kind.app))
  await connect(visitor)
  await logIn(visitor)
  await visitor.page.locator('#approve-form').waitFor()
  await allow(visitor)
  await confirm(visitor)
  await visitor.press('#disconnect')
  await visitor.sees('#notice', 'app/front/disconnected')
}
