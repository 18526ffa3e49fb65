/** A mix of faults that a seed decides. */
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { fresh } from '../../server/base/memo.ts'
import { fault } from '../../server/model/fault.ts'
import { parsePlan } from '../../server/model/faults.ts'
import { compose, words } from '../kit/answers.ts'
import { STREAM, toRecords } from '../kit/calls.ts'
import { drain } from '../kit/tools.ts'
import { ASK } from './scripts.ts'

const RECORDS = toRecords(compose('chaos').text(words('one two three four')).completed())

describe('chaos', () => {
  const run = async (plan: string, inputs: readonly string[], tries = 5) => {
    const model = fault(async () => ({ head: STREAM, records: [fresh(RECORDS)] }), {
      plan: parsePlan(plan),
      onRequest: false,
      keyOf: async ({ content }) => Buffer.from(content).toString(),
      clock: { ...systemClock, sleep: async () => {} },
      stallMs: () => 0,
    })
    const outcomes: string[] = []
    for (let nth = 0; nth < tries; nth++) {
      for (const input of inputs) {
        const { head, events, error } = await drain(model, { ...ASK, input })
        const refused = head && head.status >= 400 ? `HTTP ${head.status}` : undefined
        const outcome = error instanceof Error ? error.message : (refused ?? 'fine')
        outcomes.push(`${input} ${nth} ${events.length} ${events.at(-1)?.type} ${outcome}`)
      }
    }
    return outcomes.toSorted()
  }
  const inputs = Array.from({ length: 40 }, (_, index) => `question ${index}`)

  test('gives the same faults for the same seed, request and try, in whatever order', async () => {
    const first = await run('chaos:7:0.5', inputs)
    expect(await run('chaos:7:0.5', inputs)).toEqual(first)
    expect(await run('chaos:7:0.5', inputs.toReversed())).toEqual(first)
    expect(await run('chaos:8:0.5', inputs)).not.toEqual(first)
  })

  test('gives about as many as the rate says, of every kind, and not the same at each try', async () => {
    const outcomes = await run('chaos:7:0.5', inputs)
    const fine = outcomes.filter((outcome) => outcome.endsWith(`${RECORDS.length} response.completed fine`))
    expect(fine.length).toBeGreaterThan(60)
    expect(fine.length).toBeLessThan(160)
    for (const kind of ['HTTP 429', 'HTTP 500', 'truncate', 'reset', 'stall', 'no event', 'response.failed', 'drop']) {
      expect(
        outcomes.some((outcome) => outcome.includes(kind)),
        kind,
      ).toBe(true)
    }
    expect(
      new Set(outcomes.filter((outcome) => outcome.startsWith('question 1 ')).map((outcome) => outcome.slice(13))).size,
    ).toBeGreaterThan(1)
    const always = await run('chaos:7:1', inputs)
    const whole = always.filter((outcome) => outcome.endsWith('fine') && !outcome.includes('response.failed'))
    // Those are the delays, one in ten: an answer that is shorter than a fault reaches breaks right before its end.
    expect(whole.length).toBeLessThan(always.length / 5)
    expect(await run('chaos:7:0', inputs)).toEqual(
      inputs
        .flatMap((input) => [0, 1, 2, 3, 4].map((nth) => `${input} ${nth} ${RECORDS.length} response.completed fine`))
        .toSorted(),
    )
  })
})
