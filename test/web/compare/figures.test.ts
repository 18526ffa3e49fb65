import { expect, test } from 'vitest'
import { differenceOf, measuresOf, usageOf } from '../../../web/compare/figures.ts'
import { number } from '../../../web/parts/format.ts'
import { viewOf } from '../../kit/views.ts'

test('tells how a number changed, with its sign and its part', () => {
  const differ = (before?: number, after?: number) => differenceOf({ name: '', before, after, say: number })
  expect([differ(100, 120), differ(100, 50), differ(5, 5), differ(0, 3), differ(undefined, 3)]).toEqual([
    '+20 (+20 %)',
    '−50 (−50 %)',
    '0',
    '+3',
    '–',
  ])
})

test('leaves out what neither side has', () => {
  const names = (first?: number) => {
    const view = viewOf([10], [], { firstDeltaMs: first })
    return measuresOf({ before: view, after: viewOf([10]) }).map(({ name }) => name)
  }
  expect(names()).not.toContain('First delta')
  expect(names(12)).toContain('First delta')
})

test('takes every count of the usage, however deep, by its path', () => {
  const before = viewOf([1], [], { usage: { input_tokens: 3, details: { cached: 1 }, service: 'x' } })
  const after = viewOf([1], [], { usage: { input_tokens: 4, output_tokens: 9 } })
  expect(usageOf({ before, after }).map(({ name, before: was, after: is }) => [name, was, is])).toEqual([
    ['input_tokens', 3, 4],
    ['details.cached', 1, undefined],
    ['output_tokens', undefined, 9],
  ])
})
