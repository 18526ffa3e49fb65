import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compose, words } from '../kit/answers.ts'
import { folderWith, runDeltatape, temporaryFolder } from '../kit/tools.ts'

const answer = { events: compose('x').text(words('Hi')).completed() }

async function setUp() {
  const dir = await folderWith({ one: answer, two: answer })
  const log = join(await temporaryFolder(), 'used.jsonl')
  const [one = '', two = ''] = (await readdir(dir)).toSorted()
  await writeFile(log, `${JSON.stringify({ used: one })}\n`)
  const prune = (args: readonly string[], answered?: boolean) =>
    runDeltatape(['prune', log, '--fixtures', dir, ...args], answered === undefined ? {} : { answer: answered })
  return { prune, one, two, left: async () => (await readdir(dir)).toSorted() }
}

describe('prune', () => {
  test('removes what was not used, when it is told to', async () => {
    const { prune, one, left } = await setUp()
    expect(await prune(['--yes'])).toMatchObject({ code: 0, err: [] })
    expect(await left()).toEqual([one])
    expect(await prune(['--yes'])).toEqual({ code: 0, out: ['All fixtures were used: nothing to remove.'], err: [] })
  })

  test('asks', async () => {
    const { prune, one, two, left } = await setUp()
    expect(await prune([], false)).toMatchObject({
      code: 1,
      out: [expect.stringContaining(`${two} was not used`), 'Nothing was removed.'],
    })
    expect(await left()).toEqual([one, two])
    expect(await prune([], true)).toMatchObject({ code: 0 })
    expect(await left()).toEqual([one])
  })

  test('removes nothing where nobody can be asked', async () => {
    const { prune, one, two, left } = await setUp()
    const { code, err } = await prune([])
    expect(code).toBe(2)
    expect(err.join('\n')).toContain('Say --yes')
    expect(await left()).toEqual([one, two])
  })

  test('writes JSON for programs', async () => {
    const { prune, two } = await setUp()
    const { code, out } = await prune(['--json', '--yes'])
    expect([code, JSON.parse(out.join('\n'))]).toEqual([0, { unused: [expect.stringContaining(two)], removed: true }])
  })

  test('only says what it would do', async () => {
    const { prune, one, two, left } = await setUp()
    expect(await prune(['--dry-run', '--yes'])).toMatchObject({
      code: 1,
      out: [expect.stringContaining(two), 'Would remove 1 fixture.'],
    })
    expect(await left()).toEqual([one, two])
  })
})
