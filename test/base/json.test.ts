import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_DEPTH, flawOf, isEqual, parseJson, parseObject, type JsonValue } from '../../server/base/json.ts'
import { memberText, rewriteStrings, rewriteValues } from '../../server/base/json-text.ts'

describe('parseObject', () => {
  test('reads objects, and nothing else', () => {
    expect(parseObject('{"a":1}')).toEqual({ a: 1 })
    for (const text of ['[]', '1', 'null', '"a"', '{', '']) expect(parseObject(text)).toBeUndefined()
  })
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

describe('rewriteStrings', () => {
  test('leaves a text that needs no rewriting as it is, byte for byte', () => {
    const spaced = '{ "a" : [1.0, 1e5, "\\u00e9\\/", {"a":"x","a":"y"} ] ,"b":{}}'
    expect(rewriteStrings(spaced, (value) => value)).toBe(spaced)
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(rewriteStrings(text, (value) => value)).toBe(text)
      }),
    )
  })

  test('reaches every string and every name, and nothing but them', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        const seen: string[] = []
        const written = rewriteStrings(text, (string) => {
          seen.push(string)
          return `<${string}>`
        })
        const wrapped: string[] = []
        JSON.parse(written, (_name, member: unknown) => {
          if (typeof member === 'string') wrapped.push(member)
          return member
        })
        expect(wrapped.every((string) => string.startsWith('<') && string.endsWith('>'))).toBe(true)
        expect(seen.length).toBeGreaterThanOrEqual(wrapped.length)
        expect(rewriteStrings(written, (string) => string.slice(1, -1))).toBe(JSON.stringify(JSON.parse(text)))
      }),
    )
  })

  test('takes strings of any length, escaped or not', () => {
    for (const piece of ['x', String.raw`\"`, String.raw`\\`]) {
      const text = JSON.stringify({ a: piece.repeat(4_500_000) })
      expect(rewriteStrings(text, (value) => value) === text).toBe(true)
    }
  })

  test('tells the name and the depth of the member that holds a string', () => {
    const calls: [string, string, number][] = []
    rewriteStrings('{"a":"1","b":{"c":["2",{"d":"3"},"4"]},"e":"5"}', (value, name, depth) => {
      if (name !== '') calls.push([value, name, depth])
      return value
    })
    expect(calls).toEqual([
      ['1', 'a', 1],
      ['2', 'c', 3],
      ['3', 'd', 4],
      ['4', 'c', 3],
      ['5', 'e', 1],
    ])
  })
})

describe('memberText', () => {
  test('gives the value of a member as it stands, of duplicates the last', () => {
    const text = '{ "a" : -0.0 , "b":{"a":1,"c":[{"a":2}]},"a\\u0062":"x","a": [1.0, "}"] }'
    expect(memberText(text, 'a')).toBe('[1.0, "}"]')
    expect(memberText(text, 'b')).toBe('{"a":1,"c":[{"a":2}]}')
    expect(memberText(text, 'ab')).toBe('"x"')
    expect(memberText(text, 'c')).toBeUndefined()
    expect(memberText('{}', 'a')).toBeUndefined()
    expect(memberText('["a"]', 'a')).toBeUndefined()
  })

  test('agrees with JSON.parse on any object', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
        fc.constantFrom(undefined, 1),
        (object, space) => {
          const text = JSON.stringify(object, null, space)
          for (const [name, value] of Object.entries(object)) {
            expect(JSON.parse(memberText(text, name) ?? '')).toEqual(JSON.parse(JSON.stringify(value)))
          }
        },
      ),
    )
  })
})

test('two values are equal where their canonical forms are', () => {
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

describe('rewriteValues', () => {
  const text = '{ "a" : [ 1.0, {"b":"x"} ,[] ], "c":{ "a":null }, "d" : "e,}]" ,"a\\u0062":2}'

  test('asks for every value by its place', () => {
    const places: string[] = []
    expect(rewriteValues(text, (place) => void places.push(place.join('.')))).toBe(text)
    expect(places).toEqual(['a', 'a.0', 'a.1', 'a.1.b', 'a.2', 'c', 'c.a', 'd', 'ab'])
  })

  test.each([
    ['a', '{ "a" : "*", "c":{ "a":null }, "d" : "e,}]" ,"a\\u0062":2}'],
    ['a.0', '{ "a" : [ "*", {"b":"x"} ,[] ], "c":{ "a":null }, "d" : "e,}]" ,"a\\u0062":2}'],
    ['a.1', '{ "a" : [ 1.0, "*" ,[] ], "c":{ "a":null }, "d" : "e,}]" ,"a\\u0062":2}'],
    ['a.2', '{ "a" : [ 1.0, {"b":"x"} ,"*" ], "c":{ "a":null }, "d" : "e,}]" ,"a\\u0062":2}'],
    ['c.a', '{ "a" : [ 1.0, {"b":"x"} ,[] ], "c":{ "a":"*" }, "d" : "e,}]" ,"a\\u0062":2}'],
    ['d', '{ "a" : [ 1.0, {"b":"x"} ,[] ], "c":{ "a":null }, "d" : "*" ,"a\\u0062":2}'],
    ['ab', '{ "a" : [ 1.0, {"b":"x"} ,[] ], "c":{ "a":null }, "d" : "e,}]" ,"a\\u0062":"*"}'],
  ])('replaces %s, and no other byte', (where, expected) => {
    const by: string[] = []
    const pick = (place: readonly (string | number)[]) => (place.join('.') === where ? '*' : undefined)
    const written = rewriteValues(text, pick, (each) => by.push(each))
    expect(written).toBe(expected)
    expect(by).toEqual(['*'])
    expect(rewriteValues(written, pick, (each) => by.push(each))).toBe(expected)
    expect(by).toEqual(['*'])
  })

  test('agrees with what parsing and writing gives', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(20), (value, chosen) => {
        const places: string[] = []
        rewriteValues(JSON.stringify(value), (place) => void places.push(JSON.stringify(place)))
        const where = places[chosen % Math.max(places.length, 1)]
        const written = rewriteValues(JSON.stringify(value, null, 1), (place) =>
          JSON.stringify(place) === where ? '*' : undefined,
        )
        const expected = (node: unknown, place: (string | number)[]): unknown => {
          if (place.length > 0 && JSON.stringify(place) === where) return '*'
          if (Array.isArray(node)) return node.map((each, index) => expected(each, [...place, index]))
          if (typeof node !== 'object' || node === null) return node
          return Object.fromEntries(
            Object.entries(node).map(([name, each]) => [name, expected(each, [...place, name])]),
          )
        }
        expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(expected(value, []))))
      }),
    )
  })
})
