import { expect, test } from 'vitest'
import { fixed, instant, parsePace, recorded, wordOf } from '../../server/model/pace.ts'

const TIMES = [0, 40, 900]

test('instant owes nothing, recorded keeps the times, fixed keeps a gap', () => {
  expect(TIMES.map(instant)).toEqual([0, 0, 0])
  expect(TIMES.map(recorded(1))).toEqual([0, 40, 900])
  expect(TIMES.map(recorded(2))).toEqual([0, 20, 450])
  expect(TIMES.map(fixed(15))).toEqual([0, 15, 30])
})

test.each([
  ['instant', [0, 0, 0]],
  ['recorded', [0, 40, 900]],
  ['2x', [0, 20, 450]],
  ['0.5x', [0, 80, 1800]],
  ['15ms', [0, 15, 30]],
  ['0ms', [0, 0, 0]],
])('%s is a pace', (word, due) => {
  expect(TIMES.map(parsePace(word))).toEqual(due)
})

test('instant is known again: nothing has to be waited for', () => {
  expect(parsePace('instant')).toBe(instant)
})

test.each(['', 'fast', '0x', '2', 'x', '-1x', '15 ms', '2X', '1e3ms', 'instant,2x', `${'9'.repeat(500)}x`])(
  '%j is none, and its error says what there is',
  (word) => {
    expect(() => parsePace(word)).toThrow(
      expect.objectContaining({
        code: 'invalid_input',
        message: expect.stringMatching(/^There is no pace .+\. There are instant, recorded, .+2x.+15ms\.$/),
      }),
    )
  },
)

test.each(['instant', 'recorded', '2x', '0.3x', '15ms'])('the pace %s is told in the word that asks for it', (word) => {
  expect(wordOf(parsePace(word))).toBe(word)
})
