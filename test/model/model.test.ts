/** Models around models: one that has nothing to do costs nothing, and what comes again comes as it is. */
import { describe, expect, test } from 'vitest'
import { ModelError } from '../../server/api/ending.ts'
import { type Batch, bytesOf } from '../../server/api/record.ts'
import { DeltatapeError, MissError } from '../../server/base/errors.ts'
import { fresh, kept } from '../../server/base/memo.ts'
import { systemClock } from '../../server/base/clock.ts'
import { derive } from '../../server/model/derive.ts'
import { type FaultOptions, fault } from '../../server/model/fault.ts'
import { parsePlan } from '../../server/model/faults.ts'
import {
  type Action,
  type Answer,
  type Model,
  UnansweredError,
  actionOf,
  isDue,
  readToTheEnd,
} from '../../server/model/model.ts'
import { listModels } from '../../server/model/models.ts'
import { instant, withPaces } from '../../server/model/pace.ts'
import { replay } from '../../server/model/replay.ts'
import { logUsage } from '../../server/model/usage.ts'
import { compose, words } from '../kit/answers.ts'
import { STREAM, callOf, toRecords } from '../kit/calls.ts'
import { folderWith, openTestStore, recordInto, temporaryFolder } from '../kit/tools.ts'

const EVENTS = compose('model').text(words('one two three four')).completed()
const never = () => new AbortController().signal
const HIT: Action = { kind: 'hit', fixture: 'x.jsonl' }
const CALL = callOf({ model: 'gpt-4.1-mini', input: 'Say hi' })

const FAULTS: FaultOptions = {
  plan: undefined,
  onRequest: true,
  keyOf: async () => '',
  clock: systemClock,
  stallMs: () => 0,
}

describe('a wrapper that has nothing to do gives the very answer of the model within', () => {
  const answer: Answer = { head: STREAM, action: HIT, records: [kept(toRecords(EVENTS))] }
  const inner: Model = async () => answer
  const emptyStore = async () => openTestStore(await temporaryFolder())

  test.each<[string, () => Model | Promise<Model>]>([
    ['no fault is planned', () => fault(inner, FAULTS)],
    ['a plan has nothing for this call', () => fault(inner, { ...FAULTS, plan: parsePlan('chaos:7:0') })],
    ['no pace is asked for', () => withPaces(inner, 'live')],
    ['a delay is over', () => fault(inner, { ...FAULTS, plan: parsePlan('delay:0ms') })],
    ['the fixture that is used is known at once', async () => logUsage(inner, await emptyStore(), () => {})],
    ['a stream is asked for', async () => derive(inner, await emptyStore(), () => true)],
    ['the list of models is not asked for', async () => listModels(inner, await emptyStore())],
    [
      'there is no fixture',
      async () =>
        replay(await emptyStore(), { pace: instant, clock: systemClock, accepts: () => true, otherwise: inner }),
    ],
  ])('%s', async (_when, wrap) => {
    expect(await (await wrap())(CALL, never())).toBe(answer)
  })

  test('a call in one piece has no stream to be made from', async () => {
    const model = derive(inner, await emptyStore(), () => true)
    expect(await model(callOf({ model: 'm', input: 'Hi', stream: undefined }), never())).toBe(answer)
  })
})

describe('batches that come again', () => {
  const read = async (model: Model): Promise<Batch[]> => {
    const batches: Batch[] = []
    for await (const batch of (await model(CALL, never())).records) batches.push(batch)
    return batches
  }
  const records = toRecords(EVENTS)
  const batches = [kept(records.slice(0, 3)), kept(records.slice(3, -1)), kept(records.slice(-1))]
  const inner: Model = async () => ({ head: STREAM, records: batches })
  const late: FaultOptions = { ...FAULTS, plan: parsePlan('reset@1000') }

  test.each<[string, () => Model | Promise<Model>]>([
    ['fault', () => fault(inner, late)],
    ['a log of what is used', async () => logUsage(inner, openTestStore(await temporaryFolder()), () => {})],
    ['record', async () => recordInto(openTestStore(await temporaryFolder()), inner)],
    ['several of them', async () => fault(recordInto(openTestStore(await temporaryFolder()), inner), late)],
  ])('are handed on as they are by %s', async (_which, wrap) => {
    const got = await read(await wrap())
    expect(got).toHaveLength(batches.length)
    for (const [index, batch] of got.entries()) expect(batch).toBe(batches[index])
  })

  test('are what replay gives, the very same each time, and to all around it', async () => {
    const dir = await folderWith({ 'Say hi': { events: EVENTS } })
    const store = openTestStore(dir)
    const model = replay(store, { pace: instant, clock: systemClock, accepts: () => true, otherwise: inner })
    const [one, two, three] = [
      await read(model),
      await read(model),
      await read(
        fault(
          derive(
            logUsage(model, store, () => {}),
            store,
            () => true,
          ),
          late,
        ),
      ),
    ]
    expect(one.every((batch) => batch.kept)).toBe(true)
    expect(bytesOf(one.flatMap(({ items }) => items))).toEqual(bytesOf(records))
    for (const again of [two, three]) {
      expect(again).toHaveLength(one.length)
      for (const [index, batch] of again.entries()) expect(batch).toBe(one[index])
    }
  })

  test('are due at once if they are there at once', async () => {
    const dir = await folderWith({ 'Say hi': { events: EVENTS } })
    const model = replay(openTestStore(dir), {
      pace: instant,
      clock: systemClock,
      accepts: () => true,
      otherwise: inner,
    })
    expect(isDue((await model(CALL, never())).records)).toBe(true)
    expect(isDue((async function* () {})())).toBe(false)
  })
})

describe('what became of a fixture', () => {
  test('is told by the error of a call that was not answered', () => {
    const failure = { end: 'unreachable' } as const
    const action: Action = { kind: 'not_saved', fixture: 'x.jsonl', why: 'y' }
    expect(actionOf(new MissError('No fixture.', 'x.jsonl'))).toEqual({ kind: 'miss', fixture: 'x.jsonl' })
    expect(actionOf(new UnansweredError(failure, action))).toBe(action)
    expect(actionOf(new ModelError(failure))).toBeUndefined()
    expect(actionOf(new Error('no'))).toBeUndefined()
  })
})

test('what nobody wants any more is read to its end, whatever the API did', async () => {
  const steps: string[] = []
  const records = (error: unknown) =>
    (async function* (): AsyncGenerator<Batch> {
      yield fresh(toRecords([{ type: 'a' }]))
      steps.push('the last step')
      throw error
    })()
  await readToTheEnd(records(new ModelError({ end: 'reset' })))
  await readToTheEnd(records(new DeltatapeError('cancelled', 'Stop.')))
  await expect(readToTheEnd(records(new TypeError('a bug')))).rejects.toThrow('a bug')
  expect(steps).toHaveLength(3)
})
