/** What is made of lists that come again. */
import { describe, expect, test, vi } from 'vitest'
import { type List, alone, createTally, fresh, kept, remade, remember, rememberStep } from '../../server/base/memo.ts'
import { crowd } from '../kit/crowd.ts'

describe('remember', () => {
  test('makes something of a kept list once, and of any other each time', () => {
    const make = vi.fn(({ items }: List<number>) => items.length)
    const length = remember(make)
    const [again, once] = [kept([1, 2]), fresh([1, 2, 3])]
    expect([length(again), length(again), length(once), length(once)]).toEqual([2, 2, 3, 3])
    expect(make.mock.calls).toEqual([[again], [once], [once]])
  })

  test('knows a list by itself: one that is frozen, or holds the same, means nothing', () => {
    const items = Object.freeze([1, 2])
    const make = vi.fn(({ items: its }: List<number>) => [...its])
    const copy = remember(make)
    const [one, other] = [kept(items), kept(items)]
    expect(copy(one)).toBe(copy(one))
    expect(copy(other)).not.toBe(copy(one))
    expect(copy(Object.freeze(fresh(items)))).not.toBe(copy(Object.freeze(fresh(items))))
    expect(make).toHaveBeenCalledTimes(4)
  })

  test('two that remember know nothing of each other', () => {
    const list = kept([1])
    const [double, triple] = [2, 3].map((by) => remember(({ items }: List<number>) => items.map((each) => each * by)))
    expect([double?.(list), triple?.(list), double?.(list)]).toEqual([[2], [3], [2]])
  })
})

describe('rememberStep', () => {
  interface Sum {
    readonly sum: number
  }
  const add = ({ sum }: Sum, { items }: List<number>): Sum => ({ sum: items.reduce((all, each) => all + each, sum) })

  test('takes a step once from each state that it begins with', () => {
    const step = vi.fn(add)
    const next = rememberStep(step)
    const [zero, list] = [{ sum: 0 }, kept([1, 2])]
    const three = next(zero, list)
    expect(three).toEqual({ sum: 3 })
    expect(next(zero, list)).toBe(three)
    expect(next(three, list)).toEqual({ sum: 6 })
    expect(next(three, list)).toBe(next(three, list))
    expect(next({ sum: 0 }, list)).not.toBe(three)
    expect(step).toHaveBeenCalledTimes(3)
  })

  test('takes it each time with a list that is seen once', () => {
    const step = vi.fn(add)
    const next = rememberStep(step)
    const [zero, list] = [{ sum: 0 }, fresh([1])]
    expect([next(zero, list), next(zero, list)]).toEqual([{ sum: 1 }, { sum: 1 }])
    expect(step).toHaveBeenCalledTimes(2)
  })
})

describe('a list whose items are made anew', () => {
  /** A list of one text, and how often it was packed and made. */
  function setUp(text = 'text') {
    const [packed, made] = [vi.fn(), vi.fn()]
    const list = remade([text], {
      chars: text.length,
      tally: undefined,
      pack: (items) => {
        packed(items)
        const bytes = Buffer.from(items.join())
        return () => [bytes.toString()].map((each) => (made(), each))
      },
    })
    return { list, packed, made }
  }

  test('has its items as long as there is room, and makes them when they are asked for again', () => {
    const { list, packed, made } = setUp()
    const { items } = list
    expect(list.items).toBe(items)
    expect(packed).not.toHaveBeenCalled()
    crowd()
    expect(packed.mock.calls).toEqual([[['text']]])
    expect([list.count, list.kept, made.mock.calls.length]).toEqual([1, true, 0])
    const again = list.items
    expect(again).toEqual(items)
    expect(list.items).toBe(again)
    expect(made).toHaveBeenCalledTimes(1)
  })

  test('is packed once, however often its items go', () => {
    const { list, packed, made } = setUp()
    for (let time = 0; time < 3; time++) {
      crowd()
      expect(list.items).toEqual(['text'])
    }
    expect([packed.mock.calls.length, made.mock.calls.length]).toEqual([1, 3])
  })

  test('without characters, or with more than there is room for, is one like any other', () => {
    for (const text of ['', 'x'.repeat(3_000_000)]) {
      const { list } = setUp(text)
      expect(list.items).toEqual([text])
      crowd()
      expect(list.items).toEqual([text])
    }
  })
})

test('the items of a list that nobody counts stay: it goes with whoever has it', () => {
  const [tally, pack] = [createTally(0), vi.fn(() => () => ['made'])]
  const list = remade(['text'], { chars: 4, tally, pack })
  crowd()
  expect([list.items, pack.mock.calls.length]).toEqual([['text'], 0])
  tally.tell(() => {})
  crowd()
  expect([list.items, pack.mock.calls.length]).toEqual([['made'], 1])
})

test('what is remembered of a list is counted once; of one that is seen once nothing is', () => {
  const tally = createTally(1000)
  const grown = vi.fn()
  tally.tell(grown)
  const list = remade([1, 2, 3], { chars: 3, tally, pack: (items) => () => items })
  const bytes = remember(
    ({ items }: List<number>) => Buffer.from(items),
    (made) => 500 * made.byteLength,
  )
  for (const each of [list, list, fresh([1, 2, 3])]) bytes(each)
  expect(tally.bytes).toBeGreaterThanOrEqual(2500)
  expect(tally.bytes).toBeLessThan(3000)
  expect(grown).toHaveBeenCalledTimes(1)
  const next = rememberStep(
    (state: object, { items }: List<number>) => ({ ...state, items }),
    () => 5000,
  )
  for (const state of [{}, {}]) next(state, list)
  expect(tally.bytes).toBeGreaterThanOrEqual(7500)
  expect(tally.bytes).toBeLessThan(8000)
  tally.tell(undefined)
  tally.add(1)
  expect(grown).toHaveBeenCalledTimes(2)
})

test('bytes to be kept share no memory with others', () => {
  const small = alone(Buffer.from('small'))
  expect([small.toString(), small.buffer.byteLength]).toEqual(['small', 5])
  expect(alone(small)).toBe(small)
})
