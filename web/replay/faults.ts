/** Faults on purpose, in the words that the server takes, and where in an answer they come. Pure. */
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
  readonly amount?: { readonly label: string; readonly usual: number; readonly unit: '' | 'ms' }
}

export const FAULT_KINDS: readonly FaultKind[] = [
  {
    kind: 'refuse',
    label: 'refuse: an HTTP error',
    ends: 'upstream_refused',
    isPlaced: false,
    amount: { label: 'status', usual: 429, unit: '' },
  },
  { kind: 'error', label: 'error: an error event', ends: 'upstream_error', isPlaced: true },
  { kind: 'fail', label: 'fail: a failed response', ends: 'upstream_failed', isPlaced: true },
  { kind: 'truncate', label: 'truncate: the stream ends', ends: 'upstream_truncated', isPlaced: true },
  { kind: 'reset', label: 'reset: the API’s connection breaks', ends: 'upstream_reset', breaks: true, isPlaced: true },
  { kind: 'stall', label: 'stall: nothing more comes', ends: 'upstream_stalled', breaks: true, isPlaced: true },
  { kind: 'malformed', label: 'malformed: a line that is no JSON', ends: 'upstream_malformed', isPlaced: true },
  { kind: 'drop', label: 'drop: your own connection breaks', ends: 'dropped', breaks: true, isPlaced: true },
  { kind: 'delay', label: 'delay: a pause', isPlaced: true, amount: { label: 'ms', usual: 1000, unit: 'ms' } },
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
  const [, name, amount, unit = '', place = '0'] =
    /^([a-z]+)(?::(\d{1,9})(ms)?)?(?:@(\d{1,9}))?$/.exec(words.trim()) ?? []
  const kind = FAULT_KINDS.find((each) => each.kind === name)
  if (kind === undefined || (kind.amount === undefined) !== (amount === undefined)) return undefined
  if ((kind.amount?.unit ?? '') !== unit || (!kind.isPlaced && place !== '0')) return undefined
  return faultOf(kind, Number(place), Number(amount ?? 0))
}

/** What the records of an answer are called that are no events: faults do not count them. */
const NO_EVENT = new Set(['(comment)', '(body)', '[DONE]', '(data)'])

/** Whether each record is an event. */
export const eventsOf = ({ types, records }: Pick<View, 'types' | 'records'>): readonly boolean[] =>
  records.type.map((type) => !NO_EVENT.has(types[type] ?? ''))

/** How many events are among the first records: what stands behind the `@` of a fault that comes right after them. */
export function eventsBefore(events: readonly boolean[], records: number): number {
  let count = 0
  for (let index = 0; index < records && index < events.length; index++) if (events[index]) count++
  return count
}

/** How many records have come when so many events have. */
export function recordsUntil(events: readonly boolean[], count: number): number {
  let [place, seen] = [0, 0]
  while (seen < count && place < events.length) if (events[place++]) seen++
  return place
}
