// What a customer may do at the desk beside yes and no: take more time, have another code sent, see
// an account that cannot be chosen.
import { allow, connect, logIn, newestCode } from './way.mjs'

/** Who shares one account with somebody. */
const SHARES = 'zhao-joint'

/** From the app to the page on which this customer decides. */
export async function asked(visitor, customer) {
  await visitor.forget()
  await visitor.go(visitor.sandbox.app(visitor.kind.app))
  await connect(visitor)
  await logIn(visitor, customer)
  await visitor.page.locator('#approve-form').waitFor()
}

/** Twice there is more time to be had, and no third time. */
async function moreTime(visitor) {
  await asked(visitor)
  for (let time = 0; time < 2; time += 1) await visitor.press('#more-time')
  await visitor.sees('#approve-form', 'bank/review/more-time')
  const left = await visitor.page.locator('#more-time').count()
  visitor.holds('bank/review/more-time/gone', left === 0, 'more time is offered a third time')
}

/** Another code is good in the place of the first. */
async function anotherCode(visitor) {
  await allow(visitor)
  const first = await newestCode(visitor)
  await visitor.press('#resend')
  await visitor.sees('#code', 'bank/confirm/resent')
  const second = await newestCode(visitor)
  if (first !== second) {
    await visitor.fill('#code', first)
    await visitor.press('#allow')
    await visitor.sees('#error-summary', 'bank/confirm-again/of-before')
  }
  await visitor.fill('#code', second)
  await visitor.pressed('#allow', { before: visitor.sandbox.app(visitor.kind.app) })
  await visitor.press('#return')
  await visitor.page.locator('#linked').waitFor()
}

/** An account of two people stands there, says why it cannot be chosen, and cannot be. */
async function joint(visitor) {
  await asked(visitor, SHARES)
  await visitor.sees('#approve-form', 'bank/review/joint')
  const off = visitor.page.locator('label.off')
  const words = (await off.allInnerTexts()).join(' ')
  const reason = visitor.kind.language === 'en' ? 'You share it with somebody else.' : '共有'
  const isSo = words.includes(reason) && await off.locator('input:disabled').count() === 1
  visitor.holds('bank/review/joint/reason', isSo, `it says: ${words}`)
  await visitor.pressed('#refuse', { before: visitor.sandbox.app(visitor.kind.app) })
}

/** All of it. */
export async function desk(visitor) {
  await moreTime(visitor)
  await anotherCode(visitor)
  await joint(visitor)
}
