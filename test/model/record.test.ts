import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileName } from '../../server/fixture/key.ts'
import type { Action, Model } from '../../server/model/model.ts'
import type { ModelEvent } from '../../server/api/event.ts'
import type { Store } from '../../server/store/store.ts'
import { compose, steps, words } from '../kit/answers.ts'
import type { Answer } from '../kit/standin.ts'
import {
  byInput,
  drain,
  liveFrom,
  openTestStore,
  recordInto,
  runStandIn,
  temporaryFolder,
  toEvents,
} from '../kit/tools.ts'
import { ASK, testModel } from './contract.ts'

testModel(async (answers) => {
  const store = openTestStore(await temporaryFolder())
  return recordInto(store, liveFrom(await runStandIn(byInput(answers))), { recordFailures: true })
})

const good = (text = 'Hello there') => ({ steps: steps(compose('good').text(words(text)).completed()) })
const failed: Answer = { steps: steps(compose('bad').failed('server_error', 'It broke.')) }
const refused: Answer = { status: 500, body: '{"error":{"message":"Oh"}}' }

/** Records `answers` one after another under the same request; gives what was noted of each. */
async function recordAll(answers: readonly Answer[], recordFailures: boolean) {
  const dir = await temporaryFolder()
  const store = openTestStore(dir)
  const standIn = await runStandIn((_call, index) => answers[index] ?? refused)
  const model = recordInto(store, liveFrom(standIn), { recordFailures })
  const notes: Action[] = []
  for (const answer of answers) {
    void answer
    await drain(model, ASK, undefined, (action) => notes.push(action))
  }
  return { dir, store, notes, kinds: notes.map(({ kind }) => kind) }
}

const stored = async (store: Store) => store.find((await store.identify(ASK)).key)

describe('what is saved', () => {
  test('a finished answer, over whatever there is', async () => {
    const { store, kinds } = await recordAll([good(), good('Hello again')], false)
    expect(kinds).toEqual(['saved', 'saved'])
    expect((await stored(store))?.events.find(({ type }) => type.endsWith('text.done'))?.body.text).toBe('Hello again')
  })

  test('and what it changed is told', async () => {
    const { notes } = await recordAll([refused, good(), good('Hello again, you'), good('Hello again, you')], true)
    expect(notes.map(({ changes }) => changes)).toEqual([
      undefined,
      expect.stringMatching(/^ending refused → completed; answer 2 words added; events /),
      'answer 2 words added, 1 removed; events output_text.delta ×2 → ×4; usage output_tokens 2 → 4, total_tokens 18 → 20',
      undefined,
    ])
  })

  test('nothing where nothing is new', async () => {
    const { kinds } = await recordAll([good(), good()], false)
    expect(kinds).toEqual(['saved', 'unchanged'])
  })

  test('an incomplete answer, which the model finished too', async () => {
    const { kinds } = await recordAll(
      [{ steps: steps(compose('i').text(['a']).incomplete('max_output_tokens')) }],
      false,
    )
    expect(kinds).toEqual(['saved'])
  })

  test('no failure unless asked for, and the reason is told', async () => {
    const { dir, notes } = await recordAll([failed, refused], false)
    expect(notes.map(({ kind, why }) => `${kind}: ${why}`)).toEqual([
      expect.stringContaining('not_saved: the model did not finish it'),
      expect.stringContaining('RECORD_FAILURES=1'),
    ])
    expect(await readdir(dir)).toEqual([])
  })

  test('a failure where it is asked for, but never over a good fixture', async () => {
    const { store, kinds, notes } = await recordAll([refused, failed, good(), refused, failed], true)
    expect(kinds).toEqual(['saved', 'saved', 'saved', 'not_saved', 'not_saved'])
    expect(notes.at(-1)?.why).toContain('the fixture that exists is good')
    expect((await stored(store))?.ending).toEqual({ end: 'complete' })
  })

  test('who answered, when, with which SDK', async () => {
    const { store } = await recordAll([good()], false)
    expect((await stored(store))?.recorded).toEqual({
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      upstream: 'stand-in',
      openai: '7.57.0',
    })
  })

  test('times that go forward, and the id of the answer', async () => {
    const { store } = await recordAll([good()], false)
    const fixture = await stored(store)
    const times = [...(fixture?.events ?? []).map(({ at }) => at), fixture?.endedAt ?? 0]
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times.every(Number.isInteger)).toBe(true)
    expect(fixture?.responseId).toBe('resp_good')
  })
})

describe('while it is recorded', () => {
  test('an event is handed on before the next was sent, and the last one when the fixture is there', async () => {
    const gate = Promise.withResolvers<void>()
    const [first, ...rest] = compose('gate').text(words('one two')).completed()
    const standIn = await runStandIn(() => ({
      steps: [{ event: first ?? {} }, { until: gate.promise }, ...steps(rest)],
    }))
    const store = openTestStore(await temporaryFolder())
    const seen: ModelEvent[] = []
    for await (const batch of recordInto(store, liveFrom(standIn))({ body: ASK }, new AbortController().signal)) {
      seen.push(...batch)
      if (seen.length === 1) gate.resolve()
      const complete = seen.some(({ type }) => type === 'response.completed')
      expect((await store.list()).length).toBe(complete ? 1 : 0)
    }
    expect(seen).toHaveLength(rest.length + 1)
  })

  test('a client that leaves right after the end leaves a whole recording', async () => {
    const standIn = await runStandIn(() => good())
    const store = openTestStore(await temporaryFolder())
    const abort = new AbortController()
    const inner = liveFrom(standIn)
    const leaving = recordInto(store, async function* (request, signal) {
      for await (const batch of inner(request, signal)) {
        if (batch.at(-1)?.type === 'response.completed') abort.abort(new Error('gone'))
        yield batch
      }
    })
    await drain(leaving, ASK, abort.signal)
    expect(await stored(store)).toBeDefined()
  })

  test.each([true, false])(
    'a client that leaves at an error event ends the call, unless failures are recorded: %s',
    async (recordFailures) => {
      const store = openTestStore(await temporaryFolder())
      const left = Promise.withResolvers<void>()
      let aborted: boolean | undefined
      const [error, response] = toEvents([
        { type: 'error', error: { message: 'Oh' } },
        { type: 'response.failed', response: { id: 'resp_1' } },
      ])
      const inner: Model = async function* (_request, signal) {
        if (error) yield [error]
        await left.promise
        aborted = signal.aborted
        if (response && !aborted) yield [response]
      }
      const leaving = new AbortController()
      for await (const batch of recordInto(store, inner, { recordFailures })({ body: ASK }, leaving.signal)) {
        if (batch.at(-1) !== error) continue
        leaving.abort(new Error('left'))
        left.resolve()
      }
      expect(aborted).toBe(!recordFailures)
      const kept = recordFailures ? ['error', 'response.failed'] : undefined
      expect((await stored(store))?.events.map(({ type }) => type)).toEqual(kept)
    },
  )

  test('a client that leaves before the end leaves nothing', async () => {
    const standIn = await runStandIn(() => ({ steps: [...steps(compose('x').text(['a']).cut().events), 'hang'] }))
    const dir = await temporaryFolder()
    const abort = new AbortController()
    const notes: Action[] = []
    const model = recordInto(openTestStore(dir), liveFrom(standIn), { recordFailures: true })
    const leaving = (async () => {
      for await (const batch of model({ body: ASK, note: (action) => notes.push(action) }, abort.signal)) {
        if (batch.some(({ type }) => type === 'response.output_text.delta')) abort.abort(new Error('gone'))
      }
    })()
    await expect(leaving).rejects.toThrow('gone')
    expect(notes).toMatchObject([{ kind: 'not_saved', why: 'it ended before the answer was finished: gone' }])
    expect(await readdir(dir)).toEqual([])
  })

  test('a disk that fails costs the fixture, not the answer', async () => {
    const dir = await temporaryFolder()
    const notes: Action[] = []
    const model = recordInto(openTestStore(dir), liveFrom(await runStandIn(() => good())))
    await rm(dir, { recursive: true })
    const { events, error } = await drain(model, ASK, undefined, (action) => notes.push(action))
    expect([events.at(-1)?.type, error]).toEqual(['response.completed', undefined])
    expect(notes).toMatchObject([{ kind: 'not_saved', why: 'the file could not be written: ENOENT' }])
  })

  test('a damaged fixture is replaced by what comes, even by a failure', async () => {
    const dir = await temporaryFolder()
    const store = openTestStore(dir)
    await writeFile(join(dir, fileName(await store.identify(ASK))), 'damaged')
    await drain(recordInto(store, liveFrom(await runStandIn(() => refused)), { recordFailures: true }), ASK)
    expect((await stored(store))?.ending.end).toBe('refused')
  })
})

test('a secret in the question and one in the answer reach the API and the client, and not the disk', async () => {
  const secret = `AKIA${'IOSFODNN7EXAMPLE'}`
  const pieces = ['Your key AK', 'IAIOSFODNN7', 'EXAMPLE is safe']
  const standIn = await runStandIn(() => ({ steps: steps(compose('s').text(pieces).completed()) }))
  const store = openTestStore(await temporaryFolder())
  const body = { ...ASK, input: `My key is ${secret}` }
  const { events } = await drain(recordInto(store, liveFrom(standIn)), body)
  expect(standIn.calls[0]?.body.input).toBe(`My key is ${secret}`)
  expect(events.find(({ type }) => type.endsWith('text.done'))?.body.text).toContain(secret)
  const fixture = await store.find((await store.identify(body)).key)
  expect(JSON.stringify(fixture)).not.toContain('IOSFODNN7')
  const deltas = fixture?.events.flatMap(({ body: { delta } }) => (typeof delta === 'string' ? [delta] : []))
  expect(deltas).toEqual(['Your key [redacted:aws-key]', '', ' is safe'])
})
