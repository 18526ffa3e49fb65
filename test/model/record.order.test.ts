/** In which order things happen while an answer is recorded: nothing is held back but what may be its end. */
import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { type Batch, bytesOf } from '../../server/api/record.ts'
import { fresh } from '../../server/base/memo.ts'
import type { Answer, Model } from '../../server/model/model.ts'
import type { Store } from '../../server/store/store.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { sse } from '../kit/standin.ts'
import { STREAM, callOf, toRecords } from '../kit/calls.ts'
import { drain, liveFrom, openTestStore, recordInto, runStandIn, settle, temporaryFolder } from '../kit/tools.ts'
import { ASK } from './scripts.ts'

const TEXT = compose('order').text(words('one two three')).completed()
const stored = async (store: Store) => store.find(await store.identify(callOf(ASK)))
const wiresOf = (batches: readonly Batch[]) => batches.flatMap(({ items }) => items.map(({ wire }) => wire))
const typesOf = (batches: readonly Batch[]) => batches.flatMap(({ items }) => items.map(({ event }) => event?.type))

/** A model that yields batches as the test pushes them. */
function pushed() {
  let arrived = Promise.withResolvers<Batch | Error | undefined>()
  let signal: AbortSignal | undefined
  const records = async function* (): AsyncGenerator<Batch> {
    for (;;) {
      const next = await arrived.promise
      arrived = Promise.withResolvers()
      if (next === undefined) return
      if (next instanceof Error) throw next
      yield next
    }
  }
  const model: Model = async (_call, given) => {
    signal = given
    given.addEventListener('abort', () => arrived.resolve(new Error('let go')))
    return { head: STREAM, records: records() }
  }
  return {
    model,
    isLetGo: () => signal?.aborted,
    async push(...events: readonly Readonly<Record<string, unknown>>[]) {
      arrived.resolve(fresh(toRecords(events)))
      await settle()
    },
    async end(error?: Error) {
      arrived.resolve(error)
      await settle()
    },
  }
}

/** Reads an answer as it comes; `done` gives what it threw in the end. */
function follow(answer: Promise<Answer>) {
  const batches: Batch[] = []
  const done = (async () => {
    for await (const batch of (await answer).records) batches.push(batch)
  })().catch((error: unknown) => error)
  return { batches, done }
}

describe('what is handed on', () => {
  test('is each record before the next was sent, however slow the store, and the end once the fixture is there', async () => {
    const gates = TEXT.map(() => Promise.withResolvers<void>())
    const standIn = await runStandIn(() => ({
      steps: TEXT.flatMap((event, index) => [{ event }, { until: gates[index]?.promise ?? Promise.resolve() }]),
    }))
    const store = openTestStore(await temporaryFolder())
    const [saving, mayBeSaved] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow: Store = {
      ...store,
      async save(fixture) {
        saving.resolve()
        await mayBeSaved.promise
        return store.save(fixture)
      },
    }
    const answer = await recordInto(slow, liveFrom(standIn))(callOf(ASK), new AbortController().signal)
    const iterator = (async function* () {
      for await (const batch of answer.records) yield* batch.items
    })()
    for (const [index, event] of TEXT.slice(0, -1).entries()) {
      const { value } = await iterator.next()
      expect(value?.wire).toBe(sse(event))
      gates[index]?.resolve()
    }
    const last = iterator.next()
    gates.at(-1)?.resolve()
    await saving.promise
    await settle()
    expect(await Promise.race([last, 'not yet'])).toBe('not yet')
    expect([await store.list(), answer.action]).toEqual([[], undefined])
    mayBeSaved.resolve()
    expect((await last).value?.event?.type).toBe('response.completed')
    expect(await store.list()).toHaveLength(1)
    expect(answer.action).toMatchObject({ kind: 'saved' })
    expect((await iterator.next()).done).toBe(true)
  })

  test('is each piece of a body in one piece, and its end once the fixture is there', async () => {
    const gate = Promise.withResolvers<void>()
    const standIn = await runStandIn(() => ({
      headers: { 'content-type': 'application/json' },
      steps: [{ raw: ' \n' }, { until: gate.promise }, { raw: '{"id":"resp_1"}' }],
    }))
    const store = openTestStore(await temporaryFolder())
    const { records } = await recordInto(store, liveFrom(standIn))(callOf(ASK), new AbortController().signal)
    const seen: unknown[] = []
    for await (const { items } of records) {
      seen.push(...items.map(({ wire }) => wire))
      gate.resolve()
    }
    expect(seen).toEqual([' \n', '{"id":"resp_1"}'])
    expect(await store.list()).toHaveLength(1)
  })

  test('is what seemed to be the end as soon as it was none, in order and once', async () => {
    const inner = pushed()
    const store = openTestStore(await temporaryFolder())
    const { batches, done } = follow(recordInto(store, inner.model)(callOf(ASK), new AbortController().signal))
    const seems = (n: number) => ({ type: `seems.${n}`, response: { id: 'resp_1', status: 'completed' } })
    const goesOn = (n: number) => ({ type: `goes.on.${n}` })
    await inner.push({ type: 'begins' }, seems(1))
    expect(typesOf(batches)).toEqual(['begins'])
    await inner.push(seems(2))
    expect(typesOf(batches)).toEqual(['begins'])
    // As many are handed on now as came: what waited, and the first of these.
    await inner.push(goesOn(1), seems(3), seems(4))
    expect(typesOf(batches)).toEqual(['begins', 'seems.1', 'seems.2', 'goes.on.1'])
    await inner.push(goesOn(2), seems(5))
    expect(typesOf(batches)).toEqual(['begins', 'seems.1', 'seems.2', 'goes.on.1', 'seems.3', 'seems.4', 'goes.on.2'])
    expect(await store.list()).toEqual([])
    await inner.end()
    await done
    expect(typesOf(batches).slice(7)).toEqual(['seems.5'])
    const fixture = await stored(store)
    expect(fixture?.records.map(({ wire }) => wire)).toEqual(wiresOf(batches))
  })

  test('is not how long the answer is: it would say that it is over before its fixture is there', async () => {
    const model: Model = async () => ({
      head: { ...STREAM, headers: [...STREAM.headers, ['Content-Length', '12'], ['x-a', '1']] },
      records: [fresh(toRecords(TEXT))],
    })
    const { head } = await drain(recordInto(openTestStore(await temporaryFolder()), model), ASK)
    expect(head?.headers).toEqual([...STREAM.headers, ['x-a', '1']])
  })
})

describe('a client that leaves', () => {
  test('before the end leaves nothing, and that is told', async () => {
    const standIn = await runStandIn(() => ({ steps: [...steps(TEXT.slice(0, 5)), 'hang'] }))
    const dir = await temporaryFolder()
    const abort = new AbortController()
    const answer = await recordInto(openTestStore(dir), liveFrom(standIn), { recordFailures: true })(
      callOf(ASK),
      abort.signal,
    )
    const leaving = (async () => {
      for await (const batch of answer.records) {
        if (typesOf([batch]).includes('response.output_text.delta')) abort.abort(new Error('gone'))
      }
    })()
    await expect(leaving).rejects.toThrow('gone')
    expect(answer.action).toMatchObject({ kind: 'not_saved', why: 'it ended before the answer was finished: gone' })
    expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
    expect(await readdir(dir)).toEqual([])
  })

  test('before the head leaves nothing', async () => {
    const standIn = await runStandIn(() => ({ instead: 'hang' }))
    const dir = await temporaryFolder()
    const abort = new AbortController()
    const draining = drain(
      recordInto(openTestStore(dir), liveFrom(standIn), { recordFailures: true }),
      ASK,
      abort.signal,
    )
    while (standIn.calls.length === 0) await settle()
    abort.abort(new Error('gone'))
    expect((await draining).error).toEqual(new Error('gone'))
    expect(await readdir(dir)).toEqual([])
  })

  test('right after the end leaves a whole recording', async () => {
    const standIn = await runStandIn(() => ({ steps: steps(TEXT) }))
    const store = openTestStore(await temporaryFolder())
    const abort = new AbortController()
    const answer = await recordInto(store, liveFrom(standIn))(callOf(ASK), abort.signal)
    const seen: Batch[] = []
    for await (const batch of answer.records) {
      seen.push(batch)
      if (typesOf([batch]).includes('response.completed')) abort.abort(new Error('gone'))
    }
    expect(typesOf(seen)).toHaveLength(TEXT.length)
    expect(bytesOf((await stored(store))?.records ?? [])).toEqual(Buffer.from(TEXT.map(sse).join('')))
  })

  test.each([true, false])(
    'while what follows an error is waited for ends the call, unless failures are recorded: %s',
    async (recordFailures) => {
      const inner = pushed()
      const store = openTestStore(await temporaryFolder())
      const leaving = new AbortController()
      const { done } = follow(recordInto(store, inner.model, { recordFailures })(callOf(ASK), leaving.signal))
      await inner.push({ type: 'error', error: { message: 'Oh' } })
      leaving.abort(new Error('left'))
      await settle()
      expect(inner.isLetGo()).toBe(!recordFailures)
      if (recordFailures) {
        await inner.push({ type: 'response.failed', response: { id: 'resp_1' } })
        await inner.end()
      }
      expect(await done).toEqual(recordFailures ? undefined : new Error('let go'))
      const kept = recordFailures ? ['error', 'response.failed'] : undefined
      expect((await stored(store))?.records.map(({ event }) => event?.type)).toEqual(kept)
    },
  )
})

test('what breaks after its end may be read to the last record, and is told then', async () => {
  const inner = pushed()
  const store = openTestStore(await temporaryFolder())
  const { batches, done } = follow(recordInto(store, inner.model)(callOf(ASK), new AbortController().signal))
  await inner.push(...TEXT)
  await inner.end(new Error('a bug'))
  expect(await done).toEqual(new Error('a bug'))
  expect(typesOf(batches)).toHaveLength(TEXT.length)
  expect(await store.list()).toEqual([])
})
