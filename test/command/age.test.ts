import { expect, test } from 'vitest'
import { parseAge } from '../../server/command/age.ts'

test.each([
  ['30d', 30 * 24 * 3_600_000],
  ['12h', 12 * 3_600_000],
  ['90m', 90 * 60_000],
  ['2w', 14 * 24 * 3_600_000],
  [' 1d ', 24 * 3_600_000],
])('%j', (text, ms) => {
  expect(parseAge(text)).toBe(ms)
})

test.each(['', '30', 'd', '-1d', '1.5d', '1 d', '30days', '1y'])('%j is no age, and what one is, is told', (text) => {
  expect(() => parseAge(text)).toThrow(`such as 12w, 30d, 36h or 90m (got ${JSON.stringify(text)})`)
})
