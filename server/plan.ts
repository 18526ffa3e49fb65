/** Faults on purpose: the words that ask for them. `reset@7` breaks the answer after 7 events. */
import { DeltatapeError } from './errors.ts'

/** What can be done to an answer. */
export type Fault =
  /** An HTTP error in place of an answer. */
  | { readonly kind: 'refuse'; readonly status: number; readonly after: number }
  /** A pause, in ms; the answer goes on. */
  | { readonly kind: 'delay'; readonly ms: number; readonly after: number }
  /** An `error` event, a failed response, an end too early, a broken connection, silence, or a line that is no JSON. */
  | { readonly kind: 'error' | 'fail' | 'truncate' | 'reset' | 'stall' | 'malformed'; readonly after: number }
  /** The client's own connection breaks. */
  | { readonly kind: 'drop'; readonly after: number }

/** Faults in the order in which they come, or a mix that a seed decides for each request and each try. */
export type Plan =
  | { readonly faults: readonly Fault[] }
  | {
      readonly chaos: {
        readonly seed: string
        /** The share of tries that get a fault, from 0 to 1. */
        readonly rate: number
      }
    }

const PLAIN = ['error', 'fail', 'truncate', 'reset', 'stall', 'malformed', 'drop'] as const

/** What may be asked for, in words. */
export const PLAN_FORMS =
  'refuse:429, delay:200ms@7, error@7, fail@7, truncate@7, reset@7, stall@7, malformed@7, drop@7, several joined by commas, or chaos:SEED:RATE with a rate from 0 to 1'

/**
 * Reads a plan. Without `@` a fault comes before the first event.
 *
 * @throws DeltatapeError `invalid_input`
 */
export function parsePlan(text: string): Plan {
  const [, seed, rate] = /^chaos:([^:,]+):(\d+(?:\.\d+)?)$/.exec(text) ?? []
  if (seed !== undefined && Number(rate) <= 1) return { chaos: { seed, rate: Number(rate) } }
  const faults = text.split(',').map((word) => parseFault(word.trim()))
  return { faults: faults.toSorted((a, b) => a.after - b.after) }
}

function parseFault(word: string): Fault {
  const [, kind = '', amount, place = '0'] = /^([a-z]+)(?::(\d+(?:ms)?))?(?:@(\d{1,9}))?$/.exec(word) ?? []
  const after = Number(place)
  const status = Number(amount)
  if (kind === 'refuse' && after === 0 && status >= 400 && status <= 599) return { kind, status, after }
  if (kind === 'delay' && amount?.endsWith('ms')) return { kind, ms: Number.parseInt(amount, 10), after }
  const plain = PLAIN.find((each) => each === kind)
  if (plain && amount === undefined) return { kind: plain, after }
  throw new DeltatapeError('invalid_input', `There is no fault ${JSON.stringify(word)}. There are ${PLAN_FORMS}.`)
}
