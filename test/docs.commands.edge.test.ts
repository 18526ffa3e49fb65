/** Every command of the docs runs as it stands. */
import { cp, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../server/base/clock.ts'
import { answerBundled, atOnce } from './kit/bundled.ts'
import { connect } from './kit/client.ts'
import { type Command, PAGES, commandIn, engineIn, linesOf, readPage } from './kit/docs.ts'
import { runSnippet } from './kit/snippets.ts'
import { commitAll, runDeltatape, runServer, runStandIn, temporaryFolder } from './kit/tools.ts'

/** What is no command of deltatape: it has tests of its own, or needs what a test has not. */
const OTHERS = [
  /^npm (?:ci|test|start|install|run|init)\b/,
  /^npx (?:promptfoo|vitest)\b/,
  /^(?:[A-Z_]+=\S+ )+(?:npm|npx vitest|npx promptfoo)\b/,
  /^node example\.mjs$/,
  // The action has these lines, and is run.
  /^until curl /,
  /^npx deltatape serve > /,
  /^eval "\$\(npx deltatape serve --print-env\)"$/,
  // What the soak runs.
  /^codex /,
  // There is no Docker, and no registry of Python.
  /^docker /,
  /^pip install /,
]

/** Pages that have a test of their own, which follows them. */
const OWN = await (async () => {
  const files = (await readdir('test', { recursive: true })).filter((name) =>
    /^(?:runners\/|.*\bdocs\.run|.*\.docs\.).*test\.ts$/.test(name),
  )
  const texts = await Promise.all(files.map((name) => readFile(join('test', name), 'utf8')))
  return PAGES.filter((page) => texts.some((text) => text.includes(`'${page}'`)))
})()

const commandsOf = async (page: string): Promise<Command[]> =>
  linesOf(await readPage(page))
    .flatMap((line) => commandIn(line) ?? [])
    // Those on an engine are run on one, elsewhere.
    .filter((command) => engineIn(command) === undefined)

/** The days of the docs are those of the bundled fixtures. */
const clock = { ...systemClock, date: () => new Date('2026-11-27') }

interface SetUp {
  readonly env: Readonly<Record<string, string>>
  readonly log: string
}

/** A copy of the bundled fixtures, committed, with an API and a log of what a run used. */
async function setUp(): Promise<SetUp> {
  const folder = await temporaryFolder()
  const fixtures = join(folder, 'fixtures')
  await cp('fixtures', fixtures, { recursive: true })
  await commitAll(folder)
  const log = join(folder, 'used.jsonl')
  const server = await runServer({ FIXTURES_DIR: fixtures, USAGE_LOG: log })
  const chat = await connect(`${server.url}/ws`)
  for (const input of ['My name is Ada.', "Rephrase this in French: I'm very hungry"]) {
    chat.send({ input })
    await chat.next()
  }
  await server.close()
  // What is recorded as a failure would take its time to fail again.
  const { url } = await runStandIn((call) =>
    JSON.stringify(call.body).includes('Fail with') ? { status: 429, body: '{}' } : atOnce(answerBundled(call)),
  )
  return { env: { FIXTURES: fixtures, OPENAI_BASE_URL: url, OPENAI_API_KEY: 'any-key' }, log }
}

/** Runs a command; a server says what it would be, and does not stay. */
const ran = ({ env, args }: Command, { env: around, log }: SetUp) =>
  runDeltatape(
    [...args.map((arg) => (arg === 'used.jsonl' ? log : arg)), ...(args[0] === 'serve' ? ['--print-env'] : [])],
    {
      env: { ...around, ...env },
      clock,
      answer: false,
    },
  )

describe('every command runs as it stands', () => {
  test.each(PAGES.filter((page) => !OWN.includes(page)))('of %s', async (page) => {
    const commands = await commandsOf(page)
    const set = commands.some(({ args }) => args[0] !== 'serve') ? await setUp() : { env: {}, log: '' }
    for (const command of commands.filter(({ args }) => args[0] !== 'run')) {
      const { code, err } = await ran(command, set)
      expect([0, 1], `${command.args.join(' ')}: ${err.join('\n')}`).toContain(code)
    }
  })

  test('and there is no other', async () => {
    const lines = (await Promise.all(PAGES.filter((page) => !OWN.includes(page)).map(readPage))).flatMap(linesOf)
    const left = lines.filter((line) => commandIn(line) === undefined && !OTHERS.some((each) => each.test(line)))
    expect(left.filter((line) => !/^(?:curl|node -e) /.test(line))).toEqual([])
  })

  test('those that ask a server', async () => {
    const lines = (await Promise.all(PAGES.filter((page) => !OWN.includes(page)).map(readPage))).flatMap(linesOf)
    const asking = lines.filter((line) => /^(?:curl|node -e) /.test(line))
    expect(asking.length).toBeGreaterThan(4)
    for (const code of asking) {
      const { url } = await runServer({})
      const here = code.replaceAll('localhost:3300', new URL(url).host)
      const said = await runSnippet({ name: code, language: 'sh', code: here }, url, await temporaryFolder())
      if (!code.includes('PUT')) expect(said, code).toMatch(/Ada|response\.created|fixture_miss|deltatape_turns_total/)
    }
  })
})

/** What a page shows below a command. */
async function shownBelow(page: string, command: string): Promise<string[]> {
  const [, after = ''] = (await readFile(page, 'utf8')).split(`$ npx deltatape ${command}`)
  const [shown = ''] = after.slice(after.indexOf('\n') + 1).split(/^(?:\$ .*|```)$/m)
  return shown.split('\n').filter((line) => line !== '' && line !== '…')
}

describe('what the docs show is what they write', () => {
  test('record --dry-run', async () => {
    const { out } = await runDeltatape(['record', '--dry-run', 'spell'], { env: { OPENAI_API_KEY: 'any-key' } })
    expect(out).toEqual(expect.arrayContaining(await shownBelow('docs/command.md', 'record --dry-run spell')))
  })

  test('redact', async () => {
    const config = join(await temporaryFolder(), 'config.json')
    await writeFile(config, JSON.stringify({ redact: [{ pattern: '\\bAda\\b', placeholder: '[name]' }] }))
    const { out } = await runDeltatape(['redact'], { env: { CONFIG_FILE: config } })
    // The page has the file of its reader, which needs no flag.
    expect(out.map((line) => line.replace(` --config ${config}`, ''))).toEqual(
      expect.arrayContaining(await shownBelow('docs/command.md', 'redact ')),
    )
  })

  test('a miss', async () => {
    const chat = await connect(`${(await runServer({})).url}/ws`)
    chat.send({ input: 'Rephrase this in Spanish: Hello world' })
    const [, shown = ''] = /^```text\n(.*)\n```$/m.exec(await readPage('docs/fixtures.md')) ?? []
    expect(await chat.next()).toMatchObject({ code: 'fixture_miss', message: shown })
  })

  test('unused', async () => {
    const { env, log } = await setUp()
    const { out } = await runDeltatape(['unused', log], { env })
    const [kind = ''] = await shownBelow('docs/command.md', 'unused used.jsonl')
    const [, words = ''] = kind.split(' was not used')
    expect(out.join('\n')).toContain(words)
  })
})

test('the page of the command has every sub-command, and every flag that it names is one', async () => {
  const page = await readFile('docs/command.md', 'utf8')
  const names = [...page.matchAll(/^## deltatape (\w+)(?: and deltatape (\w+))?$/gm)].flatMap(([, ...both]) => both)
  const helps = await Promise.all(names.filter(Boolean).map((name = '') => runDeltatape([name, '--help'])))
  const known = helps.flatMap(({ out }) => out.join('\n').match(/--[a-z-]+/g) ?? [])
  const { out: all } = await runDeltatape(['--help'])
  const listed = [...all.join('\n').matchAll(/^ {2}([a-z]+) {2,}/gm)].flatMap(([, name = '']) => name)
  expect(names.filter(Boolean).toSorted()).toEqual(listed.filter((name) => name !== 'help').toSorted())
  const named = [...page.matchAll(/`[^`\n]*`/g)].flatMap(([code]) => code.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? [])
  expect(named.length).toBeGreaterThan(20)
  expect([...known, '--help']).toEqual(expect.arrayContaining(named))
})
