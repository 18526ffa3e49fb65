/** Turns as they happen, in a real browser. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { compose, words } from '../kit/answers.ts'
import { eventually, inBrowser, sideways } from '../kit/browser.ts'
import { servePage } from '../kit/page.ts'
import { folderWith } from '../kit/tools.ts'

const folder = () => folderWith({ 'Say hi': { events: compose('a').text(words('Hello there')).completed() } })

/** Calls the server as any client would. */
const call = (url: string, input: string, name?: string): Promise<string> =>
  fetch(`${url}${name === undefined ? '' : `/@${name}`}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', input, stream: true }),
  }).then((answer) => answer.text())

const rows = (page: Page) => page.getByRole('grid', { name: /^Turns/ }).locator('.row')

inBrowser('the live view', (open) => {
  test('says how a client is pointed here, and shows each turn as it happens', async () => {
    const { url } = await servePage({ FIXTURES_DIR: await folder() })
    const page = await open(`${url}/#/live`)
    await page.getByText(`OPENAI_BASE_URL=${url}/v1`).waitFor()
    await call(url, 'Say hi')
    await rows(page).filter({ hasText: 'hit' }).waitFor()
    await call(url, 'Say ho', 'checkout')
    const miss = rows(page).filter({ hasText: 'miss' })
    await miss.waitFor()
    expect(await miss.textContent()).toContain('@checkout')
    expect(await rows(page).first().textContent()).toContain('miss')
    await miss.click()
    await page.getByText('MODEL_MODE=auto npx deltatape serve').waitFor()
    await page.getByRole('button', { name: 'Copy command' }).waitFor()
    expect(page.url()).toMatch(/\?turn=2$/)
    await rows(page).filter({ hasText: 'hit' }).click()
    await page.getByRole('link', { name: 'Open the fixture' }).click()
    expect(page.url()).toMatch(/#\/fixtures\/say-hi-/)
  })

  test('does not move while somebody looks at it', async () => {
    const { url } = await servePage({ FIXTURES_DIR: await folder() })
    const page = await open(`${url}/#/live`, { height: 500 })
    await page.getByText('No turns yet').waitFor()
    for (let turn = 0; turn < 30; turn += 1) await call(url, 'Say hi')
    await eventually(async () =>
      expect(await page.getByText('Turns', { exact: true }).locator('+ dd').textContent()).toBe('30'),
    )
    await page.evaluate("document.querySelector('.turns .pane').scrollTo({ top: 200 })")
    const place = () => page.locator('#turn-10').textContent()
    const before = await place()
    await call(url, 'Say ho')
    await page.getByRole('button', { name: '1 new' }).waitFor()
    expect(await place()).toBe(before)
    await page.getByRole('button', { name: '1 new' }).click()
    await eventually(async () => expect(await rows(page).first().textContent()).toContain('miss'))
    await page.getByRole('button', { name: 'Pause' }).click()
    await call(url, 'Say ho')
    await page.getByRole('button', { name: '1 new' }).waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: '1 new' }).waitFor({ state: 'detached' })
  })

  test('is filtered while one types, and its address survives', async () => {
    const { url } = await servePage({ FIXTURES_DIR: await folder() })
    await call(url, 'Say hi')
    await call(url, 'Say ho', 'checkout')
    const page = await open(`${url}/#/live`, { width: 400 })
    await eventually(async () => expect(await rows(page).count()).toBe(2))
    await page.getByRole('searchbox').fill('CHECKOUT miss')
    await eventually(async () => expect(await rows(page).count()).toBe(1))
    await page.reload()
    await rows(page).first().waitFor()
    await eventually(async () => expect(await rows(page).count()).toBe(1))
    expect(await page.getByRole('searchbox').inputValue()).toBe('CHECKOUT miss')
    expect(await sideways(page)).toBe(0)
  })
})
