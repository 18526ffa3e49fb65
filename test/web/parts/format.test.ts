import { expect, test } from 'vitest'
import { age, bytes, counted, duration, number } from '../../../web/parts/format.ts'

test.each([
  [0, '0 ms'],
  [308, '308 ms'],
  [0.4, '0 ms'],
  [999.4, '999 ms'],
  [999.6, '1.00 s'],
  [15_740, '15.74 s'],
  [59_990, '59.99 s'],
  [59_999, '1 min 0 s'],
  [125_300, '2 min 5 s'],
  [3_720_000, '1 h 2 min'],
  [undefined, '–'],
  [Number.NaN, '–'],
])('%s ms are %s', (ms, words) => expect(duration(ms)).toBe(words))

test.each([
  [812, '812 B'],
  [4100, '4.1 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [undefined, '–'],
])('%s bytes are %s', (value, words) => expect(bytes(value)).toBe(words))

test('numbers have separators, and things their plural', () => {
  expect(number(1_234_567)).toBe('1,234,567')
  expect([counted(1, 'event'), counted(2000, 'event'), counted(0, 'reply', 'replies')]).toEqual([
    '1 event',
    '2,000 events',
    '0 replies',
  ])
})

const NOW = Date.parse('2026-11-26T12:00:00Z')

test.each([
  ['2026-11-26T11:59:31Z', 'just now'],
  ['2026-11-26T11:58:00Z', '2 minutes ago'],
  ['2026-11-25T11:00:00Z', 'yesterday'],
  ['2026-11-23T11:00:00Z', '3 days ago'],
  ['2026-05-01T00:00:00Z', '6 months ago'],
  ['2026-11-26T13:30:00Z', 'in 1 hour'],
  ['no time', '–'],
  [undefined, '–'],
])('%s was %s', (iso, words) => expect(age(iso, NOW)).toBe(words))
