/** The API as msw plays it, at the address where it really is: whole streams, statuses, aborts. */
import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { live } from '../../server/model/live.ts'
import { systemClock } from '../../server/base/clock.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { compose, words } from '../kit/answers.ts'
import { sse } from '../kit/standin.ts'
import { drain } from '../kit/tools.ts'
import { ASK } from './contract.ts'

const api = setupServer()
const URL_OF_THE_API = 'https://api.openai.com/v1/responses'

beforeAll(() => api.listen({ onUnhandledFrame: 'error' }))
afterEach(() => api.resetHandlers())
afterAll(() => api.close())

const config = readConfig({ MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-live' })
const model = live({ ...config, redactor: createRedactor(), clock: systemClock })

const stream = (body: string | ReadableStream) =>
  new HttpResponse(body, { headers: { 'content-type': 'text/event-stream' } })

describe('streams', () => {
  test('a whole one, from the default address, with the key', async () => {
    const events = compose('msw').text(words('Bonjour tout le monde')).completed()
    let seen: { authorization: string | null; body: unknown } | undefined
    api.use(
      http.post(URL_OF_THE_API, async ({ request }) => {
        seen = { authorization: request.headers.get('authorization'), body: await request.json() }
        return stream(events.map(sse).join(''))
      }),
    )
    const answer = await drain(model, ASK)
    expect(answer.error).toBeUndefined()
    expect(answer.events.map(({ text }) => text)).toEqual(events.map((event) => JSON.stringify(event)))
    expect(seen).toEqual({ authorization: 'Bearer sk-live', body: { ...ASK, stream: true } })
  })

  test('each event as it comes, before the next was sent', async () => {
    const [first, ...rest] = compose('msw').text(words('one two three')).completed()
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    api.use(http.post(URL_OF_THE_API, () => stream(readable)))
    const writer = writable.getWriter()
    const bytes = new TextEncoder()
    const iterator = model({ body: ASK }, new AbortController().signal)[Symbol.asyncIterator]()
    void writer.write(bytes.encode(sse(first ?? {})))
    const { value } = await iterator.next()
    expect(value).toMatchObject([{ type: 'response.created' }])
    for (const event of rest) void writer.write(bytes.encode(sse(event)))
    const types: string[] = []
    for (let step = await iterator.next(); !step.done; step = await iterator.next())
      types.push(...step.value.map(({ type }) => type))
    expect(types.at(-1)).toBe('response.completed')
  })

  test('an abort while one is running', async () => {
    const cancelled = Promise.withResolvers<void>()
    api.use(
      http.post(URL_OF_THE_API, ({ request }) => {
        request.signal.addEventListener('abort', () => cancelled.resolve())
        return stream(
          new ReadableStream({
            start: (controller) => controller.enqueue(new TextEncoder().encode(sse({ type: 'response.created' }))),
          }),
        )
      }),
    )
    const abort = new AbortController()
    const iterator = model({ body: ASK }, abort.signal)[Symbol.asyncIterator]()
    await iterator.next()
    abort.abort(new Error('enough'))
    await expect(iterator.next()).rejects.toThrow('enough')
  })
})

describe('every HTTP status', () => {
  test.each([400, 401, 402, 403, 404, 405, 408, 409, 413, 415, 418, 422, 429, 500, 502, 503, 504, 529])(
    '%i is a refusal with its body and the headers that matter, after one call',
    async (status) => {
      let calls = 0
      const body = { error: { message: `No: ${status}`, type: 'x', param: null, code: 'some_code' } }
      api.use(
        http.post(URL_OF_THE_API, () => {
          calls++
          return HttpResponse.json(body, {
            status,
            headers: {
              'retry-after-ms': '5',
              'x-should-retry': 'true',
              'x-ratelimit-remaining-tokens': '1',
              'openai-organization': 'org',
            },
          })
        }),
      )
      const { error } = await drain(model, ASK)
      expect(error).toMatchObject({
        code: 'upstream_refused',
        message: `The API refused the request with HTTP ${status}: No: ${status}.`,
        failure: {
          status,
          body: JSON.stringify(body),
          headers: {
            'content-type': 'application/json',
            'retry-after-ms': '5',
            'x-should-retry': 'true',
            'x-ratelimit-remaining-tokens': '1',
          },
        },
      })
      expect(calls).toBe(1)
    },
  )
})

test('a network that is not there is unreachable', async () => {
  api.use(http.post(URL_OF_THE_API, () => HttpResponse.error()))
  expect((await drain(model, ASK)).error).toMatchObject({ code: 'upstream_unreachable' })
})
