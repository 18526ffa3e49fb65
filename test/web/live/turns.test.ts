import { describe, expect, test } from 'vitest'
import type { LiveTurn } from '../../../server/serve/feed.ts'
import { type Seen, heldAt, matching, partsOf, tookBy, withNews } from '../../../web/live/turns.ts'

const turn = (n: number, more: Partial<LiveTurn> = {}): LiveTurn => ({
  n,
  endpoint: '/v1/responses',
  at: '2026-11-24T10:00:00.000Z',
  count: 0,
  unit: 'record',
  bytes: 0,
  ms: 0,
  open: false,
  ...more,
})

const seen = (...turns: LiveTurn[]): readonly Seen[] => withNews([], turns, 0)
const numbers = (turns: readonly LiveTurn[]) => turns.map(({ n }) => n)

test('the newest turn is first, in whatever order they are told', () => {
  expect(numbers(seen(turn(1), turn(3), turn(2)))).toEqual([3, 2, 1])
  expect(numbers(withNews(seen(turn(1)), [turn(2)], 5))).toEqual([2, 1])
})

test('a turn that is told of again keeps its place, and the others stay the same objects', () => {
  const before = seen(turn(1), turn(2), turn(3))
  const after = withNews(before, [turn(2, { count: 7 })], 5)
  expect(after.map(({ n, count }) => [n, count])).toEqual([
    [3, 0],
    [2, 7],
    [1, 0],
  ])
  expect([after[0], after[2]]).toEqual([before[0], before[2]])
  expect(after[0]).toBe(before[0])
})

test('no more are kept than a page can hold', () => {
  const many = seen(...Array.from({ length: 5000 }, (_, index) => turn(index + 1)))
  expect([many.length, many[0]?.n]).toEqual([2000, 5000])
})

describe('while somebody looks', () => {
  const all = seen(turn(1), turn(2), turn(3), turn(4))

  test('what came since is counted, and not shown', () => {
    const { shown, newer } = heldAt(all, 2)
    expect([numbers(shown), newer]).toEqual([[2, 1], 2])
  })

  test('all is shown to whoever follows', () => {
    expect(heldAt(all, undefined)).toEqual({ shown: all, newer: 0 })
  })

  test('nothing that was there may be left: all is new then', () => {
    expect(heldAt(all, 0)).toEqual({ shown: [], newer: 4 })
  })
})

test('finds turns by what they say, their client and what became of them', () => {
  const all = seen(
    turn(1, { endpoint: '/@checkout/v1/responses', asked: 'My name is Ada', action: 'hit' }),
    turn(2, { code: 'fixture_miss', action: 'miss', model: 'gpt-5' }),
    turn(3, { open: true }),
  )
  const found = (words: string) => numbers(matching(all, words))
  expect([found(''), found('ADA hit'), found('@checkout'), found('miss gpt'), found('running'), found('(')]).toEqual([
    [3, 2, 1],
    [1],
    [1],
    [2],
    [3],
    [],
  ])
})

test('a turn under way goes on since it was told of; one that ended does not', () => {
  const [running, ended] = withNews([], [turn(2, { open: true, ms: 100 }), turn(1, { ms: 80 })], 1000)
  expect(running && tookBy(running, 1500)).toBe(600)
  expect(ended && tookBy(ended, 1500)).toBe(80)
})

test('the name of a client stands apart from its path', () => {
  expect(partsOf('/@checkout/v1/responses')).toEqual({ name: 'checkout', path: '/v1/responses' })
  expect(partsOf('/@checkout')).toEqual({ name: 'checkout', path: '/' })
  expect(partsOf('/ws-stream')).toEqual({ name: undefined, path: '/ws-stream' })
})
