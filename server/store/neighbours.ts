/** The fixtures that are named most like a call's: those that begin with the same words, then those with fewer, then any. */
import type { Clock } from '../base/clock.ts'
import { NAME_KEY_CHARS } from '../fixture/key.ts'
import type { Driver } from './driver.ts'
import { AFTER_INDEX } from './names.ts'
import { createPieces } from './pieces.ts'

/** How many are compared with one call. */
const MAX_COMPARED = 32

/** How many names are looked at between two looks at the clock. */
const AT_ONCE = 500

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

/** Among names that were listed, in whichever folders. One walk over all of them, in pieces. */
export async function neighboursIn(
  all: readonly string[],
  wanted: string,
  clock: Pick<Clock, 'now'>,
): Promise<Neighbours> {
  const pause = createPieces(clock)
  const beginnings = beginningsOf(wanted)
  const alike = beginnings.map(() => new Array<string>())
  const [least = ''] = beginnings.slice(-2)
  for (const [index, name] of all.entries()) {
    const own = name.includes('/') ? name.slice(name.lastIndexOf('/') + 1) : name
    // Nearly all names begin otherwise.
    const at = own.startsWith(least) ? beginnings.findIndex((begin) => own.startsWith(begin)) : beginnings.length - 1
    const group = alike[at]
    if (group && group.length < MAX_COMPARED) group.push(name)
    if (index % AT_ONCE === 0) await pause()
  }
  return { names: alike.flat().slice(0, MAX_COMPARED), isAll: all.length <= MAX_COMPARED }
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
