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
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'

const PLACES = [
  process.env.CHROMIUM_PATH ?? '',
  // Debian's own script in /usr/bin would set flags of its own.
  '/usr/lib/chromium/chromium',
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Where the browser is; undefined if there is none. */
export const CHROMIUM = PLACES.find((place) => place !== '' && existsSync(place))

const ABSENT = 'there is no Chromium on this machine (CHROMIUM_PATH)'

/** A browser that draws the same on every machine with the same fonts. */
export const launch = (): Promise<Browser> =>
  chromium.launch({
    ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }),
    // They take room, as people's do.
    ignoreDefaultArgs: ['--hide-scrollbars'],
    args: ['--disable-lcd-text', '--font-render-hinting=none', '--disable-gpu'],
  })

/** How a page is looked at. */
export interface Look {
  /** In CSS pixels. */
  readonly width?: number
  readonly height?: number
  readonly theme?: 'light' | 'dark'
}

/** A browser window of its own, without anything from earlier ones. */
export const windowOf = (
  browser: Browser,
  { width = 1280, height = 860, theme = 'light' }: Look = {},
): Promise<BrowserContext> =>
  browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
  })

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
    faults.push(`did not get ${request.url()}: ${request.failure()?.errorText ?? ''}`)
  })
  return () => [...faults]
}

/** Waits until all holds that is expected within. */
export const eventually = (holds: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(holds, { timeout: PATIENCE_MS, interval: 50 })

/** How far a page can be scrolled to the side, in CSS pixels: 0 is wanted. */
export const sideways = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
