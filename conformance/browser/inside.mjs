// What is read of a page inside the browser. Each function is sent there alone: it sees nothing of
// this file.

/** What the page is and what on it breaks a rule that axe does not hold. */
export function read({ targetMin }) {
  const isSeen = (element) => element.checkVisibility() && element.getClientRects().length > 0
  const named = (element) => {
    const text = (element.textContent || element.name || '').trim().slice(0, 40)
    return `${element.localName}${element.id ? `#${element.id}` : ''} “${text}”`
  }

  /** Where a finger may come down for it. */
  function place(element) {
    const label = ['checkbox', 'radio'].includes(element.type) && element.labels[0]
    return (label || element).getBoundingClientRect()
  }

  /** WCAG 2.5.8: a link in a sentence is as high as its line. */
  function isInSentence(element) {
    if (element.localName !== 'a' || getComputedStyle(element).display !== 'inline') return false
    const around = element.parentElement.closest('p, li, dd, td')
    return around !== null && around.textContent.trim() !== element.textContent.trim()
  }

  function smallTargets() {
    const targets = 'a[href], button, input:not([type=hidden]), select, textarea, summary'
    const seen = [...document.querySelectorAll(targets)].filter(isSeen)
    return seen.filter((element) => !isInSentence(element)).flatMap((element) => {
      const { width, height } = place(element)
      const isWide = Math.min(width, height) >= targetMin - 0.01
      return isWide ? [] : [`${named(element)} is ${width.toFixed(1)} × ${height.toFixed(1)}`]
    })
  }

  /** Chinese text outside what is marked as Chinese. */
  function foreignRuns() {
    const found = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
      const text = texts.currentNode
      const language = text.parentElement.closest('[lang]').lang
      if (/\p{Script=Han}/u.test(text.data) && !language.startsWith('zh')) found.push(text.data)
    }
    return found
  }

  function outside() {
    const width = document.documentElement.clientWidth
    const all = [...document.body.querySelectorAll('*')].filter(isSeen)
    const wide = all.filter((element) => element.getBoundingClientRect().right > width + 0.5)
    return wide.filter((element) => !element.closest('.scroll')).map(named).slice(0, 3)
  }

  return {
    language: document.documentElement.lang,
    title: document.title,
    headings: [...document.querySelectorAll('h1')].map((heading) => heading.textContent.trim()),
    widest: document.scrollingElement.scrollWidth - document.documentElement.clientWidth,
    outside: outside(),
    smallTargets: smallTargets(),
    foreignRuns: foreignRuns(),
    ticked: [...document.querySelectorAll('input:checked')].map(named),
  }
}

/** All that the tabulator should stop at, in the order of the page. */
export function tabStops() {
  const fields = 'button, input:not([type=hidden]), select, textarea'
  const seen = [...document.querySelectorAll(`a[href], ${fields}, summary, [tabindex="0"]`)]
    .filter((element) => element.checkVisibility() && !element.disabled)
  // A group of radio buttons is one stop.
  return seen.filter((element) => {
    if (element.type !== 'radio') return true
    const group = seen.filter((other) => other.type === 'radio' && other.name === element.name)
    return element === (group.find((other) => other.checked) ?? group[0])
  })
}

/** Where the focus is among these, and what is wrong with how it shows. */
export function focused(stops) {
  const element = document.activeElement
  const name = `${element.localName}${element.id ? `#${element.id}` : ''}`
  const { outlineStyle, outlineWidth } = getComputedStyle(element)
  const isShown = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2
  const [{ left, top, width, height }] = element.getClientRects()
  const front = document.elementFromPoint(left + width / 2, top + Math.min(height, innerHeight) / 2)
  const isInFront = element.contains(front) || front?.contains(element)
  return { at: stops.indexOf(element), name, isShown, isInFront }
}

/** How two buttons look, and where they stand. */
export function looks([first, second]) {
  return [first, second].map((id) => {
    const button = document.getElementById(id)
    const { width, height } = button.getBoundingClientRect()
    const style = getComputedStyle(button)
    const { color, backgroundColor, borderColor, borderWidth, fontSize, fontWeight } = style
    return { width, height, color, backgroundColor, borderColor, borderWidth, fontSize, fontWeight }
  })
}

/** How far down the page these reach, and how much of the window a bar at its foot takes. */
export function fold(selector) {
  const shown = [...document.querySelectorAll(selector)]
  const bar = document.querySelector('.bar')
  const isSticky = bar !== null && getComputedStyle(bar).position === 'sticky'
  return {
    found: shown.length,
    down: Math.max(0, ...shown.map((element) => element.getBoundingClientRect().bottom + scrollY)),
    window: innerHeight - (isSticky ? bar.getBoundingClientRect().height : 0),
  }
}

/** What is lost when no style holds: a control that cannot be seen, or is called nothing. */
export function bared() {
  const controls = 'a[href], button, input:not([type=hidden]), select, textarea, summary'
  const all = [...document.querySelectorAll(controls)]
  const isSeen = (element) => element.checkVisibility() && element.getClientRects().length > 0
  const seen = all.filter(isSeen)
  const sheets = [...document.styleSheets]
  for (const sheet of sheets) sheet.disabled = true
  const wrong = []
  for (const element of seen) {
    const id = `${element.localName}${element.id ? `#${element.id}` : ''}`
    if (!isSeen(element)) wrong.push(`${id} is not seen without styles`)
    const label = element.labels?.[0] ?? element
    if (label.innerText.trim() === '') wrong.push(`${id} is called nothing without styles`)
  }
  const tops = [...document.querySelectorAll('h1, h2, button')].filter(isSeen)
    .map((element) => element.getBoundingClientRect().top)
  const isInOrder = tops.every((top, at) => at === 0 || top >= tops[at - 1] - 1)
  if (!isInOrder) wrong.push('headings and buttons stand in another order without styles')
  for (const sheet of sheets) sheet.disabled = false
  return wrong
}
