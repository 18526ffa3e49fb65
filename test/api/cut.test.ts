import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cut } from '../../server/api/cut.ts'

test.each([
  ['', []],
  ['Hello, you two.', ['Hello,', ' you', ' two.']],
  ['  indented\n\ntwice  ', ['  indent', 'ed', '\n\ntwice', '  ']],
  ['internationally', ['internat', 'ionally']],
  ['今日はとても良い天気', ['今日はとても良い', '天気']],
  ['a\r\nb', ['a', '\r\nb']],
])('%j is cut where words begin, and where they are long', (text, pieces) => {
  expect(cut(text)).toEqual(pieces)
})

test('what people see as one character stays whole', () => {
  const characters = ['👩‍👩‍👧‍👦', 'é', '🇫🇷', 'நி', '각']
  for (const character of characters) {
    for (const piece of cut(character.repeat(40))) expect(piece.replaceAll(character, '')).toBe('')
  }
})

test('the pieces of any text are the text, none is empty, and there are not too many', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' })), (text) => {
      const pieces = cut(text)
      expect(pieces.join('')).toBe(text)
      expect(pieces).not.toContain('')
    }),
  )
  expect(cut('word '.repeat(100_000)).length).toBeLessThanOrEqual(2000)
})
