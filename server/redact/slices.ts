/** Work on many texts is done in slices, so that nobody else waits for all of it. */
import { nextTurn } from '../base/clock.ts'
import type { Limit } from './limit.ts'

/** How much is done at a time, in characters, and how long that may take. */
export interface Slices {
  readonly limit: Limit
  readonly atOnce: number
}

/**
 * Does work for each item, a little at a time, and lets everything else go first in between.
 *
 * @param work may be begun anew for an item
 * @throws TooSlow
 */
export async function inSlices<T>(
  items: readonly T[],
  charsIn: (item: T) => number,
  { limit, atOnce }: Slices,
  work: (item: T) => void,
): Promise<void> {
  for (let start = 0, end = 0; start < items.length; start = end) {
    let chars = 0
    for (; end < items.length && (end === start || chars < atOnce); end++) chars += charsIn(items[end] as T)
    const some = items.slice(start, end)
    limit.run(() => {
      for (const item of some) work(item)
    }, chars)
    if (end < items.length) await nextTurn()
  }
}
