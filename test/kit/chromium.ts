/** The Chromium of this machine, and how it is started: for tests, figures and pictures. */
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'

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
