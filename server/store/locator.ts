/** Where the fixture with a key is: by the part of the key in its name, and by its first line if the name says nothing. */
import type { Clock } from '../base/clock.ts'
import { DamageError, isDamage } from '../fixture/damage.ts'
import { NAME_KEY_CHARS } from '../fixture/key.ts'
import { listDirectory } from './directory.ts'
import { UnreadableError } from './disk.ts'
import { createPieces, sortInPieces } from './pieces.ts'
import type { Read, Reader } from './reader.ts'
import { shared } from './shared.ts'

/** How many files are read at once. */
const READS_AT_ONCE = 16

/** Makes what finds files of a directory. */
export function createLocator(dir: string, reader: Pick<Reader, 'shelf' | 'sketch'>, clock: Clock) {
  const { shelf } = reader
  /** The names of the files by the part of the key in them, as of the last look at the directory. */
  let named = new Map<string, string[]>()

  const look = shared(async () => {
    const { names, unreadable } = await listDirectory(dir)
    const sorted = await sortInPieces(names, clock)
    named = await byKeyPart(sorted, clock)
    return { names: sorted, unreadable }
  })

  const namedFor = (key: string) => named.get(key.slice(0, NAME_KEY_CHARS)) ?? []

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
    const { found } = await firstOf(namedFor(key), key, readOne)
    if (found) return found
    const { unreadable } = await look()
    const anew = await firstOf(namedFor(key), key, readOne)
    if (anew.found) return anew.found
    const { name, unknown } = await locateNameless(key)
    if (name !== undefined) return readOne(name)
    const failed = anew.failed ?? unreadable[0] ?? unknown
    if (failed !== undefined) throw failed
    return undefined
  }

  return {
    look,
    locate,
    namesakes: (name: string): readonly string[] => named.get(keyPartOf(name)) ?? [],
    added(name: string): void {
      const part = keyPartOf(name)
      named.set(part, [...new Set([...(named.get(part) ?? []), name])])
    },
  }
}

/** Names in their order by the part of the key in them. */
async function byKeyPart(names: readonly string[], clock: Clock): Promise<Map<string, string[]>> {
  const pause = createPieces(clock)
  const found = new Map<string, string[]>()
  for (const name of names) {
    const part = keyPartOf(name)
    const others = found.get(part)
    if (others) others.push(name)
    else found.set(part, [name])
    await pause()
  }
  return found
}

/** The first of these that has a key, or why one of them could not be read. */
async function firstOf<T extends { readonly key: string }>(names: readonly string[], key: string, readOne: Read<T>) {
  let failed: unknown
  for (const name of names) {
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

/** Reads something of each of these fixtures. Costs a stat a file, if what did not change is kept. */
export async function readEach<T>(names: readonly string[], read: Read<T>, clock: Clock) {
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
