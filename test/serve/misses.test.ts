/** What nobody was told of calls that could not be replayed, and how much of it is kept. */
import { expect, test } from 'vitest'
import { createMisses } from '../../server/serve/misses.ts'

test('a reason is told once, with how often it came, until its clients were told', () => {
  const misses = createMisses()
  misses.note('No fixture for this.')
  misses.note('No fixture for that.', 'w1')
  misses.note('No fixture for this.', 'w1')
  misses.note('No fixture for this.', 'w1')
  expect(misses.untold()).toEqual({
    reasons: [
      { why: 'No fixture for this.', times: 3 },
      { why: 'No fixture for that.', times: 1 },
    ],
    more: 0,
  })
  misses.told('w1')
  misses.told('nobody')
  expect(misses.untold().reasons).toEqual([{ why: 'No fixture for this.', times: 1 }])
})

test('there is a bound to what is kept, and what is beyond it is counted', () => {
  const misses = createMisses()
  for (let count = 0; count < 1200; count++) misses.note(`No fixture for ${count}.`, `n${count % 7}`)
  misses.note('No fixture for 0.', 'n0')
  expect([misses.untold().reasons.length, misses.untold().more]).toEqual([1000, 200])
  for (let count = 0; count < 7; count++) misses.told(`n${count}`)
  misses.note('No fixture for this.')
  expect(misses.untold()).toEqual({ reasons: [{ why: 'No fixture for this.', times: 1 }], more: 200 })
})
