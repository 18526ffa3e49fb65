/**
 * The clock. Everything of it is taken from the process when this file is loaded: a test that fakes timers or the date
 * later does not change what deltatape does.
 */

/** The longest that a timer of Node can wait, in ms: a longer time would end at once. */
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
  /** Calls `act` when what is ready now has run. */
  soon(act: () => void): void
}

export interface Timer {
  refresh(): void
  clear(): void
}

const { setTimeout: startTimer, clearTimeout: stopTimer, setImmediate: startSoon, Date: RealDate } = globalThis
const now = performance.now.bind(performance)

export const systemClock: Clock = {
  now,
  date: () => new RealDate(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      const deadline = now() + ms
      let timeout: ReturnType<typeof startTimer> | undefined
      const abort = () => {
        stopTimer(timeout)
        reject(signal.reason)
      }
      const wait = () => {
        const rest = deadline - now()
        // A timer may end a little early.
        if (rest > 0) return void (timeout = startTimer(wait, Math.min(Math.ceil(rest), MAX_TIMER_MS)))
        signal.removeEventListener('abort', abort)
        resolve()
      }
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      wait()
    })
  },
  timer(ms, act) {
    const timeout = startTimer(act, Math.min(ms, MAX_TIMER_MS))
    return { refresh: () => timeout.refresh(), clear: () => stopTimer(timeout) }
  },
  soon: (act) => void startSoon(act),
}

const waiting: (() => void)[] = []

function serveNext(): void {
  waiting.shift()?.()
  if (waiting.length > 0) startSoon(serveNext)
}

/**
 * Lets everything else of the process go first: for work whose length a client or a file decides. It is done in pieces of
 * at most 5 ms with a turn between them. The event loop gives one turn each time round, to one caller, in the order in
 * which they asked: what others wait for is at most one piece, however many work at once.
 */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    if (waiting.push(resolve) === 1) startSoon(serveNext)
  })

/** Does work that is cut in pieces, and lets everything else of the process go first between them. */
export async function inTurns<T>(pieces: Generator<void, T>): Promise<T> {
  for (;;) {
    const { done, value } = pieces.next()
    if (done) return value
    await nextTurn()
  }
}

/** Does all of it in one go. */
export function inOneGo<T>(pieces: Generator<void, T>): T {
  for (;;) {
    const { done, value } = pieces.next()
    if (done) return value
  }
}
