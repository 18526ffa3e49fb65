/** Paths to members of a JSON value, in a small part of JSONPath (RFC 9535). */
import type { Place } from '../base/json-text.ts'

interface Segment {
  /** A name, an index, or `*` for any. */
  readonly key: string | number | typeof ANY
  /** Whether it may stand at any depth below the segment before it. */
  readonly deep: boolean
}

const ANY = Symbol('any')

export interface Path {
  readonly segments: readonly Segment[]
}

/** What may be written, in words. */
export const PATH_FORMS = "$.a.b, $.a[0], $.a[*].b, $.a.*, $['a b'], or $..a for a member at any depth"

const SEGMENT =
  /(?<deep>\.\.)?(?:\.?(?<name>[^\s.[\]'"*$]+)|\[(?:'(?<quoted>[^']+)'|"(?<doubly>[^"]+)"|(?<index>\d{1,9})|(?<all>\*))\]|\.(?<any>\*))/y

/** Reads a path; undefined if it has none of the forms in {@link PATH_FORMS}. */
export function parsePath(text: string): Path | undefined {
  if (!text.startsWith('$')) return undefined
  const segments: Segment[] = []
  SEGMENT.lastIndex = 1
  while (SEGMENT.lastIndex < text.length) {
    const start = SEGMENT.lastIndex
    const { groups } = SEGMENT.exec(text) ?? {}
    if (!groups) return undefined
    const { deep, name, quoted, doubly, index, all, any } = groups
    // A name needs one dot before it, or two.
    if (name !== undefined && text[start] !== '.') return undefined
    const key = index === undefined ? (name ?? quoted ?? doubly ?? ANY) : Number(index)
    // `..*` would mean every value below.
    if (deep !== undefined && (all ?? any) !== undefined) return undefined
    segments.push({ key, deep: deep !== undefined })
  }
  return segments.length > 0 ? { segments } : undefined
}

/** Whether a path means the value at a place. */
export const leadsTo = ({ segments }: Path, place: Place): boolean => matchesFrom(segments, 0, place, 0)

function matchesFrom(segments: readonly Segment[], at: number, place: Place, depth: number): boolean {
  const segment = segments[at]
  if (segment === undefined) return depth === place.length
  const here = place[depth]
  if (here === undefined) return false
  const fits = segment.key === ANY || segment.key === here
  if (fits && matchesFrom(segments, at + 1, place, depth + 1)) return true
  return segment.deep && matchesFrom(segments, at, place, depth + 1)
}

/** A name that every text has to hold in which the path leads somewhere; undefined if the path has no name. */
export const nameIn = ({ segments }: Path): string | undefined =>
  segments.map(({ key }) => key).findLast((key) => typeof key === 'string')
