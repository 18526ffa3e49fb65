import { expect, test } from 'vitest'
import { tokensOf } from '../../../web/parts/tokens.ts'

const laidOut = (text: string): string | undefined =>
  tokensOf(text)
    ?.map((token) => token.text)
    .join('')

test.each([
  { a: 1, b: ['x', true, null], c: { d: {}, e: [] } },
  [],
  'only "text" \\ \u2028',
  -1.5e-7,
  { __proto__: null, 'a"b': '}{][,:' },
])('%j is laid out as JSON.stringify would', (value) => {
  expect(laidOut(JSON.stringify(value))).toBe(JSON.stringify(value, undefined, 2))
})

test('space between is laid out anew, numbers and escapes stay as they stand', () => {
  expect(laidOut('{ "id" :12345678901234567890 ,\r\n"f":1.0, "n":1E400, "u":"\\u00e9\\/", "e":[ ] }')).toBe(
    '{\n  "id": 12345678901234567890,\n  "f": 1.0,\n  "n": 1E400,\n  "u": "\\u00e9\\/",\n  "e": []\n}',
  )
})

test('each token has its kind', () => {
  expect(tokensOf('{"a":["b",1,null]}')?.filter(({ kind }) => kind !== 'other')).toEqual([
    { kind: 'key', text: '"a"' },
    { kind: 'string', text: '"b"' },
    { kind: 'number', text: '1' },
    { kind: 'word', text: 'null' },
  ])
})

test.each(['', '{', 'data: x', '{"a":1} {"b":2}', "{'a':1}", '[1,]'])('%j is no JSON', (text) => {
  expect(tokensOf(text)).toBeUndefined()
})

test('a megabyte in one string is cut, and says by how much', () => {
  const text = laidOut(JSON.stringify({ a: 'x'.repeat(1_000_000) })) ?? ''
  expect(text.length).toBeLessThan(1000)
  expect(text).toContain('999,402 characters more')
})

test('many members are bounded, and say how much there is more', () => {
  const tokens = tokensOf(JSON.stringify(Array.from({ length: 300_000 }, (_, index) => index))) ?? []
  expect(tokens.length).toBeLessThan(10_000)
  expect(tokens.at(-1)?.kind).toBe('more')
})

test('however deep it is, a line is not moved in for ever', () => {
  const depth = 2000
  const text = laidOut('[1,'.repeat(depth) + '1' + ']'.repeat(depth)) ?? ''
  expect(text.length).toBeLessThan(300_000)
})

test('what is nested beyond any stack is laid out as far as it goes', () => {
  expect(() => tokensOf('['.repeat(1_000_000) + ']'.repeat(1_000_000))).not.toThrow()
})
