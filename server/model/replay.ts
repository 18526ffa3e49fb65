/** A model that answers from fixtures, and from nothing else. */
import type { Call } from '../api/call.ts'
import type { Clock } from '../base/clock.ts'
import type { Playback } from '../store/read/playback.ts'
import type { Store } from '../store/store.ts'
import { createCounts, rowOf } from './count.ts'
import type { Model } from './model.ts'
import { type Pace, paceOf } from './pace.ts'
import { play } from './play.ts'

export interface ReplayOptions {
  /** The pace of calls whose client asks for none. */
  readonly pace: Pace
  readonly clock: Clock
  /** Which fixtures count. */
  readonly accepts: (playback: Playback) => boolean
  /** Whether a call is to be answered anew, whatever fixtures there are. */
  readonly goesOn?: (call: Call, key: string) => boolean
  /** What answers if none counts. */
  readonly otherwise: Model
}

/**
 * Makes a model that plays each fixture as it was recorded, at a pace: of several takes each client gets one after another,
 * and then the last again. What cannot be read now is no miss: the call fails
 * with `fixture_invalid`, and nothing else is asked.
 */
export function replay(store: Store, { pace, clock, accepts, goesOn, otherwise }: ReplayOptions): Model {
  const counts = createCounts()
  return async (call, signal) => {
    signal.throwIfAborted()
    const identity = await store.identify(call)
    const row = rowOf(call, identity.key)
    const nth = counts.next(row)
    if (!goesOn?.(call, identity.key)) {
      const playback = await store.playback(identity, nth)
      if (playback && accepts(playback)) {
        return play(playback, call, { pace: paceOf(call, pace), clock, signal, kind: 'hit' })
      }
    }
    try {
      const doubt = store.doubtOf(identity)
      if (doubt) throw doubt
      return await otherwise(call, signal)
    } catch (error) {
      // Nothing was given: the next answer is the one that this was to be.
      counts.back(row, nth)
      throw error
    }
  }
}

/** Makes a model that answers nothing, and says why: it comes after replay, so that nothing goes live without being asked to. */
export function miss(store: Store): Model {
  return async (call) => {
    throw await store.miss(await store.identify(call))
  }
}
