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

/** Why the connection is let go of when an answer is over. Made once: an error takes a look at the stack. */
const OVER = new DOMException('The answer is over.', 'AbortError')

/** The wait for the answer to one call. All time counts, but for that in which the client had to be waited for. */
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
  /** Something is handed to the client. What is returned is to be called when it has taken it. */
  handOver(): () => void
  /** Lets go of the connection. */
  end(): void
}

export function startWait(deadlines: Deadlines, clock: Clock, client: AbortSignal): Wait {
  const own = new AbortController()
  const signal = AbortSignal.any([client, own.signal])
  /** When each deadline passes, on the clock. */
  const due = new Map<keyof typeof STALLS, number>()
  const set = (name: keyof typeof STALLS, ms: number) => due.set(name, clock.now() + ms)
  const expire = (name: keyof typeof STALLS) =>
    own.abort(new ModelError({ end: 'stalled', why: STALLS[name](deadlines) }))
  set('first', deadlines.firstEventTimeoutMs)
  set('turn', deadlines.turnTimeoutMs)
  return {
    signal,
    get expired() {
      return own.signal.aborted && !client.aborted
    },
    async for(work) {
      const began = clock.now()
      // Silence begins with the wait: what came while the process was busy is there already.
      if (due.has('idle')) set('idle', deadlines.idleTimeoutMs)
      let [name, at]: [keyof typeof STALLS, number] = ['turn', due.get('turn') ?? began]
      for (const [each, dueAt] of due) if (dueAt < at) [name, at] = [each, dueAt]
      const { promise: aborted, reject } = Promise.withResolvers<never>()
      const abort = () => reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      // Work that is always there already would never let a timer of the process go off.
      if (at <= began) expire(name)
      if (signal.aborted) abort()
      const timer = clock.timer(Math.max(at - began, 0), () => expire(name))
      try {
        // The first counts if both have settled.
        return await Promise.race([aborted, work])
      } finally {
        signal.removeEventListener('abort', abort)
        timer.clear()
      }
    },
    arrived(substance) {
      if (substance) due.delete('first')
      set('idle', deadlines.idleTimeoutMs)
    },
    settling(is) {
      if (!is) due.delete('settled')
      else if (!due.has('settled')) set('settled', SETTLE_MS)
    },
    handOver() {
      const began = clock.now()
      let turned = false
      clock.soon(() => (turned = true))
      return () => {
        // What was done with it before the event loop turned was work, and nobody was waited for.
        if (turned) for (const [name, at] of due) due.set(name, at + clock.now() - began)
      }
    },
    end() {
      own.abort(OVER)
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
