/** Reads the files of fixtures, and keeps what it read as long as a file stays as it was: each use costs a stat. */
import { LRUCache } from 'lru-cache'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { parseFixture, parseHeader } from '../fixture/file.ts'
import type { Candidate, StoredFixture } from '../fixture/fixture.ts'
import { type FileState, firstLine, readText, stateOf } from './directory.ts'
import { type Recording, inMemory, onDisk } from './playback.ts'

/** How large the files may be whose fixtures are kept in memory, together, and one alone. In bytes. */
const KEPT_BYTES = 4 * 1024 * 1024

const MAX_KEPT_BYTES = 1 * 1024 * 1024

/** How many first lines are kept, and what is known of large fixtures. */
const MAX_HEADERS = 100_000

const MAX_LARGE = 1000

/** What was read from a file, and the state of the file that it was read from. */
interface Kept<T> {
  readonly version: string
  readonly value: T
}

/** Reads something of the file with a name; gives undefined if there is no such file. */
export type Read<T> = (name: string) => Promise<T | undefined>

export interface Reader {
  /** The first line. */
  readonly header: Read<Candidate>
  /** The fixture, to be played. */
  readonly recording: Read<Recording>
  /** The fixture as it is now. */
  whole(name: string): Promise<StoredFixture>
  /** The first lines that are known already. */
  known(): Iterable<Candidate>
  /** A file was written or removed: what was seen of it in this turn of the event loop does not hold any more. */
  forget(): void
}

/** Makes a reader of a directory. All it reads throws `fixture_invalid` if it is damaged. */
export function createReader(dir: string, clock: Clock): Reader {
  const recordings = new LRUCache<string, Kept<Recording>>({ maxSize: KEPT_BYTES })
  const large = new LRUCache<string, Kept<Recording>>({ max: MAX_LARGE })
  const headers = new LRUCache<string, Kept<Candidate>>({ max: MAX_HEADERS })
  const states = createStates(dir, clock)

  const whole = async (name: string): Promise<StoredFixture> => ({
    ...parseFixture(await readText(join(dir, name), name), name),
    name,
  })

  const recording: Read<Recording> = async (name) => {
    const state = states.of(name)
    if (state === undefined) return undefined
    const known = recordings.get(name) ?? large.get(name)
    if (known?.version === state.version) return known.value
    const fits = state.bytes <= MAX_KEPT_BYTES
    const value = fits ? inMemory(await whole(name)) : await onDisk(dir, name, state.version)
    const read = { version: state.version, value }
    if (fits) {
      recordings.set(name, read, { size: state.bytes + 1 })
      large.delete(name)
    } else {
      large.set(name, read)
      recordings.delete(name)
    }
    return value
  }

  const header: Read<Candidate> = async (name) => {
    const state = states.of(name)
    if (state === undefined) return undefined
    const known = headers.get(name)
    if (known?.version === state.version) return known.value
    const value = { ...parseHeader(await firstLine(join(dir, name)), name), name }
    headers.set(name, { version: state.version, value })
    return value
  }

  return {
    header,
    recording,
    whole,
    *known() {
      for (const { value } of headers.values()) yield value
    },
    forget: states.forget,
  }
}

/** The states of files as they were seen in this turn of the event loop: all that came with it may share them. */
function createStates(dir: string, clock: Clock) {
  const states = new Map<string, FileState | undefined>()
  const forget = () => states.clear()
  return {
    of(name: string): FileState | undefined {
      if (states.has(name)) return states.get(name)
      if (states.size === 0) clock.soon(forget)
      const state = stateOf(join(dir, name))
      states.set(name, state)
      return state
    },
    forget,
  }
}
