// What came of it: a line for each page, the pictures, and a sheet of them all.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export class Book {
  #shots
  #rows = []
  #titles = new Map()
  pages = 0
  failed = 0

  /** `shots`: the folder that pictures are kept in, or none. */
  constructor(shots) {
    this.#shots = shots
    if (shots) mkdirSync(shots, { recursive: true })
  }

  /** Notes what is wrong with a page of a walk; whose title must be no other page's there. */
  note(walk, name, title, wrong) {
    this.pages += 1
    const all = [...wrong, ...this.#shared(walk, name, title)]
    if (all.length > 0) this.failed += 1
    const line = `${walk} ${name}`
    console.log(all.length > 0 ? `FAILED ${line}: ${all.join('; ')}` : `ok ${line}`)
  }

  /** Notes that a walk ended before its time. */
  broke(walk, error) {
    this.failed += 1
    // What follows are the driver's own tries.
    const [words] = error.message.split('\n')
    console.log(`FAILED ${walk} ended: ${words}`)
  }

  /** Where the picture of a page is to be; none where none are kept. */
  picture(walk, name) {
    if (!this.#shots) return undefined
    const file = `${walk}.${name.replaceAll('/', '-')}.png`
    this.#rows.push({ walk, name, file })
    return join(this.#shots, file)
  }

  /** Writes the sheet of all pictures: a row for each page, a column for each walk. */
  sheet() {
    if (!this.#shots) return
    const names = [...new Set(this.#rows.map(({ name }) => name))]
    const figure = ({ walk, file }) =>
      `<figure><a href="${file}"><img src="${file}" alt="" height="480"></a>` +
      `<figcaption>${walk}</figcaption></figure>`
    const rows = names.map((name) => {
      const figures = this.#rows.filter((row) => row.name === name).map(figure)
      const row = `<div style="display:flex;gap:8px;overflow:auto">${figures.join('')}</div>`
      return `<h2>${name}</h2>${row}`
    })
    const head = '<!doctype html><meta charset="utf-8"><title>All pages</title>'
    writeFileSync(join(this.#shots, 'index.html'), `${head}${rows.join('\n')}`)
  }

  /** A page is what stands before the second stroke: its states share one title. */
  #shared(walk, name, title) {
    const [site, place] = name.split('/')
    const key = `${walk} ${site} ${title}`
    const first = this.#titles.get(key) ?? place
    this.#titles.set(key, first)
    return first === place ? [] : [`it shares the title “${title}” with ${site}/${first}`]
  }
}
