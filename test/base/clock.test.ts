import { describe, expect, test, vi } from 'vitest'
import { MAX_TIMER_MS, inOneGo, inTurns, nextTurn, systemClock } from '../../server/base/clock.ts'

const never = () => new AbortController().signal

describe('a sleep', () => {
  test('ends as soon as its signal is aborted, with its reason', async () => {
    const abort = new AbortController()
    const sleeping = systemClock.sleep(2 ** 30, abort.signal)
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
  })

  test('does not begin for a signal that is aborted already', async () => {
    const reason = new Error('enough')
    await expect(systemClock.sleep(0, AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  test('never ends early, and leaves nothing at its signal', async () => {
    const { signal } = new AbortController()
    const left = vi.spyOn(signal, 'removeEventListener')
    const began = systemClock.now()
    await systemClock.sleep(5, signal)
    expect(systemClock.now() - began).toBeGreaterThanOrEqual(5)
    expect(left).toHaveBeenCalledTimes(1)
  })

  test('of no time is over at once', async () => {
    await systemClock.sleep(0, never())
    await systemClock.sleep(-5, never())
  })

  test('may be longer than a timer of Node can wait', async () => {
    const abort = new AbortController()
    const sleeping = systemClock.sleep(MAX_TIMER_MS * 3, abort.signal)
    const first = await Promise.race([sleeping.then(() => 'slept'), systemClock.sleep(5, never()).then(() => 'awake')])
    expect(first).toBe('awake')
    abort.abort(new Error('enough'))
    await expect(sleeping).rejects.toThrow('enough')
  })
})

describe('a timer', () => {
  test('rings once', async () => {
    const rung = Promise.withResolvers<void>()
    systemClock.timer(1, rung.resolve)
    await rung.promise
  })

  test('does not ring if it is cleared, whenever that is', async () => {
    const ring = vi.fn()
    const timer = systemClock.timer(1, ring)
    timer.clear()
    timer.clear()
    await systemClock.sleep(10, never())
    expect(ring).not.toHaveBeenCalled()
  })

  test('waits anew if it is refreshed', async () => {
    const order: string[] = []
    const done = Promise.withResolvers<void>()
    const refreshed = systemClock.timer(5, () => {
      order.push('refreshed')
      done.resolve()
    })
    systemClock.timer(5, () => order.push('started after it'))
    refreshed.refresh()
    await done.promise
    expect(order).toEqual(['started after it', 'refreshed'])
  })

  test('does not ring at once if its time is longer than a timer of Node can wait', async () => {
    const ring = vi.fn()
    const timer = systemClock.timer(2 ** 40, ring)
    await systemClock.sleep(5, never())
    expect(ring).not.toHaveBeenCalled()
    timer.clear()
  })
})

test('soon is after what is ready, and before any wait', async () => {
  const order: string[] = []
  const done = Promise.withResolvers<void>()
  systemClock.soon(() => {
    order.push('soon')
    done.resolve()
  })
  await Promise.resolve().then(() => order.push('ready'))
  await done.promise
  expect(order).toEqual(['ready', 'soon'])
})

test('a test that fakes time changes nothing', async () => {
  vi.useFakeTimers({ now: 0 })
  try {
    const before = systemClock.now()
    expect(systemClock.date().getTime()).toBeGreaterThan(Date.UTC(2025))
    const rung = Promise.withResolvers<void>()
    systemClock.timer(1, rung.resolve)
    await rung.promise
    await systemClock.sleep(2, never())
    await new Promise<void>((resolve) => systemClock.soon(resolve))
    expect(systemClock.now() - before).toBeGreaterThanOrEqual(2)
  } finally {
    vi.useRealTimers()
  }
})

test('turns are given one each time round the event loop, in order', async () => {
  const seen: string[] = []
  const work = async (name: string) => {
    for (let piece = 0; piece < 2; piece++) {
      await nextTurn()
      seen.push(name)
    }
  }
  const rounds = async () => {
    for (let round = 0; round < 4; round++) {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push('|')
    }
  }
  await Promise.all([work('a'), work('b'), rounds()])
  expect(seen.join('')).toBe('a|b|a|b|')
})

test('work in pieces is done in one go, or with turns between its pieces', async () => {
  const seen: string[] = []
  function* work(): Generator<void, string> {
    seen.push('a')
    yield
    seen.push('b')
    return 'done'
  }
  setImmediate(() => seen.push('|'))
  expect(await inTurns(work())).toBe('done')
  expect(inOneGo(work())).toBe('done')
  expect(seen.join('')).toBe('a|bab')
})
