import { expect, test } from 'vitest'
import { titleOf } from '../../../web/app/title.ts'

test.each([
  [[], 'Fixtures · deltatape'],
  [['fixtures'], 'Fixtures · deltatape'],
  [['fixtures', 'a.jsonl'], 'a.jsonl · deltatape'],
  [['fixtures', 'a\u202E.jsonl'], 'a⟨202E⟩.jsonl · deltatape'],
  [['compare', 'a', 'b'], 'Compare a and b · deltatape'],
  [['compare', 'a'], 'Compare a · deltatape'],
  [['live'], 'Live · deltatape'],
  [['nowhere'], 'deltatape'],
])('%j is called %s', (path, title) => expect(titleOf(path)).toBe(title))
