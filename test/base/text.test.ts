import { describe, expect, test } from 'vitest'
import { patternOf, printable, printableLines } from '../../server/base/text.ts'

test.each([
  ['gpt-4.1', 'gpt-4.1', true],
  ['gpt-4.1', 'gpt-4x1', false],
  ['gpt-4.1', 'my-gpt-4.1', false],
  ['gpt-4*', 'gpt-4.1-mini', true],
  ['*mini', 'gpt-4.1-mini', true],
  ['*', 'anything\nat all', true],
  ['(a|b)', 'a', false],
])('%s and %j: %j', (pattern, name, fits) => {
  expect(patternOf(pattern).test(name)).toBe(fits)
})

describe('printable', () => {
  test.each([
    ['plain, ünïcödé, 👋🏽', 'plain, ünïcödé, 👋🏽'],
    ['one\ntwo\r\n', String.raw`one\u000atwo\u000d\u000a`],
    ['\u001b[31mred\u001b[0m', String.raw`\u001b[31mred\u001b[0m`],
    ['\u0085\u009b\u007f\u0000', String.raw`\u0085\u009b\u007f\u0000`],
    ['a\u202eb\u2066c', String.raw`a\u202eb\u2066c`],
    ['a\u2028b\u2029', String.raw`a\u2028b\u2029`],
  ])('%j', (text, shown) => {
    expect(printable(text)).toBe(shown)
  })

  test('keeps the lines of a text that may have several', () => {
    expect(printableLines('one\u0007\ntwo\r\n')).toBe('one\\u0007\ntwo\\u000d\n')
  })
})
