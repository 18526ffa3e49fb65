/** What is broken on purpose, by row: before an answer, within a stream, and where no stream is asked for. */
import { describe, expect, test } from 'vitest'
import { failureIn } from '../../server/api/failure.ts'
import { type AnswerRecord, bytesOf } from '../../server/api/record.ts'
import { systemClock } from '../../server/base/clock.ts'
import { fresh } from '../../server/base/memo.ts'
import { fault } from '../../server/model/fault.ts'
import { parsePlan } from '../../server/model/faults.ts'
import type { Model } from '../../server/model/model.ts'
import { WAYS, type Way, callOfWay, recordsOf } from '../kit/rows.ts'
import { drain } from '../kit/tools.ts'

/** Answers a call as its API does. */
const answering =
  (way: Way, { whole }: { whole: boolean }): Model =>
  async () => {
    const type = whole ? 'application/json' : way.wire.type
    const records = recordsOf(type, whole ? [way.wire.whole] : way.wire.tells)
    return {
      head: { status: 200, headers: [['content-type', type]], framing: whole ? 'json' : way.framing },
      records: records.map((each) => fresh([each])),
    }
  }

async function breakWith(way: Way, plan: string, { whole = false } = {}) {
  const model = fault(answering(way, { whole }), {
    plan: parsePlan(plan),
    onRequest: true,
    keyOf: async () => '',
    clock: systemClock,
    stallMs: () => 0,
  })
  const { head, records, error } = await drain(model, callOfWay(way, { whole }))
  const type = head?.headers.find(([name]) => name === 'content-type')?.[1] ?? ''
  return { head, records, error, type, body: bytesOf(records) }
}

/** The records as whoever reads the body finds them. */
const readAgain = ({ type, body }: { type: string; body: Buffer }) => recordsOf(type, [body])

/** After which event a fault comes: all streams here have more. */
const AFTER = 2

describe.each(WAYS)('$name', (way) => {
  const { row, wire, framing } = way
  const whole = recordsOf(wire.type, wire.tells)
  const before = whole.slice(
    0,
    whole.findIndex((each, index) => each.event && countIn(whole.slice(0, index + 1)) === AFTER) + 1,
  )

  test.each([
    ['refuse:529', []],
    ['refuse:529:7s', [['retry-after', '7']]],
  ])('%s is an HTTP error in its own words, whether it streams or not', async (plan, more) => {
    for (const isWhole of [false, true]) {
      const { head, body, error } = await breakWith(way, plan, { whole: isWhole })
      expect(error).toBeUndefined()
      const { headers = [], body: words } = row.refused({
        status: 529,
        message: `Refused on purpose, by the fault ${plan}`,
        code: 'fault',
      })
      expect(head).toEqual({
        status: 529,
        headers: [['content-type', 'application/json'], ...headers, ...more],
        framing: 'json',
      })
      expect(JSON.parse(String(body))).toEqual(words)
    }
  })

  test.each([`error@${AFTER}`, `fail@${AFTER}`])(
    '%s ends it with the failure of the API, in its framing',
    async (plan) => {
      const broken = await breakWith(way, plan)
      expect([broken.error, broken.head?.framing]).toEqual([undefined, framing])
      expect(broken.body.subarray(0, bytesOf(before).length)).toEqual(bytesOf(before))
      const follower = row.follow()
      const progress = readAgain(broken).map((each) => follower.take(each))
      expect(progress.slice(0, before.length)).not.toContain('failing')
      expect(progress.slice(before.length)).not.toContain('open')
      expect(follower.end()).toEqual({ end: 'complete' })
      expect(row.isFinished(callOfWay(way), row.events(readAgain(broken)))).toBe(false)
      expect(told(broken)).toContain('Failed on purpose')
    },
  )

  test.each([`truncate@${AFTER}`, `reset@${AFTER}`])('%s leaves no more than what came before', async (plan) => {
    const { error, body } = await breakWith(way, plan)
    expect(error).toMatchObject({ failure: { end: plan.startsWith('reset') ? 'reset' : 'truncated' } })
    expect(body).toEqual(bytesOf(before))
  })

  test(`malformed@${AFTER} is a record of its framing that holds no JSON`, async () => {
    const broken = await breakWith(way, `malformed@${AFTER}`)
    expect(broken.error).toMatchObject({ failure: { end: 'malformed' } })
    const records = readAgain(broken)
    expect(bytesOf(records.slice(0, before.length))).toEqual(bytesOf(before))
    expect(records).toHaveLength(before.length + 1)
    expect(records.at(-1)?.event).toBeUndefined()
    const follower = row.follow()
    for (const each of records) follower.take(each)
    // An array that is broken cannot be told from one that is cut.
    expect(follower.end().end).toBe(framing === 'array' ? 'truncated' : 'malformed')
  })

  test.each(['error', 'fail'])('%s before the first event is a stream of that alone', async (plan) => {
    const broken = await breakWith(way, plan)
    expect(broken.head).toMatchObject({ status: 200, framing })
    expect(broken.type.replace(/;.*/, '')).toBe(wire.type.replace(/;.*/, ''))
    const follower = row.follow()
    expect(readAgain(broken).map((each) => follower.take(each))).not.toContain('open')
    expect(told(broken)).toContain('Failed on purpose')
  })

  test.each(['error', 'fail'])('%s of a call that does not stream is an error in one piece', async (plan) => {
    const { head, body, error } = await breakWith(way, plan, { whole: true })
    expect([error, head?.framing]).toEqual([undefined, 'json'])
    expect(String(body)).toContain('Failed on purpose')
    expect(() => JSON.parse(String(body))).not.toThrow()
  })

  test.each(['truncate', 'reset', 'stall', 'malformed', 'drop'])(
    '%s before the first event leaves no answer',
    async (plan) => {
      for (const isWhole of [false, true]) {
        const { head, error } = await breakWith(way, plan, { whole: isWhole })
        expect(head).toBeUndefined()
        expect(error).toBeInstanceOf(Error)
      }
    },
  )

  test('a fault after the last event does not come, nor one within an answer in one piece', async () => {
    for (const plan of ['error@1000', 'truncate@1000', 'malformed@1000']) {
      expect(await breakWith(way, plan)).toMatchObject({ error: undefined, body: bytesOf(whole) })
    }
    for (const plan of ['error@7', 'fail@7', 'truncate@7', 'malformed@7']) {
      const { error, body } = await breakWith(way, plan, { whole: true })
      expect([error, String(body)]).toEqual([undefined, wire.whole])
    }
  })

  /** The failure that the events tell of, as the log and `ls` tell it. */
  function told(broken: { type: string; body: Buffer }): string {
    const events = row.events(readAgain(broken))
    return events.map((event) => (row.failureOf(event) ?? failureIn(event))?.message ?? '').join()
  }
})

/** How many events records hold. */
function countIn(records: readonly AnswerRecord[]): number {
  return records.filter(({ event }) => event).length
}
