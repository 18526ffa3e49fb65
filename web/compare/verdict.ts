/** What differs between two fixtures, in short. Pure. */
import type { Compared } from '../../server/serve/page/data.ts'
import { counted } from '../parts/format.ts'
import { countsOf } from './fold.ts'

/** A part of a fixture that differs; it is the name of a card on the page. */
export interface Part {
  readonly name: 'Request' | 'Ending' | 'Text' | 'Reasoning' | 'Output' | 'Body' | 'Headers' | 'Usage' | 'Records'
  /** How much differs, in words. */
  readonly note: string
}

export interface Verdict {
  readonly same: boolean
  /** What differs, the most telling first. */
  readonly parts: readonly Part[]
}

export const NOTHING = 'Nothing differs but ids and times.'

export function verdictOf({
  comparison,
  words,
  reasoning,
}: Pick<Compared, 'comparison' | 'words' | 'reasoning'>): Verdict {
  const members = (list: readonly unknown[]) => (list.length === 0 ? '' : counted(list.length, 'member'))
  const { answer, events, members: inEvents } = comparison
  const rows = [
    ...(events.length > 0 ? [counted(events.length, 'row')] : []),
    ...(inEvents.length > 0 ? [members(inEvents)] : []),
  ]
  const found: readonly Part[] = [
    { name: 'Request', note: members(words.request) },
    { name: 'Ending', note: endingNote(comparison.ending) },
    { name: 'Text', note: wordsNote(answer) },
    { name: 'Reasoning', note: wordsNote(reasoning) },
    { name: 'Output', note: members(words.output) },
    { name: 'Body', note: members(words.body) },
    { name: 'Headers', note: words.headers.length === 0 ? '' : counted(words.headers.length, 'header') },
    { name: 'Usage', note: words.usage.length === 0 ? '' : counted(words.usage.length, 'count') },
    { name: 'Records', note: rows.join(', ') },
  ]
  const parts = found.filter(({ note }) => note !== '')
  return { same: parts.length === 0, parts }
}

function endingNote(ending: Compared['comparison']['ending']): string {
  const word = ending.find(({ name }) => name === 'ending')
  if (word) return `${String(word.before)} → ${String(word.after)}`
  return ending.length === 0 ? '' : counted(ending.length, 'member')
}

function wordsNote(changes: Compared['reasoning']): string {
  if (changes.length === 0) return ''
  const { added, removed } = countsOf(changes)
  if (added + removed === 0) return 'punctuation or white space'
  return [
    ...(added > 0 ? [`${counted(added, 'word')} added`] : []),
    ...(removed > 0 ? [`${removed.toLocaleString('en-US')} removed`] : []),
  ].join(', ')
}
