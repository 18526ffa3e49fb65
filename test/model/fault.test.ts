import { describe, expect, test } from 'vitest'
import { fault, type FaultOptions } from '../../server/model/fault.ts'
import { ModelError } from '../../server/api/ending.ts'
import { type Action, type Model } from '../../server/model/model.ts'
import { systemClock } from '../../server/base/clock.ts'
import { parsePlan } from '../../server/model/faults.ts'
import { compose, steps, words } from '../kit/answers.ts'
import {
  byInput,
  drain,
  liveFrom,
  manualClock,
  openTestStore,
  recordInto,
  runStandIn,
  settle,
  temporaryFolder,
  toEvents,
} from '../kit/tools.ts'
import { ASK, testModel } from './contract.ts'

const EVENTS = toEvents(compose('fault').text(words('one two three four')).completed())

/** Answers in batches of so many events; says how often it was asked. */
function innerModel(size = 3) {
  let asked = 0
  const model: Model = async function* (_request, signal) {
    asked++
    for (let at = 0; at < EVENTS.length; at += size) {
      signal.throwIfAborted()
      yield EVENTS.slice(at, at + size)
    }
  }
  return { model, asked: () => asked }
}

const OPTIONS: FaultOptions = {
  plan: undefined,
  onRequest: true,
  keyOf: async (body) => JSON.stringify(body),
  clock: systemClock,
  stallMs: 0,
}

const breakWith = async (plan: string, { size = 3, options = OPTIONS } = {}) => {
  const { model, asked } = innerModel(size)
  const answer = await drain(fault(model, { ...options, plan: parsePlan(plan) }), ASK)
  return { ...answer, types: answer.events.map(({ type }) => type), asked: asked() }
}

// Without a plan it is the model itself.
testModel(async (answers) => fault(liveFrom(await runStandIn(byInput(answers))), OPTIONS))

describe.each([1, 3, 100])('in batches of %i', (size) => {
  test.each([
    ['truncate@7', 'truncated'],
    ['reset@7', 'reset'],
    ['stall@7', 'stalled'],
    ['malformed@7', 'malformed'],
  ])('%s breaks the answer after exactly 7 events', async (plan, end) => {
    const { events, error } = await breakWith(plan, { size })
    expect(events).toEqual(EVENTS.slice(0, 7))
    expect(error).toBeInstanceOf(ModelError)
    expect(error).toMatchObject({ failure: { end } })
  })

  test('fail@7 and error@7 end it with the events of the API', async () => {
    const failed = await breakWith('fail@7', { size })
    expect(failed.error).toBeUndefined()
    expect(failed.types).toEqual([...EVENTS.slice(0, 7).map(({ type }) => type), 'response.failed'])
    expect(failed.events.at(-1)?.body).toMatchObject({
      sequence_number: 7,
      response: { id: 'resp_fault', status: 'failed', error: { code: 'server_error' } },
    })
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
})

test('what comes before the first event needs no answer', async () => {
  const { error, events, asked } = await breakWith('refuse:429')
  expect(error).toMatchObject({
    code: 'upstream_refused',
    failure: { status: 429, headers: { 'content-type': 'application/json' } },
  })
  expect([events, asked]).toEqual([[], 0])
  expect((await breakWith('fail@0')).types).toEqual(['response.failed'])
})

test('what comes behind the last event does not come', async () => {
  const { events, error } = await breakWith('reset@1000')
  expect([events, error]).toEqual([EVENTS, undefined])
})

describe.each([1, 3, 100])('an answer that is over, in batches of %i', (size) => {
  test.each(['error', 'fail', 'truncate', 'reset', 'stall', 'malformed', 'drop'])(
    '%s does not break it',
    async (kind) => {
      const { events, error } = await breakWith(`${kind}@${EVENTS.length}`, { size })
      expect([events, error]).toEqual([EVENTS, undefined])
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
    fault(model, { ...OPTIONS, clock, stallMs: 60_000, plan: parsePlan('stall@2') }),
    ASK,
    abort.signal,
  )
  await clock.advance(59_000)
  abort.abort(new Error('enough'))
  expect((await stalling).error).toEqual(new Error('enough'))
})

describe('asked for by a client', () => {
  const ask = async (asked: string, options: Partial<FaultOptions>) => {
    const model = fault(innerModel().model, { ...OPTIONS, ...options })
    try {
      let count = 0
      for await (const batch of model({ body: ASK, fault: asked }, new AbortController().signal)) count += batch.length
      return count
    } catch (error) {
      return error
    }
  }

  test('counts before what is configured, where it may be asked for', async () => {
    expect(await ask('truncate@2', { plan: parsePlan('refuse:500') })).toMatchObject({ code: 'upstream_truncated' })
    expect(await ask('delay:0ms@1', { plan: parsePlan('refuse:500') })).toBe(EVENTS.length)
  })

  test('is invalid where it may not, or makes no sense', async () => {
    expect(await ask('truncate@2', { onRequest: false })).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('replay'),
    })
    expect(await ask('explode', {})).toMatchObject({ code: 'invalid_input' })
  })
})

describe('chaos', () => {
  const run = async (plan: string, inputs: readonly string[], tries = 5) => {
    const model = fault(innerModel().model, {
      ...OPTIONS,
      clock: { ...systemClock, sleep: async () => {} },
      plan: parsePlan(plan),
    })
    const outcomes: string[] = []
    for (let nth = 0; nth < tries; nth++) {
      for (const input of inputs) {
        const { events, error } = await drain(model, { ...ASK, input })
        outcomes.push(
          `${input} ${nth} ${events.length} ${events.at(-1)?.type} ${error instanceof Error ? error.message : 'fine'}`,
        )
      }
    }
    return outcomes.toSorted()
  }
  const inputs = Array.from({ length: 40 }, (_, index) => `question ${index}`)

  test('gives the same faults for the same seed, request and try, in whatever order', async () => {
    const first = await run('chaos:7:0.5', inputs)
    expect(await run('chaos:7:0.5', inputs)).toEqual(first)
    expect(await run('chaos:7:0.5', inputs.toReversed())).toEqual(first)
    expect(await run('chaos:8:0.5', inputs)).not.toEqual(first)
  })

  test('gives about as many as the rate says, of every kind, and not the same at each try', async () => {
    const outcomes = await run('chaos:7:0.5', inputs)
    const fine = outcomes.filter((outcome) => outcome.endsWith(`${EVENTS.length} response.completed fine`))
    expect(fine.length).toBeGreaterThan(60)
    expect(fine.length).toBeLessThan(160)
    for (const kind of ['HTTP 429', 'HTTP 500', 'truncate', 'reset', 'stall', 'no event', 'response.failed', 'drop']) {
      expect(
        outcomes.some((outcome) => outcome.includes(kind)),
        kind,
      ).toBe(true)
    }
    expect(
      new Set(outcomes.filter((outcome) => outcome.startsWith('question 1 ')).map((outcome) => outcome.slice(13))).size,
    ).toBeGreaterThan(1)
    const always = await run('chaos:7:1', inputs)
    const whole = always.filter((outcome) => outcome.endsWith('fine') && !outcome.includes('response.failed'))
    // Those are the delays, one in ten: an answer that is shorter than a fault reaches breaks right before its end.
    expect(whole.length).toBeLessThan(always.length / 5)
    expect(await run('chaos:7:0', inputs)).toEqual(expect.not.arrayContaining([expect.stringContaining('purpose')]))
  })
})

test('a recording that is broken on purpose is given up, and that is told', async () => {
  const store = openTestStore(await temporaryFolder())
  const standIn = await runStandIn(() => ({
    steps: [...steps(compose('x').text(words('one two three')).cut().events), 'hang'],
  }))
  const notes: Action[] = []
  const model = fault(recordInto(store, liveFrom(standIn), { recordFailures: true }), {
    ...OPTIONS,
    plan: parsePlan('reset@3'),
  })
  expect((await drain(model, ASK, undefined, (note) => notes.push(note))).error).toMatchObject({
    code: 'upstream_reset',
  })
  expect(notes).toMatchObject([{ kind: 'not_saved', why: expect.stringContaining('on purpose') }])
  expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  expect(await store.list()).toEqual([])
})
