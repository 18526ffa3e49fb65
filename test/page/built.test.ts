/** What is built of the page: the same on every machine. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { builtPage } from '../kit/page.ts'

const DIST = 'web/dist'

beforeAll(builtPage)

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
