import { expect, test } from 'vitest'
import { waitFor } from '../../../web/live/wait.ts'

test('waits grow, up to a bound', () => {
  const waits = Array.from({ length: 12 }, (_, tries) => waitFor(tries))
  expect(waits[0]).toBeLessThanOrEqual(1000)
  expect(waits).toEqual(waits.toSorted((one, other) => one - other))
  expect(Math.max(...waits, waitFor(10_000))).toBeLessThanOrEqual(30_000)
})
