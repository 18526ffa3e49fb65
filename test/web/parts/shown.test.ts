import { expect, test } from 'vitest'
import { beginningOf, inLine, marked, runsOf } from '../../../web/parts/shown.ts'

test.each([
  ['the direction turned', 'safe\u202Etxt.exe', 'safe⟨202E⟩txt.exe'],
  ['isolates', '\u2066a\u2069', '⟨2066⟩a⟨2069⟩'],
  ['zero width', 'pass\u200Bword\uFEFF\u2060', 'pass⟨200B⟩word⟨FEFF⟩⟨2060⟩'],
  ['controls', 'a\u0000b\u001B[31m\u007F\u0085', 'a⟨0000⟩b⟨001B⟩[31m⟨007F⟩⟨0085⟩'],
  ['separators', 'a\u2028b\u2029', 'a⟨2028⟩b⟨2029⟩'],
  ['halves of pairs', 'a\uD83Db\uDE00', 'a⟨D83D⟩b⟨DE00⟩'],
  ['tags that say what nobody sees', 'hi\u{E0068}\u{E0069}', 'hi⟨E0068⟩⟨E0069⟩'],
  ['variants that hold bytes', 'a\u{E0101}', 'a⟨E0101⟩'],
  ['fillers', '\u3164\u115F', '⟨3164⟩⟨115F⟩'],
  ['a joiner that joins nothing', 'ab\u200Dcd', 'ab⟨200D⟩cd'],
])('%s can be seen', (_what, text, seen) => expect(marked(text)).toBe(seen))

test.each([
  ['lines and tabs', 'a\n\tb'],
  ['a family', '👩‍👩‍👧‍👦 👩🏽‍🚀 ❤️‍🔥'],
  ['a flag of tags', '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}'],
  ['Persian with its own space', 'می‌خواهم'],
  ['Hindi with a joiner', 'क्‍ष'],
  ['Hebrew, Japanese, accents', 'שלום こんにちは e\u0301'],
  ['variants of Han', '葛\u{E0100}'],
])('%s stay as they are', (_what, text) => expect(marked(text)).toBe(text))

test('runs hold all of the text, and marks that follow each other are one', () => {
  expect(runsOf('a\u202E\u202Db')).toEqual([
    { text: 'a', isMark: false },
    { text: '⟨202E⟩⟨202D⟩', isMark: true },
    { text: 'b', isMark: false },
  ])
  expect(runsOf('\u0007')).toEqual([{ text: '⟨0007⟩', isMark: true }])
  expect(runsOf('')).toEqual([])
})

test('a megabyte of marks is one run', () => {
  expect(runsOf('\u202E'.repeat(1_000_000))).toHaveLength(1)
})

test('a beginning never ends in half a pair', () => {
  expect(beginningOf('ab😀', 3)).toBe('ab')
  expect(beginningOf('ab😀', 4)).toBe('ab😀')
})

test('a line is one line', () => expect(inLine('a\r\n\r\nb\tc')).toBe('a b c'))
