/** How an answer of the API ends, and how long what it may still send is waited for. */
import { describe, expect, test } from 'vitest'
import type { AnswerRecord } from '../../server/api/record.ts'
import { eventsIn } from '../../server/api/record.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { type Answer, type Step, sse } from '../kit/standin.ts'
import { callOf } from '../kit/calls.ts'
import { bodyOf, drain, liveFrom, manualClock, runStandIn, settle } from '../kit/tools.ts'
import { ASK } from './scripts.ts'

const TEXT = compose('ends').text(words('Hello there')).completed()
const PARTIAL = compose('ends').text(words('Hello there')).cut().events
const DONE: Step = { raw: 'data: [DONE]\n\n' }
const PING: Step = { raw: ': ping\n\n' }
const done = (status: string): Step => ({ event: { type: 'response.done', response: { id: 'resp_ends', status } } })

const typesOf = (records: readonly AnswerRecord[]) => eventsIn(records).map(({ type }) => type)

const ask = async (...sent: readonly Step[]) => drain(liveFrom(await runStandIn(() => ({ steps: sent }))), ASK)

/** An answer that is read while the test turns the clock. */
async function read(answer: Answer, options: Parameters<typeof liveFrom>[1] = {}) {
  const clock = manualClock()
  const standIn = await runStandIn(() => answer)
  const model = liveFrom(standIn, {
    clock,
    firstEventTimeoutMs: 300,
    idleTimeoutMs: 5000,
    turnTimeoutMs: 60_000,
    ...options,
  })
  const records: AnswerRecord[] = []
  let ended: { error: unknown } | undefined
  const reading = (async () => {
    for await (const { items } of (await model(callOf(ASK), new AbortController().signal)).records)
      records.push(...items)
  })().then(
    () => (ended = { error: undefined }),
    (error: unknown) => (ended = { error }),
  )
  return {
    clock,
    standIn,
    records,
    reading,
    ended: () => ended,
    /** Waits for the record that holds this. */
    async until(text: string) {
      while (!bodyOf(records).includes(text)) await settle()
      await settle()
    },
  }
}

describe('what follows the end', () => {
  test('is kept: comments, [DONE], and events that nobody expects', async () => {
    const after: Step[] = [PING, DONE, { event: { type: 'late' } }, PING]
    const { records, error } = await ask(...steps(TEXT), ...after)
    expect(error).toBeUndefined()
    expect(bodyOf(records)).toBe(
      `${TEXT.map(sse).join('')}: ping\n\ndata: [DONE]\n\n${sse({ type: 'late' })}: ping\n\n`,
    )
  })

  test.each<[string, Step[]]>([
    ['a broken connection', ['reset']],
    ['what is no event', [{ raw: 'data: {\n\n' }]],
    ['a cut event', [{ raw: 'data: {"type":' }]],
  ])('takes nothing back: %s', async (_what, ends) => {
    for (const end of [TEXT.slice(-1), [{ type: 'error', message: 'Oh', code: null }]]) {
      const { events, error } = await ask(...steps([...TEXT.slice(0, -1), ...end]), { wait: 5 }, ...ends)
      expect(error).toBeUndefined()
      expect(events).toHaveLength(TEXT.length)
    }
  })

  test('is waited for a second, and then the connection is let go', async () => {
    const { clock, standIn, reading, until, ended } = await read({ steps: [...steps(TEXT), 'hang'] })
    await until('response.completed')
    await clock.advance(999)
    expect(ended()).toBeUndefined()
    await clock.advance(1)
    await reading
    expect(ended()).toEqual({ error: undefined })
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  })

  test('is waited for a second in all, however much comes', async () => {
    const gates = [0, 1, 2].map(() => Promise.withResolvers<void>())
    const more = gates.flatMap(({ promise }, index): Step[] => [{ until: promise }, { raw: `: ping ${index}\n\n` }])
    const { clock, reading, until, ended } = await read({ steps: [...steps(TEXT), ...more, 'hang'] })
    await until('response.completed')
    for (const [index, gate] of gates.entries()) {
      await clock.advance(300)
      gate.resolve()
      await until(`: ping ${index}`)
    }
    await clock.advance(99)
    expect(ended()).toBeUndefined()
    await clock.advance(1)
    await reading
    expect(ended()).toEqual({ error: undefined })
  })
})

describe('an error event', () => {
  const [begun = {}, progress = {}, error = {}, failed = {}] = compose('ends').error('server_error', 'Oh')

  test('is handed on at once, and the failed response that follows it is waited for', async () => {
    const more = Promise.withResolvers<void>()
    const { reading, records, until, ended } = await read({
      steps: [...steps([begun, progress, error]), { until: more.promise }, ...steps([failed])],
    })
    await until('"error"')
    expect(typesOf(records)).toEqual(['response.created', 'response.in_progress', 'error'])
    more.resolve()
    await reading
    expect(typesOf(records).at(-1)).toBe('response.failed')
    expect(ended()).toEqual({ error: undefined })
  })

  test('ends the answer if nothing follows it', async () => {
    const { clock, reading, until, ended } = await read({ steps: [...steps([begun, error]), 'hang'] })
    await until('"error"')
    await clock.advance(1000)
    await reading
    expect(ended()).toEqual({ error: undefined })
  })
})

describe('an event of another type with a final response', () => {
  test.each<[string, Step[]]>([
    ['the end of the body', []],
    ['[DONE]', [DONE]],
    ['comments', [PING, PING]],
    ['a broken connection', [{ wait: 5 }, 'reset']],
  ])('ends the answer before %s', async (_what, after) => {
    for (const status of ['completed', 'failed']) {
      const { error, records } = await ask(...steps(PARTIAL), done(status), ...after)
      expect([error, typesOf(records).at(-1)]).toEqual([undefined, 'response.done'])
    }
  })

  test('ends it after a second of silence', async () => {
    const { clock, standIn, reading, until, ended } = await read({
      steps: [...steps(PARTIAL), done('completed'), 'hang'],
    })
    await until('response.done')
    await clock.advance(1000)
    await reading
    expect(ended()).toEqual({ error: undefined })
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  })

  test('does not end it if another event follows: then it is waited for as before', async () => {
    const more = Promise.withResolvers<void>()
    const { clock, reading, until, ended } = await read({
      steps: [...steps(PARTIAL), done('completed'), { until: more.promise }, { event: { type: 'goes.on' } }, 'hang'],
    })
    await until('response.done')
    await clock.advance(999)
    more.resolve()
    await until('goes.on')
    await clock.advance(4999)
    expect(ended()).toBeUndefined()
    await clock.advance(1)
    await reading
    expect(ended()).toMatchObject({ error: { code: 'upstream_stalled' } })
    expect((await ask(...steps(PARTIAL), done('completed'), { event: { type: 'goes.on' } })).error).toMatchObject({
      code: 'upstream_truncated',
    })
  })
})

describe('what never ends', () => {
  test.each<[string, Answer]>([
    ['a page', { headers: { 'content-type': 'text/html' }, steps: [{ raw: '<p>Please wait' }, 'hang'] }],
    ['JSON', { headers: { 'content-type': 'application/json' }, steps: [{ raw: '{"id": "Please wait' }, 'hang'] }],
    [
      'an HTTP error',
      { status: 500, headers: { 'content-type': 'text/plain' }, steps: [{ raw: 'Please wait' }, 'hang'] },
    ],
  ])('%s stalls, after all that there is', async (_what, answer) => {
    // A key of its own: of an HTTP error that may repeat the server's nothing is shown before its end.
    const { clock, reading, ended, records, until, standIn } = await read(answer, { apiKey: undefined })
    await until('Please wait')
    await clock.advance(5000)
    await reading
    expect(ended()).toMatchObject({
      error: { code: 'upstream_stalled', message: expect.stringContaining('IDLE_TIMEOUT_MS') },
    })
    expect(bodyOf(records)).toMatch(/Please wait$/)
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  })
})

test('a redirect is an answer like any other: nothing follows it', async () => {
  const standIn = await runStandIn(() => ({ status: 307, headers: { location: '/v2/responses' }, body: '' }))
  const { head, error } = await drain(liveFrom(standIn), ASK)
  expect([head?.status, error, standIn.calls.length]).toEqual([307, undefined, 1])
  expect(head?.headers).toContainEqual(['location', '/v2/responses'])
})
