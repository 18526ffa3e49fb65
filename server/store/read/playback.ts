/** Fixtures to be played: small ones are kept in memory. */
import { apiNamed } from '../../api/index.ts'
import { type AnswerRecord, type Batch, inParts } from '../../api/record.ts'
import { type Tally, createTally, remade } from '../../base/memo.ts'
import { type FixtureFacts, type StoredFixture, isGood } from '../../fixture/fixture.ts'
import { pack, unpack } from './packing.ts'

/** A fixture to be played. Its request, which may be large, is not kept. */
export interface Playback extends Pick<FixtureFacts, 'key' | 'take' | 'response' | 'ending' | 'endedAt'> {
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

/** A fixture that is kept in memory, most of it outside of the heap. */
export function inMemory(fixture: StoredFixture): Playback {
  const tally = createTally(bytesOfFacts(fixture))
  const parts = Array.from(inParts(fixture.records), (records) =>
    remade(records, { chars: charsIn(records), tally, pack: (items) => packed(items, tally) }),
  )
  return { ...played(fixture, fixture.name), isGood: isGood(fixture), parts: () => parts, tally }
}

function packed(records: readonly AnswerRecord[], tally: Tally): () => readonly AnswerRecord[] {
  const bytes = pack(records)
  tally.add(bytes.byteLength)
  return () => unpack(bytes)
}

const charsIn = (records: readonly AnswerRecord[]): number => records.reduce((sum, { wire }) => sum + wire.length, 0)

export const played = ({ key, take, api, requestText, response, ending, endedAt }: FixtureFacts, name: string) => ({
  key,
  take,
  response,
  ending,
  endedAt,
  name,
  ties: apiNamed(api).ties?.of(requestText),
})

/** What a playback takes in memory, or what is remembered in its place. */
export const tallyOf = (read: Playback | Error): Tally => ('tally' in read ? read.tally : createTally(DAMAGE_BYTES))

const DAMAGE_BYTES = 1000

/** The objects of a playback, of its parts and of what is made of them; and the headers of its answer. */
export const bytesOfFacts = ({ response }: Pick<FixtureFacts, 'response'>): number =>
  OBJECT_BYTES + 2 * (response?.headers ?? []).flat().join().length

const OBJECT_BYTES = 2500
