/** Fixtures to be played: small ones are kept in memory. */
import { apiNamed } from '../api/index.ts'
import { type Batch, inParts } from '../api/record.ts'
import { type Tally, createTally, kept } from '../base/memo.ts'
import { type FixtureFacts, type StoredFixture, isGood } from '../fixture/fixture.ts'

/** A fixture to be played. Its request, which may be large, is not kept. */
export interface Recording extends Pick<FixtureFacts, 'key' | 'take' | 'response' | 'ending' | 'endedAt'> {
  readonly name: string
  /** Whether the model finished: an answer that a failure must not replace. */
  readonly isGood: boolean
  /** What ties the answer to the call that it was recorded of, if its API has such a thing. */
  readonly ties: ReadonlyMap<string, string> | undefined
  /**
   * The records in order, in parts of at most `MAX_BATCH_CHARS` but for a larger single record. A fixture that is kept
   * in memory gives the very same parts each time; a large one is read anew.
   */
  parts(): readonly Batch[] | AsyncIterable<Batch>
  /** What it takes in memory, and what is kept of what was made of it. */
  readonly tally: Tally
}

/** A fixture that is kept in memory. */
export function inMemory(fixture: StoredFixture): Recording {
  const parts = Array.from(inParts(fixture.records), kept)
  const bytes = fixture.records.reduce((sum, { wire }) => sum + wire.length, 0)
  const tally = createTally(bytesOfFacts(fixture) + bytes)
  return { ...played(fixture, fixture.name), isGood: isGood(fixture), parts: () => parts, tally }
}

export const played = ({ key, take, api, requestText, response, ending, endedAt }: FixtureFacts, name: string) => ({
  key,
  take,
  response,
  ending,
  endedAt,
  name,
  ties: apiNamed(api).ties?.of(requestText),
})

/** How many bytes a recording has in memory beside its records, or what is remembered in its place, about. */
export const sizeOfFacts = (recording: Recording | Error): number => tallyOf(recording).bytes

/** What a recording takes in memory, or what is remembered in its place. */
export const tallyOf = (read: Recording | Error): Tally => ('tally' in read ? read.tally : createTally(DAMAGE_BYTES))

const DAMAGE_BYTES = 1000

/** How many bytes the facts of a fixture take in memory, about. */
export const bytesOfFacts = ({ response }: Pick<FixtureFacts, 'response'>): number =>
  1000 + 2 * (response?.headers ?? []).flat().join().length
