/** Requests over real HTTP: how answers are streamed, how they break, and what happens when somebody leaves. */
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { shuttingDown } from '../../../server/base/errors.ts'
import { createExchanges } from '../../../server/serve/http/exchange.ts'
import { createJournal } from '../../../server/serve/journal.ts'
import { systemClock } from '../../../server/base/clock.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { compose, steps, words } from '../../kit/answers.ts'
import { BUNDLED, FAILURES } from '../../kit/bundled.ts'
import { sse, type Answer } from '../../kit/standin.ts'
import {
  folderWith,
  openTestStore,
  readableLog,
  runServer,
  runStandIn,
  settle,
  temporaryFolder,
  toEvents,
} from '../../kit/tools.ts'

const post = (url: string, body: Readonly<Record<string, unknown>>, init: RequestInit = {}) =>
  fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1-mini', ...body }),
    ...init,
  })

/** Reads a body to its end or its break. */
async function readAll({ body }: Response): Promise<{ text: string; broken: unknown }> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of body ?? []) text += decoder.decode(chunk, { stream: true })
    return { text, broken: undefined }
  } catch (broken) {
    return { text, broken }
  }
}

const runRecording = async (answer: (index: number) => Answer, env: Record<string, string> = {}) => {
  const dir = await temporaryFolder()
  const standIn = await runStandIn((_call, index) => answer(index))
  const server = await runServer({
    MODEL_MODE: 'record',
    OPENAI_API_KEY: 'sk-of-the-server',
    OPENAI_BASE_URL: standIn.url,
    FIXTURES_DIR: dir,
    ...env,
  })
  return { standIn, server, store: openTestStore(dir) }
}

const good = compose('x').text(words('one two three')).completed()

describe('a recorded failure', () => {
  const story = BUNDLED.find(({ input }) => input === FAILURES.reset)
  const events = (story?.answer('seed').steps ?? []).filter(
    (step) => typeof step === 'object' && 'event' in step,
  ).length

  const ask = async (input: string, stream: boolean) => {
    const { url } = await runServer({})
    const response = await post(url, { input, stream })
    const { text, broken } = await readAll(response)
    return { response, text, broken, count: text.split('\n\n').length - 1 }
  }

  test('that was refused comes back with its status, its headers and its very body', async () => {
    for (const stream of [true, false]) {
      const { response, text } = await ask(FAILURES.refused, stream)
      expect(response.status).toBe(429)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'application/json',
        'retry-after': '20',
        'x-ratelimit-limit-requests': '3',
        'x-request-id': 'req_standin_429',
      })
      expect(response.headers.get('x-should-retry')).toBeNull()
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
    const { response, text } = await ask(FAILURES[kind], false)
    expect(response.status).toBe(status)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(JSON.parse(text)).toMatchObject({ error: { code } })
  })

  test('that was unreachable is an HTTP error for a client that streams, too', async () => {
    expect((await ask(FAILURES.unreachable, true)).response.status).toBe(502)
  })

  test.each(['error', 'failed'] as const)(
    'with an event for it (%s) is that event, and the failed response',
    async (kind) => {
      const streamed = await ask(FAILURES[kind], true)
      expect(streamed.response.status).toBe(200)
      expect(streamed.text).toMatch(/event: response\.failed\ndata: .*\n\n$/)
      const whole = await ask(FAILURES[kind], false)
      expect(whole.response.status).toBe(200)
      expect(JSON.parse(whole.text)).toMatchObject({ status: 'failed', error: { code: 'server_error' } })
    },
  )

  test('truncated ends as cleanly as it did', async () => {
    expect(await ask(FAILURES.truncated, true)).toMatchObject({ broken: undefined, count: events })
  })

  test.each(['reset', 'stalled'] as const)('%s breaks the connection, behind the same events', async (kind) => {
    const { response, broken, count } = await ask(FAILURES[kind], true)
    expect(response.status).toBe(200)
    expect(broken).toBeInstanceOf(TypeError)
    expect(count).toBe(events)
  })

  test('malformed holds the very line', async () => {
    const { text, broken } = await ask(FAILURES.malformed, true)
    expect(text).toMatch(/\n\ndata: \{"type":"response.output_text.delta","delta":\n\n$/)
    expect(broken).toBeUndefined()
  })
})

describe('while it is recorded', () => {
  test('each event arrives before the next was sent', async () => {
    const gates = good.map(() => Promise.withResolvers<void>())
    const { server } = await runRecording(() => ({
      steps: good.flatMap((event, index) => [{ event }, { until: gates[index]?.promise ?? Promise.resolve() }]),
    }))
    const response = await post(server.url, { input: 'Hi', stream: true })
    let received = ''
    let seen = 0
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      received += decoder.decode(chunk, { stream: true })
      while (seen < good.length && received.includes(sse(good[seen] ?? {}))) gates[seen++]?.resolve()
    }
    expect(received).toBe(good.map(sse).join(''))
  })

  test('the request goes upstream whole, but streamed', async () => {
    const { server, standIn } = await runRecording(() => ({ steps: steps(good) }))
    const body = {
      input: 'Hi',
      stream: false,
      metadata: { a: '1' },
      tools: [{ type: 'x', deep: [1] }],
      unknown: { b: null },
    }
    expect((await post(server.url, body)).status).toBe(200)
    expect(standIn.calls[0]?.body).toEqual({ model: 'gpt-4.1-mini', ...body, stream: true })
  })

  test('a fixture that could not be written is not named', async () => {
    const { server, store } = await runRecording(() => ({ steps: steps(good) }))
    const saved = await post(server.url, { input: 'Hi' })
    expect(saved.headers.get('x-deltatape-fixture')).toMatch(/^hi-[0-9a-f]{12}\.jsonl$/)
    await rm(store.dir, { recursive: true })
    const lost = await post(server.url, { input: 'Hi' })
    expect([lost.status, lost.headers.get('x-deltatape-fixture')]).toEqual([200, null])
  })

  test('streamed or not, it is one fixture', async () => {
    const { server, store } = await runRecording(() => ({ steps: steps(good) }))
    await readAll(await post(server.url, { input: 'Hi', stream: true }))
    await readAll(await post(server.url, { input: 'Hi' }))
    expect(await store.list()).toHaveLength(1)
  })
})

describe('the key of the client', () => {
  const keyOfCall = async (env: Record<string, string>, headers: Record<string, string>) => {
    const { server, standIn, store } = await runRecording(
      () => ({ status: 401, body: `{"error":{"message":"Bad key ${headers.authorization}"}}` }),
      { RECORD_FAILURES: '1', ...env },
    )
    const response = await post(
      server.url,
      { input: 'Hi' },
      { headers: { 'content-type': 'application/json', ...headers } },
    )
    expect(response.status).toBe(401)
    const all = [
      await response.text(),
      ...server.lines,
      JSON.stringify(await Promise.all((await store.list()).map((name) => store.find(name)))),
    ]
    if (headers.authorization) expect(all.join('')).not.toContain(headers.authorization.slice('Bearer '.length))
    return standIn.calls[0]?.headers.authorization
  }

  test.each([
    [
      'goes upstream where it sent one',
      {},
      { authorization: 'Bearer the-key-of-the-client' },
      'Bearer the-key-of-the-client',
    ],
    ['is the server’s where it sent none', {}, {}, 'Bearer sk-of-the-server'],
    [
      'is the server’s where it is the token',
      { AUTH_TOKEN: 'open-sesame' },
      { authorization: 'Bearer open-sesame' },
      'Bearer sk-of-the-server',
    ],
    [
      'goes upstream beside the token',
      { AUTH_TOKEN: 'open-sesame' },
      { authorization: 'Bearer the-key-of-the-client', 'x-deltatape-token': 'open-sesame' },
      'Bearer the-key-of-the-client',
    ],
    [
      'is never the token itself',
      { AUTH_TOKEN: 'open-sesame' },
      { authorization: 'Bearer open-sesame', 'x-deltatape-token': 'open-sesame' },
      'Bearer sk-of-the-server',
    ],
    [
      'suffices with ALLOW_CLIENT_KEY',
      { OPENAI_API_KEY: '', ALLOW_CLIENT_KEY: '1' },
      { authorization: 'Bearer the-key-of-the-client' },
      'Bearer the-key-of-the-client',
    ],
    ['is asked for with ALLOW_CLIENT_KEY', { OPENAI_API_KEY: '', ALLOW_CLIENT_KEY: '1' }, {}, undefined],
  ])('%s', async (_what, env, headers: Record<string, string>, expected) => {
    expect(await keyOfCall(env, headers)).toBe(expected)
  })
})

describe('a client that hangs up', () => {
  test('ends the call to the API, before and after the first event', async () => {
    for (const answer of [{ instead: 'hang' }, { steps: [...steps(good.slice(0, 5)), 'hang'] }] satisfies Answer[]) {
      for (const stream of [true, false]) {
        const { server, standIn } = await runRecording(() => answer, { IDLE_TIMEOUT_MS: '60000' })
        const abort = new AbortController()
        const asking = post(server.url, { input: 'Hi', stream }, { signal: abort.signal }).then(readAll)
        while (standIn.calls.length === 0) await new Promise((resolve) => setImmediate(resolve))
        abort.abort()
        await asking.catch(() => {})
        expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
      }
    }
  })

  test('right after the terminal event leaves a whole recording', async () => {
    const { server, store } = await runRecording(() => ({ steps: [...steps(good), 'hang'] }))
    const abort = new AbortController()
    const response = await post(server.url, { input: 'Hi', stream: true }, { signal: abort.signal })
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk)
      if (text.includes('event: response.completed')) break
    }
    abort.abort()
    expect(await store.list()).toHaveLength(1)
  })

  /** A stream whose model has sent an `error` event and waits; how it goes on once it is told to. */
  const runTail = async (abort: AbortController) => {
    const [error] = toEvents([{ type: 'error', error: { message: 'Oh' } }])
    const waiting = Promise.withResolvers<void>()
    const { log } = readableLog()
    let aborted: boolean | undefined
    const exchanges = createExchanges({
      async *model(_request, signal) {
        if (error) yield [error]
        await waiting.promise
        aborted = signal.aborted
        signal.throwIfAborted()
      },
      redactor: createRedactor(),
      clock: systemClock,
      journal: createJournal(log, 'live'),
      log,
      maxOpen: 1,
    })
    const response = await exchanges.answer({
      body: { stream: true },
      apiKey: undefined,
      fault: undefined,
      signal: abort.signal,
      takeBody: undefined,
    })
    const goOn = async () => {
      waiting.resolve()
      return { text: await response.text(), aborted }
    }
    return { exchanges, goOn }
  }

  test('right after an error event ends the call where nobody records it', async () => {
    const abort = new AbortController()
    const { goOn } = await runTail(abort)
    abort.abort()
    expect(await goOn()).toMatchObject({ aborted: true })
  })

  test('and a server that stops right after an error event says nothing more', async () => {
    const { exchanges, goOn } = await runTail(new AbortController())
    exchanges.stop(shuttingDown())
    const { text, aborted } = await goOn()
    expect(aborted).toBe(true)
    expect(text.match(/event: error/g)).toHaveLength(1)
  })

  test('right after an error event leaves the recording of it, with what follows', async () => {
    const failed = Promise.withResolvers<void>()
    const events = compose('x').error('server_error', 'Oh')
    const { server, store } = await runRecording(
      () => ({ steps: [...steps(events.slice(0, -1)), { until: failed.promise }, ...steps(events.slice(-1))] }),
      { RECORD_FAILURES: '1' },
    )
    const abort = new AbortController()
    const response = await post(server.url, { input: 'Hi', stream: true }, { signal: abort.signal })
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk)
      if (text.includes('event: error')) break
    }
    abort.abort()
    failed.resolve()
    await server.close()
    const { key } = await store.identify({ model: 'gpt-4.1-mini', input: 'Hi' })
    expect((await store.find(key))?.events.map(({ type }) => type).slice(-2)).toEqual(['error', 'response.failed'])
  })
})

describe('limits and the end', () => {
  test('more requests than MAX_CONNECTIONS are busy', async () => {
    const { url } = await runServer({ MAX_CONNECTIONS: '1', REPLAY_PACE: '60000ms' })
    const first = await post(url, { input: FAILURES.truncated, stream: true })
    const second = await post(url, { input: FAILURES.truncated, stream: true })
    expect(second.status).toBe(503)
    expect(await second.json()).toMatchObject({ error: { code: 'busy' } })
    await first.body?.cancel()
  })

  test('a stream that runs when the server stops ends with an error event, one that has not begun with 503', async () => {
    const { standIn, server } = await runRecording(
      (index) => (index === 0 ? { steps: [...steps(good.slice(0, 5)), 'hang'] } : { instead: 'hang' }),
      { SHUTDOWN_GRACE_MS: '50' },
    )
    const running = await post(server.url, { input: 'Hi', stream: true })
    const waiting = post(server.url, { input: 'Ho', stream: true })
    while (standIn.calls.length < 2) await new Promise((resolve) => setImmediate(resolve))
    const closing = server.close()
    const { text, broken } = await readAll(running)
    expect(broken).toBeUndefined()
    expect(text).toMatch(
      /event: error\ndata: \{"type":"error","status":503,"error":\{.*"code":"shutting_down"\}\}\n\n$/,
    )
    expect((await waiting).status).toBe(503)
    await closing
  })

  test('a client that does not read does not hold up the end of the server', async () => {
    const pieces = Array.from({ length: 400 }, (_, index) => `${index}${'x'.repeat(60_000)}`)
    const dir = await folderWith({ Hi: { events: compose('large').text(pieces).completed() } })
    const server = await runServer({ FIXTURES_DIR: dir, SHUTDOWN_GRACE_MS: '50' })
    const response = await post(server.url, { input: 'Hi', stream: true })
    const reader = response.body?.getReader()
    await reader?.read()
    await server.close()
    await reader?.cancel().catch(() => {})
  })

  test('a body without a length is read as it comes', async () => {
    const { url } = await runServer({})
    const text = JSON.stringify({ model: 'gpt-4.1-mini', input: 'My name is Ada.' })
    const body = new ReadableStream({
      start(controller) {
        for (const piece of [text.slice(0, 20), text.slice(20)]) controller.enqueue(new TextEncoder().encode(piece))
        controller.close()
      },
    })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/v1/responses`, { method: 'POST', headers, body, duplex: 'half' })
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('"completed"')])
  })

  test.each([
    ['one of a declared length', 'content-length: 100\r\n\r\n{"inp'],
    ['one without a length', 'transfer-encoding: chunked\r\n\r\n5\r\n{"inp'],
    ['a chunk that is none', 'transfer-encoding: chunked\r\n\r\n5\r\n{"inpx\r\n'],
  ])('a body that breaks off is no error of the server: %s', async (_name, rest) => {
    const { url, lines } = await runServer({})
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', () => {})
    const head = `POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${rest}`
    await new Promise((resolve) => socket.write(head, resolve))
    // The next request is answered behind the event that the first has begun with.
    await fetch(`${url}/health`)
    socket.resetAndDestroy()
    await fetch(`${url}/health`)
    await settle()
    expect(lines.filter((line) => line.includes('"error"'))).toEqual([])
  })

  test('a large body without a length is cut off with 413', async () => {
    const { url } = await runServer({ MAX_INPUT_BYTES: '1000' })
    const body = new ReadableStream({
      start(controller) {
        for (let index = 0; index < 10; index++) controller.enqueue(new TextEncoder().encode('x'.repeat(500)))
        controller.close()
      },
    })
    const response = await fetch(`${url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    })
    expect(response.status).toBe(413)
    expect(response.headers.get('connection')).toBe('close')
  })
})
