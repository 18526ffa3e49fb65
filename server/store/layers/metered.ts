/** Tells of each operation of an engine how long it took and what came of it. */
import type { Clock } from '../../base/clock.ts'
import { DeltatapeError } from '../../base/errors.ts'
import type { Driver, Found, Got, Operation, Page, Watch } from '../driver.ts'

/**
 * Makes a driver that does what another does, and tells of it. A directory is left as it is: most of its lookups cost less
 * than the telling.
 *
 * @param watch told once of each operation, and of each page of a listing, which is a request of its own. It must not throw.
 */
export function metered(driver: Driver, watch: Watch, clock: Pick<Clock, 'now'>): Driver {
  if (driver.dir !== undefined) return driver
  const { timed, begin } = createTelling(driver.engine, watch, clock)
  return {
    place: driver.place,
    engine: driver.engine,
    check: (options) =>
      timed(
        'check',
        () => driver.check(options),
        () => 'done',
      ),
    async get(name, options) {
      const got = await timed('get', () => driver.get(name, options), outcomeOfGet)
      return typeof got === 'object' ? { ...got, body: () => watched(got, begin('get')) } : got
    },
    put: (name, bytes) =>
      timed(
        'put',
        () => driver.put(name, bytes),
        () => 'written',
      ),
    putIf: (name, bytes, expected) => timed('put', () => driver.putIf(name, bytes, expected), outcomeOfPut),
    list: (prefix, after) => paged(driver.list(prefix, after), () => begin('list')),
    remove: (name, version) =>
      timed(
        'remove',
        () => driver.remove(name, version),
        (had) => outcomeOfRemove(had, version !== undefined),
      ),
    close: () => driver.close(),
  }
}

/** An operation that has begun. */
interface Begun {
  ended(outcome: string): void
  failed(error: unknown): void
}

function createTelling(engine: string, watch: Watch, clock: Pick<Clock, 'now'>) {
  const begin = (operation: Operation['operation']): Begun => {
    const began = clock.now()
    const ended = (outcome: string) => watch({ engine, operation, outcome, ms: clock.now() - began })
    return { ended, failed: (error) => ended(error instanceof DeltatapeError ? error.code : 'internal') }
  }
  const timed = async <T>(
    operation: Operation['operation'],
    act: () => T | Promise<T>,
    outcomeOf: (result: T) => string,
  ): Promise<T> => {
    const begun = begin(operation)
    try {
      const result = await act()
      begun.ended(outcomeOf(result))
      return result
    } catch (error) {
      begun.failed(error)
      throw error
    }
  }
  return { begin, timed }
}

/** Bytes that are not at hand come after their `get` was told: one that breaks is told a second time. */
function watched(found: Found, begun: Begun): ReturnType<Found['body']> {
  const body = found.body()
  if (Symbol.iterator in body) return body
  return (async function* () {
    try {
      yield* body
    } catch (error) {
      begun.failed(error)
      throw error
    }
  })()
}

/** The time that the reader of a listing takes is not the engine's. */
async function* paged(pages: AsyncIterable<Page>, begin: () => Begun): AsyncGenerator<Page, void> {
  let begun = begin()
  try {
    for await (const page of pages) {
      begun.ended('done')
      yield page
      begun = begin()
    }
  } catch (error) {
    begun.failed(error)
    throw error
  }
}

const outcomeOfGet = (got: Got): string => (typeof got === 'object' ? 'found' : (got ?? 'absent'))

const outcomeOfPut = (version: string | undefined): string => (version === undefined ? 'lost' : 'written')

/** What is not there any more is as good as removed; with a version, somebody else was there. */
const outcomeOfRemove = (had: boolean, versioned: boolean): string => {
  if (had) return 'done'
  return versioned ? 'lost' : 'absent'
}
