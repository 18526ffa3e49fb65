import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { loadavg } from 'node:os'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { formatFixture } from '../../server/fixture/file.ts'
import { launch, windowOf } from '../../test/kit/chromium.ts'
import { fill, long, many } from '../../test/kit/shelf.ts'
import type { Bench, Row, Scenario, Table } from '../scenario.ts'
import { startDeltatape } from '../sides.ts'

/** How many records the fixtures have that are opened and scrubbed, about. */
const RECORDS = [2000, 5000, 50_000]

const FIXTURES = 10_000

/** How long one scrubs from the beginning to the end, in ms. */
const SCRUB_MS = 3000

export const page: Scenario = {
  name: 'page',
  about: 'the page in a browser: how fast it opens, scrubs and lists, and how large it is',
  long: true,
  async run(bench) {
    const browser = await launch()
    try {
      const context = await windowOf(browser)
      const tab = await context.newPage()
      return [...(await timelines(bench, tab)), await list(bench, tab), await sizes()]
    } finally {
      await browser.close()
    }
  },
}

const load = (): string => `load ${loadavg()[0]?.toFixed(1)}`

/** Goes to an address as if the page were new, and waits until something is there and drawn; how long that took, in ms. */
async function opened(tab: Page, url: string, there: string): Promise<number> {
  await tab.goto('about:blank')
  const began = performance.now()
  await tab.goto(url, { waitUntil: 'commit' })
  await tab.locator(there).first().waitFor()
  await drawn(tab)
  return performance.now() - began
}

const drawn = (tab: Page): Promise<unknown> =>
  tab.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')

async function timelines({ lab, rounds, say }: Bench, tab: Page): Promise<Table[]> {
  const dir = await lab.folder()
  const shelf = RECORDS.map((count) => [`${count}.jsonl`, formatFixture(long(count))] as const)
  await fill(dir, Object.fromEntries(shelf))
  const server = await startDeltatape(lab, { FIXTURES: dir })
  const [opens, scrubs]: [Row[], Row[]] = [[], []]
  for (const count of RECORDS) {
    const what = `${count.toLocaleString('en')} records`
    const [times, frames]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      say(`page: ${what}, round ${round + 1} of ${rounds}`)
      times.push(await opened(tab, new URL(`#/fixtures/${count}.jsonl`, server.url).href, '[role=slider]'))
      frames.push(await scrubbed(tab))
    }
    opens.push({ what, ours: times })
    scrubs.push({ what, ours: frames })
  }
  await server.stop()
  return [
    { title: `Opening a fixture in the page, ${load()}`, unit: 'ms', rows: opens },
    { title: `Scrubbing through it by the mouse in ${SCRUB_MS / 1000} s, ${load()}`, unit: 'frames/s', rows: scrubs },
  ]
}

/** Drags the slider from its beginning to its end; how many frames a second are drawn meanwhile. */
async function scrubbed(tab: Page): Promise<number> {
  const box = await tab.getByRole('slider').first().boundingBox()
  if (!box) throw new Error('The slider is not drawn.')
  const y = box.y + box.height / 2
  await tab.mouse.move(box.x + 4, y)
  await tab.mouse.down()
  await tab.evaluate(
    '{ globalThis.frames_ = 0; const count = () => { frames_++; requestAnimationFrame(count) }; count() }',
  )
  const began = performance.now()
  for (let part = 0; part < 1; part = (performance.now() - began) / SCRUB_MS) {
    await tab.mouse.move(box.x + 4 + part * (box.width - 8), y)
  }
  const frames = await tab.evaluate<number>('frames_')
  const seconds = (performance.now() - began) / 1000
  await tab.mouse.up()
  return frames / seconds
}

async function list({ lab, rounds, say }: Bench, tab: Page): Promise<Table> {
  const dir = await lab.folder()
  await fill(dir, many(FIXTURES))
  const [first, known, filtered]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < rounds; round++) {
    say(`page: the list, round ${round + 1} of ${rounds}`)
    const server = await startDeltatape(lab, { FIXTURES: dir })
    // While it reads, there is a note of how far it is.
    const all = '.count:has(span:text("fixtures")):not(:has(.note))'
    first.push(await opened(tab, server.url.href, 'main a[href^="#/fixtures/"]'))
    await opened(tab, server.url.href, all)
    known.push(await opened(tab, server.url.href, all))
    const began = performance.now()
    await tab.getByRole('searchbox').fill('question 9876 ')
    await tab.locator('main a[href^="#/fixtures/question-9876-"]').waitFor()
    await drawn(tab)
    filtered.push(performance.now() - began)
    await server.stop()
  }
  return {
    title: `The list of ${FIXTURES.toLocaleString('en')} fixtures, ${load()}`,
    unit: 'ms',
    rows: [
      { what: 'the first rows, none read', ours: first },
      { what: 'all, once they were read', ours: known },
      { what: 'the one that a filter finds', ours: filtered },
    ],
  }
}

/** What a browser gets of the page itself. */
async function sizes(): Promise<Table> {
  const dir = 'web/dist/assets'
  const rows: Row[] = []
  let all = 0
  for (const name of (await readdir(dir)).filter((each) => /\.(?:js|css)$/.test(each))) {
    const text = await readFile(join(dir, name))
    const zipped = gzipSync(text, { level: 9 }).length
    all += zipped
    const kind = name.endsWith('.js') ? 'script' : 'style sheet'
    rows.push({ what: kind, ours: [text.length / 1000] }, { what: `${kind}, gzipped`, ours: [zipped / 1000] })
  }
  return { title: 'Size of the page', unit: 'kB', rows: [...rows, { what: 'both, gzipped', ours: [all / 1000] }] }
}
