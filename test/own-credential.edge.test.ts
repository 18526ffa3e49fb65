/** What a client or a user calls a secret, all the way: a call is recorded and replayed, and nothing holds the secret. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { systemClock } from '../server/base/clock.ts'
import { createFetch } from '../server/package/fetch.ts'
import { readConfig } from '../server/serve/config.ts'
import { startServer } from '../server/serve/server.ts'
import { openFixtures } from '../server/store/index.ts'
import { compose, steps } from './kit/answers.ts'
import { connect } from './kit/client.ts'
import { type Answer, type Call } from './kit/standin.ts'
import { readableLog, runStandIn, temporaryFolder } from './kit/tools.ts'
import { tellingPieces } from './redact/disguises.ts'

type Env = Readonly<Record<string, string>>

const frameSchema = z.looseObject({ type: z.string(), model: z.string().optional() })

/** Of no kind that is known, as gateways give them. */
const KEY = 'gw7f3a9c1e5b2d8046'
const OTHER = 'gw0b1c2d3e4f5a6978-and-longer'

async function start(env: Env) {
  const config = readConfig({ PORT: '0', ...env })
  const { store, redactor } = openFixtures(config, systemClock)
  const { log, lines } = readableLog(redactor)
  const server = await startServer(config, { store, redactor, log, clock: systemClock })
  onTestFinished(() => server.close(0))
  return { ...server, lines }
}

/** A stand-in that says in pieces what it was asked, its credentials too. */
const echo = ({ body, headers }: Call): Answer => {
  const text = `You sent ${String(headers.authorization)} and asked: ${JSON.stringify(body.input)}`
  return {
    steps: steps(
      compose('own')
        .text(text.match(/.{1,5}/gs) ?? [])
        .call('f', [`{"k":"${String(body.input).slice(0, 20)}`, `${String(body.input).slice(20)}"}`])
        .completed(),
    ),
  }
}

const filesIn = async (dir: string): Promise<{ name: string; text: string }[]> =>
  Promise.all((await readdir(dir)).map(async (name) => ({ name, text: await readFile(join(dir, name), 'utf8') })))

/** All ways in which a text may be written to a file or a log. */
const formsOf = (secret: string): string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  JSON.stringify(JSON.stringify(secret)).slice(3, -3),
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1),
  secret.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-'),
]

/** Where texts show a secret, or the better part of it: a few characters around it. */
const shownIn = (texts: readonly string[], secret: string): string[] =>
  texts.flatMap((text) =>
    [...new Set(formsOf(secret))].flatMap((form) => {
      const [at] = tellingPieces(form)
        .map((piece) => text.indexOf(piece))
        .filter((index) => index !== -1)
      return at === undefined ? [] : [text.slice(Math.max(0, at - 30), at + form.length + 10)]
    }),
  )

/** The deltas of a fixture as one text: a secret in pieces stands in no line of it. */
const deltasIn = (fixture: string): string =>
  [...fixture.matchAll(/"delta":("(?:[^"\\]|\\.)*")/g)].map(([, delta = '']) => String(JSON.parse(delta))).join('')

/** What can be read in the files of a folder: of each its name, what it holds, and what its deltas say. */
const textsIn = async (dir: string): Promise<string[]> =>
  (await filesIn(dir)).flatMap(({ name, text }) => [name, text, deltasIn(text)])

/** What a client asks that has its key in every text of its request. */
const asking = (key: string) => ({
  model: 'm',
  input: `Is my key ${key} valid?`,
  stream: true,
  instructions: `It is ${Buffer.from(key).toString('base64')} in base64.`,
  tools: [
    {
      type: 'function',
      name: 'f',
      description: `call with ${key}`,
      parameters: { type: 'object', properties: { k: { type: 'string', default: key } } },
    },
  ],
})

const post = async (url: string, body: unknown, headers: Env = {}) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, text: await response.text() }
}

/** One answer over the API's own WebSocket. */
async function create(url: string, body: Readonly<Record<string, unknown>>, headers: Env, query = ''): Promise<string> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/responses${query}`, { headers })
  await once(ws, 'open')
  const messages: string[] = []
  const ended = new Promise<void>((resolve) =>
    ws.on('message', (data) => {
      messages.push(String(data))
      if (/"type":"(?:response\.completed|error)"/.test(String(data))) resolve()
    }),
  )
  ws.send(JSON.stringify({ type: 'response.create', ...body }))
  await ended
  ws.close()
  return messages.join('\n')
}

async function chatWith(url: string, message: unknown, headers: Env): Promise<string> {
  const chat = await connect(`${url}/ws-stream`, { headers })
  chat.send(message)
  await chat.turn()
  await chat.close()
  return chat.transcript.join('\n')
}

/** How a client asks, with its own key; gives all that it got. */
const CLIENTS: Readonly<Record<string, (url: string, key: string) => Promise<string>>> = {
  'as a bearer token': async (url, key) =>
    (await post(`${url}/v1/responses`, asking(key), { authorization: `Bearer ${key}` })).text,
  'with another scheme': async (url, key) =>
    (await post(`${url}/v1/responses`, asking(key), { authorization: `Token ${key}` })).text,
  'as a login': async (url, key) =>
    (
      await post(`${url}/v1/responses`, asking(key), {
        authorization: `Basic ${Buffer.from(`user:${key}`).toString('base64')}`,
      })
    ).text,
  'in x-api-key': async (url, key) => (await post(`${url}/v1/rerank`, asking(key), { 'x-api-key': key })).text,
  'in api-key': async (url, key) => (await post(`${url}/v1/rank`, asking(key), { 'api-key': key })).text,
  'in x-goog-api-key': async (url, key) =>
    (await post(`${url}/v1beta/rank`, asking(key), { 'x-goog-api-key': key })).text,
  'in the query': async (url, key) =>
    (await post(`${url}/v1beta/rank?key=${encodeURIComponent(key)}`, asking(key))).text,
  'over the WebSocket of the API': (url, key) => create(url, asking(key), { authorization: `Bearer ${key}` }),
  'in the query of a WebSocket': (url, key) => create(url, asking(key), {}, `?key=${encodeURIComponent(key)}`),
  'in a chat': (url, key) => chatWith(url, { input: asking(key).input }, { authorization: `Bearer ${key}` }),
}

describe.each(Object.entries(CLIENTS))("a client's own key, %s", (_how, ask) => {
  test.each([[KEY], ['gw-"quoted"-7f3a9c1e5b'.replaceAll('"', '+')]])(
    '%s is nowhere, and with another the call is the same',
    async (key) => {
      const dir = await temporaryFolder()
      const upstream = await runStandIn(echo)
      const recording = await start({
        MODEL_MODE: 'record',
        OPENAI_API_KEY: 'sk-the-key-of-this-server',
        OPENAI_BASE_URL: upstream.url,
        ANTHROPIC_BASE_URL: upstream.url,
        GOOGLE_GEMINI_BASE_URL: upstream.url,
        CO_API_URL: upstream.url,
        FIXTURES_DIR: dir,
        LOG_LEVEL: 'debug',
      })
      await ask(recording.url, key)
      await recording.close()
      const texts = await textsIn(dir)
      expect(texts).toHaveLength(3)
      expect(shownIn([...texts, ...recording.lines], key)).toEqual([])

      const replaying = await start({ FIXTURES_DIR: dir, LOG_LEVEL: 'debug' })
      const [same, other] = [await ask(replaying.url, key), await ask(replaying.url, OTHER)]
      expect(same).not.toContain('fixture_miss')
      expect(other).toBe(same)
      expect([...shownIn(replaying.lines, key), ...shownIn(replaying.lines, OTHER)]).toEqual([])
    },
  )

  test('is not told to anybody where there is no fixture', async () => {
    const { url, lines } = await start({ FIXTURES_DIR: await temporaryFolder(), LOG_LEVEL: 'debug' })
    const told = await ask(url, KEY)
    expect(told).toContain('fixture_miss')
    expect(shownIn([told, ...lines], KEY)).toEqual([])
  })
})

test('a client that answers in its own process has its own key, too', async () => {
  const dir = await temporaryFolder()
  const upstream = await runStandIn(echo)
  const ask = async (mode: 'record' | 'replay', key: string) => {
    const own = createFetch({ mode, baseURL: upstream.url, fixturesDir: dir })
    const response = await own('https://api.openai.com/v1/responses', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(asking(key)),
    })
    return { status: response.status, text: await response.text() }
  }
  await ask('record', KEY)
  expect(shownIn(await textsIn(dir), KEY)).toEqual([])
  expect(await ask('replay', OTHER)).toEqual(await ask('replay', KEY))
  expect((await ask('replay', KEY)).status).toBe(200)
})

test.each([['OPENAI_API_KEY'], ['AUTH_TOKEN']])(
  '%s may be any text: with quotes and backslashes it is nowhere either',
  async (variable) => {
    for (const secret of [
      'correct"horse"battery9',
      String.raw`pa55\w0rd\tok3n`,
      'gw-9f8e"7d6c5b4a321',
      'plain-control-tok3n',
    ]) {
      const dir = await temporaryFolder()
      // The text comes whole, as some gateways send it.
      const events = compose('q')
        .text([`It is ${secret}.`])
        .completed()
        .filter(({ type }) => type !== 'response.output_text.delta')
      const upstream = await runStandIn(() => ({ steps: steps(events) }))
      const env = {
        OPENAI_API_KEY: 'sk-the-key-of-this-server',
        [variable]: secret,
        FIXTURES_DIR: dir,
        LOG_LEVEL: 'debug',
      }
      const headers = { 'x-deltatape-token': variable === 'AUTH_TOKEN' ? secret : '' }
      const recording = await start({ MODEL_MODE: 'record', OPENAI_BASE_URL: upstream.url, ...env })
      await chatWith(recording.url, { input: `Remember my token ${secret} please` }, headers)
      const texts = await textsIn(dir)
      expect(texts).toHaveLength(3)
      expect(shownIn([...texts, ...recording.lines], secret)).toEqual([])
    }
  },
)

test('a member that is named by a long key is not told in part', async () => {
  const key = `gw${'a1b2c3d4e5f60718'.repeat(4)}`
  for (const env of [{ OPENAI_API_KEY: key }, { OPENAI_API_KEY: 'sk-the-key-of-this-server' }]) {
    const { url, lines } = await start({ FIXTURES_DIR: await temporaryFolder(), LOG_LEVEL: 'debug', ...env })
    const told = await chatWith(url, { input: 'My name is Ada.', [key]: 1 }, { authorization: `Bearer ${key}` })
    expect([told, ...lines].filter((line) => line.includes(key.slice(0, 12)))).toEqual([])
  }
})

const WORDS = [
  'placeholder',
  'anything',
  'not-needed',
  'completed',
  'response',
  'assistant',
  'EMPTY',
  'ollama',
  'sk-none',
]

describe('a key that is a word', () => {
  const input = `Can I ask you ${WORDS.join(', ')}?`
  const spoken = (): Answer => ({
    steps: steps(
      compose('w')
        .text(['Ask', ...WORDS.map((word) => ` ${word}`), '.'])
        .completed(),
    ),
  })
  const body = {
    model: 'm',
    input,
    stream: true,
    tools: [{ type: 'mcp', server_label: 's', server_url: 'https://m.example/' }],
  }
  /** What a recording holds but for its times. */
  const lasting = (text: string) => text.replaceAll(/"at":(?:\d+|"[^"]*")/g, '"at":0')

  async function recorded(env: Env, headers: Env = {}) {
    const dir = await temporaryFolder()
    const upstream = await runStandIn(spoken)
    const server = await start({
      MODEL_MODE: 'record',
      OPENAI_API_KEY: 'sk-the-key-of-this-server',
      OPENAI_BASE_URL: upstream.url,
      FIXTURES_DIR: dir,
      ...env,
    })
    await post(`${server.url}/v1/responses`, body, headers)
    await server.close()
    return { dir, files: (await filesIn(dir)).map(({ name, text }) => ({ name, text: lasting(text) })) }
  }

  test.each(WORDS.map((word) => [word]))(
    '%s changes nothing in a recording, and a replay without it hits',
    async (word) => {
      const { files } = await recorded({})
      for (const [env, headers] of [
        [{ OPENAI_API_KEY: word }, {}],
        [{}, { authorization: `Bearer ${word}` }],
      ] as const) {
        const { dir, files: those } = await recorded(env, headers)
        expect(those.map(({ name }) => name)).toEqual(files.map(({ name }) => name))
        const upstreamless = (text = '') => text.replace(/"upstream":"[^"]*"/, '')
        expect(upstreamless(those[0]?.text)).toBe(upstreamless(files[0]?.text))
        const replaying = await start({ FIXTURES_DIR: dir })
        expect(await post(`${replaying.url}/v1/responses`, body)).toMatchObject({ status: 200 })
        await replaying.close()
      }
    },
  )

  test('counts where a credential stands', async () => {
    const dir = await temporaryFolder()
    const upstream = await runStandIn(spoken)
    const { url } = await start({
      MODEL_MODE: 'record',
      OPENAI_API_KEY: 'anything',
      OPENAI_BASE_URL: upstream.url,
      FIXTURES_DIR: dir,
    })
    await post(`${url}/v1/responses`, { ...body, tools: [{ ...body.tools[0], authorization: 'anything' }] })
    const [file] = await filesIn(dir)
    expect(file?.text).not.toContain('"authorization":"anything"')
    expect(file?.text).toContain('Can I ask you placeholder, anything')
  })
})

describe("a user's patterns", () => {
  const withRules = async (...rules: readonly Env[]): Promise<string> => {
    const file = join(await temporaryFolder(), 'rules.json')
    await writeFile(file, JSON.stringify({ redact: rules }))
    return file
  }

  test.each([
    { pattern: 'delta', flags: 'i', placeholder: '[customer]' },
    { pattern: 'item', flags: 'i', placeholder: '[customer]' },
    { pattern: String.raw`\b[a-z]+_[a-z]+\b`, placeholder: '[login]' },
    { pattern: String.raw`[\w-]+\.[a-z]{2,}`, placeholder: '[host]' },
    { pattern: String.raw`\d{4}-\d{2}-\d{2}`, placeholder: '[date]' },
    { pattern: 'e', placeholder: '*' },
    { pattern: String.raw`\d+`, placeholder: '"#"' },
  ])('%j leaves a recording that is replayed as it was answered', async (rule) => {
    const dir = await temporaryFolder()
    const upstream = await runStandIn(() => ({
      steps: steps(compose('r').text(['Dear', ' Delta', ' team', ' of 2026-01-02', '.']).completed()),
    }))
    const env = { OPENAI_API_KEY: 'sk-the-key-of-this-server', OPENAI_BASE_URL: upstream.url, FIXTURES_DIR: dir }
    const ask = async (mode: string, more: Env) => {
      const server = await start({ MODEL_MODE: mode, ...env, ...more })
      const transcript = await chatWith(server.url, { input: 'Write a greeting.' }, {})
      await server.close()
      return transcript.split('\n').map((frame) => frameSchema.parse(JSON.parse(frame)))
    }
    await ask('record', {})
    const ruled = { CONFIG_FILE: await withRules(rule) }
    const live = await ask('record', ruled)
    const replayed = await ask('replay', ruled)
    expect(replayed.map(({ type }) => type)).toEqual(live.map(({ type }) => type))
    expect(replayed.at(-1)).toMatchObject({ type: 'message', model: live.at(-1)?.model })
    expect((await filesIn(dir)).every(({ text }) => text.includes('"type":"response.output_text.delta"'))).toBe(true)
  })

  test('part no character, so that what they leave can be asked and told', async () => {
    const dir = await temporaryFolder()
    const upstream = await runStandIn(() => ({
      steps: steps(compose('e').text(['Your name is Al\u{1F600}ce']).completed()),
    }))
    const env = { CONFIG_FILE: await withRules({ pattern: 'name is .{3}', placeholder: '[name]' }), FIXTURES_DIR: dir }
    const recording = await start({
      MODEL_MODE: 'record',
      OPENAI_API_KEY: 'sk-the-key-of-this-server',
      OPENAI_BASE_URL: upstream.url,
      ...env,
    })
    const message = { input: 'My name is Al\u{1F600}ce' }
    expect(await chatWith(recording.url, message, {})).toContain('"type":"message"')
    const replaying = await start(env)
    expect(await chatWith(replaying.url, message, {})).toContain('"type":"message"')
    for (const { text } of await filesIn(dir)) expect(text).not.toMatch(/\\ud[89a-f]/i)
  })

  test('do not count in what the server itself says', async () => {
    const { PATH = '', HOME = '' } = process.env
    const env = {
      PATH,
      HOME,
      PORT: '0',
      FIXTURES_DIR: 'fixtures',
      CONFIG_FILE: await withRules(
        { pattern: String.raw`\b\d{3,}\b`, placeholder: '[number]' },
        { pattern: 'listens', placeholder: '[verb]' },
      ),
    }
    const child = spawn(process.execPath, ['server/main.ts'], { env })
    onTestFinished(() => void child.kill('SIGKILL'))
    let out = ''
    await new Promise<void>((resolve) => {
      child.once('close', () => resolve())
      child.stdout.on('data', (chunk) => {
        out += String(chunk)
        if (out.includes('\n')) resolve()
      })
    })
    expect(out).toMatch(/listens on http:\/\/127\.0\.0\.1:\d{3,5} /)
  })
})
