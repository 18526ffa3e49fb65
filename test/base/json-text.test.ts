import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  eachLiteral,
  eachString,
  indexesInText,
  type JsonString,
  memberText,
  replacementsIn,
  valuesIn,
} from '../../server/base/json-text.ts'

const stringsOf = (text: string): JsonString[] => {
  const strings: JsonString[] = []
  eachString(text, (string) => strings.push({ ...string, place: [...string.place] }))
  return strings
}

describe('eachString', () => {
  test('visits every string and every name in order, with its place', () => {
    const text = '{"a":"1","b":{"c":["2",{"d":"3"},"4"]},"\\u0065":"5"}'
    const seen = stringsOf(text).map(({ value, isName, place }) => [value, isName, place.join('.')])
    expect(seen).toEqual([
      ['a', true, 'a'],
      ['1', false, 'a'],
      ['b', true, 'b'],
      ['c', true, 'b.c'],
      ['2', false, 'b.c.0'],
      ['d', true, 'b.c.1.d'],
      ['3', false, 'b.c.1.d'],
      ['4', false, 'b.c.2'],
      ['e', true, 'e'],
      ['5', false, 'e'],
    ])
    expect(stringsOf('"x"')).toEqual([{ value: 'x', raw: 'x', start: 1, isName: false, place: [], within: -1 }])
  })

  test('finds the same strings as JSON.parse, and they stand where it says', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1), (value, space) => {
        const text = JSON.stringify(value, null, space)
        const expected: string[] = []
        JSON.parse(text, (_name, member: unknown) => {
          if (typeof member === 'string') expected.push(member)
          return member
        })
        const strings = stringsOf(text)
        expect(strings.flatMap((string) => (string.isName ? [] : string.value)).toSorted()).toEqual(expected.toSorted())
        for (const { value: said, raw, start } of strings) {
          expect(text.slice(start - 1, start + raw.length + 1)).toBe(`"${raw}"`)
          expect(JSON.parse(`"${raw}"`)).toBe(said)
        }
      }),
    )
  })

  test('tells which strings stand in the same object or list', () => {
    const [, a, , b, , c] = stringsOf('[{"n":"a","m":"b"},{"n":"c"}]')
    expect([a?.value, b?.value, c?.value]).toEqual(['a', 'b', 'c'])
    expect(a?.within).toBe(b?.within)
    expect(a?.within).not.toBe(c?.within)
  })

  test('takes strings of any length, escaped or not', () => {
    for (const piece of ['x', String.raw`"`, '\\']) {
      const value = piece.repeat(4_500_000)
      expect(stringsOf(JSON.stringify({ a: value }))[1]?.value === value).toBe(true)
    }
  })

  test('reads what there is of a text that was cut, or is not JSON', () => {
    const valuesOf = (text: string) => stringsOf(text).map(({ value }) => value)
    expect(valuesOf('{"a":"b c')).toEqual(['a', 'b c'])
    expect(valuesOf(String.raw`{"a":"b\nc\q\u00e9\u00`)).toEqual(['a', 'b\ncq\u00e9u00'])
    expect(valuesOf('{"a":"b\nc\\"')).toEqual(['a', 'b\nc\\'])
    expect(valuesOf(']},:"a"}}"')).toEqual(['a', ''])
    expect(valuesOf('')).toEqual([])
  })
})

test('a character of a string is found in its JSON text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.array(fc.nat(20), { maxLength: 6 }),
      (value, all, some) => {
        const escape = (text: string) =>
          [...Array(text.length).keys()].map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')
        const encode = (text: string) => (all ? escape(text) : JSON.stringify(text).slice(1, -1))
        const indexes = some.filter((index) => index <= value.length).toSorted((a, b) => a - b)
        // A pair that is torn apart is written in another way.
        if (!all && indexes.some((index) => !value.slice(0, index).isWellFormed())) return
        expect(indexesInText(encode(value), indexes)).toEqual(
          indexes.map((index) => encode(value.slice(0, index)).length),
        )
      },
    ),
  )
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

/** The text with the values replaced, and what was put there. */
function rewritten(text: string, pick: Parameters<typeof replacementsIn>[1]) {
  const found = replacementsIn(text, pick)
  const written = found
    .toReversed()
    .reduce((all, { start, end, by }) => all.slice(0, start) + by + all.slice(end), text)
  return { written, by: found.map(({ by }) => by) }
}

test('eachLiteral visits numbers and words', () => {
  const text = '{ "a" : [ 1.0 , {"b":"x"} ,[] ,true], "c":{ "a":null }, "d" : "1" ,"e": -2e5}'
  const seen: string[] = []
  eachLiteral(text, (start, end) => seen.push(text.slice(start, end)))
  expect(seen).toEqual(['1.0', 'true', 'null', '-2e5'])
})

describe('replacementsIn', () => {
  const text = '{ "a" : [ 1.0, {"b":"x"} ,[] ], "c":{ "a":null }, "d" : "e,}]" ,"a\\u0062":2}'

  test('asks for every value by its place', () => {
    const places: string[] = []
    expect(replacementsIn(text, (place) => void places.push(place.join('.')))).toEqual([])
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
    const pick = (place: readonly (string | number)[]) => (place.join('.') === where ? '"*"' : undefined)
    const { written, by } = rewritten(text, pick)
    expect(written).toBe(expected)
    expect(by).toEqual(['"*"'])
    expect(replacementsIn(written, pick)).toEqual([])
  })

  test('agrees with what parsing and writing gives', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(20), (value, chosen) => {
        const places: string[] = []
        replacementsIn(JSON.stringify(value), (place) => void places.push(JSON.stringify(place)))
        const where = places[chosen % Math.max(places.length, 1)]
        const { written } = rewritten(JSON.stringify(value, null, 1), (place) =>
          JSON.stringify(place) === where ? '"*"' : undefined,
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

test('replacementsIn tells how a value begins', () => {
  const first: string[] = []
  replacementsIn('{"a": [ 1],"b" :"x","c":{},"d":null}', (_place, character) => void first.push(character))
  expect(first).toEqual(['[', '1', '"', '{', 'n'])
})

test('valuesIn parts objects and arrays that follow each other, and nothing else', () => {
  expect(valuesIn(' {"a":"}{"} [1] \n{}\n')).toEqual([' {"a":"}{"}', ' [1]', ' \n{}'])
  for (const text of ['', '{', '{}{', '{}x', '1', '}', '{}}{}', '{"a":1}']) {
    const values = valuesIn(text)
    expect([text, values]).toEqual([text, [text]])
  }
})
