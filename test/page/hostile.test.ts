/** What fixtures hold is text, whatever it looks like and however much of it there is. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { eventually, inBrowser, sideways } from '../kit/browser.ts'
import { SHOWN_MARKS, hostile, wide } from '../kit/hostile-shelf.ts'
import { servePage } from '../kit/page.ts'
import { fill } from '../kit/shelf.ts'
import { deltatape, temporaryFolder } from '../kit/tools.ts'

const DAMAGED = /^(?:cut|empty|no fixture at all)\.jsonl$/

const shelf = hostile()
const whole = Object.keys(shelf).filter((name) => !DAMAGED.test(name))
const named = (beginning: string): string => whole.find((name) => name.startsWith(beginning)) ?? 'none'

/** What of the page's own is still as it should be. */
async function unharmed(page: Page): Promise<void> {
  const harm = await page.evaluate<unknown>(
    "[window.ran, ({}).polluted, Object.keys(Object.prototype).length, document.querySelectorAll('main script, main img, main style, main a[href^=javascript]').length]",
  )
  expect(harm).toEqual([undefined, undefined, 0, 0])
  await page.getByRole('main').waitFor()
}

const addressOf = (url: string, name: string): string => `${url}/#/fixtures/${encodeURIComponent(name)}`

describe('hostile fixtures', () => {
  let dir = ''
  beforeAll(async () => {
    dir = await temporaryFolder((undo) => afterAll(undo))
    await fill(dir, { ...shelf, 'wide.jsonl': wide(50_000), 'wider.jsonl': wide(110_000) })
  })

  inBrowser('hostile fixtures', (open) => {
    test('are listed as text, and filtered by it', async () => {
      const page = await open((await servePage({ FIXTURES_DIR: dir })).url)
      await page.getByText('<img src=x onerror=window.ran=1>').first().waitFor()
      await page.getByText('a⟨202E⟩lnosj').first().waitFor()
      await page.getByRole('searchbox').fill('(.*<script>[')
      await eventually(async () => expect(await page.locator('main a[href^="#/fixtures/"]').count()).toBe(0))
      await page.getByRole('searchbox').fill('<script>')
      await page.locator('main').getByText('<script>window.ran').first().waitFor()
      await page.getByRole('searchbox').fill('damaged')
      await page.getByText('it is cut off').first().waitFor()
      await unharmed(page)
    })

    test('open from the list, are stepped through, and are text', async () => {
      const { url } = await servePage({ FIXTURES_DIR: dir })
      const page = await open(`${url}/#/fixtures`)
      for (const name of whole) {
        await page.goto(`${url}/#/fixtures?q=${encodeURIComponent(name.replace(/\.jsonl$/, ''))}`)
        await page
          .locator(`main a[href^=${JSON.stringify(`#/fixtures/${encodeURIComponent(name)}`)}]`)
          .first()
          .click()
        await page.getByRole('slider').first().waitFor()
        for (const key of ['End', 'ArrowLeft', 'ArrowLeft', 'Home', 'ArrowRight', 'ArrowRight', '+', '+', '0']) {
          await page.keyboard.press(key)
        }
        expect([name, await sideways(page)]).toEqual([name, 0])
        await unharmed(page)
      }
    })

    test('characters that are not seen are shown by their numbers', async () => {
      const { url } = await servePage({ FIXTURES_DIR: dir })
      const page = await open(addressOf(url, named('hostile-a-')))
      await page.getByText(SHOWN_MARKS).first().waitFor()
    })

    test('50,000 records open, and more of them are refused in a sentence', async () => {
      const { url } = await servePage({ FIXTURES_DIR: dir })
      const page = await open(addressOf(url, 'wide.jsonl'), { expected: [/413/] })
      await page.getByRole('slider').first().waitFor()
      await page.keyboard.press('End')
      await page.keyboard.press('ArrowLeft')
      await eventually(async () =>
        expect(await page.getByRole('slider').first().getAttribute('aria-valuetext')).toMatch(/ of 50,?0\d\d/),
      )
      expect(await page.evaluate<number>("document.querySelectorAll('*').length")).toBeLessThan(3000)
      await page.goto(addressOf(url, 'wider.jsonl'))
      await page
        .getByText(/100,?000/)
        .first()
        .waitFor()
    })

    test.each(['cut.jsonl', 'empty.jsonl', 'no fixture at all.jsonl'])(
      'the damaged %s says what is wrong',
      async (name) => {
        const { url } = await servePage({ FIXTURES_DIR: dir })
        const page = await open(addressOf(url, name), { expected: [/4\d\d|500/] })
        await page
          .getByText(/damaged/)
          .first()
          .waitFor()
      },
    )

    test('are exported as text', async () => {
      const file = join(await temporaryFolder(), 'one.html')
      const write = async (name: string): Promise<void> => {
        const { code } = await deltatape(['export', name, '--fixtures', dir, '--output', file, '--force'])
        expect([name, code]).toEqual([name, 0])
      }
      await write(whole[0] ?? '')
      const page = await open(pathToFileURL(file).href)
      for (const name of whole) {
        await write(name)
        await page.reload()
        await page.getByRole('slider').first().waitFor()
        await page.keyboard.press('End')
        await unharmed(page)
      }
    })
  })
})
