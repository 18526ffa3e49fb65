/** What a listing says of fixtures: which there are, and which may hold a key. Work over all names is done in pieces. */
import type { Clock } from '../base/clock.ts'
import type { DeltatapeError } from '../base/errors.ts'
import { NAME_KEY_CHARS } from '../fixture/key.ts'
import type { Driver } from './driver.ts'
import { createPieces } from './pieces.ts'

/** What there is. */
export interface Listing {
  /** The names of the fixtures, in the order of their bytes. */
  readonly names: readonly string[]
  /** The names of what stands beside fixtures, or may. */
  readonly beside: readonly string[]
  /** Why something could not be listed: nobody knows what is in there. */
  readonly unknown: readonly DeltatapeError[]
}

/** Engines hold an index under names that begin with a dot, before all fixtures: a listing begins behind it. */
export const AFTER_INDEX = '/'

/** Lists all that a place has. */
export async function listAll(driver: Pick<Driver, 'list' | 'dir'>, clock: Pick<Clock, 'now'>): Promise<Listing> {
  const pause = createPieces(clock)
  const listing = {
    names: new Array<string>(),
    beside: new Array<string>(),
    unknown: new Array<DeltatapeError>(),
  }
  for await (const page of driver.list('', driver.dir === undefined ? AFTER_INDEX : '')) {
    for (const { name } of page.entries) {
      if (name.endsWith('.jsonl')) listing.names.push(name)
      if (name.endsWith('.bin')) listing.beside.push(name)
    }
    if (page.unknown) listing.unknown.push(...page.unknown)
    await pause()
  }
  return listing
}

/** How many names are looked at between two looks at the clock. */
const AT_ONCE = 500

/** Of some names those that end with a part of a key, and those that say nothing of a key. */
export async function namesFor(names: readonly string[], part: string, clock: Pick<Clock, 'now'>) {
  const pause = createPieces(clock)
  const [own, nameless] = [new Array<string>(), new Array<string>()]
  for (const [index, name] of names.entries()) {
    const said = keyPartAt(name)
    if (said === '') nameless.push(name)
    else if (said === part) own.push(name)
    if (index % AT_ONCE === 0) await pause()
  }
  return { own, nameless }
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
