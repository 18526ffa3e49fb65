/** Faults on purpose, in the words that the server takes, and where in an answer they come. Pure. */
import { bisectLeft } from 'd3-array'
import type { View } from '../../server/serve/page/data.ts'

/** How a turn of a chat ends by a fault: with an error of this code, or without any frame. */
type ChatEnd = `upstream_${string}` | 'dropped'

export interface FaultKind {
  readonly kind: string
  /** What it does, for a menu. */
  readonly label: string
  /** How a turn of a chat ends by it; absent if the answer goes on. */
  readonly ends?: ChatEnd
  /** Whether the connection of a call over HTTP breaks after the first event. */
  readonly breaks?: true
  /** Whether it can come after some events. */
  readonly isPlaced: boolean
  /** What else it needs, and what that is if nobody says. */
  readonly amount?: { readonly usual: number; readonly unit: '' | 'ms' }
}

type More = Partial<Pick<FaultKind, 'ends' | 'breaks' | 'isPlaced' | 'amount'>>

const kindOf = (kind: string, label: string, more: More): FaultKind => ({ kind, label, isPlaced: true, ...more })

export const FAULT_KINDS: readonly FaultKind[] = [
  kindOf('refuse', 'an HTTP error', { ends: 'upstream_refused', isPlaced: false, amount: { usual: 429, unit: '' } }),
  kindOf('error', 'an error event', { ends: 'upstream_error' }),
  kindOf('fail', 'a failed response', { ends: 'upstream_failed' }),
  kindOf('truncate', 'the stream ends', { ends: 'upstream_truncated' }),
  kindOf('reset', 'the API’s connection breaks', { ends: 'upstream_reset', breaks: true }),
  kindOf('stall', 'nothing more comes', { ends: 'upstream_stalled', breaks: true }),
  kindOf('malformed', 'a line that is no JSON', { ends: 'upstream_malformed' }),
  kindOf('drop', 'your own connection breaks', { ends: 'dropped', breaks: true }),
  kindOf('delay', 'a pause', { amount: { usual: 1000, unit: 'ms' } }),
]

/** A fault of one kind, as it is chosen in the menu. */
export interface Fault {
  readonly kind: FaultKind
  /** After how many events it comes; 0 is before the first. */
  readonly after: number
  /** The status of a refusal, the ms of a pause. */
  readonly amount: number
}

export const faultOf = (kind: FaultKind, after = 0, amount = kind.amount?.usual ?? 0): Fault => ({
  kind,
  after: kind.isPlaced ? after : 0,
  amount,
})

/** The words that ask the server for a fault. */
export function wordsOf({ kind: { kind, amount: of }, after, amount }: Fault): string {
  const much = of === undefined ? '' : `:${amount}${of.unit}`
  return `${kind}${much}${after === 0 ? '' : `@${after}`}`
}

/** The one fault that such words ask for; undefined of several, of a mix, and of what is none. */
export function faultIn(words: string): Fault | undefined {
  const usual = words.trim().replace(/@0$/, '')
  const [, name, amount = 0, after = 0] = /^([a-z]+)(?::(\d{1,9})(?:ms)?)?(?:@(\d{1,9}))?$/.exec(usual) ?? []
  const kind = FAULT_KINDS.find((each) => each.kind === name)
  const fault = kind && faultOf(kind, Number(after), Number(amount))
  return fault && wordsOf(fault) === usual ? fault : undefined
}

/** What the records of an answer are called that are no events: faults do not count them. */
const NO_EVENT = new Set(['(comment)', '(body)', '[DONE]', '(data)'])

/** How many events there are among the first records, from none of them to all. */
export function eventsOf({ types, records }: Pick<View, 'types' | 'records'>): readonly number[] {
  let count = 0
  return [0, ...records.type.map((type) => (NO_EVENT.has(types[type] ?? '') ? count : ++count))]
}

/** How many events are among the first records: what stands behind the `@` of a fault that comes right after them. */
export const eventsBefore = (events: readonly number[], records: number): number =>
  events[records] ?? events.at(-1) ?? 0

/** How many records have come when so many events have. */
export const recordsUntil = (events: readonly number[], count: number): number =>
  Math.min(bisectLeft(events, count), events.length - 1)
