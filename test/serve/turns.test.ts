/** What is told of the calls of clients that name themselves. */
import { expect, test } from 'vitest'
import { any } from '../../server/api/any.ts'
import { parseSseRecord } from '../../server/api/framing/sse.ts'
import { apiOf } from '../../server/api/index.ts'
import { systemClock } from '../../server/base/clock.ts'
import { DeltatapeError, MissError } from '../../server/base/errors.ts'
import { fresh, kept } from '../../server/base/memo.ts'
import type { Answer, Model } from '../../server/model/model.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { createMisses } from '../../server/serve/misses.ts'
import { createNames } from '../../server/serve/names.ts'
import { withNames } from '../../server/serve/turns.ts'
import { compose, words } from '../kit/answers.ts'
import { STREAM, callOf, toRecords } from '../kit/calls.ts'
import { drain, openTestStore, temporaryFolder } from '../kit/tools.ts'

const KEY = `sk-proj-${'a1B2c3D4'.repeat(5)}`

async function setUp(inner: Model, mode: 'replay' | 'live' = 'replay') {
  const names = createNames()
  const misses = createMisses()
  const store = openTestStore(await temporaryFolder())
  const model = withNames(inner, { names, misses, mode, store, redactor: createRedactor(), clock: systemClock })
  const tell = () => names.tell('a').told.map((text): unknown => JSON.parse(text))
  return { model, names, misses, store, tell, caller: names.caller('a') }
}

const says: Model = async () => ({
  head: STREAM,
  action: { kind: 'hit', fixture: 'hi.jsonl' },
  records: [kept(toRecords(compose('x').text(words('one two')).completed()))],
})

test('a call and what became of it', async () => {
  const { model, store, tell, caller } = await setUp(says)
  const call = callOf({ model: 'gpt-4.1-mini', input: 'Hi' }, { caller })
  await drain(model, call)
  expect(tell()).toEqual([
    {
      method: 'POST',
      path: '/v1/responses',
      api: 'responses',
      model: 'gpt-4.1-mini',
      key: (await store.identify(call)).key,
      action: 'hit',
      fixture: 'hi.jsonl',
      status: 200,
      tokens: { input: 16, output: 2 },
      ms: expect.any(Number),
    },
  ])
})

test('the tokens of a body in one piece, and of one that comes in parts', async () => {
  const text = '{"object":"chat.completion","usage":{"prompt_tokens":5,"completion_tokens":7},"choices":[]}'
  const { model, tell, caller } = await setUp(async () => ({
    head: { status: 200, headers: [], framing: 'json' },
    records: [fresh([{ at: 0, wire: text.slice(0, 20) }]), fresh([{ at: 1, wire: text.slice(20) }])],
  }))
  const path = '/v1/chat/completions'
  await drain(
    model,
    callOf({ model: 'm', stream: false }, { caller, path, api: apiOf({ method: 'POST', path, headers: [] }) }),
  )
  const streamed: Model = async () => ({
    head: STREAM,
    records: (async function* () {
      yield fresh([parseSseRecord('data: {"choices":[{"delta":{"content":"a"}}]}\n\n', 0)])
      yield fresh([parseSseRecord('data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n', 1)])
    })(),
  })
  const other = await setUp(streamed)
  await drain(
    other.model,
    callOf({ model: 'm' }, { caller: other.caller, path, api: apiOf({ method: 'POST', path, headers: [] }) }),
  )
  expect([...tell(), ...other.tell()]).toMatchObject([
    { api: 'chat-completions', tokens: { input: 5, output: 7 } },
    { api: 'chat-completions', tokens: { input: 1, output: 2 } },
  ])
})

test.each<[string, () => Promise<Answer>, object]>([
  [
    'a miss',
    async () => Promise.reject(new MissError('none', 'hi.jsonl')),
    { status: expect.any(Number), code: 'fixture_miss', message: 'none', action: 'miss', fixture: 'hi.jsonl' },
  ],
  ['a broken connection', async () => Promise.reject(new DeltatapeError('dropped', 'x')), { code: 'dropped' }],
  ['an accident', async () => Promise.reject(new Error('x')), { status: 500, code: 'internal' }],
  [
    'a refusal',
    async () => ({
      head: { ...STREAM, status: 529, framing: 'json' as const },
      records: [fresh([{ at: 0, wire: '{}' }])],
    }),
    { status: 529, code: 'upstream_refused' },
  ],
  [
    'a failure that the API tells of',
    async () => ({ head: STREAM, records: [fresh(toRecords(compose('x').failed('server_error', 'Oh')))] }),
    { status: 200, code: 'upstream_failed' },
  ],
  [
    'an answer that breaks',
    async () => ({
      head: STREAM,
      // eslint-disable-next-line require-yield
      records: (async function* (): AsyncGenerator<never> {
        throw new DeltatapeError('upstream_reset', 'x')
      })(),
    }),
    { status: 200, code: 'upstream_reset' },
  ],
])('%s', async (_what, answer, told) => {
  const { model, tell, caller } = await setUp(answer)
  await drain(model, callOf({ input: 'Hi' }, { caller }))
  expect(tell()).toEqual([expect.objectContaining(told)])
})

test('no secret, and no text without end', async () => {
  const { model, names, caller } = await setUp(says)
  await drain(model, callOf({ model: `m ${KEY}` }, { caller, api: any, path: `/x/${KEY}/${'long'.repeat(1000)}` }))
  const [text = ''] = names.tell('a').told
  expect(text).not.toContain(KEY)
  expect(text.length).toBeLessThan(1200)
})

test('faults of a name break its calls, but for those that ask for one themselves', async () => {
  const faults: (string | undefined)[] = []
  const { model, names, caller } = await setUp(async (call, signal) => {
    faults.push(call.fault)
    return says(call, signal)
  })
  names.breakNext('a', 'refuse:529', 1)
  await drain(model, callOf({ input: 'Hi' }, { caller, fault: 'error@1' }))
  await drain(model, callOf({ input: 'Hi' }))
  await drain(model, callOf({ input: 'Hi' }, { caller }))
  await drain(model, callOf({ input: 'Hi' }, { caller }))
  expect(faults).toEqual(['error@1', undefined, 'refuse:529', undefined])
})

test('a call without a name gets the very answer of the model', async () => {
  const answer: Answer = { head: STREAM, records: [] }
  const { model } = await setUp(async () => answer)
  expect(await model(callOf({ input: 'Hi' }), new AbortController().signal)).toBe(answer)
})

test('a call that was not replayed is noted, with a name or without; another error is not', async () => {
  const errors = [
    new MissError(`No fixture, ${KEY}`, 'x.jsonl'),
    new DeltatapeError('fixture_invalid', 'x.jsonl is cut off.'),
    new DeltatapeError('busy', 'Too many.'),
  ]
  const { model, misses, caller } = await setUp(async () => {
    throw errors.shift() ?? new Error('one too many')
  })
  const call = callOf({ model: 'gpt-4.1-mini', input: 'Hi' })
  await drain(model, call)
  await drain(model, { ...call, caller })
  await drain(model, call)
  await drain(model, call)
  const [first, second] = misses.untold().reasons
  expect(misses.untold()).toEqual({ reasons: [first, second], more: 0 })
  expect(first).toEqual({ why: expect.stringMatching(/^No fixture, (?!.*a1B2c3D4)/), times: 1 })
  expect(second).toEqual({ why: 'x.jsonl is cut off.', times: 1 })
  misses.told('a')
  expect(misses.untold().reasons).toEqual([first])
})
