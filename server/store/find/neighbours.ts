/** The fixtures that are named most like a call's: those that begin with the same words, then those with fewer, then any. */
import { NAME_KEY_CHARS } from '../../fixture/key.ts'
import type { Driver } from '../driver.ts'
import { AFTER_INDEX, type Listing } from './names.ts'

/** How many are compared with one call. */
const MAX_COMPARED = 32

export interface Neighbours {
  readonly names: readonly string[]
  /** Whether these are all that there are. */
  readonly isAll: boolean
}

/** How names may begin to be alike, the most alike first: with all words of a name, with fewer, with none. */
function beginningsOf(name: string): readonly string[] {
  const words = name.slice(0, -(NAME_KEY_CHARS + '-.jsonl'.length)).split('-')
  return Array.from({ length: words.length + 1 }, (_, less) =>
    words
      .slice(0, words.length - less)
      .map((word) => `${word}-`)
      .join(''),
  )
}

/** In how many folders they are looked for. */
const MAX_FOLDERS = 32

/** Among names that were listed, in whichever folders: those that begin so are found by their place in the order. */
export function neighboursIn(listing: Pick<Listing, 'names' | 'folders'>, wanted: string): Neighbours {
  const [names, { folders }] = [listing.names(), listing]
  const found = new Set<string>()
  for (const begin of beginningsOf(wanted)) {
    for (const folder of begin === '' ? [''] : folders.slice(0, MAX_FOLDERS)) {
      const prefix = folder + begin
      for (const name of beginningWith(prefix, names)) {
        if (found.size === MAX_COMPARED && !found.has(name)) return { names: [...found], isAll: false }
        found.add(name)
      }
    }
  }
  return { names: [...found], isAll: true }
}

/** The names that begin with a text, in order. */
function* beginningWith(prefix: string, names: readonly string[]): Generator<string> {
  for (let at = firstFrom(names, prefix); at < names.length; at++) {
    const name = names[at] ?? ''
    if (!name.startsWith(prefix)) return
    yield name
  }
}

/** The place of the first of some names, in the order of their bytes, that does not come before a text. */
function firstFrom(names: readonly string[], text: string): number {
  const bytes = Buffer.from(text)
  let [from, to] = [0, names.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (Buffer.compare(Buffer.from(names[middle] ?? ''), bytes) < 0) from = middle + 1
    else to = middle
  }
  return from
}

/** On an engine, where names are asked for. */
export async function neighboursOn(driver: Pick<Driver, 'list'>, wanted: string): Promise<Neighbours> {
  const found = new Set<string>()
  for (const begin of beginningsOf(wanted)) {
    for await (const { entries } of driver.list(begin, begin === '' ? AFTER_INDEX : '')) {
      for (const { name } of entries) {
        if (!name.endsWith('.jsonl') || found.has(name)) continue
        if (found.size === MAX_COMPARED) return { names: [...found], isAll: false }
        found.add(name)
      }
    }
  }
  return { names: [...found], isAll: true }
}
