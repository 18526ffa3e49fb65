/** What a listing says of fixtures: which there are, and which may hold a key. Work over all names is done in pieces. */
import type { Clock } from '../base/clock.ts'
import type { DeltatapeError } from '../base/errors.ts'
import { NAME_KEY_CHARS } from '../fixture/key.ts'
import { takeIn } from '../fixture/take.ts'
import type { Driver, Page } from './driver.ts'
import { createPieces } from './pieces.ts'

/** What there is. */
export interface Listing {
  /** The names of the fixtures, in the order of their bytes. */
  readonly names: readonly string[]
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
 * Makes what lists all that a place has. A directory that has not changed gives the very same pages, and then this gives
 * the very same listing: what was made of 100,000 names is not made again.
 */
export function createLister(driver: Pick<Driver, 'list' | 'dir'>, clock: Pick<Clock, 'now'>): () => Promise<Listing> {
  let last: { readonly pages: readonly Page[]; readonly listing: Listing } | undefined
  return async () => {
    const pages: Page[] = []
    for await (const page of driver.list('', driver.dir === undefined ? AFTER_INDEX : '')) pages.push(page)
    const isSame = last?.pages.length === pages.length && pages.every((page, index) => page === last?.pages[index])
    if (!last || !isSame) last = { pages, listing: await listingOf(pages, clock) }
    return last.listing
  }
}

async function listingOf(pages: readonly Page[], clock: Pick<Clock, 'now'>): Promise<Listing> {
  const pause = createPieces(clock)
  const [names, beside, further, folders] = [
    new Array<string>(),
    new Array<string>(),
    new Array<string>(),
    new Set(['']),
  ]
  const byPart = new Map<string, string[]>()
  for (const { entries } of pages) {
    for (const { name } of entries) {
      if (name.endsWith('.bin')) beside.push(name)
      if (!name.endsWith('.jsonl')) continue
      names.push(name)
      const part = keyPartAt(name)
      const others = byPart.get(part)
      if (others) others.push(name)
      else byPart.set(part, [name])
      if (name.lastIndexOf('.', name.length - 7) !== -1 && takeIn(name) > 1) further.push(name)
      if (name.includes('/')) folders.add(name.slice(0, name.lastIndexOf('/') + 1))
      await pause()
    }
  }
  const unknown = pages.flatMap((page) => page.unknown ?? [])
  return { names, beside, further, folders: [...folders], unknown, with: (part) => byPart.get(part) ?? NONE }
}

const NONE: readonly string[] = []

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
