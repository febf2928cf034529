// What came of it: a line for each page, the pictures, and sheets of them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Of a sheet that is seen at a glance, in pixels: its width, its height at most, its columns. */
const SHEET = { width: 3840, height: 4000, columns: 12 }
const GAP = 8
/** What stands under a picture. */
const CAPTION = 24

const HEAD = '<!doctype html><meta charset="utf-8">'

export class Book {
  #shots
  #walks
  #rows = []
  #titles = new Map()
  #ended = 0
  #since = Date.now()
  pages = 0
  failed = 0

  /** `shots`: the folder that pictures are kept in, or none; `walks`: how many there will be. */
  constructor(shots, walks) {
    this.#shots = shots && resolve(shots)
    this.#walks = walks
    if (shots) mkdirSync(this.#shots, { recursive: true })
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

  /** Tells how far it is. */
  ended(walk) {
    this.#ended += 1
    const seconds = Math.round((Date.now() - this.#since) / 1000)
    const failed = this.failed > 0 ? `, ${this.failed} failed` : ''
    const counts = `${this.pages} pages${failed}, ${seconds} s`
    console.error(`${this.#ended} of ${this.#walks} walks: ${walk}; ${counts}`)
  }

  /** Where the picture of a page is to be; none where none are kept. */
  picture(walk, name) {
    if (!this.#shots) return undefined
    const file = `${walk}.${name.replaceAll('/', '-')}.png`
    this.#rows.push({ walk, name, file })
    return join(this.#shots, file)
  }

  /** Writes the sheet of all pictures, and one for each walk, of which this browser takes one. */
  async sheets(browser) {
    if (!this.#shots) return
    this.#index()
    for (const walk of new Set(this.#rows.map((row) => row.walk))) {
      await this.#sheet(browser, walk)
    }
  }

  /** A row for each page, a column for each walk. */
  #index() {
    const names = [...new Set(this.#rows.map(({ name }) => name))]
    const figure = ({ walk, file }) =>
      `<figure><a href="${file}"><img src="${file}" alt="" height="480"></a>` +
      `<figcaption>${walk}</figcaption></figure>`
    const rows = names.map((name) => {
      const figures = this.#rows.filter((row) => row.name === name).map(figure)
      const row = `<div style="display:flex;gap:8px;overflow:auto">${figures.join('')}</div>`
      return `<h2>${name}</h2>${row}`
    })
    const text = `${HEAD}<title>All pages</title>${rows.join('\n')}`
    writeFileSync(join(this.#shots, 'index.html'), text)
  }

  /** The pages of one walk, each from its head on as far as there is room. */
  async #sheet(browser, walk) {
    const rows = this.#rows.filter((row) => row.walk === walk)
    const { width, height, columns } = SHEET
    const lines = Math.ceil(rows.length / columns)
    const room = Math.floor(height / lines) - CAPTION - GAP
    const figure = ({ name, file }) =>
      `<figure><div><img src="${file}" alt=""></div><figcaption>${name}</figcaption></figure>`
    const style = `body{margin:0;width:${width}px;display:grid;gap:${GAP}px;background:#888;` +
      `grid-template-columns:repeat(${columns},minmax(0,1fr))}figure{margin:0}` +
      `div{height:${room}px;overflow:hidden}img{width:100%}` +
      `figcaption{height:${CAPTION}px;overflow:hidden;font:15px/${CAPTION}px monospace}`
    const figures = rows.map(figure).join('\n')
    const file = join(this.#shots, `sheet.${walk}`)
    const title = `<title>${walk}</title><style>${style}</style>`
    writeFileSync(`${file}.html`, `${HEAD}${title}${figures}`)
    const page = await browser.newPage({ viewport: { width, height } })
    await page.goto(pathToFileURL(`${file}.html`).href)
    await page.locator('body').screenshot({ path: `${file}.png` })
    await page.close()
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
