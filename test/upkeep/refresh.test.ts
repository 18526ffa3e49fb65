/** Whether a failure is the one that was recorded; `command/record.test.ts` has whole runs. */
import { expect, test } from 'vitest'
import { failedAlike } from '../../server/upkeep/refresh.ts'
import { totalOf } from '../../server/upkeep/sending.ts'
import { compose } from '../kit/answers.ts'
import { STREAM, toRecords } from '../kit/calls.ts'

test('failures are alike by their ending, their status, or the event that ended them', () => {
  const of = (
    end: 'refused' | 'stalled' | 'complete',
    status: number,
    objects: Parameters<typeof toRecords>[0] = [],
  ) => {
    const outcome = { api: 'responses', records: toRecords(objects), ending: { end } }
    return { before: { ...outcome, response: { ...STREAM, status } }, now: { ...outcome, status } }
  }
  const [slow, odd, stalled] = [of('refused', 429), of('refused', 500), of('stalled', 200)]
  const failed = of('complete', 200, compose('a').failed('x', 'X'))
  const error = of('complete', 200, compose('a').error('x', 'X'))
  for (const each of [slow, odd, stalled, failed, error]) expect(failedAlike(each.before, each.now)).toBe(true)
  expect(failedAlike(stalled.before, of('stalled', 201).now)).toBe(true)
  for (const [a, b] of [
    [slow, odd],
    [slow, stalled],
    [failed, error],
  ] as const) {
    expect(failedAlike(a.before, b.now)).toBe(false)
  }
})

test('what was spent is a sum', () => {
  const entry = (input: number) => ({ name: 'a', outcome: 'refreshed', tokens: { input, output: 1 } }) as const
  expect(totalOf([entry(2), { name: 'b', outcome: 'skipped' }, entry(3)])).toEqual({ input: 5, output: 2 })
})
