/** Why a request has no fixture: the nearest one, what differs, and how to record it. */
import { differenceIn, marked } from './changes.ts'
import type { FixtureHeader } from './fixture.ts'
import { NAME_KEY_CHARS, countDiffering, differingMembers, fileName, keyed, type Identity } from './identity.ts'
import { asText, memberOf, type JsonValue } from './json.ts'

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
      ? `The nearest is ${nearest.name}, which differs in ${inWords(differences(wanted, nearest))}.`
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
    // Most candidates are out of the race before they are looked at whole.
    const members = countDiffering(wanted, candidate, best?.members ?? Infinity)
    if (best && members > best.members) continue
    const likeness = overlap(pairs, pairsOf(candidate.request.input))
    const order =
      best && (members - best.members || best.likeness - likeness || (candidate.name < best.candidate.name ? -1 : 1))
    if (order === undefined || order < 0) best = { candidate, members, likeness }
  }
  return best?.candidate
}

interface Difference {
  readonly text: string
  /** Whether the text marks what is of the fixture, and what of the request. */
  readonly marks: boolean
}

const inWords = (each: readonly Difference[]): string =>
  each.map(({ text }) => text).join(' and in ') + (each.some(({ marks }) => marks) ? LEGEND : '')

const LEGEND = ': [-so-] in the fixture, {+so+} in the request'

/** How many differences are told. */
const MAX_DIFFERENCES = 8

function differences(wanted: Identity, nearest: Candidate): Difference[] {
  const [ours, theirs] = [keyed(wanted), keyed(nearest)]
  const names = differingMembers(wanted, nearest)
  const told = names.slice(0, MAX_DIFFERENCES).map((name) => {
    if (name === 'previous_response_id') return { text: conversationDifference(wanted, nearest), marks: false }
    const [here, there] = [memberOf(ours, name), memberOf(theirs, name)]
    const shown = /^\w{1,60}$/.test(name) ? name : cut(name)
    if (here === undefined)
      return { text: `${shown} (not in the request, ${excerpt(there)} in the fixture)`, marks: false }
    if (there === undefined)
      return { text: `${shown} (${excerpt(here)} in the request, not in the fixture)`, marks: false }
    return textDifference(shown, asText(here), asText(there))
  })
  const more = names.length - told.length
  return more > 0 ? [...told, { text: `${more} more`, marks: false }] : told
}

/** Two texts word by word where they have words in common, and side by side where they have none. */
function textDifference(name: string, here: string, there: string): Difference {
  const changes = differenceIn(there, here)
  if (changes) return { text: `${name} (${JSON.stringify(changes.map(marked).join(''))})`, marks: true }
  return { text: `${name} (${cut(here)} in the request, ${cut(there)} in the fixture)`, marks: false }
}

const conversationDifference = (wanted: Identity, nearest: Candidate): string =>
  `previous_response_id (the request ${placeOf(wanted)}, the fixture ${placeOf(nearest)})`

function placeOf({ request, previousKey }: Identity): string {
  if (previousKey) return `continues the answer of …-${previousKey.slice(0, NAME_KEY_CHARS)}.jsonl`
  return request.previous_response_id ? 'continues an answer that no fixture holds' : 'begins a conversation'
}

const EXCERPT_CHARS = 60

const excerpt = (value: JsonValue | undefined): string => (value === undefined ? 'nothing' : cut(asText(value)))

const cut = (text: string): string =>
  JSON.stringify(text.length > EXCERPT_CHARS ? `${text.slice(0, EXCERPT_CHARS).toWellFormed()}…` : text)

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
