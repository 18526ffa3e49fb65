import { expect, test } from 'vitest'
import { matching } from '../../../web/compare/matching.ts'

const ROWS = [
  { name: 'my-name-1.jsonl', asked: 'My name is Ada', model: 'gpt-5', ending: 'completed' },
  { name: 'say-hi-2.jsonl', asked: 'Say hi', model: 'claude', ending: 'stalled' },
  { name: 'broken.jsonl', ending: 'damaged' },
] as const

test('finds fixtures that hold all words, in whatever case', () => {
  const names = (text: string) => matching(ROWS, text).map(({ name }) => name)
  expect(names('')).toHaveLength(3)
  expect(names('ADA gpt')).toEqual(['my-name-1.jsonl'])
  expect(names('stalled')).toEqual(['say-hi-2.jsonl'])
  expect(names('[')).toEqual([])
})
