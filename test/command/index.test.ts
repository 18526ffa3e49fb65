import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { runCli } from '../../server/command/index.ts'
import { VERSION } from '../../server/base/version.ts'
import { deltatape, fakeTerminal, manualClock } from '../kit/tools.ts'

test('--help lists the sub-commands, and what the exit codes mean', async () => {
  const { code, out, err } = await deltatape(['--help'])
  expect([code, err]).toEqual([0, ''])
  for (const name of ['serve', 'ls', 'show', 'diff']) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
  expect(out).toContain('Exit codes: 0 fine, 1 it found something, 2 it could not look.')
})

test('a sub-command is as complete in its help as in `help` of it, and shown without the others being loaded', async () => {
  const { out } = await deltatape(['ls', '--help'])
  expect(out).toContain('--older-than')
  expect(await deltatape(['help', 'ls'])).toEqual({ code: 0, out, err: '' })
})

test('--version is that of the package', async () => {
  expect(await deltatape(['--version'])).toEqual({ code: 0, out: `${VERSION}\n`, err: '' })
})

test.each(['serve', 'run', 'ls', 'show', 'diff', 'record', 'verify', 'unused', 'prune', 'redact', 'write'])(
  '%s --help has examples, and lines of at most 80 columns',
  async (name) => {
    const { code, out } = await deltatape([name, '--help'])
    expect(code).toBe(0)
    expect(out.split('\nExamples:\n')[1]).toContain(`npx deltatape ${name}`)
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
  },
)

describe('no more is loaded than is needed', () => {
  /** The packages that a process loads, and how many files of them. */
  async function loadedBy(...args: string[]): Promise<Record<string, number>> {
    const count = `
      import { registerHooks } from 'node:module'
      const urls = []
      registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) })
      process.on('exit', () => process.stderr.write(JSON.stringify(urls)))`
    const hook = `data:text/javascript,${encodeURIComponent(count)}`
    const { stderr } = await promisify(execFile)(process.execPath, ['--import', hook, 'server/cli.ts', ...args])
    const urls: string[] = JSON.parse(stderr.slice(stderr.indexOf('["')))
    const packages = urls.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [])
    return Object.fromEntries([...Map.groupBy(packages, (name) => name)].map(([name, all]) => [name, all.length]))
  }

  const SERVER = ['openai', 'undici', 'ws', 'hono', 'pino', '@secretlint/core', 'p-limit']

  test.each([
    [['--version'], [...SERVER, 'zod', 'diff']],
    [['--help'], [...SERVER, 'zod', 'diff']],
    [['ls'], SERVER],
    [['show', 'spell'], SERVER],
  ])('%j', async (args, not) => {
    const loaded = await loadedBy(...args)
    expect(loaded).toHaveProperty('commander')
    expect(not.filter((name) => Object.hasOwn(loaded, name))).toEqual([])
  })
})

describe('what a user did wrong is told on stderr, and is exit code 2', () => {
  test.each([
    ['no sub-command', [], /^Usage: deltatape/],
    ['an unknown one', ['lst'], /^error: unknown command 'lst'\n\(Did you mean ls\?\)/],
    ['an unknown flag', ['ls', '--wat'], /^error: unknown option '--wat'/],
    ['a missing argument', ['show'], /^error: missing required argument 'fixture'/],
    [
      'a folder that is not there',
      ['ls', '--fixtures', 'nowhere'],
      /^deltatape: The fixtures directory "nowhere" does/,
    ],
  ])('%s', async (_what, args, told) => {
    expect(await deltatape(args)).toEqual({ code: 2, out: '', err: expect.stringMatching(told) })
  })

  test.each([
    ['an unknown flag', ['serve', '--wat'], /^error: unknown option '--wat'/],
    ['a bad value', ['serve', '--port', 'x'], /^deltatape: PORT must be /],
  ])('but of a server that cannot start it is 1: %s', async (_what, args, told) => {
    expect(await deltatape(args)).toEqual({ code: 1, out: '', err: expect.stringMatching(told) })
  })
})

test('what nobody expected is thrown', async () => {
  const terminal = {
    ...fakeTerminal(),
    write() {
      throw new Error('unexpected')
    },
  }
  const interrupted = () => new AbortController().signal
  await expect(runCli(['ls'], { env: {}, terminal, clock: manualClock(), interrupted })).rejects.toThrow('unexpected')
})

test('what the docs show is what they write', async () => {
  const page = await readFile('docs/command.md', 'utf8')
  const examples = [...page.matchAll(/^```console\n\$ npx deltatape (ls|show|diff) (.*)\n([^]*?)^```$/gm)]
  expect(examples.map(([, name]) => name)).toEqual(['ls', 'show', 'diff'])
  for (const [, name = '', args = '', shown = ''] of examples) {
    const lines = (await deltatape([name, ...args.split(' ')])).out.split('\n')
    expect(lines).toEqual(expect.arrayContaining(shown.split('\n').filter((line) => line !== '…')))
  }
})
