/** Whether an answer says a secret still, or a piece of one, once its deltas are put together as its readers do. */
import type { Api } from '../api/api.ts'
import type { ModelEvent } from '../api/event.ts'
import type { AnswerRecord } from '../api/record.ts'
import { type Piece, type Told, toldOf } from '../api/told.ts'
import { type Match, matchesInPieces, replace } from './match.ts'

/** What of a row tells what an answer says. */
export type Says = Pick<Api, 'events' | 'told'>

/** Finds the secrets in a text that somebody said. */
type Find = (text: string) => readonly Match[]

const PLACEHOLDER = /\[redacted:[\w-]{1,100}\]/g
const AT_END = /\[redacted:([\w-]{1,100})\]$/

/** The texts that an answer says: pieces that follow each other, each text under a name of its own. */
function textsIn({ pieces, thoughts = [], calls = [] }: Told): Map<string, Piece[]> {
  const named: (readonly [name: string, piece: Piece])[] = [
    ...pieces.map((piece) => [`text ${piece.part}`, piece] as const),
    ...thoughts.map((piece) => [`thought ${piece.part}`, piece] as const),
    ...calls.map((piece) => [`call ${piece.call}`, piece] as const),
  ]
  return new Map(
    Array.from(
      Map.groupBy(named, ([name]) => name),
      ([name, group]) => [name, group.map(([, piece]) => piece)],
    ),
  )
}

/** What each event says of a text. */
function byEvent(pieces: readonly Piece[]): Map<number, string> {
  const said = new Map<number, string>()
  for (const { event, text } of pieces) said.set(event, (said.get(event) ?? '') + text)
  return said
}

/** A kind of secret of which an answer still says a piece, and where in a text it does so first. */
export interface Left {
  readonly kind: string
  /** Which of the events of the answer, from 0 on. */
  readonly event: number
}

/**
 * The secrets in what an answer said of which what was written still says a piece, in the very event that said it. None
 * where nobody knows what its events say.
 *
 * @param written the same records, redacted; the very same list if nothing was found in them
 */
export function leftIn(
  came: readonly AnswerRecord[],
  written: readonly AnswerRecord[],
  api: Says,
  find: Find,
): readonly Left[] {
  const left: Left[] = []
  const after = came === written ? undefined : textsIn(toldOf(api, api.events(written)))
  for (const [name, pieces] of textsIn(toldOf(api, api.events(came)))) {
    const said = byEvent(pieces)
    const texts = [...said.values()]
    const found = find(texts.join(''))
    if (found.length === 0) continue
    const now = after ? byEvent(after.get(name) ?? []) : said
    const inEach = matchesInPieces(texts, found)
    const told = new Set<string>()
    for (const [index, [event, text]] of [...said].entries()) {
      const inside = inEach[index] ?? []
      const is = plainOf(now.get(event) ?? '')
      const wanted = plainOf(replace(text, inside))
      for (const { start, end, kind } of inside) {
        const piece = text.slice(start, end)
        if (told.has(kind) || !is.includes(piece) || wanted.includes(piece)) continue
        told.add(kind)
        left.push({ kind, event })
      }
    }
  }
  return left
}

/** A text without the placeholders in it. */
const plainOf = (text: string): string => text.replaceAll(PLACEHOLDER, '')

/**
 * Where a text goes on right behind a placeholder, in the next event that says something of it: what was found of a secret
 * may have ended too early there, since none of a known kind is followed by a letter or a digit.
 */
export function brokenOffIn(events: readonly ModelEvent[], api: Says): readonly Left[] {
  return [...textsIn(toldOf(api, events)).values()].flatMap((pieces) =>
    pieces.flatMap(({ event, text }, index): Left[] => {
      const before = pieces[index - 1]
      const kind = before && before.event !== event ? AT_END.exec(before.text)?.[1] : undefined
      return kind !== undefined && /^[A-Za-z0-9]/.test(text) ? [{ kind, event }] : []
    }),
  )
}
