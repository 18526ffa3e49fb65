import { expect, test } from 'vitest'
import { parseRules } from '../../server/redact/rules.ts'
import { sparedBy } from '../../server/redact/spared.ts'

const spared = (pattern: string, flags?: string): string[] =>
  sparedBy(parseRules(JSON.stringify({ redact: [{ pattern, flags, placeholder: '[x]' }] }), 'rules.json').patterns)

test.each([
  ['delta', 'i', 'delta'],
  ['\\b[a-z]+_[a-z]+\\b', undefined, 'code_interpreter'],
  ['[\\w-]+\\.[a-z]{2,}', undefined, 'response.'],
  ['\\d{4}-\\d{2}-\\d{2}', undefined, 'gpt-'],
  ['e', undefined, 'error'],
])('who wrote %s is told which words it matches', (pattern, flags, word) => {
  expect(spared(pattern, flags)).toEqual([expect.stringContaining(word)])
})

test('a pattern for texts is told nothing', () => {
  expect(spared('[\\w.]+@example\\.com')).toEqual([])
})
