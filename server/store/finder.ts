/** Where a fixture is: by the part of the key in its name, and by its first line if the name says nothing. */
import type { Clock } from '../base/clock.ts'
import { DamageError, isDamage } from '../fixture/damage.ts'
import type { Candidate, StoredFixture } from '../fixture/fixture.ts'
import { NAME_KEY_CHARS } from '../fixture/key.ts'
import type { Sketch } from '../fixture/sketch.ts'
import { listDirectory, listFixtures } from './directory.ts'
import { UnreadableError } from './disk.ts'
import { createPieces, sortInPieces } from './pieces.ts'
import type { Recording } from './playback.ts'
import { type Read, createReader } from './reader.ts'
import { shared } from './shared.ts'
import type { Shelf } from './shelf.ts'

/** How many files are read at once. */
const READS_AT_ONCE = 16

export interface Survey {
  /** The first lines of all fixtures that can be read, by the order of their names. */
  readonly candidates: readonly Candidate[]
  /** The names of those that are damaged or cannot be read, and what is said of a directory that cannot be read. */
  readonly damaged: readonly string[]
}

/** The same, of what is kept of the first lines. */
export interface Overview {
  readonly sketches: readonly Sketch[]
  readonly damaged: readonly string[]
  /** Whether something could not be read now, and what. */
  readonly unknown: UnreadableError | undefined
}

export interface Finder {
  /** The names of all fixtures, sorted. */
  list(): Promise<string[]>
  /** What is kept of the first line of a fixture; undefined if there is no such file. Throws `fixture_invalid`. */
  sketch(name: string): Promise<Sketch | undefined>
  /** The first line of a fixture, as it is now. */
  header(name: string): Promise<Candidate | undefined>
  /** The whole fixture with a key. Throws `fixture_invalid`, too, where something cannot be read that may be it. */
  find(key: string): Promise<StoredFixture | undefined>
  /** The fixture with a key, to be played. Throws as {@link find} does. */
  recording(key: string): Promise<Recording | undefined>
  survey(): Promise<Survey>
  /** Looks at all fixtures. What did not change is not read again; who asks at the same time shares one look. */
  overview(): Promise<Overview>
  /** Looks for files that are not known yet, and reads their first lines. */
  catchUp(): Promise<Pick<Overview, 'unknown'>>
  readonly shelf: Shelf
  /** The names that end with the same part of a key, as of the last look at the directory. */
  namesakes(name: string): readonly string[]
  /** Looks at the directory anew. */
  look(): Promise<unknown>
  /** A file was written or removed: what was seen of it in this turn of the event loop does not hold any more. */
  changed(): void
  /** There is a new file with this name. */
  added(name: string): void
}

/** Makes a finder of a directory. */
export function createFinder(dir: string, clock: Clock): Finder {
  const reader = createReader(dir, clock)
  const { shelf } = reader
  /** The names of the files by the part of the key in them, as of the last look at the directory. */
  let named = new Map<string, string[]>()

  const look = shared(async () => {
    const { names, unreadable } = await listDirectory(dir)
    const pause = createPieces(clock)
    const found = new Map<string, string[]>()
    const sorted = await sortInPieces(names, clock)
    for (const name of sorted) {
      const part = keyPartOf(name)
      const others = found.get(part)
      if (others) others.push(name)
      else found.set(part, [name])
      await pause()
    }
    named = found
    return { names: sorted, unreadable }
  })

  const locateNamed = async <T extends { readonly key: string }>(key: string, readOne: Read<T>) => {
    let failed: unknown
    for (const name of named.get(key.slice(0, NAME_KEY_CHARS)) ?? []) {
      try {
        const found = await readOne(name)
        if (found?.key === key) return { found }
      } catch (error) {
        if (!isDamage(error)) throw error
        failed ??= error
      }
    }
    return { failed }
  }

  /** The names of the file with a key among those whose names say nothing; all of them are looked at. */
  const locateNameless = async (key: string) => {
    const names = named.get(NO_KEY) ?? []
    const nameless = new Set(names)
    for (const name of shelf.namesOf(key)) {
      const known = nameless.has(name) ? await reader.sketch(name).catch(passDamage) : undefined
      if (known?.key === key) return { name }
    }
    const { read, unknown } = await readEach(names, reader.sketch, clock)
    return { name: read.find((sketch) => sketch.key === key)?.name, unknown }
  }

  /**
   * Looks where the name says, then at the directory anew, and then into those whose name says nothing. There is none
   * only where nothing is left that could be it.
   */
  const locate = async <T extends { readonly key: string }>(key: string, readOne: Read<T>): Promise<T | undefined> => {
    const { found } = await locateNamed(key, readOne)
    if (found) return found
    const { unreadable } = await look()
    const anew = await locateNamed(key, readOne)
    if (anew.found) return anew.found
    const { name, unknown } = await locateNameless(key)
    if (name !== undefined) return readOne(name)
    const failed = anew.failed ?? unreadable[0] ?? unknown
    if (failed !== undefined) throw failed
    return undefined
  }

  const overviewOf = async (only: (name: string) => boolean): Promise<Overview> => {
    const { names, unreadable } = await look()
    const { read, damaged, unknown } = await readEach(names.filter(only), reader.sketch, clock)
    return { sketches: read, damaged: [...damaged, ...unreadable.map(said)], unknown: unknown ?? unreadable[0] }
  }

  return {
    list: () => listFixtures(dir, clock),
    look,
    sketch: reader.sketch,
    header: reader.header,
    shelf,
    async find(key) {
      const found = await locate(key, reader.sketch)
      return found && reader.whole(found.name)
    },
    recording: (key) => locate(key, reader.recording),
    async survey() {
      const { names, unreadable } = await look()
      const { read, damaged } = await readEach(names, reader.header, clock)
      return { candidates: read, damaged: [...damaged, ...unreadable.map(said)] }
    },
    overview: shared(() => overviewOf(() => true)),
    catchUp: shared(() => overviewOf((name) => shelf.get(name) === undefined)),
    namesakes: (name) => named.get(keyPartOf(name)) ?? [],
    changed: reader.forget,
    added(name) {
      reader.forget()
      const part = keyPartOf(name)
      named.set(part, [...new Set([...(named.get(part) ?? []), name])])
    },
  }
}

/** What is said of a directory in a list of names. */
const said = ({ message }: UnreadableError): string => message.replace(/\.$/, '')

/** Reads something of each of these fixtures. Costs a stat a file, if what did not change is kept. */
async function readEach<T>(names: readonly string[], read: Read<T>, clock: Clock) {
  const pause = createPieces(clock)
  const all: T[] = []
  const damaged: string[] = []
  let unknown: UnreadableError | undefined
  const readOne = (name: string) =>
    read(name).catch((error: unknown) => {
      if (!isDamage(error)) throw error
      if (error instanceof UnreadableError) unknown ??= error
      damaged.push(name)
      return undefined
    })
  for (let start = 0; start < names.length; start += READS_AT_ONCE) {
    const some = await Promise.all(names.slice(start, start + READS_AT_ONCE).map(readOne))
    for (const one of some) if (one !== undefined) all.push(one)
    await pause()
  }
  return { read: all, damaged: damaged.toSorted(), unknown }
}

/** The part of the key in the name of a file, or {@link NO_KEY} if there is none. */
const keyPartOf = (name: string): string => /-([0-9a-f]{12})\.jsonl$/.exec(name)?.[1] ?? NO_KEY

const NO_KEY = ''

/** Takes an error that says that a fixture is damaged for no fixture. */
export function passDamage(error: unknown): undefined {
  if (!(error instanceof DamageError)) throw error
}
