/** Calls as values, without a port: what is answered, in whose words, and in which form. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Batch } from '../../../server/api/record.ts'
import type { Model } from '../../../server/model/model.ts'
import { systemClock } from '../../../server/base/clock.ts'
import { createLedger } from '../../../server/base/ledger.ts'
import { readConfig } from '../../../server/serve/config.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { createExchanges } from '../../../server/serve/http/exchange.ts'
import type { Asked } from '../../../server/serve/http/read.ts'
import type { Reply } from '../../../server/serve/http/reply.ts'
import { createJournal } from '../../../server/serve/journal.ts'
import { BUNDLED, FAILURES } from '../../kit/bundled.ts'
import { compose, words } from '../../kit/answers.ts'
import { folderWith, modelFor, readableLog } from '../../kit/tools.ts'

const HELLO = { model: 'gpt-4.1-mini', input: 'Say hello to all in French' }
const TEXT = 'Bonjour tout le monde !'
const SCRIPT = 'こんにちは、世界'

let shelf = ''
beforeAll(async () => {
  const events = compose('french').text(words(TEXT)).completed()
  shelf = await folderWith({ [HELLO.input]: { events }, [SCRIPT]: { events } }, afterAll)
})

/** A reply with its body as text, and how that ended. */
interface Answered extends Pick<Reply, 'status' | 'headers'> {
  readonly text: string
  readonly isBroken: boolean
  header(name: string): string | undefined
}

async function answered({ status, headers, body }: Reply): Promise<Answered> {
  const header = (name: string) => headers.find(([each]) => each === name)?.[1]
  const read = { text: '', isBroken: body === 'broken' }
  if (body !== 'broken' && 'byteLength' in body) read.text = Buffer.from(body).toString()
  else if (body !== 'broken') {
    try {
      for await (const chunk of body) read.text += Buffer.from(chunk).toString()
    } catch {
      read.isBroken = true
    }
  }
  return { status, headers, header, ...read }
}

/** Exchanges as the server has them, and a client that asks. */
function setUp(env: Record<string, string> = {}, model?: Model) {
  const { log, lines } = readableLog()
  const config = readConfig({ FIXTURES_DIR: shelf, ...env })
  const exchanges = createExchanges({
    config,
    model: model ?? modelFor(config),
    redactor: createRedactor(),
    clock: systemClock,
    journal: createJournal(log, config.mode),
    log,
  })
  const ask = async (asked: Partial<Asked>): Promise<Answered> =>
    answered(
      await exchanges.answer({
        method: 'POST',
        target: '/v1/responses',
        headers: [['Content-Type', 'application/json']],
        body: Buffer.alloc(0),
        account: createLedger(2 ** 28).open(),
        onLeave() {},
        ...asked,
      }),
    )
  const post = (body: unknown, more: Partial<Asked> = {}) =>
    ask({ body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), ...more })
  return { exchanges, ask, post, lines }
}

const errorSchema = z.strictObject({
  error: z.strictObject({ message: z.string(), type: z.string(), param: z.null(), code: z.string() }),
})

/** The error in a reply, and that it is shaped as the API's. */
function errorIn({ status, text }: Answered) {
  const { error } = errorSchema.parse(JSON.parse(text))
  return { status, code: error.code, message: error.message }
}

const textIn = ({ text }: Answered): unknown => JSON.parse(text).output[0].content[0].text

describe('POST /v1/responses', () => {
  test('streams the recorded events as the API does', async () => {
    const reply = await setUp().post({ ...HELLO, stream: true })
    expect(reply.status).toBe(200)
    expect(reply.header('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(reply.header('x-deltatape-fixture')).toMatch(/^say-hello-to-all-in-french-\w{12}\.jsonl$/)
    expect(reply.header('x-deltatape-derived')).toBeUndefined()
    const records = reply.text.split('\n\n')
    expect(records.pop()).toBe('')
    expect(records[0]).toMatch(/^event: response\.created\ndata: \{"type":"response\.created",/)
    expect(records.at(-1)).toMatch(/^event: response\.completed\ndata: \{"type":"response\.completed",/)
  })

  test('gives the response in one piece if it is not to be streamed, and says what that was made of', async () => {
    for (const more of [{}, { stream: false }, { stream: null }]) {
      const reply = await setUp().post({ ...HELLO, ...more })
      expect([reply.status, reply.header('content-type')]).toEqual([200, 'application/json'])
      expect(reply.header('x-deltatape-derived')).toBe('stream')
      expect(reply.header('x-deltatape-fixture')).toMatch(/^say-hello-to-all-in-french-/)
      expect(textIn(reply)).toBe(TEXT)
    }
  })

  test('has the path of those who leave out the version, too', async () => {
    const reply = await setUp().post({ ...HELLO, stream: true }, { target: '/responses' })
    expect(errorIn(reply)).toMatchObject({ code: 'fixture_miss' })
  })

  test('names a fixture of any script in a header', async () => {
    const name = (await setUp().post({ ...HELLO, input: SCRIPT })).header('x-deltatape-fixture')
    expect(name).toMatch(/^[\x21-\x7e]+$/)
    expect(decodeURIComponent(name ?? '')).toMatch(/^こんにちは-世界-\w{12}\.jsonl$/)
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
    [404, 'fixture_miss', '{"model":"gpt-4.1-mini","input":"nobody asked this","stream":true}'],
  ])('%i %s for %j', async (status, code, body) => {
    const reply = await setUp().post(body)
    expect(reply.header('x-should-retry')).toBe('false')
    expect(reply.header('content-type')).toBe('application/json')
    expect(errorIn(reply)).toMatchObject({ status, code })
  })

  test('any JSON value, and any text, is answered in the shape of the API', async () => {
    const { post, lines } = setUp()
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string({ unit: 'binary' }),
          fc.jsonValue().map((input) => JSON.stringify({ model: 'm', input })),
        ),
        async (body) => {
          const { status } = errorIn(await post(body))
          expect([400, 404]).toContain(status)
        },
      ),
    )
    expect(lines.filter((line) => line.includes('unexpected'))).toEqual([])
  })

  test('a miss explains itself', async () => {
    const { message } = errorIn(await setUp().post({ ...HELLO, input: 'Say hello to all in German' }))
    expect(message).toMatch(
      /^No fixture .* The nearest is say-hello-to-all-in-french-.* differs in input .* MODEL_MODE=auto/,
    )
  })

  test('a miss has a status that the program which asks shows at once', async () => {
    const missed = async (headers: readonly (readonly [string, string])[]) =>
      errorIn(
        await setUp().post({ ...HELLO, input: 'Bye' }, { headers: [['content-type', 'application/json'], ...headers] }),
      ).status
    expect(await missed([])).toBe(404)
    expect(await missed([['Originator', 'codex_cli_rs']])).toBe(400)
    expect(await missed([['originator', 'app of codex']])).toBe(404)
    expect(await missed([['x-promptfoo-version', '0.123.1']])).toBe(400)
  })

  test('a body that does not say it is JSON is not read, so that no form of another page triggers anything', async () => {
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
    ]
    for (const type of types) {
      const reply = await setUp().post(HELLO, { headers: [['content-type', type]] })
      expect(errorIn(reply)).toMatchObject({ status: 415, code: 'unsupported_media_type' })
    }
    expect(errorIn(await setUp().post(HELLO, { headers: [] })).status).toBe(415)
    const said = await setUp().post(HELLO, { headers: [['content-type', 'Application/JSON; charset=utf-8']] })
    expect(said.status).toBe(200)
  })
})

describe('a recorded failure', () => {
  const events = (BUNDLED.find(({ input }) => input === FAILURES.reset)?.answer('seed').steps ?? []).filter(
    (step) => typeof step === 'object' && 'event' in step,
  ).length

  const ask = async (input: string, stream: boolean) => {
    const reply = await setUp({ FIXTURES_DIR: 'fixtures' }).post({ model: 'gpt-4.1-mini', input, stream })
    return { ...reply, count: reply.text.split('\n\n').length - 1 }
  }

  test('that was refused comes back with its status, its headers and its very body', async () => {
    for (const stream of [true, false]) {
      const { status, header, text } = await ask(FAILURES.refused, stream)
      expect(status).toBe(429)
      expect(header('content-type')).toBe('application/json')
      expect(header('retry-after')).toBe('20')
      expect(header('x-ratelimit-limit-requests')).toBe('3')
      expect(header('x-request-id')).toBe('req_standin_429')
      expect(header('x-should-retry')).toBeUndefined()
      expect(header('x-deltatape-fixture')).toContain('fail-with-a-refused-request-')
      expect(text).toMatch(/^\{\n {2}"error": \{\n {4}"message": "Rate limit reached/)
    }
  })

  test.each([
    ['unreachable', 502, 'upstream_unreachable'],
    ['truncated', 502, 'upstream_truncated'],
    ['reset', 502, 'upstream_reset'],
    ['stalled', 504, 'upstream_stalled'],
    ['malformed', 502, 'upstream_malformed'],
  ] as const)('%s is %i for a client that does not stream', async (kind, status, code) => {
    const reply = await ask(FAILURES[kind], false)
    // Only what never had an answer may have one the next time.
    expect(reply.header('x-should-retry')).toBe(kind === 'unreachable' ? undefined : 'false')
    expect(errorIn(reply)).toMatchObject({ status, code })
  })

  test('that was unreachable is an HTTP error for a client that streams, too', async () => {
    expect(errorIn(await ask(FAILURES.unreachable, true))).toMatchObject({ status: 502, code: 'upstream_unreachable' })
  })

  test.each(['error', 'failed'] as const)(
    'with an event for it (%s) is that event, and the failed response',
    async (kind) => {
      const streamed = await ask(FAILURES[kind], true)
      expect([streamed.status, streamed.isBroken]).toEqual([200, false])
      expect(streamed.text).toMatch(/event: response\.failed\ndata: .*\n\n$/)
      const whole = await ask(FAILURES[kind], false)
      expect(whole.status).toBe(200)
      expect(JSON.parse(whole.text)).toMatchObject({ status: 'failed', error: { code: 'server_error' } })
    },
  )

  test('truncated ends as cleanly as it did', async () => {
    expect(await ask(FAILURES.truncated, true)).toMatchObject({ status: 200, isBroken: false, count: events })
  })

  test.each(['reset', 'stalled'] as const)('%s breaks the connection, after the same events', async (kind) => {
    expect(await ask(FAILURES[kind], true)).toMatchObject({ status: 200, isBroken: true, count: events })
  })

  test('malformed holds the very line', async () => {
    const { text, isBroken } = await ask(FAILURES.malformed, true)
    expect(text).toMatch(/\n\ndata: \{"type":"response.output_text.delta","delta":\n\n$/)
    expect(isBroken).toBe(false)
  })

  test('is a warning in no log: it is what was asked for', async () => {
    const { post, lines } = setUp({ FIXTURES_DIR: 'fixtures' })
    await post({ model: 'gpt-4.1-mini', input: FAILURES.reset, stream: true })
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'info', action: 'hit', code: 'upstream_reset', records: events, endpoint: '/v1/responses' },
    ])
  })
})

describe('GET /v1/models', () => {
  test('lists the models of the fixtures', async () => {
    const reply = await setUp().ask({ method: 'GET', target: '/v1/models' })
    expect(reply.header('content-type')).toBe('application/json')
    expect(JSON.parse(reply.text)).toEqual({
      object: 'list',
      data: [{ id: 'gpt-4.1-mini', object: 'model', created: 0, owned_by: 'deltatape' }],
    })
  })
})

test('an error that nobody expects is logged whole and told in few words, before the head and after it', async () => {
  const bug = new TypeError('a bug')
  async function* broken(): AsyncGenerator<Batch> {
    yield* []
    throw bug
  }
  const early = setUp({}, () => Promise.reject(bug))
  const { status, message } = errorIn(await early.post(HELLO))
  expect(status).toBe(500)
  expect(message).not.toContain('bug')
  expect(early.lines.join('')).toContain('a bug')

  const late = setUp({}, async () => ({
    head: { status: 200, headers: [], framing: 'sse' },
    records: broken(),
  }))
  const reply = await late.post(HELLO)
  expect(reply.text).toMatch(/^event: error\ndata: \{"type":"error","status":500,.*"code":"internal"\}\}\n\n$/)
  expect(reply.text).not.toContain('bug')
  expect(late.lines.join('')).toContain('a bug')
})
