/** Long texts in which little changed: what is shown of each piece, and how much is folded away. Pure. */
import type { Change } from '../../server/fixture/words.ts'
import { beginningOf } from '../parts/shown.ts'

/** A piece as it is shown: how it begins, how it ends, and how many characters between are not shown. */
export interface Folded {
  readonly head: string
  readonly hidden: number
  readonly tail: string
}

/** How much of what is the same is shown beside a change, in characters. */
const CONTEXT = 200

/** How much is shown of what was added or removed, and of a text in which nothing changed. */
const MOST = 2000

/** Less than this is not folded: the button would take as much room. */
const WORTH = 160

/** How much more each click shows, in characters: a text of megabytes at once would hold up the page. */
export const STEP = 20_000

/**
 * What is shown of the n-th piece of a text.
 *
 * @param more how much is shown beyond what is shown at first, in characters
 */
export function folded(changes: readonly Change[], index: number, more: number): Folded {
  const { kind = 'kept', text = '' } = changes[index] ?? {}
  const [follows, precedes] = [index > 0, index < changes.length - 1]
  const isContext = kind === 'kept' && (follows || precedes)
  const head = (isContext ? (follows ? CONTEXT : 0) : MOST) + more
  const tail = isContext && precedes ? CONTEXT : 0
  if (text.length - head - tail < WORTH) return { head: text, hidden: 0, tail: '' }
  const begin = wholeWords(beginningOf(text, head))
  const end = tail === 0 ? '' : text.slice(-tail).replace(/^(?:[\uDC00-\uDFFF]|\S{1,20}(?=\s))/, '')
  return { head: begin, hidden: text.length - begin.length - end.length, tail: end }
}

/** Gives back the part of a word at the end, if it is short. */
const wholeWords = (text: string): string => text.replace(/(?<=\s)\S{1,20}$/, '')

/** How many words were added and removed; it works for scripts without spaces, too. */
export function countsOf(changes: readonly Change[]): { readonly added: number; readonly removed: number } {
  const segmenter = new Intl.Segmenter('en', { granularity: 'word' })
  const counts = { added: 0, removed: 0, kept: 0 }
  for (const { kind, text } of changes) {
    if (kind === 'kept') continue
    for (const { isWordLike } of segmenter.segment(text)) if (isWordLike) counts[kind]++
  }
  return counts
}
