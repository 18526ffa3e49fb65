/** Which of several takes of a call is to be played. */
import type { Clock } from '../../base/clock.ts'
import { takeIn, takeOf } from '../../fixture/take.ts'
import type { Asked } from './locator.ts'
import type { Playback } from '../read/playback.ts'
import type { Look } from '../read/current.ts'

interface Parts {
  /** The first take of a call. Throws as a search does. */
  readonly first: (asked: Asked) => Promise<Playback | undefined> | Playback | undefined
  /** The names that say that they are further takes of a call, in their order, as far as they are known. */
  readonly further: (key: string) => readonly string[]
  /** Looks for further takes beside one. */
  readonly lookFor: (name: string) => Promise<void>
  readonly read: Look<Playback>
  readonly clock: Pick<Clock, 'now'>
}

/** A look at what there is beside a fixture: when it began, and whether it is over. */
interface Looked {
  readonly at: number
  readonly done: Promise<void>
  isOver: boolean
}

/** How long it is taken for granted that another process has added no take, in ms: looking costs as much as a replay. */
const LOOK_MS = 500

/** Makes what gives the n-th of the takes that there are, or the last if there are fewer; undefined if there is none. */
export function createNthTake({ first, further, lookFor, read, clock }: Parts) {
  const looks = new WeakMap<Playback, Looked>()

  /** The last look at what there is beside this, unless it is too long ago. */
  const lastLook = (begin: Playback): Looked | undefined => {
    const last = looks.get(begin)
    return last && clock.now() - last.at < LOOK_MS ? last : undefined
  }

  /** Whoever comes while it is looked waits for that. */
  const look = (begin: Playback): Promise<void> => {
    const last = lastLook(begin)
    if (last) return last.done
    const done = lookFor(begin.name).then(() => void (looked.isOver = true))
    const looked = { at: clock.now(), done, isOver: false }
    looks.set(begin, looked)
    return done
  }

  /** The last of these that is there. */
  const lastOf = async (key: string, names: readonly string[]): Promise<Playback | undefined> => {
    for (const name of names.toReversed()) {
      const take = await read(name)
      if (take?.key === key && takeOf(take) === takeIn(name)) return take
    }
    return undefined
  }

  const among = async (key: string, nth: number, found: ReturnType<Parts['first']>): Promise<Playback | undefined> => {
    const begin = await found
    // Whether a failure counts depends on what comes after it.
    if (begin && (nth > further(key).length + 1 || (nth === 1 && !begin.isGood))) await look(begin)
    if (begin && nth === 1) return begin
    return (await lastOf(key, further(key).slice(0, nth - (begin ? 1 : 0)))) ?? begin
  }

  return (asked: Asked, nth: number): ReturnType<Parts['first']> => {
    const { key } = asked
    const begin = first(asked)
    // Most calls have one take, and it was looked for others just now.
    const isOnly = begin && !(begin instanceof Promise) && further(key).length === 0 && lastLook(begin)?.isOver
    return isOnly ? begin : among(key, nth, begin)
  }
}
