/** The clock. */
import { setTimeout as sleep } from 'node:timers/promises'

/** The longest that a timer of Node can wait, in ms: it takes a longer time for none. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** The time, passed in wherever it matters. */
export interface Clock {
  /** Milliseconds on a clock that never goes back. */
  now(): number
  /** The date, for what is written down. */
  date(): Date
  /** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Calls `act` after `ms`, unless it is cleared before; `refresh` begins the wait anew. */
  timer(ms: number, act: () => void): Timer
}

export interface Timer {
  refresh(): void
  clear(): void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  async sleep(ms, signal) {
    try {
      for (let rest = ms; rest > 0; rest -= MAX_TIMER_MS)
        await sleep(Math.min(rest, MAX_TIMER_MS), undefined, { signal })
    } catch (error) {
      signal.throwIfAborted()
      throw error
    }
  },
  timer(ms, act) {
    const timeout = setTimeout(act, ms)
    return { refresh: () => timeout.refresh(), clear: () => clearTimeout(timeout) }
  },
}
