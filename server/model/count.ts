/** Counts the answers that each client gets to each call. */
import { LRUCache } from 'lru-cache'
import type { Call } from '../api/call.ts'

/** What tells whose answers are in a row, and to which call. Clients without a name are one. */
export const rowOf = ({ caller }: Pick<Call, 'caller'>, key: string): string => (caller ? `${caller.id} ${key}` : key)

export interface Counts {
  /** The number of the next answer to a call: 1 for the first that its client gets. */
  next(row: string): number
  /** Gives a number back that was of no use, unless a later one was given. */
  back(row: string, number: number): void
}

/** How much is remembered, and what one row takes, in bytes: of what was asked the longest ago the count begins anew. */
const MAX_BYTES = 16 * 1024 * 1024

const ROW_BYTES = 320

export function createCounts(): Counts {
  const counts = new LRUCache<string, { last: number }>({ max: Math.floor(MAX_BYTES / ROW_BYTES) })
  return {
    next(row) {
      const count = counts.get(row)
      if (count) return ++count.last
      counts.set(row, { last: 1 })
      return 1
    },
    back(row, number) {
      const count = counts.peek(row)
      if (count?.last === number) count.last--
    },
  }
}
