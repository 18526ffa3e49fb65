import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { indented, isIndented, minified } from '../../server/base/json-format.ts'

/** Tokens that parsing and serialising again would lose. */
const ODD = '{ "b" : [1.0, -0, 1E5, "\\u00e9\\/\\"\\\\", {"a":"x","a":"y"} ] ,"a":12345678901234567890,"c":{},"d":[ ] }'

describe('minified', () => {
  test('takes out what stands between tokens, and nothing else', () => {
    expect(minified(ODD)).toBe(
      '{"b":[1.0,-0,1E5,"\\u00e9\\/\\"\\\\",{"a":"x","a":"y"}],"a":12345678901234567890,"c":{},"d":[]}',
    )
    expect(minified('\r\n\t "a b\\" " \n')).toBe('"a b\\" "')
  })

  test('agrees with JSON.stringify, whatever the layout was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 2, 8, '\t'), (value, space) => {
        expect(minified(JSON.stringify(value, null, space))).toBe(JSON.stringify(value))
      }),
    )
  })

  test('is linear in the length of a string, and in its escapes', () => {
    for (const piece of ['x ', String.raw`\" `, String.raw`\\`]) {
      const text = JSON.stringify(piece.repeat(2_000_000))
      expect(minified(` ${text} `) === text).toBe(true)
    }
  })
})

describe('indented', () => {
  test('lays the tokens out as JSON.stringify would', () => {
    expect(indented('{"a":[],"b":{ },"c":[ 1.0,{"d":"{"}]}', 2)).toBe(
      '{\n  "a": [],\n  "b": {},\n  "c": [\n    1.0,\n    {\n      "d": "{"\n    }\n  ]\n}',
    )
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.integer({ min: 0, max: 8 }),
        fc.constantFrom(0, 3, '\t'),
        (value, blanks, space) => {
          expect(indented(JSON.stringify(value, null, space), blanks)).toBe(JSON.stringify(value, null, blanks))
        },
      ),
    )
  })

  test('keeps every token: only white space differs', () => {
    for (const blanks of [0, 1, 4]) expect(minified(indented(ODD, blanks))).toBe(minified(ODD))
  })
})

describe('isIndented', () => {
  test('says whether a text is laid out so', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 8 }), (value, a, b) => {
        const text = JSON.stringify(value, null, a)
        expect(isIndented(text, b)).toBe(text === JSON.stringify(value, null, b))
      }),
    )
    expect(isIndented('{\n  "a": 1\n}\n', 2)).toBe(false)
  })

  test('stops at the first difference in a text whose layout would be too long to make', () => {
    const deep = 200_000
    expect(isIndented(`[\n ${'['.repeat(deep)}${']'.repeat(deep + 1)}`, 1)).toBe(false)
  })
})
