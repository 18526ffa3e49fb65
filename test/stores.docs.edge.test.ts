/** Every command of the docs that works on an engine runs as it stands, on a real one. */
import { execFile } from 'node:child_process'
import { copyFile, cp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../server/base/clock.ts'
import { driverFor } from '../server/store/drivers/index.ts'
import { PAGES, type Command, commandIn, engineIn, linesOf, readPage } from './kit/docs.ts'
import { type EngineName, onEngine } from './kit/engines.ts'
import { runDeltatape, temporaryFolder } from './kit/tools.ts'

const ENGINES: readonly EngineName[] = ['s3', 'redis', 'postgres']

const CLI = resolve('server/cli.ts')

/** A call to the server of `deltatape run`, in place of the tests of a project. */
const ASK = `fetch(process.env.DELTATAPE_URL + '/v1/responses', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'gpt-4.1-mini', input: 'My name is Ada.', stream: true }),
}).then((answer) => process.exit(answer.ok ? 0 : 3))`

const lines = (await Promise.all(PAGES.map(readPage))).flatMap(linesOf)
const commands = lines.flatMap((line) => commandIn(line) ?? [])

/** What pages call a directory or a log of its reader's: it goes into a folder of the test. So do the fixtures: push notes beside them what is there. */
const OWN = /^(?:copy|\.?fixtures|used-\d\.jsonl)$/

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** `deltatape run` is a process of its own, which has signals to pass on. */
const runApart = (args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> =>
  new Promise((done) => {
    const child = execFile(process.execPath, [CLI, ...args], { env: { ...process.env, ...env } }, (_error, out, err) =>
      done({ code: child.exitCode ?? -1, out, err }),
    )
  })

/** Runs a command in front of an engine; a server says what it would be. */
async function ran({ args, env }: Command, place: string, folder: string): Promise<Ran> {
  const here = (word: string) => (OWN.test(word) ? join(folder, word) : word)
  const [name, ...rest] = args
  const around = Object.fromEntries(
    Object.entries(env).map(([key, value]) => [key, value.includes('://') ? place : here(value)]),
  )
  if (name === 'run') {
    return runApart(['run', ...rest.slice(0, rest.indexOf('--') + 1), process.execPath, '-e', ASK], around)
  }
  const what = name === 'serve' ? [...args, '--print-env'] : args.map(here)
  const { code, out, err } = await runDeltatape(what, { env: around, answer: false })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

/** Fills a place with the fixtures of the checkout, until the test is over, and writes what three shards used of them. */
async function shared(place: string, folder: string): Promise<void> {
  onTestFinished(async () => {
    const driver = driverFor(place)?.({ place, clock: systemClock, timeoutMs: 10_000 })
    for await (const { entries } of driver?.list() ?? []) for (const { name } of entries) await driver?.remove(name)
    await driver?.close()
  })
  const own = join(folder, 'fixtures')
  await cp('fixtures', own, { recursive: true })
  expect((await runDeltatape(['push', own], { env: { FIXTURES: place } })).code).toBe(0)
  const [first, ...others] = [1, 2, 3].map((shard) => `used-${shard}.jsonl`)
  const env = { FIXTURES: place, USAGE_LOG: first ?? '' }
  expect((await ran({ args: ['run', '--', 'npm', 'test'], env }, place, folder)).code).toBe(0)
  for (const other of others) await copyFile(join(folder, first ?? ''), join(folder, other))
}

describe.each(ENGINES)('%s', (engine) => {
  onEngine(engine, `every command on ${engine}`, (placeOf) => {
    test('runs as it stands', async () => {
      const [folder, place] = [await temporaryFolder(), placeOf()]
      await shared(place, folder)
      const those = commands.filter((command) => engineIn(command) === engine)
      expect(those.map(({ args: [name] }) => name)).toEqual(expect.arrayContaining(['serve', 'push', 'pull']))
      for (const command of those) {
        const { code, err } = await ran(command, place, folder)
        const may = command.args[0] === 'prune' ? [0, 1] : [0]
        expect(may, `${command.args.join(' ')}: ${err}`).toContain(code)
      }
    })
  })
})

onEngine('redis', 'docs/shards.md', (placeOf) => {
  test('is followed from its beginning to its end', async () => {
    const [folder, place] = [await temporaryFolder(), placeOf()]
    await shared(place, folder)
    for (const command of linesOf(await readPage('docs/shards.md')).flatMap((line) => commandIn(line) ?? [])) {
      const { code, out, err } = await ran(command, place, folder)
      const finds = ['unused', 'prune'].includes(command.args[0] ?? '')
      expect([command.args[0], code], err).toEqual([command.args[0], finds ? 1 : 0])
      if (finds) expect(out).toContain('write-a-haiku')
    }
  })
})
