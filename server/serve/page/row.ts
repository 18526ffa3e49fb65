/** A fixture in the list of the page. Pure. */
import type { ModelEvent } from '../../api/event.ts'
import { tokensIn } from '../../api/tokens.ts'
import type { FixtureFacts, StoredFixture } from '../../fixture/fixture.ts'
import { listedOf, searchedIn } from '../../fixture/listed.ts'
import { readAnswer, summarize } from '../../fixture/summary.ts'
import { askedIn } from './asked.ts'
import type { Row } from './data.ts'

/** The row of a fixture, and what words are looked for in. */
export interface Seen {
  readonly row: Row
  readonly searched: string
}

/** How many different types and tools a row has at most, and how long each is, in characters. */
const [MAX_WORDS, MAX_WORD] = [100, 200]

export function seenOf(fixture: StoredFixture): Seen {
  const read = readAnswer(fixture)
  const summary = summarize(fixture, read)
  const tools = wordsOf((read.told.calls ?? []).map(({ name }) => name))
  const row = {
    ...listedOf(fixture, summary),
    asked: askedIn(fixture),
    types: typesOf(read.events),
    ...(tools.length > 0 && { tools }),
    ...(summary.usage && { tokens: tokensIn(summary.usage) }),
  }
  return { row, searched: searchedIn(fixture, summary) }
}

/** The same of a fixture that is too large to be read in whole: what its answer says is not known. */
export function seenInPassing(
  name: string,
  facts: FixtureFacts,
  { events, bytes, types }: { readonly events: number; readonly bytes: number; readonly types: readonly string[] },
): Seen {
  const fixture = { ...facts, name, records: [] }
  const summary = summarize(fixture)
  const row = { ...listedOf(fixture, { ...summary, events, bytes }), chars: undefined, asked: askedIn(fixture), types }
  return { row, searched: searchedIn(fixture, summary) }
}

/** The types of events, each once; most APIs have few. */
export const typesOf = (events: readonly ModelEvent[]): string[] => wordsOf(events.map(({ type }) => type))

const wordsOf = (all: readonly string[]): string[] =>
  [...new Set(all)]
    .filter((word) => word !== '')
    .slice(0, MAX_WORDS)
    .map((word) => word.slice(0, MAX_WORD).toWellFormed())
