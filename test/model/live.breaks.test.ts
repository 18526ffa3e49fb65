/** The API over real HTTP: what a mocked fetch cannot do, a break after the headers above all. */
import { describe, expect, test } from 'vitest'
import { live, type LiveOptions } from '../../server/model/live.ts'
import { systemClock } from '../../server/base/clock.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { compose, steps, words } from '../kit/answers.ts'
import type { Answer, Step } from '../kit/standin.ts'
import { byInput, drain, liveFrom, manualClock, runStandIn } from '../kit/tools.ts'
import { ASK, testModel } from './contract.ts'

const KEY = 'sk-the-key-of-the-server'

const OPTIONS: Omit<LiveOptions, 'baseURL'> = {
  apiKey: KEY,
  firstEventTimeoutMs: 5000,
  idleTimeoutMs: 5000,
  turnTimeoutMs: 5000,
  redactor: createRedactor({ 'api-key': KEY }),
  clock: systemClock,
}

async function callFrom(answer: Answer | ((index: number) => Answer), options: Partial<LiveOptions> = {}) {
  const standIn = await runStandIn((_call, index) => (typeof answer === 'function' ? answer(index) : answer))
  const model = live({ ...OPTIONS, baseURL: standIn.url, ...options })
  return { standIn, model }
}

testModel(async (answers) => liveFrom(await runStandIn(byInput(answers))))

const text = compose('live').text(words('Hello there')).completed()
const partial: Step[] = steps(compose('live').text(words('Hello there')).cut().events)

describe('the request', () => {
  test('goes out as it came, streamed, with the key, once', async () => {
    const { standIn, model } = await callFrom({ status: 503, body: '{}' })
    await drain(model, { ...ASK, tools: [{ type: 'x' }], unknown: { deep: [1] } })
    expect(standIn.calls).toHaveLength(1)
    expect(standIn.calls[0]).toMatchObject({
      path: '/v1/responses',
      body: { ...ASK, tools: [{ type: 'x' }], unknown: { deep: [1] }, stream: true },
      headers: { authorization: `Bearer ${KEY}` },
    })
  })

  test('goes out with the key of the client where it brings one', async () => {
    const { standIn, model } = await callFrom({ steps: steps(text) })
    for await (const batch of model({ body: ASK, apiKey: 'sk-of-the-client' }, new AbortController().signal)) void batch
    expect(standIn.calls[0]?.headers.authorization).toBe('Bearer sk-of-the-client')
  })

  test('does not go out without any key, and is refused as the API would', async () => {
    const { standIn, model } = await callFrom({ steps: steps(text) }, { apiKey: undefined })
    const { error } = await drain(model, ASK)
    expect(error).toMatchObject({ code: 'upstream_refused', failure: { end: 'refused', status: 401 } })
    expect(standIn.calls).toEqual([])
  })
})

describe('an error event', () => {
  test('is handed on at once, and what follows is waited for', async () => {
    const more = Promise.withResolvers<void>()
    const [begun, progress, error, failed] = compose('live').error('server_error', 'Oh')
    const { model } = await callFrom({
      steps: [
        ...steps([begun ?? {}, progress ?? {}, error ?? {}]),
        { until: more.promise },
        ...steps([failed ?? {}]),
        'hang',
      ],
    })
    const types: string[] = []
    for await (const batch of model({ body: ASK }, new AbortController().signal)) {
      types.push(...batch.map(({ type }) => type))
      if (types.at(-1) === 'error') more.resolve()
    }
    expect(types).toEqual(['response.created', 'response.in_progress', 'error', 'response.failed'])
  })

  test.each<[string, Step[]]>([
    ['the end of the body', []],
    ['a broken connection', ['reset']],
    ['a malformed line', [{ raw: 'data: {\n\n' }, 'hang']],
    ['silence', ['hang']],
  ])('ends the answer well with %s behind it', async (_what, ends) => {
    const { model } = await callFrom({ steps: [{ event: { type: 'error', message: 'Oh', code: null } }, ...ends] })
    const { events, error } = await drain(model, ASK)
    expect([events.map(({ type }) => type), error]).toEqual([['error'], undefined])
  })
})

describe('deadlines', () => {
  const hang: Step[] = ['hang']

  test.each<[string, Answer, Partial<LiveOptions>, string]>([
    ['before the headers', { instead: 'hang' }, { firstEventTimeoutMs: 300 }, 'FIRST_EVENT_TIMEOUT_MS'],
    ['after the headers', { steps: hang }, { firstEventTimeoutMs: 300 }, 'FIRST_EVENT_TIMEOUT_MS'],
    [
      'with comments only',
      { steps: [...Array.from({ length: 100 }, () => ({ raw: ': ping\n\n', after: 10 })), 'hang'] },
      { firstEventTimeoutMs: 300 },
      'FIRST_EVENT_TIMEOUT_MS',
    ],
    ['after some events', { steps: [...partial, 'hang'] }, { idleTimeoutMs: 200 }, 'IDLE_TIMEOUT_MS'],
    [
      'in a trickle without end',
      { steps: Array.from({ length: 1000 }, () => ({ event: { type: 'keepalive' }, after: 10 })) },
      { turnTimeoutMs: 400 },
      'TURN_TIMEOUT_MS',
    ],
  ])('a stall %s is named', async (_when, answer, deadlines, name) => {
    const { standIn, model } = await callFrom(answer, deadlines)
    const { error } = await drain(model, ASK)
    expect(error).toMatchObject({ code: 'upstream_stalled', message: expect.stringContaining(name) })
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  })

  test('only waiting for the API counts: a reader that takes its time is no stall', async () => {
    const { model } = await callFrom(
      { steps: [...partial, { wait: 50 }, ...steps(text)] },
      { idleTimeoutMs: 1000, turnTimeoutMs: 2000 },
    )
    const clock = manualClock()
    const slow = live({
      ...OPTIONS,
      baseURL: (await runStandIn(() => ({ steps: [...partial, { wait: 5 }, ...steps(text)] }))).url,
      clock,
    })
    for await (const batch of slow({ body: ASK }, new AbortController().signal)) {
      void batch
      await clock.advance(60_000)
    }
    expect((await drain(model, ASK)).error).toBeUndefined()
  })

  test('a refusal whose body hangs is still a refusal', async () => {
    const { model } = await callFrom(
      {
        status: 429,
        headers: { 'content-type': 'application/json' },
        steps: [{ raw: '{"error":{"message":"Slow' }, 'hang'],
      },
      { firstEventTimeoutMs: 300 },
    )
    expect((await drain(model, ASK)).error).toMatchObject({
      code: 'upstream_refused',
      failure: { status: 429, body: '{"error":{"message":"Slow' },
    })
  })

  test('comments keep a slow answer alive', async () => {
    const pings = Array.from({ length: 12 }, () => ({ raw: ': ping\n\n', after: 15 }))
    const { model } = await callFrom({ steps: [...partial, ...pings, ...steps(text)] }, { idleTimeoutMs: 1000 })
    expect((await drain(model, ASK)).error).toBeUndefined()
  })
})

test('the call to the API ends with the signal, at whatever point', async () => {
  for (const answer of [{ instead: 'hang' }, { steps: ['hang'] }, { steps: [...partial, 'hang'] }] satisfies Answer[]) {
    const { standIn, model } = await callFrom(answer)
    const abort = new AbortController()
    const draining = drain(model, ASK, abort.signal)
    while (standIn.calls.length === 0) await new Promise((resolve) => setImmediate(resolve))
    abort.abort(new Error('enough'))
    expect((await draining).error).toEqual(new Error('enough'))
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  }
})

test('the connection is let go of after the terminal event, though the gateway would keep it', async () => {
  const { standIn, model } = await callFrom({ steps: [...steps(text), 'hang'] })
  await drain(model, ASK)
  expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
})

test('no text of the key comes back, though the API repeats it', async () => {
  const { model } = await callFrom((index) =>
    index === 0
      ? {
          status: 401,
          headers: { 'x-request-id': KEY },
          body: `{"error":{"message":"Incorrect API key provided: ${KEY}."}}`,
        }
      : { steps: [{ raw: `data: not json ${KEY}\n\n` }] },
  )
  for (let round = 0; round < 2; round++) {
    const { error } = await drain(model, ASK)
    expect(error).toBeInstanceOf(Error)
    expect(JSON.stringify(error) + String(error)).not.toContain(KEY)
  }
})
