/** What a listing says of fixtures: which there are, and which may hold a key. Work over all names is done in pieces. */
import type { Clock } from '../../base/clock.ts'
import type { DeltatapeError } from '../../base/errors.ts'
import { NAME_KEY_CHARS } from '../../fixture/key.ts'
import { takeIn } from '../../fixture/take.ts'
import type { Driver, Page } from '../driver.ts'
import { createPieces } from '../pieces.ts'

/** What there is. */
export interface Listing {
  /** The names of the fixtures, in the order of their bytes. Put together when it is asked for first. */
  names(): readonly string[]
  /** The names of what stands beside fixtures, or may. */
  readonly beside: readonly string[]
  /** The names that say that they are further takes. */
  readonly further: readonly string[]
  /** Where they lie: '' and the folders below, each with a `/` at its end. */
  readonly folders: readonly string[]
  /** Why something could not be listed: nobody knows what is in there. */
  readonly unknown: readonly DeltatapeError[]
  /** The names of the fixtures by the part of a key that they end with; under nothing those that say nothing of a key. */
  with(part: string): readonly string[]
}

/** Engines hold an index under names that begin with a dot, before all fixtures: a listing begins behind it. */
export const AFTER_INDEX = '/'

/**
 * Makes what lists all that a place has. A directory gives the very same pages but for those that have changed: what was
 * made of 100,000 names is not made again for one.
 */
export function createLister(driver: Pick<Driver, 'list' | 'dir'>, clock: Pick<Clock, 'now'>): () => Promise<Listing> {
  const known = new WeakMap<Page, Sorted>()
  let last: { readonly parts: readonly Sorted[]; readonly listing: Omit<Listing, 'unknown'> } | undefined
  return async () => {
    const pause = createPieces(clock)
    const parts: Sorted[] = []
    const unknown: DeltatapeError[] = []
    for await (const page of driver.list('', driver.dir === undefined ? AFTER_INDEX : '')) {
      const part = known.get(page) ?? sorted(page)
      known.set(page, part)
      parts.push(part)
      unknown.push(...(page.unknown ?? []))
      await pause()
    }
    const before = last?.parts ?? []
    const isSame = parts.length === before.length && parts.every((part, index) => part === before[index])
    if (last && isSame) return { ...last.listing, unknown }
    last = { parts, listing: listingOf(parts) }
    return { ...last.listing, unknown }
  }
}

function listingOf(parts: readonly Sorted[]): Omit<Listing, 'unknown'> {
  const all = (of: (part: Sorted) => readonly string[]) => parts.flatMap(of)
  let names: readonly string[] | undefined
  return {
    names: () => (names ??= all((part) => part.names)),
    beside: all((part) => part.beside),
    further: all((part) => part.further),
    folders: [...new Set(['', ...all((part) => part.folders)])],
    with: (ending) => all(({ byPart }) => byPart.get(ending) ?? NONE),
  }
}

/** The names of a page by what they are. */
interface Sorted extends Pick<Listing, 'beside' | 'further' | 'folders'> {
  readonly names: readonly string[]
  readonly byPart: ReadonlyMap<string, readonly string[]>
}

const NONE: readonly string[] = []

function sorted({ entries }: Page): Sorted {
  const names = entries.map(({ name }) => name).filter((name) => name.endsWith('.jsonl'))
  return {
    names,
    beside: entries.map(({ name }) => name).filter((name) => name.endsWith('.bin')),
    further: names.filter((name) => name.lastIndexOf('.', name.length - 7) !== -1 && takeIn(name) > 1),
    folders: [...new Set(names.map((name) => name.slice(0, name.lastIndexOf('/') + 1)))],
    byPart: Map.groupBy(names, keyPartAt),
  }
}

const ENDING = '.jsonl'.length

const DASH = 0x2d

/** The part of a key that a name ends with, or nothing. Asked of each name of a large place: no expression is run. */
function keyPartAt(name: string): string {
  let end = name.length - ENDING
  // The number of a take.
  let at = end
  while (isDigit(name.charCodeAt(at - 1))) at--
  if (at < end && name[at - 1] === '.' && name[at] !== '0') end = at - 1
  const start = end - NAME_KEY_CHARS
  if (name.charCodeAt(start - 1) !== DASH) return ''
  for (let index = start; index < end; index++) if (!isHex(name.charCodeAt(index))) return ''
  return name.slice(start, end)
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

const isHex = (code: number): boolean => isDigit(code) || (code >= 0x61 && code <= 0x66)
