/** Replay, with nock on watch: whatever is asked, nothing leaves. */
import { once } from 'node:events'
import { Socket } from 'node:net'
import nock from 'nock'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import type { Call } from '../../server/api/call.ts'
import { MAX_BATCH_CHARS, bytesOf } from '../../server/api/record.ts'
import { actionOf, type Answer } from '../../server/model/model.ts'
import { fixed, instant, recorded } from '../../server/model/pace.ts'
import { readConfig } from '../../server/serve/config.ts'
import { compose, words } from '../kit/answers.ts'
import { BUNDLED, CALLS, FAILURES } from '../kit/bundled.ts'
import { fixtureOf, inOnePiece } from '../kit/fixtures.ts'
import { callOf, toRecords } from '../kit/calls.ts'
import {
  bodyOf,
  drain,
  manualClock,
  modelFor,
  openTestStore,
  replayFrom,
  settle,
  temporaryFolder,
} from '../kit/tools.ts'
import { ASK } from './scripts.ts'

const leaks: string[] = []
const onLeak = ({ url }: { url: string }) => leaks.push(url)
/** What goes past nock would have to connect all the same. */
const connect = vi.spyOn(Socket.prototype, 'connect')

beforeAll(() => {
  nock.disableNetConnect()
  nock.emitter.on('no match', onLeak)
})
beforeEach(() => {
  leaks.length = 0
  connect.mockClear()
})
afterEach(() => {
  expect(leaks).toEqual([])
  expect(connect).not.toHaveBeenCalled()
})
afterAll(() => {
  nock.emitter.off('no match', onLeak)
  nock.enableNetConnect()
  nock.restore()
  vi.restoreAllMocks()
})

test('what leaves is seen, or this proof would be none', async () => {
  await expect(fetch('https://api.openai.com/v1/responses')).rejects.toThrow()
  expect(leaks.splice(0)).not.toEqual([])
  connect.mockClear()
  const socket = new Socket().on('error', () => {})
  socket.connect({ host: '127.0.0.1', port: 9 }).destroy()
  await once(socket, 'close')
  expect(connect).toHaveBeenCalled()
  connect.mockClear()
})

const bundled = () => modelFor(readConfig({ FIXTURES: 'fixtures' }))

/** The call that the chat makes. */
const chatCall = (input: string): Call =>
  callOf({ model: 'gpt-4.1-mini', input, stream: true, stream_options: { include_obfuscation: false } })

describe('the bundled fixtures', () => {
  test.each(BUNDLED.filter(({ after }) => after === undefined).map(({ input }) => [input]))('%s', async (input) => {
    const { head, action, events, error } = await drain(bundled(), chatCall(input))
    expect(action).toEqual({
      kind: 'hit',
      fixture: expect.stringMatching(/^[\p{L}\p{M}\p{N}-]+-[0-9a-f]{12}\.jsonl$/u),
    })
    if (head && head.status >= 400) expect(error).toBeUndefined()
    else if (error === undefined) expect(events.at(-1)?.type).toMatch(/^response\.(completed|incomplete|failed)$/)
    else expect(error).toMatchObject({ code: expect.stringMatching(/^upstream_/) })
  })

  test.each(CALLS.map(({ body }) => [body.input, body] as const))('%s', async (_input, body) => {
    const { action, error } = await drain(bundled(), callOf({ stream: undefined, ...body }))
    expect([action?.kind, error]).toEqual(['hit', undefined])
  })

  test('a failure of every kind is among them', async () => {
    const told: Record<string, unknown> = {}
    for (const [kind, input] of Object.entries(FAILURES)) {
      const { head, events, error } = await drain(bundled(), chatCall(input))
      told[kind] =
        error instanceof Error && 'code' in error
          ? error.code
          : (events.map(({ type }) => type).find((type) => /error|failed/.test(type)) ?? head?.status)
    }
    expect(told).toEqual({
      refused: 429,
      unreachable: 'upstream_unreachable',
      error: 'error',
      failed: 'response.failed',
      truncated: 'upstream_truncated',
      reset: 'upstream_reset',
      stalled: 'upstream_stalled',
      malformed: 'upstream_malformed',
    })
  })
})

test('a miss is an error that explains itself', async () => {
  const { head, error } = await drain(bundled(), chatCall('My name is Eve.'))
  expect(head).toBeUndefined()
  expect(error).toMatchObject({
    code: 'fixture_miss',
    message: expect.stringMatching(/The nearest is my-name-is-ada-\w+\.jsonl, which differs in input/),
  })
  expect(actionOf(error)).toEqual({ kind: 'miss', fixture: expect.stringMatching(/^my-name-is-eve-\w{12}\.jsonl$/) })
})

test('another model, instruction, path or conversation is a miss; metadata or a user is not', async () => {
  const body = { model: 'gpt-4.1-mini', input: 'My name is Ada.' }
  for (const more of [{ model: 'gpt-5' }, { instructions: 'Be rude' }, { previous_response_id: 'resp_unknown' }]) {
    expect((await drain(bundled(), { ...body, ...more })).error).toMatchObject({ code: 'fixture_miss' })
  }
  for (const more of [{ path: '/responses' }, { query: '?a=1' }]) {
    expect((await drain(bundled(), callOf(body, more))).error).toMatchObject({ code: 'fixture_miss' })
  }
  for (const more of [{ metadata: { run: '7' } }, { user: 'ada' }, { store: true }]) {
    expect((await drain(bundled(), { ...body, ...more })).error).toBeUndefined()
  }
})

describe('pace', () => {
  const EVENTS = compose('pace').text(words('one two three')).cut().events
  const setUp = async () => {
    const store = openTestStore(await temporaryFolder())
    const fixture = fixtureOf(ASK, EVENTS, { ending: { end: 'truncated' }, endedAt: 2000 })
    await store.save({ ...fixture, records: fixture.records.map((record, index) => ({ ...record, at: index * 100 })) })
    return store
  }

  test.each([
    ['recorded', recorded(1), [0, 100, 200, 300, 400, 500, 600, 2000]],
    ['twice as fast', recorded(2), [0, 50, 100, 150, 200, 250, 300, 1000]],
    ['every 15 ms', fixed(15), [0, 15, 30, 45, 60, 75, 90, 105]],
  ])('%s spends the time between records, and before the end', async (_name, pace, due) => {
    const clock = manualClock()
    const answer = await replayFrom(await setUp(), pace, clock)(callOf(ASK), new AbortController().signal)
    // The head is there before any time is spent.
    expect([answer.head.status, clock.now()]).toEqual([200, 0])
    const times: number[] = []
    const running = (async () => {
      for await (const { items } of answer.records) times.push(...items.map(() => clock.now()))
    })().catch(() => times.push(clock.now()))
    await clock.advance(2000)
    await running
    expect(times).toEqual(due)
  })

  test('every 15 ms goes on through the parts of a large answer', async () => {
    const store = openTestStore(await temporaryFolder())
    const large = toRecords(Array.from({ length: 4 }, () => ({ text: 'x'.repeat(MAX_BATCH_CHARS / 2 - 100) })))
    await store.save(fixtureOf(ASK, [], { records: large, ending: { end: 'truncated' } }))
    const clock = manualClock()
    const answer = await replayFrom(store, fixed(15), clock)(callOf(ASK), new AbortController().signal)
    const times: number[] = []
    const running = (async () => {
      for await (const { items } of answer.records) times.push(...items.map(() => clock.now()))
    })().catch(() => {})
    await clock.advance(100)
    await running
    expect(times).toEqual([0, 15, 30, 45])
  })

  test('instant spends none, and gives it all in one batch', async () => {
    const { batches, events } = await drain(replayFrom(await setUp(), instant, manualClock()), ASK)
    expect([batches, events.length]).toEqual([1, EVENTS.length])
  })

  test('recorded spends the time before it says that nobody answered, too, and instant does not', async () => {
    const store = openTestStore(await temporaryFolder())
    const ending = { end: 'unreachable', why: 'ECONNREFUSED' } as const
    await store.save(fixtureOf(ASK, [], { ending, endedAt: 2000, response: undefined }))
    const clock = manualClock()
    const asleep = Promise.withResolvers<void>()
    const sleep: typeof clock.sleep = (ms, signal) => {
      asleep.resolve()
      return clock.sleep(ms, signal)
    }
    let told: unknown
    const running = drain(replayFrom(store, recorded(1), { ...clock, sleep }), ASK).then(({ error }) => (told = error))
    await asleep.promise
    await clock.advance(1999)
    expect(told).toBeUndefined()
    await clock.advance(1)
    await running
    expect(told).toMatchObject({ code: 'upstream_unreachable', failure: ending })
    expect((await drain(replayFrom(store, instant, clock), ASK)).error).toMatchObject({ failure: ending })
  })

  test('a replay that waits is freed by its signal', async () => {
    const abort = new AbortController()
    const answer: Answer = await replayFrom(await setUp(), recorded(0.0001), systemClock)(callOf(ASK), abort.signal)
    const reading = (async () => {
      for await (const { items } of answer.records) expect(items.length).toBeGreaterThan(0)
    })()
    await settle()
    abort.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })
})

test('two replays are the same, byte for byte', async () => {
  const call = chatCall('Count to two thousand')
  const [one, two] = [await drain(bundled(), call), await drain(bundled(), call)]
  expect(bytesOf(one.records).equals(bytesOf(two.records))).toBe(true)
  expect(one.events.filter(({ type }) => type === 'response.output_text.delta')).toHaveLength(2000)
})

test('an answer in one piece has its head, and comes back as it was laid out', async () => {
  const store = openTestStore(await temporaryFolder())
  const call = { ...ASK, stream: undefined }
  await store.save({ ...fixtureOf(call, []), ...inOnePiece({ id: 'resp_1', status: 'completed' }, 200, 2) })
  const { head, records } = await drain(replayFrom(store, instant, manualClock()), call)
  expect(head).toEqual({ status: 200, headers: [['content-type', 'application/json']], framing: 'json' })
  expect(bodyOf(records)).toBe('{\n  "id": "resp_1",\n  "status": "completed"\n}')
})
