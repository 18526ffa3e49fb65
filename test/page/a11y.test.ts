/** That everybody can use the page: axe finds nothing, nothing scrolls to the side, keys alone lead everywhere. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { eventually, inBrowser, sideways } from '../kit/browser.ts'
import { servePage } from '../kit/page.ts'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const ready = {
  list: (page: Page) => page.locator('main a[href^="#/fixtures/"]').first().waitFor(),
  fixture: (page: Page) => page.getByRole('slider').first().waitFor(),
  heading: (page: Page) => page.getByRole('heading', { level: 1 }).first().waitFor(),
}

/** What is looked at: where, and when it is there. */
const VIEWS: Readonly<Record<string, readonly [string, (page: Page) => Promise<void>]>> = {
  list: ['#/fixtures', ready.list],
  'a fixture with text': ['#/fixtures/write-a-haiku-and-then-explain-it-e3eaffdca8e6.jsonl?e=12', ready.fixture],
  'a fixture with thoughts': [
    '#/fixtures/how-many-times-does-the-letter-r-occur-i-2f30ee38e8ee.jsonl?e=9',
    ready.fixture,
  ],
  'a fixture with a tool': ['#/fixtures/what-is-the-weather-in-paris-a025e1eecd07.jsonl', ready.fixture],
  'a long fixture': ['#/fixtures/count-to-two-thousand-c7eed47dfab2.jsonl?e=812', ready.fixture],
  'a refused request': ['#/fixtures/fail-with-a-refused-request-10c4c54f23af.jsonl', ready.fixture],
  'an unreachable API': ['#/fixtures/fail-with-an-unreachable-api-68f2aeeffa55.jsonl', ready.fixture],
  'a stalled stream': ['#/fixtures/fail-with-a-stalled-stream-6ad933e3f6a1.jsonl', ready.fixture],
  'many scripts': ['#/fixtures/say-hello-in-japanese-arabic-hindi-and-e-daa906e8e90e.jsonl', ready.fixture],
  compare: [
    '#/compare/rephrase-this-in-french-hello-world-cb16dbf0fa6f.jsonl/rephrase-this-in-french-i-m-hungry-2d6dde4cab59.jsonl',
    ready.heading,
  ],
  live: ['#/live', ready.heading],
  nowhere: ['#/nowhere', ready.heading],
}

/** What axe finds, a line for each kind of fault. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate<string[]>(
    "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 200)).join(' | ')))",
  )
}

const LOOKS = [400, 1280].flatMap((width) => (['light', 'dark'] as const).map((theme) => ({ width, theme })))

/** The widths where the layout changes, and what is beyond. */
const WIDTHS = [400, 680, 681, 1024, 1180, 1181, 1280, 1600]

/** What axe finds in each look of a page. */
async function allFaultsOf(page: Page): Promise<string[]> {
  const found: string[] = []
  for (const { width, theme } of LOOKS) {
    await page.setViewportSize({ width, height: 860 })
    await page.emulateMedia({ colorScheme: theme })
    await eventually(async () => expect(await page.locator(`html[data-theme=${theme}]`).count()).toBe(1))
    found.push(...(await faultsOf(page)).map((fault) => `${width}, ${theme}: ${fault}`))
  }
  return found
}

inBrowser('every view', (open) => {
  test.each(Object.entries(VIEWS))(
    '%s has no fault that axe finds, in both themes, narrow and wide, and scrolls to the side at no width',
    async (_name, [address, isThere]) => {
      const { url } = await servePage()
      const page = await open(`${url}/${address}`)
      await isThere(page)
      expect(await allFaultsOf(page)).toEqual([])
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 860 })
        await eventually(async () => expect([width, await sideways(page)]).toEqual([width, 0]))
      }
    },
  )

  test('the dialog of keys has no fault', async () => {
    const page = await open((await servePage()).url)
    await ready.list(page)
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    expect(await allFaultsOf(page)).toEqual([])
  })

  test('the form for a token has no fault', async () => {
    const page = await open((await servePage({ AUTH_TOKEN: 'secret' })).url, { expected: [/401/] })
    await page.getByLabel(/token/i).waitFor()
    expect(await allFaultsOf(page)).toEqual([])
  })
})

inBrowser('by keys alone', (open) => {
  /** Presses Tab until what has the focus is what is looked for. */
  async function tabTo(page: Page, name: RegExp): Promise<void> {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab')
      const focused = await page.evaluate<string>(
        "document.activeElement?.matches('a, button') ? document.activeElement.textContent.trim() : ''",
      )
      if (name.test(focused)) return
    }
    expect.fail(`Tab leads to nothing that is called ${String(name)}`)
  }

  test('one gets from the list to a record, its frame, other views and back', async () => {
    const { url } = await servePage()
    const page = await open(url)
    await ready.list(page)
    await page.keyboard.press('/')
    await page.keyboard.type('haiku')
    await eventually(async () => expect(await page.locator('main a[href^="#/fixtures/"]').count()).toBe(1))
    await page.keyboard.press('Enter')
    await ready.fixture(page)
    const slider = page.getByRole('slider').first()
    await slider.focus()
    const before = await slider.getAttribute('aria-valuetext')
    await page.keyboard.press('ArrowLeft')
    await eventually(async () => expect(await slider.getAttribute('aria-valuetext')).not.toBe(before))
    await page.goBack()
    await ready.list(page)
    await tabTo(page, /^Live$/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Turns as they happen' }).waitFor()
  })

  test('what has the focus can be seen', async () => {
    const { url } = await servePage()
    const page = await open(url)
    await ready.list(page)
    for (let presses = 0; presses < 12; presses++) {
      await page.keyboard.press('Tab')
      const seen = await page.evaluate<boolean>(`(() => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement)
        return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none'
      })()`)
      expect(seen).toBe(true)
    }
  })
})
