/** How much memory V8 may keep, and when it gives it back. */
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Clock } from '../base/clock.ts'

/** Taken at load: a test that fakes the timers of its process replaces the methods of `performance`, too. */
const loopUtilization = performance.eventLoopUtilization.bind(performance)

/**
 * Lets V8 collect garbage early. Left alone it lets garbage grow to hundreds of MB: a slow reader, or 10,000 fixtures
 * that were played once, would cost as much. Call this before the server is loaded: V8 does not shrink what has grown
 * by then.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=20')
  // A young generation that small is collected sooner than further threads have come to help, and on a busy machine it
  // waits for them.
  setFlagsFromString('--no-parallel-scavenge')
}

/** The memory of a process. */
export interface Memory {
  /** How much it holds of the machine's memory, in bytes. */
  held(): number
  /** The share of the time for which it was busy since the last call, from 0 to 1. */
  busy(): number
  /** Collects all garbage, and gives its memory back to the machine. Takes some 40 ms. */
  collect(): void
  /** Collects garbage if there is much of it outside of the heap. Then it takes some 15 ms. */
  tidy(): void
}

/** How long the process has to be quiet, in ms. It is looked at as often. */
const QUIET_MS = 2000

/** The share of that time for which a quiet process may be busy: less than a few answers at recorded pace take. */
const MOSTLY_IDLE = 0.02

/** How much memory, in bytes, is worth a pause. */
const WORTH_IT_BYTES = 16 * 1024 * 1024

/**
 * Gives memory back after a crowd has gone. V8 keeps the pages of collected garbage for the next time: of its own
 * accord it kept a third of the memory for more than half a minute. The price is a first second at half the speed
 * afterwards, because optimized code goes, too.
 */
export function tidyWhenQuiet(memory: Memory, clock: Clock): void {
  let kept = memory.held()
  memory.busy()
  const look = clock.timer(QUIET_MS, () => {
    kept = Math.min(kept, memory.held())
    if (memory.busy() < MOSTLY_IDLE && memory.held() > kept + WORTH_IT_BYTES) {
      memory.collect()
      kept = memory.held()
    }
    look.refresh()
  })
}

/** How much garbage of buffers is collected at once: V8 itself would let hundreds of MB of it wait. */
const MUCH_BYTES = 32 * 1024 * 1024

/** The memory of this process. */
export function ownMemory(): Memory {
  setFlagsFromString('--expose-gc')
  const gc: (how: { readonly type: 'major'; readonly flavor?: 'last-resort' }) => void = runInNewContext('gc')
  let before = loopUtilization()
  let kept = 0
  return {
    held: () => process.memoryUsage.rss(),
    busy() {
      const now = loopUtilization()
      const { utilization } = loopUtilization(now, before)
      before = now
      return utilization
    },
    // No other flavor gives back the pages that V8 keeps at hand.
    collect: () => gc({ type: 'major', flavor: 'last-resort' }),
    tidy() {
      if (process.memoryUsage().arrayBuffers < kept + MUCH_BYTES) return
      gc({ type: 'major' })
      kept = process.memoryUsage().arrayBuffers
    },
  }
}
