/** Reads the files of fixtures, and keeps what it read as long as a file stays as it was: each use costs a stat. */
import { LRUCache } from 'lru-cache'
import type { AnswerRecord } from '../api/record.ts'
import { type Clock, nextTurn } from '../base/clock.ts'
import { systemCode } from '../base/errors.ts'
import { DamageError } from '../fixture/damage.ts'
import { parseUncheckedHeader, withItsKey } from '../fixture/header.ts'
import type { Candidate, StoredFixture } from '../fixture/fixture.ts'
import { type Sketch, sketchOf } from '../fixture/sketch.ts'
import type { Match } from '../fixture/match.ts'
import { withRules } from '../fixture/rules.ts'
import { besideState } from './beside.ts'
import { readContents } from './contents.ts'
import { type FileState, UnreadableError, firstLine, pathOf, stateOf } from './disk.ts'
import { type Recording, inMemory, onDisk, sizeOfFacts } from './playback.ts'
import { type Shelf, createShelf } from './shelf.ts'

/** How large the files may be whose fixtures are kept in memory, together, and one alone. In bytes. */
const KEPT_BYTES = 8 * 1024 * 1024

const MAX_KEPT_BYTES = 2 * 1024 * 1024

/** How much is kept of what is known of large fixtures, and of damaged ones. In bytes. */
const LARGE_BYTES = 2 * 1024 * 1024

/** The longest first line that is read in one go with what comes after it, in characters. */
const SHORT_CHARS = 100_000

/** What was read from a file, and the state of the file that it was read from. */
interface Kept {
  readonly version: string
  readonly value: Recording | DamageError
  /** The state of what stands beside it; undefined if nothing has to. What is damaged may be mended there. */
  readonly beside: string | undefined
}

/** Reads something of the file with a name; gives undefined if there is no such file. */
export type Read<T> = (name: string) => Promise<T | undefined>

export interface Reader {
  /** The first line. */
  readonly header: Read<Candidate>
  /** What is kept of the first line. */
  readonly sketch: Read<Sketch>
  /** The fixture, to be played. */
  readonly recording: Read<Recording>
  /** The fixture as it is now. */
  whole(name: string): Promise<StoredFixture>
  /** What is known already. */
  readonly shelf: Shelf
  /** A file was written or removed: what was seen of it in this turn of the event loop does not hold any more. */
  forget(): void
}

/** Makes a reader of a directory. All it reads throws `fixture_invalid` if it is damaged, or cannot be read. */
export function createReader(dir: string, clock: Clock, match?: Match): Reader {
  const recordings = new LRUCache<string, Kept>({ maxSize: KEPT_BYTES })
  const large = new LRUCache<string, Kept>({ maxSize: LARGE_BYTES })
  const shelf = createShelf()
  const states = createStates(dir, clock)

  const whole = (name: string) => readWhole(dir, name)

  /** What is being read, by name and state: many may ask for it before it is there. */
  const reading = new Map<string, Promise<Kept['value'] | undefined>>()

  const readNow = async (name: string, { version, bytes }: FileState): Promise<Kept['value'] | undefined> => {
    const beside = besideState(dir, name)
    const size = bytes + beside.bytes
    const fits = size <= MAX_KEPT_BYTES
    const value = await orDamage(async () => (fits ? inMemory(await whole(name)) : onDisk(dir, name, version)))
    if (value === undefined) return undefined
    const [to, other] = fits ? [recordings, large] : [large, recordings]
    const minds = beside.bytes > 0 || value instanceof DamageError
    const kept = { version, value, beside: minds ? beside.version : undefined }
    to.set(name, kept, { size: fits ? size + 1 : sizeOfFacts(value) })
    other.delete(name)
    return value
  }

  const recording: Read<Recording> = async (name) => {
    const state = states.of(name)
    if (state === undefined) return undefined
    const known = recordings.get(name) ?? large.get(name)
    if (known?.version === state.version && isAsKept(dir, name, known)) return orThrow(known.value)
    const which = `${name}\n${state.version}`
    const under = reading.get(which) ?? readNow(name, state).finally(() => void reading.delete(which))
    reading.set(which, under)
    const value = await under
    return value && orThrow(value)
  }

  const sketch: Read<Sketch> = async (name) => {
    const state = states.of(name)
    if (state === undefined) return void shelf.delete(name)
    const { version } = state
    const known = shelf.get(name)
    if (known?.version === version) return orThrow(known.read)
    const first = await orDamage(async () => sketchOf(await readHeader(dir, name, match)))
    if (first === undefined) return undefined
    shelf.set(name, { version, read: first })
    return orThrow(first)
  }

  return {
    header: async (name) => (states.of(name) === undefined ? undefined : readHeader(dir, name, match)),
    sketch,
    recording,
    whole,
    shelf,
    forget: states.forget,
  }
}

async function readWhole(dir: string, name: string): Promise<StoredFixture> {
  const all: (readonly AnswerRecord[])[] = []
  const facts = await readContents(dir, name, ({ records }) => all.push(records))
  return { ...facts, records: all.flat(), name }
}

const isAsKept = (dir: string, name: string, { beside }: Kept): boolean =>
  beside === undefined || besideState(dir, name).version === beside

/** A long one is read in pieces. */
async function readHeader(dir: string, name: string, match: Match | undefined): Promise<Candidate> {
  const line = await firstLine(pathOf(dir, name), name)
  const isLong = line.length > SHORT_CHARS
  if (isLong) await nextTurn()
  const unchecked = parseUncheckedHeader(line, name)
  if (isLong) await nextTurn()
  const checked = withItsKey(unchecked, name)
  if (isLong) await nextTurn()
  return { ...withRules(checked, match, name), name }
}

/**
 * Damage is remembered like anything else that was read; what cannot be read now is tried again. Gives undefined if the
 * file went away meanwhile.
 */
async function orDamage<T>(read: () => Promise<T>): Promise<T | DamageError | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof DamageError) return error
    if (error instanceof UnreadableError && systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function orThrow<T>(read: T | DamageError): T {
  if (read instanceof DamageError) throw read
  return read
}

/** The states of files as they were seen in this turn of the event loop: all that came with it may share them. */
function createStates(dir: string, clock: Clock) {
  const states = new Map<string, FileState | undefined>()
  const forget = () => states.clear()
  return {
    of(name: string): FileState | undefined {
      if (states.has(name)) return states.get(name)
      if (states.size === 0) clock.soon(forget)
      const state = stateOf(pathOf(dir, name), name)
      states.set(name, state)
      return state
    },
    forget,
  }
}
