import { expect, test } from 'vitest'
import { comeBy, stripsOf } from '../../../web/compare/strips.ts'
import { viewOf } from '../../kit/views.ts'

const before = viewOf(
  [10, 20, 30],
  [
    ['text', 1, 'Hello'],
    ['text', 2, ' you'],
  ],
)
const after = viewOf([10, 20], [['tool', 1, '{}', 'look']])

test('both sides have the lanes that either has, at the same distance', () => {
  const [one, other] = stripsOf([before, after])
  expect(one?.lanes.map(({ kind }) => kind)).toEqual(['tool', 'text', 'other'])
  expect(other?.lanes.map(({ kind }) => kind)).toEqual(['tool', 'text', 'other'])
  const [from, to] = [one?.lanes[0]?.top ?? 0, other?.lanes[0]?.top ?? 0]
  expect(other?.lanes.map(({ top }) => top - to)).toEqual(one?.lanes.map(({ top }) => top - from))
  expect(other?.top).toBeGreaterThan(one?.bottom ?? Infinity)
})

test('tells how far a side is at a time', () => {
  expect([comeBy(before, 5), comeBy(before, 20), comeBy(before, 99)]).toEqual([0, 2, 3])
})
