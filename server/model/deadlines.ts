/** How long the API is waited for: the deadlines of one call, and the signal that they abort. */
import { ModelError } from '../api/ending.ts'
import type { Clock } from '../base/clock.ts'

/** Times are in ms; the message of a stall names the variable that set them. */
export interface Deadlines {
  /** From the call to the first record; comments of an event stream do not count. */
  readonly firstEventTimeoutMs: number
  /** Between two arrivals of anything, comments too. */
  readonly idleTimeoutMs: number
  /** For all of it. */
  readonly turnTimeoutMs: number
}

/** What follows the end of an answer, such as `[DONE]`, or `response.failed` after an error, is waited for so long. */
const SETTLE_MS = 1000

/** The wait for the answer to one call. Only waiting for the API counts. */
export interface Wait {
  readonly signal: AbortSignal
  /** Whether a deadline has passed, and not the client left. */
  readonly expired: boolean
  /** Settles as the work does, or rejects with the reason as soon as the client leaves or a deadline has passed. */
  for<T>(work: Promise<T>): Promise<T>
  /** Something arrived; `substance` says whether it was more than a comment. */
  arrived(substance: boolean): void
  /** Whether the answer may be over: then what follows is waited for a moment only. */
  settling(is: boolean): void
  /** Lets go of the connection. */
  end(): void
}

export function startWait(deadlines: Deadlines, clock: Clock, client: AbortSignal): Wait {
  const own = new AbortController()
  const signal = AbortSignal.any([client, own.signal])
  /** What is left of each deadline, in ms; the next to pass first. */
  const left = new Map<keyof typeof STALLS, number>([
    ['first', deadlines.firstEventTimeoutMs],
    ['turn', deadlines.turnTimeoutMs],
  ])
  return {
    signal,
    get expired() {
      return own.signal.aborted && !client.aborted
    },
    async for(work) {
      const [name = 'turn', ms = 0] = [...left].toSorted(([, a], [, b]) => a - b)[0] ?? []
      const began = clock.now()
      const timer = clock.timer(Math.max(ms, 0), () =>
        own.abort(new ModelError({ end: 'stalled', why: STALLS[name](deadlines) })),
      )
      const { promise: aborted, reject } = Promise.withResolvers<never>()
      const abort = () => reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      if (signal.aborted) abort()
      try {
        // The first counts if both have settled.
        return await Promise.race([aborted, work])
      } finally {
        signal.removeEventListener('abort', abort)
        timer.clear()
        for (const [each, rest] of left) left.set(each, rest - (clock.now() - began))
      }
    },
    arrived(substance) {
      if (substance) left.delete('first')
      left.set('idle', deadlines.idleTimeoutMs)
    },
    settling(is) {
      if (!is) left.delete('settled')
      else if (!left.has('settled')) left.set('settled', SETTLE_MS)
    },
    end() {
      own.abort()
    },
  }
}

/** What is said when a deadline has passed. Of an answer that may be over nothing is: it is complete without more. */
const STALLS = {
  first: ({ firstEventTimeoutMs: ms }: Deadlines) => `no event within ${ms} ms (FIRST_EVENT_TIMEOUT_MS)`,
  idle: ({ idleTimeoutMs: ms }: Deadlines) => `nothing came for ${ms} ms (IDLE_TIMEOUT_MS)`,
  turn: ({ turnTimeoutMs: ms }: Deadlines) => `the answer was not finished within ${ms} ms (TURN_TIMEOUT_MS)`,
  settled: () => 'nothing followed the end of the answer',
}
