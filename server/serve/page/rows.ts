/** The list of the fixtures, part by part, and what is looked for in them. Others have their turns meanwhile. */
import type { Clock } from '../../base/clock.ts'
import { nameOfTake, takeIn } from '../../fixture/take.ts'
import { createPieces, sortInPieces } from '../../store/pieces.ts'
import { createOrder } from '../../base/shared.ts'
import type { Store } from '../../store/store.ts'
import type { PageSources } from './api.ts'
import type { Row } from './data.ts'
import { createRowCache } from './row-cache.ts'

/** How long reading goes on for one part, in ms: what is there by then is given, if it is not too little. */
const [PART_MS, LEAST_ROWS] = [150, 200]

/** How many files are read at once. */
const READS_AT_ONCE = 8

/** How long a look at the directory holds for the next part of a list, in ms. */
const LOOK_MS = 2000

export function createRows(
  store: Pick<Store, 'list' | 'read' | 'pass' | 'state'>,
  clock: Clock,
): Pick<PageSources, 'rows' | 'search'> {
  const cache = createRowCache(store)
  const { look, lookAgain } = createPlaces(store, clock)

  /** Gives what is known of each of some fixtures, some at a time, until it is asked for no more. */
  async function* each<T>(
    places: readonly string[],
    read: (name: string) => Promise<T>,
  ): AsyncGenerator<readonly (readonly [name: string, value: T])[]> {
    const pause = createPieces(clock)
    for (let start = 0; start < places.length; start += READS_AT_ONCE) {
      const names = places.slice(start, start + READS_AT_ONCE).map(nameAt)
      yield await Promise.all(names.map(async (name) => [name, await read(name)] as const))
      await pause()
    }
  }

  /** One search after another: each takes all there is to take. */
  const inOrder = createOrder()
  const search = async (words: readonly string[]): Promise<readonly string[]> => {
    const found: string[] = []
    for await (const some of each(await look(), cache.searched)) {
      for (const [name, text = ''] of some) if (words.every((word) => text.includes(word))) found.push(name)
    }
    return found
  }

  return {
    async rows(after, limit) {
      const places = await (after === '' ? look() : lookAgain())
      const from = after === '' ? 0 : firstAfter(places, placeOf(after))
      const until = clock.now() + PART_MS
      const rows: Row[] = []
      let end = from
      for await (const some of each(places.slice(from, from + limit), cache.row)) {
        for (const [, row] of some) if (row) rows.push(row)
        end += some.length
        if (clock.now() >= until && end - from >= LEAST_ROWS) break
      }
      const last = places[end - 1]
      return { total: places.length, rows, ...(end < places.length && last !== undefined && { next: nameAt(last) }) }
    },
    search(words) {
      const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
      return inOrder('a search', () => search(wanted))
    },
  }
}

/** Makes what gives the fixtures in their order, as the directory is now, or as it was a moment ago. */
function createPlaces(store: Pick<Store, 'list'>, clock: Clock) {
  let looked: { readonly at: number; readonly places: readonly string[] } | undefined
  const look = async (): Promise<readonly string[]> => {
    const places = await sortInPieces((await store.list()).map(placeOf), clock)
    looked = { at: clock.now(), places }
    return places
  }
  const lookAgain = async (): Promise<readonly string[]> =>
    looked && clock.now() - looked.at < LOOK_MS ? looked.places : look()
  return { look, lookAgain }
}

/** Where a name stands in the list: takes of a call follow each other, as `ls` has them. Texts of these sort so. */
const placeOf = (name: string): string => `${nameOfTake(name, 1)}\0${String(takeIn(name)).padStart(6, '0')}\0${name}`

const nameAt = (place: string): string => place.slice(place.lastIndexOf('\0') + 1)

/** The index of the first place behind another. */
function firstAfter(places: readonly string[], place: string): number {
  let [low, high] = [0, places.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((places[middle] ?? '') <= place) low = middle + 1
    else high = middle
  }
  return low
}
