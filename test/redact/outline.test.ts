import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { IsWord } from '../../server/api/words.ts'
import { type JsonValue, isObject } from '../../server/base/json.ts'
import { leavesIn } from '../../server/redact/leaves.ts'
import { createOutlines } from '../../server/redact/outline.ts'

/** Words stand under certain names, and some of them are told by what they say. */
const isWord: IsWord = (place, value) => place.includes('type') || value.startsWith('w')

const mayHold = (text: string) => text.includes('SECRET')

/** What a walk over all of a text finds: the strings that are neither words nor empty. */
const found = (text: string) =>
  leavesIn(text, ({ isName, place, value }) => !isName && value !== '' && !isWord(place, value)).map((leaf) => ({
    where: leaf.place.join('\0'),
    leaf,
  }))

const string = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', 'word', '"', '\\', '\\"', '1,2', '\n'))

const { value: anyJson } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    string,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom('type', 'b64_1', 'text'), string), tie('value'), { maxKeys: 4 }),
  ),
}))

const object = anyJson.map((value) => ({ value }))

/** The same with other strings and numbers, in turn. */
function otherwise(value: JsonValue, strings: readonly string[], numbers: readonly number[]): JsonValue {
  let next = 0
  const other = (each: JsonValue): JsonValue => {
    if (typeof each === 'string') return strings[next++ % strings.length] ?? each
    if (typeof each === 'number') return numbers[next++ % numbers.length] ?? each
    if (Array.isArray(each)) return each.map(other)
    return isObject(each)
      ? Object.fromEntries(Object.entries(each).map(([name, member]) => [name, other(member)]))
      : each
  }
  return other(value)
}

test('an event that looks like the one before has the strings that a walk over all of it finds', () => {
  const numbers = fc.array(fc.oneof(fc.integer(), fc.constantFrom(0, -1.5e-7, 1e21)), { minLength: 1 })
  fc.assert(
    fc.property(
      object,
      fc.array(fc.array(string, { minLength: 1 }), { maxLength: 3 }),
      numbers,
      fc.constantFrom(undefined, 1),
      (value, texts, others, space) => {
        const outlines = createOutlines({ mayHold, isWord })
        for (let times = 0; times < 2; times++) outlines.learn('', JSON.stringify(value, undefined, space))
        for (const strings of texts) {
          const text = JSON.stringify(otherwise(value, strings, others), undefined, space)
          expect(outlines.read('', text)).toEqual(found(text))
        }
      },
    ),
  )
})

test('whatever was learned before, what is read is what a walk finds', () => {
  fc.assert(
    fc.property(fc.array(object, { minLength: 2, maxLength: 12 }), (values) => {
      const outlines = createOutlines({ mayHold, isWord })
      for (const value of values) {
        const text = JSON.stringify(value)
        const texts = outlines.read('', text)
        if (texts) expect(texts).toEqual(found(text))
        else outlines.learn('', text)
      }
    }),
  )
})

const READ = '{"type":"delta","n":1,"text":"one","more":[{"text":""}]}'

const outlines = () => {
  const made = createOutlines({ mayHold, isWord })
  made.learn('delta', READ)
  expect(made.read('delta', READ)).toBeUndefined()
  made.learn('delta', READ)
  return made
}

test('a string in which something may be found has all of its event looked at', () => {
  const { read } = outlines()
  expect(read('delta', READ.replace('one', 'a SECRET'))).toBeUndefined()
  expect(read('delta', READ.replace('"delta"', '"SECRET"'))).toBeUndefined()
  expect(read('delta', READ.replace('one', 'two'))).toEqual(found(READ.replace('one', 'two')))
})

test.each([
  ['of another type', 'done', READ],
  ['with another name', 'delta', READ.replace('"n"', '"m"')],
  ['with one member more', 'delta', READ.replace('"n":1', '"n":1,"m":2')],
  ['with one item more', 'delta', READ.replace('}]', '},{}]')],
  ['with a number in place of a string', 'delta', READ.replace('"one"', '1')],
  ['with a string in place of a number', 'delta', READ.replace(':1', ':"1"')],
  ['with more white space', 'delta', READ.replace(':1', ': 1')],
  ['that goes on', 'delta', `${READ} `],
])('an event %s looks otherwise', (_what, type, text) => {
  expect(outlines().read(type, text)).toBeUndefined()
})

test('nothing is learned of an event with two strings at one place: which of them counts is told by what they say', () => {
  const made = createOutlines({ mayHold, isWord })
  for (let times = 0; times < 2; times++) made.learn('', '{"a":"one","a":"two"}')
  expect(made.read('', '{"a":"one","a":""}')).toBeUndefined()
})
