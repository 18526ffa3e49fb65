/** Paths to members of a JSON value, in a small part of JSONPath (RFC 9535). */

/** Where a value stands: the names and indices from the outermost value on. */
export type Place = readonly (string | number)[]

interface Segment {
  /** A name, an index, or `*` for any. */
  readonly key: string | number | typeof ANY
  /** Whether it may stand at any depth below. */
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

/** Reads a path, or gives undefined where it is none of {@link PATH_FORMS}. */
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
    // Every value below would be one.
    if (deep !== undefined && (all ?? any) !== undefined) return undefined
    segments.push({ key, deep: deep !== undefined })
  }
  return segments.length > 0 ? { segments } : undefined
}

/** Whether a value that stands there is meant. */
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

/** A name that a text has to hold for the path to lead anywhere in it, or undefined where it has none. */
export const nameIn = ({ segments }: Path): string | undefined =>
  segments.map(({ key }) => key).findLast((key) => typeof key === 'string')
