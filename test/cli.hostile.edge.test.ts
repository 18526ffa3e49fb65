/** The command over what nobody means well with: no control character on a terminal, no stack, the right exit code. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatFixture } from '../server/fixture/file.ts'
import { fileName } from '../server/fixture/key.ts'
import { compose, words } from './kit/answers.ts'
import { fixtureOf, inOnePiece } from './kit/fixtures.ts'
import { temporaryFolder } from './kit/tools.ts'

const CLI = join(import.meta.dirname, '..', 'server', 'cli.ts')
const MAIN = join(import.meta.dirname, '..', 'server', 'main.ts')
const { PATH = '', HOME = '' } = process.env

/** Runs a file of ours in a folder. */
const run = (file: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [file, ...args],
      { cwd, env: { PATH, HOME, ...env }, timeout: 100_000 },
      (_error, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })

const ESC = '\u001b]0;title\u0007\u001b[2J\u001b[31m'
const C1 = '\u009b2J\u007f'
const BIDI = '\u202e\u2066\u2028'
const ALL = ESC + C1 + BIDI

/** What acts on a terminal, or reorders what is read on it, but for line feeds. */
const ACTS = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u

async function hostileFolder(): Promise<string> {
  const cwd = await temporaryFolder()
  const dir = join(cwd, 'fixtures')
  await mkdir(dir)
  const write = (name: string, text: string) => writeFile(join(dir, name), text)
  const events = compose(`x${ALL}`, `m${ALL}`)
    .text(words(`Hi ${ALL}`))
    .call(`f${ALL}`, ['{}'])
    .completed()
  const answer = fixtureOf({ model: `m${ALL}`, input: `in ${ALL}`, [`member${ALL}`]: 1 }, [
    ...events.slice(0, 2),
    { type: `response.${ALL}.x` },
    ...events.slice(2),
  ])
  const recorded = { at: '2026-11-24T10:00:00.000Z', upstream: `up${ALL}` }
  await write(`na\u001b[31mme-${fileName(answer).slice(-18)}`, formatFixture({ ...answer, recorded }))
  const refused = fixtureOf({ model: 'm', input: 'other' }, [], {
    ...inOnePiece({ error: { message: `no ${ALL}` } }, 400),
    ending: { end: 'refused' },
    recorded,
  })
  await write(fileName(refused), formatFixture(refused))
  await write('dam\u001b[31m\u009baged.jsonl', 'x')
  await write('head.jsonl', `${JSON.stringify({ deltatape: 2, key: ALL, api: ALL, request: 1 })}\n`)
  await write('line.jsonl', `${formatFixture(answer).split('\n')[0]}\n${JSON.stringify({ at: 1, [ALL]: ALL })}\n`)
  const lines = [{ used: fileName(refused) }, { missed: `x${ALL}`, members: { [ALL]: 'a' }, input: ALL }]
  await writeFile(join(cwd, 'used.jsonl'), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)
  return cwd
}

const EVERY: readonly (readonly string[])[] = [
  ['ls'],
  ['ls', '--json'],
  ['show', 'na'],
  ['show', 'na', '--json'],
  ['show', 'other'],
  ['show', ALL],
  ['diff', 'na', 'other'],
  ['diff', 'na', 'other', '--json'],
  ['diff', 'na', '--against', ALL],
  ['diff', 'other', '--against', 'HEAD'],
  ['verify'],
  ['verify', '--json'],
  ['verify', '--unused', 'used.jsonl'],
  ['verify', 'dam'],
  ['redact'],
  ['redact', '--json'],
  ['unused', 'used.jsonl'],
  ['unused', 'used.jsonl', '--json'],
  ['prune', 'used.jsonl', '--dry-run'],
  ['prune', 'used.jsonl', '--dry-run', '--json'],
  ['record', '--dry-run'],
  ['record', '--dry-run', '--json'],
  ['record', ALL],
  ['ls', '--fixtures', `nowhere${ALL}`],
  ['ls', `--${ALL}`],
  ['ls', '--older-than', ALL],
  ['ls', '--config', ALL],
  [ALL],
  ['serve', '--port', ALL],
  ['serve', '--fixtures', `nowhere${ALL}`],
]

test('no control character reaches a terminal, whatever is told', async () => {
  const cwd = await hostileFolder()
  for (const args of EVERY) {
    const { out, err } = await run(CLI, args, cwd)
    expect([args, out.match(ACTS), err.match(ACTS)]).toEqual([args, null, null])
    expect([args, /\n\s+at /.test(err)]).toEqual([args, false])
    if (args.includes('--json') && out !== '') JSON.parse(out)
  }
  // With colours, those of the command are all that there is.
  const { out } = await run(CLI, ['show', 'na'], cwd, { FORCE_COLOR: '1' })
  expect(out).toContain('\u001b[1mna\\u001b[31mme')
  expect(out.replaceAll(/.\[(?:1|2|3\d|22|39)m/g, '').match(ACTS)).toBeNull()
})

test.each([
  ['an unknown member', JSON.stringify({ redact: [], [ALL]: 1 })],
  ['a broken pattern', JSON.stringify({ redact: [{ pattern: `(${ALL}`, placeholder: 'x' }] })],
  ['no JSON', `{"redact": ${ALL}`],
])('a configuration with control characters is told without them: %s', async (_what, text) => {
  const cwd = await temporaryFolder()
  await mkdir(join(cwd, 'fixtures'))
  await writeFile(join(cwd, 'deltatape.config.json'), text)
  const told = [
    await run(MAIN, [], cwd, { PORT: '0' }),
    await run(CLI, ['serve', '--port', '0'], cwd),
    await run(CLI, ['verify'], cwd),
  ]
  expect(told.map(({ code }) => code)).toEqual([1, 1, 2])
  for (const { out, err } of told) expect((out + err).match(ACTS)).toBeNull()
})

describe('an output that cannot be written', () => {
  /** Runs a line of a shell in a folder with one damaged fixture; its exit code, and what it wrote. */
  async function shell(line: string): Promise<string> {
    const cwd = await temporaryFolder()
    await mkdir(join(cwd, 'fixtures'))
    await writeFile(join(cwd, 'fixtures', 'bad.jsonl'), 'x')
    const env = { PATH, HOME, DT: `${process.execPath} ${CLI}` }
    return execFileSync('bash', ['-c', `${line}; echo "code $?"`], { cwd, env, encoding: 'utf8', timeout: 100_000 })
  }

  test.each([
    [
      'a reader that left',
      '( sleep 0.2; $DT verify 2>&1; echo "code $?" >&2 ) 2>code | true; sleep 0; cat code',
      'code 1',
    ],
    ['head', '$DT verify --json | head -c 1 >/dev/null; (exit ${PIPESTATUS[0]})', 'code 1'],
    ['closed descriptors', '$DT verify >&- 2>&-', 'code 1'],
    [
      'a full disk',
      '$DT ls --json 2>&1 >/dev/full',
      'The output could not be written: ENOSPC. The disk is full: make room on it.\ncode 2',
    ],
    ['a full disk for both', '$DT verify >/dev/full 2>/dev/full', 'code 2'],
    ['a full disk for problems', '$DT verify 2>/dev/full >/dev/null', 'code 1'],
  ])('%s', async (_what, line, told) => {
    const out = await shell(line)
    expect(out).toContain(told)
    expect(out).not.toMatch(/\n\s+at /)
  })
})

test('what is no file is told, and the others are looked at', async () => {
  const cwd = await hostileFolder()
  const dir = join(cwd, 'fixtures')
  await mkdir(join(dir, 'folder.jsonl'))
  await symlink('loop.jsonl', join(dir, 'loop.jsonl'))
  await symlink('/dev/zero', join(dir, 'zero.jsonl'))
  if (process.platform !== 'win32') execFileSync('mkfifo', [join(dir, 'pipe.jsonl')])
  await writeFile(join(dir, 'closed.jsonl'), 'x')
  await chmod(join(dir, 'closed.jsonl'), 0)
  for (const command of ['ls', 'verify', 'redact', 'unused']) {
    const args = command === 'unused' ? [command, 'used.jsonl'] : [command]
    const { code, out, err } = await run(CLI, args, cwd)
    expect([command, code === -1]).toEqual([command, false])
    expect(out + err).toContain('loop.jsonl')
    expect(err).not.toMatch(/\n\s+at /)
  }
})

test('an interrupted command leaves each file old or new', async () => {
  const cwd = await temporaryFolder()
  const dir = join(cwd, 'fixtures')
  await mkdir(dir)
  for (let index = 0; index < 300; index++) {
    const fixture = fixtureOf({ model: 'm', input: `Ada ${index}` }, compose('x').text(['Hi Ada']).completed())
    await writeFile(join(dir, fileName(fixture)), formatFixture(fixture))
  }
  await writeFile(
    join(cwd, 'deltatape.config.json'),
    JSON.stringify({ redact: [{ pattern: 'Ada', placeholder: 'X' }] }),
  )
  const child = spawn(process.execPath, [CLI, 'redact', '--apply'], { cwd, env: { PATH, HOME } })
  const begun = Promise.withResolvers<void>()
  child.stdout.once('data', () => begun.resolve())
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await begun.promise
  child.kill('SIGKILL')
  await ended
  const { out } = await run(CLI, ['verify', '--json'], cwd, {})
  const { problems }: { problems: { kind: string }[] } = JSON.parse(out)
  expect(problems.filter(({ kind }) => kind === 'damaged' || kind === 'cut-off')).toEqual([])
})
