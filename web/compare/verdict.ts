/** What differs between two fixtures, in short. Pure. */
import type { Compared } from '../../server/serve/page/data.ts'
import { counted, number } from '../parts/format.ts'
import { countsOf } from './fold.ts'

/** A part of a fixture; it is the name of a card on the page. */
export type Part = 'Request' | 'Ending' | 'Text' | 'Reasoning' | 'Output' | 'Body' | 'Headers' | 'Usage' | 'Records'

/** How much differs, in words, by the parts that differ, the most telling first. */
export function verdictOf({
  comparison: { ending, answer, events, members },
  words,
  reasoning,
}: Pick<Compared, 'comparison' | 'words' | 'reasoning'>): ReadonlyMap<Part, string> {
  const found: readonly (readonly [part: Part, note: string])[] = [
    ['Request', many(words.request, 'member')],
    ['Ending', endingNote(ending)],
    ['Text', wordsNote(answer)],
    ['Reasoning', wordsNote(reasoning)],
    ['Output', many(words.output, 'member')],
    ['Body', many(words.body, 'member')],
    ['Headers', many(words.headers, 'header')],
    ['Usage', many(words.usage, 'count')],
    ['Records', listed(many(events, 'row'), many(members, 'member'))],
  ]
  return new Map(found.filter(([, note]) => note !== ''))
}

const many = (list: readonly unknown[], thing: string): string => (list.length > 0 ? counted(list.length, thing) : '')

const listed = (...notes: readonly string[]): string => notes.filter(Boolean).join(', ')

function endingNote(ending: Compared['comparison']['ending']): string {
  const word = ending.find(({ name }) => name === 'ending')
  return word ? `${String(word.before)} → ${String(word.after)}` : many(ending, 'member')
}

function wordsNote(changes: Compared['reasoning']): string {
  if (changes.length === 0) return ''
  const { added, removed } = countsOf(changes)
  const note = listed(
    added > 0 ? `${counted(added, 'word')} added` : '',
    removed > 0 ? `${number(removed)} removed` : '',
  )
  return note || 'punctuation or white space'
}
