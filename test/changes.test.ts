import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countWords, differenceIn, marked, pairUp, wordChanges } from '../server/changes.ts'

const marks = (before: string, after: string): string => wordChanges(before, after).map(marked).join('')

/** Texts that have much in common. */
const sentence = fc
  .array(fc.constantFrom('one', 'two', 'three', ' ', '  ', '\n', ',', '。', '世界', '👋🏽', '-}', '[-'), {
    maxLength: 30,
  })
  .map((pieces) => pieces.join(''))

describe('word by word', () => {
  test.each([
    ['the same', 'the same', 'the same'],
    ['', 'new', '{+new+}'],
    ['My name is Ada.', 'My name is Eve.', 'My name is [-Ada-]{+Eve+}.'],
    ['a b c x', 'd e f x', '[-a b c-]{+d e f+} x'],
    ['こんにちは世界', 'こんにちは皆さん', 'こんにちは[-世界-]{+皆さん+}'],
  ])('%j → %j', (before, after, expected) => {
    expect(marks(before, after)).toBe(expected)
  })

  test('the changes are both texts, and no two neighbours are of one kind', () => {
    fc.assert(
      fc.property(sentence, sentence, (before, after) => {
        const changes = wordChanges(before, after)
        const without = (kind: string) =>
          changes.flatMap((change) => (change.kind === kind ? [] : [change.text])).join('')
        expect([without('added'), without('removed')]).toEqual([before, after])
        expect(changes.every(({ text, kind }, index) => text !== '' && kind !== changes[index + 1]?.kind)).toBe(true)
      }),
    )
  })

  test('texts far apart cost little, and are told as one replacing the other', () => {
    const [before, after] = ['a', 'b'].map((seed) =>
      Array.from({ length: 50_000 }, (_, index) => seed + index).join(' '),
    )
    expect(wordChanges(before ?? '', after ?? '').map(({ kind }) => kind)).toEqual(['removed', 'added'])
  })
})

describe('the place where texts differ', () => {
  const place = (before: string, after: string) => differenceIn(before, after)?.map(marked).join('')
  const long = 'word '.repeat(100)

  test.each([
    [
      'in the middle',
      'Rephrase this in French: Hello',
      'Rephrase this in Pirate: Hello',
      'Rephrase this in [-French-]{+Pirate+}: Hello',
    ],
    ['at the end of much', `${long}one`, `${long}two`, '…word word word word [-one-]{+two+}'],
    ['at the beginning of much', `one ${long}`, `two ${long}`, '[-one-]{+two+} word word word word…'],
    ['in part of a word', 'gpt-5 here', 'gpt-4 here', 'gpt-[-5-]{+4+} here'],
    ['where one has more', 'Say hi', 'Say hi again', 'Say hi{+ again+}'],
  ])('%s', (_where, before, after, expected) => {
    expect(place(before, after)).toBe(expected)
  })

  test('of texts without a word in common there is none to show', () => {
    expect(place('Boo', 'My name')).toBeUndefined()
    expect(place('1024', '1025')).toBeUndefined()
    expect(place('', 'x')).toBeUndefined()
  })

  test('is bounded, whole, and the same each time', () => {
    fc.assert(
      fc.property(fc.array(sentence), fc.array(sentence), (before, after) => {
        const [left, right] = [before.join('same'), after.join('same')]
        const shown = place(left, right)
        expect(shown).toBe(place(left, right))
        expect(shown?.isWellFormed() ?? true).toBe(true)
        expect(shown?.length ?? 0).toBeLessThan(500)
      }),
    )
  })
})

test('words are counted in any script', () => {
  expect(['', '…!', "I can't, you know", 'こんにちは世界'].map(countWords)).toEqual([0, 0, 4, 2])
})

test('lists are paired up in order', () => {
  expect(pairUp(['a', 'b', 'c'], ['a', 'x', 'c', 'd'])).toEqual([
    { before: 0, after: 0 },
    { before: 1, after: undefined },
    { before: undefined, after: 1 },
    { before: 2, after: 2 },
    { before: undefined, after: 3 },
  ])
  const [before, after] = [0, 1].map((odd) => Array.from({ length: 5000 }, (_, index) => String(2 * index + odd)))
  expect(pairUp(before ?? [], after ?? [])).toHaveLength(10_000)
})
