/** The lines of fixtures, and their first. */
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Contents, contentsOf } from '../../server/store/read/contents.ts'
import type { Driver } from '../../server/store/driver.ts'
import { firstLine, linesIn } from '../../server/store/lines.ts'
import { objectAt, readText } from '../../server/store/read/text.ts'
import { openTestDirectory, temporaryFolder } from '../kit/tools.ts'

const firstOf = async (driver: Driver, name: string) => firstLine(driver, await objectAt(driver, name))

describe('the lines', () => {
  const linesOf = async (text: string | Uint8Array) => {
    const dir = await temporaryFolder()
    await writeFile(join(dir, 'x.jsonl'), text)
    const driver = openTestDirectory(dir)
    const all: string[] = []
    for await (const lines of linesIn(await objectAt(driver, 'x.jsonl'))) all.push(...lines)
    return { all, first: await firstOf(driver, 'x.jsonl') }
  }

  test.each<[string, string[]]>([
    ['', []],
    ['one', ['one']],
    ['one\n', ['one']],
    ['one\n\ntwo', ['one', '', 'two']],
    ['\n', ['']],
    ['a\u2028b\u0085c\rd\r\ne\n', ['a\u2028b\u0085c\rd\r', 'e']],
  ])('of %j', async (text, lines) => {
    expect(await linesOf(text)).toEqual({ all: lines, first: lines[0] ?? '' })
  })

  test('are whole, however long, and wherever a character is cut', async () => {
    const lines = [0, 1, 65_535, 65_536, 200_000, 1_000_001].map((length) => `${'x'.repeat(length)}é€😀`)
    expect(await linesOf(lines.join('\n'))).toEqual({ all: lines, first: 'é€😀' })
    const [first = '', ...others] = lines.toReversed()
    expect((await linesOf([first, ...others].join('\n'))).first).toBe(first)
  })
})

test('what is not there is an error that names it', async () => {
  const driver = openTestDirectory(await temporaryFolder())
  const none = {
    code: 'fixture_invalid',
    message: expect.stringContaining('chat/none.jsonl cannot be read: ENOENT. It, or'),
  }
  await expect(readText(driver, 'chat/none.jsonl')).rejects.toMatchObject(none)
  await expect(objectAt(driver, 'chat/none.jsonl')).rejects.toMatchObject(none)
})

test('a line without an end is damage, and is not held', async () => {
  const dir = await temporaryFolder()
  const file = await open(join(dir, 'x.jsonl'), 'w')
  // A file with a hole: it takes no room on the disk.
  await file.truncate(500 * 1024 * 1024)
  await file.close()
  const driver = openTestDirectory(dir)
  const before = process.memoryUsage().rss
  const damage = {
    code: 'fixture_invalid',
    message: expect.stringContaining('x.jsonl:1: this fixture is damaged: the line has more than'),
  }
  await expect(firstOf(driver, 'x.jsonl')).rejects.toMatchObject(damage)
  const contents: AsyncIterable<Contents> = contentsOf(driver, await objectAt(driver, 'x.jsonl'))
  await expect(contents[Symbol.asyncIterator]().next()).rejects.toMatchObject(damage)
  await expect(readText(driver, 'x.jsonl')).rejects.toMatchObject({ code: 'fixture_invalid' })
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024)
})
