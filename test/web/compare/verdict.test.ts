import { expect, test } from 'vitest'
import type { Compared } from '../../../server/serve/page/data.ts'
import { verdictOf } from '../../../web/compare/verdict.ts'

type Given = Pick<Compared, 'comparison' | 'words' | 'reasoning'>

const same: Given = {
  comparison: {
    same: true,
    request: [],
    ending: [],
    answer: [],
    output: [],
    headers: [],
    body: [],
    usage: [],
    events: [],
    members: [],
    timing: { firstDelta: { before: 1, after: 2 }, duration: { before: 3, after: 4 } },
  },
  words: { request: [], ending: [], headers: [], output: [], body: [], usage: [] },
  reasoning: [],
}

test('times are no difference', () => {
  expect(verdictOf(same).size).toBe(0)
})

test('tells what differs, and how much', () => {
  const { comparison, words } = same
  const word = { name: 'x', changes: [] }
  const verdict = verdictOf({
    comparison: {
      ...comparison,
      same: false,
      ending: [{ name: 'ending', before: 'completed', after: 'stalled' }],
      answer: [
        { kind: 'added', text: 'two words' },
        { kind: 'removed', text: 'one' },
      ],
      events: [{ type: 'a', before: 1, after: 2 }],
    },
    words: { ...words, request: [word, word], usage: [word], headers: [word] },
    reasoning: [{ kind: 'added', text: '!' }],
  })
  expect([...verdict].map(([name, note]) => `${name}: ${note}`)).toEqual([
    'Request: 2 members',
    'Ending: completed → stalled',
    'Text: 2 words added, 1 removed',
    'Reasoning: punctuation or white space',
    'Headers: 1 header',
    'Usage: 1 count',
    'Records: 1 row',
  ])
})
