/** Answers that are broken on purpose. */
import { describe, expect, test } from 'vitest'
import { ModelError } from '../../server/api/ending.ts'
import { type Batch, eventsIn } from '../../server/api/record.ts'
import { systemClock } from '../../server/base/clock.ts'
import { fresh } from '../../server/base/memo.ts'
import { type FaultOptions, fault } from '../../server/model/fault.ts'
import { parsePlan } from '../../server/model/faults.ts'
import type { Model } from '../../server/model/model.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { STREAM, callOf, toRecords } from '../kit/calls.ts'
import {
  bodyOf,
  drain,
  liveFrom,
  manualClock,
  openTestStore,
  recordInto,
  runStandIn,
  settle,
  temporaryFolder,
} from '../kit/tools.ts'
import { ASK } from './scripts.ts'

/** What comes between events, and counts for none. */
const COMMENT = { at: 0, wire: ': ping\n\n' }
const RECORDS = toRecords(compose('fault').text(words('one two three four')).completed()).flatMap((record) => [
  COMMENT,
  record,
])
const EVENTS = eventsIn(RECORDS)

/** Answers in batches of so many records, of a length that no broken answer has; says how often it was asked. */
function innerModel(size = 3) {
  let asked = 0
  const model: Model = async (_call, signal) => {
    asked++
    const records = async function* (): AsyncGenerator<Batch> {
      for (let at = 0; at < RECORDS.length; at += size) {
        signal.throwIfAborted()
        yield fresh(RECORDS.slice(at, at + size))
      }
    }
    return { head: { ...STREAM, headers: [...STREAM.headers, ['Content-Length', '9000']] }, records: records() }
  }
  return { model, asked: () => asked }
}

const OPTIONS: FaultOptions = {
  plan: undefined,
  onRequest: true,
  keyOf: async ({ content }) => Buffer.from(content).toString(),
  clock: systemClock,
  stallMs: () => 0,
}

const breakWith = async (plan: string, { size = 3, options = OPTIONS, call = callOf(ASK) } = {}) => {
  const { model, asked } = innerModel(size)
  const answer = await drain(fault(model, { ...options, plan: parsePlan(plan) }), call)
  return { ...answer, types: answer.events.map(({ type }) => type), asked: asked() }
}

describe.each([1, 3, 100])('in batches of %i', (size) => {
  test.each([
    ['truncate@7', 'truncated'],
    ['reset@7', 'reset'],
    ['stall@7', 'stalled'],
    ['malformed@7', 'malformed'],
  ])('%s breaks the answer after exactly 7 events', async (plan, end) => {
    const { head, events, error } = await breakWith(plan, { size })
    expect(head).toEqual(STREAM)
    expect(events).toEqual(EVENTS.slice(0, 7))
    expect(error).toBeInstanceOf(ModelError)
    expect(error).toMatchObject({ failure: { end } })
  })

  test('malformed@7 hands on the line that breaks it', async () => {
    const { records, error } = await breakWith('malformed@7', { size })
    expect(records.at(-1)).toMatchObject({ wire: expect.stringMatching(/^data: \{.*\n\n$/), data: expect.any(String) })
    expect(error).toMatchObject({ failure: { why: records.at(-1)?.data } })
  })

  test('fail@7 and error@7 end it with the events of the API', async () => {
    const failed = await breakWith('fail@7', { size })
    expect(failed.error).toBeUndefined()
    expect(failed.types).toEqual([...EVENTS.slice(0, 7).map(({ type }) => type), 'response.failed'])
    expect(failed.events.at(-1)?.body).toMatchObject({
      sequence_number: 7,
      response: { id: 'resp_fault', status: 'failed', error: { code: 'server_error' } },
    })
    expect(failed.records.at(-1)?.wire).toMatch(/^event: response\.failed\ndata: .*\n\n$/)
    const errored = await breakWith('error@7', { size })
    expect(errored.types.slice(7)).toEqual(['error', 'response.failed'])
    expect(errored.events[7]?.body).toMatchObject({
      type: 'error',
      sequence_number: 7,
      error: { code: 'server_error' },
    })
  })

  test('drop@7 is for the connection of the client', async () => {
    const { events, error } = await breakWith('drop@7', { size })
    expect(events).toHaveLength(7)
    expect(error).toMatchObject({ code: 'dropped' })
  })

  test('what comes before and between its faults is byte for byte what it was', async () => {
    const { records } = await breakWith('delay:0ms@2,delay:0ms@5,reset@7', { size })
    expect(bodyOf(RECORDS).startsWith(bodyOf(records))).toBe(true)
    expect(eventsIn(records)).toHaveLength(7)
  })
})

describe('before the first event', () => {
  test('refuse is an HTTP error, and needs no answer', async () => {
    const { head, records, error, asked } = await breakWith('refuse:429')
    expect(head).toEqual({ status: 429, headers: [['content-type', 'application/json']], framing: 'json' })
    expect(JSON.parse(bodyOf(records))).toMatchObject({ error: { code: 'fault', message: expect.any(String) } })
    expect([error, asked]).toEqual([undefined, 0])
  })

  test.each(['error', 'fail'])('%s is a stream of that alone', async (kind) => {
    const { head, types, asked } = await breakWith(kind)
    expect(head).toMatchObject({ status: 200, framing: 'sse' })
    expect(types).toEqual(kind === 'fail' ? ['response.failed'] : ['error', 'response.failed'])
    expect(asked).toBe(0)
  })

  test('fail is a whole body if no stream is asked for', async () => {
    const { head, records } = await breakWith('fail', { call: callOf({ ...ASK, stream: undefined }) })
    expect(head).toMatchObject({ status: 200, framing: 'json' })
    expect(JSON.parse(bodyOf(records))).toMatchObject({ status: 'failed', error: { code: 'server_error' } })
  })

  test.each([
    ['truncate', 'upstream_truncated'],
    ['reset', 'upstream_reset'],
    ['stall', 'upstream_stalled'],
    ['malformed', 'upstream_malformed'],
    ['drop', 'dropped'],
  ])('%s leaves no head', async (plan, code) => {
    const { head, error, asked } = await breakWith(plan)
    expect([head, asked]).toEqual([undefined, 0])
    expect(error).toMatchObject({ code })
  })
})

test('a fault after the last event does not come', async () => {
  const { records, error } = await breakWith('reset@1000')
  expect([records, error]).toEqual([RECORDS, undefined])
})

test('an answer in one piece, and an HTTP error, have no events that a fault could follow', async () => {
  for (const head of [
    { status: 200, headers: [], framing: 'json' },
    { status: 429, headers: [], framing: 'json' },
  ] as const) {
    const records = [
      { at: 0, wire: '{"id":' },
      { at: 1, wire: '"resp_1"}' },
    ]
    const model: Model = async () => ({ head, records: records.map((each) => fresh([each])) })
    const got = await drain(fault(model, { ...OPTIONS, plan: parsePlan('reset@1') }), ASK)
    expect(got).toMatchObject({ head, records, error: undefined })
  }
})

describe.each([1, 3, 100])('an answer that is over, in batches of %i', (size) => {
  test.each(['error', 'fail', 'truncate', 'reset', 'stall', 'malformed', 'drop'])(
    '%s does not break it',
    async (kind) => {
      const { records, error } = await breakWith(`${kind}@${EVENTS.length}`, { size })
      expect([records, error]).toEqual([RECORDS, undefined])
      const before = await breakWith(`${kind}@${EVENTS.length - 1}`, { size })
      expect(before.types).not.toContain('response.completed')
    },
  )
})

test('a delay is a pause, and what follows it follows', async () => {
  const clock = manualClock()
  const { model } = innerModel(100)
  const running = drain(
    fault(model, { ...OPTIONS, clock, plan: parsePlan('delay:200ms@2,delay:100ms@4,reset@7') }),
    ASK,
  )
  await settle()
  await clock.advance(299)
  let done = false
  void running.then(() => (done = true))
  await settle()
  expect(done).toBe(false)
  await clock.advance(1)
  const { events, error } = await running
  expect(events).toEqual(EVENTS.slice(0, 7))
  expect(error).toMatchObject({ failure: { end: 'reset' } })
})

test('a stall lasts as long as it is told, or until the client leaves', async () => {
  const clock = manualClock()
  const abort = new AbortController()
  const { model } = innerModel()
  const stalling = drain(
    fault(model, { ...OPTIONS, clock, stallMs: () => 60_000, plan: parsePlan('stall@2') }),
    ASK,
    abort.signal,
  )
  await clock.advance(59_000)
  abort.abort(new Error('enough'))
  expect((await stalling).error).toEqual(new Error('enough'))
  const told = drain(fault(model, { ...OPTIONS, clock, stallMs: () => 60_000, plan: parsePlan('stall') }), ASK)
  await clock.advance(60_000)
  expect((await told).error).toMatchObject({ code: 'upstream_stalled' })
})

describe('asked for by a client', () => {
  const ask = async (asked: string, options: Partial<FaultOptions>) => {
    const { events, error } = await drain(
      fault(innerModel().model, { ...OPTIONS, ...options }),
      callOf(ASK, { fault: asked }),
    )
    return error ?? events.length
  }

  test('counts before what is configured, if it may be asked for', async () => {
    expect(await ask('truncate@2', { plan: parsePlan('refuse:500') })).toMatchObject({ code: 'upstream_truncated' })
    expect(await ask('delay:0ms@1', { plan: parsePlan('refuse:500') })).toBe(EVENTS.length)
  })

  test('is invalid if it may not, or makes no sense', async () => {
    expect(await ask('truncate@2', { onRequest: false })).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('replay'),
    })
    expect(await ask('explode', {})).toMatchObject({ code: 'invalid_input' })
  })
})

describe('a recording that is broken on purpose', () => {
  const setUp = async (plan: string) => {
    const store = openTestStore(await temporaryFolder())
    const standIn = await runStandIn(() => ({
      steps: [...steps(compose('x').text(words('one two three')).cut().events), 'hang'],
    }))
    const recording = recordInto(store, liveFrom(standIn), { recordFailures: true })
    const model = fault(recording, { ...OPTIONS, plan: parsePlan(plan) })
    return { store, standIn, model }
  }

  test('is given up, and that is told', async () => {
    const { store, standIn, model } = await setUp('reset@3')
    const answer = await model(callOf(ASK), new AbortController().signal)
    const reading = (async () => {
      for await (const { items } of answer.records) expect(items.length).toBeGreaterThan(0)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'upstream_reset' })
    expect(answer.action).toMatchObject({ kind: 'not_saved', why: expect.stringContaining('on purpose') })
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
    expect(await store.list()).toEqual([])
  })

  test('is given up, too, if the client leaves first', async () => {
    const { store, standIn, model } = await setUp('reset@1000')
    const abort = new AbortController()
    const answer = await model(callOf(ASK), abort.signal)
    const reading = (async () => {
      for await (const { items } of answer.records) if (items.length > 0) abort.abort(new Error('left'))
    })()
    await expect(reading).rejects.toThrow('left')
    expect(answer.action).toMatchObject({ kind: 'not_saved', why: expect.stringContaining('left') })
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
    expect(await store.list()).toEqual([])
  })
})
