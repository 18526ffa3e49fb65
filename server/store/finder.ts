/** The fixtures of a directory: one by its key, and what is known of all. */
import type { Clock } from '../base/clock.ts'
import type { Candidate, StoredFixture } from '../fixture/fixture.ts'
import type { Match } from '../fixture/match.ts'
import type { Sketch } from '../fixture/sketch.ts'
import { type Listing, listDirectory, namesIn } from './directory.ts'
import { type UnreadableError, isThere, pathOf } from './disk.ts'
import { createLocator, readEach } from './locator.ts'
import type { Recording } from './playback.ts'
import { createReader } from './reader.ts'
import { createRows } from './row.ts'
import { shared } from './shared.ts'
import type { Shelf } from './shelf.ts'

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
  /** A take of a call, whole. Throws `fixture_invalid`, too, where something cannot be read that may be it. */
  find(key: string, take?: number): Promise<StoredFixture | undefined>
  /** The name of a take of a call. Throws as {@link find} does. */
  nameOf(key: string, take?: number): Promise<string | undefined>
  /** The n-th take of a call, or the last if there are fewer, to be played. Throws as {@link find} does. */
  recording(key: string, nth?: number): Promise<Recording | undefined>
  /** Whether a call has several takes, as far as it is known. */
  hasTakes(key: string): boolean
  /** A fixture as it is now. */
  whole(name: string): Promise<StoredFixture>
  survey(): Promise<Survey>
  /** Looks at all fixtures. What did not change is not read again; who asks at the same time shares one look. */
  overview(): Promise<Overview>
  /** Looks for files that are not known yet, and reads their first lines. */
  catchUp(): Promise<Pick<Overview, 'unknown'>>
  readonly shelf: Shelf
  /** The names that end with the same part of a key, as of the last look at the directory. */
  namesakes(name: string): readonly string[]
  /** Looks at the directory anew, and gives the names of all fixtures. */
  look(): Promise<{ readonly names: readonly string[] }>
  /** A file was written or removed: what was seen of it in this turn of the event loop does not hold any more. */
  changed(): void
  /** There is a new file with this name. */
  added(name: string): void
}

export interface FinderOptions {
  /** What counts for keys, if the user has a say in it. */
  readonly match?: Match | undefined
  /** Lists the directory, if not as {@link listDirectory} does. */
  readonly list?: () => Promise<Listing>
}

/** Makes a finder of a directory. */
export function createFinder(dir: string, clock: Clock, options: FinderOptions = {}): Finder {
  const { match, list = () => listDirectory(dir) } = options
  const reader = createReader(dir, clock, match)
  const { shelf } = reader
  const { look, locate, namesakes, furtherTakes, added } = createLocator(list, reader, clock)
  const inRow = createRows({
    first: (key) => locate(key, reader.recording),
    further: furtherTakes,
    read: reader.recording,
    isThere: (name) => isThere(pathOf(dir, name)),
    added,
    clock,
  })

  const overviewOf = async (only: (name: string) => boolean): Promise<Overview> => {
    const { names, unreadable } = await look()
    const { read, damaged, unknown } = await readEach(names.filter(only), reader.sketch, clock)
    return { sketches: read, damaged: [...damaged, ...unreadable.map(said)], unknown: unknown ?? unreadable[0] }
  }

  return {
    list: async () => namesIn(await list(), clock),
    look,
    sketch: reader.sketch,
    header: reader.header,
    whole: reader.whole,
    shelf,
    async find(key, take) {
      const found = await locate(key, reader.sketch, take)
      return found && reader.whole(found.name)
    },
    nameOf: async (key, take) => (await locate(key, reader.sketch, take))?.name,
    recording: (key, nth = 1) => inRow(key, nth),
    hasTakes: (key) => furtherTakes(key).length > 0,
    async survey() {
      const { names, unreadable } = await look()
      const { read, damaged } = await readEach(names, reader.header, clock)
      return { candidates: read, damaged: [...damaged, ...unreadable.map(said)] }
    },
    overview: shared(() => overviewOf(() => true)),
    catchUp: shared(() => overviewOf((name) => shelf.get(name) === undefined)),
    namesakes,
    changed: reader.forget,
    added(name) {
      reader.forget()
      added(name)
    },
  }
}

/** What is said of a directory in a list of names. */
const said = ({ message }: UnreadableError): string => message.replace(/\.$/, '')
