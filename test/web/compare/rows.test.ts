import { expect, test } from 'vitest'
import { rowsOf, shortType, signOf, textsOf } from '../../../web/compare/rows.ts'
import { viewOf } from '../../kit/views.ts'

const RUNS = [
  { type: 'created', before: 1, after: 1 },
  { type: 'delta', before: 2, after: 3 },
  { type: 'error', before: 0, after: 1 },
]

test('a run that is unfolded has the records of both sides beside each other', () => {
  const rows = rowsOf(RUNS, new Set([1, 2]))
  expect(rows.map((row) => (row.kind === 'run' ? row.type : [row.before, row.after]))).toEqual([
    'created',
    'delta',
    [1, 1],
    [2, 2],
    [undefined, 3],
    'error',
    [undefined, 4],
  ])
})

test('says in a sign how many there are more or fewer', () => {
  expect(RUNS.map(signOf)).toEqual(['', '+1', '+'])
  expect([signOf({ before: 5, after: 2 }), signOf({ before: 5, after: 0 })]).toEqual(['−3', '−'])
  expect([shortType('response.created'), shortType('')]).toEqual(['created', '(no type)'])
})

test('joins the pieces of a record', () => {
  const view = viewOf(
    [1, 2],
    [
      ['reasoning', 1, 'Hm. '],
      ['text', 1, 'Hi'],
    ],
  )
  expect([...textsOf(view)]).toEqual([[1, 'Hm. Hi']])
})
