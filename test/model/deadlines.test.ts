/** How long the API is waited for. */
import { describe, expect, test } from 'vitest'
import { type Deadlines, startWait } from '../../server/model/deadlines.ts'
import { compose, steps, words } from '../kit/answers.ts'
import type { Answer, Step } from '../kit/standin.ts'
import { callOf } from '../kit/calls.ts'
import { bodyOf, liveFrom, manualClock, runStandIn, settle } from '../kit/tools.ts'
import { ASK } from './scripts.ts'

const DEADLINES: Deadlines = { firstEventTimeoutMs: 300, idleTimeoutMs: 200, turnTimeoutMs: 1000 }
const PARTIAL = steps(compose('deadlines').text(words('Hello there')).cut().events)
const TEXT = steps(compose('deadlines').text(words('Hello there')).completed())

const gate = () => Promise.withResolvers<void>()

/** Reads an answer piece by piece, while the test turns the clock. */
async function read(answer: Answer, deadlines: Partial<Deadlines> = {}) {
  const clock = manualClock()
  const standIn = await runStandIn(() => answer)
  const model = liveFrom(standIn, { clock, ...DEADLINES, ...deadlines })
  let body = ''
  let error: unknown
  const reading = (async () => {
    for await (const { items } of (await model(callOf(ASK), new AbortController().signal)).records)
      body += bodyOf(items)
  })().catch((thrown: unknown) => (error = thrown))
  while (standIn.calls.length === 0) await settle()
  return {
    clock,
    reading,
    standIn,
    async until(text: string) {
      while (!body.includes(text)) await settle()
      await settle()
    },
    /** Turns the clock to right before a deadline, and to it. */
    async stallsAfter(ms: number, name: string) {
      await clock.advance(ms - 1)
      expect(error).toBeUndefined()
      await clock.advance(1)
      await reading
      expect(error).toMatchObject({ code: 'upstream_stalled', message: expect.stringContaining(`(${name})`) })
      expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
    },
  }
}

describe('a stall', () => {
  test('before the head is one of the first event', async () => {
    const { stallsAfter } = await read({ instead: 'hang' })
    await stallsAfter(300, 'FIRST_EVENT_TIMEOUT_MS')
  })

  test('after the head is one of the first event, and comments are none', async () => {
    const more = gate()
    const { clock, until, stallsAfter } = await read({
      steps: [{ raw: ': one\n\n' }, { until: more.promise }, { raw: ': two\n\nid: 7\n\n' }, 'hang'],
    })
    await until(': one')
    await clock.advance(150)
    more.resolve()
    await until('id: 7')
    await stallsAfter(150, 'FIRST_EVENT_TIMEOUT_MS')
  })

  test('after an event is one of silence, which comments break', async () => {
    const more = gate()
    const { clock, until, stallsAfter } = await read({
      steps: [...PARTIAL, { until: more.promise }, { raw: ': ping\n\n' }, 'hang'],
    })
    await until('there')
    await clock.advance(199)
    more.resolve()
    await until(': ping')
    await stallsAfter(200, 'IDLE_TIMEOUT_MS')
  })

  test('in a trickle without end is one of the whole answer', async () => {
    const gates = Array.from({ length: 6 }, gate)
    const trickle = gates.flatMap(({ promise }, index): Step[] => [
      { event: { type: 'keepalive', index } },
      { until: promise },
    ])
    const { clock, until, stallsAfter } = await read({ steps: [...trickle, 'hang'] })
    for (const [index, { resolve }] of gates.slice(0, -1).entries()) {
      await until(`"index":${index}`)
      await clock.advance(190)
      resolve()
    }
    await until('"index":5')
    await stallsAfter(50, 'TURN_TIMEOUT_MS')
  })

  test('of a body in one piece is one of silence from its first byte on', async () => {
    const { until, stallsAfter } = await read({
      headers: { 'content-type': 'application/json' },
      steps: [{ raw: ' \n' }, 'hang'],
    })
    await until('\n')
    await stallsAfter(200, 'IDLE_TIMEOUT_MS')
  })
})

test('only waiting for the API counts: a reader that takes its time is no stall', async () => {
  const clock = manualClock()
  const gates = TEXT.map(gate)
  const standIn = await runStandIn(() => ({
    steps: TEXT.flatMap((step, index): Step[] => [step, { until: gates[index]?.promise ?? Promise.resolve() }]),
  }))
  const { records } = await liveFrom(standIn, { clock, ...DEADLINES })(callOf(ASK), new AbortController().signal)
  let count = 0
  for await (const { items } of records) {
    count += items.length
    await clock.advance(60_000)
    gates[count - 1]?.resolve()
  }
  expect(count).toBe(TEXT.length)
})

describe('a wait', () => {
  const never = () => new Promise<never>(() => {})

  test('gives what the work gives, and leaves no timer', async () => {
    const clock = manualClock()
    const wait = startWait(DEADLINES, clock, new AbortController().signal)
    expect(await wait.for(Promise.resolve(7))).toBe(7)
    await expect(wait.for(Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    await clock.advance(10_000)
    expect([wait.signal.aborted, wait.expired]).toEqual([false, false])
  })

  test('rejects with the reason of its client at once, which is no stall', async () => {
    const client = new AbortController()
    const wait = startWait(DEADLINES, manualClock(), client.signal)
    const waiting = wait.for(never())
    const reason = new Error('left')
    client.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(wait.for(Promise.resolve(7))).rejects.toBe(reason)
    expect([wait.signal.aborted, wait.expired]).toEqual([true, false])
  })

  test('is over after a deadline, also for the work that is asked for then', async () => {
    const clock = manualClock()
    const wait = startWait(DEADLINES, clock, new AbortController().signal)
    const waiting = wait.for(never())
    const told = expect(waiting).rejects.toMatchObject({ failure: { end: 'stalled' } })
    await clock.advance(300)
    await told
    expect([wait.signal.aborted, wait.expired]).toEqual([true, true])
    await expect(wait.for(never())).rejects.toMatchObject({ failure: { end: 'stalled' } })
  })

  test('adds up what was waited, work for work', async () => {
    const clock = manualClock()
    const wait = startWait({ ...DEADLINES, firstEventTimeoutMs: 5000 }, clock, new AbortController().signal)
    for (let count = 0; count < 9; count++) {
      const work = gate()
      const waiting = wait.for(work.promise)
      await clock.advance(100)
      work.resolve()
      await waiting
    }
    const last = expect(wait.for(never())).rejects.toMatchObject({
      message: expect.stringContaining('TURN_TIMEOUT_MS'),
    })
    await clock.advance(100)
    await last
  })

  test('is over by the clock, also if what is waited for is always there already', async () => {
    const clock = manualClock()
    const wait = startWait({ ...DEADLINES, firstEventTimeoutMs: 5000 }, clock, new AbortController().signal)
    expect(await wait.for(Promise.resolve(7))).toBe(7)
    await clock.advance(999)
    expect(await wait.for(Promise.resolve(7))).toBe(7)
    await clock.advance(1)
    await expect(wait.for(Promise.resolve(7))).rejects.toMatchObject({
      message: expect.stringContaining('TURN_TIMEOUT_MS'),
    })
  })

  test('leaves out the time that its client took, and no other', async () => {
    const clock = manualClock()
    const wait = startWait({ ...DEADLINES, firstEventTimeoutMs: 5000 }, clock, new AbortController().signal)
    const taken = wait.handOver()
    await clock.advance(60_000)
    taken()
    await clock.advance(999)
    expect(await wait.for(Promise.resolve(7))).toBe(7)
    await clock.advance(1)
    await expect(wait.for(Promise.resolve(7))).rejects.toMatchObject({ failure: { end: 'stalled' } })
  })

  test('lets go of the connection when it is told to', () => {
    const wait = startWait(DEADLINES, manualClock(), new AbortController().signal)
    wait.end()
    expect(wait.signal.aborted).toBe(true)
  })
})
