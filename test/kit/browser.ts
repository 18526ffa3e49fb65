/**
 * A real browser: Chromium, as it is installed on this machine.
 *
 * ```ts
 * inBrowser('the list', (open) => {
 *   test('has a row for each fixture', async () => {
 *     const page = await open((await servePage()).url)
 *     await page.getByText('my-name-is-ada').first().waitFor()
 *   })
 * })
 * ```
 *
 * Whatever a page does that no page of ours should do fails the test that opened it: an error in the console or in a
 * script, a request that failed or left the server, a dialog, a further window.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { CHROMIUM, type Look, launch, windowOf } from './chromium.ts'

const ABSENT = 'there is no Chromium on this machine (CHROMIUM_PATH)'

/** How a page is opened. */
export interface Opening extends Look {
  /** Faults that this test is about, as parts of their texts. */
  readonly expected?: readonly RegExp[]
}

/** Opens an address in a window of its own, which is closed after the test. */
export type Open = (url: string, opening?: Opening) => Promise<Page>

/** How long something may take to appear. Only what hangs takes so long, however busy the machine is. */
const PATIENCE_MS = 30_000

/** Tests in one browser. Without a browser they are skipped, and in CI they fail. */
export function inBrowser(name: string, tests: (open: Open) => void): void {
  const here = CHROMIUM !== undefined
  if (!here && process.env.CI) {
    test(name, () => expect.fail(`${ABSENT}: .ci/run installs it`))
    return
  }
  describe.skipIf(!here)(here ? name : `${name}: ${ABSENT}`, () => {
    let browser: Browser
    beforeAll(async () => {
      browser = await launch()
    })
    afterAll(() => browser.close())

    tests(async (url, { expected = [], ...look } = {}) => {
      const context = await windowOf(browser, look)
      context.setDefaultTimeout(PATIENCE_MS)
      const faults = faultsIn(context, new URL(url))
      onTestFinished(async () => {
        const found = faults()
        await context.close()
        expect(found.filter((fault) => !expected.some((each) => each.test(fault)))).toEqual([])
      })
      const page = await context.newPage()
      await page.goto(url)
      return page
    })
  })
}

/** Gathers what no page should do from now on; what is called gives it. */
function faultsIn(context: BrowserContext, { host, protocol }: URL): () => readonly string[] {
  const faults: string[] = []
  const outside = (url: string): void => {
    const to = new URL(url)
    const within = to.host === host && (to.protocol === protocol || to.protocol === 'ws:')
    if (!within && to.protocol !== 'blob:') faults.push(`asked for ${url}`)
  }
  let pages = 0
  context.on('page', (page) => {
    if (++pages > 1) faults.push('opened a window')
    page.on('websocket', (socket) => outside(socket.url()))
    page.on('dialog', (dialog) => {
      faults.push(`showed a dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
  })
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`said in the console: ${message.text()}`)
  })
  context.on('weberror', (error) => faults.push(`threw: ${String(error.error())}`))
  context.on('request', (request) => outside(request.url()))
  context.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? ''
    // Whoever leaves a view no longer waits for what it asked for.
    if (why !== 'net::ERR_ABORTED') faults.push(`did not get ${request.url()}: ${why}`)
  })
  return () => [...faults]
}

/** Waits until all holds that is expected within. */
export const eventually = (holds: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(holds, { timeout: PATIENCE_MS, interval: 50 })

/** How far a page can be scrolled to the side, in CSS pixels: 0 is wanted. */
export const sideways = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
