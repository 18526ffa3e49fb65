import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type JsonValue,
  MAX_DEPTH,
  asText,
  flawOf,
  isEqual,
  memberOf,
  parseExact,
  parseJson,
  parseObject,
} from '../../server/base/json.ts'

describe('parseObject', () => {
  test('reads objects, and nothing else', () => {
    expect(parseObject('{"a":1}')).toEqual({ a: 1 })
    for (const text of ['[]', '1', 'null', '"a"', '{', '']) expect(parseObject(text)).toBeUndefined()
  })
})

describe('parseExact', () => {
  const read = (text: string) => parseExact(text, (digits) => `<${digits}>`)

  test('wraps the integers that a number cannot hold, and nothing else', () => {
    expect(read('{"a":9007199254740993,"b":[-9223372036854775808,9007199254740991],"c":1.0}')).toEqual({
      a: '<9007199254740993>',
      b: ['<-9223372036854775808>', 9007199254740991],
      c: 1,
    })
    // Neither a fraction nor an exponent is an integer that would lose its digits.
    const others = '[12345678901234567890.5,1e30,0.12345678901234567]'
    expect(read(others)).toEqual(JSON.parse(others))
    expect(read('{"9007199254740993":"9007199254740993"}')).toEqual({ '9007199254740993': '9007199254740993' })
  })

  test('reads all else as JSON.parse does, and refuses what that refuses', () => {
    const unwrap = (_name: string, value: unknown) =>
      typeof value === 'string' && /^<-?\d+>$/.test(value) ? Number(value.slice(1, -1)) : value
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(JSON.stringify(read(text)), unwrap)).toEqual(JSON.parse(JSON.stringify(JSON.parse(text))))
      }),
    )
    for (const text of ['', '{', '{"a":9007199254740993', '0123456789012345678']) {
      expect(() => read(text)).toThrow(SyntaxError)
    }
  })
})

test('a member is one of the object itself', () => {
  expect(memberOf({ a: 1 }, 'a')).toBe(1)
  expect(memberOf<unknown>({ a: 1 }, 'toString')).toBeUndefined()
  expect(memberOf(parseObject('{"__proto__":2,"toString":3}') ?? {}, '__proto__')).toBe(2)
})

test('a value is read as a text as it is, or as its JSON', () => {
  expect(['a "b"', { a: [1] }, null, 1].map(asText)).toEqual(['a "b"', '{"a":[1]}', 'null', '1'])
})

describe('flawOf', () => {
  test('finds a lone surrogate in a value, in a name and in depth', () => {
    expect(flawOf('\ud83d')).toContain('lone surrogate')
    expect(flawOf({ '\udc00': 1 })).toContain('lone surrogate')
    expect(flawOf([{ a: ['ok', '\ud83d'] }])).toContain('lone surrogate')
    expect(flawOf([{ a: ['ok', '😀'] }])).toBeUndefined()
  })

  test('finds what is nested too deep, however deep', () => {
    const nested = (depth: number) => parseJson('['.repeat(depth) + ']'.repeat(depth)) ?? null
    expect(flawOf(nested(MAX_DEPTH))).toBeUndefined()
    expect(flawOf(nested(MAX_DEPTH + 1))).toContain('nested')
    expect(flawOf(nested(400_000))).toContain('nested')
  })
})

test('two values are equal if their canonical forms are', () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<JsonValue>(null, 0, -0, 1, '', 'a', false, [], {}),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'toString', '__proto__'), tie('value'), { maxKeys: 3 }),
    ),
  })).value
  fc.assert(
    fc.property(value, value, (left, right) => {
      const [a, b] = [parseJson(JSON.stringify(left)), parseJson(JSON.stringify(right))]
      expect(isEqual(a, b)).toBe(canonicalize(a) === canonicalize(b))
      expect(isEqual(a, parseJson(JSON.stringify(a)))).toBe(true)
    }),
    { numRuns: 500 },
  )
  expect(isEqual(undefined, null)).toBe(false)
})
