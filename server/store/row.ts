/** Rows of takes: which of several answers to a call is the next to be played. */
import type { Clock } from '../base/clock.ts'
import { nameOfTake, takeIn, takeOf } from '../fixture/take.ts'
import type { Recording } from './playback.ts'
import type { Read } from './reader.ts'

interface Parts {
  /** The first take of a call. Throws as a search does. */
  readonly first: (key: string) => Promise<Recording | undefined>
  /** The names that say that they are further takes of a call, in their order, as of the last look at the directory. */
  readonly further: (key: string) => readonly string[]
  readonly read: Read<Recording>
  /** Whether there is a file with this name. */
  readonly isThere: (name: string) => boolean
  /** There is a file with this name that was not known. */
  readonly added: (name: string) => void
  readonly clock: Pick<Clock, 'now'>
}

/** How long it is taken for granted that another process has added no take, in ms: looking costs as much as a replay. */
const LOOK_MS = 500

/**
 * Makes what gives the n-th of the takes that there are, or the last if there are fewer; undefined if there is none. What
 * another process has added since the last look is looked for under the name that it would have.
 */
export function createRows({ first, further, read, isThere, added, clock }: Parts) {
  /** When it was looked whether there is one after this. */
  const looked = new WeakMap<Recording, number>()

  /** The name of the take after this one, if there is one that is not known yet. */
  const nameBeyond = (last: Recording): string | undefined => {
    const now = clock.now()
    if (now - (looked.get(last) ?? -Infinity) < LOOK_MS) return undefined
    looked.set(last, now)
    const name = nameOfTake(last.name, takeOf(last) + 1)
    return name !== last.name && isThere(name) ? name : undefined
  }

  /** The take so far after this one, or the last if there are fewer; the first of them has this name. */
  const beyond = async (from: Recording, to: string, steps: number): Promise<Recording> => {
    let last = from
    let name: string | undefined = to
    for (let left = steps; name !== undefined; left--) {
      const next = await read(name)
      if (next?.key !== last.key) return last
      added(name)
      last = next
      name = left > 1 ? nameBeyond(last) : undefined
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

  return async (key: string, nth: number): Promise<Recording | undefined> => {
    const begin = await first(key)
    if (begin && nth === 1) return begin
    const names = further(key)
    const count = nth - (begin ? 1 : 0)
    const found = (names.length > 0 ? await lastOf(key, names.slice(0, count)) : undefined) ?? begin
    if (!found || count <= names.length) return found
    const name = nameBeyond(found)
    return name === undefined ? found : beyond(found, name, count - names.length)
  }
}
