/** What is made of lists that come again. */
import { describe, expect, test, vi } from 'vitest'
import { type List, fresh, kept, remember, rememberStep } from '../../server/base/memo.ts'

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
