/** Which of several takes of a call is to be played. */
import type { Clock } from '../../base/clock.ts'
import { takeIn, takeOf } from '../../fixture/take.ts'
import type { Asked } from './locator.ts'
import type { Recording } from '../read/playback.ts'
import type { Look } from '../read/current.ts'

interface Parts {
  /** The first take of a call. Throws as a search does. */
  readonly first: (asked: Asked) => Promise<Recording | undefined> | Recording | undefined
  /** The names that say that they are further takes of a call, in their order, as far as they are known. */
  readonly further: (key: string) => readonly string[]
  /** Looks for further takes beside one. */
  readonly lookFor: (name: string) => Promise<void>
  readonly read: Look<Recording>
  readonly clock: Pick<Clock, 'now'>
}

/** How long it is taken for granted that another process has added no take, in ms: looking costs as much as a replay. */
const LOOK_MS = 500

/** Makes what gives the n-th of the takes that there are, or the last if there are fewer; undefined if there is none. */
export function createNthTake({ first, further, lookFor, read, clock }: Parts) {
  /** The last look at what there is beside this, and when it began. */
  const looks = new WeakMap<Recording, { readonly at: number; readonly done: Promise<void> }>()

  /** Whoever comes while it is looked waits for that. */
  const look = (begin: Recording): Promise<void> => {
    const [now, last] = [clock.now(), looks.get(begin)]
    if (last && now - last.at < LOOK_MS) return last.done
    const done = lookFor(begin.name)
    looks.set(begin, { at: now, done })
    return done
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
    if (begin && (nth > further(key).length + 1 || (nth === 1 && !begin.isGood))) await look(begin)
    if (begin && nth === 1) return begin
    return (await lastOf(key, further(key).slice(0, nth - (begin ? 1 : 0)))) ?? begin
  }
}
