/** Reads a fixture to be played: a small one into memory, a large one to its end, and again each time that it is played. */
import type { Follower } from '../../api/api.ts'
import { isStream } from '../../api/framing/index.ts'
import { apiNamed } from '../../api/index.ts'
import { type AnswerRecord, type Batch, inParts } from '../../api/record.ts'
import { DeltatapeError } from '../../base/errors.ts'
import { createTally, fresh } from '../../base/memo.ts'
import { type FixtureHeader, type StoredFixture, isGood } from '../../fixture/fixture.ts'
import { type Contents, contentsOf, readContents } from './contents.ts'
import { type Driver, type Found, foundAt, isStoreError } from '../driver.ts'
import { type Playback, bytesOfFacts, inMemory, played } from './playback.ts'

/** How large a fixture may be that is kept in memory, with what stands beside it, in bytes. */
const MAX_KEPT_BYTES = 2 * 1024 * 1024

export interface Loaded {
  readonly version: string
  readonly value: Playback
  /** The version of what stands beside it; undefined if nothing does. */
  readonly beside: string | undefined
  /** Whether it is small enough to be kept in memory. */
  readonly isSmall: boolean
}

/** Reads all of a fixture. Throws as {@link readContents} does. */
export async function readWhole(driver: Driver, found: Found): Promise<StoredFixture> {
  const all: (readonly AnswerRecord[])[] = []
  const { facts } = await readContents(driver, found, ({ records }) => all.push(records))
  return { ...facts, records: all.flat(), name: found.name }
}

/** Reads a fixture to see that it is whole, and keeps it if it is small enough. Throws as {@link readContents} does. */
export async function loadPlayback(driver: Driver, found: Found): Promise<Loaded> {
  const { name, version, bytes } = found
  const gathered = createGathering(bytes <= MAX_KEPT_BYTES)
  const { facts, beside } = await readContents(driver, found, gathered.take)
  const { all } = gathered
  if (all) {
    const value = inMemory({ ...facts, records: all, name })
    return { version, value, beside, isSmall: true }
  }
  const good = isGood({ ...facts, records: gathered.end() })
  const tally = createTally(bytesOfFacts(facts))
  const value = { ...played(facts, name), isGood: good, tally, parts: () => partsOf(driver, name, version) }
  return { version, value, beside, isSmall: false }
}

/** Keeps all records as long as they are few enough, and then only what tells whether the answer is good. */
function createGathering(mayBeSmall: boolean) {
  const end = createEnd()
  let all: AnswerRecord[] | undefined = mayBeSmall ? [] : undefined
  let size = 0
  return {
    take({ records, header }: Contents): void {
      for (const { wire } of records) size += wire.length
      if (all && size > MAX_KEPT_BYTES) {
        for (const record of all) end.take(record, header)
        all = undefined
      }
      if (all) all.push(...records)
      else for (const record of records) end.take(record, header)
    },
    get all() {
      return all
    },
    end: end.records,
  }
}

/** Keeps what tells of an answer whether it is good: of a stream its end, and of a body in one piece all of it. */
function createEnd() {
  let follower: Follower | undefined
  let records: AnswerRecord[] = []
  return {
    take(record: AnswerRecord, { api, call, request, response }: FixtureHeader): void {
      follower ??= apiNamed(api).follow({ ...call, request })
      const mayBeOver = follower.take(record) !== 'open'
      if (response && isStream(response.framing) && !mayBeOver) records = []
      else records.push(record)
    },
    records: (): readonly AnswerRecord[] => records,
  }
}

/** The records of a large fixture, read anew. It may be cut off while it is played: that is told at its end. */
async function* partsOf(driver: Driver, name: string, version: string): AsyncGenerator<Batch, void> {
  const found = await foundAt(driver, name)
  if (found?.version !== version) throw writtenAnew(name)
  try {
    for await (const { records } of contentsOf(driver, found)) for (const part of inParts(records)) yield fresh(part)
  } catch (error) {
    throw isStoreError(error, 'store_changed') ? writtenAnew(name, error) : error
  }
}

const writtenAnew = (name: string, cause?: unknown) =>
  new DeltatapeError('fixture_invalid', `${name} was written anew just as it was to be played. Ask again.`, { cause })
