/** Why a request has no fixture: the nearest one, what differs, and how to record it. */
import canonicalize from 'canonicalize'
import { NAME_KEY_CHARS, fileName, type FixtureHeader, type Identity } from './fixture.ts'
import type { JsonObject, JsonValue } from './json.ts'

/** A fixture that could have been meant. */
export interface Candidate extends FixtureHeader {
  readonly name: string
}

/**
 * The message for a request without a fixture. The same request among the same fixtures gives the same words. It holds
 * the redacted request only, so no secret can be in it.
 */
export function explainMiss(wanted: Identity, candidates: readonly Candidate[], damaged: readonly string[]): string {
  const nearest = findNearest(wanted, candidates)
  return [
    `No fixture for this request (it would be ${fileName(wanted)}).`,
    nearest
      ? `The nearest is ${nearest.name}, which differs in ${differences(wanted, nearest).join(' and in ')}.`
      : 'There are no fixtures at all.',
    ...(damaged.length > 0 ? [`Damaged and passed over: ${damaged.join(', ')}.`] : []),
    'To record it: OPENAI_API_KEY=… MODEL_MODE=record npm start, and send it again.',
  ].join(' ')
}

/** The most alike: the fewest members that differ, then the most alike input, then the first by name. */
function findNearest(wanted: Identity, candidates: readonly Candidate[]): Candidate | undefined {
  let best: { candidate: Candidate; members: number; likeness: number } | undefined
  const pairs = pairsOf(wanted.request.input)
  for (const candidate of candidates) {
    const members = differingMembers(wanted, candidate).length
    // Most candidates are out of the race before their text is looked at.
    if (best && members > best.members) continue
    const likeness = overlap(pairs, pairsOf(candidate.request.input))
    const order =
      best && (members - best.members || best.likeness - likeness || (candidate.name < best.candidate.name ? -1 : 1))
    if (order === undefined || order < 0) best = { candidate, members, likeness }
  }
  return best?.candidate
}

/** A request as its key sees it. */
export const keyed = ({ request, previousKey }: Identity): JsonObject =>
  previousKey === undefined ? request : { ...request, previous_response_id: previousKey }

function differingMembers(a: Identity, b: Identity): string[] {
  const [left, right] = [keyed(a), keyed(b)]
  const names = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...names].filter((name) => canonicalize(left[name]) !== canonicalize(right[name])).toSorted()
}

function differences(wanted: Identity, nearest: Candidate): string[] {
  const [ours, theirs] = [keyed(wanted), keyed(nearest)]
  return differingMembers(wanted, nearest).map((name) => {
    if (name === 'previous_response_id') return conversationDifference(wanted, nearest)
    const [here, there] = [ours[name], theirs[name]]
    if (here === undefined) return `${name} (not in the request, ${excerpt(there)} in the fixture)`
    if (there === undefined) return `${name} (${excerpt(here)} in the request, not in the fixture)`
    const [shownHere, shownThere] = around(asText(here), asText(there))
    return `${name} (${shownHere} in the request, ${shownThere} in the fixture)`
  })
}

const conversationDifference = (wanted: Identity, nearest: Candidate): string =>
  `previous_response_id (the request ${placeOf(wanted)}, the fixture ${placeOf(nearest)})`

function placeOf({ request, previousKey }: Identity): string {
  if (previousKey) return `continues the answer of …-${previousKey.slice(0, NAME_KEY_CHARS)}.jsonl`
  return request.previous_response_id ? 'continues an answer that no fixture holds' : 'begins a conversation'
}

export const asText = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value))

const EXCERPT_CHARS = 60
const LEAD_CHARS = 20

const excerpt = (value: JsonValue | undefined): string => (value === undefined ? 'nothing' : cut(asText(value), 0))

/** Two texts, each cut to where they begin to differ. */
function around(a: string, b: string): [string, string] {
  let same = 0
  while (same < a.length && same < b.length && a[same] === b[same]) same++
  const start = Math.max(a.length, b.length) <= EXCERPT_CHARS ? 0 : Math.max(0, same - LEAD_CHARS)
  return [cut(a, start), cut(b, start)]
}

function cut(text: string, start: number): string {
  const end = start + EXCERPT_CHARS
  return JSON.stringify(
    `${start > 0 ? '…' : ''}${text.slice(start, end).toWellFormed()}${text.length > end ? '…' : ''}`,
  )
}

/** How much of an input tells how alike it is, in characters. */
export const LIKENESS_CHARS = 2000

/** The pairs of neighbouring characters of a text, which tell how alike two texts are (Dice's coefficient). */
function pairsOf(input: JsonValue | undefined): Set<string> {
  const text = asText(input ?? '').slice(0, LIKENESS_CHARS)
  const pairs = new Set<string>()
  for (let index = 0; index + 1 < text.length; index++) pairs.add(text.slice(index, index + 2))
  return pairs
}

/** How alike two inputs are, from 0 to 1. */
export const likeness = (a: JsonValue | undefined, b: JsonValue | undefined): number => overlap(pairsOf(a), pairsOf(b))

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size + b.size === 0) return 1
  let shared = 0
  for (const pair of a) if (b.has(pair)) shared++
  return (2 * shared) / (a.size + b.size)
}
