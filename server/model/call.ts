/** One call to the API: its signal and its deadlines. */
import { ModelError } from '../api/ending.ts'
import type { Clock } from '../base/clock.ts'

/** Times are in ms; the message of a stall names the variable that set them. */
export interface Deadlines {
  /** From the request to the first event. */
  readonly firstEventTimeoutMs: number
  /** Between two arrivals of anything, comments too. */
  readonly idleTimeoutMs: number
  /** For all of it. */
  readonly turnTimeoutMs: number
}

/** After an `error` event the API sends `response.failed`; so long it is waited for. */
const AFTER_ERROR_MS = 1000

/** One call to the API: its signal, and the deadlines that abort it. Only waiting for the API counts. */
export interface Call {
  readonly signal: AbortSignal
  /** The part of it that is the client's. */
  readonly client: AbortSignal
  /** Settles as the work does, or rejects with the reason as soon as the call is aborted or a deadline has passed. */
  wait<T>(work: Promise<T>): Promise<T>
  /** Something arrived, with so many events in it. */
  arrived(events: number): void
  /** An error event came: what follows it is waited for a moment only. */
  settle(): void
  /** Lets go of the connection. */
  end(): void
}

export function startCall(deadlines: Deadlines, clock: Clock, client: AbortSignal): Call {
  const own = new AbortController()
  const signal = AbortSignal.any([client, own.signal])
  /** What is left of each deadline, in ms; the next to pass first. */
  const left = new Map<keyof typeof STALLS, number>([
    ['first', deadlines.firstEventTimeoutMs],
    ['turn', deadlines.turnTimeoutMs],
  ])
  return {
    signal,
    client,
    async wait(work) {
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
        return await Promise.race([work, aborted])
      } finally {
        signal.removeEventListener('abort', abort)
        timer.clear()
        for (const [each, rest] of left) left.set(each, rest - (clock.now() - began))
      }
    },
    arrived(events) {
      if (events > 0) left.delete('first')
      left.set('idle', deadlines.idleTimeoutMs)
    },
    settle() {
      left.set('settled', AFTER_ERROR_MS)
    },
    end() {
      own.abort()
    },
  }
}

/** What is said when a deadline has passed. After an error event nothing is: the answer is complete without more. */
const STALLS = {
  first: ({ firstEventTimeoutMs: ms }: Deadlines) => `no event within ${ms} ms (FIRST_EVENT_TIMEOUT_MS)`,
  idle: ({ idleTimeoutMs: ms }: Deadlines) => `nothing came for ${ms} ms (IDLE_TIMEOUT_MS)`,
  turn: ({ turnTimeoutMs: ms }: Deadlines) => `the answer was not finished within ${ms} ms (TURN_TIMEOUT_MS)`,
  settled: () => 'nothing came behind the error event',
}
