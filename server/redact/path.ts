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

/** The segments of a path that may come next, by their indexes; that of none is the end of the path. */
type Open = ReadonlySet<number>

const START: Open = new Set([0])

/** Follows a path one step down: what may come next is followed side by side, so that no `..` costs more than another. */
function step({ segments }: Path, open: Open, here: string | number): Open {
  const next = new Set<number>()
  for (const at of open) {
    const segment = segments[at]
    if (segment === undefined) continue
    if (segment.key === ANY || segment.key === here) next.add(at + 1)
    if (segment.deep) next.add(at)
  }
  return next
}

/**
 * Follows a path over the places of one JSON text, given in the order in which they stand. A place costs one step,
 * however deep it is: what leads to it was asked for before.
 *
 * @param from the depth at which the path begins
 */
export function follow(path: Path, from = 0): (place: Place) => boolean {
  const open: Open[] = []
  open[from] = START
  return (place) => {
    const before = open[place.length - 1]
    const here = place.at(-1)
    if (place.length <= from || before === undefined || here === undefined) return false
    const next = step(path, before, here)
    open[place.length] = next
    return next.has(path.segments.length)
  }
}

/** A name that every text has to hold in which the path leads somewhere; undefined if the path has no name. */
export const nameIn = ({ segments }: Path): string | undefined =>
  segments.map(({ key }) => key).findLast((key) => typeof key === 'string')
