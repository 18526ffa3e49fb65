/** A fixture in one HTML file, opened from the disk in a real browser. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { compose, words } from '../kit/answers.ts'
import { inBrowser } from '../kit/browser.ts'
import { builtPage } from '../kit/page.ts'
import { deltatape, folderWith, temporaryFolder } from '../kit/tools.ts'

const HOSTILE = `</script><script>window.ran = 1</script><!--<script><img src=x onerror="window.ran = 1">\u2028\u202e$&`

/** Exports a fixture; gives the address of the file. */
async function exported(word: string, env: Record<string, string> = {}): Promise<string> {
  await builtPage()
  const file = join(await temporaryFolder(), 'turn.html')
  expect((await deltatape(['export', word, '--output', file], { env })).code).toBe(0)
  return pathToFileURL(file).href
}

inBrowser('an exported fixture', (open) => {
  test.each(['light', 'dark'] as const)('is shown from a file, %s', async (theme) => {
    const page = await open(await exported('my-name-is-ada-183'), { theme })
    await page.getByText('Nice to meet you, Ada!').first().waitFor()
    expect(await page.getByRole('navigation').getByRole('link').count()).toBe(0)
  })

  test('survives a reload and an address of its own', async () => {
    const page = await open(`${await exported('my-name-is-ada-183')}#/fixtures/x?e=3`)
    await page.getByText('Nice to meet you, Ada!').first().waitFor()
    await page.reload()
    await page.getByText('Nice to meet you, Ada!').first().waitFor()
  })

  test('is text, whatever is in it', async () => {
    const text = `begin ${HOSTILE} end`
    const FIXTURES = await folderWith({ hostile: { events: compose('x').text(words(text)).completed() } })
    const page = await open(await exported('hostile', { FIXTURES }))
    await page.getByText('begin', { exact: false }).first().waitFor()
    expect(await page.evaluate<unknown>('window.ran')).toBeUndefined()
    expect(await page.evaluate<number>("document.querySelectorAll('main img, main script').length")).toBe(0)
  })
})
