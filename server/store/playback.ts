/** Fixtures to be played: small ones are kept in memory. */
import { apiNamed } from '../api/index.ts'
import { type Batch, inParts } from '../api/record.ts'
import { kept } from '../base/memo.ts'
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
}

/** A fixture that is kept in memory. */
export function inMemory(fixture: StoredFixture): Recording {
  const parts = Array.from(inParts(fixture.records), kept)
  return { ...played(fixture, fixture.name), isGood: isGood(fixture), parts: () => parts }
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
export const sizeOfFacts = (recording: Recording | Error): number =>
  1000 + ('response' in recording ? 2 * (recording.response?.headers ?? []).flat().join().length : 0)

/** How many bytes a recording has in memory, about. */
export function sizeOf(recording: Recording): number {
  const parts = recording.parts()
  if (!Array.isArray(parts)) return sizeOfFacts(recording)
  return parts.reduce((sum, { items }) => sum + items.reduce((all, { wire }) => all + wire.length, 0), sizeOfFacts(recording))
}
