/** Reads something of many fixtures, and tells which of them are damaged. */
import type { Clock } from '../../base/clock.ts'
import type { DeltatapeError } from '../../base/errors.ts'
import { DamageError, isDamage } from '../../fixture/damage.ts'
import { createPieces } from '../pieces.ts'
import type { Read } from './current.ts'

/** How many are read at once. */
const READS_AT_ONCE = 32

/** Reads something of each of these fixtures. Costs a look at each, if what did not change is kept. */
export async function readEach<T>(all: readonly string[], read: Read<T>, clock: Clock) {
  const pause = createPieces(clock)
  const found: T[] = []
  const damaged: string[] = []
  let unknown: DeltatapeError | undefined
  const readOne = (name: string) =>
    read(name).catch((error: unknown) => {
      if (!isDamage(error)) throw error
      if (!(error instanceof DamageError)) unknown ??= error
      damaged.push(name)
      return undefined
    })
  for (let start = 0; start < all.length; start += READS_AT_ONCE) {
    const some = await Promise.all(all.slice(start, start + READS_AT_ONCE).map(readOne))
    for (const one of some) if (one !== undefined) found.push(one)
    await pause()
  }
  return { read: found, damaged: damaged.toSorted(), unknown }
}
