/** Reads fixtures, and keeps what it read as long as they stay as they were: each use costs a look. */
import { nextTurn } from '../../base/clock.ts'
import { DamageError } from '../../fixture/damage.ts'
import { parseUncheckedHeader, withItsKey } from '../../fixture/header.ts'
import type { Candidate, Fixture, StoredFixture } from '../../fixture/fixture.ts'
import { type Sketch, sketchOf } from '../../fixture/sketch.ts'
import type { Match } from '../../fixture/match.ts'
import { withRules } from '../../fixture/rules.ts'
import { type Look, type Read, orDamage, orThrow, readCurrent } from './current.ts'
import type { Driver, Found } from '../driver.ts'
import { FIRST_BYTES, firstLine } from '../lines.ts'
import { readWhole } from './load.ts'
import type { Playback } from './playback.ts'
import { createPlaybacks } from './playbacks.ts'
import { type Shelf, createShelf } from './shelf.ts'

/** The longest first line that is read in one go with what comes after it, in characters. */
const SHORT_CHARS = 100_000

/** A fixture, and the version that it was read of. */
export interface Versioned {
  readonly key: string
  readonly take?: number | undefined
  readonly fixture: StoredFixture
  readonly version: string
}

export interface Reader {
  /** The first line. */
  readonly header: Read<Candidate>
  /** What is kept of the first line. */
  readonly sketch: Read<Sketch>
  /** The fixture, to be played. */
  readonly playback: Look<Playback>
  /** The fixture as it is now. */
  readonly whole: Read<Versioned>
  /** What is known already. */
  readonly shelf: Shelf
  /** A fixture was written here, and has this version. */
  wrote(name: string, version: string, fixture: Fixture): void
}

export interface ReaderOptions {
  /** How many bytes of fixtures are kept to be played, together. */
  readonly memoryBytes: number
  /** What counts for keys, if the user has a say in it. */
  readonly match?: Match | undefined
}

/** Makes a reader of a place. All it reads throws `fixture_invalid` if it is damaged, or cannot be read. */
export function createReader(driver: Driver, { memoryBytes, match }: ReaderOptions): Reader {
  const playback = createPlaybacks(driver, memoryBytes)
  const shelf = createShelf()

  const sketch: Read<Sketch> = async (name) => {
    const known = shelf.get(name)
    const got = await driver.get(name, { known: known?.version, first: FIRST_BYTES })
    if (got === undefined) return void shelf.delete(name)
    if (known && got === 'same') return orThrow(known.read)
    if (got === 'same') return undefined
    const read = await orDamage(() =>
      readCurrent(driver, name, async (found) => ({ ...found, of: await readHeader(driver, found, match) }), {
        found: got,
      }),
    )
    if (read === undefined) return undefined
    const value = read instanceof DamageError ? read : read.of && sketchOf(read.of)
    if (value === undefined) return undefined
    shelf.set(name, { version: read instanceof DamageError ? got.version : read.version, read: value })
    return orThrow(value)
  }

  return {
    header: (name) => readCurrent(driver, name, (found) => readHeader(driver, found, match), { first: FIRST_BYTES }),
    sketch,
    playback,
    whole: (name) =>
      readCurrent(driver, name, async (found) => {
        const fixture = await readWhole(driver, found)
        return { key: fixture.key, take: fixture.take, fixture, version: found.version }
      }),
    shelf,
    wrote: (name, version, fixture) => shelf.set(name, { version, read: sketchOf({ ...fixture, name }) }),
  }
}

/** A long one is read in pieces. */
async function readHeader(driver: Driver, found: Found, match: Match | undefined): Promise<Candidate | undefined> {
  const { name } = found
  const line = await firstLine(driver, found)
  if (line === undefined) return undefined
  const isLong = line.length > SHORT_CHARS
  if (isLong) await nextTurn()
  const unchecked = parseUncheckedHeader(line, name)
  if (isLong) await nextTurn()
  const checked = withItsKey(unchecked, name)
  if (isLong) await nextTurn()
  return { ...withRules(checked, match, name), name }
}
