/** Every command of the docs that works on an engine runs as it stands, on a real one. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PAGES, type Command, commandIn, engineIn, linesOf, readPage } from './kit/docs.ts'
import { type EngineName, onEngine } from './kit/engines.ts'
import { runDeltatape, temporaryFolder } from './kit/tools.ts'

const ENGINES: readonly EngineName[] = ['s3', 'redis', 'postgres']

/** A call to the server of `deltatape run`, in place of the tests of a project. */
const ASK = `fetch(process.env.DELTATAPE_URL + '/v1/responses', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'gpt-4.1-mini', input: 'My name is Ada.', stream: true }),
}).then((answer) => process.exit(answer.ok ? 0 : 3))`

const lines = (await Promise.all(PAGES.map(readPage))).flatMap(linesOf)
const commands = lines.flatMap((line) => commandIn(line) ?? [])

/** What pages call a directory or a log of its reader's: it goes into a folder of the test. */
const OWN = /^(?:copy|\.fixtures|used-\d\.jsonl)$/

/** Runs a command in front of an engine; what `run` runs is small, and a server says what it would be. */
async function ran({ args, env }: Command, place: string, folder: string) {
  const here = (word: string) => (OWN.test(word) ? join(folder, word) : word)
  const [name, ...rest] = args
  const ask = [...rest.slice(0, rest.indexOf('--') + 1), process.execPath, '-e', ASK]
  const what = name === 'run' ? ['run', ...ask] : name === 'serve' ? [...args, '--print-env'] : args.map(here)
  const around = Object.entries(env).map(([key, value]) => [key, value.includes('://') ? place : here(value)])
  return runDeltatape(what, { env: Object.fromEntries(around), answer: false })
}

describe.each(ENGINES)('%s', (engine) => {
  onEngine(engine, `every command on ${engine}`, (placeOf) => {
    test('runs as it stands', async () => {
      const [folder, place] = [await temporaryFolder(), placeOf()]
      const those = commands.filter((command) => engineIn(command) === engine)
      expect(those.map(({ args: [name] }) => name)).toEqual(expect.arrayContaining(['serve', 'push', 'pull']))
      await runDeltatape(['push', 'fixtures'], { env: { FIXTURES: place } })
      // A log of a whole run, as the page about shards has three.
      for (const shard of [1, 2, 3]) {
        const env = { FIXTURES: place, USAGE_LOG: join(folder, `used-${shard}.jsonl`) }
        await ran({ args: ['run', '--', 'npm', 'test'], env }, place, folder)
      }
      for (const command of those) {
        const { code, err } = await ran(command, place, folder)
        expect(command.args[0] === 'prune' ? [0, 1] : [0], `${command.args.join(' ')}: ${err.join('\n')}`).toContain(
          code,
        )
      }
    })
  })
})

onEngine('redis', 'docs/shards.md', (placeOf) => {
  test('is followed from its beginning to its end', async () => {
    const [folder, place] = [await temporaryFolder(), placeOf()]
    await runDeltatape(['push', 'fixtures'], { env: { FIXTURES: place } })
    const told = linesOf(await readPage('docs/shards.md')).flatMap((line) => commandIn(line) ?? [])
    for (const shard of [1, 2, 3]) {
      const env = { FIXTURES: place, USAGE_LOG: `used-${shard}.jsonl` }
      await ran({ args: ['run', '--', 'npm', 'test'], env }, place, folder)
    }
    for (const command of told) {
      const { code, out, err } = await ran(command, place, folder)
      const found = ['unused', 'prune'].includes(command.args[0] ?? '')
      expect([command.args[0], code], err.join('\n')).toEqual([command.args[0], found ? 1 : 0])
      if (found) expect(out.join('\n')).toContain('write-a-haiku')
    }
  })
})
