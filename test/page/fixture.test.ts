/** One fixture, in a real browser: its timeline, its records and frames, its answer. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { eventually, inBrowser } from '../kit/browser.ts'
import { servePage } from '../kit/page.ts'
import { fill, long, shelfOf } from '../kit/shelf.ts'
import { temporaryFolder } from '../kit/tools.ts'

const HAIKU = 'write-a-haiku-and-then-explain-it-e3eaffdca8e6.jsonl'
const TOOL = 'what-is-the-weather-in-paris-a025e1eecd07.jsonl'
const THOUGHT = 'how-many-times-does-the-letter-r-occur-i-2f30ee38e8ee.jsonl'
const STALLED = 'fail-with-a-stalled-stream-6ad933e3f6a1.jsonl'
const UNREACHABLE = 'fail-with-an-unreachable-api-68f2aeeffa55.jsonl'
const REFUSED = 'fail-with-a-refused-request-10c4c54f23af.jsonl'

/** What scrubs through the recording. */
const slider = (page: Page) => page.getByRole('slider', { name: /play|position|time|record/i }).first()

/** What the slider says of where it stands. */
const where = async (page: Page): Promise<string> => String(await slider(page).getAttribute('aria-valuetext'))

/** The number of the record that is shown; 0 before the first. */
const numberIn = (text: string): number => Number(/(\d[\d,]*) of/.exec(text)?.[1]?.replaceAll(',', '') ?? 0)

inBrowser('a fixture', (open) => {
  test('tells at a glance what was asked, how it ended, and when its text began', async () => {
    const { url } = await servePage()
    const page = await open(`${url}/#/fixtures/${HAIKU}`)
    await page.getByText('completed').first().waitFor()
    for (const word of ['gpt-4.1-mini', '313 ms', 'Old tape, still turning']) {
      await page.getByText(word).first().waitFor()
    }
    for (const label of [/first delta/i, /took/i, /longest gap/i, /tokens/i, /model/i]) {
      await page.getByText(label).first().waitFor()
    }
    const told = await page.getByRole('img').first().getAttribute('aria-label')
    expect(told).toMatch(/first delta/i)
  })

  test('is stepped through by keys: the record, and what a client got of it, side by side', async () => {
    const { url } = await servePage()
    const page = await open(`${url}/#/fixtures/${HAIKU}`)
    await slider(page).waitFor()
    await page.keyboard.press('Home')
    await eventually(async () => expect(numberIn(await where(page))).toBeLessThanOrEqual(1))
    const seen: number[] = []
    for (let step = 0; step < 6; step++) {
      await page.keyboard.press('ArrowRight')
      const before = seen.at(-1) ?? 0
      await eventually(async () => expect(numberIn(await where(page))).toBeGreaterThan(before))
      seen.push(numberIn(await where(page)))
    }
    expect(seen.map((number) => number - (seen[0] ?? 0))).toEqual([0, 1, 2, 3, 4, 5])
    await eventually(async () => expect(await where(page)).toContain('output_text.delta'))
    const main = page.locator('main')
    await main.getByText('"response.output_text.delta"').first().waitFor()
    await main.getByText('{"type":"delta"').or(main.getByText('"delta"')).first().waitFor()
    await page.keyboard.press('ArrowLeft')
    await eventually(async () => expect(numberIn(await where(page))).toBe((seen.at(-1) ?? 0) - 1))
    await page.keyboard.press('End')
    await eventually(async () => expect(await where(page)).toMatch(/completed|end/i))
  })

  test('has an address for each record, which survives a reload and opens the same elsewhere', async () => {
    const { url } = await servePage()
    const page = await open(`${url}/#/fixtures/${HAIKU}`)
    await slider(page).waitFor()
    await page.keyboard.press('Home')
    for (let step = 0; step < 9; step++) await page.keyboard.press('ArrowRight')
    await eventually(async () => expect(numberIn(await where(page))).toBe(9))
    const there = await where(page)
    await eventually(() => expect(page.url()).toMatch(/[?&]e=9\b/))
    await page.reload()
    await eventually(async () => expect(await where(page)).toBe(there))
    const other = await open(page.url())
    await eventually(async () => expect(await where(other)).toBe(there))
  })

  test('is zoomed and panned by keys, and its window is in the address', async () => {
    const { url } = await servePage()
    const page = await open(`${url}/#/fixtures/${HAIKU}`)
    await slider(page).waitFor()
    await page.keyboard.press('+')
    await page.keyboard.press('+')
    await eventually(() => expect(page.url()).toMatch(/from=[\d.]+&to=[\d.]+/))
    const zoomed = page.url()
    await page.reload()
    await slider(page).waitFor()
    await page.keyboard.press('0')
    await eventually(() => expect(page.url()).not.toMatch(/from=/))
    expect(zoomed).not.toBe(page.url())
  })

  test('is zoomed by the wheel with Ctrl where the pointer is, and a plain wheel scrolls the page', async () => {
    const { url } = await servePage()
    const page = await open(`${url}/#/fixtures/${HAIKU}`)
    const plot = page.getByRole('img').first()
    const overPlot = async (): Promise<void> => {
      const box = await plot.boundingBox()
      await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + (box?.height ?? 0) / 2)
    }
    await page.setViewportSize({ width: 1000, height: 700 })
    await overPlot()
    await page.mouse.wheel(0, 60)
    await eventually(async () => expect(await page.evaluate<number>('scrollY')).toBeGreaterThan(0))
    expect(page.url()).not.toMatch(/from=/)
    await overPlot()
    await page.keyboard.down('Control')
    await page.mouse.wheel(0, -200)
    await page.keyboard.up('Control')
    await eventually(() => expect(page.url()).toMatch(/from=/))
  })

  test('fills its answer as one scrubs', async () => {
    const { url } = await servePage()
    const page = await open(`${url}/#/fixtures/${HAIKU}`)
    await slider(page).waitFor()
    await page.keyboard.press('Home')
    /** How much of the answer is said by now, however the page tells it. */
    const said = () =>
      page.evaluate<number>(`(() => {
        const marks = [...(globalThis.CSS?.highlights ?? [])].flatMap(([, each]) => [...each])
        return marks.map((each) => each.toString().length).join() + document.querySelector('main').textContent.length
      })()`)
    const before = await said()
    await page.keyboard.press('End')
    await eventually(async () => expect(await said()).not.toBe(before))
    await page.getByText('It is about a recording that is played again').first().waitFor()
  })

  test('shows thoughts and calls of tools as blocks of their own', async () => {
    const { url } = await servePage()
    const page = await open(`${url}/#/fixtures/${TOOL}`)
    await page.getByText('get_weather').first().waitFor()
    await page.keyboard.press('End')
    await page.getByText('celsius').first().waitFor()
    await page.goto(`${url}/#/fixtures/${THOUGHT}`)
    await page
      .getByText(/reasoning/i)
      .first()
      .waitFor()
    await page.getByText('The letter r occurs three times.').first().waitFor()
  })

  test.each([
    [STALLED, 'stalled', /stalled/i],
    [UNREACHABLE, 'unreachable', /could not be reached/i],
    [REFUSED, 'refused', /Rate limit reached/i],
  ])('tells how %s failed, and why', async (name, word, why) => {
    const { url } = await servePage()
    const page = await open(`${url}/#/fixtures/${name}`)
    await page.getByText(word).first().waitFor()
    await page.getByText(why).first().waitFor()
  })

  test('has keys that are told, and that do nothing while one types', async () => {
    const { url } = await servePage()
    const page = await open(`${url}/#/fixtures/${HAIKU}`)
    await slider(page).waitFor()
    await page.keyboard.press('?')
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
  })

  test('says that there is no such fixture', async () => {
    const { url } = await servePage()
    const page = await open(`${url}/#/fixtures/nobody.jsonl`, { expected: [/404/] })
    await page
      .getByText(/there is no fixture/i)
      .first()
      .waitFor()
  })

  test('of 5,000 records draws few of them, and steps to any', async () => {
    const dir = await temporaryFolder()
    const [name = '', text = ''] = Object.entries(shelfOf(long(4960)))[0] ?? []
    await fill(dir, { [name]: text })
    const { url } = await servePage({ FIXTURES_DIR: dir })
    const page = await open(`${url}/#/fixtures/${name}?e=4000`)
    await eventually(async () => expect(numberIn(await where(page))).toBe(4000))
    expect(await page.evaluate<number>("document.querySelectorAll('*').length")).toBeLessThan(2500)
    await page.keyboard.press('Shift+ArrowRight')
    await eventually(async () => expect(numberIn(await where(page))).toBe(4010))
  })
})
