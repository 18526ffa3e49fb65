/** Two fixtures beside each other, in a real browser. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { compose, words } from '../kit/answers.ts'
import { inBrowser, sideways } from '../kit/browser.ts'
import { servePage } from '../kit/page.ts'
import { commitAll, folderWith, openTestStore } from '../kit/tools.ts'

const says = (text: string, seed = 'a') => ({ events: compose(seed).text(words(text)).completed() })

/** A repository with two fixtures, the first of them recorded anew since. */
async function setUp() {
  const dir = await folderWith({
    'How deep is the sea?': says('The sea is deep and wide'),
    'How high is the sky?': says('The sky is high'),
  })
  await commitAll(dir)
  const [deep = '', high = ''] = await openTestStore(dir).list()
  const file = join(dir, deep)
  const [header = '', ...lines] = (await readFile(file, 'utf8')).split('\n')
  const meant = header.replace('"recorded":{', '"recorded":{"edited":true,')
  const changed = [meant, ...lines.map((line) => line.replaceAll('deep', 'cold'))].join('\n')
  await writeFile(file, changed)
  const { url } = await servePage({ FIXTURES_DIR: dir })
  return { url, deep, high }
}

/** What is marked as of one side alone, in order: `DEL deep`. */
const marked = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(
    "[...document.querySelectorAll('.words del, .words ins')].map((part) => `${part.tagName} ${part.textContent}`)",
  )

inBrowser('two fixtures', (open) => {
  test('stand beside each other: what differs, word by word, and over time', async () => {
    const { url, deep, high } = await setUp()
    const page = await open(`${url}/#/compare/${deep}/${high}`)
    await page.getByRole('region', { name: 'Before' }).getByRole('link', { name: deep }).waitFor()
    await page.getByRole('button', { name: /^Request/ }).waitFor()
    expect(await marked(page)).toEqual(
      expect.arrayContaining(
        ['DEL deep', 'INS high', 'DEL sea', 'INS sky'].map((each) => expect.stringContaining(each)),
      ),
    )
    const times = page.getByRole('slider', { name: 'A time in both recordings' })
    await times.focus()
    await page.keyboard.press('End')
    expect(await times.getAttribute('aria-valuetext')).toMatch(/before: \d+ records.*after: \d+ records/)
    await page.getByRole('link', { name: 'Swap' }).click()
    await page.getByRole('region', { name: 'Before' }).getByRole('link', { name: high }).waitFor()
    expect(page.url()).toContain(`#/compare/${high}/${deep}`)
  })

  test('one of them is compared with what git has', async () => {
    const { url, deep } = await setUp()
    const page = await open(`${url}/#/compare/${deep}`)
    await page.getByRole('button', { name: /^Text/ }).waitFor()
    expect((await marked(page)).join()).toMatch(/DEL deep.*INS cold/)
    await page.getByRole('textbox', { name: 'as git has it in' }).waitFor()
  })

  test('a revision that git does not have is told, and another one can be typed', async () => {
    const { url, high } = await setUp()
    const page = await open(`${url}/#/compare/${high}?revision=nowhere`, { expected: [/404/] })
    await page.getByText('there is no such revision').waitFor()
    await page.getByRole('textbox', { name: 'as git has it in' }).fill('HEAD')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByText('Nothing differs but ids and times.').waitFor()
  })

  test('their records unfold beside each other, by keys', async () => {
    const { url, deep, high } = await setUp()
    const page = await open(`${url}/#/compare/${deep}/${high}`, { width: 400, theme: 'dark' })
    const grid = page.getByRole('grid', { name: /^Records/ })
    await grid.focus()
    for (let row = 0; row < 5; row += 1) await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.keyboard.press('ArrowDown')
    await page.getByRole('region', { name: 'The record before' }).getByText('response.output_text.delta').waitFor()
    await page.getByRole('region', { name: 'The record after' }).getByText('response.output_text.delta').waitFor()
    expect(await sideways(page)).toBe(0)
  })
})
