/** Where a fixture is: by the part of the key in its name, and by its first line if the name says nothing. */
import type { Clock } from '../base/clock.ts'
import { isDamage } from '../fixture/file.ts'
import type { Candidate, StoredFixture } from '../fixture/fixture.ts'
import { NAME_KEY_CHARS } from '../fixture/key.ts'
import { listFixtures } from './directory.ts'
import type { Recording } from './playback.ts'
import { type Read, createReader } from './reader.ts'

/** How many files are read at once. */
const READS_AT_ONCE = 64

export interface Survey {
  /** The first lines of all fixtures that can be read, by the order of their names. */
  readonly candidates: readonly Candidate[]
  /** The names of those that are damaged. */
  readonly damaged: readonly string[]
}

export interface Finder {
  /** The names of all fixtures, sorted. */
  list(): Promise<string[]>
  /** The first line of a fixture; undefined if there is no such file. Throws `fixture_invalid` if it is damaged. */
  header(name: string): Promise<Candidate | undefined>
  /** The first line of the fixture with a key, and which file it is. */
  locate(key: string): Promise<Candidate | undefined>
  /** The whole fixture with a key. */
  find(key: string): Promise<StoredFixture | undefined>
  /** The fixture with a key, to be played. */
  recording(key: string): Promise<Recording | undefined>
  survey(): Promise<Survey>
  /** The first lines that are known already, without a look at the directory. */
  known(): Iterable<Candidate>
  /** The names that end with the same part of a key, as of the last look at the directory. */
  namesakes(name: string): readonly string[]
  /** Looks at the directory anew. */
  look(): Promise<void>
  /** A file was written or removed: what was seen of it in this turn of the event loop does not hold any more. */
  changed(): void
  /** There is a new file with this name. */
  added(name: string): void
}

/** Makes a finder of a directory. */
export function createFinder(dir: string, clock: Clock): Finder {
  const reader = createReader(dir, clock)
  /** The names of the files by the part of the key in them, as of the last look at the directory. */
  let named = new Map<string, string[]>()

  const list = () => listFixtures(dir)

  /** If the directory cannot be read, the names stay as they are: the miss that follows names the reason. */
  const look = async (): Promise<void> => {
    const names = await list().catch(passDamage)
    if (names) named = Map.groupBy(names, keyPartOf)
  }

  const locateNamed = async <T extends { readonly key: string }>(
    key: string,
    readOne: Read<T>,
  ): Promise<T | undefined> => {
    for (const name of named.get(key.slice(0, NAME_KEY_CHARS)) ?? []) {
      const found = await readOne(name)
      if (found?.key === key) return found
    }
    return undefined
  }

  /** Looks where the name says, then at the directory anew, and then into those whose name says nothing. */
  const locate = async <T extends { readonly key: string }>(key: string, readOne: Read<T>): Promise<T | undefined> => {
    const found = await locateNamed(key, readOne)
    if (found) return found
    await look()
    const anew = await locateNamed(key, readOne)
    if (anew) return anew
    const { candidates } = await surveyOf(named.get(NO_KEY) ?? [], reader.header)
    const renamed = candidates.find((candidate) => candidate.key === key)
    return renamed && readOne(renamed.name)
  }

  return {
    list,
    look,
    header: reader.header,
    locate: (key) => locate(key, reader.header),
    async find(key) {
      const header = await locate(key, reader.header)
      return header && reader.whole(header.name)
    },
    recording: (key) => locate(key, reader.recording),
    survey: async () => surveyOf(await list(), reader.header),
    known: reader.known,
    namesakes: (name) => named.get(keyPartOf(name)) ?? [],
    changed: reader.forget,
    added(name) {
      reader.forget()
      const part = keyPartOf(name)
      named.set(part, [...new Set([...(named.get(part) ?? []), name])])
    },
  }
}

/** The first lines of these fixtures, and the names of those that are damaged. Costs a stat a file; what changed is read. */
async function surveyOf(names: readonly string[], readHeader: Read<Candidate>): Promise<Survey> {
  const damaged: string[] = []
  const readOne = (name: string) =>
    readHeader(name).catch((error: unknown) => {
      if (!isDamage(error)) throw error
      damaged.push(name)
      return undefined
    })
  const candidates: (Candidate | undefined)[] = []
  for (let start = 0; start < names.length; start += READS_AT_ONCE) {
    candidates.push(...(await Promise.all(names.slice(start, start + READS_AT_ONCE).map(readOne))))
  }
  return { candidates: candidates.filter((candidate) => candidate !== undefined), damaged: damaged.toSorted() }
}

/** The part of the key in the name of a file, or {@link NO_KEY} if there is none. */
const keyPartOf = (name: string): string => /-([0-9a-f]{12})\.jsonl$/.exec(name)?.[1] ?? NO_KEY

const NO_KEY = ''

/** Takes an error that says that a fixture is damaged for no fixture. */
export function passDamage(error: unknown): undefined {
  if (!isDamage(error)) throw error
}
