/** `/page/live`, as those see it who watch a whole server. */
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { LiveTurn } from '../../../server/serve/feed.ts'
import { compose, steps, words } from '../../kit/answers.ts'
import { connect } from '../../kit/client.ts'
import { folderWith, runServer, runStandIn, temporaryFolder } from '../../kit/tools.ts'
import { watch } from '../../kit/watcher.ts'

const FRENCH = 'Say hello to all in French'

const events = compose('french').text(words('Bonjour tout le monde !')).completed()

const shelf = () => folderWith({ [FRENCH]: { events } })

/** A call over HTTP; gives its body. */
const post = async (url: string, input: string, more: Record<string, string> = {}) => {
  const response = await fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...more },
    body: JSON.stringify({ model: 'gpt-4.1-mini', input, stream: true }),
  })
  return response.text()
}

const haveEnded = (count: number) => (turns: readonly LiveTurn[]) => turns.filter(({ open }) => !open).length >= count

describe('in replay', () => {
  test('turns of a chat and calls are told with what became of them', async () => {
    const { url } = await runServer({ FIXTURES_DIR: await shelf() })
    const watcher = await watch(url)
    const chat = await connect(`${url}/@one/ws-stream`)
    chat.send({ id: 'a', input: FRENCH })
    await chat.turn()
    const body = await post(`${url}/@two`, FRENCH)
    const [turn, call] = await watcher.until(haveEnded(2))
    expect(watcher.messages[0]).toEqual({
      type: 'hello',
      mode: 'replay',
      counters: { turns: 0, hits: 0, misses: 0, errors: 0, saved: 0, open: 0 },
      turns: [],
    })
    const fixture = expect.stringMatching(/^say-hello-to-all-in-french-\w+\.jsonl$/)
    const times = { ms: expect.any(Number), firstMs: expect.any(Number), at: expect.stringMatching(/^\d{4}-.+Z$/) }
    expect(turn).toEqual({
      n: 1,
      endpoint: '/@one/ws-stream',
      id: 'a',
      api: 'responses',
      model: 'gpt-4.1-mini',
      asked: FRENCH,
      action: 'hit',
      fixture,
      count: chat.transcript.length,
      unit: 'frame',
      bytes: Buffer.byteLength(chat.transcript.join('')),
      open: false,
      ...times,
    })
    expect(call).toEqual({
      n: 2,
      endpoint: '/@two/v1/responses',
      api: 'responses',
      model: 'gpt-4.1-mini',
      asked: FRENCH,
      action: 'hit',
      fixture,
      count: events.length,
      unit: 'record',
      bytes: Buffer.byteLength(body),
      chars: 'Bonjour tout le monde !'.length,
      tokens: { input: 16, output: 5 },
      open: false,
      ...times,
    })
    expect(watcher.messages.at(-1)?.counters).toMatchObject({ turns: 2, hits: 2, open: 0 })
  })

  test('a miss comes with its whole explanation, and the command', async () => {
    const { url } = await runServer({ FIXTURES_DIR: await shelf() })
    const watcher = await watch(url)
    const chat = await connect(`${url}/ws`)
    chat.send({ input: 'Say hello to all in Greek' })
    const { message } = await chat.next()
    await post(url, 'Say hello to nobody')
    const [turn, call] = await watcher.until(haveEnded(2))
    expect(turn).toMatchObject({ action: 'miss', code: 'fixture_miss', message, count: 1 })
    expect(turn?.message).toContain('MODEL_MODE=auto')
    expect(call).toMatchObject({ action: 'miss', code: 'fixture_miss', asked: 'Say hello to nobody' })
    expect(watcher.messages.at(-1)?.counters).toMatchObject({ misses: 2, errors: 0 })
  })

  test('a fault, a message that is no request, and a wrong pace are errors', async () => {
    const { url } = await runServer({ FIXTURES_DIR: await shelf() })
    const watcher = await watch(url)
    const broken = await connect(`${url}/ws-stream?fault=reset@6`)
    broken.send({ input: FRENCH })
    await broken.turn()
    broken.send('{')
    await broken.turn()
    const wrong = await connect(`${url}/ws?pace=fast`)
    wrong.send({ input: FRENCH })
    await wrong.turn()
    const turns = await watcher.until(haveEnded(3))
    expect(turns.map(({ code, count, asked }) => [code, count, asked])).toEqual([
      ['upstream_reset', 3, FRENCH],
      ['invalid_json', 1, undefined],
      ['invalid_input', 1, FRENCH],
    ])
    expect(watcher.messages.at(-1)?.counters).toMatchObject({ turns: 3, errors: 2, hits: 1 })
  })

  test('a turn is seen while it goes on, and when its client cancels it or leaves', async () => {
    const { url } = await runServer({ FIXTURES_DIR: await shelf(), REPLAY_PACE: '600000ms' })
    const watcher = await watch(url)
    const chat = await connect(`${url}/ws-stream`)
    chat.send({ id: 'slow', input: FRENCH })
    const abort = new AbortController()
    const call = fetch(`${url}/v1/responses`, {
      method: 'POST',
      signal: abort.signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4.1-mini', input: FRENCH, stream: true }),
    })
    // The first event of a call is there at once; that of a chat has no frame.
    await watcher.until((turns) => turns.length === 2 && turns.some(({ count }) => count === 1))
    expect([...watcher.turns.values()].map(({ open, action }) => [open, action])).toEqual([
      [true, undefined],
      [true, undefined],
    ])
    expect(watcher.messages.at(-1)?.counters).toMatchObject({ open: 2 })
    chat.send({ type: 'cancel' })
    await watcher.until((turns) => turns.some(({ code }) => code === 'cancelled'))
    abort.abort()
    await call.then((response) => response.text()).catch(() => {})
    chat.send({ id: 'next', input: FRENCH })
    await watcher.until((turns) => turns.length === 3)
    chat.ws.terminate()
    const turns = await watcher.until(haveEnded(3))
    expect(turns.map(({ code, message }) => [code, message])).toEqual([
      ['cancelled', 'The client cancelled this turn.'],
      ['cancelled', 'The client left.'],
      ['cancelled', 'The client left.'],
    ])
    expect(watcher.messages.at(-1)?.counters).toMatchObject({ open: 0, errors: 0 })
  })

  test('an API over a WebSocket, and what happened before anybody watched', async () => {
    const { url } = await runServer({ FIXTURES_DIR: await shelf() })
    const ws = new WebSocket(`${url.replace('http', 'ws')}/@page-1/v1/responses`)
    await once(ws, 'open')
    ws.send(JSON.stringify({ type: 'response.create', model: 'gpt-4.1-mini', input: FRENCH }))
    const all = Promise.withResolvers<void>()
    let count = 0
    ws.on('message', () => (++count === events.length ? all.resolve() : undefined))
    await all.promise
    ws.terminate()
    await post(url, 'Nobody recorded this')
    const watcher = await watch(url)
    await watcher.until(haveEnded(2))
    expect(watcher.messages).toHaveLength(1)
    expect(watcher.messages[0]).toMatchObject({
      type: 'hello',
      counters: { turns: 2, hits: 1, misses: 1 },
      turns: [
        { endpoint: '/@page-1/v1/responses', action: 'hit', unit: 'frame', count: events.length, asked: FRENCH },
        { endpoint: '/v1/responses', action: 'miss', unit: 'record', asked: 'Nobody recorded this' },
      ],
    })
  })
})

describe.each(['record', 'auto', 'live'])('in %s', (mode) => {
  test('what the API gives is told as it comes, and what was saved', async () => {
    const goOn = Promise.withResolvers<void>()
    const standIn = await runStandIn(() => ({
      steps: [...steps(events.slice(0, 6)), { until: goOn.promise }, ...steps(events.slice(6))],
    }))
    const { url } = await runServer({
      MODEL_MODE: mode,
      FIXTURES_DIR: await temporaryFolder(),
      OPENAI_API_KEY: 'sk-of-the-server',
      OPENAI_BASE_URL: standIn.url,
    })
    const watcher = await watch(url)
    const chat = await connect(`${url}/ws-stream`)
    chat.send({ input: FRENCH })
    await watcher.until(([turn]) => turn?.count === 2)
    goOn.resolve()
    await chat.turn()
    const [turn] = await watcher.until(haveEnded(1))
    expect(turn).toMatchObject({ count: 6, asked: FRENCH, model: 'gpt-4.1-mini' })
    expect(turn?.action).toBe(mode === 'live' ? undefined : 'saved')
    expect(watcher.messages[0]).toMatchObject({ mode })
    expect(watcher.messages.at(-1)?.counters).toMatchObject({ saved: mode === 'live' ? 0 : 1, misses: 0, errors: 0 })
  })

  test('an API that refuses is an error, and no key is told', async () => {
    const key = 'sk-proj-1234567890abcdefghijklmnop'
    const standIn = await runStandIn(() => ({ status: 401, body: `{"error":{"message":"Wrong key ${key}."}}` }))
    const { url } = await runServer({
      MODEL_MODE: mode,
      FIXTURES_DIR: await temporaryFolder(),
      OPENAI_API_KEY: key,
      OPENAI_BASE_URL: standIn.url,
    })
    const watcher = await watch(url)
    const chat = await connect(`${url}/ws-stream`)
    chat.send({ id: key, input: `My key is ${key}` })
    await chat.turn()
    await post(`${url}/@page-x`, `It is the client's: plain-client-secret-1`, {
      authorization: 'Bearer plain-client-secret-1',
    })
    const turns = await watcher.until(haveEnded(2))
    expect(turns[0]).toMatchObject({ code: 'upstream_refused', asked: expect.stringMatching(/^My key is \[redacted:/) })
    expect(turns[1]?.asked).toMatch(/^It is the client's: \[redacted:/)
    expect(JSON.stringify(watcher.messages)).not.toContain(key)
    expect(JSON.stringify(watcher.messages)).not.toContain('plain-client-secret-1')
  })
})

describe('who may watch', () => {
  const refusal = async (
    url: string,
    {
      protocols = [],
      headers = {},
      path = '/page/live',
    }: { protocols?: string[]; headers?: Record<string, string>; path?: string },
  ) => {
    const ws = new WebSocket(url.replace('http', 'ws') + path, protocols, { headers })
    ws.on('error', () => {})
    const [, response] = await once(ws, 'unexpected-response')
    ws.terminate()
    return response.statusCode
  }

  test("the server's own page and programs; no page of another origin, whatever else it may", async () => {
    const { url } = await runServer({ ALLOWED_ORIGINS: 'https://app.example' })
    await watch(url, [], { origin: url })
    await watch(url, [], { headers: { 'sec-fetch-site': 'same-origin' }, origin: url })
    await watch(url, [], { headers: { 'sec-fetch-site': 'none' } })
    for (const headers of [
      { origin: 'http://localhost:5173' },
      { origin: 'https://app.example' },
      { origin: 'null' },
      { origin: url.replace('http:', 'ftp:') },
      { origin: url, 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
      { host: 'evil.example', origin: 'http://evil.example' },
    ]) {
      expect([headers, await refusal(url, { headers })]).toEqual([headers, 403])
    }
    expect(await refusal(url, { path: '/@me/page/live' })).toBe(404)
    expect(await refusal(url, { path: '/api.openai.com/page/live' })).toBe(404)
  })

  test('where a token is set, those who bring it', async () => {
    const { url } = await runServer({ AUTH_TOKEN: 'the-token-of-this-server' })
    const offer = `deltatape.token.${Buffer.from('the-token-of-this-server').toString('base64url')}`
    const { ws } = await watch(url, ['deltatape', offer], { origin: url })
    expect(ws.protocol).toBe('deltatape')
    await watch(url, [], { headers: { authorization: 'Bearer the-token-of-this-server' } })
    expect(await refusal(url, {})).toBe(401)
    expect(await refusal(url, { protocols: ['deltatape', 'deltatape.token.eA'] })).toBe(401)
  })

  test('nobody with PAGE=0', async () => {
    const { url } = await runServer({ PAGE: '0' })
    expect(await refusal(url, {})).toBe(404)
    const chat = await connect(`${url}/ws`)
    chat.send({ input: 'Hi' })
    expect((await chat.next()).type).toBe('error')
  })

  test('eight at a time; one that leaves makes room', async () => {
    const { url } = await runServer({ FIXTURES_DIR: await shelf() })
    const watchers = await Promise.all(Array.from({ length: 8 }, () => watch(url)))
    expect(await (await watch(url)).closed).toBe(1013)
    await post(url, FRENCH)
    await Promise.all(watchers.map(({ until }) => until(haveEnded(1))))
    const [first] = watchers
    first?.ws.close()
    await first?.closed
    const ninth = await watch(url)
    await ninth.until(haveEnded(1))
  })

  test('they count among the connections', async () => {
    const { url } = await runServer({ MAX_CONNECTIONS: '1' })
    await watch(url)
    expect(await (await connect(`${url}/ws`)).closed).toBe(1013)
  })
})

describe('a watcher', () => {
  test('may send what it likes, but nothing large', async () => {
    const { url } = await runServer({ FIXTURES_DIR: await shelf() })
    const watcher = await watch(url)
    watcher.ws.send('{"type":"watch"}')
    watcher.ws.send(Buffer.from([1, 2, 3]))
    await post(url, FRENCH)
    await watcher.until(haveEnded(1))
    watcher.ws.send('x'.repeat(1025))
    expect(await watcher.closed).toBe(1009)
  })

  test('is sent away when the server stops, though a turn goes on', async () => {
    const server = await runServer({ FIXTURES_DIR: await shelf(), REPLAY_PACE: '600000ms' })
    const watcher = await watch(server.url)
    const chat = await connect(`${server.url}/ws-stream`)
    chat.send({ input: FRENCH })
    await watcher.until(([turn]) => turn?.open === true)
    const closed = server.close(600_000)
    expect(await watcher.closed).toBe(1001)
    expect(chat.ws.readyState).toBe(WebSocket.OPEN)
    await server.close(0)
    await closed
    expect((await chat.turn()).at(-1)).toMatchObject({ code: 'shutting_down' })
  })
})
