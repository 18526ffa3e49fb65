/** The list of fixtures, in a real browser. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, inBrowser } from '../kit/browser.ts'
import { servePage } from '../kit/page.ts'
import { answered, fill, many, shelfOf } from '../kit/shelf.ts'
import { temporaryFolder } from '../kit/tools.ts'

/** What is typed to filter. */
const filter = (page: Page) => page.getByRole('searchbox')

/** The links to fixtures, as they are drawn. */
const links = (page: Page) => page.locator('main a[href^="#/fixtures/"]')

inBrowser('the list', (open) => {
  test('shows the bundled fixtures, each with how it ended, by word', async () => {
    const page = await open((await servePage()).url)
    await page.getByText('32', { exact: false }).first().waitFor()
    for (const word of ['completed', 'refused', 'truncated', 'reset', 'stalled', 'malformed']) {
      await filter(page).fill(word)
      await page.locator('main').getByText(word).first().waitFor()
    }
  })

  test.each([
    ['the name', 'haiku', 'write-a-haiku'],
    ['what was asked', 'the weather in Paris', 'what-is-the-weather'],
    ['the model', 'gpt-0', 'which-model-are-you'],
    ['the ending', 'stalled', 'fail-with-a-stalled'],
    ['a tool', 'get_weather', 'what-is-the-weather'],
    ['a type of event', 'refusal.delta', 'write-me-a-program'],
    ['the text of an answer', 'arr, me belly', 'rephrase-this-in-pirate'],
  ])('is filtered by %s while one types', async (_what, words, name) => {
    const page = await open((await servePage()).url)
    await links(page).nth(3).waitFor()
    await filter(page).pressSequentially(words)
    await eventually(async () => {
      const shown = await links(page).evaluateAll((all) =>
        all.map((each) => decodeURIComponent(String(each.getAttribute('href')))),
      )
      expect(shown.length).toBeGreaterThan(0)
      expect(shown.filter((each) => each.startsWith(`#/fixtures/${name}`))).toHaveLength(shown.length)
    })
  })

  test('says that nothing matches, and shows all again', async () => {
    const page = await open((await servePage()).url)
    await links(page).nth(3).waitFor()
    await filter(page).fill('no fixture has these words')
    await eventually(async () => expect(await links(page).count()).toBe(0))
    await page
      .getByText(/no fixture/i)
      .first()
      .waitFor()
    await filter(page).fill('')
    await links(page).nth(3).waitFor()
  })

  test('keeps filter and order over a reload, and in a link', async () => {
    const { url } = await servePage()
    const page = await open(url)
    await filter(page).fill('fail')
    await page.getByRole('columnheader', { name: /took/i }).getByRole('button').click()
    await eventually(() => expect(page.url()).toMatch(/fail.*&|&.*fail/))
    const names = () => links(page).allTextContents()
    await eventually(async () => expect((await names()).length).toBe(8))
    const before = await names()
    await page.reload()
    await eventually(async () => expect(await names()).toEqual(before))
    expect(await filter(page).inputValue()).toBe('fail')
    const other = await open(page.url())
    await eventually(async () => expect(await links(other).allTextContents()).toEqual(before))
  })

  test('leads to a fixture and back to where one was, by keys alone', async () => {
    const page = await open((await servePage()).url)
    await links(page).nth(3).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('haiku')
    await eventually(async () => expect(await links(page).count()).toBe(1))
    await page.keyboard.press('Enter')
    await page.getByRole('slider').waitFor()
    expect(page.url()).toContain('#/fixtures/write-a-haiku')
    await page.goBack()
    await eventually(async () => expect(await filter(page).inputValue()).toBe('haiku'))
  })

  test('shows what was recorded meanwhile after a reload', async () => {
    const dir = await temporaryFolder()
    await fill(dir, shelfOf(answered('the first', { text: 'one' })))
    const page = await open((await servePage({ FIXTURES_DIR: dir })).url)
    await page.getByText('the-first').first().waitFor()
    await fill(dir, shelfOf(answered('the second', { text: 'two' })))
    await page.reload()
    await page.getByText('the-second').first().waitFor()
    await page.getByText('the-first').first().waitFor()
  })

  test('says how one comes to fixtures where there are none', async () => {
    const page = await open((await servePage({ FIXTURES_DIR: await temporaryFolder() })).url)
    await page
      .getByText(/^npx deltatape serve .*--mode record$/)
      .first()
      .waitFor()
  })
})

describe('10,000 fixtures', () => {
  let dir = ''
  beforeAll(async () => {
    dir = await temporaryFolder((undo) => afterAll(undo))
    await fill(dir, many(10_000))
  })

  inBrowser('the list', (open) => {
    test('draws the few rows that are seen, knows all, and finds one among them', async () => {
      const page = await open((await servePage({ FIXTURES_DIR: dir })).url)
      await page.getByText('10,000').first().waitFor()
      expect(await links(page).count()).toBeLessThan(200)
      await filter(page).fill('question 9876 ')
      await eventually(async () => expect(await links(page).count()).toBe(1))
      await filter(page).fill('truncated')
      await eventually(async () => expect(await links(page).count()).toBeGreaterThan(10))
      expect(await links(page).count()).toBeLessThan(200)
    })
  })
})
