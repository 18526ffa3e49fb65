/** HTTP without a port. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import manifest from '../../../package.json' with { type: 'json' }
import { readConfig } from '../../../server/config.ts'
import { createApp, guarded } from '../../../server/serve/http/app.ts'
import { createFetch } from '../../../server/package/fetch.ts'
import { createJournal } from '../../../server/serve/journal.ts'
import { systemClock } from '../../../server/base/clock.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { folderWith, modelFor, openTestStore, readableLog, runStandIn, temporaryFolder } from '../../kit/tools.ts'
import { compose, steps, words } from '../../kit/answers.ts'

const HELLO = { model: 'gpt-4.1-mini', input: 'Say hello to all in French' }
const TEXT = 'Bonjour tout le monde !'

let shelf = ''
beforeAll(async () => {
  shelf = await folderWith({ [HELLO.input]: { events: compose('french').text(words(TEXT)).completed() } }, afterAll)
})

const errorSchema = z.strictObject({
  error: z.strictObject({ message: z.string(), type: z.string(), param: z.null(), code: z.string() }),
})

const answerSchema = z.looseObject({
  object: z.literal('response'),
  output: z.tuple([z.looseObject({ content: z.tuple([z.looseObject({ text: z.string() })]) })]),
})

const textIn = async (response: Response) => answerSchema.parse(await response.json()).output[0].content[0].text

/** An application as the server has it, asked as a client would. */
function setUp(env: Record<string, string> = {}) {
  const { log, lines } = readableLog()
  const config = readConfig({ FIXTURES_DIR: shelf, ...env })
  const app = createApp({
    config,
    store: openTestStore(config.fixturesDir),
    model: modelFor(config),
    redactor: createRedactor(),
    clock: systemClock,
    journal: createJournal(log, config.mode),
    log,
  })
  const answer = guarded(app.answer, config)
  const ask = async (
    path: string,
    { headers = {}, ...init }: RequestInit & { headers?: Record<string, string> } = {},
  ) => answer(new Request(`http://localhost:3300${path}`, { headers: { host: 'localhost:3300', ...headers }, ...init }))
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    ask('/v1/responses', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  return { ask, post, lines }
}

/** The error in a response, and that it is shaped as the API's. */
async function errorIn(response: Response) {
  const { error } = errorSchema.parse(await response.json())
  return { status: response.status, code: error.code, message: error.message }
}

describe('/health', () => {
  test('is exactly ok, and says in a header who answers', async () => {
    const response = await setUp().ask('/health')
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('{"status":"ok"}')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('x-deltatape')).toBe(`${manifest.version} replay`)
  })
})

describe('POST /v1/responses', () => {
  test('streams the recorded events as the API does', async () => {
    const response = await setUp().post({ ...HELLO, stream: true })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('x-deltatape-fixture')).toMatch(/^say-hello-to-all-in-french-\w{12}\.jsonl$/)
    const records = (await response.text()).split('\n\n')
    expect(records.pop()).toBe('')
    expect(records[0]).toMatch(/^event: response\.created\ndata: \{"type":"response\.created",/)
    expect(records.at(-1)).toMatch(/^event: response\.completed\ndata: \{"type":"response\.completed",/)
  })

  test('gives the response as one body where it is not to be streamed', async () => {
    for (const more of [{}, { stream: false }, { stream: null }]) {
      const response = await setUp().post({ ...HELLO, ...more })
      expect(response.status).toBe(200)
      expect(await textIn(response)).toBe(TEXT)
    }
  })

  test.each([
    [400, 'invalid_json', '{'],
    [400, 'invalid_json', ''],
    [400, 'invalid_input', '[]'],
    [400, 'invalid_input', '"text"'],
    [400, 'invalid_input', 'null'],
    [400, 'invalid_input', '{"input":"\\ud800"}'],
    [400, 'invalid_input', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`],
    [404, 'fixture_miss', '{}'],
    [404, 'fixture_miss', '{"model":"gpt-4.1-mini","input":"nobody asked this"}'],
    [413, 'too_large', `{"input":"${'x'.repeat(2000)}"}`],
  ])('%i %s for %j', async (status, code, body) => {
    const response = await setUp({ MAX_INPUT_BYTES: '1000' }).post(body)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await errorIn(response)).toMatchObject({ status, code })
  })

  test('any JSON value, and any text, is answered in the shape of the API', async () => {
    const { post } = setUp()
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string({ unit: 'binary' }),
          fc.jsonValue().map((input) => JSON.stringify({ model: 'm', input })),
        ),
        async (body) => {
          const { status } = await errorIn(await post(body))
          expect([400, 404]).toContain(status)
        },
      ),
    )
  })

  test('a miss explains itself', async () => {
    const { message } = await errorIn(await setUp().post({ ...HELLO, input: 'Say hello to all in German' }))
    expect(message).toMatch(
      /^No fixture .* The nearest is say-hello-to-all-in-french-.* differs in input .* MODEL_MODE=record/,
    )
  })

  test('a body that does not say it is JSON is not read, so that no form of another page triggers anything', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
    ]) {
      expect(await errorIn(await setUp().post(HELLO, { 'content-type': type }))).toMatchObject({
        status: 415,
        code: 'unsupported_media_type',
      })
    }
    expect((await setUp().post(HELLO, { 'content-type': 'Application/JSON; charset=utf-8' })).status).toBe(200)
  })
})

describe('GET /v1/models', () => {
  test('lists the models of the fixtures', async () => {
    const response = await setUp().ask('/v1/models')
    expect(await response.json()).toEqual({
      object: 'list',
      data: [{ id: 'gpt-4.1-mini', object: 'model', created: 0, owned_by: 'deltatape' }],
    })
  })
})

describe('what is not there', () => {
  test.each(['/', '/nowhere', '/v1/chat/completions', '/v1/responses/resp_1'])(
    '%s is told so, with what there is',
    async (path) => {
      const { status, code, message } = await errorIn(await setUp().ask(path))
      expect([status, code]).toEqual([404, 'not_found'])
      expect(message).toContain('POST /v1/responses')
    },
  )

  test('a WebSocket endpoint asks for an upgrade', async () => {
    for (const path of ['/ws', '/ws-stream']) {
      const response = await setUp().ask(path)
      expect(response.headers.get('upgrade')).toBe('websocket')
      expect(await errorIn(response)).toMatchObject({ status: 426, code: 'upgrade_required' })
    }
  })
})

describe('pages of other origins', () => {
  const page = { origin: 'http://localhost:5173' }

  test('read nothing unless they are allowed, and foreign ones are refused', async () => {
    const { ask, post } = setUp()
    for (const response of [
      await ask('/health', { headers: page }),
      await post(HELLO, page),
      await ask('/v1/responses', { method: 'OPTIONS', headers: page }),
    ]) {
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    }
    for (const origin of ['https://evil.example', 'null']) {
      expect(await errorIn(await post(HELLO, { origin }))).toMatchObject({ status: 403, code: 'forbidden' })
    }
  })

  test('read what they ask for where ALLOWED_ORIGINS names them', async () => {
    const { ask, post } = setUp({ ALLOWED_ORIGINS: 'https://app.example' })
    const allowed = { origin: 'https://app.example' }
    expect((await post(HELLO, allowed)).headers.get('access-control-allow-origin')).toBe('https://app.example')
    const preflight = await ask('/v1/responses', {
      method: 'OPTIONS',
      headers: {
        ...allowed,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization,content-type')
    expect((await ask('/health', { headers: page })).headers.get('access-control-allow-origin')).toBeNull()
  })

  test('a host that is not this server is refused', async () => {
    expect(await errorIn(await setUp().post(HELLO, { host: 'evil.example' }))).toMatchObject({
      status: 403,
      code: 'forbidden',
    })
  })
})

describe('AUTH_TOKEN', () => {
  const protectedApp = () => setUp({ AUTH_TOKEN: 'open-sesame' })

  test('is asked of every endpoint but /health', async () => {
    const { ask, post } = protectedApp()
    expect((await ask('/health')).status).toBe(200)
    for (const response of [
      await post(HELLO),
      await ask('/v1/models'),
      await post(HELLO, { authorization: 'Bearer wrong' }),
      await post(HELLO, { 'x-deltatape-token': 'wrong', authorization: 'Bearer open-sesame' }),
    ]) {
      expect(await errorIn(response)).toMatchObject({ status: 401, code: 'unauthorized' })
    }
  })

  test('is taken as bearer token, or beside one', async () => {
    const { ask, post } = protectedApp()
    expect((await post(HELLO, { authorization: 'Bearer open-sesame' })).status).toBe(200)
    expect((await post(HELLO, { 'x-deltatape-token': 'open-sesame' })).status).toBe(200)
    expect((await ask('/v1/models', { headers: { authorization: 'bearer open-sesame' } })).status).toBe(200)
  })
})

test('an error that nobody expects is logged whole and told in few words', async () => {
  const { log, lines } = readableLog()
  const config = readConfig({})
  const store = { ...openTestStore('fixtures'), models: () => Promise.reject(new TypeError('a bug')) }
  const { answer } = createApp({
    config,
    store,
    model: modelFor(config),
    redactor: createRedactor(),
    clock: systemClock,
    journal: createJournal(log, 'replay'),
    log,
  })
  const { status, message } = await errorIn(await answer(new Request('http://localhost/v1/models')))
  expect(status).toBe(500)
  expect(message).not.toContain('bug')
  expect(lines.join('')).toContain('a bug')
})

describe('createFetch', () => {
  const ask = (fetchHere: typeof fetch, body: unknown) =>
    fetchHere('https://api.openai.com/v1/responses', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-of-the-client' },
      body: JSON.stringify(body),
    })

  test('replays in this process, whatever address is called', async () => {
    const response = await ask(createFetch({ fixturesDir: shelf }), HELLO)
    expect(response.status).toBe(200)
    expect(await textIn(response)).toBe(TEXT)
  })

  test('records in this process, with the key of the client', async () => {
    const dir = await temporaryFolder()
    const standIn = await runStandIn(() => ({ steps: steps(compose('f').text(words('Hello there')).completed()) }))
    const config = readConfig({
      MODEL_MODE: 'record',
      ALLOW_CLIENT_KEY: '1',
      OPENAI_BASE_URL: standIn.url,
      FIXTURES_DIR: dir,
    })
    const live = await (await ask(createFetch(config), HELLO)).json()
    expect(standIn.calls.map(({ headers }) => headers.authorization)).toEqual(['Bearer sk-of-the-client'])
    expect(await (await ask(createFetch({ fixturesDir: dir }), HELLO)).json()).toEqual(live)
  })

  test('a connection that is broken on purpose is one for a fetch, before the answer and in it', async () => {
    const dropping = (after: number) =>
      ask(createFetch({ fixturesDir: shelf, fault: { faults: [{ kind: 'drop', after }] } }), { ...HELLO, stream: true })
    await expect(dropping(0)).rejects.toThrow(TypeError)
    await expect((await dropping(5)).text()).rejects.toThrow(TypeError)
  })

  test('a folder that cannot serve is told when it is asked', async () => {
    await expect(ask(createFetch({ fixturesDir: 'nowhere' }), HELLO)).rejects.toMatchObject({
      code: 'fixtures_unusable',
    })
  })
})

describe('x-deltatape-fault', () => {
  const asked = (plan: string, body: object = { ...HELLO, stream: true }, env: Record<string, string> = {}) =>
    setUp(env).post(body, { 'x-deltatape-fault': plan })

  test('refuse is an HTTP error', async () => {
    const response = await asked('refuse:503')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ error: { code: 'fault' } })
  })

  test('error and fail are events, at their place', async () => {
    const text = await (await asked('error@5')).text()
    const types = [...text.matchAll(/^event: (.+)$/gm)].map(([, type]) => type)
    expect(types.slice(4)).toEqual(['response.output_text.delta', 'error', 'response.failed'])
    expect(await (await asked('fail@4')).text()).not.toContain('event: error')
  })

  test('truncate is a clean end, malformed a line that is no JSON', async () => {
    const cut = await (await asked('truncate@4')).text()
    expect(cut.match(/^event: /gm)).toHaveLength(4)
    const [last] = (await (await asked('malformed@4')).text()).trimEnd().split('\n').slice(-1)
    expect(() => JSON.parse(last?.replace('data: ', '') ?? '{}')).toThrow(SyntaxError)
  })

  test.each(['reset@4', 'stall@4', 'drop@4'])('%s breaks the body', async (plan) => {
    await expect((await asked(plan)).text()).rejects.toThrow('terminated')
  })

  test('may stand in the address, as on a WebSocket', async () => {
    const { ask } = setUp()
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(HELLO) }
    expect((await ask('/v1/responses?fault=refuse:503', init)).status).toBe(503)
    expect((await ask('/v1/responses?fault=', init)).status).toBe(200)
  })

  test('an unknown one, and one where the API is called, are 400', async () => {
    expect((await asked('boom@1')).status).toBe(400)
    const live = await asked('reset@1', HELLO, { MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-x' })
    expect(live.status).toBe(400)
    expect(await live.json()).toMatchObject({ error: { code: 'invalid_input' } })
  })

  test('an empty one is none', async () => {
    expect(await textIn(await asked('', HELLO))).toBe(TEXT)
  })
})
