/** The strings of a JSON text, and what each is by where it stands. */
import { type JsonString, type Place, eachString, indexesInText } from '../base/json-text.ts'
import type { Match } from './match.ts'
import { createHeaderList, mayHavePlaces, standingOf } from './places.ts'

/** A string of a JSON text. */
export interface Leaf {
  readonly value: string
  /** What stands between its quotes, and the index at which that begins. */
  readonly raw: string
  readonly start: number
  /** Whether it is the name of a member. */
  readonly isName: boolean
  /** Its place; of one that is nested deeply, the innermost part. */
  readonly place: Place
  /** Whether a credential stands in this place, whatever it looks like. */
  readonly isCredential: boolean
}

/** Deeper places are cut at their beginning: what a walk costs must not depend on the depth. */
const MAX_PLACE = 128

/**
 * The strings of a JSON text, names of members included, in order.
 *
 * @param wanted whether a string is; its place is changed afterwards
 */
export function leavesIn(json: string, wanted: (string: JsonString) => boolean = () => true): Leaf[] {
  const leaves: Leaf[] = []
  const hasPlaces = mayHavePlaces(json)
  const headers = createHeaderList<number>()
  eachString(json, (string) => {
    if (!wanted(string)) return
    const standing = hasPlaces && !string.isName ? standingOf(string.place) : undefined
    if (standing === 'name') headers.name(string.within, string.value)
    if (standing === 'value') headers.value(string.within, leaves.length)
    leaves.push(leafOf(string, standing === 'credential'))
  })
  for (const index of headers.credentials()) {
    const leaf = leaves[index]
    if (leaf) leaves[index] = { ...leaf, isCredential: true }
  }
  return leaves
}

const leafOf = ({ value, raw, start, isName, place }: JsonString, isCredential: boolean): Leaf => ({
  value,
  raw,
  start,
  isName,
  place: place.slice(-MAX_PLACE),
  isCredential,
})

/** The name of the member that holds a string, however deep in lists. */
export const nameOf = ({ place }: Pick<Leaf, 'place'>): string =>
  String(place.findLast((step) => typeof step === 'string') ?? '')

/** Matches in a string, as they stand in its JSON text. */
export function encoded(matches: readonly Match[], { raw, start }: Leaf): Match[] {
  if (matches.length === 0) return []
  const indexes = indexesInText(
    raw,
    matches.flatMap((match) => [match.start, match.end]),
  )
  return matches.map((match, index) => ({
    ...match,
    start: start + (indexes[2 * index] ?? 0),
    end: start + (indexes[2 * index + 1] ?? 0),
    placeholder: JSON.stringify(match.placeholder).slice(1, -1),
  }))
}
