/** Counting the answers that each client gets. */
import { expect, test } from 'vitest'
import { createCounts, rowOf } from '../../server/model/count.ts'

test('each client counts for itself, and those without a name are one', () => {
  const counts = createCounts()
  const [one, other] = [
    { name: 'a', id: 1 },
    { name: 'a', id: 2 },
  ]
  const next = (caller: typeof one | undefined, key = 'k') => counts.next(rowOf({ caller }, key))
  expect([next(one), next(one), next(other), next(undefined), next(undefined), next(one, 'l')]).toEqual([
    1, 2, 1, 1, 2, 1,
  ])
})

test('a number is given back unless a later one was given', () => {
  const counts = createCounts()
  const first = counts.next('r')
  counts.back('r', first)
  expect(counts.next('r')).toBe(1)
  expect(counts.next('r')).toBe(2)
  counts.back('r', 1)
  expect(counts.next('r')).toBe(3)
})
