/**
 * Where a fixture is. Its name follows from its call. In a directory people give other names, too: there it is also found
 * by the part of the key in its name, and by its first line if the name says nothing.
 */
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../base/clock.ts'
import { isDamage, passDamage } from '../../fixture/damage.ts'
import { type Identity, NAME_KEY_CHARS, fileName } from '../../fixture/key.ts'
import { byTake, keyPartIn, nameOfTake, takeIn, takeOf } from '../../fixture/take.ts'
import type { Driver } from '../driver.ts'
import { type Listing, createLister } from './names.ts'
import type { Look } from '../read/current.ts'
import { readEach } from '../read/each.ts'
import type { Reader } from '../read/reader.ts'
import { shared } from '../../base/shared.ts'

/** Of how many calls it is kept which files there are. */
const MAX_KNOWN = 50_000

/** A call whose fixture is looked for. */
export type Asked = Pick<Identity, 'key' | 'api' | 'request'>

/** Makes what finds fixtures in a place. */
export function createLocator(driver: Driver, reader: Pick<Reader, 'shelf' | 'sketch'>, clock: Clock) {
  const known = createKnown()
  const list = createLister(driver, clock)

  const look = shared(async (): Promise<Listing> => {
    const listing = await list()
    known.looked(listing.further)
    return listing
  })

  const parts = { look, known, reader, clock }

  /**
   * Looks for a take under the name that follows from its call; in a directory under others, too. There is none only
   * where nothing is left that could be it.
   */
  const locate = <T extends Found>(asked: Asked, readOne: Look<T>, take = 1): Promise<T | undefined> | T => {
    const wanted = { key: asked.key, take }
    const names = known.namesFor(wanted, nameFor(asked))
    const usual = names[0] ?? ''
    const now = lookNow(usual, readOne)
    if (now instanceof Promise) return locateAmong(names, wanted, (name) => (name === usual ? now : readOne(name)))
    return now && isTake(now, wanted) ? now : locateAmong(names, wanted, readOne)
  }

  const locateAmong = async <T extends Found>(
    names: readonly string[],
    wanted: Wanted,
    readOne: Look<T>,
  ): Promise<T | undefined> => {
    const { found, failed } = await firstOf(names, wanted, readOne)
    if (found) return found
    if (driver.dir !== undefined) return locateByLooking(wanted, readOne, parts)
    if (failed !== undefined) throw failed
    return undefined
  }

  return {
    look,
    locate,
    /** The names that say that they are takes of a call beyond the first, in their order, as far as they are known. */
    furtherTakes: known.further,
    /** Looks for further takes of a call, whose first take has a name. */
    async takesBeside(name: string): Promise<void> {
      for await (const { entries } of driver.list(nameOfTake(name, 1).replace(/jsonl$/, '')))
        for (const each of entries) if (each.name.endsWith('.jsonl') && takeIn(each.name) > 1) known.add(each.name)
    },
    /** There is a fixture with this name. */
    added: known.add,
    /** The names of those that may be fixtures with a key: all are listed for that. */
    async namesWith(key: string): Promise<readonly string[]> {
      const listing = await look()
      return [...listing.with(partOf(key)), ...(driver.dir === undefined ? [] : listing.with(''))]
    },
  }
}

interface Parts {
  readonly look: () => Promise<Listing>
  readonly known: ReturnType<typeof createKnown>
  readonly reader: Pick<Reader, 'shelf' | 'sketch'>
  readonly clock: Clock
}

/** Looks at the directory anew, and then into those whose name says nothing. */
async function locateByLooking<T extends Found>(
  wanted: Wanted,
  readOne: Look<T>,
  { look, known, reader, clock }: Parts,
): Promise<T | undefined> {
  const listing = await look()
  known.set(wanted.key, listing.with(partOf(wanted.key)))
  const anew = await firstOf(known.namesFor(wanted, ''), wanted, readOne)
  if (anew.found) return anew.found
  const { name, unknown } = await locateNameless(listing.with(''), wanted, { reader, clock })
  if (name !== undefined) return readOne(name)
  const failed = anew.failed ?? listing.unknown[0] ?? unknown
  if (failed !== undefined) throw failed
  return undefined
}

/** The name of the file with a take among those whose names say nothing; all of them are looked at. */
async function locateNameless(
  names: readonly string[],
  wanted: Wanted,
  { reader, clock }: Pick<Parts, 'reader' | 'clock'>,
) {
  const nameless = new Set(names)
  for (const name of Array.from(reader.shelf.namesOf(wanted.key))) {
    const found = nameless.has(name) ? await reader.sketch(name).catch(passDamage) : undefined
    if (found && isTake(found, wanted)) return { name }
  }
  const { read, unknown } = await readEach(names, reader.sketch, clock)
  return { name: read.find((sketch) => isTake(sketch, wanted))?.name, unknown }
}

const usualNames = new WeakMap<Asked, string>()

/** The name of the first take of a call. The same call comes again and again. */
function nameFor(asked: Asked): string {
  const before = usualNames.get(asked)
  if (before !== undefined) return before
  const { key, api, request } = asked
  const name = fileName({ key, api, request })
  usualNames.set(asked, name)
  return name
}

const partOf = (key: string): string => key.slice(0, NAME_KEY_CHARS)

/** What was found of calls whose fixtures have other names than those that follow from them, and of further takes. */
function createKnown() {
  const byPart = new LRUCache<string, readonly string[]>({ max: MAX_KNOWN })
  /** Asked for with each replay. */
  let further = new Map<string, readonly string[]>()
  const withOne = (to: Map<string, readonly string[]>, part: string, name: string): void =>
    void to.set(part, [...new Set([...(to.get(part) ?? NONE), name])].toSorted(byTake))
  return {
    set: (key: string, all: readonly string[]): void => void byPart.set(partOf(key), all),
    add(name: string): void {
      const part = keyPartIn(name)
      if (part === undefined) return
      if (takeIn(name) > 1) withOne(further, part, name)
      else byPart.set(part, [...new Set([...(byPart.get(part) ?? NONE), name])])
    },
    /** All names were listed: of takes all are known now. */
    looked(all: readonly string[]): void {
      further = new Map()
      for (const name of all) withOne(further, keyPartIn(name) ?? '', name)
    },
    /**
     * Those that may be a take; first the one whose name follows from the call, then those that say that they are this take.
     *
     * @param usual the name of the first take, as it follows from the call; empty if it is not known
     */
    namesFor({ key, take }: Wanted, usual: string): readonly string[] {
      const first = usual === '' ? NONE : [take === 1 ? usual : nameOfTake(usual, take)]
      // Most folders hold nothing but fixtures with the names that follow from them.
      if (byPart.size === 0 && further.size === 0) return first
      const part = partOf(key)
      const own = [...(byPart.get(part) ?? NONE), ...(further.get(part) ?? NONE)]
      if (own.length === 0) return first
      const says = (each: string) => takeIn(each) === take
      return [...new Set([...first, ...own.filter(says), ...own.filter((each) => !says(each))])]
    },
    further: (key: string): readonly string[] => (further.size === 0 ? NONE : (further.get(partOf(key)) ?? NONE)),
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

/** What a name gives, if that can be told now. Of what is damaged another look tells how. */
function lookNow<T>(name: string, readOne: Look<T>): ReturnType<Look<T>> {
  try {
    return readOne(name)
  } catch (error) {
    if (!isDamage(error)) throw error
    return undefined
  }
}

/** The first of these that is what is looked for, or why one of them could not be read. */
async function firstOf<T extends Found>(all: readonly string[], wanted: Wanted, readOne: Look<T>) {
  let failed: unknown
  for (const name of all) {
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
