import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { builtPage } from '../kit/page.ts'
import { deltatape, temporaryFolder } from '../kit/tools.ts'

const NAME = 'my-name-is-ada-183f01058d02'

/** What the page in a file shows. */
function shownIn(html: string): unknown {
  const [, data = ''] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(html) ?? []
  return JSON.parse(data)
}

const ADA = { view: { name: `${NAME}.jsonl`, call: { method: 'POST' } } }

test('writes a file, and says which', async () => {
  await builtPage()
  const file = join(await temporaryFolder(), 'turn.html')
  const { code, out, err } = await deltatape(['export', NAME, '--output', file])
  const html = await readFile(file, 'utf8')
  expect([code, err]).toEqual([0, ''])
  expect(out).toBe(`Wrote ${file} (${Buffer.byteLength(html).toLocaleString('en')} bytes)\n`)
  expect(shownIn(html)).toMatchObject(ADA)
})

test('writes over nothing, unless it is told to', async () => {
  await builtPage()
  const folder = await temporaryFolder()
  const file = join(folder, 'turn.html')
  await writeFile(file, 'mine')
  const { code, out, err } = await deltatape(['export', NAME, '--output', file])
  expect([code, out]).toEqual([2, ''])
  expect(err).toBe(`deltatape: ${file} is there, and stays. --force writes over it, --output names another.\n`)
  expect(await readFile(file, 'utf8')).toBe('mine')
  expect((await deltatape(['export', NAME, '--output', file, '--force'])).code).toBe(0)
  expect(shownIn(await readFile(file, 'utf8'))).toMatchObject(ADA)
  expect(await readdir(folder)).toEqual(['turn.html'])
})

test('writes to a pipe, and then nothing else', async () => {
  await builtPage()
  const { code, out, err } = await deltatape(['export', NAME, '--output', '-'])
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^<!doctype html>[^]*<\/html>\n$/)
  expect(shownIn(out)).toMatchObject(ADA)
  expect((await deltatape(['export', NAME, '--output', '/dev/stdin/x'])).err).toMatch(/cannot be written: E\w+\. /)
})

test('takes any fixture: the path of a file, too', async () => {
  await builtPage()
  const env = { FIXTURES: await temporaryFolder() }
  const { code, out } = await deltatape(['export', `fixtures/${NAME}.jsonl`, '--output', '-'], { env })
  expect([code, shownIn(out)]).toEqual([0, { version: manifest.version, view: expect.any(Object) }])
  expect(out).toContain('Nice to meet you, Ada!')
})

test('says what is not there', async () => {
  const { code, err } = await deltatape(['export', 'nothing-of-this-name', '--output', '-'])
  expect([code, err]).toEqual([2, expect.stringContaining('nothing-of-this-name')])
})
