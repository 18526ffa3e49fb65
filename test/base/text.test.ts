import { expect, test } from 'vitest'
import { patternOf } from '../../server/base/text.ts'

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
