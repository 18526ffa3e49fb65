import { expect, test } from 'vitest'
import { MAX_NAME_CHARS, isShort, nameSchema, quoted, shortened } from '../../server/base/name.ts'

const LONG = 'x'.repeat(1_000_000)

test('a name has a length, in characters as people count them', () => {
  const schema = nameSchema('"id"')
  expect(schema.safeParse('👋'.repeat(MAX_NAME_CHARS)).success).toBe(true)
  const why = (value: unknown) => schema.safeParse(value).error?.issues.map(({ message }) => message)
  expect(why('👋'.repeat(MAX_NAME_CHARS + 1))).toEqual(['"id" must have at most 128 characters'])
  expect(why(LONG)).toEqual(['"id" must have at most 128 characters'])
  expect(why(5)).toEqual(['"id" must be a string'])
  expect(why('\ud800')).toEqual(['"id" holds a lone surrogate, which is no text'])
})

test('a word is repeated if it is short; of a long one only the length, since no rule finds half a secret', () => {
  expect(quoted('a "b"')).toBe(String.raw`"a \"b\""`)
  expect(quoted(LONG)).toBe('(a word of 1000000 characters)')
})

test('a text is cut between characters', () => {
  expect(shortened('short')).toBe('short')
  expect(shortened(`a${'👋'.repeat(200)}`)).toBe(`a${'👋'.repeat(127)}…`)
  expect(isShort(shortened(LONG), MAX_NAME_CHARS + 1)).toBe(true)
})
