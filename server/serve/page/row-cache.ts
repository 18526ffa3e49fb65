/** What is known of the fixtures for the list of the page: read when it is asked for, and again when a file has changed. */
import { LRUCache } from 'lru-cache'
import type { AnswerRecord } from '../../api/record.ts'
import { isDamage } from '../../fixture/damage.ts'
import { damagedOf } from '../../fixture/listed.ts'
import type { Store } from '../../store/store.ts'
import type { Row } from './data.ts'
import { type Seen, seenInPassing, seenOf, typesOf } from './row.ts'

/** How much is kept of rows, and of what is searched: some 50,000 of usual fixtures. In bytes. */
const [ROWS_BYTES, SEARCHED_BYTES] = [64 * 1024 * 1024, 64 * 1024 * 1024]

/** A larger file is read in passing. In bytes. */
const WHOLE_BYTES = 16 * 1024 * 1024

interface Kept<T> {
  /** What tells the state of the file that it was read from. */
  readonly version: string
  readonly value: T
}

export interface RowCache {
  /** The row of a fixture; undefined if its file is gone. A damaged one has its reason. */
  row(name: string): Promise<Row | undefined>
  /** What words are looked for in; undefined likewise. */
  searched(name: string): Promise<string | undefined>
}

export function createRowCache(store: Pick<Store, 'read' | 'pass' | 'state'>): RowCache {
  const rows = new LRUCache<string, Kept<Row>>({
    maxSize: ROWS_BYTES,
    sizeCalculation: ({ value }) => 500 + 2 * JSON.stringify(value).length,
  })
  const texts = new LRUCache<string, Kept<string>>({
    maxSize: SEARCHED_BYTES,
    sizeCalculation: ({ value }) => 200 + 2 * value.length,
  })
  /** What is being read, by name and state: many may ask for it before it is there. */
  const reading = new Map<string, Promise<Seen>>()

  const read = async (name: string, bytes: number): Promise<Seen> => {
    if (bytes <= WHOLE_BYTES) return seenOf(await store.read(name))
    const passed = createPassed()
    const facts = await store.pass(name, passed.take)
    return seenInPassing(name, facts, passed)
  }
  const readOnce = (name: string, version: string, bytes: number): Promise<Seen> => {
    const which = `${name}\n${version}`
    const under =
      reading.get(which) ??
      read(name, bytes)
        .catch(damaged(name))
        .finally(() => reading.delete(which))
    reading.set(which, under)
    return under
  }
  const see = async <T>(
    name: string,
    cache: LRUCache<string, Kept<T>>,
    of: (seen: Seen) => T,
  ): Promise<T | undefined> => {
    const state = await orDamage(() => store.state(name))
    if (state === undefined) return undefined
    if (state instanceof Error) return of(seenDamaged(name, state))
    const { version, bytes } = state
    const known = cache.get(name)
    if (known?.version === version) return known.value
    const seen = await readOnce(name, version, bytes)
    rows.set(name, { version, value: seen.row })
    texts.set(name, { version, value: seen.searched })
    return of(seen)
  }
  return {
    row: (name) => see(name, rows, ({ row }) => row),
    searched: (name) => see(name, texts, ({ searched }) => searched),
  }
}

const seenDamaged = (name: string, error: Error): Seen => ({
  row: damagedOf(name, error.message),
  searched: name.toLowerCase(),
})

/** What is damaged, or cannot be read, is a row, too. */
const damaged =
  (name: string) =>
  (error: unknown): Seen => {
    if (error instanceof Error && isDamage(error)) return seenDamaged(name, error)
    throw error
  }

async function orDamage<T>(look: () => Promise<T>): Promise<T | Error> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof Error && isDamage(error)) return error
    throw error
  }
}

/** Counts what passes. */
function createPassed() {
  const types = new Set<string>()
  let [events, bytes] = [0, 0]
  return {
    take(records: readonly AnswerRecord[]): void {
      const own = records.flatMap(({ event }) => event ?? [])
      events += own.length
      for (const { wire } of records) bytes += Buffer.byteLength(wire)
      for (const type of typesOf(own)) types.add(type)
    },
    get events() {
      return events
    },
    get bytes() {
      return bytes
    },
    get types() {
      return [...types]
    },
  }
}
