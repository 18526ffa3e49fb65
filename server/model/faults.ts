/** Faults on purpose: the words that ask for them, and what each does. */
import { createHash } from 'node:crypto'
import type { Failure } from '../api/ending.ts'
import type { Trouble } from '../api/api.ts'
import { DeltatapeError } from '../base/errors.ts'
import { MAX_NAME_CHARS, isShort, quoted } from '../base/name.ts'

/** What can be done to an answer. */
export type Fault =
  /** An HTTP error in place of an answer. */
  | {
      readonly kind: 'refuse'
      readonly status: number
      /** After how many seconds its client may try again, if that is said. */
      readonly retryAfter?: number
      readonly after: number
    }
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
  'refuse:429, refuse:429:7s (Retry-After: 7), delay:200ms@7, error@7, fail@7, truncate@7, reset@7, stall@7, malformed@7, drop@7, several joined by commas, or chaos:SEED:RATE with a rate from 0 to 1'

/** What a client is told that asks for a fault where answers may be paid for, or recorded. */
export const notInThisMode = (): DeltatapeError =>
  new DeltatapeError('invalid_input', 'Faults can be asked for in replay mode only; FAULT sets them in any.')

/** How long a plan may be: a client may send one with every call. */
const MAX_PLAN_CHARS = 1024

/**
 * Reads a plan. Without `@` a fault comes before the first event.
 *
 * @throws DeltatapeError `invalid_input`
 */
export function parsePlan(text: string): Plan {
  if (!isShort(text, MAX_PLAN_CHARS)) {
    throw new DeltatapeError('invalid_input', `A plan of faults has at most ${MAX_PLAN_CHARS} characters.`)
  }
  const [, seed, rate] = /^chaos:([^:,]+):(\d+(?:\.\d+)?)$/.exec(text) ?? []
  if (seed !== undefined && !isShort(seed)) {
    throw new DeltatapeError('invalid_input', `A seed of chaos has at most ${MAX_NAME_CHARS} characters.`)
  }
  if (seed !== undefined && Number(rate) <= 1) return { chaos: { seed, rate: Number(rate) } }
  const faults = text.split(',').map((word) => parseFault(word.trim()))
  return { faults: faults.toSorted((a, b) => a.after - b.after) }
}

function parseFault(word: string): Fault {
  const [, kind = '', amount, seconds, place = '0'] =
    /^([a-z]+)(?::(\d+(?:ms)?))?(?::(\d{1,6})s)?(?:@(\d{1,9}))?$/.exec(word) ?? []
  const after = Number(place)
  const status = Number(amount)
  if (kind === 'refuse' && after === 0 && status >= 400 && status <= 599) {
    return { kind, status, after, ...(seconds !== undefined && { retryAfter: Number(seconds) }) }
  }
  if (kind === 'delay' && seconds === undefined && amount?.endsWith('ms'))
    return { kind, ms: Number.parseInt(amount, 10), after }
  const plain = PLAIN.find((each) => each === kind)
  if (plain && amount === undefined && seconds === undefined) return { kind: plain, after }
  throw new DeltatapeError('invalid_input', `There is no fault ${quoted(word)}. There are ${PLAN_FORMS}.`)
}

const why = (due: Fault): string => `on purpose, by the fault ${wordFor(due)}`

/** The words that ask for a plan. */
export function wordsOf(plan: Plan): string {
  if ('chaos' in plan) return `chaos:${plan.chaos.seed}:${plan.chaos.rate}`
  return plan.faults.map(wordFor).join(',')
}

/** The word that asks for a fault. */
export function wordFor(fault: Fault): string {
  return `${fault.kind}${amountOf(fault)}${fault.after === 0 ? '' : `@${fault.after}`}`
}

function amountOf(fault: Fault): string {
  if (fault.kind === 'delay') return `:${fault.ms}ms`
  if (fault.kind !== 'refuse') return ''
  return `:${fault.status}${fault.retryAfter === undefined ? '' : `:${fault.retryAfter}s`}`
}

/** What stands for a line that is no JSON. */
export const MALFORMED = '{"type":"response.output_text.delta","delta":'

/** The failure that a fault is, if it leaves no end. */
export function failureOf(due: Fault): Failure | undefined {
  switch (due.kind) {
    case 'truncate':
      return { end: 'truncated', why: why(due) }
    case 'reset':
      return { end: 'reset', why: why(due) }
    case 'stall':
      return { end: 'stalled', why: why(due) }
    case 'malformed':
      return { end: 'malformed', why: MALFORMED }
    default:
      return undefined
  }
}

/** What the API says of a refusal, or of an answer that it gives up. */
export const troubleOf = (due: Fault): Trouble =>
  due.kind === 'refuse'
    ? { status: due.status, message: `Refused ${why(due)}`, code: 'fault', retryAfter: due.retryAfter }
    : { status: 500, message: `Failed ${why(due)}`, code: 'server_error' }

/** How far into an answer a mix of faults reaches, in events, and how long it makes it wait, in ms. */
const MIX_EVENTS = 20

const MIX_DELAY_MS = 200

/** What a seed decides: nothing, or one fault. The same text decides the same. */
export function mix(text: string, rate: number): Fault[] {
  const digest = createHash('sha256').update(text).digest()
  const chance = digest.readUInt32BE(0) / 2 ** 32
  if (chance >= rate) return []
  const after = digest.readUInt32BE(4) % MIX_EVENTS
  const faults: readonly Fault[] = [
    { kind: 'refuse', status: 429, after: 0 },
    { kind: 'refuse', status: 500, after: 0 },
    { kind: 'error', after },
    { kind: 'fail', after },
    { kind: 'truncate', after },
    { kind: 'reset', after },
    { kind: 'stall', after },
    { kind: 'malformed', after },
    { kind: 'drop', after },
    { kind: 'delay', ms: digest.readUInt32BE(8) % MIX_DELAY_MS, after },
  ]
  const chosen = faults[digest.readUInt32BE(12) % faults.length]
  return chosen ? [chosen] : []
}
