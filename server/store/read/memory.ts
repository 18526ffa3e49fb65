/** What is held in memory of what was read, within a budget of bytes: whoever reads all of it in turn keeps a part. */
import { LRUCache } from 'lru-cache'
import type { Tally } from '../../base/memo.ts'

/** How many names are remembered of what is not held, to know it when it comes again. */
const MAX_PASSED = 100_000

/** What nobody asked for in so many questions gives way to anything. */
const LONG_AGO = 4 * MAX_PASSED

export interface Memory<T> {
  /** Costs no more than a look into a map. */
  get(name: string): T | undefined
  /**
   * Offers what {@link get} did not give. It is held if there is room, or if it was asked for before and nobody asked
   * since then for what would have to go. Otherwise tests that replay more than fits in the same order each time would
   * always find that gone which comes next.
   *
   * @param tally what it takes, now and as more is made of it
   */
  set(name: string, value: T, tally: Tally): void
  delete(name: string): void
  /** How much all that is held takes. */
  readonly bytes: number
}

interface Held<T> {
  readonly value: T
  readonly tally: Tally
  /** The number of the last question for it. */
  askedAt: number
}

/** Makes a memory of so many bytes. */
export function createMemory<T>(maxBytes: number): Memory<T> {
  let now = 0
  /** When what is not held was asked for. */
  const passed = new LRUCache<string, number>({ maxSize: MAX_PASSED, sizeCalculation: () => 1 })
  const held = new LRUCache<string, Held<T>>({
    maxSize: maxBytes,
    noDisposeOnSet: true,
    dispose({ tally, askedAt }, name) {
      tally.tell(undefined)
      passed.set(name, askedAt)
    },
  })
  /** Whether there is room without those that were not asked for since a question. */
  const hasRoom = (needed: number, since: number): boolean => {
    let missing = held.calculatedSize + needed - maxBytes
    for (const oldest of held.rvalues()) {
      if (missing <= 0 || !oldest || oldest.askedAt >= since) break
      missing -= oldest.tally.bytes
    }
    return missing <= 0
  }
  return {
    get(name) {
      now++
      const known = held.get(name)
      if (known) known.askedAt = now
      return known?.value
    },
    set(name, value, tally) {
      held.delete(name)
      const before = passed.get(name) ?? now - LONG_AGO
      passed.set(name, now)
      if (!hasRoom(tally.bytes, before)) return
      const hold = (askedAt: number) => held.set(name, { value, tally, askedAt }, { size: tally.bytes })
      hold(now)
      tally.tell(() => hold(held.peek(name)?.askedAt ?? now))
    },
    delete(name) {
      held.delete(name)
      passed.delete(name)
    },
    get bytes() {
      return held.calculatedSize
    },
  }
}
