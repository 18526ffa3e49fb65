/** Rows of takes: which of several answers to a call is the next to be played. */
import type { Clock } from '../base/clock.ts'
import { nameOfTake, takeIn, takeOf } from '../fixture/take.ts'
import type { Recording } from './playback.ts'
import type { Asked } from './locator.ts'
import type { Read } from './reader.ts'

interface Parts {
  /** The first take of a call. Throws as a search does. */
  readonly first: (asked: Asked) => Promise<Recording | undefined>
  /** The names that say that they are further takes of a call, in their order, as far as they are known. */
  readonly further: (key: string) => readonly string[]
  readonly read: Read<Recording>
  /** There is a fixture with this name that was not known. */
  readonly added: (name: string) => void
  readonly clock: Pick<Clock, 'now'>
}

/** How long it is taken for granted that another process has added no take, in ms: looking costs as much as a replay. */
const LOOK_MS = 500

/**
 * Makes what gives the n-th of the takes that there are, or the last if there are fewer; undefined if there is none. What
 * another process has added since the last look is looked for under the name that it would have.
 */
export function createRows({ first, further, read, added, clock }: Parts) {
  /** When it was looked whether there is one after this. */
  const looked = new WeakMap<Recording, number>()

  /** The take after this one, if there is one that is not known yet. */
  const beyond = async (last: Recording): Promise<Recording | undefined> => {
    const now = clock.now()
    if (now - (looked.get(last) ?? -Infinity) < LOOK_MS) return undefined
    looked.set(last, now)
    const name = nameOfTake(last.name, takeOf(last) + 1)
    const next = name === last.name ? undefined : await read(name)
    if (next?.key !== last.key) return undefined
    added(name)
    return next
  }

  /** The take so far beyond this one, or the last if there are fewer. */
  const farBeyond = async (from: Recording, steps: number): Promise<Recording> => {
    let last = from
    for (let left = steps; left > 0; left--) {
      const next = await beyond(last)
      if (!next) break
      last = next
    }
    return last
  }

  /** The last of these that is there. */
  const lastOf = async (key: string, names: readonly string[]): Promise<Recording | undefined> => {
    for (const name of names.toReversed()) {
      const take = await read(name)
      if (take?.key === key && takeOf(take) === takeIn(name)) return take
    }
    return undefined
  }

  return async (asked: Asked, nth: number): Promise<Recording | undefined> => {
    const { key } = asked
    const begin = await first(asked)
    // Whether a failure counts depends on what comes after it.
    if (begin && nth === 1 && !begin.isGood && further(key).length === 0) await beyond(begin)
    if (begin && nth === 1) return begin
    const names = further(key)
    const count = nth - (begin ? 1 : 0)
    const found = (names.length > 0 ? await lastOf(key, names.slice(0, count)) : undefined) ?? begin
    return found && count > names.length ? farBeyond(found, count - names.length) : found
  }
}
