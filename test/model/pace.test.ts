import { expect, test } from 'vitest'
import { fixed, instant, recorded } from '../../server/model/pace.ts'

test('instant owes nothing, recorded keeps the times, fixed keeps a gap', () => {
  expect([0, 40, 900].map(instant)).toEqual([0, 0, 0])
  expect([0, 40, 900].map(recorded(1))).toEqual([0, 40, 900])
  expect([0, 40, 900].map(recorded(2))).toEqual([0, 20, 450])
  expect([0, 40, 900].map(fixed(15))).toEqual([0, 15, 30])
})
