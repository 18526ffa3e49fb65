/** How replay spends the recorded time, and how a client asks for it. */
import type { Call } from '../api/call.ts'
import { DeltatapeError } from '../base/errors.ts'
import { quoted } from '../base/name.ts'
import type { Mode } from './mode.ts'
import type { Model } from './model.ts'

/** When an event is due: ms after the replay began, from its recorded time `at` (ms) and its place (from 0). */
export type Pace = (at: number, index: number) => number

/** Everything at once. */
export const instant: Pace = () => 0

/** As it was recorded, `speed` times as fast. */
export const recorded =
  (speed: number): Pace =>
  (at) =>
    at / speed

/** One event every `ms`. */
export const fixed =
  (ms: number): Pace =>
  (_at, index) =>
    index * ms

/** The words for a pace. */
export function wordOf(pace: Pace): string {
  const gap = pace(0, 1)
  if (gap > 0) return `${gap}ms`
  const second = pace(1000, 0)
  if (second === 0) return 'instant'
  return second === 1000 ? 'recorded' : `${Number((1000 / second).toPrecision(9))}x`
}

/** What may be asked for, in words. */
export const PACE_FORMS = 'instant, recorded, a speed such as 2x, or a gap such as 15ms'

/**
 * Reads a pace.
 *
 * @throws DeltatapeError `invalid_input`
 */
export function parsePace(word: string): Pace {
  if (word === 'instant') return instant
  if (word === 'recorded') return recorded(1)
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,9})?)(x|ms)$/.exec(word) ?? []
  if (unit === 'x' && Number(amount) > 0) return recorded(Number(amount))
  if (unit === 'ms') return fixed(Number(amount))
  throw new DeltatapeError('invalid_input', `There is no pace ${quoted(word)}. There are ${PACE_FORMS}.`)
}

/**
 * The pace at which a call is answered: the one that its client asks for, or else the usual one.
 *
 * @throws DeltatapeError `invalid_input`
 */
export const paceOf = ({ pace }: Pick<Call, 'pace'>, usual: Pace): Pace =>
  pace === undefined ? usual : parsePace(pace)

/** Makes a model that answers as `model` does, but fails with `invalid_input` for a pace that cannot be asked for. */
export function withPaces(model: Model, mode: Mode): Model {
  const checked: Model = async (call, signal) => {
    if (mode !== 'replay') throw notInThisMode()
    paceOf(call, instant)
    return model(call, signal)
  }
  return (call, signal) => (call.pace === undefined ? model : checked)(call, signal)
}

const notInThisMode = (): DeltatapeError =>
  new DeltatapeError(
    'invalid_input',
    'A pace can be asked for in replay mode only; REPLAY_PACE sets that of all that is replayed.',
  )
