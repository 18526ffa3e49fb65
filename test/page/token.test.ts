/** The token that a server may ask for, in its page. */
import { expect, test } from 'vitest'
import { eventually, inBrowser } from '../kit/browser.ts'
import { servePage } from '../kit/page.ts'

inBrowser('a server with a token', (open) => {
  const TOKEN = 'to-be-kept:/+=&?#%20'

  test('has its page ask for it, take it, and keep it in this tab alone', async () => {
    const { url } = await servePage({ AUTH_TOKEN: TOKEN })
    const page = await open(url, { expected: [/401/] })
    await page.getByLabel(/token/i).fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByLabel(/token/i).fill(TOKEN)
    await page.keyboard.press('Enter')
    await page.getByText('my-name-is-ada').first().waitFor()
    await page.reload()
    await page.getByText('my-name-is-ada').first().waitFor()
    expect(await page.evaluate<number>('localStorage.length')).toBe(0)
    expect(await page.context().cookies()).toEqual([])
    expect(page.url()).not.toContain('token')
  })

  test('takes it out of an address, which then no longer holds it', async () => {
    const { url } = await servePage({ AUTH_TOKEN: TOKEN })
    const page = await open(`${url}/#token=${encodeURIComponent(TOKEN)}`)
    await page.getByText('my-name-is-ada').first().waitFor()
    expect(page.url()).not.toContain('token')
    await page.goto(`${url}/#/live?token=${encodeURIComponent(TOKEN)}`)
    await page.getByRole('heading', { name: 'Turns as they happen' }).waitFor()
    await eventually(() => expect(page.url()).toBe(`${url}/#/live`))
  })

  test('asks for it where a link has a bad one', async () => {
    const { url } = await servePage({ AUTH_TOKEN: TOKEN })
    const page = await open(`${url}/#token=%E0%A4%A`, { expected: [/401/] })
    await page.getByLabel(/token/i).waitFor()
    expect(page.url()).not.toContain('token')
  })
})
