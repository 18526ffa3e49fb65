/** What the pages say of promptfoo, followed from the tarball. Each start of promptfoo takes seconds: there are few. */
import { join } from 'node:path'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { PAGES, readPage } from '../kit/docs.ts'
import { freePort } from '../kit/ports.ts'
import { QUIET } from '../kit/promptfoo.ts'
import { runServer, temporaryFolder } from '../kit/tools.ts'
import { blocksOf, commandsOf, projectOf, runIn, standInApi, withFixtures } from './project.ts'

const rowsSchema = z.array(
  z.object({
    success: z.boolean(),
    error: z.string().nullish(),
    response: z.looseObject({ output: z.unknown().optional() }).nullish(),
  }),
)
const resultsSchema = z.object({ results: z.object({ results: rowsSchema }) })

/** A chat server of a reader, as the page describes it. */
const CHAT = `
import OpenAI from 'openai'
import { WebSocketServer } from 'ws'
const openai = new OpenAI({ maxRetries: 0 })
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.env.CHAT_PORT) })
server.on('listening', () => console.log('listens'))
server.on('connection', (socket) => {
  const send = (frame) => socket.send(JSON.stringify(frame))
  socket.on('message', async (message) => {
    const { ask } = JSON.parse(String(message))
    send({ event: 'thinking' })
    try {
      const stream = openai.responses.stream({ model: 'gpt-4.1-mini', input: ask })
      stream.on('response.output_text.delta', ({ delta }) => send({ event: 'token', text: delta }))
      send({ event: 'done', text: (await stream.finalResponse()).output_text })
    } catch (error) {
      send({ event: 'problem', reason: error.message })
    }
  })
})
`

async function project(): Promise<string> {
  const page = await readPage('docs/promptfoo.md')
  const bins = { promptfoo: 'promptfoo/dist/src/entrypoint.js' }
  const folder = await projectOf(page, ['promptfoo', 'openai', 'ws'], bins)
  await writeFile(join(folder, 'chat.mjs'), CHAT)
  return folder
}

async function evaluate(folder: string, env: Record<string, string> = {}) {
  const { code, output } = await runIn(folder, 'npx promptfoo eval --no-cache --no-table -o rows.json', {
    ...QUIET,
    PROMPTFOO_CONFIG_DIR: await temporaryFolder(),
    ...env,
  })
  const { results } = resultsSchema.parse(JSON.parse(await readFile(join(folder, 'rows.json'), 'utf8')))
  return { code, output, rows: results.results }
}

test('the first config passes on its fixtures', async () => {
  const folder = await project()
  await withFixtures(folder)
  const { code, rows } = await evaluate(folder)
  expect(rows.map(({ success, error }) => ({ success, error }))).toEqual(
    Array.from({ length: 3 }, () => ({ success: true, error: undefined })),
  )
  expect(code).toBe(0)
})

test('without them it fails, says what to do, and ends', async () => {
  const { code, rows } = await evaluate(await project())
  expect(rows).toHaveLength(3)
  expect(code).toBe(100)
  for (const { error } of rows) {
    expect(error).toMatch(/No fixture|does not exist/)
    expect(error).toMatch(/MODEL_MODE=(?:auto|record) npx promptfoo eval --no-cache --no-table -o rows\.json\b/)
  }
})

test("a provider of promptfoo's own is recorded within a run, and fails where the fixture is missing", async () => {
  const page = await readPage('docs/promptfoo.md')
  const folder = await project()
  const config = blocksOf(page).find(({ code }) => code.includes('openai:responses'))
  await writeFile(join(folder, 'promptfooconfig.yaml'), config?.code ?? '')
  const env = { ...QUIET, PROMPTFOO_CONFIG_DIR: await temporaryFolder() }
  const commands = commandsOf(page).filter((command) => command.startsWith('npx deltatape run'))
  const [record = '', replay = ''] = commands.slice(-2)

  const api = await standInApi()
  const recorded = await runIn(folder, record, { ...env, ...api.env, OPENAI_API_KEY: 'sk-of-the-user' })
  expect([recorded.code, api.asked()]).toEqual([0, 1])
  await rm(join(folder, 'fixtures'), { recursive: true })
  const missed = await runIn(folder, replay, env)
  expect(missed.code).toBe(100)
  expect(missed.output).toMatch(/No fixture for this request/)
})

test('a chat server of the reader is recorded and replayed within a run, by frames of its own', async () => {
  const page = await readPage('docs/promptfoo.md')
  const folder = await project()
  const { code: config = '' } = blocksOf(page).find(({ code }) => code.includes('file://frames.mjs')) ?? {}
  const port = await freePort()
  await writeFile(join(folder, 'promptfooconfig.yaml'), config.replace(':4400', `:${port}`))
  const env = { ...QUIET, PROMPTFOO_CONFIG_DIR: await temporaryFolder(), CHAT_PORT: port }
  const [record = '', replay = ''] = commandsOf(page).filter((command) => command.includes('npx deltatape run'))

  const api = await standInApi()
  const recorded = await runIn(folder, record, { ...env, ...api.env })
  expect([recorded.code, api.asked()], recorded.output).toEqual([0, 1])
  const replayed = await runIn(folder, replay, env)
  expect([replayed.code, api.asked()], replayed.output).toEqual([0, 1])
})

/** Evaluates each file that it is told, one after another, and writes the rows of each as JSON. */
const EVALUATE = `
import { createRequire } from 'node:module'
import { readFile, rm, writeFile } from 'node:fs/promises'
import promptfoo from 'promptfoo'
const yaml = createRequire(createRequire(import.meta.url).resolve('promptfoo'))('js-yaml')
const all = []
for (const file of process.argv.slice(2)) {
  const config = yaml.load(await readFile(file, 'utf8'))
  const evaluation = await promptfoo.evaluate({ ...config, providers: config.providers ?? config.targets, writeLatestResults: false }, { cache: false })
  const { results, stats } = await evaluation.toEvaluateSummary()
  all.push({ rows: results, errors: stats.errors })
}
await writeFile('rows.json', JSON.stringify(all))
process.exit()
`

test('every config that a page shows fails where a fixture is missing', async () => {
  const { url } = await runServer({ FIXTURES_DIR: await temporaryFolder() })
  const { port } = new URL(url)
  const pages = await Promise.all(PAGES.map(readPage))
  const configs = pages.flatMap(blocksOf).filter(({ code }) => /^(?:providers|targets):/m.test(code))
  expect(configs.length).toBeGreaterThanOrEqual(6)
  const folder = await project()
  await writeFile(join(folder, 'evaluate.mjs'), EVALUATE)
  const chatPort = await freePort()
  const names = configs.map((_config, index) => `config${index}.yaml`)
  for (const [index, { code }] of configs.entries()) {
    const here = code
      .replaceAll('127.0.0.1:3300', `127.0.0.1:${port}`)
      .replaceAll('127.0.0.1:4400', `127.0.0.1:${chatPort}`)
      .replace('fixtures: fixtures', 'fixtures: none')
    await writeFile(join(folder, names[index] ?? ''), here)
  }
  const { output } = await runIn(folder, `mkdir none && node evaluate.mjs ${names.join(' ')}`, {
    ...QUIET,
    PROMPTFOO_CONFIG_DIR: await temporaryFolder(),
    PORT: port,
    CHAT_PORT: chatPort,
    // As `deltatape run` says.
    OPENAI_BASE_URL: `${url}/v1`,
    OPENAI_API_KEY: 'any',
  })
  const written = await readFile(join(folder, 'rows.json'), 'utf8').catch(() => expect.fail(output))
  const all = z.array(z.object({ rows: rowsSchema, errors: z.number() })).parse(JSON.parse(written))
  expect(all).toHaveLength(configs.length)
  for (const [index, { rows, errors }] of all.entries()) {
    const { code } = configs[index] ?? { code: '' }
    expect(rows.length, code).toBeGreaterThan(0)
    // An eval that is given up has rows, and no errors: it passes.
    expect(errors, code).toBe(rows.length)
    for (const row of rows)
      expect(row, code).toMatchObject({ success: false, error: expect.stringContaining('No fixture') })
  }
})
