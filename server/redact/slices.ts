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
  items: Iterable<T>,
  charsIn: (item: T) => number,
  { limit, atOnce }: Slices,
  work: (item: T) => void,
): Promise<void> {
  let [slice, chars]: [T[], number] = [[], 0]
  const run = (some: readonly T[]): void =>
    limit.run(() => {
      for (const item of some) work(item)
    }, chars)
  for (const item of items) {
    if (slice.length > 0 && chars >= atOnce) {
      run(slice)
      await nextTurn()
      ;[slice, chars] = [[], 0]
    }
    slice.push(item)
    chars += charsIn(item)
  }
  if (slice.length > 0) run(slice)
}
