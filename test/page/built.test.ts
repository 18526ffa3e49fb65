/** What is built of the page: small, whole, and the same on every machine. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { builtPage } from '../kit/page.ts'

const DIST = 'web/dist'

/** What the whole page may weigh over the wire, in bytes. */
const MOST = 60_000

beforeAll(builtPage)

test('its script and its style sheet are small', async () => {
  const names = (await readdir(join(DIST, 'assets'))).filter((name) => /\.(?:js|css)$/.test(name))
  expect(names.map((name) => name.replace(/.*\./, '')).toSorted()).toEqual(['css', 'js'])
  const texts = await Promise.all(names.map((name) => readFile(join(DIST, 'assets', name))))
  const sizes = texts.map((text) => gzipSync(text).length)
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(MOST)
})

test('it names nothing of the machine that built it, and nothing outside', async () => {
  const files = (await readdir(DIST, { recursive: true })).filter((name) => /\.(?:js|css|html|svg)$/.test(name))
  for (const name of files) {
    const text = await readFile(join(DIST, name), 'utf8')
    expect(text.includes(process.cwd()), name).toBe(false)
    const addresses = text.match(/https?:\/\/[^\s"'`)]+/g) ?? []
    expect(
      addresses.filter((each) => !/^http:\/\/(?:www\.w3\.org|127\.0\.0\.1)\b/.test(each)),
      name,
    ).toEqual([])
  }
})
