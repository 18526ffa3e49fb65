/** Where the fixture with a key is: by the part of the key in its name, and by its first line if the name says nothing. */
import type { Clock } from '../base/clock.ts'
import { DamageError, isDamage } from '../fixture/damage.ts'
import { NAME_KEY_CHARS } from '../fixture/key.ts'
import { byTake, keyPartIn, takeIn, takeOf } from '../fixture/take.ts'
import type { Listing } from './directory.ts'
import { UnreadableError } from './disk.ts'
import { createPieces, sortInPieces } from './pieces.ts'
import type { Read, Reader } from './reader.ts'
import { shared } from './shared.ts'

/** How many files are read at once. */
const READS_AT_ONCE = 16

/** Makes what finds files of a directory, which `list` looks at. */
export function createLocator(list: () => Promise<Listing>, reader: Pick<Reader, 'shelf' | 'sketch'>, clock: Clock) {
  const { shelf } = reader
  const named = createNamed()

  const look = shared(async () => {
    const { names, unreadable } = await list()
    const sorted = await sortInPieces(names, clock)
    named.replace(await byKeyPart(sorted, clock))
    return { names: sorted, unreadable }
  })

  /** The name of the file with a take among those whose names say nothing; all of them are looked at. */
  const locateNameless = async (wanted: Wanted) => {
    const { key } = wanted
    const names = named.with(NO_KEY)
    const nameless = new Set(names)
    for (const name of shelf.namesOf(key)) {
      const known = nameless.has(name) ? await reader.sketch(name).catch(passDamage) : undefined
      if (known && isTake(known, wanted)) return { name }
    }
    const { read, unknown } = await readEach(names, reader.sketch, clock)
    return { name: read.find((sketch) => isTake(sketch, wanted))?.name, unknown }
  }

  /**
   * Looks for a take where the name says, then at the directory anew, and then into those whose name says nothing. There is none
   * only where nothing is left that could be it.
   */
  const locate = async <T extends Found>(key: string, readOne: Read<T>, take = 1): Promise<T | undefined> => {
    const wanted = { key, take }
    const { found } = await firstOf(named.forTake(key, take), wanted, readOne)
    if (found) return found
    const { unreadable } = await look()
    const anew = await firstOf(named.forTake(key, take), wanted, readOne)
    if (anew.found) return anew.found
    const { name, unknown } = await locateNameless(wanted)
    if (name !== undefined) return readOne(name)
    const failed = anew.failed ?? unreadable[0] ?? unknown
    if (failed !== undefined) throw failed
    return undefined
  }

  return {
    look,
    locate,
    furtherTakes: named.further,
    namesakes: (name: string): readonly string[] => named.with(keyPartOf(name)),
    added: named.add,
  }
}

/** The names of the files by the part of the key in them, as of the last look at the directory. */
function createNamed() {
  let named = new Map<string, string[]>()
  /** What was found of takes: asked for with each replay. */
  const further = new Map<string, readonly string[]>()
  const withPart = (part: string): readonly string[] => named.get(part) ?? NONE
  return {
    replace(names: Map<string, string[]>): void {
      named = names
      further.clear()
    },
    add(name: string): void {
      const part = keyPartOf(name)
      named.set(part, [...new Set([...withPart(part), name])])
      further.delete(part)
    },
    with: withPart,
    /** Those for a key; the ones first that say that they are this take. */
    forTake(key: string, take: number): readonly string[] {
      const names = withPart(key.slice(0, NAME_KEY_CHARS))
      if (names.length < 2) return names
      const says = (name: string) => takeIn(name) === take
      return [...names.filter(says), ...names.filter((name) => !says(name))]
    },
    /** Those that say that they are takes of a call beyond the first, in their order. */
    further(key: string): readonly string[] {
      const part = key.slice(0, NAME_KEY_CHARS)
      const known = further.get(part)
      // A key without a file is a client's own: nothing is kept of it.
      if (known || !named.has(part)) return known ?? NONE
      const found = withPart(part)
        .filter((name) => takeIn(name) > 1)
        .toSorted(byTake)
      further.set(part, found)
      return found
    },
  }
}

const NONE: readonly string[] = []

/** What is looked for, and what is found. */
interface Wanted {
  readonly key: string
  readonly take: number
}

interface Found {
  readonly key: string
  readonly take?: number | undefined
}

const isTake = (found: Found, { key, take }: Wanted): boolean => found.key === key && takeOf(found) === take

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

/** The first of these that is what is looked for, or why one of them could not be read. */
async function firstOf<T extends Found>(names: readonly string[], wanted: Wanted, readOne: Read<T>) {
  let failed: unknown
  for (const name of names) {
    try {
      const found = await readOne(name)
      if (found && isTake(found, wanted)) return { found }
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
const keyPartOf = (name: string): string => keyPartIn(name) ?? NO_KEY

const NO_KEY = ''

/** Takes an error that says that a fixture is damaged for no fixture. */
export function passDamage(error: unknown): undefined {
  if (!(error instanceof DamageError)) throw error
}
