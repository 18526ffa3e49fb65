/** Answers in one piece that are made of streams: nothing in them is invented. */
import { describe, expect, test } from 'vitest'
import type { Call } from '../../server/api/call.ts'
import { derive } from '../../server/model/derive.ts'
import { instant } from '../../server/model/pace.ts'
import { compose, words } from '../kit/answers.ts'
import { fixtureFor, fixtureOf, inOnePiece } from '../kit/fixtures.ts'
import { callOf, toRecords } from '../kit/calls.ts'
import { bodyOf, drain, manualClock, openTestStore, replayFrom, temporaryFolder } from '../kit/tools.ts'
import { ASK } from './scripts.ts'

const EVENTS = compose('derive').reasoning(['Hm']).text(words('Hello there')).completed()
const PLAIN = { ...ASK, stream: undefined }

/** A replay of these fixtures that derives. */
async function replaying(...fixtures: readonly ReturnType<typeof fixtureOf>[]) {
  const store = openTestStore(await temporaryFolder())
  for (const fixture of fixtures) await store.save(fixture)
  return derive(replayFrom(store, instant, manualClock()), store, ({ isGood }) => isGood)
}

test('a call without a stream is answered with the response that ends the stream, and that is told', async () => {
  const model = await replaying(fixtureOf(ASK, EVENTS))
  for (const call of [PLAIN, { ...ASK, stream: false }, { stream: null, ...ASK }]) {
    const { head, records, action, error } = await drain(model, call)
    expect(head).toEqual({ status: 200, headers: [['content-type', 'application/json']], framing: 'json' })
    expect(bodyOf(records)).toBe(JSON.stringify(EVENTS.at(-1)?.response))
    expect(action).toEqual({ kind: 'hit', fixture: expect.stringMatching(/^say-hi-/), derived: 'stream' })
    expect(error).toBeUndefined()
  }
})

test('what else the call says has to be the same', async () => {
  const model = await replaying(fixtureOf({ ...ASK, temperature: 1 }, EVENTS))
  expect((await drain(model, PLAIN)).error).toMatchObject({ code: 'fixture_miss' })
  expect((await drain(model, { ...PLAIN, temperature: 1 })).error).toBeUndefined()
  // White space and numbers as they were sent: it is the same request.
  const content = Buffer.from('{ "temperature": 1.0, "input": "Say hi", "model": "gpt-4.1-mini" }\n')
  expect((await drain(model, callOf({}, { content, body: content }))).action?.derived).toBe('stream')
})

test('a stream of one’s own counts first, and a stream is never made of anything', async () => {
  const own = { ...fixtureOf(PLAIN, []), ...inOnePiece({ id: 'resp_own', status: 'completed' }) }
  const model = await replaying(fixtureOf(ASK, EVENTS), own)
  const { records, action } = await drain(model, PLAIN)
  expect([JSON.parse(bodyOf(records)).id, action?.derived]).toEqual(['resp_own', undefined])
  const { action: streamed } = await drain(model, ASK)
  expect(streamed).toEqual({ kind: 'hit', fixture: expect.any(String) })
  expect((await drain(await replaying(own), ASK)).error).toMatchObject({ code: 'fixture_miss' })
})

describe('of a stream that is not whole', () => {
  test.each([
    ['a failed response', compose('d').failed('server_error', 'Oh'), 200],
    ['an error event', [{ type: 'error', error: { message: 'Slow', code: 'rate_limit_exceeded' } }], 429],
  ])('%s is told as the API would', async (_what, events, status) => {
    const store = openTestStore(await temporaryFolder())
    await store.save(fixtureOf(ASK, events))
    const model = derive(replayFrom(store, instant, manualClock()), store, () => true)
    const { head, records } = await drain(model, PLAIN)
    expect(head?.status).toBe(status)
    expect(JSON.parse(bodyOf(records))).toMatchObject({ error: { message: expect.any(String) } })
    // Only those that count are taken.
    expect((await drain(await replaying(fixtureOf(ASK, events)), PLAIN)).error).toMatchObject({ code: 'fixture_miss' })
  })

  test('what broke it is an error, and no answer', async () => {
    const store = openTestStore(await temporaryFolder())
    await store.save(fixtureOf(ASK, EVENTS.slice(0, 5), { ending: { end: 'reset', why: 'ECONNRESET' } }))
    const model = derive(replayFrom(store, instant, manualClock()), store, () => true)
    const { head, error } = await drain(model, PLAIN)
    expect([head, error]).toMatchObject([undefined, { code: 'upstream_reset' }])
  })

  test('an HTTP error is the same error', async () => {
    const store = openTestStore(await temporaryFolder())
    const refused = { ...inOnePiece({ error: { message: 'Slow' } }, 429), ending: { end: 'refused' } } as const
    await store.save(fixtureOf(ASK, [], refused))
    const { head, records } = await drain(
      derive(replayFrom(store, instant, manualClock()), store, () => true),
      PLAIN,
    )
    expect([head?.status, bodyOf(records)]).toEqual([429, '{"error":{"message":"Slow"}}'])
  })
})

test('other calls have no other form', async () => {
  const call: Call = callOf({ input: 'Hi', stream: true }, { path: '/v1/chat/completions' })
  const model = await replaying(fixtureFor(call, { records: toRecords([{ choices: [] }]) }))
  const plain = callOf({ input: 'Hi', stream: undefined }, { path: '/v1/chat/completions' })
  expect((await drain(model, plain)).error).toMatchObject({ code: 'fixture_miss' })
})
