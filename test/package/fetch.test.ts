/** The API in this process: a fetch that replays, records, breaks and is left as one over the network is. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { runInNewContext } from 'node:vm'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { readConfig } from '../../server/serve/config.ts'
import { createFetch } from '../../server/package/fetch.ts'
import { compose, steps, words } from '../kit/answers.ts'
import type { Answer } from '../kit/standin.ts'
import { folderWith, openTestStore, runStandIn, temporaryFolder } from '../kit/tools.ts'

const URL_OF_THE_API = 'https://api.openai.com/v1/responses'
const HELLO = { model: 'gpt-4.1-mini', input: 'Say hello to all in French' }
const TEXT = 'Bonjour tout le monde !'
const french = compose('french').text(words(TEXT)).completed()

let shelf = ''
beforeAll(async () => {
  shelf = await folderWith({ [HELLO.input]: { events: french } }, afterAll)
})
afterEach(() => void vi.unstubAllGlobals())

const answerSchema = z.looseObject({
  output: z.tuple([z.looseObject({ content: z.tuple([z.looseObject({ text: z.string() })]) })]),
})

const textIn = async (response: Response) => answerSchema.parse(await response.json()).output[0].content[0].text

const post = (body: unknown = HELLO, more: RequestInit = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: 'Bearer sk-of-the-client' },
  body: JSON.stringify(body),
  ...more,
})

const ask = (fetchHere: typeof fetch, body?: unknown, more?: RequestInit) => fetchHere(URL_OF_THE_API, post(body, more))

/** A fetch that calls a stand-in, in a folder of its own; `called` resolves when it does. */
async function recordFrom(answer: (index: number) => Answer, env: Record<string, string> = {}) {
  const dir = await temporaryFolder()
  const { promise: called, resolve } = Promise.withResolvers<void>()
  const standIn = await runStandIn((_call, index) => {
    resolve()
    return answer(index)
  })
  const config = readConfig({ MODEL_MODE: 'record', OPENAI_BASE_URL: standIn.url, FIXTURES_DIR: dir, ...env })
  return { fetchHere: createFetch(config), standIn, called, dir, store: openTestStore(dir) }
}

describe('a fetch', () => {
  test('replays in this process, however its address is written', async () => {
    for (const address of [URL_OF_THE_API, 'HTTPS://API.openai.com:443/v1/responses', new URL(URL_OF_THE_API)]) {
      const response = await createFetch({ fixturesDir: shelf })(address, post())
      expect(response.status).toBe(200)
      expect(response.headers.get('x-deltatape-derived')).toBe('stream')
      expect(await textIn(response)).toBe(TEXT)
    }
  })

  test('takes a request, and what is said beside it', async () => {
    const fetchHere = createFetch({ fixturesDir: shelf })
    expect(await textIn(await fetchHere(new Request(URL_OF_THE_API, post())))).toBe(TEXT)
    const other = new Request(URL_OF_THE_API, post({ ...HELLO, input: 'Something else' }))
    expect(await textIn(await fetchHere(other, { body: JSON.stringify(HELLO) }))).toBe(TEXT)
    expect((await fetchHere(`${URL_OF_THE_API}/resp_1`)).status).toBe(404)
  })

  test('records in this process, with the key of the client', async () => {
    const { fetchHere, standIn, dir } = await recordFrom(() => ({ steps: steps(french) }))
    const live = await (await ask(fetchHere, { ...HELLO, stream: true })).text()
    expect(standIn.calls.map(({ headers }) => headers.authorization)).toEqual(['Bearer sk-of-the-client'])
    expect(await (await ask(createFetch({ fixturesDir: dir }), { ...HELLO, stream: true })).text()).toBe(live)
  })

  test('gives the bytes that come, the head and each of them at once', async () => {
    const gates = french.map(() => Promise.withResolvers<void>())
    const { fetchHere } = await recordFrom(() => ({
      steps: french.flatMap((event, index) => [{ until: gates[index]?.promise ?? Promise.resolve() }, { event }]),
    }))
    const response = await ask(fetchHere, { ...HELLO, stream: true })
    const reader = response.body?.getReader()
    for (const [index, { type }] of french.entries()) {
      gates[index]?.resolve()
      const chunk = await reader?.read()
      expect(new TextDecoder().decode(chunk?.value)).toContain(`event: ${String(type)}\n`)
    }
    expect(await reader?.read()).toMatchObject({ done: true })
  })

  test('gives bytes of which nobody else knows', async () => {
    const fetchHere = createFetch({ fixturesDir: shelf, pace: (_at, index) => index })
    const read = async () => {
      const texts: string[] = []
      for await (const chunk of (await ask(fetchHere, { ...HELLO, stream: true })).body ?? []) {
        expect(chunk.constructor).toBe(Uint8Array)
        texts.push(new TextDecoder().decode(chunk))
        chunk.fill(0)
      }
      return texts.join('')
    }
    expect(await read()).toBe(await read())
  })

  test('has a status that a gateway made up, and is no success', async () => {
    const standIn = await runStandIn(() => ({ status: 999, body: '{"error":{"message":"No"}}' }))
    const response = await ask(createFetch({ mode: 'live', baseURL: standIn.url, apiKey: 'sk-stand-in' }))
    expect([response.status, response.ok, await response.text()]).toEqual([999, false, '{"error":{"message":"No"}}'])
  })

  test('has headers and statuses as they were sent, and no body if there is none', async () => {
    const { fetchHere } = await recordFrom((index) =>
      index === 0
        ? { status: 204, headers: { 'content-type': 'text/plain' }, body: '' }
        : { status: 429, headers: { 'retry-after': '7', 'x-many': ['1', '2'] }, body: '{"error":{"message":"No"}}' },
    )
    const empty = await fetchHere(`${URL_OF_THE_API}/resp_1`, { method: 'DELETE', headers: post().headers ?? {} })
    expect([empty.status, empty.body]).toEqual([204, null])
    const refused = await ask(fetchHere)
    expect([refused.status, refused.statusText]).toEqual([429, 'Too Many Requests'])
    expect([refused.headers.get('retry-after'), refused.headers.get('x-many')]).toEqual(['7', '1, 2'])
    expect(await refused.text()).toBe('{"error":{"message":"No"}}')
  })

  test('a connection that is broken on purpose is one for a fetch, before the answer and in it', async () => {
    const dropping = (after: number) =>
      ask(createFetch({ fixturesDir: shelf, fault: { faults: [{ kind: 'drop', after }] } }), { ...HELLO, stream: true })
    await expect(dropping(0)).rejects.toThrow(TypeError)
    const response = await dropping(5)
    const reader = response.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toContain('Bonjour')
    await expect(reader?.read()).rejects.toThrow(TypeError)
  })

  test('a folder that cannot serve is told when it is asked', async () => {
    await expect(ask(createFetch({ fixturesDir: 'nowhere' }))).rejects.toMatchObject({ code: 'fixtures_unusable' })
  })
})

describe('as the fetch of the whole process', () => {
  test('it does not call itself to record', async () => {
    const { fetchHere, standIn, store } = await recordFrom(() => ({ steps: steps(french) }))
    vi.stubGlobal('fetch', fetchHere)
    const openai = new OpenAI({ apiKey: 'sk-of-the-client', baseURL: standIn.url, maxRetries: 0 })
    const stream = await openai.responses.create({ ...HELLO, stream: true })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(types).toEqual(french.map(({ type }) => type))
    expect(standIn.calls).toHaveLength(1)
    expect(await store.list()).toHaveLength(1)
  })

  test('nothing that a test replaces afterwards reaches it', async () => {
    const fetchHere = createFetch({ fixturesDir: shelf })
    for (const name of ['fetch', 'Request', 'Response']) {
      vi.stubGlobal(name, () => {
        throw new Error(`${name} was called.`)
      })
    }
    expect(await textIn(await fetchHere(URL_OF_THE_API, post()))).toBe(TEXT)
    expect(await (await fetchHere(URL_OF_THE_API, post({ ...HELLO, stream: true }))).text()).toContain('completed')
  })
})

describe('whoever aborts', () => {
  const reason = new Error('I have enough.')

  test('before the call, is told the reason, and nothing is called', async () => {
    const { fetchHere, standIn } = await recordFrom(() => ({ steps: steps(french) }))
    await expect(ask(fetchHere, HELLO, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await expect(ask(fetchHere, HELLO, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    const request = new Request(URL_OF_THE_API, post(HELLO, { signal: AbortSignal.abort(reason) }))
    await expect(fetchHere(request)).rejects.toBe(reason)
    expect(standIn.calls).toHaveLength(0)
  })

  test('while the body of the call is read, ends it before anything is called', async () => {
    const { fetchHere, standIn } = await recordFrom(() => ({ instead: 'hang' }))
    const abort = new AbortController()
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode(JSON.stringify(HELLO)))
        controller.close()
        abort.abort(reason)
      },
    })
    await expect(ask(fetchHere, HELLO, { body, duplex: 'half', signal: abort.signal })).rejects.toBe(reason)
    expect(standIn.calls).toHaveLength(0)
  })

  test('before the head, ends the call to the API', async () => {
    const { fetchHere, standIn, called } = await recordFrom(() => ({ instead: 'hang' }))
    const abort = new AbortController()
    const asking = ask(fetchHere, HELLO, { signal: abort.signal })
    await called
    abort.abort(reason)
    await expect(asking).rejects.toBe(reason)
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  })

  test('in the middle, gets the reason in the body, and the call to the API ends', async () => {
    const { fetchHere, standIn } = await recordFrom(() => ({ steps: [...steps(french.slice(0, 5)), 'hang'] }))
    const abort = new AbortController()
    const response = await ask(fetchHere, { ...HELLO, stream: true }, { signal: abort.signal })
    const reader = response.body?.getReader()
    await reader?.read()
    const rest = (async () => {
      while (!(await reader?.read())?.done);
    })()
    abort.abort(reason)
    await expect(rest).rejects.toBe(reason)
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  })

  test('lets go of the body, too, with whatever it is told', async () => {
    for (const answer of [{ steps: [...steps(french.slice(0, 5)), 'hang'] }, { steps: ['hang'] }] satisfies Answer[]) {
      for (const type of ['text/event-stream', 'application/json']) {
        const { fetchHere, standIn } = await recordFrom(() => ({ ...answer, headers: { 'content-type': type } }))
        await (await ask(fetchHere, { ...HELLO, stream: true })).body?.cancel()
        expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
      }
    }
  })

  test('by a signal that serves many calls: it is let go of at the end of each', async () => {
    const { signal } = new AbortController()
    const follows = vi.spyOn(signal, 'addEventListener')
    const lets = vi.spyOn(signal, 'removeEventListener')
    const fetchHere = createFetch({ fixturesDir: shelf, pace: (_at, index) => index })
    const dropping = createFetch({ fixturesDir: shelf, fault: { faults: [{ kind: 'drop', after: 0 }] } })
    await (await ask(fetchHere, { ...HELLO, stream: true }, { signal })).text()
    await (await ask(fetchHere, { ...HELLO, stream: true }, { signal })).body?.cancel()
    await (await ask(fetchHere, HELLO, { signal })).text()
    await (await ask(createFetch({ fixturesDir: shelf }), HELLO, { signal })).text()
    await ask(dropping, HELLO, { signal }).catch(() => {})
    expect(lets.mock.calls.map(([, listener]) => listener)).toEqual(follows.mock.calls.map(([, listener]) => listener))
    expect(follows).toHaveBeenCalledTimes(5)
  })

  test('makes room for the next one', async () => {
    const fetchHere = createFetch({ fixturesDir: shelf, maxConnections: 1, pace: (_at, index) => index * 60_000 })
    for (let round = 0; round < 3; round++) {
      const abort = new AbortController()
      const response = await ask(fetchHere, { ...HELLO, stream: true }, { signal: abort.signal })
      expect(response.status).toBe(200)
      const reading = response.text()
      abort.abort(reason)
      await expect(reading).rejects.toBe(reason)
    }
  })
})

describe('what is of another realm', () => {
  /** A request as another package or another realm has it: not of the class that is known here. */
  const foreignRequest = (more = '') =>
    runInNewContext(
      `(class Request {
        url = ${JSON.stringify(URL_OF_THE_API)}
        method = 'POST'
        headers = new Map([['content-type', 'application/json'], ['authorization', 'Bearer sk-of-the-client']])
        body = {}
        async arrayBuffer() { return Uint8Array.from(body).buffer }
        ${more}
      })`,
      { body: [...Buffer.from(JSON.stringify(HELLO))] },
    )

  test('a request is one', async () => {
    const { fetchHere, standIn } = await recordFrom(() => ({ steps: steps(french) }))
    const Foreign = foreignRequest()
    const request = new Foreign()
    expect(request).not.toBeInstanceOf(Request)
    await (await fetchHere(request)).text()
    expect(standIn.calls[0]).toMatchObject({
      body: HELLO,
      headers: { authorization: 'Bearer sk-of-the-client', 'content-type': 'application/json' },
    })
  })

  test('its signal is one, with its reason', async () => {
    const { fetchHere, standIn, called } = await recordFrom(() => ({ instead: 'hang' }))
    const signal = runInNewContext(`({
      aborted: false,
      acts: [],
      addEventListener(_type, act) { this.acts.push(act) },
      abort() { this.aborted = true; this.reason = new Error('Elsewhere'); for (const act of this.acts) act() },
    })`)
    const asking = ask(fetchHere, HELLO, { signal })
    await called
    signal.abort()
    const error: unknown = await asking.catch((thrown: unknown) => thrown)
    expect(error).toBe(signal.reason)
    expect(error).not.toBeInstanceOf(Error)
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  })

  test('an error that is thrown there is the one that is told', async () => {
    const Foreign = foreignRequest(`async arrayBuffer() { throw new TypeError('The body is gone') }`)
    const error: unknown = await createFetch({ fixturesDir: shelf })(new Foreign()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'TypeError', message: 'The body is gone' })
    expect(error).not.toBeInstanceOf(Error)
  })
})

test('an API that is not there is an error in its own shape, not of the fetch', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  server.close()
  await once(server, 'close')
  const fetchHere = createFetch(readConfig({ MODEL_MODE: 'live', OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` }))
  const response = await ask(fetchHere)
  expect(response.status).toBe(502)
  expect(await response.json()).toMatchObject({
    error: { code: 'upstream_unreachable', message: expect.stringContaining('ECONNREFUSED') },
  })
})
