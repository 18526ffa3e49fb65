/** How V8 is told to keep its memory, and when to give it back. */
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Clock } from '../base/clock.ts'

/**
 * Lets garbage be collected early. Left alone, V8 lets it grow to hundreds of MB before it looks at it: what a slow
 * reader, or 10,000 fixtures that were played once, would cost. To be called before the server is loaded: what has
 * grown by then stays.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=20')
}

/** The memory of a process. */
export interface Memory {
  /** What it holds of the machine's, in bytes. */
  held(): number
  /** How much of the time it was busy since it was last asked, from 0 to 1. */
  busy(): number
  /** Collects all garbage, and gives back to the machine what that took. Takes some 40 ms. */
  collect(): void
}

/** How often it is looked whether the process is quiet, in ms: that is, how long it has to have been. */
const QUIET_MS = 2000

/** How much of that time it may have been busy, all the same: less than a few answers at recorded pace take. */
const MOSTLY_IDLE = 0.02

/** What has to be given back, in bytes, to be worth a pause. */
const WORTH_IT_BYTES = 16 * 1024 * 1024

/**
 * Gives back what a crowd has cost when it has gone. V8 keeps the pages of collected garbage for the next time, and of
 * its own accord it did not let go of a third of the memory within half a minute. The price is a first second at half
 * the speed afterwards: optimized code goes, too.
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

/** The memory of this process. */
export function ownMemory(): Memory {
  setFlagsFromString('--expose-gc')
  const gc: (how: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void = runInNewContext('gc')
  let before = performance.eventLoopUtilization()
  return {
    held: () => process.memoryUsage.rss(),
    busy() {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, before)
      before = now
      return utilization
    },
    // The only flavor that gives back the pages that V8 keeps at hand.
    collect: () => gc({ type: 'major', flavor: 'last-resort' }),
  }
}
