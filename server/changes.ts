/** What changed from one text, or one list, to another. Pure, and bounded in what it costs. */
import { diffArrays, diffWordsWithSpace } from 'diff'

/** A piece of two texts: in both, in the later one only, or in the earlier one only. */
export interface Change {
  readonly kind: 'kept' | 'added' | 'removed'
  readonly text: string
}

/** Texts further apart than this many words are told as one replacing the other: the search is quadratic in it. */
const MAX_EDITS = 1000

/** From one text to another, word by word: joined, what is not added is `before`, and what is not removed is `after`. */
export function wordChanges(before: string, after: string): Change[] {
  const found = diffWordsWithSpace(before, after, { maxEditLength: MAX_EDITS })
  if (!found) return replaced(before, after)
  const changes: Change[] = []
  let [removed, added, between] = ['', '', '']
  const flush = () => {
    changes.push(...replaced(removed, added))
    if (between !== '') changes.push({ kind: 'kept', text: between })
    ;[removed, added, between] = ['', '', '']
  }
  for (const { value, added: isAdded, removed: isRemoved } of found) {
    if (!isAdded && !isRemoved) {
      // White space between two changes is part of both: else every word of a new sentence is a change of its own.
      if (between === '' && removed + added !== '' && value.trim() === '') between = value
      else {
        flush()
        changes.push({ kind: 'kept', text: value })
      }
      continue
    }
    if (between !== '') [removed, added, between] = [removed + between, added + between, '']
    if (isAdded) added += value
    else removed += value
  }
  flush()
  return joined(changes)
}

const replaced = (before: string, after: string): Change[] => [
  ...(before === '' ? [] : [{ kind: 'removed', text: before } as const]),
  ...(after === '' ? [] : [{ kind: 'added', text: after } as const]),
]

/** Neighbours of one kind are one. */
function joined(changes: readonly Change[]): Change[] {
  const result: Change[] = []
  for (const { kind, text } of changes) {
    const last = result.at(-1)
    if (text === '') continue
    if (last?.kind === kind) result[result.length - 1] = { kind, text: last.text + text }
    else result.push({ kind, text })
  }
  return result
}

/** A change as text: `[-removed-]`, `{+added+}`, and what was kept as it is. */
export function marked({ kind, text }: Change): string {
  if (kind === 'kept') return text
  return kind === 'removed' ? `[-${text}-]` : `{+${text}+}`
}

/** How much of each text an excerpt shows, and how much of what they share around it, in characters. */
const EXCERPT_CHARS = 60
const LEAD_CHARS = 20

/**
 * The place where two texts differ, with a little of what they share around it: `…in [-French-]{+Spanish+}: Hello…`. Of
 * long differences it has the beginning. Gives undefined where they have no word in common, so that marks would help
 * nobody.
 */
export function differenceIn(before: string, after: string): Change[] | undefined {
  let start = 0
  const shorter = Math.min(before.length, after.length)
  while (start < shorter && before[start] === after[start]) start++
  let tail = 0
  while (tail < shorter - start && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  // Whole words: the parts that both share give back what belongs to a word that differs.
  start -= /[^\s]*$/.exec(before.slice(0, start).slice(-LEAD_CHARS))?.[0].length ?? 0
  tail -= /^[^\s]*/.exec(before.slice(before.length - tail).slice(0, LEAD_CHARS))?.[0].length ?? 0
  const [from, to] = [before.slice(start, before.length - tail), after.slice(start, after.length - tail)]
  const lead = before.slice(Math.max(0, start - LEAD_CHARS), start)
  const rest = before.slice(before.length - tail).slice(0, LEAD_CHARS)
  const changes = joined([
    { kind: 'kept', text: `${start > LEAD_CHARS ? '…' : ''}${lead}` },
    ...wordChanges(excerpt(from), excerpt(to)),
    { kind: 'kept', text: `${rest}${tail > LEAD_CHARS ? '…' : ''}` },
  ])
  if (!changes.some(({ kind, text }) => kind === 'kept' && /[\p{L}\p{N}]/u.test(text))) return undefined
  return changes.map(({ kind, text }) => ({ kind, text: text.toWellFormed() }))
}

const excerpt = (text: string): string => (text.length > EXCERPT_CHARS ? `${text.slice(0, EXCERPT_CHARS)}…` : text)

const segmenter = new Intl.Segmenter('en', { granularity: 'word' })

/** How many words a text has, in scripts without spaces too. */
export function countWords(text: string): number {
  let count = 0
  for (const { isWordLike } of segmenter.segment(text)) if (isWordLike) count++
  return count
}

/** An item of two lists, and where it stands in each; undefined where it stands in the other one only. */
export interface Pair {
  readonly before: number | undefined
  readonly after: number | undefined
}

/** From one list to another: every item of both, in order, those that are the same as one pair. */
export function pairUp(before: readonly string[], after: readonly string[]): Pair[] {
  const found = diffArrays([...before], [...after], { maxEditLength: MAX_EDITS })
  if (!found) {
    return [
      ...before.map((_item, index) => ({ before: index, after: undefined })),
      ...after.map((_item, index) => ({ before: undefined, after: index })),
    ]
  }
  let [left, right] = [0, 0]
  return found.flatMap(({ count, added, removed }) =>
    Array.from({ length: count }, () => ({
      before: added ? undefined : left++,
      after: removed ? undefined : right++,
    })),
  )
}
