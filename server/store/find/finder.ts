/** The fixtures of a place: one by its call, and what is known of all. */
import type { Clock } from '../../base/clock.ts'
import type { DeltatapeError } from '../../base/errors.ts'
import { isDamage, passDamage } from '../../fixture/damage.ts'
import type { Candidate, Fixture } from '../../fixture/fixture.ts'
import type { Match } from '../../fixture/match.ts'
import type { Sketch } from '../../fixture/sketch.ts'
import { takeOf } from '../../fixture/take.ts'
import type { Driver } from '../driver.ts'
import { type Asked, createLocator } from './locator.ts'
import type { Listing } from './names.ts'
import { readEach } from '../read/each.ts'
import type { Playback } from '../read/playback.ts'
import { type Versioned, createReader } from '../read/reader.ts'
import { createNthTake } from './nth-take.ts'
import { shared } from '../../base/shared.ts'
import type { Shelf } from '../read/shelf.ts'

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
  readonly unknown: DeltatapeError | undefined
}

export interface Finder {
  /** What is kept of the first line of a fixture; undefined if there is none of this name. Throws `fixture_invalid`. */
  sketch(name: string): Promise<Sketch | undefined>
  /** The first line of a fixture, as it is now. */
  header(name: string): Promise<Candidate | undefined>
  /** A take of a call, whole. Throws `fixture_invalid`, too, where something cannot be read that may be it. */
  find(asked: Asked, take?: number): Promise<Versioned | undefined>
  /** The name of a take of a call. Throws as {@link find} does. */
  nameOf(asked: Asked, take?: number): Promise<string | undefined>
  /** The same by the key alone: everything is listed for that. */
  nameWith(key: string, take?: number): Promise<string | undefined>
  /** The n-th take of a call, or the last if there are fewer, to be played. Throws as {@link find} does. */
  playback(asked: Asked, nth?: number): Promise<Playback | undefined> | Playback | undefined
  /** Whether a call has several takes, as far as it is known. */
  hasTakes(key: string): boolean
  /** A fixture as it is now; undefined if there is none of this name. */
  whole(name: string): Promise<Versioned | undefined>
  survey(): Promise<Survey>
  /** Looks at all fixtures. What did not change is not read again; who asks at the same time shares one look. */
  overview(): Promise<Overview>
  /** Looks for fixtures that are not known yet, and reads their first lines. */
  catchUp(): Promise<Pick<Overview, 'unknown'>>
  readonly shelf: Shelf
  /** The names that may be fixtures with a key. */
  namesWith(key: string): Promise<readonly string[]>
  /** Lists all that there is. */
  look(): Promise<Listing>
  /** A fixture was written here, under this name, and has this version. */
  wrote(name: string, version: string, fixture: Fixture): void
}

export interface FinderOptions {
  readonly clock: Clock
  /** How many bytes of fixtures are kept to be played, together. */
  readonly memoryBytes: number
  /** What counts for keys, if the user has a say in it. */
  readonly match?: Match | undefined
}

/** Makes a finder of a place. */
export function createFinder(driver: Driver, options: FinderOptions): Finder {
  const { clock } = options
  const reader = createReader(driver, options)
  const { shelf } = reader
  const { look, locate, namesWith, furtherTakes, takesBeside, added } = createLocator(driver, reader, clock)
  const playback = createNthTake({
    first: (asked) => locate(asked, reader.playback),
    further: furtherTakes,
    lookFor: takesBeside,
    read: reader.playback,
    clock,
  })

  const overviewOf = async (only: (name: string) => boolean): Promise<Overview> => {
    const { names, unknown } = await look()
    const each = await readEach(names().filter(only), reader.sketch, clock)
    return {
      sketches: each.read,
      damaged: [...each.damaged, ...unknown.map(said)],
      unknown: each.unknown ?? unknown[0],
    }
  }

  return {
    look,
    sketch: reader.sketch,
    header: reader.header,
    whole: reader.whole,
    shelf,
    find: async (asked, take) => locate(asked, reader.whole, take),
    nameOf: async (asked, take) => (await locate(asked, reader.sketch, take))?.name,
    async nameWith(key, take = 1) {
      for (const name of await namesWith(key)) {
        const found = await reader.sketch(name).catch(passDamage)
        if (found?.key === key && takeOf(found) === take) return name
      }
      return undefined
    },
    playback: (asked, nth = 1) => playback(asked, nth),
    hasTakes: (key) => furtherTakes(key).length > 0,
    async survey() {
      const { names, unknown } = await look()
      const { read, damaged } = await readEach(names(), reader.header, clock)
      return { candidates: read, damaged: [...damaged, ...unknown.map(said)] }
    },
    overview: shared(() => overviewOf(() => true)),
    catchUp: shared(() => overviewOf((name) => shelf.get(name) === undefined)),
    namesWith,
    wrote(name, version, fixture) {
      reader.wrote(name, version, fixture)
      added(name)
    },
  }
}

/** What is said of a directory in a list of names. */
const said = ({ message }: DeltatapeError): string => message.replace(/\.$/, '')

/** What a fixture holds now: another process may have changed it, or taken it away. */
export const sketchNow = (finder: Pick<Finder, 'sketch'>, name: string): Promise<Sketch | undefined> =>
  finder.sketch(name).catch((error: unknown) => {
    if (!isDamage(error)) throw error
    return undefined
  })
