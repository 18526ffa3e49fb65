import { expect, test, vi } from 'vitest'
import { remember } from '../../server/base/memo.ts'

test('makes something of a frozen value once, and of any other each time', () => {
  const make = vi.fn((list: readonly number[]) => list.length)
  const length = remember(make)
  const [frozen, loose] = [Object.freeze([1, 2]), [1, 2, 3]]
  expect([length(frozen), length(frozen), length(loose), length(loose)]).toEqual([2, 2, 3, 3])
  expect(make.mock.calls).toEqual([[frozen], [loose], [loose]])
})
