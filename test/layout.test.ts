/** The house: which room stands on which floor, and that a file imports only from lower ones. */
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'

const FLOORS: readonly (readonly string[])[] = [
  [
    'changes.ts',
    'drain.ts',
    'errors.ts',
    'events.ts',
    'json.ts',
    'pace.ts',
    'path.ts',
    'remember.ts',
    'upgrades.ts',
    'version.ts',
    'wildcard.ts',
  ],
  [
    'framing.ts',
    'git.ts',
    'heap.ts',
    'heartbeat.ts',
    'kinds.ts',
    'plan.ts',
    'protocol.ts',
    'rules.ts',
    'model/model.ts',
  ],
  ['config.ts'],
  ['answer.ts', 'guard.ts', 'redact.ts', 'secrets.ts', 'sse.ts'],
  ['identity.ts', 'log.ts'],
  ['drift.ts', 'fixture.ts', 'journal.ts', 'timeline.ts', 'turn.ts'],
  ['chat.ts', 'directory.ts', 'leaks.ts', 'miss.ts', 'redaction.ts', 'responses.ts', 'summary.ts'],
  ['recording.ts'],
  ['check.ts', 'compare.ts', 'refresh.ts', 'store.ts', 'usage.ts'],
  ['model/fault.ts', 'model/live.ts', 'model/record.ts', 'model/replay.ts', 'model/usage.ts', 'shelf.ts', 'verify.ts'],
  ['model/index.ts'],
  ['exchange.ts', 'resend.ts', 'session.ts'],
  ['http.ts'],
  ['ws.ts'],
  ['server.ts'],
  ['command/age.ts', 'command/terminal.ts', 'serve.ts'],
  ['command/command.ts', 'command/fixtures.ts', 'command/table.ts', 'command/usage.ts'],
  ['command/diff.ts', 'command/ls.ts', 'command/record-report.ts', 'command/serve.ts', 'command/show.ts'],
  ['command/prune.ts', 'command/record-run.ts', 'command/redact.ts', 'command/unused.ts', 'command/verify.ts'],
  ['command/record.ts'],
  ['command/index.ts'],
  ['cli.ts', 'main.ts'],
]

/** Packages that one file alone may know. */
const ALONE: Readonly<Record<string, string>> = {
  openai: 'model/live.ts',
  'openai/version': 'model/live.ts',
  ws: 'ws.ts',
  pino: 'log.ts',
  'pino-pretty': 'log.ts',
  'eventsource-parser': 'sse.ts',
  '@hono/node-server': 'server.ts',
  'cli-progress': 'command/terminal.ts',
  diff: 'changes.ts',
  'p-limit': 'resend.ts',
  '@secretlint/core': 'secrets.ts',
  '@secretlint/secretlint-rule-preset-recommend': 'secrets.ts',
}

const floorOf = new Map(FLOORS.flatMap((files, floor) => files.map((file) => [file, floor] as const)))
const files = (await readdir('server', { recursive: true })).filter((name) => name.endsWith('.ts'))

const importsOf = async (file: string): Promise<string[]> => {
  const text = await readFile(join('server', file), 'utf8')
  return [...text.matchAll(/(?:from |import )'([^']+)'|import\('([^']+)'\)/g)].map(([, a, b]) => a ?? b ?? '')
}

test('every file has its floor, and every floor its files', () => {
  expect(files.toSorted()).toEqual([...floorOf.keys()].toSorted())
})

describe.each(files)('%s', (file) => {
  test('imports from lower floors only', async () => {
    const inner = (await importsOf(file)).filter((name) => name.startsWith('.') && name.endsWith('.ts'))
    const high = inner
      .map((name) => normalize(join(dirname(file), name)))
      .filter((name) => (floorOf.get(name) ?? Infinity) >= (floorOf.get(file) ?? 0))
    expect(high).toEqual([])
  })

  test('knows only the packages that are its own', async () => {
    const foreign = (await importsOf(file)).filter((name) => ALONE[name] !== undefined && ALONE[name] !== file)
    expect(foreign).toEqual([])
  })

  test('imports nothing of the tests, and begins with what it is', async () => {
    expect((await importsOf(file)).filter((name) => name.includes('/test/'))).toEqual([])
    expect(await readFile(join('server', file), 'utf8')).toMatch(/^(?:#!.*\n)?\/\*\*/)
  })
})

test('every file of the server has its test', async () => {
  const tests = (await readdir('test', { recursive: true })).filter((name) => name.endsWith('.test.ts'))
  const untested = files.filter((file) => !tests.includes(file.replace(/\.ts$/, '.test.ts')))
  // Types, a version and the processes, which cli.test.ts and main.test.ts start.
  const started = ['command/fixtures.ts', 'command/record-run.ts', 'command/serve.ts', 'command/usage.ts', 'serve.ts']
  expect(untested.toSorted()).toEqual([...started, 'model/model.ts', 'turn.ts', 'version.ts'].toSorted())
})
