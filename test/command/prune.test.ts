import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compose, words } from '../kit/answers.ts'
import { systemClock } from '../../server/base/clock.ts'
import { runCli } from '../../server/command/index.ts'
import type { Terminal } from '../../server/command/terminal.ts'
import { fakeTerminal, folderWith, runDeltatape, temporaryFolder } from '../kit/tools.ts'

const answer = { events: compose('x').text(words('Hi')).completed() }

const world = (terminal: Terminal) => ({
  env: {},
  terminal,
  clock: systemClock,
  interrupted: () => new AbortController().signal,
})

async function setUp() {
  const dir = await folderWith({ one: answer, two: answer })
  const log = join(await temporaryFolder(), 'used.jsonl')
  const [one = '', two = ''] = (await readdir(dir)).toSorted()
  await writeFile(log, `${JSON.stringify({ used: one })}\n`)
  const prune = (args: readonly string[], answered?: boolean) =>
    runDeltatape(['prune', log, '--fixtures', dir, ...args], answered === undefined ? {} : { answer: answered })
  return { dir, log, prune, one, two, left: async () => (await readdir(dir)).toSorted() }
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

  test('leaves what has changed since it was shown, and names it', async () => {
    const { dir, log, two } = await setUp()
    const path = join(dir, two)
    const changes: readonly (() => Promise<unknown>)[] = [
      () => writeFile(path, 'recorded meanwhile'),
      () => rm(path),
      async () => (await rm(path), mkdir(path)),
    ]
    for (const change of changes) {
      const terminal = Object.assign(fakeTerminal(), { confirm: async () => (await change(), true) })
      const code = await runCli(['prune', log, '--fixtures', dir], world(terminal))
      expect([code, terminal.err]).toEqual([1, expect.stringContaining(`left alone: ${path}`)])
      expect(terminal.out).toMatch(/\nRemoved 0 fixtures\.\n$/)
      await rm(path, { recursive: true, force: true })
      await folderWith({ two: answer }).then((other) => cp(join(other, two), path))
    }
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
