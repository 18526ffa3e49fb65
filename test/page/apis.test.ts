/** A fixture of every API that a row knows, and bytes that none does: each opens, with its lanes and its answer. */
import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileName } from '../../server/fixture/key.ts'
import { inBrowser } from '../kit/browser.ts'
import { fixtureFor, getCall } from '../kit/fixtures.ts'
import { servePage } from '../kit/page.ts'
import { fill, ofEveryApi, shelfOf } from '../kit/shelf.ts'
import { temporaryFolder } from '../kit/tools.ts'

const all = ofEveryApi()
const bytes = fixtureFor(getCall('/v1/files/one/content'), {
  response: { status: 200, headers: [['content-type', 'application/octet-stream']], framing: 'text' },
  records: [
    { at: 20, wire: Buffer.from([0, 1, 2, 254, 255]) },
    { at: 70, wire: Buffer.from('more') },
  ],
})

describe('of every API', () => {
  let dir = ''
  beforeAll(async () => {
    dir = await temporaryFolder((undo) => afterAll(undo))
    await fill(dir, shelfOf(...all.map(({ fixture }) => fixture), bytes))
  })

  inBrowser('a fixture', (open) => {
    test('opens, and says what was answered', async () => {
      const { url } = await servePage({ FIXTURES_DIR: dir })
      const page = await open(url)
      for (const { name, fixture, says } of all) {
        await page.goto(`${url}/#/fixtures/${fileName(fixture)}`)
        await page.getByRole('heading', { name: fileName(fixture).replace('.jsonl', '') }).waitFor()
        await page.getByRole('slider').first().waitFor()
        await page.keyboard.press('End')
        await page.getByText(says.trim()).first().waitFor()
        await page.getByText('completed').first().waitFor()
        expect([name, await page.getByRole('img').first().getAttribute('aria-label')]).toEqual([
          name,
          expect.stringMatching(/text/i),
        ])
      }
    })

    test('that is bytes opens, with their number and their times', async () => {
      const { url } = await servePage({ FIXTURES_DIR: dir })
      const page = await open(`${url}/#/fixtures/${fileName(bytes)}`)
      await page.getByRole('slider').first().waitFor()
      await page.keyboard.press('Home')
      await page.keyboard.press('ArrowRight')
      await page
        .getByText(/5 (?:B|bytes)/)
        .first()
        .waitFor()
      await page.getByText('70 ms').first().waitFor()
    })
  })
})

inBrowser('each bundled fixture', (open) => {
  test('opens', async () => {
    const { url } = await servePage()
    const page = await open(url)
    for (const name of (await readdir('fixtures')).filter((each) => each.endsWith('.jsonl'))) {
      await page.goto(`${url}/#/fixtures/${name}`)
      await page.getByRole('heading', { name: name.replace('.jsonl', '') }).waitFor()
      await page.getByRole('slider').first().waitFor()
    }
  })
})
