/** One HTML file that shows a fixture from a disk, without a server and without a request. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { eventually, inBrowser } from '../kit/browser.ts'
import { builtPage, servePage } from '../kit/page.ts'
import { deltatape, temporaryFolder } from '../kit/tools.ts'

/** Exports a bundled fixture as a user does; the address of the file. */
async function exported(name: string): Promise<{ readonly file: string; readonly url: string }> {
  await builtPage()
  const file = join(await temporaryFolder(), 'one.html')
  const { code, err } = await deltatape(['export', name, '--output', file, '--force'])
  expect([code, err]).toEqual([0, expect.any(String)])
  return { file, url: pathToFileURL(file).href }
}

inBrowser('an exported fixture', (open) => {
  test.each(['write-a-haiku', 'fail-with-a-refused', 'fail-with-an-unreachable', 'count-to-two-thousand'])(
    '%s opens from a disk, and asks for nothing',
    async (name) => {
      const { url } = await exported(name)
      const page = await open(url)
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      await page.reload()
      await page.getByRole('slider').first().waitFor()
      await page.getByRole('heading', { name: new RegExp(name) }).waitFor()
      expect(asked.filter((each) => !each.startsWith('data:'))).toEqual([url])
    },
  )

  test('has addresses for its records, and no links to what it does not hold', async () => {
    const { url } = await exported('write-a-haiku')
    const page = await open(url)
    await page.getByRole('slider').first().waitFor()
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await eventually(() => expect(page.url()).toMatch(/e=\d/))
    await page.reload()
    await page.getByRole('slider').first().waitFor()
    expect(await page.getByRole('link', { name: /^(Live|Fixtures)$/ }).count()).toBe(0)
    expect(await page.getByRole('button', { name: /replay/i }).count()).toBe(0)
  })

  test('is held to a policy of its own', async () => {
    const { file, url } = await exported('write-a-haiku')
    const page = await open(url, { expected: [/Trusted ?(?:HTML|Script|Type)|Content Security Policy/i] })
    await page.getByRole('slider').first().waitFor()
    const tried = await page.evaluate<string>(
      "(() => { try { document.body.innerHTML = '<b>x</b>'; return 'ran' } catch (error) { return error.name } })()",
    )
    expect(tried).toBe('TypeError')
    const html = await readFile(file, 'utf8')
    expect(html).toMatch(/script-src 'sha256-/)
    expect(html).not.toMatch(/unsafe-inline|<script[^>]+src=|<link[^>]+stylesheet/)
    expect((await stat(file)).size).toBeLessThan(300_000)
  })

  test('is the same by the button of the page and by the command', async () => {
    const { file } = await exported('write-a-haiku')
    const { url } = await servePage()
    const name = 'write-a-haiku-and-then-explain-it-e3eaffdca8e6.jsonl'
    const served = await fetch(`${url}/page/export?name=${name}`)
    expect(await served.text()).toBe(await readFile(file, 'utf8'))
  })
})
