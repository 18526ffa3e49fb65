/** One file by itself; `verify.test.ts` has every kind of damage. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkFixture } from '../../server/upkeep/check.ts'
import { createRedactor } from '../../server/redact/redactor.ts'

const check = (name: string, text: string, oldest?: number) =>
  checkFixture({ name, text }, createRedactor(), { oldest, flags: [] })

test('a bundled fixture has no problems, and gives its header', async () => {
  for (const name of await readdir('fixtures')) {
    const { header, problems, secrets } = await check(name, await readFile(join('fixtures', name), 'utf8'))
    expect(problems).toEqual([])
    expect(secrets.size).toBe(0)
    expect(name).toContain(header?.key.slice(0, 12))
  }
})

test('what is too old is so by its own date', async () => {
  const [name = ''] = await readdir('fixtures')
  const text = await readFile(join('fixtures', name), 'utf8')
  expect((await check(name, text, Date.parse('2026-01-01'))).problems).toEqual([])
  expect((await check(name, text, Date.parse('2027-11-24'))).problems.map(({ kind }) => kind)).toEqual(['age'])
})

test('a file that cannot be read is a problem, and an empty one is cut off', async () => {
  const unreadable = await checkFixture({ name: 'x.jsonl', unreadable: 'EACCES' }, createRedactor(), {
    oldest: undefined,
    flags: [],
  })
  expect(unreadable.problems).toMatchObject([
    { line: 1, kind: 'damaged', message: expect.stringMatching(/^it cannot be read: EACCES\. Whoever/) },
  ])
  expect((await check('x.jsonl', '')).problems.map(({ kind }) => kind)).toContain('cut-off')
})
