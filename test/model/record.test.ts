/** What a recording keeps, and what becomes of the fixture that was there. */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Call } from '../../server/api/call.ts'
import { DamageError } from '../../server/fixture/damage.ts'
import { fileName } from '../../server/fixture/key.ts'
import { eventsOf } from '../../server/fixture/fixture.ts'
import { type Action, UnansweredError } from '../../server/model/model.ts'
import type { Store } from '../../server/store/store.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { type Answer, sse } from '../kit/standin.ts'
import { callOf } from '../kit/calls.ts'
import { bodyOf, drain, liveFrom, openTestStore, recordInto, runStandIn, temporaryFolder } from '../kit/tools.ts'
import { ASK } from './scripts.ts'

const good = (text = 'Hello there') => ({ steps: steps(compose('good').text(words(text)).completed()) })
const failed: Answer = { steps: steps(compose('bad').failed('server_error', 'It broke.')) }
const refused: Answer = { status: 500, body: '{"error":{"message":"Oh"}}' }
const unreachable: Answer = { instead: 'reset' }

/** Records `answers` one after another to the same call; gives what became of each. */
async function recordAll(answers: readonly Answer[], recordFailures: boolean, call: Call = callOf(ASK)) {
  const dir = await temporaryFolder()
  const store = openTestStore(dir)
  const standIn = await runStandIn((_call, index) => answers[index] ?? refused)
  const model = recordInto(store, liveFrom(standIn), { recordFailures })
  const actions: (Action | undefined)[] = []
  const errors: unknown[] = []
  while (actions.length < answers.length) {
    const { action, error } = await drain(model, call)
    actions.push(error instanceof UnansweredError ? error.action : action)
    errors.push(error)
  }
  return { dir, store, actions, errors, kinds: actions.map((action) => action?.kind) }
}

const stored = async (store: Store, call: Call = callOf(ASK)) => store.find(await store.identify(call))

describe('what is saved', () => {
  test('a finished answer, over whatever there is', async () => {
    const { store, kinds } = await recordAll([good(), good('Hello again')], false)
    expect(kinds).toEqual(['saved', 'saved'])
    expect(
      (await stored(store))?.records.find(({ event }) => event?.type.endsWith('text.done'))?.event?.body.text,
    ).toBe('Hello again')
  })

  test('and what it changed is told', async () => {
    const { actions } = await recordAll([refused, good(), good('Hello again, you'), good('Hello again, you')], true)
    expect(actions.map((action) => action?.changes)).toEqual([
      undefined,
      expect.stringMatching(/^ending refused → completed; .*events /),
      'answer 2 words added, 1 removed; events output_text.delta ×2 → ×4; usage output_tokens 2 → 4, total_tokens 18 → 20',
      undefined,
    ])
  })

  test('nothing if nothing is new', async () => {
    const { kinds } = await recordAll([good(), good()], false)
    expect(kinds).toEqual(['saved', 'unchanged'])
  })

  test('an incomplete answer, which the model finished too', async () => {
    const incomplete = { steps: steps(compose('i').text(['a']).incomplete('max_output_tokens')) }
    expect((await recordAll([incomplete], false)).kinds).toEqual(['saved'])
  })

  test('an answer in one piece, as it was laid out, with its id', async () => {
    const body = JSON.stringify({ id: 'resp_1', object: 'response', status: 'completed', output: [] }, null, 2)
    const call = callOf({ ...ASK, stream: undefined })
    const { dir, store, kinds } = await recordAll([{ body: `\n${body}\n` }], false, call)
    const fixture = await stored(store, call)
    expect([kinds, fixture?.responseId]).toEqual([['saved'], 'resp_1'])
    expect(bodyOf(fixture?.records ?? [])).toBe(`\n${body}\n`)
    expect(fixture?.response).toEqual({ status: 200, headers: [['content-type', 'application/json']], framing: 'json' })
    expect(fixture && eventsOf(fixture).map(({ type }) => type)).toEqual(['response.completed'])
    const [name = ''] = await readdir(dir)
    expect(await readFile(join(dir, name), 'utf8')).toContain('"body":{"id":"resp_1",')
  })

  test('any other call, too', async () => {
    const call = callOf({ input: 'Embed me', stream: undefined }, { path: '/v1/other' })
    const { store, kinds } = await recordAll([{ body: '{"data":[]}' }], false, call)
    expect(kinds).toEqual(['saved'])
    expect(await stored(store, call)).toMatchObject({ api: 'any', call: { path: '/v1/other' } })
  })

  test('no failure unless asked for, and the reason is told', async () => {
    const body = { body: '{"id":"resp_1","object":"response","status":"failed"}' }
    const { dir, actions } = await recordAll([failed, refused, unreachable, body], false)
    for (const action of actions) {
      expect(action).toMatchObject({ kind: 'not_saved', fixture: expect.stringMatching(/^say-hi-\w{12}\.jsonl$/) })
    }
    const too = '(RECORD_FAILURES=1 saves that too)'
    expect(actions.map((action) => action?.why)).toEqual([
      `the model did not finish it ${too}`,
      `the API refused it with HTTP 500 ${too}`,
      expect.stringMatching(/^the API was not reached at stand-in: is it up, and is that its address\? \(RECORD/),
      `the model did not finish it ${too}`,
    ])
    expect(await readdir(dir)).toEqual([])
  })

  test('a failure if it is asked for, exactly as it happened, but never over a good fixture', async () => {
    const { store, kinds, actions } = await recordAll([refused, failed, good(), refused, failed, unreachable], true)
    expect(kinds).toEqual(['saved', 'saved', 'saved', 'not_saved', 'not_saved', 'not_saved'])
    expect(actions.at(-1)?.why).toContain('the fixture that exists is good')
    expect((await stored(store))?.ending).toEqual({ end: 'complete' })
  })

  test('a refusal if failures are: its status, its body and the headers that clients act on', async () => {
    const headers = { 'retry-after': '20', 'X-Request-Id': 'req_1', 'set-cookie': 'a=1', 'openai-organization': 'org' }
    const { store } = await recordAll([{ ...refused, headers }], true)
    const fixture = await stored(store)
    expect(fixture).toMatchObject({ ending: { end: 'refused' }, response: { status: 500, framing: 'json' } })
    expect(fixture?.response?.headers.toSorted()).toEqual([
      ['content-type', 'application/json'],
      ['retry-after', '20'],
      ['x-request-id', 'req_1'],
    ])
    expect(bodyOf(fixture?.records ?? [])).toBe(refused.body)
  })

  test('that the API could not be reached, if failures are; its error tells what became of the fixture', async () => {
    const { store, errors, actions } = await recordAll([unreachable], true)
    expect(errors[0]).toBeInstanceOf(UnansweredError)
    expect(errors[0]).toMatchObject({ code: 'upstream_unreachable', cause: { code: 'upstream_unreachable' } })
    expect(actions[0]).toMatchObject({ kind: 'saved', fixture: expect.stringMatching(/^say-hi-/) })
    expect(await stored(store)).toMatchObject({ ending: { end: 'unreachable' }, records: [] })
    expect((await stored(store))?.response).toBeUndefined()
  })

  test('who answered, and when', async () => {
    const { store } = await recordAll([good()], false)
    expect((await stored(store))?.recorded).toEqual({
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      upstream: 'stand-in',
    })
  })

  test('times that go forward, and the id of the answer', async () => {
    const { store } = await recordAll([good()], false)
    const fixture = await stored(store)
    const times = [...(fixture?.records ?? []).map(({ at }) => at), fixture?.endedAt ?? 0]
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times.every(Number.isInteger)).toBe(true)
    expect(fixture?.responseId).toBe('resp_good')
  })

  test('what came before the answer and after its end', async () => {
    const raw = [': keep-alive\r\n\r\n', ': ping\n\n', 'data: [DONE]\n\n']
    const [before, ...after] = raw.map((each) => ({ raw: each }))
    const answer = { steps: [...(before ? [before] : []), ...good().steps, ...after] }
    const { store } = await recordAll([answer], false)
    const whole = compose('good').text(words('Hello there')).completed().map(sse).join('')
    expect(bodyOf((await stored(store))?.records ?? [])).toBe(raw[0] + whole + raw.slice(1).join(''))
  })
})

test.each<[string, Error, string]>([
  ['no descriptor', Object.assign(new Error('EMFILE: too many'), { code: 'EMFILE' }), 'EMFILE'],
  ['no room', Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' }), 'ENOSPC'],
  ['a file that was damaged just then', new DamageError('x.jsonl', 1, 'it is cut'), 'x.jsonl:1'],
  ['a mistake of ours', new TypeError('x is not a function'), 'in deltatape itself: x is not a function'],
])('a save that fails is told, and the answer is whole: %s', async (_name, reason, why) => {
  const store = openTestStore(await temporaryFolder())
  const failing: Store = { ...store, save: () => Promise.reject(reason) }
  const { error, action, events } = await drain(
    recordInto(failing, liveFrom(await runStandIn(() => good()))),
    callOf(ASK),
  )
  expect([error, events.at(-1)?.type]).toEqual([undefined, 'response.completed'])
  expect(action).toMatchObject({ kind: 'not_saved', why: expect.stringContaining(why) })
})

test('an answer that takes more memory than a recording may goes on, and is not saved', async () => {
  const store = openTestStore(await temporaryFolder())
  const model = recordInto(store, liveFrom(await runStandIn(() => good())), { maxRecordingBytes: 2000 })
  const { error, action, events } = await drain(model, callOf(ASK))
  expect([error, events.at(-1)?.type]).toEqual([undefined, 'response.completed'])
  expect(action).toMatchObject({ kind: 'not_saved', why: expect.stringContaining('MAX_RECORDING_BYTES') })
  expect(await store.list()).toEqual([])
})

describe.each([301, 302, 303, 307, 308])('a redirect with %i', (status) => {
  const json = JSON.stringify({ id: 'resp_1', object: 'response', status: 'completed', output: [] })

  test.each([{}, { own: true } as const])('is not followed, and is not taken for an answer: %j', async (more) => {
    const elsewhere = await runStandIn(() => good())
    const standIn = await runStandIn(() => ({ status, headers: { location: elsewhere.url }, body: json }))
    const store = openTestStore(await temporaryFolder())
    const { head, action } = await drain(recordInto(store, liveFrom(standIn)), callOf(ASK, more))
    expect([head?.status, elsewhere.calls.length, standIn.calls.length]).toEqual([status, 0, 1])
    expect(action?.kind).toBe('not_saved')
    expect(await store.list()).toEqual([])
  })
})

test('a disk that fails costs the fixture, not the answer', async () => {
  const dir = await temporaryFolder()
  const model = recordInto(openTestStore(dir), liveFrom(await runStandIn(() => good())))
  await rm(dir, { recursive: true })
  const { events, error, action } = await drain(model, ASK)
  expect([events.at(-1)?.type, error]).toEqual(['response.completed', undefined])
  expect(action).toMatchObject({
    kind: 'not_saved',
    why: expect.stringMatching(/^the file could not be written: ENOENT\. It, or its folder, is not there any more/),
  })
})

test('a damaged fixture is replaced by what comes, even by a failure', async () => {
  const dir = await temporaryFolder()
  const store = openTestStore(dir)
  await writeFile(join(dir, fileName(await store.identify(callOf(ASK)))), 'damaged')
  await drain(recordInto(store, liveFrom(await runStandIn(() => refused)), { recordFailures: true }), ASK)
  expect((await stored(store))?.ending.end).toBe('refused')
})

describe('a secret', () => {
  const secret = `AKIA${'IOSFODNN7EXAMPLE'}`

  test('in the question and one in the answer reach the API and the client, and not the disk', async () => {
    const pieces = ['Your key AK', 'IAIOSFODNN7', 'EXAMPLE is safe']
    const standIn = await runStandIn(() => ({ steps: steps(compose('s').text(pieces).completed()) }))
    const store = openTestStore(await temporaryFolder())
    const body = { ...ASK, input: `My key is ${secret}` }
    const { events } = await drain(recordInto(store, liveFrom(standIn)), body)
    expect(standIn.calls[0]?.body.input).toBe(`My key is ${secret}`)
    expect(events.find(({ type }) => type.endsWith('text.done'))?.body.text).toContain(secret)
    const fixture = await stored(store, callOf(body))
    expect(JSON.stringify(fixture)).not.toContain('IOSFODNN7')
    const deltas = fixture?.records.flatMap(({ event }) => {
      const delta = event?.body.delta
      return typeof delta === 'string' ? [delta] : []
    })
    expect(deltas).toEqual(['Your key [redacted:aws-key]', '', ' is safe'])
  })

  test('that is the client’s own key reaches the client if the API repeats it, and not the disk', async () => {
    const credential = 'the-key-of-this-very-client'
    const standIn = await runStandIn(() => ({
      status: 401,
      headers: { 'x-request-id': credential },
      body: `{"error":{"message":"Incorrect API key provided: ${credential}."}}`,
    }))
    const dir = await temporaryFolder()
    const call = callOf(ASK, {
      credential,
      headers: [
        ['authorization', `Bearer ${credential}`],
        ['content-type', 'application/json'],
      ],
    })
    const model = recordInto(openTestStore(dir), liveFrom(standIn), { recordFailures: true })
    const { records, action } = await drain(model, call)
    expect(bodyOf(records)).toContain(credential)
    expect(action?.kind).toBe('saved')
    const [name = ''] = await readdir(dir)
    const file = await readFile(join(dir, name), 'utf8')
    expect(file).not.toContain(credential)
    expect(file).toContain('Incorrect API key provided: [redacted:api-key].')
  })
})
