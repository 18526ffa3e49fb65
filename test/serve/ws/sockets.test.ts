/** The sockets, as transcripts. */
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import type { Call } from '../../../server/api/call.ts'
import { compose, words } from '../../kit/answers.ts'
import { connect } from '../../kit/client.ts'
import { expectRules } from '../../kit/rules.ts'
import {
  BROKEN,
  FRENCH,
  KEPT,
  LONG,
  answerOf,
  freshBatch,
  keptAnswer,
  runHanging,
  runScripted,
  runSockets,
} from './kit.ts'

describe('/ws-stream', () => {
  test('sends the deltas, and then the message', async () => {
    const { url } = await runScripted()
    const chat = await connect(`${url}/ws-stream`)
    chat.send({ input: FRENCH })
    await chat.turn()
    expect(chat.transcript).toEqual([
      '{"type":"delta","message":"Bonjour"}',
      '{"type":"delta","message":" tout"}',
      '{"type":"delta","message":" le"}',
      '{"type":"delta","message":" monde"}',
      '{"type":"delta","message":" !"}',
      expect.stringMatching(
        /^\{"type":"message","message":"Bonjour tout le monde !","response_id":"resp_\w+","model":"gpt-4.1-mini-2025-04-14","status":"completed","usage":\{"input_tokens":16,"output_tokens":5,"total_tokens":21\}\}$/,
      ),
    ])
  })

  test('sends two replays of a request as the same bytes', async () => {
    const { url } = await runScripted()
    const [one, two] = await Promise.all([connect(`${url}/ws-stream`), connect(`${url}/ws-stream`)])
    for (const input of [FRENCH, LONG, BROKEN, 'a miss']) {
      for (const chat of [one, two]) {
        chat.send({ input })
        await chat.turn()
      }
    }
    expect(one.transcript).toEqual(two.transcript)
    expectRules(one.transcript, [undefined, undefined, undefined, undefined])
    expect(one.transcript.length).toBeGreaterThan(2000)
  })
})

describe('/ws', () => {
  test('sends the message alone', async () => {
    const { url } = await runScripted()
    const chat = await connect(`${url}/ws?session=1`)
    chat.send({ input: FRENCH, id: 'a' })
    expect(await chat.next()).toMatchObject({ type: 'message', message: 'Bonjour tout le monde !', id: 'a' })
    expect(chat.transcript).toHaveLength(1)
  })
})

test('what is no request is answered, and the connection goes on', async () => {
  const { url } = await runScripted()
  const chat = await connect(`${url}/ws-stream`)
  const codes: unknown[] = []
  for (const junk of ['{', '', '[]', '{}', '{"input":" "}', '{"input":"\\ud800"}']) {
    chat.send(junk)
    codes.push((await chat.next()).code)
  }
  chat.ws.send(Buffer.from(JSON.stringify({ input: FRENCH })))
  codes.push((await chat.next()).code)
  expect(codes).toEqual([
    'invalid_json',
    'invalid_json',
    'invalid_input',
    'invalid_input',
    'invalid_input',
    'invalid_input',
    'invalid_json',
  ])
  chat.send({ input: FRENCH })
  expect((await chat.turn()).at(-1)).toMatchObject({ type: 'message' })
})

describe('limits', () => {
  test('a message that is too large is told so, and ends the connection', async () => {
    const { url } = await runScripted({ MAX_INPUT_BYTES: '1000' })
    const fits = await connect(`${url}/ws`)
    fits.send({ input: 'x'.repeat(1000 - '{"input":""}'.length) })
    expect((await fits.next()).code).toBe('fixture_miss')
    const chat = await connect(`${url}/ws`)
    chat.send({ input: 'x'.repeat(1001) })
    expect(await chat.next()).toMatchObject({ type: 'error', code: 'too_large' })
    expect(await chat.closed).toBe(1009)
  })

  test('so is one that comes in too many fragments', async () => {
    const { url } = await runScripted()
    const chat = await connect(`${url}/ws`)
    for (let index = 0; index < 17_000; index++) chat.ws.send('x', { fin: false })
    expect(await chat.next()).toMatchObject({ code: 'too_large', message: expect.stringContaining('16384 fragments') })
    expect(await chat.closed).toBe(1009)
  })

  test('a client that closes with that code itself is sent nothing', async () => {
    const { url } = await runScripted()
    const chat = await connect(`${url}/ws`)
    chat.ws.close(1009)
    await chat.closed
    expect(chat.transcript).toEqual([])
  })

  test('connections beyond the limit are closed, and one that ends makes room', async () => {
    const { url } = await runScripted({ MAX_CONNECTIONS: '2' })
    const first = await connect(`${url}/ws`)
    await connect(`${url}/ws`)
    expect(await (await connect(`${url}/ws`)).closed).toBe(1013)
    await first.close()
    const chat = await connect(`${url}/ws`)
    chat.send({ input: FRENCH })
    expect((await chat.next()).type).toBe('message')
  })

  test('turns beyond the queue are answered busy', async () => {
    const { url } = await runHanging([], { env: { MAX_QUEUED_TURNS: '1' } })
    const chat = await connect(`${url}/ws`)
    for (const id of ['1', '2', '3']) chat.send({ input: FRENCH, id })
    expect(await chat.next()).toMatchObject({ code: 'busy', id: '3' })
  })
})

describe('messages of the API', () => {
  const create = (input: string, more = {}) => JSON.stringify({ type: 'response.create', model: 'm', input, ...more })

  /** A client of the API: what it gets, and a wait for so many messages. */
  const speak = async (url: string, options: ClientOptions = {}) => {
    const ws = new WebSocket(url.replace('http', 'ws'), options)
    const messages: unknown[] = []
    ws.on('message', (data) => messages.push(JSON.parse(String(data))))
    await once(ws, 'open')
    const until = async (count: number) => {
      while (messages.length < count) await once(ws, 'message')
    }
    return { ws, messages, until }
  }

  test('are answered with its events, and may be larger than those of a chat', async () => {
    const { url } = await runScripted({ MAX_INPUT_BYTES: '100', MAX_BODY_BYTES: '1000' })
    const { ws, messages, until } = await speak(`${url}/v1/responses`)
    ws.send(create(FRENCH, { instructions: 'x'.repeat(500) }))
    const events = KEPT[FRENCH].items.map(({ event }) => event?.body)
    await until(events.length)
    expect(messages).toEqual(events)
    ws.send(create('x'.repeat(1000)))
    expect(await once(ws, 'close')).toEqual([1009, Buffer.from('')])
    expect(messages.at(-1)).toMatchObject({
      type: 'error',
      status: 413,
      error: { code: 'too_large', message: expect.stringContaining('MAX_BODY_BYTES allows: 1000 bytes') },
    })
  })

  test('go over one upstream of their connection, which ends with it', async () => {
    const calls: Call[] = []
    const told: unknown[] = []
    const closed = Promise.withResolvers<void>()
    const { url } = await runSockets(
      async (call) => {
        calls.push(call)
        return keptAnswer([KEPT[FRENCH]])
      },
      {
        env: { AUTH_TOKEN: 'secret-token' },
        createUpstream: (headers, query, credential) => {
          told.push(Object.fromEntries(headers)['OpenAI-Beta'], query, credential)
          return { transport: () => Promise.reject(new Error('not called')), close: closed.resolve }
        },
      },
    )
    const headers = { 'OpenAI-Beta': 'x', authorization: 'Bearer sk-client', 'x-deltatape-token': 'secret-token' }
    const { ws, until } = await speak(`${url}/v1/responses?a=1&fault=`, { headers })
    expect(told).toEqual([])
    for (let turn = 1; turn <= 2; turn++) {
      ws.send(create('Hi'))
      await until(turn * KEPT[FRENCH].items.length)
    }
    expect(told).toEqual(['x', '?a=1', 'sk-client'])
    expect(calls.map(({ transport }) => transport)).toEqual([calls[0]?.transport, calls[0]?.transport])
    expect(calls[0]?.transport).toBeDefined()
    ws.close()
    await closed.promise
  })

  test('do not carry what was compared with the token', async () => {
    const calls: Call[] = []
    const { url } = await runSockets(
      async (call) => {
        calls.push(call)
        return keptAnswer([KEPT[FRENCH]])
      },
      { env: { AUTH_TOKEN: 'secret-token' } },
    )
    const headers = { authorization: 'Bearer secret-token' }
    const { ws, until } = await speak(`${url}/v1/responses`, { headers })
    ws.send(create('Hi'))
    await until(1)
    expect(calls[0]?.credential).toBeUndefined()
    expect(JSON.stringify(calls[0]?.headers)).not.toContain('secret-token')
    ws.close()
  })
})

describe('who is let in', () => {
  const refusal = async (url: string, headers: Record<string, string>) => {
    const ws = new WebSocket(url.replace('http', 'ws'), { headers })
    const [, response] = await once(ws, 'unexpected-response')
    ws.on('error', () => {})
    ws.terminate()
    return response.statusCode
  }

  test('an unknown path, a foreign host or a foreign page get an HTTP answer', async () => {
    const { url } = await runScripted()
    expect(await refusal(`${url}/nowhere`, {})).toBe(404)
    expect(await refusal(`${url}/ws/`, {})).toBe(404)
    expect(await refusal(`${url}/ws`, { host: 'evil.example' })).toBe(403)
    expect(await refusal(`${url}/ws`, { origin: 'https://evil.example' })).toBe(403)
    expect(await refusal(`${url}/ws`, { origin: 'null' })).toBe(403)
  })

  test('one that is not is told of in a line', async () => {
    const { url, lines } = await runScripted()
    await refusal(`${url}/ws?x`, { origin: 'https://evil.example' })
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 'warn',
        endpoint: '/ws',
        code: 'forbidden',
        msg: expect.stringMatching(
          /^refused \/ws: forbidden: Pages of the origin "https:\/\/evil.example" are not let in/,
        ),
      },
    ])
  })

  test('one who wants what is not there is told of as of a call without a fixture', async () => {
    const { url, names, misses } = await runScripted()
    await refusal(`${url}/v1/realtime?model=gpt-realtime`, {})
    await refusal(`${url}/@a/v1/realtime`, {})
    await refusal(`${url}/ws`, { host: 'evil.example' })
    const why = expect.stringMatching(/^There is no WebSocket \/v1\/realtime here\..* Realtime .* neither recorded/)
    expect(misses.untold()).toEqual({ reasons: [{ why, times: 2 }], more: 0 })
    expect(names.tell('a').told.map((text): unknown => JSON.parse(text))).toEqual([
      {
        method: 'GET',
        path: '/v1/realtime',
        api: 'openai',
        action: 'miss',
        status: 404,
        code: 'not_found',
        message: why,
        ms: 0,
      },
    ])

    const live = await runScripted({ MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-of-the-server' })
    await refusal(`${live.url}/v1/realtime`, {})
    expect(live.misses.untold().reasons).toEqual([])
  })

  test('a page on loopback is let in to replay, and not to what can spend money', async () => {
    const { url } = await runScripted()
    await connect(`${url}/ws`, { origin: 'http://localhost:5173' })
    const live = await runScripted({ MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-of-the-server' })
    expect(await refusal(`${live.url}/ws`, { origin: 'http://localhost:5173' })).toBe(403)
    await connect(`${live.url}/ws`, { origin: live.url })
  })
})

test('cancel ends the running turn, and the next one goes on', async () => {
  const { url } = await runHanging(compose('x').text(['a', 'b']).cut().events)
  const chat = await connect(`${url}/ws-stream`)
  chat.send({ input: 'one', id: '1' })
  chat.send({ input: 'two', id: '2' })
  await chat.next()
  chat.send({ type: 'cancel' })
  while ((await chat.next()).type === 'delta');
  await chat.next()
  chat.send({ type: 'cancel', id: '2' })
  while ((await chat.next()).type === 'delta');
  expectRules(chat.transcript, ['1', '2'])
})

test('text of every script comes through as it is', async () => {
  const text = words('こんにちは 👋🏽 مرحبا नमस्ते \u2028 naïve\n')
  const { url } = await runSockets(async () => answerOf([freshBatch(compose('x').text(text).completed())]))
  const chat = await connect(`${url}/ws-stream`)
  chat.send({ input: 'Hi' })
  expect((await chat.turn()).at(-1)?.message).toBe(text.join(''))
})
