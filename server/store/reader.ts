/** Reads fixtures, and keeps what it read as long as they stay as they were: each use costs a look. */
import { nextTurn } from '../base/clock.ts'
import { DamageError } from '../fixture/damage.ts'
import { parseUncheckedHeader, withItsKey } from '../fixture/header.ts'
import type { Candidate, Fixture, StoredFixture } from '../fixture/fixture.ts'
import { type Sketch, sketchOf } from '../fixture/sketch.ts'
import type { Match } from '../fixture/match.ts'
import { withRules } from '../fixture/rules.ts'
import { besideVersion } from './beside.ts'
import { firstLineIn } from './contents.ts'
import { type Driver, type Found, StoreError } from './driver.ts'
import { createHolding } from './holding.ts'
import { loadRecording, readWhole } from './load.ts'
import { type Recording, tallyOf } from './playback.ts'
import { type Shelf, createShelf } from './shelf.ts'

/** How much is kept of what is known of large fixtures, and of damaged ones. In bytes. */
const LARGE_BYTES = 2 * 1024 * 1024

/** How much of an object is asked for to read its first line, in bytes. */
const FIRST_BYTES = 64 * 1024

/** The longest first line that is read in one go with what comes after it, in characters. */
const SHORT_CHARS = 100_000

/** How often something is read again that is written anew just then. */
const MAX_TRIES = 4

/** What was read of a fixture, and the version that it was read of. */
interface Kept {
  readonly version: string
  readonly value: Recording | DamageError
  /** The version of what stands beside it; undefined if nothing has to. What is damaged may be mended there. */
  readonly beside: string | undefined
}

/** A fixture, and the version that it was read of. */
export interface Versioned {
  readonly key: string
  readonly take?: number | undefined
  readonly fixture: StoredFixture
  readonly version: string
}

/** Reads something of the fixture with a name; gives undefined if there is none. */
export type Read<T> = (name: string) => Promise<T | undefined>

export interface Reader {
  /** The first line. */
  readonly header: Read<Candidate>
  /** What is kept of the first line. */
  readonly sketch: Read<Sketch>
  /** The fixture, to be played. */
  readonly recording: Read<Recording>
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
  const recordings = createHolding<Kept>(memoryBytes)
  const large = createHolding<Kept>(LARGE_BYTES)
  const shelf = createShelf()
  const now = (name: string) => anew(driver, name)

  /** What is being read, by name and version: many may ask for it before it is there. */
  const reading = new Map<string, Promise<Kept['value'] | undefined>>()

  const readNow = async (found: Found): Promise<Kept['value'] | undefined> => {
    const { name } = found
    const loaded = (await orDamage(() => now(name)((each) => loadRecording(driver, each), found)))
    if (loaded === undefined) return undefined
    if (loaded instanceof DamageError) {
      const beside = (await besideVersion(driver, name)).version
      large.set(name, { version: found.version, value: loaded, beside }, tallyOf(loaded))
      recordings.delete(name)
      return loaded
    }
    const { version, value, beside, isSmall } = loaded
    const [to, other] = isSmall ? [recordings, large] : [large, recordings]
    to.set(name, { version, value, beside }, tallyOf(value))
    other.delete(name)
    return value
  }

  const recording: Read<Recording> = async (name) => {
    const known = recordings.get(name) ?? large.get(name)
    let got = await driver.get(name, { known: known?.version })
    if (known && got === 'same') {
      if (known.beside === undefined || (await besideVersion(driver, name)).version === known.beside)
        return orThrow(known.value)
      got = await driver.get(name)
    }
    if (got === undefined || got === 'same') return undefined
    const which = `${name}\n${got.version}`
    const under = reading.get(which) ?? readNow(got).finally(() => void reading.delete(which))
    reading.set(which, under)
    const value = await under
    return value && orThrow(value)
  }

  const sketch: Read<Sketch> = async (name) => {
    const known = shelf.get(name)
    const got = await driver.get(name, { known: known?.version, first: FIRST_BYTES })
    if (got === undefined) return void shelf.delete(name)
    if (known && got === 'same') return orThrow(known.read)
    if (got === 'same') return undefined
    const read = await orDamage(() =>
      now(name)(async (found) => ({ ...found, of: await readHeader(driver, found, match) }), got),
    )
    if (read === undefined) return undefined
    const value = read instanceof DamageError ? read : read.of && sketchOf(read.of)
    if (value === undefined) return undefined
    shelf.set(name, { version: read instanceof DamageError ? got.version : read.version, read: value })
    return orThrow(value)
  }

  return {
    header: (name) => now(name)((found) => readHeader(driver, found, match), undefined, FIRST_BYTES),
    sketch,
    recording,
    whole: (name) =>
      now(name)(async (found) => {
        const fixture = await readWhole(driver, found)
        return { key: fixture.key, take: fixture.take, fixture, version: found.version }
      }),
    shelf,
    wrote: (name, version, fixture) => shelf.set(name, { version, read: sketchOf({ ...fixture, name }) }),
  }
}

/** Makes what reads something of an object as it is now, and once more if it is written anew just then. */
const anew =
  (driver: Driver, name: string) =>
  async <T>(read: (found: Found) => Promise<T>, given?: Found, first?: number): Promise<T | undefined> => {
    for (let tries = 1, found = given; ; tries++, found = undefined) {
      const got = found ?? (await driver.get(name, { first }))
      if (got === undefined || got === 'same') return undefined
      try {
        return await read(got)
      } catch (error) {
        const isChanged = error instanceof StoreError && error.code === 'store_changed'
        if (!isChanged || tries >= MAX_TRIES) throw error
        await nextTurn()
      }
    }
  }

/** A long one is read in pieces. */
async function readHeader(driver: Driver, found: Found, match: Match | undefined): Promise<Candidate | undefined> {
  const { name } = found
  const line = await firstLineIn(driver, found)
  if (line === undefined) return undefined
  const isLong = line.length > SHORT_CHARS
  if (isLong) await nextTurn()
  const unchecked = parseUncheckedHeader(line, name)
  if (isLong) await nextTurn()
  const checked = withItsKey(unchecked, name)
  if (isLong) await nextTurn()
  return { ...withRules(checked, match, name), name }
}

/** Damage is remembered like anything else that was read; what cannot be read now is tried again. */
async function orDamage<T>(read: () => Promise<T>): Promise<T | DamageError> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof DamageError) return error
    throw error
  }
}

function orThrow<T>(read: T | DamageError): T {
  if (read instanceof DamageError) throw read
  return read
}
