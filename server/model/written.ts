/** A model that gives the answers which clients want, whatever is recorded. */
import type { Call } from '../api/call.ts'
import type { Clock } from '../base/clock.ts'
import { type Identity, fileName } from '../fixture/key.ts'
import { writtenFor } from '../fixture/written.ts'
import { inMemory } from '../store/read/playback.ts'
import type { Model } from './model.ts'
import { type Pace, paceOf, recorded } from './pace.ts'
import { play } from './play.ts'

export interface WrittenOptions {
  /** How the time of answers is spent that say no pace of their own, if their client asks for none. */
  readonly pace: Pace
  readonly clock: Clock
  identify(call: Call): Promise<Identity>
}

/**
 * Makes a model that answers as `model` does, but for calls whose client says what it wants: nobody is asked then, and
 * nothing is read or saved, in any mode.
 */
export const written =
  (model: Model, { pace, clock, identify }: WrittenOptions): Model =>
  (call, signal) => {
    const { wanted } = call
    if (wanted === undefined) return model(call, signal)
    return (async () => {
      signal.throwIfAborted()
      const identity = await identify(call)
      const answer = inMemory({ ...writtenFor(identity, wanted), name: fileName(identity) })
      const own = wanted.paceMs === undefined ? paceOf(call, pace) : recorded(1)
      return play(answer, call, { pace: own, clock, signal, kind: 'written' })
    })()
  }
