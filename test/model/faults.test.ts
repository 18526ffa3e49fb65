import { describe, expect, test } from 'vitest'
import { parsePlan, wordsOf } from '../../server/model/faults.ts'

describe('parsePlan', () => {
  test.each([
    ['reset@7', [{ kind: 'reset', after: 7 }]],
    ['refuse:429', [{ kind: 'refuse', status: 429, after: 0 }]],
    ['refuse:429:7s', [{ kind: 'refuse', status: 429, retryAfter: 7, after: 0 }]],
    ['refuse:503@0', [{ kind: 'refuse', status: 503, after: 0 }]],
    ['error', [{ kind: 'error', after: 0 }]],
    [
      'fail@1, truncate@2,stall@3',
      [
        { kind: 'fail', after: 1 },
        { kind: 'truncate', after: 2 },
        { kind: 'stall', after: 3 },
      ],
    ],
    [
      'drop@9,delay:200ms@4',
      [
        { kind: 'delay', ms: 200, after: 4 },
        { kind: 'drop', after: 9 },
      ],
    ],
  ])('%s', (text, faults) => {
    expect(parsePlan(text)).toEqual({ faults })
  })

  test('chaos:SEED:RATE', () => {
    expect(parsePlan('chaos:seed-1:0.3')).toEqual({ chaos: { seed: 'seed-1', rate: 0.3 } })
    expect(parsePlan('chaos:7:1')).toEqual({ chaos: { seed: '7', rate: 1 } })
  })

  test.each([
    '',
    ',',
    'reset@',
    'reset@-1',
    'reset@x',
    'reset:5@1',
    'refuse',
    'refuse:200',
    'refuse:429@3',
    'refuse:999',
    'refuse:429:7',
    'refuse:429:7ms',
    'reset:7s@1',
    'delay:200ms:7s@1',
    'delay@7',
    'delay:200@7',
    'explode',
    'chaos',
    'chaos:1',
    'chaos:1:2',
    'chaos::0.5',
    'chaos:1:-1',
    'reset@7;drop@8',
    'RESET@7',
  ])('%j is refused, with what there is', (text) => {
    expect(() => parsePlan(text)).toThrow(
      expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining('malformed@7') }),
    )
  })
})

test.each([
  ['a seed', `chaos:${'x'.repeat(129)}:0.5`],
  ['a word', 'x'.repeat(1000)],
  ['a plan', `delay:1ms@1,${'error@7,'.repeat(1000)}fail@7`],
])('%s that is too long is refused, and not repeated', (_what, text) => {
  expect(() => parsePlan(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  expect(() => parsePlan(text)).toThrow(/^.{1,400}$/)
})

test('a seed may have 128 characters', () => {
  expect(parsePlan(`chaos:${'x'.repeat(128)}:0.5`)).toEqual({ chaos: { seed: 'x'.repeat(128), rate: 0.5 } })
})

test.each(['reset@7', 'refuse:429', 'refuse:429:7s', 'delay:200ms@7,drop@9', 'chaos:seed-1:0.3'])(
  'the plan %s is told in its words',
  (text) => {
    expect(wordsOf(parsePlan(text))).toBe(text)
  },
)
