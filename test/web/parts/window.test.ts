import { expect, test } from 'vitest'
import { sightOf, topFor } from '../../../web/parts/window.ts'

test('what is in sight is drawn, and some around it', () => {
  const { from, to } = sightOf(3600, 360, 36, 10_000)
  expect(from).toBeLessThanOrEqual(100)
  expect(to).toBeGreaterThanOrEqual(110)
  expect(to - from).toBeLessThan(40)
})

test.each([
  [0, 360, 3],
  [99_999, 360, 3],
  [0, 0, 0],
  [500, 360, 0],
])('never more than there is: scrolled to %s, %s high, %s rows', (top, height, count) => {
  const { from, to } = sightOf(top, height, 36, count)
  expect(from).toBeGreaterThanOrEqual(0)
  expect(to).toBeLessThanOrEqual(count)
  expect(from).toBeLessThanOrEqual(to)
})

test('a row comes into sight by the shortest way', () => {
  expect(topFor(2, 100, 360, 36)).toBe(72)
  expect(topFor(20, 100, 360, 36)).toBe(396)
  expect(topFor(5, 100, 360, 36)).toBe(100)
})
