/** The command itself, as a process. */
import { execFile } from 'node:child_process'
import { expect, test } from 'vitest'
import { EXIT } from '../server/base/errors.ts'
import { openTestStore } from './kit/tools.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command with these variables alone. */
const run = (args: readonly string[], env: Record<string, string> = {}): Promise<Ran> =>
  new Promise((resolve) => {
    const { PATH = '', HOME = '' } = process.env
    const child = execFile(
      process.execPath,
      ['server/cli.ts', ...args],
      { env: { PATH, HOME, ...env } },
      (_error, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })

const ESC = '\u001b'
const { length: count } = await openTestStore('fixtures').list()

test('in a pipe there are no colours and no progress bar', async () => {
  const { code, out, err } = await run(['ls'])
  expect([code, err]).toEqual([0, `${count} fixtures\n`])
  expect(out).not.toContain(ESC)
  expect(out.split('\n')).toHaveLength(count + 2)
})

test('colours come if they are asked for', async () => {
  const { code, out } = await run(['show', 'spell'], { FORCE_COLOR: '1' })
  expect(code).toBe(0)
  expect(out).toContain(`${ESC}[32mcompleted${ESC}[39m after `)
})

test('the exit code says what was found', async () => {
  const codes = await Promise.all([
    run(['--help']),
    run(['diff', 'spell', 'spell']),
    run(['diff', 'spell', 'what-is-my-name']),
    run(['show', 'nothing']),
    run(['nothing']),
  ])
  expect(codes.map(({ code }) => code)).toEqual([0, 0, 1, 2, 2])
  for (const { err } of codes) expect(err).not.toMatch(/^ +at /m)
})

test('the exit code of a server that cannot start is the one that its help names', async () => {
  const cannot = await Promise.all([
    run(['serve', '--nonsense']),
    run(['serve', '--port', 'x']),
    run(['serve', '--fixtures', 'nowhere']),
    run(['serve'], { HOST: '0.0.0.0' }),
  ])
  expect(cannot.map(({ code }) => code)).toEqual(cannot.map(() => EXIT.notStarted))
  for (const { out, err } of cannot) {
    expect(out).toBe('')
    expect(err).not.toMatch(/^ +at /m)
  }
})

test('variables that a sub-command does not use are no matter to it', async () => {
  expect(await run(['ls', 'nothing'], { MODEL_MODE: 'record', PORT: 'x' })).toEqual({
    code: 0,
    out: '',
    err: `0 of ${count} fixtures\n`,
  })
})
