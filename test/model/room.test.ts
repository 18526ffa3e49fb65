/** Room for calls before they are read. */
import { expect, test } from 'vitest'
import type { Call } from '../../server/api/call.ts'
import { createLedger } from '../../server/base/ledger.ts'
import type { Model } from '../../server/model/model.ts'
import { withRoom } from '../../server/model/room.ts'
import { STREAM, callOf } from '../kit/calls.ts'

const NEVER = new AbortController().signal

const answers: Model = async () => ({ head: STREAM, records: [] })

const callWith = (input: unknown, more: Partial<Call> = {}): Call => {
  const body = Buffer.from(JSON.stringify({ model: 'm', input }))
  return { ...callOf({ model: 'm' }), body, content: body, ...more }
}

test('a call is charged what becomes of its body, until its account is closed', async () => {
  const ledger = createLedger(2 ** 24)
  const account = ledger.open()
  const input = Array.from({ length: 10_000 }, () => ({}))
  const call = callWith(input, { account })
  await withRoom(answers, async () => {})(call, NEVER)
  expect(ledger.kept()).toBeGreaterThan(50 * input.length)
  account.close()
  expect(ledger.kept()).toBe(0)
})

test('one for which there is no room is busy, and never read', async () => {
  const account = createLedger(1_000_000).open()
  account.charge(600_000)
  const call = callWith(
    Array.from({ length: 2000 }, () => ({})),
    { account },
  )
  const model = withRoom(answers, () => Promise.reject(new Error('It was read.')))
  await expect(model(call, NEVER)).rejects.toMatchObject({ code: 'busy' })
})

test('large calls are read one at a time; one that cannot be read does not hold up the next', async () => {
  let reading = 0
  let most = 0
  const model = withRoom(answers, async ({ query }) => {
    most = Math.max(most, ++reading)
    await new Promise((resolve) => setImmediate(resolve))
    reading--
    if (query === '?bad') throw new Error('It is bad.')
  })
  const asked = ['', '?bad', '', ''].map((query) => model(callWith('x'.repeat(100_000), { query }), NEVER))
  const ends = await Promise.allSettled(asked)
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  expect(most).toBe(1)
})
