/** What a rule finds in a text, and what is put in its place. */

/** A piece of a text that is to be replaced. */
export interface Match {
  readonly start: number
  readonly end: number
  readonly kind: string
  /** Empty if it was put into an earlier piece of the same text. */
  readonly placeholder: string
}

/** Finds what is to be replaced. */
export interface Rule {
  find(text: string): readonly Match[]
  /** A text that holds none of these cannot hold a match. */
  readonly hints: readonly string[]
}

/** Is told the kind of everything that is replaced; by a rule of the user, its placeholder. */
export type Found = (kind: string) => void

/** What stands where a secret stood. */
export const placeholderFor = (kind: string) => `[redacted:${kind}]`

/** A match of a kind of secret. */
export const secretAt = (start: number, end: number, kind: string): Match => ({
  start,
  end,
  kind,
  placeholder: placeholderFor(kind),
})

/** What the rules find in a text, in no order. */
export const findAll = (text: string, rules: readonly Rule[]): Match[] =>
  rules.filter(({ hints }) => hints.some((hint) => text.includes(hint))).flatMap((rule) => rule.find(text))

/**
 * Puts matches in order, and makes one of those that overlap. It is called what the first of them is called: the one that
 * begins first, or of several that begin together the longest, or of several of the same length the one found first.
 */
export function merged(text: string, found: readonly Match[]): Match[] {
  if (found.length === 0) return []
  const matches: Match[] = []
  for (const match of found.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    // A pattern may match its own placeholder, which an earlier run put there.
    if (text.slice(match.start, match.end) === match.placeholder) continue
    const last = matches.at(-1)
    if (!last || match.start >= last.end) matches.push(match)
    else if (match.end > last.end) matches[matches.length - 1] = { ...last, end: match.end }
  }
  return matches
}

/** The text with the matches replaced; the same text if there are none. */
export function replace(text: string, matches: readonly Match[], found?: Found): string {
  if (matches.length === 0) return text
  const parts: string[] = []
  let at = 0
  for (const { start, end, kind, placeholder } of matches) {
    parts.push(text.slice(at, start), placeholder)
    if (placeholder !== '') found?.(kind)
    at = end
  }
  return parts.join('') + text.slice(at)
}

/**
 * The matches in each piece of a text that was cut in pieces, such as the deltas of an answer. A match that goes over
 * several pieces is one match in each of them: its placeholder stands in the piece that holds its beginning, and the
 * rest of it is taken out of the others. Linear in pieces and matches.
 */
export function matchesInPieces(pieces: readonly string[], matches: readonly Match[]): Match[][] {
  let next = 0
  let from = 0
  return pieces.map(({ length }) => {
    const to = from + length
    const inside: Match[] = []
    for (let match = matches[next]; match && match.start < to; match = matches[next]) {
      const begins = match.start >= from
      inside.push({
        ...match,
        start: Math.max(match.start, from) - from,
        end: Math.min(match.end, to) - from,
        placeholder: begins ? match.placeholder : '',
      })
      // The rest of it is the first match of the next piece: until then it is not done with.
      if (match.end > to) break
      next++
    }
    from = to
    return inside
  })
}
