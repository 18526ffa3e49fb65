/**
 * `npm run pictures`: the pictures of the page in the docs, made of the bundled fixtures. The same page gives the same
 * pictures on every machine that has the fonts (`.ci/browser` installs them).
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { readConfig } from '../server/serve/config.ts'
import { startWith } from '../server/serve/start.ts'
import { launch, windowOf } from './kit/chromium.ts'

const FOLDER = 'docs/pictures'

/** The day after the bundled fixtures were recorded: their age is a part of the pictures. */
const DAY = new Date('2026-11-27T12:00:00Z')

interface Picture {
  readonly name: string
  /** What stands behind the `#`. */
  readonly address: string
  readonly height?: number
  readonly themes?: readonly ('light' | 'dark')[]
  /** What has to be there before it is taken. */
  readonly ready: (page: Page) => Promise<void>
}

const slider = (page: Page): Promise<void> => page.getByRole('slider').first().waitFor()

const PICTURES: readonly Picture[] = [
  {
    name: 'fixture',
    address: '/fixtures/how-many-times-does-the-letter-r-occur-i-2f30ee38e8ee.jsonl?e=24',
    themes: ['light', 'dark'],
    ready: slider,
  },
  {
    name: 'list',
    address: '/fixtures',
    height: 620,
    ready: (page) => page.getByText('my-name-is-ada').first().waitFor(),
  },
]

async function take(context: BrowserContext, url: string, theme: string, picture: Picture): Promise<void> {
  const page = await context.newPage()
  await page.clock.setFixedTime(DAY)
  await page.setViewportSize({ width: 1280, height: picture.height ?? 860 })
  await page.goto(`${url}/#${picture.address}`)
  await picture.ready(page)
  await page.evaluate('document.fonts.ready')
  const path = join(FOLDER, `${picture.name}-${theme}.png`)
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' })
  process.stdout.write(`${path}\n`)
  await page.close()
}

await mkdir(FOLDER, { recursive: true })
const { server } = await startWith(readConfig({ PORT: '0' }), { write() {} })
const browser = await launch()
try {
  for (const theme of ['light', 'dark'] as const) {
    const context = await windowOf(browser, { theme })
    for (const picture of PICTURES) {
      if ((picture.themes ?? ['light']).includes(theme)) await take(context, server.url, theme, picture)
    }
  }
} finally {
  await browser.close()
  await server.close(0)
}
