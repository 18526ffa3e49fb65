/** An answer that never stops lets others go first. */
import { expect, test } from 'vitest'
import { systemClock } from '../../server/base/clock.ts'
import { createRest, inPieces } from '../../server/model/stint.ts'

test('work goes on for some milliseconds, and then the event loop turns', async () => {
  let time = 0
  const rest = createRest({ ...systemClock, now: () => time })
  expect(rest()).toBeUndefined()
  time = 4
  expect(rest()).toBeUndefined()
  time = 5
  let turned = false
  systemClock.soon(() => (turned = true))
  await rest()
  expect(turned).toBe(true)
})

test('work that the event loop interrupted begins anew', async () => {
  let time = 0
  const rest = createRest({ ...systemClock, now: () => time })
  rest()
  await new Promise<void>((resolve) => systemClock.soon(resolve))
  time = 5
  expect(rest()).toBeUndefined()
})

test('pieces are all of the bytes, in order', () => {
  const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, index) => index % 251))
  const pieces = [...inPieces(bytes)]
  expect(pieces.length).toBeGreaterThan(1)
  expect(Buffer.concat(pieces)).toEqual(bytes)
  expect([...inPieces(Buffer.alloc(0))]).toEqual([])
})
