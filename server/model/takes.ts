/** Takes while they are recorded: which answers to one call are kept beside each other, and when. */
import { LRUCache } from 'lru-cache'
import type { Call } from '../api/call.ts'
import { isUnfinished } from '../api/unfinished.ts'
import { bodyHash } from '../fixture/file.ts'
import { type Fixture, isGood } from '../fixture/fixture.ts'
import { rowOf } from './count.ts'

/** What becomes of a take, now that its answer is there. */
export type Settled =
  /** It is saved, after earlier ones that were held. Those may be failures: they are meant as they are. */
  | { readonly kind: 'save'; readonly earlier: readonly Fixture[] }
  /** It is held until it is known whether it is worth keeping. */
  | { readonly kind: 'held' }
  /** It is the same as the take with this number, and held: if nothing else follows, replay repeats the last. */
  | { readonly kind: 'same'; readonly as: number }
  /** Nothing of it is kept. */
  | { readonly kind: 'dropped' }

/** One of several answers to a call, from the moment at which it was asked for. */
export interface Take {
  readonly number: number
  settle(fixture: Fixture): Settled
  /** Nothing of it is saved, unless it is held. The next one gets its number, unless that has begun. */
  drop(): void
}

export interface Takes {
  /** Begins the next take of a call; undefined if each answer to it stands in the place of the one before. */
  begin(call: Call, key: string): Take | undefined
  /** Whether the takes of a call that this process began to record go on, though there is a fixture by now. */
  goesOn(call: Call, key: string): boolean
}

/** Each answer stands in the place of the one before, whatever is asked. */
export const NO_TAKES: Takes = { begin: () => undefined, goesOn: () => false }

export interface TakesOptions {
  /** Whether all answers to a call are kept, as the user asks for; otherwise only those of calls that poll. */
  readonly recordTakes: boolean
}

/** A call that reads what changes: each of its answers counts. */
const isPoll = ({ method }: Call): boolean => method === 'GET'

/** How many rows are remembered. Of the one that was forgotten, the next take is the first again. */
const MAX_ROWS = 50_000

/** The answers to one call that one client gets. */
interface Row {
  /** The number of the last take that has begun. */
  last: number
  /** Whether one of them was finished. */
  isGood: boolean
  /** The last one that was finished, if it may be repeated. */
  latest: { readonly number: number; readonly hash: string } | undefined
  /** Whether that says that what is asked about goes on. */
  isUnfinished: boolean
  /** What may still be worth keeping, by its number. */
  readonly held: Map<number, Fixture>
}

export function createTakes({ recordTakes }: TakesOptions): Takes {
  const room = createRoom()
  const rows = new LRUCache<string, Row>({
    max: MAX_ROWS,
    dispose: ({ held }, _row, why) => {
      if (why === 'evict') for (const fixture of held.values()) room.give(fixture)
    },
  })
  const use = (name: string): Row => {
    const known = rows.get(name)
    if (known) return known
    const row: Row = { last: 0, isGood: false, latest: undefined, isUnfinished: false, held: new Map() }
    rows.set(name, row)
    return row
  }
  return {
    begin(call, key) {
      if (!recordTakes && !isPoll(call)) return undefined
      const row = use(rowOf(call, key))
      return beginTake(row, room, recordTakes)
    },
    goesOn(call, key) {
      const row = rows.get(rowOf(call, key))
      return row !== undefined && (recordTakes || row.isUnfinished)
    },
  }
}

function beginTake(row: Row, room: Room, recordTakes: boolean): Take {
  const number = ++row.last
  let isDecided = false
  const drop = () => {
    if (!isDecided && row.last === number) row.last--
    isDecided = true
  }
  const hold = (fixture: Fixture): boolean => {
    const fits = room.take(fixture)
    if (!fits) drop()
    else row.held.set(number, fixture)
    isDecided = true
    return fits
  }
  /** Lets go of what is held of the takes before this one; of all, if each of them counts. */
  const release = (): Fixture[] => {
    const due = [...row.held].filter(([other]) => recordTakes || other < number).toSorted(([a], [b]) => a - b)
    for (const [other, fixture] of due) {
      row.held.delete(other)
      room.give(fixture)
    }
    return due.map(([, fixture]) => fixture)
  }
  return {
    number,
    drop,
    settle(fixture) {
      if (!isGood(fixture)) {
        if (recordTakes && row.isGood) return { kind: 'save', earlier: [] }
        // Whoever polls for the first time gets no failure that somebody else got once.
        return { kind: (recordTakes || row.isGood) && hold(fixture) ? 'held' : 'dropped' }
      }
      row.isGood = true
      const hash = recordTakes ? undefined : hashOf(fixture)
      if (hash !== undefined && row.latest?.hash === hash) {
        hold(fixture)
        return { kind: 'same', as: row.latest.number }
      }
      row.latest = hash === undefined ? undefined : { number, hash }
      row.isUnfinished = isUnfinished(fixture.response?.status ?? 0, fixture.records)
      return { kind: 'save', earlier: release() }
    },
  }
}

const hashOf = ({ response, records }: Fixture): string => `${response?.status} ${bodyHash(records)}`

/** How much may be held until it is known whether it is kept, in bytes of the answers. */
const MAX_HELD_BYTES = 16 * 1024 * 1024

interface Room {
  /** Whether there is room for a fixture: then it is taken. */
  take(fixture: Fixture): boolean
  give(fixture: Fixture): void
}

const FIXTURE_BYTES = 2000

const weightOf = ({ records, requestText }: Fixture): number =>
  FIXTURE_BYTES + requestText.length + records.reduce((sum, { wire }) => sum + 3 * wire.length, 0)

function createRoom(): Room {
  let taken = 0
  return {
    take(fixture) {
      const fits = taken + weightOf(fixture) <= MAX_HELD_BYTES
      if (fits) taken += weightOf(fixture)
      return fits
    },
    give: (fixture) => void (taken -= weightOf(fixture)),
  }
}
